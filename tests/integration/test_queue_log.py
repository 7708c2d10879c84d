"""queue_log of our queues beside app_queue's own: the same calls through both, line by line, field by field.

What is meant to differ is in docs/asterisk-notes.md; the situations keep clear of it where they say so.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.ami.queue_log import GATHER
from clinicpbx.adapters.db.calls import rows
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.demo.phones import Phone, Phones
from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Period
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import RULES, Clinic, ended, press
from tests.support.queue_figures import copied, figures
from tests.support.record_database import make_database

pytestmark = pytest.mark.integration

NUMBER = "+12075559000"
OURS, THEIRS = "desk", "theirs"
QUEUES = """\
log_membername_as_agent = yes

[theirs]
strategy = linear
timeout = 5
retry = 1
ringinuse = no
wrapuptime = 0
autofill = yes
autopause = no
joinempty = yes
leavewhenempty = unavailable,invalid,unknown
context = keys-of-theirs
"""
DIALPLAN = """\
[cpbx-from-trunk-custom]
exten => +12075550190,1,Answer()
 same => n,Queue(theirs,,,,60)
 same => n,Hangup()
exten => +12075550191,1,Answer()
 same => n,Queue(theirs,,,,5)
 same => n,Hangup()

[keys-of-theirs]
exten => 9,1,Hangup()

[cpbx-phones-custom]
exten => *1,1,AddQueueMember(theirs,PJSIP/phone-${CPBX_PHONE},,,${IF($[${CPBX_PHONE}=201]?ana:ben)})
 same => n,Hangup()
exten => *2,1,RemoveQueueMember(theirs,PJSIP/phone-${CPBX_PHONE})
 same => n,Hangup()
exten => *3,1,PauseQueueMember(,PJSIP/phone-${CPBX_PHONE},,lunch)
 same => n,Hangup()
exten => *4,1,UnpauseQueueMember(,PJSIP/phone-${CPBX_PHONE})
 same => n,Hangup()
"""
CHANGES = {
    "queues: {{desk: {{ring: 5s, wrap_up: 0s}}}}": "queues: {{desk: {{ring: 5s, wrap_up: 0s, strategy: linear}}}}\n"
    'extensions: {{"300": {{queue: desk}}}}\n'
    "pause_reasons: {{1: lunch}}",
    '"{did}": {{name: Main line, flow: main, fallback: {{queue: desk, mailbox: desk}}}}': '"{did}": {{name: Main line, '
    "flow: main, fallback: {{queue: desk, mailbox: desk}}}}\n"
    '  "+12075550101": {{name: Short, flow: short, fallback: {{queue: desk, mailbox: desk}}}}',
}
FLOWS = """\
  main:
    steps:
      pick_up: {{answer: , then: desk}}
      desk: {{enqueue: {{queue: desk, limit: 60s}}, next: {{overflow: bye, unstaffed: bye, 9: bye}}}}
      bye: {{hangup: }}
  short:
    steps:
      pick_up: {{answer: , then: desk}}
      desk: {{enqueue: {{queue: desk, limit: 5s}}, next: {{overflow: bye, unstaffed: bye}}}}
      bye: {{hangup: }}
"""


@dataclass(frozen=True)
class Side:
    """One of the two kinds of queue: its numbers, and the codes its agents dial."""

    queue: str
    line: str
    short: str
    log_in: str
    log_out: str
    pause: str
    unpause: str


SIDES = (
    Side(OURS, "+12075550100", "+12075550101", "*45", "*45", "*461", "*461"),
    Side(THEIRS, "+12075550190", "+12075550191", "*1", "*2", "*3", "*4"),
)


class Floor:
    """The clinic with one caller and two agents, whose phones answer when they are told to."""

    def __init__(self, house: Clinic, side: Side, phones: list[Phone]) -> None:
        self.house, self.side = house, side
        self.ana, self.ben, self.caller, self.other = phones
        self.log = house.bed.instance.asterisk / "log" / "queue_log"

    async def dial(self, code: str, phone: Phone | None = None) -> None:
        """An agent dials *code*, and hears it out."""
        phone = phone or self.ana
        await phone.call(f"sip:{code}@{self.house.bed.sip}")
        await phone.expect("disconnected", 10)

    async def call(self, line: str = "", caller: Phone | None = None) -> Phone:
        caller = caller or self.caller
        to = f"sip:{line or self.side.line}@{self.house.bed.sip}"
        await caller.call(to, sender=f"<sip:{NUMBER}@{self.house.trunk}>")
        await caller.expect("connected")
        return caller

    async def talk(self, agent: Phone | None = None, rung: float = 1.2) -> str:
        """The agent's phone rings, and answers after a while; its call."""
        agent = agent or self.ana
        call = str((await agent.expect("incoming", 10))["call"])
        await asyncio.sleep(rung)
        await agent.answer()
        await agent.expect("connected")
        return call

    async def hang_up(self, phone: Phone) -> None:
        """After two seconds more."""
        await asyncio.sleep(2)
        await phone.hangup()

    async def at_work(self, there: bool) -> None:
        """Ana logs in or out."""
        if self.side.queue == OURS:
            self.house.ask("agent.login" if there else "agent.logout", agent="ana")
            await eventually(lambda: self.house.agent("ana") == ("free" if there else "logged out"), 15)
            await asyncio.sleep(2 * GATHER)
        elif there:
            self.house.bed.rx("queue add member PJSIP/phone-201 to theirs penalty 0 as ana")
        else:
            self.house.bed.rx("queue remove member PJSIP/phone-201 from theirs")

    async def quiet(self) -> None:
        await eventually(lambda: self.house.channels() == 0, 20)
        for phone in (self.ana, self.ben, self.caller, self.other):
            phone.heard.clear()


Situation = Callable[[Floor], Awaitable[None]]


async def agent_hangs_up(floor: Floor) -> None:
    await floor.call()
    await floor.talk()
    await floor.hang_up(floor.ana)


async def caller_hangs_up(floor: Floor) -> None:
    await floor.call()
    await floor.talk()
    await floor.hang_up(floor.caller)


async def gives_up(floor: Floor) -> None:
    """The first talks, the second waits in vain."""
    await floor.call()
    await floor.talk()
    await floor.call(caller=floor.other)
    await floor.hang_up(floor.other)
    await floor.hang_up(floor.ana)


async def gives_up_while_it_rings(floor: Floor) -> None:
    await floor.call()
    await floor.ana.expect("incoming")
    await floor.hang_up(floor.caller)


async def second_in_line(floor: Floor) -> None:
    """Two wait behind a ringing phone; the second leaves by a key, as the second."""
    await floor.call()
    await floor.ana.expect("incoming")
    await floor.call(caller=floor.other)
    await asyncio.sleep(0.5)
    await press(floor.other, "9")
    await floor.other.expect("disconnected")
    await floor.caller.hangup()


async def rings_out_and_is_answered(floor: Floor) -> None:
    await floor.call()
    await floor.ana.expect("incoming")
    await floor.ana.expect("disconnected", 8)
    await floor.talk()
    await floor.hang_up(floor.caller)


async def is_refused_and_given_up(floor: Floor) -> None:
    await floor.call()
    await floor.ana.expect("incoming")
    await floor.ana.answer(486)
    await asyncio.sleep(0.5)  # app_queue rings again after a second, ours after ten
    await floor.caller.hangup()


async def waits_too_long(floor: Floor) -> None:
    """Whom the limit meets while a phone rings."""
    await floor.call(floor.side.short)
    await floor.caller.expect("disconnected", 12)


async def nobody_is_there(floor: Floor) -> None:
    await floor.dial(floor.side.log_out)
    await floor.call()
    await floor.caller.expect("disconnected")
    await floor.dial(floor.side.log_in)


async def pauses(floor: Floor) -> None:
    await floor.dial(floor.side.pause)
    await asyncio.sleep(1)
    await floor.dial(floor.side.unpause)


async def two_agents(floor: Floor) -> None:
    """The first does not answer, the second does."""
    await floor.dial(floor.side.log_in, floor.ben)
    await floor.call()
    await floor.ana.expect("incoming")
    await floor.talk(floor.ben)
    await floor.hang_up(floor.ben)
    await floor.quiet()
    await floor.dial(floor.side.log_out, floor.ben)


async def transferred_blindly(floor: Floor) -> None:
    await floor.call()
    await floor.talk()
    await asyncio.sleep(1)
    await floor.ana.transfer(f"sip:202@{floor.house.bed.sip}")
    await floor.ben.expect("incoming")
    await floor.ben.answer()
    await floor.hang_up(floor.caller)


async def transferred_with_a_word(floor: Floor) -> None:
    await floor.call()
    first = await floor.talk()
    await floor.ana.do("hold", call=first)
    second = await floor.ana.call(f"sip:202@{floor.house.bed.sip}")
    await floor.ben.expect("incoming")
    await floor.ben.answer()
    await asyncio.sleep(1)
    await floor.ana.attended(first, second)
    await floor.ana.expect("disconnected")
    await floor.hang_up(floor.caller)


SITUATIONS: tuple[Situation, ...] = (
    agent_hangs_up,
    caller_hangs_up,
    gives_up,
    gives_up_while_it_rings,
    second_in_line,
    rings_out_and_is_answered,
    is_refused_and_given_up,
    waits_too_long,
    nobody_is_there,
    pauses,
    two_agents,
    transferred_blindly,
    transferred_with_a_word,
)


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    custom = bed.instance.asterisk_etc / "custom.d"
    written = {custom / "queues.conf": QUEUES, custom / "extensions.conf": DIALPLAN}
    for path, text in written.items():
        path.write_text(text)
    rules = reduce(lambda text, change: text.replace(*change), CHANGES.items(), RULES)
    with ended(bed):
        made = Clinic(bed, rules[: rules.index("  main:\n    steps:")] + FLOWS)
        bed.rx("module reload app_queue.so")
        made.start_daemon()
        yield made
    for path in written:
        path.unlink()


@pytest.fixture
async def parties(house: Clinic, phones: Phones) -> AsyncIterator[list[Phone]]:
    await house.ready()
    found = [await house.desk(phones, "201"), await house.desk(phones, "202"), await house.caller(phones)]
    yield [*found, await phones.phone("other", house.trunk, 5064)]
    await house.empty()
    for name in ("ana", "ben"):
        house.ask("agent.logout", agent=name)


def lines(path: Path, since: int) -> list[list[str]]:
    """The lines after the first *since*, without their time."""
    return [line.split("|")[1:] for line in path.read_text().splitlines()[since:]]


def told(rows: list[list[str]]) -> list[list[str]]:
    """*rows* with names for uniqueids and bridges, in the order of their appearance, and without the queue's name."""
    names: dict[str, str] = {}
    words = []
    for row in rows:
        row = ["queue" if field in (OURS, THEIRS) else field for field in row]
        for n, field in enumerate(row):
            if re.fullmatch(r"test\d+-\d+\.\d+|[0-9a-f-]{36}", field):
                row[n] = names.setdefault(field, f"id-{len(names)}")
        words.append(row)
    return words


def same(ours: list[str], theirs: list[str]) -> bool:
    """Equal fields; times, which are numbers, to within a second or two (rings: 1.5 s in milliseconds)."""
    if len(ours) != len(theirs):
        return False
    near = 1500 if ours[3].startswith("RING") else 2
    return all(
        mine == his or (n > 3 and mine.isdigit() and his.isdigit() and abs(int(mine) - int(his)) <= near)
        for n, (mine, his) in enumerate(zip(ours, theirs, strict=True))
    )


async def written(floor: Floor, situation: Situation) -> list[list[str]]:
    """The lines of *situation*."""
    since = len(floor.log.read_text().splitlines())
    await situation(floor)
    await floor.quiet()
    await asyncio.sleep(1.2)  # a talk that nobody hung up is explained within a second
    return lines(floor.log, since)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.__name__)
async def test_queue_log_is_as_app_queue_writes_it(house: Clinic, parties: list[Phone], situation: Situation) -> None:
    found = []
    for side in SIDES:
        floor = Floor(house, side, parties)
        await floor.at_work(True)
        found.append(told(await written(floor, situation)))
        await floor.at_work(False)
    ours, theirs = found
    shown = "\n".join("|".join(row) for row in (*ours, [], *theirs))
    assert theirs, "app_queue wrote nothing"
    assert len(ours) == len(theirs), shown
    assert all(same(mine, his) for mine, his in zip(ours, theirs, strict=True)), shown


async def test_a_transfer_to_a_queue_ends_the_first_call_once(house: Clinic, parties: list[Phone]) -> None:
    async def sent_on(floor: Floor) -> None:
        await floor.call()
        await floor.talk()
        await floor.ana.transfer(f"sip:300@{house.bed.sip}")
        await floor.ana.expect("disconnected")
        await floor.ana.expect("incoming", 15)
        await floor.hang_up(floor.caller)

    floor = Floor(house, SIDES[0], parties)
    await floor.at_work(True)
    rows = await written(floor, sent_on)
    first, connected, *moved = [row[3:] for row in rows]
    assert [first[0], connected[0]] == ["ENTERQUEUE", "CONNECT"]
    assert sorted(event[0] for event in moved) == ["ABANDON", "BLINDTRANSFER", "ENTERQUEUE", "RINGCANCELED"]
    (transfer,) = [event for event in moved if event[0] == "BLINDTRANSFER"]
    assert transfer[1:3] == ["300", "cpbx-phones"]
    assert len({row[0] for row in rows}) == 1, "one call"


async def test_a_daemon_that_dies_during_a_talk_ends_the_row_all_the_same(house: Clinic, parties: list[Phone]) -> None:
    async def survived(floor: Floor) -> None:
        await floor.call()
        await floor.talk()
        await asyncio.sleep(0.3)  # until the answer is in the journal
        house.bed.programs["daemon"].kill()
        house.start_daemon()
        await house.ready()
        await floor.hang_up(floor.ana)

    floor = Floor(house, SIDES[0], parties)
    await floor.at_work(True)
    rows = told(await written(floor, survived))
    assert [row[3] for row in rows] == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    hold, talk, position = map(int, rows[2][4:])
    assert (str(hold), position) == (rows[1][4], 1)
    assert 2 <= talk <= 10


async def test_a_lost_connection_delays_rows_and_no_call(house: Clinic, parties: list[Phone]) -> None:
    def logged_in() -> bool:
        return "queuelog" in house.bed.rx("manager show connected")

    async def cut(floor: Floor) -> None:
        await eventually(logged_in)
        session = next(line for line in house.bed.rx("manager show connected").splitlines() if "queuelog" in line)
        since = len(floor.log.read_text().splitlines())
        house.bed.rx(f"manager kick session {session.split()[4]}")
        await floor.call()
        await floor.talk(rung=0.8)
        assert not logged_in()
        assert len(floor.log.read_text().splitlines()) == since, "they talk, and nothing of it is written yet"
        await eventually(logged_in, 10)
        await floor.hang_up(floor.ana)

    floor = Floor(house, SIDES[0], parties)
    await floor.at_work(True)
    rows = [row[3:] for row in await written(floor, cut)]
    assert [row[0] for row in rows] == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    assert 2 <= int(rows[2][2]) <= 4


MEASURED: tuple[Situation, ...] = (
    caller_hangs_up,
    gives_up_while_it_rings,
    rings_out_and_is_answered,
    waits_too_long,
    transferred_blindly,
    transferred_with_a_word,
)


async def test_our_figures_are_those_worked_out_from_queue_log(
    house: Clinic, parties: list[Phone], tmp_path: Path
) -> None:
    floor = Floor(house, SIDES[0], parties)
    since = datetime.now(UTC)
    await floor.at_work(True)
    written_rows = [row for situation in MEASURED for row in await written(floor, situation)]
    await floor.at_work(False)
    theirs = figures(row for row in written_rows if row[1] == OURS)
    period = Period(since, datetime.now(UTC), threshold=3, short=3)
    engine = await recorded(house, tmp_path)
    (level,), (times,) = [
        [REPORTS[name].row(row, period) for row in await rows(engine, REPORTS[name].select(period))]
        for name in ("service_level", "handle_time")
    ]
    agents = {row["agent"]: row for row in await rows(engine, REPORTS["agent_time"].select(period))}
    await engine.dispose()
    shown = "\n".join("|".join(row) for row in written_rows)
    counts = ("offered", "answered", "abandoned", "overflowed")
    assert [level[name] for name in counts] == [getattr(theirs, name) for name in counts], shown
    assert (level["offered"], level["answered"], level["abandoned"], level["overflowed"]) == (6, 4, 1, 1), shown
    # theirs are whole seconds: each call may differ by less than one
    assert abs(level["speed_of_answer"] - sum(theirs.waits) / theirs.answered) < 1, shown
    assert abs(level["answered_in_time"] - theirs.in_time(3)) <= sum(wait == 3 for wait in theirs.waits), shown
    talk = times["talk"] + times["hold"]
    assert times["hold"] > 0.5, "who transfers with a word has the caller on hold"
    assert abs(talk - sum(theirs.talks)) < len(theirs.talks), (talk, shown)
    assert len(theirs.talks) == theirs.answered, shown
    ana = agents["201"]
    spent = (ana["talk"] + ana["hold"] + ana["wrap_up"]) / ana["ready"]
    assert ana["ready"] < (period.until - since).total_seconds()
    assert abs(ana["occupancy"] - 100 * float(spent)) < 0.1
    assert 5 < ana["occupancy"] < 95


async def recorded(house: Clinic, folder: Path) -> AsyncEngine:
    """A database with what the spools of the house hold."""

    async def nobody() -> None:
        return None

    url = f"sqlite:///{folder}/main.db"
    await make_database(url)
    engine = make_engine(url, writes=True)
    assert await RecordsRuntime(engine, copied(house.instance, folder), nobody).step()
    return engine
