"""The clinic's root key: a credential of systemd's, a file, or what a passphrase opens."""

import json
import os
from functools import lru_cache
from hashlib import scrypt
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from clinicpbx.adapters.vault.durable import make_folder, sync_folder, write_temporary
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private

KEY = 32
ROOT = "root.key"
PASSPHRASE = "root.passphrase"
N, R, P = 2**17, 8, 1
SHORTEST = 12


class KeyRefused(ClinicPBXError):
    """The root key is missing, locked, not private, or not the one the messages were sealed with."""

    exit_code = 77


class Root:
    """Reads the root key at every use: one that was taken away is away at once. A passphrase is asked once."""

    def __init__(self, instance: Instance) -> None:
        self._keys = instance.keys
        self._opened: bytes | None = None

    @property
    def source(self) -> str:
        """Where it comes from: `credential`, `file`, `passphrase`, or `nowhere`."""
        if _credential(ROOT) is not None:
            return "credential"
        if (self._keys / ROOT).exists():
            return "file"
        return "passphrase" if (self._keys / PASSPHRASE).exists() else "nowhere"

    def key(self) -> bytes:
        """32 bytes; KeyRefused says what is wrong and what to do."""
        if self.source == "passphrase":
            if self._opened is None:
                raise KeyRefused("the root key is locked", where=str(self._keys), do="clinicpbx keys unlock")
            return self._opened
        return self._read(_credential(ROOT) or self._keys / ROOT)

    def unlock(self, passphrase: Private[str]) -> None:
        """Opens the root key for this process. KeyRefused where there is none behind a passphrase, or it is wrong."""
        path = self._keys / PASSPHRASE
        try:
            kept = json.loads(path.read_bytes())
            wrapping = _stretched(passphrase, bytes.fromhex(kept["salt"]), kept["n"], kept["r"], kept["p"])
            self._opened = aes_key_unwrap(wrapping, bytes.fromhex(kept["wrapped"]))
        except InvalidUnwrap:
            raise KeyRefused("this is not the passphrase", where=str(path)) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise KeyRefused("there is no root key behind a passphrase here", where=str(path)) from None

    def _read(self, path: Path) -> bytes:
        try:
            key, mode = path.read_bytes(), path.stat().st_mode
        except OSError as error:
            raise KeyRefused(
                f"the root key cannot be read ({error.strerror})",
                where=str(path),
                do="Put it back from the clinic's copy; until then messages are taken and cannot be read",
            ) from None
        if path.parent == self._keys and mode & 0o077:
            raise KeyRefused("others can read the root key", where=str(path), do=f"chmod 600 {path}")
        if len(key) != KEY:
            raise KeyRefused(f"a root key has {KEY} bytes, not {len(key)}", where=str(path))
        return key


def write_root(
    instance: Instance, key: bytes, passphrase: Private[str] | None = None, *, replace: bool = False
) -> Path:
    """Keeps *key* in keys/root.key, or behind *passphrase*; root's alone where root writes it.

    KeyRefused where there is one already, unless it is to be replaced, or for a passphrase that is too short.
    """
    folder = make_folder(instance.keys)
    path, other = folder / ROOT, folder / PASSPHRASE
    content = key
    if passphrase is not None:
        path, other, content = other, path, _behind(passphrase, key)
    if not replace and (path.exists() or other.exists()):
        raise KeyRefused("a root key exists already", where=str(path), do="Keep it: the messages need it")
    temporary = write_temporary(path, content)
    if os.geteuid() == 0:
        os.chown(temporary, 0, 0)
    temporary.replace(path)
    sync_folder(folder)
    other.unlink(missing_ok=True)
    return path


def derive(root: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one *purpose* alone, the same for the same root key."""
    return _derive(root, purpose)


@lru_cache(maxsize=16)
def _derive(root: bytes, purpose: str) -> bytes:
    info = b"cpbx/v1/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=KEY, salt=None, info=info).derive(root)


def _credential(name: str) -> Path | None:
    """systemd's credential of that name, where there is one."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.exists() else None


def _behind(passphrase: Private[str], key: bytes) -> bytes:
    if len(passphrase.value) < SHORTEST:
        raise KeyRefused(f"a passphrase has at least {SHORTEST} characters", do="Take five or six words")
    salt = os.urandom(16)
    wrapped = aes_key_wrap(_stretched(passphrase, salt, N, R, P), key)
    return json.dumps({"n": N, "r": R, "p": P, "salt": salt.hex(), "wrapped": wrapped.hex()}).encode()


def _stretched(passphrase: Private[str], salt: bytes, n: int, r: int, p: int) -> bytes:
    return scrypt(passphrase.value.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * 1024 * 1024, dklen=KEY)
