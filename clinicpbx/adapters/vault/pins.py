"""PINs of mailboxes: hashed with scrypt under the root key, locked for a while after wrong tries."""

import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import scrypt
from itertools import pairwise
from pathlib import Path
from typing import cast

from clinicpbx.adapters.vault.durable import locked, make_folder, write_durably
from clinicpbx.adapters.vault.keyring import Keyring
from clinicpbx.adapters.vault.names import checked
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private

TRIES = 5
LOCKED_FOR = timedelta(minutes=5)
SHORTEST, LONGEST = 4, 12
N, R, P = 2**14, 8, 1
PERSON = "person-{}"
"""The PIN of somebody who is on call, among those of mailboxes."""
AGENT = "agent.{}"
"""That of an agent: no name in the rules has a dot. Of the agent "" there is none."""


class PinRefused(ClinicPBXError):
    """A PIN that must not be used, or a file of PINs that cannot be read."""

    exit_code = 65


class Answer(StrEnum):
    """RIGHT; WRONG, also where the mailbox has no PIN; LOCKED, whatever was given."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class _Entry:
    salt: str
    hash: str
    n: int
    r: int
    p: int
    wrong: int = 0
    locked_until: str = ""


class Pins:
    """keys/vault/pins.json, the vault process's own. Each call takes about 50 ms of one core: call it from a thread."""

    def __init__(self, instance: Instance, keyring: Keyring | None = None) -> None:
        self._path = instance.vault_keys / "pins.json"
        self._keyring = keyring or Keyring(instance)

    def set_pin(self, mailbox: str, pin: Private[str], *, weak: bool = False) -> None:
        """Sets the PIN and forgets wrong tries; PinRefused for one easily guessed unless *weak* is allowed."""
        self.set_pins({mailbox: pin}, weak=weak)

    def set_pins(self, pins: Mapping[str, Private[str]], *, weak: bool = False) -> None:
        """Sets several at once, all or none; PinRefused names every mailbox whose PIN is not good."""
        faults = {checked(mailbox, "mailbox"): _fault(mailbox, pin, weak) for mailbox, pin in pins.items()}
        wrong = [f"{mailbox}: {why}" for mailbox, why in faults.items() if why]
        if wrong:
            raise PinRefused("; ".join(wrong))
        pepper = self._keyring.secret("pins")
        made = {mailbox: self._make(pepper, mailbox, pin) for mailbox, pin in pins.items()}
        with self._changing() as entries:
            entries.update(made)

    def mailboxes(self) -> list[str]:
        """The mailboxes that have a PIN."""
        return sorted(self._read())

    def check_pin(self, mailbox: str, pin: Private[str], at: datetime) -> Answer:
        """Compares in constant time at instant *at* (aware); the fifth wrong try in a row locks for 5 minutes.

        The wrong try is on disk before it is answered. KeyRefused where the root key is not there.
        """
        pepper = self._keyring.secret("pins")
        with self._changing() as entries:
            entry = entries.get(checked(mailbox, "mailbox"))
            if entry is not None and _locked(entry, at):
                return Answer.LOCKED
            known = entry or _Entry(salt="00" * 16, hash="00" * 32, n=N, r=R, p=P)
            given = _hash(pepper, mailbox, pin, bytes.fromhex(known.salt), known.n, known.r, known.p)
            right = hmac.compare_digest(given, bytes.fromhex(known.hash)) and entry is not None
            if entry is not None:
                entries[mailbox] = _after(entry, right, at)
        return Answer.RIGHT if right else Answer.WRONG

    def _make(self, pepper: bytes, mailbox: str, pin: Private[str]) -> _Entry:
        salt = os.urandom(16)
        made = _hash(pepper, mailbox, pin, salt, N, R, P)
        return _Entry(salt=salt.hex(), hash=made.hex(), n=N, r=R, p=P)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Entry]]:
        """All entries, one change at a time among processes; written only if they changed."""
        with locked(make_folder(self._path.parent)):
            entries = self._read()
            before = dict(entries)
            yield entries
            if entries != before:
                plain = {mailbox: asdict(entry) for mailbox, entry in sorted(entries.items())}
                write_durably(self._path, json.dumps(plain, indent=1).encode())

    def _read(self) -> dict[str, _Entry]:
        try:
            return _entries(self._path)
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            raise PinRefused(
                "the file of PINs cannot be read", where=str(self._path), do="Put it back from a backup"
            ) from None


def _entries(path: Path) -> dict[str, _Entry]:
    fields = cast("dict[str, dict[str, object]]", json.loads(path.read_bytes()))
    return {mailbox: _Entry(**entry) for mailbox, entry in fields.items()}  # type: ignore[arg-type]


def _hash(pepper: bytes, mailbox: str, pin: Private[str], salt: bytes, n: int, r: int, p: int) -> bytes:
    """Without the root key four digits could be tried out in minutes, scrypt or not: it goes in as a pepper."""
    keyed = hmac.digest(pepper, mailbox.encode() + b"\0" + pin.value.encode(), "sha256")
    return scrypt(keyed, salt=salt, n=n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)


def _locked(entry: _Entry, at: datetime) -> bool:
    if not entry.locked_until:
        return False
    left = datetime.fromisoformat(entry.locked_until) - at
    return timedelta(0) < left <= LOCKED_FOR  # longer than it ever is: the clock was set back


def _after(entry: _Entry, right: bool, at: datetime) -> _Entry:
    if right:
        return replace(entry, wrong=0, locked_until="")
    if entry.wrong + 1 < TRIES:
        return replace(entry, wrong=entry.wrong + 1, locked_until="")
    return replace(entry, wrong=0, locked_until=(at + LOCKED_FOR).isoformat())


def _fault(mailbox: str, pin: Private[str], weak: bool) -> str:
    digits = pin.value
    if not (digits.isascii() and digits.isdigit() and SHORTEST <= len(digits) <= LONGEST):
        return f"a PIN has {SHORTEST} to {LONGEST} digits"
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    if not weak and (steps in ({0}, {1}, {9}) or digits == mailbox):
        return "this PIN is guessed first; choose another"
    return ""
