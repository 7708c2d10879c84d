"""A row of the audit log: its canonical bytes, and the hash that binds it to the row before."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring_ascii

from clinicpbx.core.audit.entry import Entry

FIRST = "0" * 64
"""The previous hash of row 1."""
quote: Callable[[str], str] = encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class Row:
    """As stored: *seq* counts from 1 without gaps, *at* is ISO 8601 in UTC, *detail* JSON, the hashes hexadecimal."""

    seq: int
    at: str
    actor: str
    action: str
    object: str
    detail: str
    prev_hash: str
    hash: str


def canonical(seq: int, at: str, actor: str, action: str, object: str, detail: str, prev_hash: str) -> bytes:
    """The bytes that are hashed: a JSON array in ASCII without blanks, *detail* in it as it was written.

    Two rows have the same bytes only if they are the same. TypeError for what is no text.
    """
    fields = f"{quote(at)},{quote(actor)},{quote(action)},{quote(object)},{detail},{quote(prev_hash)}"
    return f'["clinicpbx-audit/1",{seq},{fields}]'.encode()


def leaf_hash(content: bytes) -> bytes:
    """RFC 6962, section 2.1: the hash of a leaf of the tree, here of a row's canonical bytes."""
    return sha256(b"\0" + content).digest()


def row_after(seq: int, hash: str, entry: Entry, at: datetime) -> Row:
    """The row of *entry* after row *seq* (0 and FIRST: the first one). *at*: aware."""
    detail = json.dumps(dict(entry.detail), sort_keys=True, separators=(",", ":"))
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    actor, action, object = map(_storable, (entry.actor, entry.action, entry.object))
    content = canonical(seq + 1, moment, actor, action, object, detail, hash)
    return Row(seq + 1, moment, actor, action, object, detail, hash, leaf_hash(content).hex())


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL, UTF-8 no half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
