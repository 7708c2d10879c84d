"""What is needed to seal and does not open anything: public keys, and a small secret of each message."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clinicpbx.adapters.vault.durable import SHARED_FILE, SHARED_FOLDER, create_durably, make_folder, remove_durably
from clinicpbx.adapters.vault.names import checked
from clinicpbx.adapters.vault.root import KeyRefused
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

ANY = "any"
"""The pair that is always there: for a month or a mailbox without one of its own."""
VERIFIER = "verifier.pub"
KEY = 32
SIGNED = b"cpbx/v2/public/"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

hpke = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)  # RFC 9180, base mode: DHKEM 0x0020, KDF 1, AEAD 2


class KeyDestroyed(ClinicPBXError):
    """The key of this mailbox and month, or of this message, is gone: it cannot be read by anybody."""

    exit_code = 65


def month_of(at: datetime) -> str:
    """The month whose key seals a message received at *at* (aware), in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m")


def key_path(folder: Path, key_id: str, suffix: str) -> Path:
    """Where the key named `MAILBOX/YYYY-MM` or `any` is in *folder*; KeyDestroyed, NameRefused for other names."""
    if key_id == ANY:
        return folder / (ANY + suffix)
    mailbox, _, month = key_id.partition("/")
    if not _MONTH.fullmatch(month):
        raise KeyDestroyed(f"{month[:20]!r} is no month of a key")
    return folder / checked(mailbox, "mailbox") / (month + suffix)


class PublicKeys:
    """Reads them at every use. Each file: the key (32 bytes) and its signature by the vault (Ed25519, 64 bytes)."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def to_seal(self, mailbox: str, month: str) -> tuple[str, X25519PublicKey]:
        """The key of *mailbox* and *month*, else the one for any, and its id. KeyRefused where none is signed."""
        verifier = self.verifier()
        for key_id in (f"{mailbox}/{month}", ANY):
            if (key := self._signed(key_id, verifier)) is not None:
                return key_id, X25519PublicKey.from_public_bytes(key)
        raise KeyRefused("no public key to seal with", where=str(self._instance.public_keys), do="clinicpbx keys new")

    def _signed(self, key_id: str, verifier: Ed25519PublicKey) -> bytes | None:
        try:
            content = key_path(self._instance.public_keys, key_id, ".pub").read_bytes()
            verifier.verify(content[KEY:], SIGNED + key_id.encode() + b"\0" + content[:KEY])
        except (OSError, InvalidSignature):
            return None
        return content[:KEY]

    def verifier(self) -> Ed25519PublicKey:
        """By which the vault's signatures are known. KeyRefused where it is not there."""
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        path = Path(credentials) / VERIFIER if credentials else self._instance.keys / VERIFIER
        path = path if path.exists() else self._instance.keys / VERIFIER
        try:
            return Ed25519PublicKey.from_public_bytes(path.read_bytes())
        except (OSError, ValueError):
            raise KeyRefused("no public key to seal with", where=str(path), do="clinicpbx keys new") from None


class MessageKeys:
    """keys/messages/MAILBOX/MESSAGE.key, 32 random bytes: they alone open nothing, and nothing opens without them."""

    def __init__(self, instance: Instance) -> None:
        self._folder = instance.message_keys

    def made(self, mailbox: str, message: str) -> bytes:
        """That of the message; drawn where there is none yet."""
        path = self._path(mailbox, message)
        if not path.exists():
            make_folder(path.parent, SHARED_FOLDER)
            create_durably(path, os.urandom(KEY), SHARED_FILE)
        return self.read(mailbox, message)

    def read(self, mailbox: str, message: str) -> bytes:
        """That of the message; KeyDestroyed where there is none."""
        try:
            return self._path(mailbox, message).read_bytes()
        except FileNotFoundError:
            raise KeyDestroyed("the key of this message is not there", where=f"{mailbox}/{message}") from None

    def destroy(self, mailbox: str, message: str) -> None:
        """Nobody opens the message any more, whatever copy of it there is; twice is once."""
        path = self._path(mailbox, message)
        if path.parent.is_dir():
            remove_durably(path)

    def _path(self, mailbox: str, message: str) -> Path:
        return self._folder / checked(mailbox, "mailbox") / (checked(message, "message") + ".key")


def hpke_info(key_id: str) -> bytes:
    return b"cpbx/v2/dek/" + key_id.encode()


def data_key(sent: bytes, message_key: bytes) -> bytes:
    """The data key of a file of suite 2: of what its header carries, and of its message's own key."""
    return HKDF(algorithm=SHA256(), length=KEY, salt=message_key, info=b"cpbx/v2/dek").derive(sent)
