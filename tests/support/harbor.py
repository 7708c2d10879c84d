"""Harbor Family Clinic on a bed of its own: Asterisk, daemon, listener, its phones and its patients."""

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.core.callflow.phrases import PHRASES
from clinicpbx.demo.phones import Phone, Phones, PhoneTrouble
from tests.support.bed import Bed, eventually, running_bed
from tests.support.clinic_bed import Clinic
from tests.support.tones import Tones

RULES = (Path(__file__).parents[2] / "examples" / "harbor" / "clinic.yaml").read_text()
MAIN, NURSES = "+12075550100", "+12075550101"
VOICES = ("ana", "ben", "carla", "dora", "eli", "manager", "patient")
LANGUAGES = ("en", "es", "fr")
PROMPTS = tuple(re.findall(r"^  ([a-z-]+):$", RULES.partition("\nprompts:")[2], re.M))
AT_WORK = ("free", "offered", "talking")
ROUND_THE_CLOCK = "mon-sun: 00:00-24:00"


def hours(text: str, state: str) -> str:
    """The rules *text*, in which the clinic is open, at lunch or closed all day today."""
    today = datetime.now(UTC).date()
    days = f"from: {today - timedelta(days=1)}, to: {today + timedelta(days=1)}"
    if state == "lunch":
        text = text.replace("mon-fri: 12:00-13:00", ROUND_THE_CLOCK).replace("mon-fri: 08:00-17:00", ROUND_THE_CLOCK)
        text = text.replace("      sat: 09:00-12:00\n", "")
        return re.sub(r"^    (holidays: .*|exceptions:)\n(      - .*\n)*", "", text, flags=re.M)
    how = "open: 00:00-24:00" if state == "open" else "closed: true"
    exception = f"    exceptions:\n      - {{{days}, {how}, reason: a test}}\n"
    return re.sub(r"^    exceptions:\n(      - .*\n)*", exception, text, flags=re.M)


class Harbor(Clinic):
    """The clinic; its rules are those of the example, but for the trunk's address and the hours."""

    def __init__(self, bed: Bed, sounds: Path) -> None:
        self.bed, self.instance, self.trunk = bed, bed.instance, bed.address()
        self.sounds = sounds  # what the phones record: none of it belongs to the instance
        prompts = [(language, name) for language in LANGUAGES for name in (*PHRASES, *PROMPTS)]
        self.tones = Tones([*prompts, *(("voice", name) for name in VOICES)])
        self._port = 5060
        self._seen: tuple[float, dict[str, dict[str, Any]]] = (0.0, {})
        make_root_key(bed.instance)
        sounds.mkdir()
        self.tones.record(bed.instance.rules / "prompts", *LANGUAGES)
        self.tones.record(sounds, "voice")
        self.in_force(RULES)
        self.bed.run("listener")
        self.start_daemon()

    def in_force(self, text: str, state: str = "open") -> str:
        """Bring the rules *text* into force with the hours' *state*: open, lunch or closed. The new version."""
        text = text.replace("host: 127.0.0.2", f"host: {self.trunk}").replace("patience: 6s", "patience: 2s")
        text = re.sub(r"wrap_up: \d+s", "wrap_up: 1s", text)
        self.bed.apply(hours(text, state))
        return self.instance.current.resolve().name

    def password(self, extension: str) -> str:
        return str(json.loads((self.instance.keys / "phones.json").read_text())[extension])

    async def staff(self, phones: Phones, *agents: str, **more: Any) -> dict[str, Phone]:
        """The phones of *agents*, registered, the agents logged in; by agent."""
        extensions = {name: str(agent["phone"]) for name, agent in self._agents().items() if name in agents}
        found = await asyncio.gather(*(self.desk(phones, extension, **more) for extension in extensions.values()))
        for name in extensions:
            self.ask("agent.login", agent=name)
        for name in extensions:
            await eventually(lambda name=name: self.agent(name) in AT_WORK)  # type: ignore[misc]
        return dict(zip(extensions, found, strict=True))

    @asynccontextmanager
    async def at_work(self, phones: Phones, *agents: str, after: float = 0.1) -> AsyncIterator[dict[str, Phone]]:
        """*agents* at their phones, who answer *after* seconds and speak with their own voices."""
        staff = await self.staff(phones, *agents, auto_answer={"after": after})
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.speaks(phone, name)) for name, phone in staff.items()]
            yield staff
            for task in tasks:
                task.cancel()

    async def speaks(self, phone: Phone, voice: str) -> None:
        """Speak with *voice* in every call of *phone* from now on."""
        while True:
            with suppress(PhoneTrouble):
                call = (await phone.expect("connected", 60))["call"]
                await phone.play(self.sounds / "voice" / f"{voice}.wav", loop=True, call=call)

    async def patient(self, phones: Phones, number: str) -> "Patient":
        """A patient's phone at the carrier, which shows *number*."""
        self._port += 2
        return Patient(self, await phones.phone(f"patient-{number}-{self._port}", self.trunk, self._port), number)

    def call_of(self, number: str) -> dict[str, Any]:
        """What the daemon says of the call of that number; empty where there is none."""
        now = time.monotonic()
        if now - self._seen[0] > 0.04:  # many patients ask at once
            rows = (line.split("!") for line in self.bed.rx("core show channels concise").splitlines())
            numbers = {row[-1]: row[7] for row in rows if len(row) > 12}
            self._seen = now, {numbers.get(call["call"], ""): call for call in self.ask("calls")}
        return self._seen[1].get(number, {})

    def talking_to(self, number: str) -> str:
        """The agent who talks with the caller of that number; "" where nobody does."""
        call = self.call_of(number).get("call")
        rows = self._agents().items() if call else ()
        return next((name for name, row in rows if row["call"] == call and row["state"] == "talking"), "")

    async def record(self, number: str, within: float = 20) -> "Record":
        """The one record of the caller with that number, once the listener has read all that the daemon wrote of it."""
        await eventually(lambda: not self.call_of(number), within)
        await asyncio.sleep(0.1)  # the daemon commits at the end of its turn
        written = self._written()
        found = await eventually(lambda: self._moved(written) and self.records(number), within)
        assert len(found) == 1, found
        return found[0]

    def settled(self) -> bool:
        """Whether all that the daemon wrote so far is in the records."""
        return self._moved(self._written())

    def _written(self) -> int:
        with closing(sqlite3.connect(self.instance.journal, timeout=10)) as journal:
            return int(journal.execute("SELECT coalesce(max(id), 0) FROM fact").fetchone()[0])

    def _moved(self, written: int) -> bool:
        """Whether the facts up to *written* are in the main database, and no record waits to be made anew."""
        with closing(sqlite3.connect(self.instance.database, timeout=10)) as db:
            moved = db.execute("SELECT coalesce(max(rowid), 0) FROM fact").fetchone()[0]
            return bool(moved >= written and not db.execute("SELECT count(*) FROM pending").fetchone()[0])

    def records(self, number: str = "") -> "list[Record]":
        """The records of the caller with that number, or all, oldest first."""
        with closing(sqlite3.connect(self.instance.database, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            wanted = db.execute(
                "SELECT * FROM interaction WHERE ? IN ('', number, number_raw) ORDER BY started", (number,)
            )
            return [self._with_parts(db, dict(row)) for row in wanted]

    def _with_parts(self, db: sqlite3.Connection, row: "Record") -> "Record":
        for table in ("queue_entry", "offer"):
            parts = db.execute(f"SELECT * FROM {table} WHERE call = ? ORDER BY n", (row["call"],))
            row[table] = [dict(part) for part in parts]
        row["menu_path"], row["transfers"] = json.loads(row["menu_path"]), json.loads(row["transfers"])
        return row

    def _agents(self) -> dict[str, dict[str, Any]]:
        return {row["agent"]: row for row in self.ask("agents")}

    async def home_time(self) -> None:
        """No call is left, nobody is logged in or paused."""
        await self.empty()
        for name in self._agents():
            self.ask("agent.unpause", agent=name)
            self.ask("agent.logout", agent=name)


Record = dict[str, Any]


class Patient:
    """A caller from outside; what they heard is recorded by their own phone."""

    def __init__(self, harbor: Harbor, phone: Phone, number: str) -> None:
        self.harbor, self.phone, self.number = harbor, phone, number
        self.recording = harbor.sounds / f"{phone.name}.wav"

    async def call(self, line: str = MAIN, sender: str = "") -> None:
        """Call *line* and be in; *sender* is a whole From other than the plain number."""
        sender = sender or f"<sip:{self.number}@{self.harbor.trunk}>"
        await self.phone.call(f"sip:{line}@{self.harbor.bed.sip}", sender=sender)
        await self.phone.record(self.recording)
        await self.phone.expect("connected", 15)

    async def at(self, *steps: str, within: float = 20) -> None:
        """Until the call is in one of *steps*."""
        await eventually(lambda: self.harbor.call_of(self.number).get("step") in steps, within)

    async def talks(self, seconds: float = 1.0, within: float = 30) -> str:
        """Until an agent has talked for *seconds*; the agent."""
        try:
            agent = await eventually(lambda: self.harbor.talking_to(self.number), within)
        except AssertionError:
            state = self.harbor.call_of(self.number), list(self.harbor._agents().values())
            raise AssertionError(f"{self.number} talks to nobody: {state}") from None
        await asyncio.sleep(seconds)
        return agent

    async def choose(self, *keys: str) -> None:
        """English, or the language of the first key, then the main menu's key."""
        for steps, key in zip((("language",), ("menu", "closed", "lunch")), keys, strict=False):
            await self.at(*steps)
            await asyncio.sleep(0.4)  # to hear what is asked
            await self.phone.dtmf(key)

    async def speak(self, seconds: float = 1.5) -> None:
        """Once the clinic records, speak for *seconds*."""
        await eventually(self._recorded, 15)
        await self.phone.play(self.harbor.sounds / "voice" / "patient.wav", loop=True)
        await asyncio.sleep(seconds)

    def _recorded(self) -> bool:
        call = self.harbor.call_of(self.number).get("call", "none")
        return any(path.name.startswith(call) for path in self.harbor.instance.recordings.glob("*.ulaw"))

    async def leave(self) -> "Record":
        """Hang up; the record."""
        await self.phone.hangup()
        return await self.gone()

    async def gone(self, within: float = 30) -> "Record":
        """Until the clinic or the patient has hung up; the record."""
        await self.phone.expect("recorded", within)
        return await self.harbor.record(self.number)

    def heard(self) -> list[str]:
        """The prompts that were heard, `language/name`, in order; after `gone` or `leave`."""
        return self.harbor.tones.heard(self.recording)


@contextmanager
def running_harbor(folder: Path) -> Iterator[Harbor]:
    """The clinic, open, in the new *folder*; everything has ended when it is left."""
    with running_bed(folder / "home", "info") as bed:
        yield Harbor(bed, folder / "heard")
