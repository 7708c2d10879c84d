"""A call that is not made: the same core as a real one, its outside simulated, and what decided at every step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from clinicpbx.rules.compile import Rules

PROMPT = timedelta(seconds=3)  # how long a simulated prompt lasts
RINGS = timedelta(seconds=4)
MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Outside:
    """What the simulated caller and clinic do. *keys*: one an ask, in order. *queue*: answered, busy or unstaffed."""

    caller: str = field(default="", repr=False)
    keys: tuple[str, ...] = ()
    queue: str = "answered"


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    step: str
    what: str
    why: str
    where: str


def instant(rules: Rules, text: str) -> datetime:
    """*text* as local time of the clinic's first site. Errors: ClinicPBXError where it is no time."""
    zone = next((hours.zone for hours in rules.book.hours.values()), UTC)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        raise ClinicPBXError(f"{text!r} is no time", do="Write it like '2026-12-24 11:00'") from None


def explain(book: Rulebook, dialled: str, at: datetime, outside: Outside) -> list[Line]:
    """The path of a call to *dialled* at *at*. Errors: ClinicPBXError where nothing answers that number."""
    flow = book.entries.get(dialled)
    if flow is None:
        known = ", ".join(sorted(book.entries))
        raise ClinicPBXError(f"no flow answers {dialled}", do=f"These are answered: {known}")
    caller = Private(outside.caller) if outside.caller else None
    arrived = ev.CallArrived(at=at, flow=flow, entry=dialled, version=book.version, caller=caller)
    return list(_walk(CallMachine(arrived, "explained", book), book, outside, at))


def _walk(machine: CallMachine, book: Rulebook, outside: Outside, at: datetime) -> Iterator[Line]:
    keys = list(outside.keys)
    commands = machine.begin()
    for _ in range(MOST_EVENTS):
        yield from _lines(machine, book, commands, at)
        if machine.over:
            return
        event = _next(machine, commands, outside, keys, at)
        at, commands = event.at, machine.handle(event)
        if isinstance(event, ev.DialAnswered):
            yield from _lines(machine, book, commands, at)
            commands = machine.handle(ev.HungUp(at=at + timedelta(minutes=2), cause=16))


def _next(
    machine: CallMachine, commands: Sequence[do.Command], outside: Outside, keys: list[str], at: datetime
) -> ev.Event:
    """What happens next outside, given what the call just asked for."""
    for command in commands:
        match command:
            case do.JoinQueue(queue=queue):
                return _queue(machine, queue, outside, at)
            case do.Continue():
                if outside.queue == "answered":
                    return ev.DialAnswered(at=at + RINGS, phone=command.extension)
                return ev.DialEnded(at=at + timedelta(seconds=20), status="NOANSWER")
            case do.Record(recording=recording):
                length = timedelta(seconds=10)
                return ev.RecordingFinished(at=at + length, recording=recording, duration=length)
            case do.Play(playback=playback):
                if keys and machine.kind not in ("play", "voicemail"):
                    return ev.DtmfReceived(at=at + timedelta(seconds=1), digit=keys.pop(0))
                return ev.PlaybackFinished(at=at + PROMPT, playback=playback)
    if keys and machine.kind not in ("enqueue", "play"):
        return ev.DtmfReceived(at=at + timedelta(seconds=1), digit=keys.pop(0))
    return ev.DeadlineReached(at=machine.deadline or at)


def _queue(machine: CallMachine, queue: str, outside: Outside, at: datetime) -> ev.Event:
    if outside.queue == "answered":
        phones = [agent.phone for agent in machine.book.agents.values() if queue in agent.queues]
        return ev.OfferMade(at=at, queue=queue, phones=tuple(phones[:1]))
    return ev.PlaceTold(at=at, queue=queue, position=1, staffed=outside.queue == "busy")


def _lines(machine: CallMachine, book: Rulebook, commands: Sequence[do.Command], at: datetime) -> Iterator[Line]:
    nodes, step = book.flows[machine.flow].nodes, ""
    for command in commands:
        if not isinstance(command, do.Note):
            continue
        detail: dict[str, Any] = dict(command.detail)
        if command.kind == "arrived":
            step = book.flows[machine.flow].start
        step = str(detail.get("name", machine.at_step)) if command.kind in ("step", "left") else step or machine.at_step
        where = nodes[step].where if step in nodes else ""
        if said := _said(command.kind, detail, nodes[step].kind if step in nodes else ""):
            yield Line(at, step, *said, where)


def _said(kind: str, detail: dict[str, Any], step_kind: str) -> tuple[str, str] | None:
    match kind:
        case "arrived":
            return f"the call arrives on {detail['entry']}", f"flow {detail['flow']}"
        case "left":
            return f"{step_kind} → {detail['outcome']}", str(detail["why"])
        case "queued":
            return f"waits in {detail['queue']}", f"priority {detail['priority']}"
        case "answered":
            return f"answered by {detail['agent']}", f"queue {detail['queue']}" if detail["queue"] else "dialled"
        case "message":
            return f"message for {detail['mailbox']}", f"{detail['seconds']} seconds"
        case "ended":
            return f"the call ends: {detail['outcome']}", ""
    return None
