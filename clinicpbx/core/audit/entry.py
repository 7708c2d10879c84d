"""What somebody did: one entry of the audit log, before it has its place in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """*actor* did *action* (`voicemail.export`) to *object* (`8100/m1`, an id rather than a number).

    *detail* says how, in few words; never what a message contains, and of a patient's number its last digits at most.
    """

    actor: str
    action: str
    object: str = ""
    detail: Mapping[str, Value] = field(default_factory=dict)
