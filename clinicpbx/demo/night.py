"""A night at Harbor Family Clinic, as a table: who calls, presses what, says what, and how it should end."""

from clinicpbx.demo.morning import ENGLISH, SPANISH, SPEAKS, TONE, Patient

NIGHT = "night"  # the override, and the file with its rules
CLINICIAN = "chen"
URGENT, FEVER, DESK_MESSAGE, ON_CALL = ((2.8, key) for key in "1230")
_FIEBRE = "Soy una paciente de prueba. Mi hijo tiene fiebre desde hace tres días. Por favor llámenme."
_CANCEL = "This is a test patient. I cannot come tomorrow morning. Please give my appointment to somebody else."
_PAIN = "This is a test patient. The pain in my knee is"

PUT_THROUGH = Patient("asks for who is on call", 0, "answered", "+12075550151", keys=(ENGLISH, ON_CALL))
EARLY = (
    Patient(
        "cancels an appointment", 1, "voicemail", "+12075550152",
        keys=(ENGLISH, DESK_MESSAGE, TONE, (14, "#"), (16, "1")), says=_CANCEL, speaks_at=SPEAKS,
    ),
    Patient("hangs up half-way through", 3, "voicemail", "+12075550153",
            keys=(ENGLISH, DESK_MESSAGE, TONE), says=_PAIN, speaks_at=SPEAKS, leaves=11),
    Patient("hears that it is night, and goes", 5, "abandoned", "+12075550154", keys=(ENGLISH,), leaves=4),
)  # fmt: skip
PAGES = Patient(
    "fiebre, deja un mensaje", 0, "voicemail", "+12075550155", language="es",
    keys=(SPANISH, FEVER, TONE, (14, "#"), (16, "1")), says=_FIEBRE, speaks_at=SPEAKS,
)  # fmt: skip
RED_FLAG = Patient("chest pain, hangs up while it rings", 0, "abandoned", "+12075550156",
                   keys=(ENGLISH, URGENT), leaves=9)  # fmt: skip
NIGHT_PATIENTS = (PUT_THROUGH, *EARLY, PAGES, RED_FLAG)
