"""A morning at Harbor Family Clinic, as a table: who calls, presses what, says what, and how it should end."""

from dataclasses import dataclass, field

MAIN, NURSES = "+12075550100", "+12075550101"
EMERGENCY_TEST = "933"
REFILLS_LAMP, NURSE_LAMP = "206", "204"  # phones whose lamps the morning watches
NURSE_MAILBOX = "nurse"


@dataclass(frozen=True, slots=True)
class Patient:
    """One caller. Times are seconds: *at* since the doors opened, the others since the clinic answered.

    *ends* is the outcome the record must have, *offers* the fewest phones that rang one after another, and
    *transferred* whether an agent passed the call on. *leaves* 0: the clinic ends the call. *staff* is what the
    phone that rings does, first, second… (the last one again and again): talk, ignore, or transfer EXTENSION.
    """

    name: str
    at: float
    ends: str
    number: str = field(repr=False)
    line: str = MAIN
    language: str = "en"
    keys: tuple[tuple[float, str], ...] = ()
    says: str = ""
    speaks_at: float = 0
    leaves: float = 0
    staff: tuple[str, ...] = ("talk",)
    offers: int = 0
    transferred: bool = False

    @property
    def needs_nurse(self) -> bool:
        return self.ends == "answered" and (self.line == NURSES or NURSE in self.keys or self.transferred)


ENGLISH, SPANISH, FRENCH = (1.0, "1"), (1.0, "2"), (1.0, "3")
APPOINTMENT, NURSE, REFILL, ADDRESS, FRONT_DESK = ((2.8, key) for key in "12340")
TONE = (4.8, "#")  # skips the greeting
SPEAKS = 6.5
_REFILL = "This is a test patient. Please refill my medicine at the pharmacy on Congress Street. Thank you."
_RECETA = "Soy una paciente de prueba. Necesito mi receta en la farmacia de la calle Congress. Gracias."
_TOUX = "Je suis une patiente d'essai. Mon fils tousse depuis hier. Merci de me rappeler."
_FEVER = "This is a test patient. My daughter has a fever since last night. Please call me back."

MORNING = (
    Patient("says nothing, presses nothing", 0, "answered", "+12075550131"),
    Patient("wants an appointment", 0, "answered", "+12075550132", keys=(ENGLISH, APPOINTMENT)),
    Patient("quiere una cita", 1, "answered", "+12075550133", language="es", keys=(SPANISH, APPOINTMENT)),
    Patient("demande une infirmière", 2, "answered", "+12075550134", language="fr", keys=(FRENCH, NURSE)),
    Patient(
        "refill, number confirmed", 2.5, "voicemail", "+12075550135",
        keys=(ENGLISH, REFILL, TONE, (14, "#"), (16, "1")), says=_REFILL, speaks_at=SPEAKS,
    ),
    Patient("first phone rings unheard", 4, "answered", "+12075550136", keys=(ENGLISH, APPOINTMENT),
            staff=("ignore", "talk"), offers=2),
    Patient("hangs up half-way through", 5, "voicemail", "+12075550137",
            keys=(ENGLISH, REFILL, TONE), says=_REFILL, speaks_at=SPEAKS, leaves=11),
    Patient("gives up in the menu", 8, "abandoned", "+12075550138", keys=(ENGLISH,), leaves=4),
    Patient("asks the nurse line", 9, "answered", "+12075550139", line=NURSES, keys=(ENGLISH,)),
    Patient(
        "receta, da otro número", 10, "voicemail", "+12075550140", language="es",
        keys=(SPANISH, REFILL, TONE, (14, "#"), (16, "2"), (18, "2075550199#"), (22, "1")),
        says=_RECETA, speaks_at=SPEAKS,
    ),
    Patient("asks the address, then books", 12, "answered", "+12075550141",
            keys=(ENGLISH, ADDRESS, (13, "1"))),
    Patient("is put through to a nurse", 17, "answered", "+12075550142", keys=(ENGLISH, FRONT_DESK),
            staff=("transfer 204", "talk"), transferred=True),
    Patient("gives up while it rings", 21, "abandoned", "+12075550143", keys=(ENGLISH, APPOINTMENT),
            staff=("ignore",), leaves=6.5, offers=1),
    Patient("presses keys there are not", 24, "answered", "+12075550144",
            keys=(ENGLISH, (2.8, "8"), (5, "9"))),
    Patient("laisse un message", 26, "voicemail", "+12075550145", language="fr",
            keys=(FRENCH, REFILL, TONE), says=_TOUX, speaks_at=SPEAKS, leaves=15),
)  # fmt: skip

# Once the nurses have logged out: nobody is left to ring, so the line takes a message.
AFTERWARDS = Patient(
    "nurse line, nobody logged in", 0, "voicemail", "+12075550146", line=NURSES,
    keys=(ENGLISH, (2.8, "#"), (10.8, "#"), (14.8, "1")), says=_FEVER, speaks_at=4.6,
)  # fmt: skip

PATIENTS = (*MORNING, AFTERWARDS)
AGENT_PHONES = ("201", "202", "203", "204", "205")
NURSE_PHONES = ("204", "205")
DESK_PHONES = (*AGENT_PHONES, "206")
ANSWERS_AFTER = 1.5  # a phone rings this long
TALK = 4.0
VOICES = {"en": "en-us", "es": "es", "fr": "fr-fr"}
