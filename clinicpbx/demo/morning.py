"""A morning at Harbor Family Clinic, as a table: who calls, presses what, says what, and how it should end."""

from dataclasses import dataclass, field

MAIN = "+12075550100"
NURSES = "+12075550101"


@dataclass(frozen=True, slots=True)
class Patient:
    """*at* in seconds; *keys*: (seconds after the answer, key); *says* is spoken *speaks_at* seconds after it.

    *ends*: the outcome the record must have. *leaves*: seconds after the answer when the patient hangs up, 0: the
    clinic ends the call.
    """

    name: str
    at: float
    ends: str
    line: str = MAIN
    keys: tuple[tuple[float, str], ...] = ()
    says: str = ""
    speaks_at: float = 0
    voice: str = "en-us"
    leaves: float = 0
    number: str = field(default="", repr=False)


_MESSAGE = "This is a test patient. Please refill my medicine at the pharmacy on Congress Street. Thank you."

MORNING = (
    Patient("appointment", 0, "answered", keys=((1, "1"), (2.5, "1")), number="+12075550131"),
    Patient("Spanish caller", 1, "answered", keys=((1, "2"), (2.5, "1")), number="+12075550132"),
    Patient("French caller, nurse", 2, "answered", keys=((1, "3"), (2.5, "2")), number="+12075550133"),
    Patient("nurse line", 11, "answered", line=NURSES, number="+12075550134"),
    Patient(
        "refill message", 3, "voicemail", keys=((1, "1"), (2.5, "3"), (4.5, "#"), (13, "#"), (15, "1")),
        says=_MESSAGE, speaks_at=6, number="+12075550135",
    ),
    Patient(
        "hangs up in the message", 5, "voicemail", keys=((1, "1"), (2.5, "3"), (4.5, "#")),
        says=_MESSAGE, speaks_at=6, leaves=11, number="+12075550136",
    ),
    Patient("hangs up while it rings", 18, "abandoned", keys=((1, "1"), (2.5, "1")), leaves=3.4, number="+12075550137"),
    Patient("hangs up in the menu", 8, "abandoned", keys=((1, "1"),), leaves=4, number="+12075550138"),
    Patient("front desk by 0", 27, "answered", keys=((1, "1"), (2.5, "0")), number="+12075550139"),
    Patient("says nothing at all", 24, "answered", number="+12075550140"),
)  # fmt: skip

AGENT_PHONES = ("201", "202", "203", "204", "205")
ANSWERS_AFTER = 1.5  # seconds a phone rings
TALK = 4.0  # seconds an agent talks
