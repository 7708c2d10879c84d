"""Signed statements of how long the log is and what is in it: C2SP's tlog-checkpoint in a signed-note."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

ED25519 = b"\1"
"""The kind of signature, by C2SP's signed-note."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log *origin* had *size* rows with the tree's *root* at *at* (ISO 8601)."""

    origin: str
    size: int
    root: bytes
    at: str

    @property
    def text(self) -> str:
        """What is signed. The time is an extension line."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\ntime {self.at}\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with one signature, by the key *name* whose id is *key*."""

    checkpoint: Checkpoint
    name: str
    key: bytes
    signature: bytes

    @property
    def note(self) -> str:
        """As it is written: text, an empty line, the signature's line."""
        mark = b64encode(self.key + self.signature).decode()
        return f"{self.checkpoint.text}\n\N{EM DASH} {self.name} {mark}\n"


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a note names the Ed25519 key *public* (32 bytes)."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """The public key as signed-note tools take it."""
    return f"{name}+{key_id(name, public).hex()}+{b64encode(ED25519 + public).decode()}"


def parse_note(note: str) -> Signed:
    """The reverse of Signed.note. Errors: ValueError for anything else, not even a blank more."""
    try:
        text, mark = note.split("\n\n")
        origin, size, root, moment = text.split("\n")
        _, name, signature = mark.removesuffix("\n").split(" ")
        signed = b64decode(signature, validate=True)
        checkpoint = Checkpoint(origin, int(size), b64decode(root, validate=True), moment.removeprefix("time "))
        found = Signed(checkpoint, name, signed[:4], signed[4:])
    except ValueError:
        raise ValueError("no signed checkpoint") from None
    if found.note.removesuffix("\n") != note.removesuffix("\n"):
        raise ValueError("no signed checkpoint")
    return found


def notes(text: str) -> Iterator[str]:
    """Each note of a file of notes with an empty line after each."""
    parts = text.strip("\n").split("\n\n")
    for n in range(0, len(parts) if text.strip() else 0, 2):
        yield "\n\n".join(parts[n : n + 2]) + "\n"
