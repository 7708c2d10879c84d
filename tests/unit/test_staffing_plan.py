"""A week's agents: from a forecast to slots, shortages in words, and the command that prints them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.spells import keep_spells
from clinicpbx.cli.main import command
from clinicpbx.cli.staffing import week_days
from clinicpbx.core.records.rows import Fact
from clinicpbx.core.staffing.erlang import Load, Target, needed
from clinicpbx.core.staffing.forecast import DAY, learn
from clinicpbx.core.staffing.plan import Caller, plan, shortages
from clinicpbx.core.staffing.presence import usually
from clinicpbx.paths import Instance
from tests.support.record_database import make_database
from tests.support.staffing_calls import ZONE, write_calls

pytestmark = pytest.mark.unit

HARBOR = Path(__file__).parents[2] / "examples" / "harbor"
MONDAY = date(2030, 1, 7)
MORNING = [0.0] * 32 + [6.0, 12.0, 3.0, 3.0] + [0.0] * 60
STEADY = learn({MONDAY + n * DAY: MORNING if n % 7 < 5 else [0.0] * 96 for n in range(28)})
WEEK = [MONDAY + (28 + n) * DAY for n in range(7)]
CALLER = Caller(handle=300)


def test_the_busiest_quarter_of_a_slot_counts() -> None:
    first, second, *_ = plan(STEADY, WEEK, CALLER, Target())
    assert (first.day, first.start, second.start) == (WEEK[0], time(8), time(8, 30))
    assert first.calls == pytest.approx(18)
    for slot, calls in ((first, 48), (second, 12)):
        by_hand = needed(Load(calls, 300), Target())
        assert (slot.need.agents, slot.need.in_time) == (by_hand.agents, pytest.approx(by_hand.in_time))


def test_slots_are_as_long_as_asked_and_only_where_calls_come() -> None:
    for minutes, slots in ((15, 4), (30, 2), (60, 1)):
        found = list(plan(STEADY, WEEK, CALLER, Target(), minutes))
        assert len(found) == 5 * slots
        assert {slot.day.weekday() for slot in found} == set(range(5))


def test_the_worst_shortages_come_first_and_without_knowing_who_is_there_none_is_short() -> None:
    assert not shortages(plan(STEADY, WEEK, CALLER, Target()))
    few = list(plan(STEADY, WEEK, CALLER, Target(), have=lambda day, start: 2.0 if day.weekday() else 6.0))
    worst = shortages(few, most=4)
    assert [slot.day.weekday() for slot in worst] == [1, 2, 3, 4]
    assert {slot.start for slot in worst} == {time(8)}
    assert all(slot.short == slot.need.agents - 2 for slot in worst)


def test_who_comes_every_other_week_is_not_there() -> None:
    need = next(plan(STEADY, WEEK, CALLER, Target())).need.agents
    for have, short in ((need, 0), (need - 0.5, 1), (need - 1.5, 2), (need - 1e-12, 0)):
        slot = next(plan(STEADY, WEEK, CALLER, Target(), have=lambda day, start, have=have: float(have)))
        assert (slot.short, slot.there) == (short, need - short)


def test_who_leaves_within_a_slot_is_not_there_for_it() -> None:
    slot = next(plan(STEADY, WEEK, CALLER, Target(), have=lambda day, start: 5.0 if start == time(8) else 3.0))
    assert (slot.start, slot.have) == (time(8), 3.0)


def test_breaks_are_planned_for() -> None:
    slot = next(plan(STEADY, WEEK, CALLER, Target(), shrinkage=0.5))
    assert slot.roster == 2 * slot.need.agents


def test_who_was_ready_at_that_time_of_the_week_is_expected_again() -> None:
    days = [MONDAY + n * DAY for n in range(14)]

    def at(day: int, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(MONDAY + day * DAY, time(hour, minute), ZONE)

    ana = [(at(0, 8), at(0, 12)), (at(7, 8, 10), at(7, 12))]
    have = usually([*ana, (at(0, 9), at(0, 9, 20)), (at(-7, 8), at(-7, 17))], days, ZONE)
    monday = MONDAY + 14 * DAY
    assert [have(monday, time(8, minute)) for minute in (0, 15)] == [0.5, 1.0]
    assert [have(monday, time(9, minute)) for minute in (0, 15, 30)] == [1.5, 1.0, 1.0]
    assert [have(monday, time(12)), have(monday + DAY, time(8))] == [0.0, 0.0]
    assert usually(ana, days[:1], ZONE)(monday + DAY, time(8)) is None


def test_the_night_on_which_clocks_change_has_its_own_hours() -> None:
    autumn = date(2026, 11, 1)
    night = datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)  # 0:00 to 3:00, one hour twice
    have = usually([night], [autumn], ZONE)
    assert [have(autumn, time(hour)) for hour in range(4)] == [1.0, 2.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "monday"), [("this", MONDAY), ("next", MONDAY + 7 * DAY), ("2030-W10", date(2030, 3, 4))]
)
def test_weeks_are_named_as_people_do(text: str, monday: date) -> None:
    assert week_days(text, MONDAY + 3 * DAY) == [monday + n * DAY for n in range(7)]


@pytest.mark.parametrize("text", ["soon", "2030-W54", "2030-03"])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="week"):
        week_days(text, MONDAY)


def logins(today: date) -> Iterator[Fact]:
    """Two agents of the front desk from 8:00 to 17:00 every day of the last weeks, one more who is paused."""
    for n in range(35, 0, -1):
        for name, phone, state in (("ana", "201", "ready"), ("ben", "202", "ready"), ("carla", "203", "paused")):
            for hour, now in ((8, state), (17, "out")):
                at = datetime.combine(today - n * DAY, time(hour), ZONE).astimezone(UTC)
                yield Fact("", at, "agent", {"name": name, "agent": phone, "state": now, "reason": ""})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    instance = Instance(tmp_path_factory.mktemp("instance"))
    instance.rules.mkdir()
    instance.keys.mkdir()
    for file in HARBOR.glob("*.yaml"):
        (instance.rules / file.name).write_text(file.read_text())

    async def fill() -> None:
        url = f"sqlite:///{instance.database}"
        await make_database(url)
        engine = make_engine(url, writes=True)
        today = datetime.now(ZONE).date()
        await write_calls(engine, "frontdesk", today)
        async with engine.begin() as connection:
            await keep_spells(connection, logins(today))
        await engine.dispose()

    asyncio.run(fill())
    return instance.home


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(command, ["--home", str(home), "staffing", *words], env={"CLINICPBX_DATABASE_URL": ""})


def test_a_queue_s_own_calls_are_planned_for_by_the_clinic_s_clock(home: Path) -> None:
    found = json.loads(run(home, "plan", "frontdesk", "--have", "1", "--interval", "1h", "--json").stdout)
    sunday = datetime.now(ZONE).weekday() == 6  # it learns from the first call on, and nobody calls on Sundays
    assert found["learned_days"] == 26 * 7 - sunday
    assert found["handle_s"] == 180
    assert {slot["start"] for slot in found["slots"]} == {f"{hour:02}:00" for hour in (8, 9, 10, 11, 13, 14, 15, 16)}
    days = {slot["day"] for slot in found["slots"]}
    assert all(date.fromisoformat(day).weekday() < 6 for day in days)
    busiest = max(found["slots"], key=lambda slot: slot["calls"])
    assert (date.fromisoformat(busiest["day"]).weekday(), busiest["start"]) == (0, "08:00")
    assert 0 < found["error"]["days"] < 15


def test_who_is_missing_is_told_in_words(home: Path) -> None:
    told = run(home, "plan", "frontdesk", "--have", "1", "--handle", "10m")
    assert told.exit_code == 0
    assert "Monday 08:00 needs" in told.stderr
    assert ", you have 1." in told.stderr
    assert "by the quarter hour" in told.stderr
    assert told.stdout.splitlines()[0].startswith("day ")


def test_who_usually_is_there_is_known_from_logins(home: Path) -> None:
    told = run(home, "plan", "frontdesk", "--handle", "10m")
    assert ", you have 2." in told.stderr
    found = json.loads(run(home, "plan", "frontdesk", "--json").stdout)
    assert {slot["have"] for slot in found["slots"]} == {2.0}


def test_a_queue_without_calls_or_that_is_none_is_refused(home: Path) -> None:
    young, none = run(home, "plan", "nurse"), run(home, "plan", "nursery")
    assert (young.exit_code, none.exit_code) == (1, 1)
    assert "calls of 0 days" in str(young.exception)
    assert "no queue 'nursery'" in str(none.exception)
    assert run(home, "plan", "frontdesk", "--week", "soon").exit_code == 2


def test_the_target_of_the_queue_is_planned_for_unless_another_is_named(home: Path) -> None:
    load = ("need", "--calls", "40", "--per", "30m", "--handle", "4m")

    def least(*words: str) -> int:
        return min(row["agents"] for row in json.loads(run(home, *load, *words, "--json").stdout) if row["holds"])

    # nurse promises 90 % within 60 s; frontdesk 80 % within 20 s and at most 5 % abandoned
    assert least("--queue", "nurse") == least("--target", "90/60") == needed(Load(80, 240), Target(0.9, 60)).agents
    assert least("--queue", "nurse", "--target", "80/20") == least() != least("--queue", "nurse")
    impatient = ("--patience", "60s")
    assert least("--queue", "frontdesk", *impatient) == 9 > least(*impatient)
    assert "hold 90 % within 60 s." in run(home, *load, "--queue", "nurse").stderr
    assert (
        "hold 80 % within 20 s, at most 5 % abandoned." in run(home, *load, "--queue", "frontdesk", *impatient).stderr
    )
    none = run(home, *load, "--queue", "nursery")
    assert (none.exit_code, "no queue 'nursery'" in str(none.exception)) == (1, True)


def test_a_plan_says_which_target_it_holds(home: Path) -> None:
    def agents(*words: str) -> tuple[str, int]:
        found = json.loads(run(home, "plan", "frontdesk", *words, "--json").stdout)
        return found["target"], sum(slot["agents"] for slot in found["slots"])

    (own, usual), (named, many) = agents(), agents("--target", "99/5")
    assert (own, named) == ("80 % within 20 s, at most 5 % abandoned", "99 % within 5 s")
    assert many > usual


def test_the_calculator_marks_the_least_that_holds(home: Path) -> None:
    rows = json.loads(run(home, "need", "--calls", "40", "--per", "30m", "--handle", "4m", "--json").stdout)
    assert [row["agents"] for row in rows if row["holds"]] == [8, 9, 10]
    assert rows[2]["in_time_%"] == pytest.approx(100 * needed(Load(80, 240), Target()).in_time, abs=0.05)
    assert rows[0]["abandoned_%"] == 0


@pytest.mark.parametrize(
    "words",
    [("--calls", "-1", "--handle", "4m"), ("--calls", "4", "--handle", "0s"), ("--calls", "4", "--handle", "5h")]
    + [("--calls", "4", "--handle", "4m", "--target", aim) for aim in ("80", "0/20", "101/20", "80/x")],
)
def test_what_is_no_load_or_target_is_refused(home: Path, words: tuple[str, ...]) -> None:
    assert run(home, "need", *words).exit_code == 2
