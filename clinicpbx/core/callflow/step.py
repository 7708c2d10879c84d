"""The contract every call-flow step keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from clinicpbx.core.commands import Command
from clinicpbx.core.events import NOTHING_EARLIER, Consulted, Earlier, Event, Paged, Seat
from clinicpbx.core.oncall.duty import Cover
from clinicpbx.core.overrides import OverrideRules
from clinicpbx.core.registry import Registry
from clinicpbx.private import Private

if TYPE_CHECKING:
    from clinicpbx.core.rulebook import AgentRules, Rulebook


class State(Protocol):
    @property
    def deadline(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What a step may know of its call. *run* is unique to this visit of the step: ids begin with it.

    *override*: what the call is under since its arrival.
    """

    call: str
    run: str
    entry: str
    caller: Private[str] | None
    language: str
    memory: Mapping[str, str]
    book: "Rulebook"
    override: OverrideRules | None = None
    earlier: Earlier = NOTHING_EARLIER
    callback: str = ""
    argument: str = ""
    consults: Consulted | None = None
    paged: Paged | None = None
    covers: tuple[Cover, ...] = ()
    seats: tuple[Seat, ...] = ()

    def agent_at(self, phone: str) -> "AgentRules | None":
        """Who worked at *phone* when the call arrived, if the call has to do with that phone."""
        return next((self.book.agents.get(seat.agent) for seat in self.seats if seat.phone == phone), None)


@dataclass(frozen=True, slots=True)
class Stay:
    """Keep running this step; it is woken at `state.deadline` if nothing else does."""

    state: State
    do: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """The step is over; *outcome* picks the next step from the flow's YAML.

    *why* says what decided it, for people; *remember* is added to the call's memory ("language" changes its language).
    """

    outcome: str
    do: tuple[Command, ...] = ()
    why: str = ""
    remember: Mapping[str, str] = field(default_factory=dict, repr=False)


Result = Stay | Leave


class Step(Protocol):
    """A step's fields are the options an administrator writes in YAML.

    `handle` is total: it accepts every event in every state. HungUp is given to it as well, so that it can say what is
    lost or kept; whatever it then answers, the call is over, and only its commands to queues and mailboxes and its
    notes count.
    """

    summary: ClassVar[str]

    def outcomes(self) -> frozenset[str]: ...
    def prompts(self) -> frozenset[str]: ...
    def enter(self, scene: Scene, at: datetime) -> Result: ...
    def handle(self, scene: Scene, state: Any, event: Event) -> Result: ...


STEPS: Registry[type] = Registry("step", "clinicpbx.core.callflow.steps")
