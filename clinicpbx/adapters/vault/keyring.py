"""The keys of the vault: one root key, one key per mailbox and month below it, one per sealed file below that."""

import os
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from clinicpbx.adapters.vault.durable import create_durably, make_folder, sync_folder
from clinicpbx.adapters.vault.names import checked
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

KEY = 32
ROOT = "root.key"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class KeyRefused(ClinicPBXError):
    """The root key is missing, not private, or not the one the messages were sealed with."""

    exit_code = 77


class KeyDestroyed(ClinicPBXError):
    """The key of this mailbox and month is gone: its messages cannot be read by anybody."""

    exit_code = 65


def make_root_key(instance: Instance) -> Path:
    """Draws keys/root.key (0600) and its check file; KeyRefused where a root key exists already."""
    path = make_folder(instance.keys) / ROOT
    if not create_durably(path, os.urandom(KEY)):
        raise KeyRefused("a root key exists already", where=str(path), do="Keep it: the messages need it")
    Keyring(instance).root()
    return path


def month_of(at: datetime) -> str:
    """The month whose key seals a message received at *at* (aware), in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m")


class Keyring:
    """Reads the keys from their files at every use: a key that was taken away is away at once."""

    def __init__(self, instance: Instance) -> None:
        self._keys = instance.keys

    def root(self) -> bytes:
        """The root key: systemd's credential `root.key` where there is one, else keys/root.key; else KeyRefused."""
        path = self._root_path()
        try:
            key = path.read_bytes()
            mode = path.stat().st_mode
        except OSError as error:
            raise KeyRefused(
                f"the root key cannot be read ({error.strerror})",
                where=str(path),
                do="Put it back from the clinic's copy; until then messages cannot be read or sealed",
            ) from None
        if path.parent == self._keys and mode & 0o077:
            raise KeyRefused("others can read the root key", where=str(path), do=f"chmod 600 {path}")
        if len(key) != KEY:
            raise KeyRefused(f"a root key has {KEY} bytes, not {len(key)}", where=str(path))
        self._compare(key, path)
        return key

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for one *purpose* alone, the same for the same root key."""
        return _derive(self.root(), purpose)

    def new_dek(self, mailbox: str, month: str) -> tuple[bytes, bytes, str]:
        """A new data key, the same wrapped by the mailbox's key of *month* (made where missing), and that key's id."""
        dek = os.urandom(KEY)
        return dek, aes_key_wrap(self._epoch_key(mailbox, month, make=True), dek), f"{mailbox}/{month}"

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The data key of a sealed file. KeyRefused, KeyDestroyed; ValueError where *wrapped* is not of that key."""
        mailbox, _, month = key_id.partition("/")
        key = self._epoch_key(mailbox, month, make=False)
        try:
            return aes_key_unwrap(key, wrapped)
        except InvalidUnwrap:
            raise ValueError("not wrapped by this key") from None

    def destroy(self, mailbox: str, month: str) -> None:
        """Every message of *mailbox* received in *month* becomes unreadable, in every copy there is."""
        path = self._path(mailbox, month)
        make_folder(path.parent)
        create_durably(path.with_suffix(".destroyed"), b"")
        path.unlink(missing_ok=True)
        sync_folder(path.parent)

    def _epoch_key(self, mailbox: str, month: str, *, make: bool) -> bytes:
        kek = self.derived("epochs")
        path = self._path(mailbox, month)
        if make and not path.exists():
            self._make_epoch(path, kek)
        try:
            return aes_key_unwrap(kek, path.read_bytes())
        except FileNotFoundError:
            raise KeyDestroyed(f"the key of mailbox {mailbox}, {month} is not there", where=str(path)) from None
        except InvalidUnwrap:
            raise KeyRefused(
                "the root key does not open it",
                where=str(path),
                do="Put back the root key the messages were sealed with, or this file from a backup of the keys",
            ) from None

    def _make_epoch(self, path: Path, kek: bytes) -> None:
        make_folder(path.parent)
        if path.with_suffix(".destroyed").exists():
            raise KeyDestroyed("this key was destroyed and is not made again", where=str(path))
        create_durably(path, aes_key_wrap(kek, os.urandom(KEY)))

    def _path(self, mailbox: str, month: str) -> Path:
        if not _MONTH.fullmatch(month):
            raise KeyDestroyed(f"{month[:20]!r} is no month of a key")
        return self._keys / "epochs" / checked(mailbox, "mailbox") / f"{month}.key"

    def _root_path(self) -> Path:
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        if credentials and (Path(credentials) / ROOT).exists():
            return Path(credentials) / ROOT
        return self._keys / ROOT

    def _compare(self, key: bytes, path: Path) -> None:
        """A wrong root key must not get as far as sealing: keys/root.check holds a value derived from the right one.

        Where that file is lost, any epoch key tells.
        """
        value = _derive(key, "check")[:16].hex()
        check = self._keys / "root.check"
        if not check.exists() and self._fits(key):
            make_folder(self._keys)
            create_durably(check, value.encode())
        if not check.exists() or check.read_text().strip() != value:
            raise KeyRefused(
                "this is not the root key of this instance",
                where=str(path),
                do="Put back the one the messages were sealed with",
            )

    def _fits(self, key: bytes) -> bool:
        try:
            for epoch in (self._keys / "epochs").glob("*/*.key"):
                aes_key_unwrap(_derive(key, "epochs"), epoch.read_bytes())
                return True
        except InvalidUnwrap:
            return False
        return True


@lru_cache(maxsize=16)
def _derive(root: bytes, purpose: str) -> bytes:
    info = b"cpbx/v1/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=KEY, salt=None, info=info).derive(root)
