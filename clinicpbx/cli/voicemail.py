"""Messages of the mailboxes: list, show, export, delete, verify, PINs."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import rich_click as click

from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.pins import Pins
from clinicpbx.adapters.vault.store import Damage, Vault, plain_of
from clinicpbx.adapters.vault.wav import as_wav
from clinicpbx.cli._instance import Mailbox, pass_instance
from clinicpbx.cli.output import masked, say, show
from clinicpbx.cli.status import tell_unsealed
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.private import Private

COLUMNS = ["mailbox", "message", "state", "received", "seconds", "language", "call_back", "confirmed", "caller", "call"]
DETAILS = [*COLUMNS, "truncated"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
unmask = click.option("--unmask", is_flag=True, help="Print whole telephone numbers.")


@click.group("voicemail")
def command() -> None:
    """Messages that callers left. They are sealed under the clinic's keys; numbers are masked until --unmask.

    \b
    Examples:
      clinicpbx voicemail list
      clinicpbx voicemail export frontdesk MESSAGE --to message.wav
      clinicpbx voicemail verify --json
    """


def _row(message: Message, unmask: bool) -> dict[str, object]:
    return {
        "mailbox": message.mailbox,
        "message": message.id,
        "state": message.state,
        "received": message.received,
        "seconds": round(message.duration.total_seconds(), 1),
        "language": message.language,
        "call_back": masked(message.number, unmask),
        "confirmed": message.confirmed,
        "caller": masked(message.caller, unmask),
        "call": message.call,
        "truncated": message.truncated,
    }


def _boxes(vault: Vault, mailbox: str | None) -> list[str]:
    return [mailbox] if mailbox else vault.mailboxes()


def _tell(damage: Damage) -> None:
    say(f"damaged: {damage.mailbox}/{damage.file}: {damage.why}")


@command.command("list")
@click.argument("mailbox", required=False, type=Mailbox())
@as_json
@unmask
@pass_instance
def list_messages(instance: Instance, mailbox: str | None, as_json: bool, unmask: bool) -> None:
    """List the messages of MAILBOX, or of all mailboxes, newest first.

    Damaged messages are named on stderr, and the exit code is 1. Recordings that the daemon cannot seal, for want
    of a key or of room, are counted there too.

    \b
    Examples:
      clinicpbx voicemail list
      clinicpbx voicemail list frontdesk --json
    """
    vault = Vault(instance)
    listings = [vault.list(name) for name in _boxes(vault, mailbox)]
    rows = [_row(message, unmask) for listing in listings for message in listing.messages]
    show("Messages", COLUMNS, rows, as_json)
    with suppress(NotReachable):
        tell_unsealed(ask_daemon(instance, {"do": "status"}))
    damaged = [damage for listing in listings for damage in listing.damaged]
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
    row = _row(Vault(instance).message(mailbox, message), unmask)
    show("Message", DETAILS, [row], as_json)


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
    vault = Vault(instance)
    vault.message(mailbox, message)
    if target.exists() and not force:
        raise ClinicPBXError("it exists already", where=str(target), do="Choose another name or give --force")
    wav = as_wav(plain_of(vault, mailbox, message))
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
    """Delete one MESSAGE for good. The phone's lamp follows when the daemon next counts.

    \b
    Example:
      clinicpbx voicemail delete frontdesk MESSAGE --yes
    """
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("without a terminal give --yes")
        click.confirm(f"Delete message {message} of mailbox {mailbox} for good?", abort=True, err=True)
    Vault(instance).delete(mailbox, message)
    say(f"Deleted {message} of mailbox {mailbox}.")


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
    vault = Vault(instance)
    found = [result for name in _boxes(vault, mailbox) for result in vault.verify(name)]
    damaged = [result for result in found if isinstance(result, Damage)]
    rows = [{"mailbox": d.mailbox, "message": d.message, "file": d.file, "why": d.why} for d in damaged]
    show("Damaged", ["mailbox", "message", "file", "why"], rows, as_json)
    say(f"{len(found) - len(damaged)} messages are as they were sealed, {len(damaged)} files are damaged.")
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
    if sys.stdin.isatty():
        given = click.prompt("New PIN", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().strip()
    Pins(instance).set_pin(mailbox, Private(given))
    say(f"The PIN of mailbox {mailbox} is set.")
