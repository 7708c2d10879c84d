"""A recorded call under other rules: what its caller and the clinic did then, done again, and where it would go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinicpbx.core import events as ev
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.rules.explain import lines
from clinicpbx.rules.scenario_document import HANG_UP, SILENCE
from clinicpbx.rules.simulation import ASKS, Moment, Outside, simulate

GOES = {"queued": "queue", "dialled": "target", "message": "mailbox", "heard": "prompt"}
"""Notes that say where a call went, and the part that names it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A call that would go elsewhere. *where*: the rule at which its ways part, file:line."""

    call: str
    at: datetime
    entry: str
    went: str
    would_go: str
    where: str


def elsewhere(call: str, events: Sequence[ev.Event], then: Rulebook, now: Rulebook) -> Elsewhere | None:
    """None where the call goes where it went, or is none of a flow's numbers.

    Both ways are walked anew with what was done then, so that only the rules differ: keys and silences at questions in
    their order, who was there, who answered, how long was spoken.
    """
    arrived = events[0]
    if not isinstance(arrived, ev.CallArrived) or arrived.entry not in then.entries:
        return None
    outside = done_then(call, events, then)
    before = simulate(then, arrived.entry, arrived.at, outside)
    try:
        after = simulate(now, arrived.entry, arrived.at, outside)
    except ClinicPBXError:
        return Elsewhere(call, arrived.at, arrived.entry, _way(before), "no flow answers this number", "")
    went, would = _way(before), _way(after)
    if went == would:
        return None
    return Elsewhere(call, arrived.at, arrived.entry, went, would, _parts(then, before, now, after))


def done_then(call: str, events: Sequence[ev.Event], book: Rulebook) -> Outside:
    """What the caller and the clinic did, as the core took it under *book*."""
    arrived = events[0]
    assert isinstance(arrived, ev.CallArrived)
    machine, keys = CallMachine(arrived, call, book), list[str]()
    machine.begin()
    for event in events[1:]:
        if machine.over:
            break
        asked, answered = machine.kind in ASKS, any(isinstance(one, ev.DialAnswered) for one in events)
        match event:
            case ev.DtmfReceived(digit=digit) if asked:
                keys.append(digit)
            case ev.DeadlineReached() if asked:
                keys.append(SILENCE)
            case ev.HungUp() if not answered and (asked or machine.kind == "enqueue"):
                keys.append(HANG_UP)
        machine.handle(event)
    offered = any(isinstance(event, ev.OfferMade) for event in events)
    staffed = [event.staffed for event in events if isinstance(event, ev.PlaceTold)]
    said = [event.duration for event in events if isinstance(event, ev.RecordingFinished)]
    dialled = [event for event in events if isinstance(event, ev.DialAnswered | ev.DialEnded)]
    return Outside(
        keys=tuple(keys),
        agents=frozenset() if staffed and not any(staffed) and not offered else None,
        busy=bool(staffed) and any(staffed) and not offered,
        answers=not dialled or any(isinstance(event, ev.DialAnswered) for event in dialled),
        says=max(said, default=timedelta(seconds=10)),
        language=arrived.language,
        override=next(iter(arrived.switched_on), ""),
    )


def _way(moments: Sequence[Moment]) -> str:
    """Where a call went, in order, and how it ended."""
    way = [str(moment.detail[GOES[moment.kind]]) for moment in moments if moment.kind in GOES]
    asked = ["asks the caller something new"] if any(moment.kind == "unasked" for moment in moments) else []
    ended = [str(moment.detail["outcome"]) for moment in moments if moment.kind == "ended"]
    return " → ".join([*way, *asked, *ended])


def _parts(then: Rulebook, before: list[Moment], now: Rulebook, after: list[Moment]) -> str:
    """The place of the new rule that decides: of the step that ends otherwise, or that leads to another one."""
    old, new = list(lines(then, before)), list(lines(now, after))
    for number, (was, line) in enumerate(zip(old, new, strict=False)):
        if was.step != line.step:
            return new[max(number - 1, 0)].where
        if was.what != line.what:
            return line.where
    return new[min(len(old), len(new)) - 1].where
