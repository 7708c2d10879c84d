"""One version of the clinic's rules, as the running system knows them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, time, timedelta, tzinfo

from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.inbox.category import SHORT, Category, with_general
from clinicpbx.core.notify.targets import NotifyRules
from clinicpbx.core.oncall.rules import HandoverRules, PageRules
from clinicpbx.core.overrides import OverrideRules
from clinicpbx.core.records.saved import SavedReport
from clinicpbx.core.schedule.hours import Hours
from clinicpbx.core.schedule.oncall import Rota

DEFAULT_RING = timedelta(seconds=20)
DEFAULT_MUSIC = "default"


@dataclass(frozen=True, slots=True)
class QueueRules:
    """*ring*: how long one offer lasts. *pause_after_misses* in a row; 0 is never.

    *clinical*: its agents have a licence; *licences*: one of these. *max_overtakes*: how many who joined later may be
    served before a caller, whatever their priority. *same_language*, *same_agent*: how long a caller waits for an agent
    who speaks the language, and for the one who talked with them last. *place_kept*: how long after a hang-up.
    *raise_repeats*: the most that is added to the priority of who calls again and again. *whisper*: what its agents
    hear before a call is theirs. *site*: whose calls those to its extension are, "" for the first. *target*: what it
    promises, None for nothing.
    """

    name: str
    strategy: str = "leastrecent"
    ring: timedelta = DEFAULT_RING
    wrap_up: timedelta = timedelta(seconds=10)
    music: str = DEFAULT_MUSIC
    announce_every: timedelta = timedelta(seconds=45)
    pause_after_misses: int = 2
    clinical: bool = False
    licences: tuple[str, ...] = ()
    max_overtakes: int = 5
    same_language: timedelta = timedelta(seconds=45)
    same_agent: timedelta = timedelta(0)
    place_kept: timedelta = timedelta(minutes=5)
    raise_repeats: int = 1
    whisper: str = ""
    site: str = ""
    target: QueueTarget | None = None

    def licensed(self, licences: Collection[str]) -> bool:
        """Whether an agent with these *licences* may serve it."""
        if self.licences:
            return any(licence in licences for licence in self.licences)
        return not self.clinical or bool(licences)


@dataclass(frozen=True, slots=True)
class AgentRules:
    """*queues* maps each of the agent's queues to a penalty; a lower one is asked first. *phone*: extension, "" for who
    has none of their own. *number*: by which the agent logs in at any phone, "" for nowhere else.

    *skills*: name to level, languages among them (see acd/stages.py).
    """

    name: str
    phone: str
    queues: Mapping[str, int]
    skills: Mapping[str, int] = field(default_factory=dict)
    licences: tuple[str, ...] = ()
    number: str = ""

    @property
    def usual(self) -> str:
        """Where the agent works as far as the rules tell: the phone, or the number in its place."""
        return self.phone or self.number


@dataclass(frozen=True, slots=True)
class LogOutRules:
    """When agents are logged out without their doing: *idle* for so long, their phone *unreachable* for so long (zero:
    never for that), or at the end of the hours *closing* ("": not)."""

    idle: timedelta = timedelta(0)
    unreachable: timedelta = timedelta(minutes=15)
    closing: str = ""


@dataclass(frozen=True, slots=True)
class PhoneRules:
    """*mailbox* is what *97 hears, if any; *lamps* are the mailboxes its lamp shows; *supervises*: queues."""

    extension: str
    mailbox: str = ""
    lamps: tuple[str, ...] = ()
    supervises: tuple[str, ...] = ()

    @property
    def endpoint(self) -> str:
        return f"phone-{self.extension}"


@dataclass(frozen=True, slots=True)
class MailboxRules:
    """*keep*: how long messages are kept, None for good; *readers*: logins that may read it, () for all by role."""

    name: str
    number: str = ""
    keep: timedelta | None = None
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """*phone*: the extension, *mobile*: the outside number; one of them may be ""."""

    name: str
    phone: str = ""
    mobile: str = ""
    languages: tuple[str, ...] = ()
    specialities: tuple[str, ...] = ()

    @property
    def desk(self) -> str:
        """What is rung while the provider works."""
        return self.phone or self.mobile

    @property
    def away(self) -> str:
        """What is rung while the provider is on call."""
        return self.mobile or self.phone


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything a call needs of the rules.

    *languages*: the first is the default. *entries*: DID or internal extension to flow. *spoken*: DID to the language
    its callers hear until they choose, where it is not the default. *overrides*: in the order of their weight.
    *short_abandon*: who gives up sooner is not followed up.
    *paging*, *handovers*: by rota; those that are handed over without a call are not in it. *trunks*: in the order
    tried. *number*: what the clinic shows outside.
    *sites*: entry to site; "" to that of all others.
    *selftest*: the times of day at which every entry is tested, each with its time zone. *zone*: the clinic's own.
    """

    version: str
    flows: Mapping[str, Flow]
    entries: Mapping[str, str] = field(default_factory=dict)
    hours: Mapping[str, Hours] = field(default_factory=dict)
    queues: Mapping[str, QueueRules] = field(default_factory=dict)
    agents: Mapping[str, AgentRules] = field(default_factory=dict)
    phones: Mapping[str, PhoneRules] = field(default_factory=dict)
    mailboxes: Mapping[str, MailboxRules] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    spoken: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, OverrideRules] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    providers: Mapping[str, ProviderRules] = field(default_factory=dict)
    log_out: LogOutRules = LogOutRules()
    notify: NotifyRules = field(default_factory=NotifyRules)
    categories: Mapping[str, Category] = field(default_factory=lambda: with_general({}))
    short_abandon: timedelta = SHORT
    paging: Mapping[str, PageRules] = field(default_factory=dict)
    handovers: Mapping[str, HandoverRules] = field(default_factory=dict)
    trunks: tuple[str, ...] = ()
    number: str = ""
    selftest: tuple[time, ...] = ()
    zone: tzinfo = UTC
    reports: tuple[SavedReport, ...] = ()
    sites: Mapping[str, str] = field(default_factory=dict)

    def site_of(self, entry: str) -> str:
        """The site whose call one to *entry* is."""
        return self.sites.get(entry, self.sites.get("", ""))

    @property
    def targets(self) -> dict[str, QueueTarget]:
        """What each queue promises, of those that do."""
        return {name: queue.target for name, queue in self.queues.items() if queue.target is not None}

    def language_of(self, entry: str) -> str:
        """The language in which a call to *entry* begins."""
        return self.spoken.get(entry, self.languages[0])
