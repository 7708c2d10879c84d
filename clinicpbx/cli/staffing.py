"""How many agents are needed: for a load that is named, and for the calls that a queue has to expect."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import book_in_force, named, pass_instance
from clinicpbx.cli._length import Length
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.core.acd.target import USUAL, QueueTarget
from clinicpbx.core.staffing.erlang import Expected, Load, Target, expected, needed, rostered
from clinicpbx.core.staffing.forecast import DAY
from clinicpbx.core.staffing.judged import Judged
from clinicpbx.core.staffing.plan import Slot, plan, shortages
from clinicpbx.paths import Instance

AROUND = 2
NEED = ["agents", "in_time_%", "wait_s", "abandoned_%", "occupancy_%", "roster", "holds"]
PLAN = [
    "day",
    "start",
    "calls",
    "agents",
    "roster",
    "have",
    "short",
    "in_time_%",
    "wait_s",
    "abandoned_%",
    "occupancy_%",
]
HOUR = timedelta(hours=1)
INTERVALS = {"15m": 15, "30m": 30, "1h": 60}


class Aim(click.ParamType[tuple[float, float]]):
    """80/20: 80 % of all callers answered within 20 s."""

    name = "SHARE/SECONDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        found = re.fullmatch(r"(\d{1,2})/(\d{1,4})", str(value))
        if not found or not 0 < int(found[1]) < 100:
            self.fail(f"{value!r} is no target: write 80/20 for 80 % within 20 seconds", param, ctx)
        return int(found[1]) / 100, float(found[2])


@dataclass(frozen=True, slots=True)
class Aims:
    """What is asked of the agents: *asked* as a share and seconds, where it is named; *occupancy*, *shrinkage* as
    shares; *patience* of callers in seconds where it is named."""

    asked: tuple[float, float] | None
    occupancy: float
    shrinkage: float
    patience: float | None

    def target(self, promised: QueueTarget | None) -> Target:
        """What is asked, else what the queue has *promised*, else the usual."""
        if self.asked is not None:
            return Target(*self.asked, self.occupancy)
        held = promised or QueueTarget()
        answered = USUAL if held.answered is None else held.answered
        abandoned = 100.0 if held.abandoned is None else held.abandoned
        return Target(answered / 100, held.seconds, self.occupancy, abandoned / 100)


def _aims(body: Callable[..., None]) -> Callable[..., None]:
    """The options that both commands take, given to them as one."""

    @click.option("--target", type=Aim(), help="Share of callers / seconds. Default: the queue's target, else 80/20.")
    @click.option("--occupancy", type=click.IntRange(10, 99), default=90, show_default=True, help="At most, %.")
    @click.option("--shrinkage", type=click.IntRange(0, 90), default=0, help="Paid time lost to breaks, illness, %.")
    @click.option("--patience", type=Length(HOUR), help="After which callers give up on average.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(body)
    def command(
        *args: Any,
        target: tuple[float, float] | None,
        occupancy: int,
        shrinkage: int,
        patience: timedelta | None,
        **kwargs: Any,
    ) -> None:
        seconds = patience.total_seconds() if patience else None
        body(*args, aims=Aims(target, occupancy / 100, shrinkage / 100, seconds), **kwargs)

    return command


def _queues(instance: Instance) -> list[str]:
    return sorted(book_in_force(instance).queues)


@click.group("staffing")
def command() -> None:
    """How many agents are needed, by Erlang C and A, and how many calls will come.

    \b
    Examples:
      clinicpbx staffing need --calls 40 --per 30m --handle 4m
      clinicpbx staffing plan frontdesk --week next
    """


@command.command("need")
@click.option("--calls", type=click.FloatRange(0, 100_000), required=True, help="So many calls come.")
@click.option("--per", type=Length(timedelta(days=1)), default="1h", show_default=True, help="In this time.")
@click.option("--handle", type=Length(HOUR * 4), required=True, help="Talk, hold and wrap-up of one, together.")
@click.option("--queue", shell_complete=named(_queues), help="The queue whose target is to be held.")
@_aims
@click.pass_obj
def need(
    instance: Instance, calls: float, per: timedelta, handle: timedelta, queue: str | None, aims: Aims, as_json: bool
) -> None:
    """Agents for a load, and what one or two fewer or more would mean. With --patience callers give up (Erlang A).

    \b
    Examples:
      clinicpbx staffing need --calls 40 --per 30m --handle 4m
      clinicpbx staffing need --calls 120 --handle 3m30s --patience 90s --target 90/30 --json
      clinicpbx staffing need --calls 25 --per 30m --handle 6m --queue nurse
    """
    from clinicpbx.cli._staffing import house_of

    target = aims.target(house_of(instance, queue).promised if queue else None)
    load = Load(calls * HOUR / per, handle.total_seconds(), aims.patience)
    least = needed(load, target).agents
    rows = []
    for agents in range(max(0, least - AROUND), least + AROUND + 1):
        found = _figures(expected(load, agents, target.seconds))
        rows.append({**found, "roster": rostered(agents, aims.shrinkage), "holds": agents >= least})
    show("Agents", NEED, rows, as_json)
    if not as_json:
        say(f"{load.erlangs:.1f} agents would talk all the time; {least} hold {_said(target, aims.patience)}.")


@command.command("plan")
@click.argument("queue", shell_complete=named(_queues))
@click.option("--week", default="next", show_default=True, help="this, next, or one like 2026-W49.")
@click.option("--interval", type=click.Choice(list(INTERVALS)), default="30m", show_default=True)
@click.option(
    "--learn", "weeks", type=click.IntRange(2, 520), default=26, show_default=True, help="Weeks to learn from."
)
@click.option("--have", type=click.FloatRange(0), help="Agents who are there; default: those who were logged in.")
@click.option("--handle", type=Length(HOUR * 4), help="Default: what calls of this queue took.")
@_aims
@pass_instance
def plan_week(
    instance: Instance,
    queue: str,
    week: str,
    interval: str,
    weeks: int,
    have: float | None,
    handle: timedelta | None,
    aims: Aims,
    as_json: bool,
) -> None:
    """Agents that QUEUE needs in each interval of a week, by the calls it has to expect, and where they are too few.

    \b
    Examples:
      clinicpbx staffing plan frontdesk
      clinicpbx staffing plan nurse --week 2026-W49 --interval 1h --target 90/30 --shrinkage 25 --json
    """
    from clinicpbx.cli._staffing import expect, house_of

    house = house_of(instance, queue)
    try:
        days = week_days(week, datetime.now(house.zone).date())
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--week") from None
    found = expect(instance, queue, house, weeks, handle.total_seconds() if handle else None)
    caller = found.caller.patient(aims.patience) if aims.patience else found.caller
    there = found.have if have is None else lambda day, start: have
    target = aims.target(house.promised)
    slots = list(plan(found.forecast, days, caller, target, INTERVALS[interval], aims.shrinkage, there))
    if as_json:
        words = {"queue": queue, "week": f"{days[0]:%G-W%V}", "learned_days": found.days, "handle_s": caller.handle,
                 "target": _said(target, caller.patience)}  # fmt: skip
        error = found.error.ours if found.error else None
        show_json({**words, "patience_s": caller.patience, "error": error, "slots": [_row(slot) for slot in slots]})
        return
    _tell(slots, f"Agents for {queue}, week {days[0]:%G-W%V}, {_said(target, caller.patience)}", found.error)


def _tell(slots: Sequence[Slot], title: str, error: Judged | None) -> None:
    from clinicpbx.cli._staffing import draw, off, told

    if sys.stdout.isatty():
        draw(slots, title)
    else:
        show(title, PLAN, [_row(slot) for slot in slots], as_json=False)
    for slot in shortages(slots):
        say(f"{told(slot)}.")
    say(off(error) if error else "There are too few weeks to say how far such a forecast is off.")


def _said(target: Target, patience: float | None) -> str:
    """*target* in words, as far as it can be planned for: callers without *patience* never give up."""
    abandoned = None if target.abandoned == 1 or patience is None else 100 * target.abandoned
    return str(QueueTarget(100 * target.share, timedelta(seconds=target.seconds), abandoned))


def week_days(text: str, today: date) -> list[date]:
    """The seven days of `this` or `next` week, or of one such as 2026-W49. Errors: ValueError."""
    monday = today - today.weekday() * DAY
    if text == "next":
        monday += 7 * DAY
    elif text != "this":
        if not re.fullmatch(r"\d{4}-W\d{2}", text):
            raise ValueError(f"{text!r} is no week: write this, next or one like {today:%G-W%V}")
        monday = date.fromisocalendar(int(text[:4]), int(text[6:]), 1)
    return [monday + n * DAY for n in range(7)]


def _figures(found: Expected) -> dict[str, Any]:
    return {
        "agents": found.agents,
        "in_time_%": round(100 * found.in_time, 1),
        "wait_s": round(found.wait, 1) if found.wait < 1e6 else None,
        "abandoned_%": round(100 * found.abandoned, 1),
        "occupancy_%": round(100 * found.occupancy, 1),
    }


def _row(slot: Slot) -> dict[str, Any]:
    """One interval: `calls` come in it, `agents` are needed, `roster` are to be planned for, `have` are there."""
    return {
        "day": slot.day.isoformat(),
        "start": f"{slot.start:%H:%M}",
        "calls": round(slot.calls, 1),
        **_figures(slot.need),
        "roster": slot.roster,
        "have": slot.have,
        "short": slot.short,
    }
