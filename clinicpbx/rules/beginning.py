"""The first rules of a clinic: a template, and a few questions answered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

NAMES = {"en": "English", "es": "Español", "fr": "Français"}
CHOOSE = {
    "en": "For English, press {}.",
    "es": "Para español, pulse {}.",
    "fr": "Pour le français, appuyez sur {}.",
}
ABOUT = {
    "en": "We are at {street} in {city}. We are open Monday to Friday from 8 to 5.",
    "es": "Estamos en {street}, {city}. Abrimos de lunes a viernes de 8 a 5.",
    "fr": "Nous sommes au {street}, à {city}. Nous sommes ouverts du lundi au vendredi de 8 heures à 17 heures.",
}


ALERT = {
    "en": "Emergency. A patient with an urgent problem is on the line for the nurses.",
    "es": "Emergencia. Un paciente con un problema urgente está en la línea de enfermería.",
    "fr": "Urgence. Un patient qui a un problème urgent est en ligne pour les infirmières.",
}
FLOWS = """\
flows:                              # what the template's flow gets besides; a step of the same name replaces its own
  main:
"""


@dataclass(frozen=True, slots=True)
class Start:
    """*number*: E.164; *languages*: of NAMES, the first is the default; *carrier*: the trunk's host."""

    template: str
    name: str
    number: str
    carrier: str
    timezone: str = "America/New_York"
    languages: Sequence[str] = ("en", "es", "fr")
    street: str = "12 Main Street"
    city: str = "Portland"
    state: str = "ME"
    postal_code: str = "04101"
    country: str = "US"


def files(start: Start) -> dict[str, str]:
    """File name → text of rules that can be applied as they are."""
    return {
        "clinic.yaml": _clinic(start),
        "people.yaml": _people(start),
        "oncall.yaml": ON_CALL,
        "scenarios.yaml": _scenarios(start),
    }


def _clinic(start: Start) -> str:
    languages = ", ".join(f"{code}: {NAMES[code]}" for code in start.languages)
    address = _quoted(f"{start.street}, {start.city}, {start.state} {start.postal_code}")
    return f"""\
# {start.name}.   clinicpbx rules check · clinicpbx rules explain --dial {start.number} · clinicpbx rules test
# Every key: clinicpbx rules reference. For editors: clinicpbx rules schema > clinic.schema.json
# yaml-language-server: $schema=clinic.schema.json

templates: {start.template}               # what callers go through; see it: clinicpbx rules map
include: [people.yaml, oncall.yaml, scenarios.yaml]

clinic: {{name: {_quoted(start.name)}}}
languages: {{{languages}}}
sites:
  main: {{timezone: {start.timezone}, address: {address}}}

hours:
  clinic:
    open: {{mon-fri: 08:00-17:00}}
    lunch: {{mon-fri: 12:00-13:00}}
    holidays: {{country: {start.country}}}

dids:
  "{start.number}": {{name: Main line, flow: main, fallback: {{queue: frontdesk, mailbox: frontdesk, hours: clinic}}}}

trunks:
  carrier: {{host: {start.carrier}}}
outbound: {{caller_id: "{start.number}"}}

emergency: {{notify: [201]}}          # who in the house is told of a 911 call
locations:                          # where help is sent: the place of each phone, down to floor and room
  reception:
    elin: "{start.number}"
    address: {{street: {_quoted(start.street)}, city: {_quoted(start.city)}, state: {start.state}, \
postal_code: "{start.postal_code}", country: {start.country}, floor: "1", room: Reception}}
{_words(start)}"""


def _words(start: Start) -> str:
    """The question for the language, where there are several, and what only the clinic can say."""
    place = {"street": start.street, "city": start.city}
    about = "".join(f"    {code}: {ABOUT[code].format(**place)}\n" for code in start.languages)
    told = "".join(f"    {code}: {ALERT[code]}\n" for code in start.languages)
    spoken = f"  about-us:\n{about}  red-flag-alert:\n{told}"
    flag = """\
      red-flag: {alert: {phones: [201, 202], prompt: red-flag-alert}, then: emergency}
      emergency: {play: emergency-words, then: urgent}
"""
    if len(start.languages) < 2:
        return f"\n{FLOWS}    steps:\n{flag}\nprompts:\n{spoken}"
    asked = "".join(f"    {code}: {CHOOSE[code].format(key)}\n" for key, code in enumerate(start.languages, 1))
    keys = ", ".join(f"{key}: {code}" for key, code in enumerate(start.languages, 1))
    return f"""
{FLOWS}    start: language
    steps:
      language: {{language: {{prompt: choose-language, keys: {{{keys}}}}}, then: hours}}
{flag}
prompts:
  choose-language:
{asked}{spoken}"""


def _people(start: Start) -> str:
    return """\
# Phones and who works at them; many of them: clinicpbx rules import-csv people.csv --to people.yaml

phones:
  201: {name: Front desk 1, location: reception, mailbox: frontdesk, lamps: [frontdesk, refills]}
  202: {name: Front desk 2, location: reception, mailbox: frontdesk}
  203: {name: Nurse station, location: reception, mailbox: nurse, lamps: [nurse, refills]}

agents:
  front1: {name: Front desk 1, phone: 201, queues: [frontdesk]}
  front2: {name: Front desk 2, phone: 202, queues: [frontdesk]}
  nurse1: {name: Nurse 1, phone: 203, queues: [nurse], licences: [rn]}
"""


ON_CALL = """\
# Who is on call. Whoever picks up takes the call with a key.   clinicpbx oncall calendar on-call

providers:                          # with mobile: "+1…" it is the mobile phone that rings
  oncall1: {name: First on call, phone: 203}
  oncall2: {name: Second on call, phone: 202}

rotas:
  on-call: {shifts: [{days: mon-sun, from: "08:00", to: "08:00", who: oncall1, backup: oncall2}]}
"""


def _scenarios(start: Start) -> str:
    press = "1, " if len(start.languages) > 1 else ""
    return f"""\
# Calls that must always go where they go now; rules that break one are not applied.   clinicpbx rules test

scenarios:
  A red flag rings the nurses at once, by day and by night:
    dial: "{start.number}"
    at: 2027-03-03 02:00
    press: [{press}1]
    expect: {{queue: nurse, rings: nurse1, hears: [emergency-words], menus: 1}}

  A silent caller by day reaches the front desk:
    dial: "{start.number}"
    at: 2027-03-03 10:00
    expect: {{queue: frontdesk, outcome: answered}}

  By night, who asks for it reaches whoever is on call:
    dial: "{start.number}"
    at: 2027-03-03 02:00
    press: [{press}0]
    expect: {{rings: oncall1, outcome: answered, menus: 1}}

  Nobody is there, and the front desk gets the message:
    dial: "{start.number}"
    at: 2027-03-03 10:00
    press: [{press}2]
    agents: none
    expect: {{mailbox: frontdesk, outcome: voicemail}}
"""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
