"""Whom the clinic wants told of what, and the way there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from clinicpbx.core.notify.daily import Daily

Way = Literal["email", "webhook", "message"]


@dataclass(frozen=True, slots=True)
class Target:
    """*address*: of the mailbox, the URL, or a phone's extension. *events*: the kinds of notices it gets."""

    name: str
    way: Way
    address: str
    events: frozenset[str]

    @property
    def secret(self) -> str:
        """The name of the secret that signs what it gets."""
        return f"webhook-{self.name}"


@dataclass(frozen=True, slots=True)
class MailServer:
    """*security*: starttls, tls, or none. *user*: "" logs in as nobody."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class NotifyRules:
    """*clinic*: its name in what is sent; *zone*: the clock by which it tells the time."""

    clinic: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    targets: Mapping[str, Target] = field(default_factory=dict)
    mail: MailServer | None = None
    daily: Daily | None = None

    def told(self, kind: str, named: Collection[str] = ()) -> list[str]:
        """The names of the targets that are told of *kind*, or are among those *named*."""
        return [target.name for target in self.targets.values() if kind in target.events or target.name in named]
