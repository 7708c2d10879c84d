"""A small clinic on the bed: rules in force, dialplan rendered from them, callers and phones."""

import asyncio
import json
import re
import shutil
import sqlite3
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from websockets.sync.client import unix_connect

from clinicpbx.adapters.asterisk.install import RELOADS
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.demo.phones import Phone, Phones
from clinicpbx.rules.compile import read_rules
from clinicpbx.rules.render import Place, render
from tests.support.bed import Bed, Program, eventually
from tests.support.sound import tone

DID = "+12075550100"
PASSWORD = "a-password-of-a-test"
TEMPLATES = Path(__file__).parents[2] / "dialplan_templates"

RULES = """\
clinic: {{name: Test Clinic}}
languages: {{en: English}}
sites: {{main: {{timezone: UTC}}}}
locations:
  desk: {{elin: "+12075550199", address: {{street: 1 Main St, city: Portland, state: ME, postal_code: "04101"}}}}
trunks: {{line: {{host: {trunk}}}}}
phones:
  "201": {{name: Desk one, location: desk, mailbox: desk}}
  "202": {{name: Desk two, location: desk}}
  "203": {{name: At home, location: desk, secure: true}}
dids:
  "{did}": {{name: Main line, flow: main, fallback: {{queue: desk, mailbox: desk}}}}
mailboxes: {{desk: {{title: Front desk}}}}
outbound: {{caller_id: "{did}"}}
queues: {{desk: {{ring: 5s, wrap_up: 0s}}}}
agents:
  ana: {{name: Ana, phone: "201", queues: [desk]}}
  ben: {{name: Ben, phone: "202", queues: [desk]}}
prompts:
  menu: {{en: Press one}}
  about: {{en: About us}}
flows:
  main:
    steps:
      pick_up: {{answer: , then: menu}}
      menu:
        menu: {{prompt: menu, patience: 20s}}
        next: {{"1": desk, "2": message, "3": about, "0": desk, timeout: desk, invalid: desk}}
      about: {{play: about, then: menu}}
      desk: {{enqueue: {{queue: desk, limit: 60s}}, next: {{overflow: message, unstaffed: message}}}}
      message: {{voicemail: {{mailbox: desk, confirm_number: false}}, next: {{done: bye, empty: bye}}}}
      bye: {{hangup: }}
"""


async def press(phone: Phone, keys: str) -> None:
    """Press *keys* once the audio, which carries them (RFC 4733), has found its way: no event tells when."""
    await asyncio.sleep(0.3)
    await phone.dtmf(keys)


class Clinic:
    """The bed with rules in force; the daemon is started and ended by the tests."""

    def __init__(self, bed: Bed, text: str = RULES) -> None:
        self.bed = bed
        self.instance = bed.instance
        self.trunk = bed.address()
        for folder in bed.instance.versions.glob("[0-9]*"):  # of an earlier clinic on this bed
            shutil.rmtree(folder)
        if not (bed.instance.keys / "root.key").exists():
            make_root_key(bed.instance)
        self.put_in_force("000001", text.format(trunk=self.trunk, did=DID))
        lasting = {"menu": 0.6, "about": 2.0, "voicemail-greeting": 0.6, "message-kept": 0.6}
        for number, (name, seconds) in enumerate(lasting.items()):
            path = self.instance.prompts / "en" / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            tone(path, 300 + 100 * number, seconds)

    def put_in_force(self, version: str, text: str) -> None:
        """Write *text* as the rules of *version*, render it, and have Asterisk read it."""
        folder = self.instance.versions / version
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        clinic = folder / "rules" / "clinic.yaml"
        clinic.write_text(text)
        today = datetime.now(UTC).date()
        rules = read_rules(clinic, today, version, in_force=True)  # as the daemon reads rules in force
        place = Place(self.instance.home, version, today, dict.fromkeys(rules.document.phones, PASSWORD))
        for name, content in render(rules, place, FileSystemLoader(TEMPLATES)).items():
            (self.instance.generated / name).write_text(self.adapted(name, content))
        self.instance.current.unlink(missing_ok=True)
        self.instance.current.symlink_to(version)
        for command in dict.fromkeys(RELOADS.values()):
            self.bed.rx(command)

    def adapted(self, name: str, content: str) -> str:
        """A rendered file as this clinic wants it."""
        return content

    def start_daemon(self) -> Program:
        """A new daemon process; a journal of an earlier test is not kept. The vault process is there with it."""
        self.start_vault()
        return self.bed.run("daemon")

    def start_vault(self) -> Program:
        """The vault process, where it does not run yet; it is there when this returns."""
        before = self.bed.programs.get("vault")
        return before if before is not None and before.alive else self.bed.run_vault()

    async def ready(self, within: float = 10) -> None:
        await eventually(self.is_ready, within)

    def is_ready(self) -> bool:
        address = f"http://{self.bed.settings.bind}:{self.bed.settings.http_port}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def ask(self, do: str, **more: Any) -> Any:
        """A verb of the control socket; AssertionError with its mistake."""
        with unix_connect(str(self.instance.control), "ws://daemon/", compression=None) as socket:
            socket.send(json.dumps({"do": do, **more}))
            answer = json.loads(socket.recv(timeout=5))
        assert "ok" in answer, answer
        return answer["ok"]

    def steps(self) -> list[str]:
        """The steps of the calls in progress, oldest first."""
        return [call["step"] for call in self.ask("calls")]

    def agent(self, name: str) -> str:
        """The agent's state in one word."""
        return next(str(row["state"]) for row in self.ask("agents") if row["agent"] == name)

    async def caller(self, phones: Phones, name: str = "caller") -> Phone:
        """A patient's phone at the trunk's address."""
        return await phones.phone(name, self.trunk, 5060)

    async def desk(self, phones: Phones, extension: str, **more: Any) -> Phone:
        """A registered desk phone."""
        register = {"user": f"phone-{extension}", "password": self.password(extension), "server": self.bed.sip}
        if more.get("secure"):
            register["server"] = self.bed.sips
        register |= {"subscribe_mwi": more.pop("lamp", False)}
        return await phones.phone(f"desk-{extension}", self.bed.address(), register=register, **more)

    def password(self, extension: str) -> str:
        """What the phone of *extension* registers with."""
        return PASSWORD

    @property
    def number(self) -> str:
        return f"sip:{DID}@{self.bed.sip}"

    def records(self, since: datetime) -> list[dict[str, Any]]:
        """The records, oldest first, of the calls that began after *since*; none while there is no database."""
        if not self.instance.database.exists():
            return []
        with closing(sqlite3.connect(self.instance.database, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'interaction'").fetchone():
                return []
            wanted = "SELECT * FROM interaction WHERE started > ? ORDER BY started"
            return [dict(row) for row in database.execute(wanted, (since.isoformat(sep=" ")[:26],))]

    async def recorded(self, since: datetime, calls: int, within: float = 30) -> list[dict[str, Any]]:
        """The records of these calls, once there are so many; AssertionError where there are more a moment later."""
        await eventually(lambda: len(self.records(since)) >= calls, within)
        await asyncio.sleep(1.5)
        found = self.records(since)
        assert len(found) == calls, Counter(row["outcome"] for row in found)
        return found

    def channels(self) -> int:
        return int(self.bed.rx("core show channels count").split()[0])

    def in_context(self, context: str) -> int:
        """How many channels are in *context* now."""
        lines = self.bed.rx("core show channels concise").splitlines()
        return sum(line.split("!")[1] == context for line in lines if line.count("!") > 3)

    def bridged(self) -> bool:
        """Is anybody connected with anybody?"""
        return bool(re.search(r"\s2\s+basic", self.bed.rx("bridge show all")))

    async def talk(self) -> None:
        """Two are connected, long enough to have talked with each other."""
        await eventually(lambda: self.bridged(), 5)
        await asyncio.sleep(0.3)

    async def empty(self) -> None:
        """No call is left."""
        self.bed.rx("channel request hangup all")
        await eventually(lambda: self.channels() == 0, 10)


class AppliedClinic(Clinic):
    """A clinic whose rules the command applied: its phones have the passwords that it made."""

    def password(self, extension: str) -> str:
        return str(json.loads((self.instance.keys / "phones.json").read_text())[extension])


@contextmanager
def clinic(bed: Bed) -> Iterator[Clinic]:
    """The clinic; its programs are ended afterwards."""
    with ended(bed):
        yield Clinic(bed)


@contextmanager
def ended(bed: Bed) -> Iterator[None]:
    """Every program but Asterisk is ended afterwards."""
    try:
        yield
    finally:
        for name in [name for name in bed.programs if name != "asterisk"]:
            bed.programs.pop(name).stop()
