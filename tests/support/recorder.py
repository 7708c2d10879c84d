"""Pastes what a real Asterisk and a real daemon wrote about a situation into a table: see record_calls.py."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clinicpbx.adapters.vault.pins import Pins
from clinicpbx.core.records.assemble import assemble_all
from clinicpbx.core.records.grouping import groups, links
from clinicpbx.core.records.rows import cel_row
from clinicpbx.demo.phones import Phone, Phones
from clinicpbx.private import Private
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import DID, RULES, Clinic, press
from tests.support.record_tables import COLUMNS, Table, describe, read_table
from tests.support.sound import tone

FOLDER = Path(__file__).parents[1] / "scenario" / "records"
BAY, SHORT = "+12075550101", "+12075550102"
MOBILE, PIN = "+12075550161", "2846"
FLOWS = """\
  main:
    steps:
      pick_up: {answer: , then: menu}
      menu:
        menu: {prompt: menu, patience: 20s}
        next: {1: desk, 2: message, 3: nurse, 4: urgent-message, 5: chest-pain, 6: about, 7: doctor, 8: refill,
               timeout: desk, invalid: desk}
      desk:
        enqueue: {queue: desk, limit: 60s}
        next: {overflow: message, unstaffed: message, 1: again, 9: worse}
      worse: {enqueue: {queue: desk, priority: 9}, next: {overflow: message, unstaffed: message}}
      again: {callback: {queue: desk, again: 5s, tries: 2}, next: {done: bye, no_number: desk}}
      nurse: {enqueue: {queue: nurse, limit: 60s}, next: {overflow: message, unstaffed: message}}
      message: {voicemail: {mailbox: desk, confirm_number: false}, next: {done: bye, empty: bye}}
      urgent-message: {voicemail: {mailbox: desk, confirm_number: false, page: kids}, next: {done: bye, empty: bye}}
      chest-pain: {triage: {level: emergency, page: kids}, then: nurse}
      about: {play: about, then: bye}
      doctor: {on_call: {rota: kids, ring: 6s, rounds: 1}, next: {nobody: message, unreached: message}}
      refill: {request: refill, then: message}
      bye: {hangup: }
  bay:
    steps:
      language: {language: {prompt: menu, keys: {1: en, 2: es}, patience: 3s}, then: desk}
      desk: {enqueue: nurse, next: {overflow: message, unstaffed: message}}
      message: {voicemail: {mailbox: desk, confirm_number: false}, next: {done: bye, empty: bye}}
      bye: {hangup: }
  short:
    steps:
      pick_up: {answer: , then: desk}
      desk: {enqueue: {queue: desk, limit: 3s}, next: {overflow: nurse, unstaffed: nurse}}
      nurse: {enqueue: nurse, next: {overflow: bye, unstaffed: bye}}
      bye: {hangup: }
"""
CHANGES = {
    "languages: {{en: English}}": "languages: {{en: English, es: Español}}",
    "sites: {{main: {{timezone: UTC}}}}": "sites: {{main: {{timezone: UTC}}, bay: {{timezone: UTC}}}}",
    "trunks: {{line:": "trunks: {{mobiles: {{host: MOBILES}}, line:",
    '  "203": {{name: At home, location: desk, secure: true}}\n': (
        '  "203": {{name: Manager, location: desk, supervises: desk}}\n  "204": {{name: Nurses one, location: desk}}\n'
        '  "205": {{name: Nurses two, location: desk}}\n'
    ),
    'outbound: {{caller_id: "{did}"}}': (
        'outbound: {{caller_id: "{did}", routes: {{far: {{begins: "+1207555019", trunks: mobiles}}, '
        'patients: {{begins: "+1", trunks: line}}}}}}'
    ),
    "mailboxes: {{desk: {{": (
        f'  "{BAY}": {{{{name: Bay line, site: bay, flow: bay, fallback: {{{{mailbox: desk}}}}}}}}\n'
        f'  "{SHORT}": {{{{name: Short line, flow: short, fallback: {{{{mailbox: desk}}}}}}}}\n'
        'mailboxes: {{desk: {{number: "600", '
    ),
    "queues: {{desk: {{ring: 5s, wrap_up: 0s}}}}": (
        "queues: {{desk: {{ring: 5s, wrap_up: 2s, whisper: desk-call}}, "
        "nurse: {{ring: 5s, wrap_up: 2s, site: bay}}}}\n"
        'extensions: {{"300": {{queue: desk}}, "301": {{queue: nurse}}}}\n'
        "dispositions: {{1: resolved, 2: referred}}\n"
        "categories: {{refill: {{title: Refill, due: 8h}}}}"
    ),
    'ben: {{name: Ben, phone: "202", queues: [desk]}}\n': (
        'ben: {{name: Ben, phone: "202", queues: [desk]}}\n'
        '  dora: {{name: Dora, phone: "204", queues: [nurse], languages: [en, es]}}\n'
    ),
    "prompts:\n": "prompts:\n  desk-call: {{en: A call for the desk, es: Una llamada}}\n",
    "menu: {{en: Press one}}": "menu: {{en: Press one, es: Dos}}",
    "about: {{en: About us}}": "about: {{en: About us, es: Nosotros}}",
}
PEOPLE = f"""
providers:
  chen: {{{{name: Dr Chen, mobile: "{MOBILE}", languages: en}}}}
  egan: {{{{name: Dr Egan, phone: "205"}}}}
rotas:
  kids:
    shifts: [{{{{days: mon-sun, from: "00:00", to: "00:00", who: chen, backup: egan}}}}]
    page: {{{{ring: 6s, rounds: 1, pause: 2s, again: 10m}}}}
"""


def rules(mobiles: str) -> str:
    """The small clinic with a second site, nurses, somebody on call, and an outcome for everything."""
    text = RULES[: RULES.index("  main:\n    steps:")]
    for old, new in CHANGES.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.replace("MOBILES", mobiles) + FLOWS.replace("{", "{{").replace("}", "}}") + PEOPLE


TIDIED = "end of the situation"
"""What the recorder closes itself; no table has it."""
Act = Callable[["Stage", Phones], Awaitable[None]]


@dataclass(frozen=True)
class Situation:
    """*names*: of the tables of its calls, in their order; further calls are not pasted."""

    names: tuple[str, ...]
    act: Act


SITUATIONS: list[Situation] = []


def situation(*names: str) -> Callable[[Act], Act]:
    def keep(act: Act) -> Act:
        SITUATIONS.append(Situation(names, act))
        return act

    return keep


class Stage(Clinic):
    """The clinic; its phones are made anew for each situation."""

    def __init__(self, bed: Bed) -> None:
        self.mobiles = bed.address()
        super().__init__(bed, rules(self.mobiles))
        for number, name in enumerate(("menu", "about", "wait-callback", "called-back", "call-accept")):
            tone(self.instance.prompts / "en" / f"{name}.wav", 400 + 60 * number, 0.4)
        tone(self.instance.prompts / "en" / "desk-call.wav", 1300, 0.3)
        Pins(bed.instance).set_pins({"person-chen": Private(PIN)})
        self._number = 140
        self.start_daemon()

    def patient_number(self) -> str:
        """Another patient's each time."""
        self._number += 1
        return f"+12075550{self._number % 1000:03d}"

    async def calls(self, phones: Phones, *keys: str, line: str = DID, number: str = "") -> Phone:
        """A patient who calls *line* and presses *keys*."""
        number = number or self.patient_number()
        phone = await phones.phone(f"patient-{number[1:]}", self.trunk, 5060)
        await self.again(phone, *keys, line=line, number=number)
        return phone

    async def mobile(self, phones: Phones, **more: Any) -> Phone:
        """A phone far away, which its carrier says that it can reach."""
        phone = await phones.phone("mobile", self.mobiles, 5060, **more)
        await eventually(self._reachable, 30)
        return phone

    def _reachable(self) -> bool:
        self.bed.rx("pjsip qualify trunk-mobiles")
        lines = self.bed.rx("pjsip show contacts").splitlines()
        return any("trunk-mobiles" in line and " Avail" in line for line in lines)

    async def again(self, phone: Phone, *keys: str, line: str = DID, number: str) -> None:
        await phone.call(f"sip:{line}@{self.bed.sip}", sender=f"<sip:{number}@{self.trunk}>")
        await phone.expect("connected", 10)
        for key in keys:
            await press(phone, key)

    async def works(self, phones: Phones, *agents: str, after: float = 0.2) -> list[Phone]:
        """The phones of *agents*, who are logged in and pick up after so many seconds; 0: not by themselves."""
        where = {row["agent"]: row["phone"] for row in self.ask("agents")}
        how = {"auto_answer": {"after": after}} if after else {}
        found = [await self.desk(phones, where[name], **how) for name in agents]
        for name in agents:
            self.ask("agent.login", agent=name)
            await eventually(lambda name=name: self.agent(name) == "free")  # type: ignore[misc]
        return found

    async def talking(self, agent: str, seconds: float = 1.0) -> None:
        await eventually(lambda: self.agent(agent) == "talking" and self.bridged(), 15)
        await asyncio.sleep(seconds)

    async def step(self, name: str) -> None:
        await eventually(lambda: name in self.steps(), 15)

    async def dials(self, phone: Phone, number: str) -> str:
        return await phone.call(f"sip:{number}@{self.bed.sip}")

    async def killed(self, after: float = 0.0) -> None:
        """The daemon is killed, and comes back *after* so many seconds."""
        self.bed.programs["daemon"].kill()
        await asyncio.sleep(after)
        self.start_daemon()
        await self.ready(15)

    async def home_time(self) -> None:
        """No call is left, nothing is waited for, nobody is logged in, and all of it is written."""
        await self.empty()
        await eventually(lambda: not self.ask("calls"), 10)
        await eventually(lambda: all(row["state"] != "wrap-up" for row in self.ask("agents")), 10)
        for row in self.ask("callbacks"):
            self.ask("callback.close", callback=row["callback"], outcome=TIDIED)
        for row in self.ask("oncall.pages"):
            self.ask("oncall.close", page=row["page"], who="desk", outcome=TIDIED)
        for row in self.ask("agents"):
            self.ask("agent.unpause", agent=row["agent"])
            self.ask("agent.logout", agent=row["agent"])
        await asyncio.sleep(0.3)


@dataclass(frozen=True)
class Mark:
    """How far the spools were read."""

    cdr: int
    cel: int
    fact: int


def mark(stage: Stage) -> Mark:
    def last(path: Path, table: str, key: str) -> int:
        with closing(sqlite3.connect(path, timeout=10)) as database:
            return int(database.execute(f"SELECT coalesce(max({key}), 0) FROM {table}").fetchone()[0])

    instance = stage.instance
    return Mark(
        last(instance.cdr_spool, "cdr", "AcctId"),
        last(instance.cel_spool, "cel", "AcctId"),
        last(instance.journal, "fact", "id"),
    )


def _read(path: Path, table: str, key: str, after: int) -> list[dict[str, str]]:
    columns = COLUMNS[table]
    with closing(sqlite3.connect(path, timeout=10)) as database:
        wanted = f"SELECT {', '.join(f'{name!r}'.replace(chr(39), chr(34)) for name in columns)} FROM {table}"
        rows = database.execute(f"{wanted} WHERE {key} > ? ORDER BY {key}", (after,)).fetchall()
    return [{name: "" if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)} for row in rows]


def written(stage: Stage, since: Mark) -> list[Table]:
    """What was written since then, call by call."""
    instance = stage.instance
    cel = _read(instance.cel_spool, "cel", "AcctId", since.cel)
    cdr = _read(instance.cdr_spool, "cdr", "AcctId", since.cdr)
    facts = _read(instance.journal, "fact", "id", since.fact)
    ids = dict.fromkeys([row["linkedid"] for row in cel] + [row["linkedid"] for row in cdr])
    of = groups(ids, {pair for row in cel for pair in links(cel_row(row))})
    found = list(dict.fromkeys(of[one] for one in ids))
    return [
        Table(
            [row for row in cel if row["linkedid"] in group],
            [row for row in cdr if row["linkedid"] in group],
            [row for row in facts if row["call"] in group and TIDIED not in row["body"]],
        )
        for group in found
    ]


def paste(name: str, table: Table) -> None:
    """The table as a file, with the records that its rows give now: whoever adds it reads them."""
    lines = [f"# {name}: rows of a real call, Asterisk 22.10.1"]
    for section in COLUMNS:
        lines += [f"[{section}]", *(_line(row) for row in getattr(table, section))]
    if table.lost:
        lines += ["[lost]", *table.lost]
    file = FOLDER / f"{name.replace(' ', '_')}.txt"
    file.write_text("\n".join(lines) + "\n[record]\n")
    describe_anew(file)


def describe_anew(file: Path) -> None:
    """Writes the records that the rows of *file* give now."""
    lines = (line for record in assemble_all(read_table(file).group()) for line in describe(record))
    rows = file.read_text().partition("[record]\n")[0]
    file.write_text(f"{rows}[record]\n" + "".join(f"{line}\n" for line in lines))


def _line(row: dict[str, Any]) -> str:
    cells = (cell.replace("\n", "\\n").replace("\r", "\\r") for cell in row.values())
    return " | ".join(cells).rstrip()
