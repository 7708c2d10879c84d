"""A floor to test: small books, phones that register, and inputs in seconds from the start."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.queue_log import Row, Transferred
from clinicpbx.core.acd.results import AgentStateChanged, Result, ResyncAsked, ToCall
from clinicpbx.core.commands import AskPlace, JoinQueue, LeaveQueue, QueueCommand, ReturnOffer, TakeOffer
from clinicpbx.core.events import AgentChanged, Event, OfferMade, PlaceTold
from clinicpbx.core.rulebook import AgentRules, QueueRules, Rulebook
from clinicpbx.daemon.queue_log import QueueLogger

START = datetime(2030, 1, 7, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def queue(name: str, strategy: str = "leastrecent", **options: object) -> QueueRules:
    return QueueRules(name, strategy, **options)  # type: ignore[arg-type]


def agent(
    name: str, phone: str, skills: Mapping[str, int] | None = None, licences: tuple[str, ...] = (), **queues: int
) -> AgentRules:
    return AgentRules(name, phone, queues, skills or {}, licences)


def rules(*entries: QueueRules | AgentRules) -> Rulebook:
    queues = {entry.name: entry for entry in entries if isinstance(entry, QueueRules)}
    agents = {entry.name: entry for entry in entries if isinstance(entry, AgentRules)}
    return Rulebook("1", {}, queues=queues, agents=agents)


def spoken(event: Event) -> str:
    match event:
        case OfferMade(phones=phones):
            return f"ring {'+'.join(phones)}"
        case PlaceTold(mode=mode) if mode is not Mode.OPEN:
            return mode.value
        case PlaceTold(position=position, staffed=staffed):
            return f"place {position}" if staffed else "unstaffed"
        case AgentChanged(change=change):
            return change
    raise AssertionError(event)


def said(results: list[Result]) -> list[str]:
    """Results as words: `call: ring 201+202`, `call: place 2`, `ana: paused (no answer)`, `resync`."""
    words = []
    for result in results:
        match result:
            case ToCall(call=call, event=event):
                words.append(f"{call}: {spoken(event)}")
            case AgentStateChanged(name=name, logged_in=logged_in, paused=paused):
                words.append(f"{name}: " + (f"paused ({paused})" if paused else "in" if logged_in else "out"))
            case QueueMode(queue=queue, mode=mode):
                words.append(f"{queue}: {mode.value}")
            case ResyncAsked():
                words.append("resync")
    return words


class Shift:
    """A floor whose agents' phones are registered; every agent is logged in, unless told otherwise."""

    def __init__(self, *entries: QueueRules | AgentRules, logged_in: bool = True, registered: bool = True) -> None:
        self.book = rules(*entries)
        self.floor = Floor(self.book, START)
        for rule in self.book.agents.values():
            if registered:
                self.floor.phone_reachable(rule.phone, True, START)
            if logged_in:
                self.floor.log_in(rule.name, START)

    def join(self, seconds: float, call: str, queue: str = "q", priority: int = 0) -> list[str]:
        return self.do(seconds, call, JoinQueue(queue, at(seconds), priority))

    def leave(self, seconds: float, call: str, queue: str = "q") -> list[str]:
        return self.do(seconds, call, LeaveQueue(queue))

    def ask(self, seconds: float, call: str, queue: str = "q") -> list[str]:
        return self.do(seconds, call, AskPlace(queue))

    def back(self, seconds: float, call: str, status: str, queue: str = "q") -> list[str]:
        return self.do(seconds, call, ReturnOffer(queue, status))

    def take(self, seconds: float, call: str, phone: str, queue: str = "q") -> list[str]:
        """The phone rang, so it has a channel; then it answered."""
        self.floor.phone_channels(phone, 1, at(seconds))
        return self.do(seconds, call, TakeOffer(queue, phone))

    def do(self, seconds: float, call: str, command: QueueCommand) -> list[str]:
        return said(self.floor.perform(call, command, at(seconds)))

    def mode(self, seconds: float, mode: Mode, until: float | None = None, queue: str = "q") -> list[str]:
        end = at(until) if until is not None else None
        return said(self.floor.decide(QueueMode(queue, mode, at(seconds), end, "maria"), at(seconds)))

    def channels(self, seconds: float, phone: str, count: int) -> list[str]:
        return said(self.floor.phone_channels(phone, count, at(seconds)))

    def gone(self, seconds: float, call: str) -> list[str]:
        return said(self.floor.call_gone(call, at(seconds)))

    def wait(self, seconds: float) -> list[str]:
        return said(self.floor.deadline_reached(at(seconds)))

    def state(self, name: str) -> str:
        return self.floor.agents[name].state

    @property
    def due(self) -> float | None:
        """The floor's deadline in seconds from the start."""
        deadline = self.floor.deadline
        return None if deadline is None else (deadline - START).total_seconds()


class Written:
    """Stands where the connection to AMI is: the rows of queue_log, as lines without their time."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.hear: Callable[[Transferred], None] = lambda news: None

    def write(self, rows: Iterable[Row]) -> None:
        self.lines += (line(row) for row in rows)


def line(row: Row) -> str:
    """As Asterisk writes it, without the time."""
    return "|".join((row.call, row.queue, row.agent, row.event, *row.fields))


def queue_logger(floor: Floor, written: Written, clock: Callable[[], datetime] = lambda: START) -> QueueLogger:
    return QueueLogger(floor, written, lambda call: "+12075550142", clock)
