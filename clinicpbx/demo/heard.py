"""What a phone got, read: SIP messages and the recordings it made."""

import os
from typing import TypedDict


class Lamp(TypedDict):
    """A message lamp: whether it is lit, and how many messages are new and old."""

    waiting: bool
    new: int
    old: int


def headers_of(message: str) -> dict[str, str]:
    """The headers of a SIP message by lower-case name; of a repeated one the first."""
    found: dict[str, str] = {}
    for line in message.replace("\r", "").partition("\n\n")[0].split("\n")[1:]:
        name, _, value = line.partition(":")
        found.setdefault(name.strip().lower(), value.strip())
    return found


def lamp_of(message: str) -> Lamp | None:
    """What a NOTIFY of message-summary (RFC 3842) says; None where it says nothing."""
    body = message.replace("\r", "").partition("\n\n")[2]
    lines = dict(line.lower().split(":", 1) for line in body.splitlines() if ":" in line)
    if not lines:
        return None
    new, _, old = lines.get("voice-message", "0/0").strip().partition(" ")[0].partition("/")
    return {"waiting": lines.get("messages-waiting", "").strip() == "yes", "new": int(new), "old": int(old or 0)}


def is_complete_wav(file: str) -> bool:
    """True where the file's header names the size the file has."""
    try:
        with open(file, "rb") as wav:
            head = wav.read(12)
            size = os.fstat(wav.fileno()).st_size
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"WAVE" and int.from_bytes(head[4:8], "little") == size - 8
