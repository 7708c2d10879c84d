"""Messages of the mailboxes: list, show, hear, export, delete, hold, verify, PINs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import rich_click as click

from clinicpbx.adapters.vault.letterbox import Letterbox
from clinicpbx.adapters.vault.wav import as_wav
from clinicpbx.cli._instance import Mailbox, pass_instance
from clinicpbx.cli._vault import confirm, secret_line, vault
from clinicpbx.cli.output import say, show
from clinicpbx.cli.status import tell_unsealed
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance

COLUMNS = ["mailbox", "message", "state", "received", "seconds", "language", "call_back", "confirmed", "caller", "call"]
DETAILS = [*COLUMNS, "truncated", "on_hold", "hold_reason"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
unmask = click.option("--unmask", is_flag=True, help="Print whole telephone numbers.")


@click.group("voicemail")
def command() -> None:
    """Messages that callers left. They are sealed under the clinic's keys; numbers are masked until --unmask.

    All of it needs the running vault process (exit code 69 without it), which asks who may, and notes who did.

    \b
    Examples:
      clinicpbx voicemail list
      clinicpbx voicemail hear frontdesk MESSAGE --play
      clinicpbx voicemail export frontdesk MESSAGE --to message.wav
      clinicpbx voicemail hold frontdesk MESSAGE --reason "case 12/2026"
      clinicpbx voicemail verify --json
    """


def _row(told: Mapping[str, Any]) -> dict[str, object]:
    received, seconds = datetime.fromisoformat(told["received"]), round(told["seconds"], 1)
    return {**told, "received": received, "seconds": seconds, "call_back": told["number"]}


def _boxes(instance: Instance, mailbox: str | None) -> list[str]:
    return [mailbox] if mailbox else Letterbox(instance).mailboxes()


def _tell(damage: Mapping[str, Any]) -> None:
    say(f"damaged: {damage['mailbox']}/{damage['file']}: {damage['why']}")


@command.command("list")
@click.argument("mailbox", required=False, type=Mailbox())
@as_json
@unmask
@pass_instance
def list_messages(instance: Instance, mailbox: str | None, as_json: bool, unmask: bool) -> None:
    """List the messages of MAILBOX, or of all mailboxes, newest first.

    Damaged messages are named on stderr, and the exit code is 1. Recordings that the daemon cannot seal, for want
    of room or of a public key, are counted there too.

    \b
    Examples:
      clinicpbx voicemail list
      clinicpbx voicemail list frontdesk --json
    """
    boxes = _boxes(instance, mailbox)
    listings = [vault(instance, "voicemail list", mailbox=name, unmask=unmask) for name in boxes]
    show("Messages", COLUMNS, [_row(row) for listing in listings for row in listing["messages"]], as_json)
    with suppress(NotReachable):
        tell_unsealed(ask_daemon(instance, {"do": "status"}))
    damaged = [damage for listing in listings for damage in listing["damaged"]]
    for damage in damaged:
        _tell(damage)
    if damaged:
        raise SystemExit(1)


@command.command("show")
@click.argument("mailbox", type=Mailbox())
@click.argument("message")
@as_json
@unmask
@pass_instance
def show_message(instance: Instance, mailbox: str, message: str, as_json: bool, unmask: bool) -> None:
    """Show what is known of one MESSAGE.

    \b
    Example:
      clinicpbx voicemail show frontdesk MESSAGE --unmask
    """
    told = vault(instance, "voicemail show", mailbox=mailbox, message=message, unmask=unmask)
    show("Message", DETAILS, [_row(told)], as_json)


@command.command("hear")
@click.argument("mailbox", type=Mailbox())
@click.argument("message")
@click.option("--play", is_flag=True, help="Play it on this machine (needs sox).")
@pass_instance
def hear(instance: Instance, mailbox: str, message: str, play: bool) -> None:
    """Write one MESSAGE as WAV to stdout, or play it. Nothing of it reaches a disk by this command.

    \b
    Examples:
      clinicpbx voicemail hear frontdesk MESSAGE --play
      clinicpbx voicemail hear frontdesk MESSAGE | ssh desk aplay
    """
    player = shutil.which("play")
    if play and player is None:
        raise ClinicPBXError("there is no player", do="apt install sox, or send the sound on through a pipe")
    if not play and sys.stdout.isatty():
        raise click.UsageError("stdout is a terminal: give --play, or a pipe")
    wav = as_wav(vault(instance, "voicemail hear", mailbox=mailbox, message=message))
    if play:
        assert player is not None
        subprocess.run([player, "-q", "-t", "wav", "-"], input=wav, check=False)
    else:
        sys.stdout.buffer.write(wav)


@command.command("export")
@click.argument("mailbox", type=Mailbox())
@click.argument("message")
@click.option(
    "--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="WAV file to write."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@pass_instance
def export(instance: Instance, mailbox: str, message: str, target: Path, force: bool) -> None:
    """Write one MESSAGE as a WAV file, in clear. The message itself stays as it is.

    \b
    Example:
      clinicpbx voicemail export frontdesk MESSAGE --to /mnt/usb/message.wav
    """
    if target.exists() and not force:
        raise ClinicPBXError("it exists already", where=str(target), do="Choose another name or give --force")
    wav = as_wav(vault(instance, "voicemail export", mailbox=mailbox, message=message))
    if force:
        target.unlink(missing_ok=True)
    try:
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ClinicPBXError(f"cannot be written: {error.strerror}", where=str(target)) from None
    with os.fdopen(opened, "wb") as stream:
        stream.write(wav)
    say(f"{target} holds a patient's words in clear. Keep it as you keep a medical record, and remove it after use.")


@command.command("delete")
@click.argument("mailbox", type=Mailbox())
@click.argument("message")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_instance
def delete(instance: Instance, mailbox: str, message: str, yes: bool) -> None:
    """Delete one MESSAGE for good: its own key is destroyed, so no copy of it opens any more.

    In the backups of keys/ it lives on until they expire: see `clinicpbx keys status`.

    \b
    Example:
      clinicpbx voicemail delete frontdesk MESSAGE --yes
    """
    confirm(f"Delete message {message} of mailbox {mailbox} for good?", yes)
    vault(instance, "voicemail delete", mailbox=mailbox, message=message)
    say(f"Deleted {message} of mailbox {mailbox}.")


@command.command("hold")
@click.argument("mailbox", type=Mailbox())
@click.argument("message")
@click.option("--reason", required=True, help="Why; sealed like the message.")
@pass_instance
def hold(instance: Instance, mailbox: str, message: str, reason: str) -> None:
    """Keep one MESSAGE from deletion and expiry, until `unhold`.

    \b
    Example:
      clinicpbx voicemail hold frontdesk MESSAGE --reason "case 12/2026"
    """
    vault(instance, "voicemail hold", mailbox=mailbox, message=message, reason=reason)
    say(f"{message} of mailbox {mailbox} is kept.")


@command.command("unhold")
@click.argument("mailbox", type=Mailbox())
@click.argument("message")
@pass_instance
def unhold(instance: Instance, mailbox: str, message: str) -> None:
    """End the hold on one MESSAGE: it may be deleted, and expires as the rules say.

    \b
    Example:
      clinicpbx voicemail unhold frontdesk MESSAGE
    """
    vault(instance, "voicemail unhold", mailbox=mailbox, message=message)
    say(f"{message} of mailbox {mailbox} is not held any more.")


@command.command("verify")
@click.argument("mailbox", required=False, type=Mailbox())
@as_json
@pass_instance
def verify(instance: Instance, mailbox: str | None, as_json: bool) -> None:
    """Open every message of MAILBOX, or of all, to its end; exit code 1 names what is damaged.

    \b
    Example:
      clinicpbx voicemail verify frontdesk --json
    """
    found = [vault(instance, "voicemail verify", mailbox=name) for name in _boxes(instance, mailbox)]
    damaged = [row for each in found for row in each["damaged"]]
    show("Damaged", ["mailbox", "message", "file", "why"], damaged, as_json)
    good = sum(each["good"] for each in found)
    say(f"{good} messages are as they were sealed, {len(damaged)} files are damaged.")
    if damaged:
        raise SystemExit(1)


@command.command("pin")
@click.argument("mailbox", type=Mailbox())
@pass_instance
def pin(instance: Instance, mailbox: str) -> None:
    """Set the PIN of MAILBOX; asked for at a terminal, else one line of stdin. Also ends a lock.

    \b
    Example:
      clinicpbx voicemail pin frontdesk < pin.txt
    """
    vault(instance, "voicemail pin", mailbox=mailbox, pin=secret_line("New PIN", twice=True).strip())
    say(f"The PIN of mailbox {mailbox} is set.")
