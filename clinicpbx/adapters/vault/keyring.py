"""The keys that open: wrapped by the root key, one pair per mailbox and month, read by the vault process alone."""

import os
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from clinicpbx.adapters.vault.durable import (
    PRIVATE_FOLDER,
    create_durably,
    locked,
    make_folder,
    sync_folder,
    write_durably,
)
from clinicpbx.adapters.vault.publickeys import (
    ANY,
    SIGNED,
    VERIFIER,
    KeyDestroyed,
    MessageKeys,
    data_key,
    hpke,
    hpke_info,
    key_path,
)
from clinicpbx.adapters.vault.root import KEY, KeyRefused, Root, derive, write_root
from clinicpbx.paths import Instance
from clinicpbx.private import Private

MONTHS_AHEAD = 3
NEXT = ".next"
READABLE = 0o644
TRAVERSABLE = 0o755


def make_root_key(instance: Instance, passphrase: Private[str] | None = None) -> Path:
    """Draws the root key, and the keys that must always be there; KeyRefused where there is a root key already."""
    path = write_root(instance, os.urandom(KEY), passphrase)
    root = Root(instance)
    if passphrase is not None:
        root.unlock(passphrase)
    Keyring(instance, root).make_ahead((), datetime.now(UTC))
    return path


class Keyring:
    """Reads the keys from their files at every use: a key that was taken away is away at once."""

    def __init__(self, instance: Instance, root: Root | None = None) -> None:
        self._instance = instance
        self._folder = instance.vault_keys
        self._messages = MessageKeys(instance)
        self.source = root or Root(instance)

    def root(self) -> bytes:
        """The root key of this instance; else KeyRefused."""
        key = self.source.key()
        self._compare(key)
        return key

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one *purpose* alone, that outlast a change of the root key."""
        path = self._folder / f"{purpose}.key"
        if not path.exists():
            root = self.root()
            create_durably(path, aes_key_wrap(derive(root, "epochs"), derive(root, purpose)))
        return self._unwrapped(path)

    def dek(self, mailbox: str, message: str, suite: int, key_id: str, wrapped: bytes) -> bytes:
        """The data key of a sealed file. KeyRefused, KeyDestroyed; ValueError where *wrapped* is not of that key."""
        if suite == 1:
            try:
                return aes_key_unwrap(self._unwrapped(key_path(self._folder / "epochs", key_id, ".key")), wrapped)
            except InvalidUnwrap:
                raise ValueError("not wrapped by this key") from None
        private = X25519PrivateKey.from_private_bytes(self._unwrapped(self._pair(key_id)))
        try:
            sent = hpke.decrypt(wrapped, private, hpke_info(key_id))
        except (InvalidTag, ValueError):
            raise ValueError("not sealed to this key") from None
        return data_key(sent, self._messages.read(mailbox, message))

    def make_ahead(self, mailboxes: Iterable[str], now: datetime, months: int = MONTHS_AHEAD) -> list[str]:
        """Makes what is missing: the pair for any, and one of each mailbox for this month and *months* more.

        The ids of new pairs. A public key that is not its private key's is written anew.
        """
        self.root()
        signer = self.signer()
        wanted = [ANY, *(f"{mailbox}/{month}" for mailbox in mailboxes for month in months_from(now, months))]
        return [key_id for key_id in wanted if self._make_pair(key_id, signer)]

    def faults(self) -> list[str]:
        """Ids of pairs whose public key is missing, or is another one, or is not signed."""
        signer = self.signer()
        return [key_id for key_id in self.pairs() if not self._published(key_id, signer)]

    def pairs(self) -> list[str]:
        """The ids of all pairs there are."""
        folder = self._folder / "pairs"
        return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.key"))

    def names(self, mailbox: str) -> frozenset[str]:
        """The names of the key files that messages of *mailbox* are sealed to: others where one came or went."""
        pairs = self._folder / "pairs"
        found = [path for folder in (pairs, pairs / mailbox) if folder.is_dir() for path in folder.iterdir()]
        return frozenset(str(path) for path in found if path.is_file())

    def destroyed(self) -> dict[str, datetime]:
        """Keys of mailboxes and months that were destroyed, and when."""
        paths = [p for kind in ("pairs", "epochs") for p in (self._folder / kind).glob("*/*.destroyed")]
        found = {f"{path.parent.name}/{path.stem}": path for path in paths}
        return {name: datetime.fromtimestamp(path.stat().st_mtime, UTC) for name, path in sorted(found.items())}

    def destroy(self, mailbox: str, month: str) -> None:
        """Every message of *mailbox* received in *month* becomes unreadable, in every copy; twice is once.

        Not those sealed to the pair for any: their own keys must be destroyed (`Vault.destroy`).
        """
        key_id = f"{mailbox}/{month}"
        key_path(self._instance.public_keys, key_id, ".pub").unlink(missing_ok=True)
        for path in (self._pair(key_id), key_path(self._folder / "epochs", key_id, ".key")):
            make_folder(path.parent)
            create_durably(path.with_suffix(".destroyed"), b"")
            path.unlink(missing_ok=True)
            path.with_suffix(NEXT).unlink(missing_ok=True)
            sync_folder(path.parent)

    def wrapped(self) -> Iterator[Path]:
        """Every file that the root key wraps."""
        yield from sorted(self._folder.rglob("*.key"))

    def _make_pair(self, key_id: str, signer: Ed25519PrivateKey) -> bool:
        path = self._pair(key_id)
        if path.with_suffix(".destroyed").exists():
            return False
        make_folder(path.parent, PRIVATE_FOLDER)
        with locked(self._folder):
            private = os.urandom(KEY)
            new = not path.exists() and create_durably(path, aes_key_wrap(derive(self.root(), "epochs"), private))
        if new or not self._published(key_id, signer):
            public = make_folder(self._instance.public_keys, TRAVERSABLE)
            path = key_path(public, key_id, ".pub")
            make_folder(path.parent, TRAVERSABLE)
            write_durably(path, self._public(key_id, signer), READABLE)
        return new

    def _published(self, key_id: str, signer: Ed25519PrivateKey) -> bool:
        try:
            there = key_path(self._instance.public_keys, key_id, ".pub").read_bytes()
        except FileNotFoundError:
            return False
        return there == self._public(key_id, signer)

    def _public(self, key_id: str, signer: Ed25519PrivateKey) -> bytes:
        private = X25519PrivateKey.from_private_bytes(self._unwrapped(self._pair(key_id)))
        public = private.public_key().public_bytes_raw()
        return public + signer.sign(SIGNED + key_id.encode() + b"\0" + public)

    def signer(self) -> Ed25519PrivateKey:
        """Signs public keys, and who broke the glass; drawn where there is none yet. KeyRefused."""
        path = self._folder / "signer.key"
        if not path.exists():
            make_folder(self._folder)
            create_durably(path, aes_key_wrap(derive(self.root(), "epochs"), os.urandom(KEY)))
        key = Ed25519PrivateKey.from_private_bytes(self._unwrapped(path))
        if not (self._instance.keys / VERIFIER).exists():
            create_durably(self._instance.keys / VERIFIER, key.public_key().public_bytes_raw(), READABLE)
        return key

    def _pair(self, key_id: str) -> Path:
        return key_path(self._folder / "pairs", key_id, ".key")

    def _unwrapped(self, path: Path) -> bytes:
        """What the root key wraps in *path*; in the middle of a change of the root key, beside it."""
        kek = derive(self.root(), "epochs")
        candidates: Collection[Path] = (path, path.with_suffix(NEXT))
        there = False
        for candidate in candidates:
            try:
                content = candidate.read_bytes()
                there = True
                return aes_key_unwrap(kek, content)
            except FileNotFoundError:
                continue
            except InvalidUnwrap:
                continue
        if not there:
            raise KeyDestroyed("this key is not there", where=str(path))
        raise KeyRefused(
            "the root key does not open it",
            where=str(path),
            do="Put back the root key the messages were sealed with, or this file from a backup of the keys",
        )

    def _compare(self, key: bytes) -> None:
        """A wrong root key is told from the right one by a value derived from it; where that is lost, by any key."""
        value = check_value(key)
        check = self._folder / "root.check"
        if not check.exists() and self.fits(key):
            make_folder(self._folder)
            create_durably(check, value)
        if value not in (path.read_bytes() for path in (check, check.with_suffix(NEXT)) if path.exists()):
            raise KeyRefused(
                "this is not the root key of this instance",
                where=str(self._instance.keys),
                do="Put back the one the messages were sealed with",
            )

    def fits(self, key: bytes) -> bool:
        """Whether *key* is the root key that wraps these keys."""
        check = self._folder / "root.check"
        if check.exists():
            return check.read_bytes() == check_value(key)
        try:
            for path in self.wrapped():
                aes_key_unwrap(derive(key, "epochs"), path.read_bytes())
                return True
        except InvalidUnwrap:
            return False
        return True


def check_value(root: bytes) -> bytes:
    """By which the right root key is known."""
    return derive(root, "check")[:16].hex().encode()


def months_from(now: datetime, ahead: int) -> list[str]:
    """The month of *now* and *ahead* more, in UTC."""
    first = now.astimezone(UTC)
    counted = (first.year * 12 + first.month - 1 + n for n in range(ahead + 1))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in counted]
