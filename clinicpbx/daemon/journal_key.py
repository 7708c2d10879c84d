"""The journal's key: what callers dialled and keyed is sealed before it is written."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealing:
    """AES-256-GCM with a random nonce a row; *context* binds a body to its row. InvalidTag if anything was changed."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._digest = hashlib.blake2b(b"caller", key=key, digest_size=KEY_BYTES).digest()

    def digest(self, number: str) -> str:
        """By which *number* is known again; without the key nobody can tell it, or try all numbers (RFC 7693)."""
        return hashlib.blake2b(number.encode(), key=self._digest, digest_size=16).hexdigest()

    def seal(self, body: bytes, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, body, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())


def hidden(sealing: Sealing, call: str, value: Private[str]) -> dict[str, str]:
    """*value* as a fact about *call* holds it."""
    return {"sealed": base64.b64encode(sealing.seal(value.value.encode(), f"fact|{call}")).decode()}


def disclosed(sealing: Sealing, row: tuple[str, ...]) -> tuple[str, ...]:
    """The *row* (call, at, kind, body) of a fact as the main database has it; "" for what does not open."""
    call, at, kind, text = row
    if '"sealed"' not in text:
        return row
    body: dict[str, Any] = orjson.loads(text)
    for name, value in body.items():
        if isinstance(value, dict) and "sealed" in value:
            try:
                body[name] = sealing.open(base64.b64decode(value["sealed"]), f"fact|{call}").decode()
            except (InvalidTag, ValueError):
                body[name] = ""
    return call, at, kind, orjson.dumps(body).decode()


def journal_sealing(keys: Path) -> Sealing:
    """The key in *keys*/journal.key, made there at the first start (0600). ClinicPBXError if it is not a key."""
    path = keys / "journal.key"
    if not path.exists():
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = keys / f"journal.key.{os.getpid()}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ClinicPBXError("not a key of 32 bytes", where=str(path), do="Restore it from the backup")
    return Sealing(key)
