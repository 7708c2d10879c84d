"""The clinic's keys: made, changed, kept on paper, destroyed."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rich_click as click

from clinicpbx.adapters.vault.root import Root
from clinicpbx.cli._instance import Mailbox, pass_instance
from clinicpbx.cli._vault import confirm, secret_line, vault
from clinicpbx.cli.output import say, show
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.settings import read_settings

LISTED = ["key", "state", "ready"]
STATUS = ["what", "state", "until"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
by_passphrase = click.option("--passphrase", is_flag=True, help="Keep it behind a passphrase: asked, or of stdin.")


@click.group("keys")
def command() -> None:
    """The root key and the keys below it. Run these as root: nobody else reads the root key but the vault process.

    \b
    Examples:
      clinicpbx keys status
      clinicpbx keys escrow --parts 5 --needed 3
      clinicpbx keys rotate && systemctl restart clinicpbx-vault
      clinicpbx keys destroy frontdesk 2026-03
    """


@command.command("new")
@by_passphrase
@pass_instance
def new(instance: Instance, passphrase: bool) -> None:
    """Draw the root key, where there is none yet, and the key pairs of this month and the three after it.

    \b
    Examples:
      clinicpbx keys new
      clinicpbx keys new --passphrase
    """
    from clinicpbx.adapters.vault.keyring import Keyring, make_root_key
    from clinicpbx.cli._instance import mailboxes

    root = Root(instance)
    if root.source == "nowhere":
        chosen = _asked("New passphrase", twice=True) if passphrase else None
        make_root_key(instance, chosen)
        if chosen is not None:
            root.unlock(chosen)
        say("The root key is drawn. Print it now, in parts, for the day the disk is lost: clinicpbx keys escrow")
    else:
        root = _root(instance)
    made = Keyring(instance, root).make_ahead(mailboxes(instance), datetime.now(UTC))
    say(f"{len(made)} key pairs were made.")


@command.command("list")
@as_json
@pass_instance
def list_keys(instance: Instance, as_json: bool) -> None:
    """One row a mailbox and month: whether messages can be sealed to it, or it was destroyed.

    \b
    Example:
      clinicpbx keys list --json
    """
    from clinicpbx.adapters.vault.keyring import Keyring

    ring = Keyring(instance, _root(instance))
    wrong, gone = set(ring.faults()), ring.destroyed()
    rows = [{"key": key, "state": "there", "ready": key not in wrong} for key in ring.pairs()]
    rows += [{"key": key, "state": "destroyed", "ready": False} for key in gone]
    show("Keys", LISTED, sorted(rows, key=lambda row: str(row["key"])), as_json)


@command.command("status")
@as_json
@pass_instance
def status(instance: Instance, as_json: bool) -> None:
    """Where the root key is, wrong public keys, destructions not finished; exit code 1 where something is wrong.

    What was destroyed is gone everywhere once the last backup of keys/ that holds it has expired (key_backup_days).

    \b
    Example:
      clinicpbx keys status
    """
    from clinicpbx.adapters.vault.keyring import Keyring
    from clinicpbx.adapters.vault.store import Vault

    store = Vault(instance, _root(instance))
    ring: Keyring = store.keyring
    lasting, now = timedelta(days=read_settings(instance).key_backup_days), datetime.now(UTC)
    faults = ring.faults()
    rows: list[dict[str, object]] = [{"what": "root key", "state": ring.source.source}]
    rows += [{"what": f"public key {key}", "state": "wrong: made anew by the vault process"} for key in faults]
    gone = [(f"key {key}", at) for key, at in ring.destroyed().items()]
    gone += [(f"message {d.mailbox}/{d.message}", d.deleted) for box in store.mailboxes() for d in store.destroyed(box)]
    waiting = [(what, at + lasting) for what, at in gone if at + lasting > now]
    rows += [{"what": what, "state": "destroyed, but for backups of keys/", "until": until} for what, until in waiting]
    show("Keys", STATUS, rows, as_json)
    if faults:
        raise SystemExit(1)


@command.command("rotate")
@by_passphrase
@pass_instance
def rotate(instance: Instance, passphrase: bool) -> None:
    """Draw another root key and wrap every key below it anew; no message is touched. May be broken off anywhere.

    Then restart the vault process, print the new key in parts, and destroy the papers of the old one.

    \b
    Examples:
      clinicpbx keys rotate
      clinicpbx keys rotate --passphrase
    """
    from clinicpbx.adapters.vault.rotate import rotate as rotated

    root = _root(instance)
    keys = rotated(instance, root, _asked("New passphrase", twice=True) if passphrase else None)
    say(f"{keys} keys are wrapped by a new root key.")
    say("Now: systemctl restart clinicpbx-vault, clinicpbx keys escrow. Backups of keys/ from before hold the old one.")


@command.command("unlock")
@pass_instance
def unlock(instance: Instance) -> None:
    """Give the running vault process the passphrase of the root key: at a terminal, else one line of stdin.

    \b
    Example:
      clinicpbx keys unlock
    """
    vault(instance, "keys unlock", passphrase=secret_line("Passphrase"))
    say("The vault is open.")


@command.command("escrow")
@click.option("--parts", type=click.IntRange(1, 20), default=1, show_default=True, help="How many papers.")
@click.option("--needed", type=click.IntRange(1, 20), default=1, show_default=True, help="How many give the key.")
@click.option("--to", type=FILE, help="Public key (X25519, PEM) of one that lies offline: sealed to it, as text.")
@pass_instance
def escrow(instance: Instance, parts: int, needed: int, to: Path | None) -> None:
    """Print the root key as text: in parts of which some are needed, or sealed to a key that lies offline.

    \b
    The offline key is made on another machine and stays in a safe; only offline.pub comes here:
      openssl genpkey -algorithm X25519 -aes256 -out offline.pem
      openssl pkey -in offline.pem -pubout -out offline.pub

    \b
    Examples:
      clinicpbx keys escrow --parts 5 --needed 3 | lpr
      clinicpbx keys escrow --to offline.pub > root.escrow
      clinicpbx keys escrow
    """
    from clinicpbx.adapters.vault.escrow import fingerprint, read_public, seal_root
    from clinicpbx.adapters.vault.keyring import Keyring
    from clinicpbx.adapters.vault.shares import split

    if needed > parts or (to is not None and parts > 1):
        raise click.UsageError("more parts cannot be needed than there are, and what is sealed has none")
    public = read_public(to.read_bytes(), str(to)) if to is not None else None
    root = Keyring(instance, _root(instance)).root()
    if public is not None:
        click.echo(seal_root(root, public))
        say(f"Only the private key of {fingerprint(public.public_bytes_raw())} opens it. Keep it with the backups.")
        return
    for part in split(root, parts, needed):
        click.echo(str(part))
    say(f"Any {needed} of these give the root key. Keep each with somebody else; none on this machine.")


@command.command("restore")
@click.option("--key", type=FILE, help="The offline private key (X25519, PEM) that the root key was sealed to.")
@click.option("--from", "source", type=FILE, help="Parts, or what was sealed; default: stdin.")
@by_passphrase
@pass_instance
def restore(instance: Instance, key: Path | None, source: Path | None, passphrase: bool) -> None:
    """Put the root key back, from parts, one a line, or from what --to sealed. Refused where it is not this instance's.

    \b
    Examples:
      clinicpbx keys restore < parts.txt
      clinicpbx keys restore --key /media/usb/offline.pem --from root.escrow
    """
    from clinicpbx.adapters.vault.keyring import Keyring
    from clinicpbx.adapters.vault.root import write_root

    if passphrase and source is None and not sys.stdin.isatty():
        raise click.UsageError("stdin holds the parts: name their file with --from")
    text = source.read_text(errors="replace") if source is not None else sys.stdin.read()
    root = _unsealed(text, key, source is not None) if key is not None else _combined(text)
    if not Keyring(instance).fits(root):
        raise ClinicPBXError("this is not the root key of this instance", where=str(instance.keys))
    say(f"{write_root(instance, root, _asked('New passphrase', twice=True) if passphrase else None)} is back.")


def _combined(text: str) -> bytes:
    from clinicpbx.adapters.vault.escrow import is_escrow
    from clinicpbx.adapters.vault.shares import Part, combine

    if is_escrow(text):
        raise click.UsageError("it is sealed: give the offline private key with --key")
    parts = [Part.read(line) for line in text.splitlines() if line.strip()]
    return combine(parts) if parts else b""


def _unsealed(text: str, key: Path, may_ask: bool) -> bytes:
    from clinicpbx.adapters.vault.escrow import Locked, open_root, read_private

    try:
        private = read_private(key.read_bytes(), str(key))
    except Locked:
        if not may_ask:
            raise click.UsageError("the key is behind a passphrase: give what was sealed with --from") from None
        private = read_private(key.read_bytes(), str(key), _asked("Passphrase of the offline key"))
    return open_root(text, private)


@command.command("destroy")
@click.argument("mailbox", type=Mailbox())
@click.argument("month", metavar="YYYY-MM")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_instance
def destroy(instance: Instance, mailbox: str, month: str, yes: bool) -> None:
    """Destroy the key of MAILBOX and that month and every message received in it. One message: `voicemail delete`.

    Nobody can read them afterwards, in no copy. A legal hold on one of them refuses all of it.

    \b
    Example:
      clinicpbx keys destroy frontdesk 2026-03
    """
    from clinicpbx.adapters.vault.store import Vault

    confirm(f"Destroy every message of mailbox {mailbox} of {month}, for good?", yes)
    ids = Vault(instance).destroy(mailbox, month)
    days = read_settings(instance).key_backup_days
    until = datetime.now(UTC) + timedelta(days=days)
    say(f"{len(ids)} messages cannot be read any more.")
    say(f"In backups of keys/ the key lives on: they must have expired by {until:%Y-%m-%d} ({days} days).")


def _root(instance: Instance) -> Root:
    """The root key's place; opened with the passphrase where it is behind one."""
    root = Root(instance)
    if root.source == "passphrase":
        root.unlock(_asked("Passphrase"))
    return root


def _asked(prompt: str, *, twice: bool = False) -> Private[str]:
    return Private(secret_line(prompt, twice=twice))
