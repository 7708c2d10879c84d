"""What a queue has to expect in a week, read from its past; and how that is drawn."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.demand import Quarter, demand, ready
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import rules_known
from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.core.records.slots import instant_of
from clinicpbx.core.staffing.forecast import DAY, Forecast, History, learn
from clinicpbx.core.staffing.judged import Judged, judged
from clinicpbx.core.staffing.plan import MINUTES, Caller, Have, Slot
from clinicpbx.core.staffing.presence import Spell, usually
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

A_DAY = 24 * 60 // MINUTES
HELD_OUT = 4
LEAST_WEEKS = 2
SHADES = ("dim", "", "bold", "bold cyan")


@dataclass(frozen=True, slots=True)
class House:
    """The clinic's time zone, its holidays and days closed by exception, the queue's agents and what it promises."""

    zone: ZoneInfo
    closed: frozenset[date]
    agents: tuple[str, ...]
    promised: QueueTarget | None


@dataclass(frozen=True, slots=True)
class Expecting:
    """A queue's forecast, its callers, how far such forecasts were off (None where it is too young to tell), and who
    usually is there."""

    forecast: Forecast
    caller: Caller
    error: Judged | None
    days: int
    have: Have


def expect(instance: Instance, queue: str, house: House, weeks: int, handle: float | None) -> Expecting:
    """What the last *weeks* of *queue* teach; *handle* in seconds replaces the measured one. ClinicPBXError where there
    is too little to learn from."""
    zone, closed, agents = house.zone, house.closed, house.agents
    today = datetime.now(zone).date()
    since, until = (datetime.combine(day, time(), zone) for day in (today - weeks * 7 * DAY, today))

    seen = [today - n * DAY for n in range(1, 7 * HELD_OUT + 1) if today - n * DAY not in closed]

    async def question(engine: AsyncEngine) -> tuple[list[Quarter], list[Spell]]:
        came = await demand(engine, queue, since.astimezone(UTC), until.astimezone(UTC))
        first = datetime.combine(min(seen, default=today), time(), zone).astimezone(UTC)
        return came, await ready(engine, agents, first, until.astimezone(UTC))

    quarters, spells = ask_database(instance, question)
    history = _history(quarters, zone, today)
    if len(history) < 7 * LEAST_WEEKS:
        what = f"queue {queue!r} has calls of {len(history)} days; the least to learn from is {LEAST_WEEKS} weeks"
        raise ClinicPBXError(what, do="Until then: clinicpbx staffing need --calls 40 --handle 4m")
    answered, gone = (sum(getattr(each, name) for each in quarters) for name in ("answered", "abandoned"))
    worked, waited = (sum(getattr(each, name) for each in quarters) / 1000 for name in ("handle_ms", "wait_ms"))
    if handle is None and not worked:
        raise ClinicPBXError(f"nobody knows how long a call of queue {queue!r} takes", do="Say it: --handle 4m")
    caller = Caller(handle or worked / answered, waited / gone if gone and waited else None)
    error = judged(history, closed, HELD_OUT) if len(history) >= 28 + 7 * HELD_OUT else None
    have = usually(spells, set(seen), zone) if spells else lambda day, start: None
    return Expecting(learn(history, closed), caller, error, len(history), have)


def _history(quarters: Iterable[Quarter], zone: ZoneInfo, today: date) -> History:
    """Every day from the first call until yesterday, by the clinic's own clock."""
    found: dict[date, list[float]] = defaultdict(lambda: [0.0] * A_DAY)
    for quarter in quarters:
        local = instant_of(quarter.slot).astimezone(zone)
        found[local.date()][(local.hour * 60 + local.minute) // MINUTES] += quarter.offered
    day = min(found, default=today)
    while day < today:
        found[day]
        day += DAY
    return {day: found[day] for day in sorted(found)}


def house_of(instance: Instance, queue: str) -> House:
    """What the rules say. ClinicPBXError for no such *queue*."""
    rules = rules_known(instance)
    document, book = rules.document, rules.book
    if queue not in book.queues:
        raise ClinicPBXError(f"no queue {queue!r}", do=f"There are {', '.join(sorted(book.queues))}")
    hours, closed = next(iter(book.hours.values()), None), set[date]()
    if hours is not None:
        closed = {day for day, exception in hours.exceptions.items() if not exception.spans} | set(hours.holidays)
    agents = tuple(name for name, agent in book.agents.items() if queue in agent.queues)
    return House(document.local, frozenset(closed), agents, book.queues[queue].target)


def told(slot: Slot) -> str:
    """One shortage in words."""
    return f"{slot.day:%A} {slot.start:%H:%M} needs {slot.need.agents}, you have {slot.there}"


def draw(slots: Sequence[Slot], title: str) -> None:
    """Days beside each other, the clock downwards; in each field the agents needed, red where they are too few."""
    from rich.console import Console
    from rich.table import Table

    days = sorted({slot.day for slot in slots})
    table = Table("", *(f"{day:%a %d %b}" for day in days), title=title)
    fields = {(slot.day, slot.start): slot for slot in slots}
    most = max((slot.need.agents for slot in slots), default=1)
    for start in sorted({slot.start for slot in slots}):
        table.add_row(f"{start:%H:%M}", *(_field(fields.get((day, start)), most) for day in days))
    Console().print(table)


def _field(slot: Slot | None, most: int) -> Text:
    if slot is None:
        return Text("")
    words = f"{slot.need.agents}" if slot.have is None else f"{slot.need.agents} of {slot.there}"
    shade = SHADES[round((len(SHADES) - 1) * slot.need.agents / most)]
    return Text(words, style="bold white on red" if slot.short else shade)


def off(error: Judged) -> str:
    """How far such forecasts were off, in words."""
    ours, before = error.ours, error.last_week
    return (
        f"On the last {HELD_OUT} weeks this was off by {ours.days:.0f} % a day and {ours.intervals:.0f} % by "
        f"the quarter hour; taking the week before would have been by {before.days:.0f} and {before.intervals:.0f} %."
    )
