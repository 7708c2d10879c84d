"""Many calls at once: ten desks and as many callers as wanted, all of them sipp, with sound in both directions."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from tests.support.bed import Bed, Program, eventually
from tests.support.clinic_bed import DID, Clinic, ended
from tests.support.wire import sounds

DESKS = tuple(str(1001 + n) for n in range(10))
SCENARIOS = Path(__file__).parent / "sipp"
CALLER, DESK = 0x11, 0x33  # the byte of which the sound of each is made

PHONES = "\n".join(f'  "{desk}": {{{{name: Desk {desk}, location: desk}}}}' for desk in DESKS)
AGENTS = "\n".join(f'  a{desk}: {{{{name: A {desk}, phone: "{desk}", queues: [desk]}}}}' for desk in DESKS)
RULES = f"""\
clinic: {{{{name: Crowd}}}}
languages: {{{{en: English}}}}
sites: {{{{main: {{{{timezone: UTC}}}}}}}}
locations:
  desk: {{{{elin: "+12075550199", address: {{{{street: 1 Main, city: Portland, state: ME, postal_code: "04101"}}}}}}}}
trunks: {{{{line: {{{{host: {{trunk}}, channels: 100}}}}}}}}
phones:
{PHONES}
dids:
  "{{did}}": {{{{name: Main line, flow: main, fallback: {{{{queue: desk, mailbox: desk}}}}}}}}
mailboxes: {{{{desk: {{{{title: Front desk}}}}}}}}
outbound: {{{{caller_id: "{{did}}"}}}}
queues: {{{{desk: {{{{ring: 20s, wrap_up: 0s}}}}}}}}
agents:
{AGENTS}
flows:
  main:
    steps:
      pick_up: {{{{answer: , then: desk}}}}
      desk: {{{{enqueue: {{{{queue: desk, limit: 5m}}}}, next: {{{{overflow: bye, unstaffed: bye}}}}}}}}
      bye: {{{{hangup: }}}}
"""


def at_fixed_addresses(pjsip: str, desks: str) -> str:
    """Desks that are always at the address *desks* and never register; sipp is asked nothing in or out of its calls."""
    pjsip = re.sub(r"qualify_frequency = \d+", "qualify_frequency = 0", pjsip)
    pjsip = pjsip.replace("context = cpbx-from-trunk\n", "context = cpbx-from-trunk\nsend_connected_line = no\n")
    where = rf"\1contact = sip:\2@{desks}:5060\n"
    return re.sub(r"(\[phone-(\d+)\]\ntype = aor\n)", where, pjsip)


class Crowd(Clinic):
    """The clinic with ten desks that answer at once; whoever talks does so until a test hangs up."""

    def __init__(self, bed: Bed) -> None:
        self.desks = bed.address()
        super().__init__(bed, RULES)
        self._sipp("desk", self.desks, 5060, DESK)

    def adapted(self, name: str, content: str) -> str:
        return at_fixed_addresses(content, self.desks) if name == "pjsip.conf" else content

    def callers(self, calls: int) -> Program:
        """So many callers, a moment apart, who wait and talk until they are hung up on."""
        port = 5060 + len(self.bed.programs)
        return self._sipp("caller", self.trunk, port, CALLER, self.bed.sip, "-s", DID, "-m", str(calls), "-r", "10")

    async def staffed(self) -> None:
        """Every agent is logged in and free."""
        await self.ready()
        for row in self.ask("agents"):
            if not row["logged_in"]:
                self.ask("agent.login", agent=row["agent"])
        await eventually(lambda: self.agents("free") == len(DESKS), 10)

    def agents(self, state: str) -> int:
        return sum(row["state"] == state for row in self.ask("agents"))

    def talks(self, desk: str) -> str:
        """The call that the agent at *desk* talks to, or is offered."""
        return next(str(row.get("call")) for row in self.ask("agents") if row["phone"] == desk)

    def waiting(self) -> int:
        return int(self.ask("queues")[0]["waiting"])

    async def all_hear(self, talks: int, within: float = 10) -> None:
        """So many callers hear a desk, and as many desks hear a caller; AssertionError after *within* seconds."""
        until = time.monotonic() + within
        while (heard := await asyncio.to_thread(self._heard, 0.3)) != {"callers": talks, "desks": talks}:
            assert time.monotonic() < until, f"of {talks} hear each other: {heard}"

    def _heard(self, seconds: float) -> Counter[str]:
        wanted = {self.trunk: ("callers", DESK), self.desks: ("desks", CALLER)}
        hearing: Counter[str] = Counter()
        for (address, *_), sound in sounds(seconds).items():
            who, byte = wanted.get(address, ("", 0))
            if who and sound[byte] > 5:
                hearing[who] += 1
        return hearing

    async def hang_up(self, desk: str) -> None:
        """The call on the phone of *desk* is over."""
        (channel,) = [each for each in self.channel_names() if each.startswith(f"PJSIP/phone-{desk}-")]
        self.bed.rx(f"channel request hangup {channel}")
        await eventually(lambda: channel not in self.channel_names())

    def channel_names(self) -> list[str]:
        return [line.split("!")[0] for line in self.bed.rx("core show channels concise").splitlines() if "!" in line]

    def _sipp(self, who: str, address: str, port: int, sound: int, *words: str) -> Program:
        log = self.bed.instance.log
        speech = log / f"{who}.ulaw"
        speech.write_bytes(bytes([sound]) * 8000)
        scenario = log / f"{who}.xml"
        scenario.write_text(Template((SCENARIOS / f"crowd_{who}.xml").read_text()).safe_substitute(sound=speech))
        name = f"{who}-{port}"
        command = ["sipp", *words, "-sf", str(scenario), "-i", address, "-mi", address, "-p", str(port), "-nostdin"]
        self.bed.programs[name] = program = Program(name, command, log / f"{name}.out")
        return program


@contextmanager
def crowd(bed: Bed) -> Iterator[Crowd]:
    """The crowd's clinic; its programs are ended afterwards."""
    with ended(bed):
        yield Crowd(bed)
