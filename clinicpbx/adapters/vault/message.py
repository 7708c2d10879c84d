"""What is known of a voicemail message beside its sound."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from clinicpbx.adapters.vault.names import checked
from clinicpbx.private import Private

ULAW_BYTES_PER_SECOND = 8000


class State(StrEnum):
    """NEW until somebody listened; DELETED is what stays of a deleted one."""

    NEW = "new"
    HEARD = "heard"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. *number*: whom to call back, *confirmed* by the caller; *caller*: the number that called.

    *truncated*: the end of its sound was lost with the power.
    """

    mailbox: str
    id: str
    call: str
    received: datetime
    duration: timedelta = timedelta(0)
    language: str = ""
    number: Private[str] | None = None
    confirmed: bool = False
    caller: Private[str] | None = None
    state: State = State.NEW
    truncated: bool = False

    def __post_init__(self) -> None:
        checked(self.mailbox, "mailbox")
        checked(self.id, "message")
        if self.received.tzinfo is None:
            raise ValueError("received must be aware")

    def encode(self) -> bytes:
        """JSON with the numbers in clear: to be sealed, or to stay in the tmpfs."""
        fields = {
            "mailbox": self.mailbox,
            "id": self.id,
            "call": self.call,
            "received": self.received.isoformat(),
            "seconds": self.duration.total_seconds(),
            "language": self.language,
            "number": self.number.value if self.number else None,
            "confirmed": self.confirmed,
            "caller": self.caller.value if self.caller else None,
            "state": self.state.value,
            "truncated": self.truncated,
        }
        return json.dumps(fields, sort_keys=True).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> "Message":
        """The message of `encode`; ValueError for anything else."""
        try:
            fields = json.loads(encoded)
            number, caller = fields["number"], fields["caller"]
            return cls(
                mailbox=fields["mailbox"],
                id=fields["id"],
                call=fields["call"],
                received=datetime.fromisoformat(fields["received"]),
                duration=timedelta(seconds=fields["seconds"]),
                language=fields["language"],
                number=Private(number) if number is not None else None,
                confirmed=fields["confirmed"],
                caller=Private(caller) if caller is not None else None,
                state=State(fields["state"]),
                truncated=fields["truncated"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no message: {type(error).__name__}") from None

    def tombstone(self) -> "Message":
        """What stays after deletion: that it was there, and nothing of the patient."""
        return replace(self, number=None, caller=None, confirmed=False, state=State.DELETED)


def duration_of(size: int) -> timedelta:
    """How long *size* bytes of µ-law at 8 kHz sound."""
    return timedelta(seconds=size / ULAW_BYTES_PER_SECOND)
