"""The instance's own secrets: random 128-bit passwords in files, and their crypted form for Asterisk."""

import ctypes
import ctypes.util
import secrets
from hashlib import sha256

from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

NAMES = ("ari", "rescuer", "ami")


def make_passwords(instance: Instance) -> dict[str, str]:
    """Every password by name, read from keys/NAME.secret and made where it is missing."""
    passwords = {}
    for name in NAMES:
        path = instance.keys / f"{name}.secret"
        if not path.exists():
            write_if_changed(path, secrets.token_hex(16) + "\n", OWNER)
        passwords[name] = instance.secret(name)
    return passwords


def crypted(password: str) -> str:
    """SHA-512 crypt of *password*, always the same for the same password so that files stay as they are.

    Asterisk computes it again for every HTTP request: 1000 rounds, the least crypt(3) allows, are enough for
    128 random bits and cost a third of a millisecond instead of two.
    """
    library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    salt = sha256(b"salt:" + password.encode()).hexdigest()[:16]
    result: bytes | None = library.crypt(password.encode(), f"$6$rounds=1000${salt}$".encode())
    if not result or not result.startswith(b"$6$"):
        raise ClinicPBXError("crypt(3) cannot make a SHA-512 password", do="Install libcrypt1")
    return result.decode()
