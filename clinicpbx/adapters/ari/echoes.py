"""What Asterisk says twice is heard once."""

from collections import deque
from datetime import datetime, timedelta
from typing import Any

_LATELY = 64


class Echoes:
    """Remembers what was said lately on one connection. Both kinds are measured: docs/asterisk-notes.md."""

    def __init__(self) -> None:
        self._texts: deque[bytes] = deque(maxlen=_LATELY)
        self._keys: deque[tuple[str, str, datetime]] = deque(maxlen=_LATELY)

    def is_one(self, text: bytes, message: dict[str, Any]) -> bool:
        """Whether *message*, received as *text*, was heard before.

        An event of a channel in Stasis is sent once for the channel and once for its subscribed endpoint, the same to
        the letter. A key that ends while Asterisk still plays out the one before is told twice, by two instants.
        """
        if text in self._texts:
            return True
        self._texts.append(text)
        return message["type"] == "ChannelDtmfReceived" and self._is_old_key(message)

    def _is_old_key(self, message: dict[str, Any]) -> bool:
        """A key held for so long, ending so soon after the same key of the same channel, was not pressed again."""
        channel, digit = message["channel"]["id"], message["digit"]
        ended, held = datetime.fromisoformat(message["timestamp"]), timedelta(milliseconds=message["duration_ms"])
        if any(key[:2] == (channel, digit) and ended - key[2] < held for key in self._keys):
            return True
        self._keys.append((channel, digit, ended))
        return False
