"""One page: what somebody on call has to accept, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from clinicpbx.core.oncall.commands import HANDOVER, KeepPage
from clinicpbx.core.oncall.duty import Cover


class State(Enum):
    RINGING = "ringing"
    LIVE = "live"  # somebody answered, and has not accepted it yet
    WAITING = "waiting"  # whose turn it is has another page on the line
    LATER = "later"
    ACCEPTED = "accepted"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Page:
    """*when*: of the state; of one that waits, until when. *turn*: in the plan of who is rung.

    *rung*: who is, or was last, by the attempt *made*, over the trunk of that number; *on_line*: answered it, and has
    not hung up. *owner*: who accepted it. *told*: how often nobody had accepted it, and people were told. *promoted*:
    the backup is on call instead of who did not confirm.
    """

    wish: KeepPage
    state: State
    when: datetime
    turn: int = 0
    made: int = 0
    trunk: int = 0
    rung: str = ""
    on_line: bool = False
    owner: str = ""
    told: int = 0
    outcome: str = ""
    promoted: bool = False

    @property
    def id(self) -> str:
        return self.wish.page

    @property
    def call(self) -> str:
        """The call it is about: the id is that of a visit to a step of it. A handover is about none but itself."""
        return self.id if self.handover else self.id.rpartition(".")[0]

    @property
    def attempt(self) -> str:
        """The channel of the person who is rung."""
        return f"{self.id}.a{self.made}"

    @property
    def handover(self) -> bool:
        return self.wish.kind == HANDOVER

    @property
    def engages(self) -> str:
        """Who is rung or on the line; "" for nobody."""
        return self.rung if self.on_line or self.state is State.RINGING else ""

    @property
    def cover(self) -> Cover | None:
        """Who is on call instead, where this is a handover that was missed."""
        wish = self.wish
        if not self.promoted or wish.until is None:
            return None
        return Cover(wish.rota, wish.backup, wish.since, wish.until, wish.who)


def page_of(attempt: str) -> str:
    """The page that the channel *attempt* is for."""
    return attempt.rpartition(".a")[0]
