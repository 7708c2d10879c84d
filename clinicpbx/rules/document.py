"""The clinic's rules as they are written: every field of the YAML, what it means, its unit and its default."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from clinicpbx.rules.category_document import CategoryRules, InboxRules
from clinicpbx.rules.hours_document import HoursRules
from clinicpbx.rules.log_out_document import LogOut
from clinicpbx.rules.notify_document import Notify
from clinicpbx.rules.outbound_document import Emergency, Outbound, Trunk
from clinicpbx.rules.override_document import Override
from clinicpbx.rules.phase_document import Phase
from clinicpbx.rules.report_document import ReportRule
from clinicpbx.rules.rota_document import Provider, RotaRules
from clinicpbx.rules.scenario_document import Scenario
from clinicpbx.rules.selftest_document import SelfTest
from clinicpbx.rules.target_document import Target
from clinicpbx.rules.words import (
    E164,
    Code,
    Duration,
    Extension,
    Keeping,
    Language,
    Name,
    Names,
    Spoken,
    Text,
    levels,
    one_or_many,
    penalties,
)
from clinicpbx.rules.written import Written

Keys = Annotated[str, Field(pattern=r"^[0-9]{1,2}$")]
Level = Annotated[int, Field(ge=1, le=9)]
Skills = Annotated[
    dict[Name, Level], BeforeValidator(levels, json_schema_input_type=Name | list[Name] | dict[Name, Level])
]
Fluency = Annotated[
    dict[Language, Level],
    BeforeValidator(levels, json_schema_input_type=Language | list[Language] | dict[Language, Level]),
]
Login = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]
Logins = Annotated[tuple[Login, ...], BeforeValidator(one_or_many, json_schema_input_type=Login | list[Login])]
Penalties = Annotated[
    dict[Name, Annotated[int, Field(ge=0, le=100)]],
    BeforeValidator(penalties, json_schema_input_type=Name | list[Name] | dict[Name, int]),
]


class Clinic(Written):
    name: Text = Field(description="The clinic's name, for people and as the name on outgoing calls.")
    log_out: LogOut = Field(default_factory=LogOut, description="When agents are logged out without their doing.")
    keep: Keeping | None = Field(None, description="How long messages are kept, then destroyed; default: for good.")
    selftest: SelfTest = Field(
        default_factory=lambda: SelfTest.model_validate({}), description="Test calls to every entry."
    )


class Site(Written):
    timezone: str = Field(description="IANA time zone of the site, such as America/New_York.")
    address: Text | None = Field(None, description="Postal address in one line, for people.")
    caller_id: E164 | None = Field(None, description="The number its phones show outside; default: that of outbound.")

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):
            raise ValueError(f"{value!r} is no time zone; write it like America/New_York") from None
        return value


class Address(Written):
    """A civic address (RFC 5139 element names in brackets)."""

    house_number: Text | None = Field(None, description="House number, where it is kept apart from the street [HNO].")
    street: Text = Field(description="Street; with the house number unless that is given apart [RD].")
    city: Text = Field(description="City [A3].")
    state: Text = Field(description="State or province [A1].")
    postal_code: Text = Field(description="Postal code [PC].")
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field("US", description="ISO 3166 code [country].")
    building: Text | None = Field(None, description="Building, where there are several [BLD].")
    floor: Text | None = Field(None, description="Floor [FLR].")
    room: Text | None = Field(None, description="Room or suite [ROOM].")


class Location(Written):
    """A dispatchable location: where an ambulance has to go."""

    elin: E164 = Field(description="Emergency location number: what 911 sees as caller and calls back.")
    address: Address = Field(description="Where it is, down to floor and room.")


class Phone(Written):
    """A desk phone; its key is its extension."""

    name: Text = Field(description="Where or whose it is; shown as caller on internal calls.")
    location: Name | None = Field(None, description="Where it stands (see locations); required for emergency calls.")
    site: Name | None = Field(None, description="Its site, whose number it shows outside; default: none.")
    mailbox: Name | None = Field(None, description="The mailbox its voicemail code opens.")
    lamps: Names = Field((), description="Mailboxes whose new messages its lamp shows; default: its own mailbox.")
    secure: bool = Field(False, description="Signalling by TLS and audio by SRTP, and nothing else.")
    allow: Literal["internal", "local", "international"] = Field(
        "local", description="What it may dial; emergency numbers always."
    )

    supervises: Names = Field(
        (), description="Queues whose agents it may listen to, whisper to, and join, and whose mode it may change."
    )

    @property
    def shown(self) -> tuple[str, ...]:
        """The mailboxes its lamp shows."""
        return self.lamps or ((self.mailbox,) if self.mailbox else ())


class Fallback(Written):
    """What a call gets while the daemon does not answer."""

    queue: Name | None = Field(None, description="The queue whose phones ring.")
    mailbox: Name = Field(description="The mailbox that takes a message.")
    hours: Name | None = Field(None, description="Ring only within these hours; default: always.")


class Did(Written):
    """A number patients dial; its key is the full number."""

    name: Text = Field(description="What the line is, for people.")
    flow: Name = Field(description="The flow its calls enter.")
    site: Name | None = Field(None, description="The site whose calls they are; default: the first.")
    language: Language | None = Field(None, description="Language until the caller chooses; default: the first one.")
    fallback: Fallback | None = Field(None, description="What happens while the daemon does not answer.")
    phase: Phase | None = Field(None, description="Which of its calls are taken; default: every one.")

    def entered(self, number: str) -> str:
        """The flow that calls to *number* enter: its own, or the one that tries elsewhere first."""
        return self.flow if self.phase is None or self.phase.take == "full" else f"phase-{number.removeprefix('+')}"


class InternalNumber(Written):
    """An extension that is no phone."""

    queue: Name | None = Field(None, description="The queue it reaches.")
    mailbox: Name | None = Field(
        None,
        description="Takes a message where nobody of the queue answers; default: that of the first line whose fallback "
        "is the queue.",
    )
    flow: Name | None = Field(None, description="The flow it enters.")

    @model_validator(mode="after")
    def _one(self) -> "InternalNumber":
        if (self.queue is None) == (self.flow is None):
            raise ValueError("needs either queue or flow")
        if self.mailbox is not None and self.queue is None:
            raise ValueError("mailbox goes with queue; a flow has a voicemail step of its own")
        return self


class Codes(Written):
    """What phones dial for themselves."""

    login: Code = Field(
        "*45",
        description="Log in to the agent's queues, or out; with a queue's extension: that one. At a phone that is "
        "nobody's it asks for an agent's number and PIN; with an agent's number after it, at any phone for the PIN.",
    )
    pause: Code = Field("*46", description="Pause, or go on; with the key of a reason after it: for that.")
    voicemail: Code = Field("*97", description="Hear the messages of the phone's mailbox.")
    wrap_up: Code = Field("*48", description="The time after a call is over: ready for the next one.")
    more_time: Code = Field("*49", description="As much time again after the call.")
    dispose: Code = Field("*44", description="With the key of a disposition after it: what came of the last call.")
    count: Code = Field("*47", description="With the extension of a queue after it: how many wait there.")
    mode: Code = Field("*42", description="With the extension of a queue after it: its mode, to hear and to change.")
    listen: Code = Field("*50", description="With an agent's phone after it: listen to the call.")
    whisper: Code = Field("*51", description="With an agent's phone after it: speak to the agent alone.")
    barge: Code = Field("*52", description="With an agent's phone after it: join the call.")


class Queue(Written):
    strategy: Literal["leastrecent", "ringall", "fewestcalls", "rrmemory", "linear", "random"] = Field(
        "leastrecent", description="Who is asked first; ringall: all at once."
    )
    ring: Duration = Field(
        timedelta(seconds=20), ge=timedelta(seconds=5), description="How long a phone rings before the next is asked."
    )
    wrap_up: Duration = Field(timedelta(seconds=10), description="An agent's quiet time after a call.")
    site: Name | None = Field(None, description="The site whose calls those to its extension are; default: the first.")
    music: Name = Field("default", description="Class of the music waiting callers hear.")
    announce_every: Duration = Field(timedelta(seconds=45), description="How often a caller is told the place in line.")
    pause_after_misses: int = Field(2, ge=0, le=100, description="Missed offers until an agent is paused; 0: never.")
    clinical: bool = Field(
        False,
        description="Only licensed agents serve it, and its calls never go on to a queue that is not clinical, unless "
        "the caller presses a key.",
    )
    whisper: Name | None = Field(
        None,
        description="What its agents hear before each call is theirs (see prompts), with the caller's language and the "
        "step's reason; default: nothing, unless a colleague asks about a patient.",
    )
    licences: Names = Field(
        (), description="Licences of which its agents need one; default: any, where it is clinical."
    )
    max_overtakes: int = Field(
        5, ge=0, le=1000, description="How many later callers may be served before a caller, whatever their priority."
    )
    same_language: Duration = Field(
        timedelta(seconds=45),
        description="How long a caller waits for an agent who speaks the language, if one is there; then anybody.",
    )
    same_agent: Duration = Field(
        timedelta(0),
        description="How long a caller waits for the agent who talked with them last; default: not at all.",
    )
    place_kept: Duration = Field(
        timedelta(minutes=5), description="Who was cut off and calls again within this time has the place back."
    )
    raise_repeats: int = Field(
        1, ge=0, le=100, description="Most that is added to the priority from the third call of an hour on."
    )
    target: Target | None = Field(None, description="What it promises its callers, for reports and staffing.")


class Agent(Written):
    name: Text = Field(description="The agent's name, for colleagues.")
    phone: Extension | None = Field(None, description="The agent's own phone; default: whichever they log in at.")
    number: Extension | None = Field(
        None,
        description="Logs the agent in at any phone, with their PIN (`clinicpbx agent pin`), until they log out or in "
        "elsewhere; default: only their own phone does.",
    )
    queues: Penalties = Field(description="The agent's queues: a list, or queue → penalty (lower is asked first).")
    skills: Skills = Field(default_factory=dict, description="What the agent can do: a list, or skill → level, 1 to 9.")
    languages: Fluency = Field(
        default_factory=dict, description="Languages the agent speaks: a list, or language → level; default: the first."
    )
    licences: Names = Field((), description="Licences, such as rn or md; a clinical queue asks for one.")


class Mailbox(Written):
    number: Extension | None = Field(None, description="Internal number of the mailbox, if it is dialled.")
    title: Text = Field(description="Whose it is, for people.")
    shared: bool = Field(False, description="A team's mailbox: a message heard by one is heard for all.")
    keep: Keeping | None = Field(None, description="How long its messages are kept; default: that of clinic.")
    readers: Logins = Field((), description="The only logins that read it, besides admins; default: by role.")


class StepRule(Written):
    """One step of a flow: `<kind>: options`, and what comes next."""

    reserved: ClassVar = frozenset({"next", "then"})

    kind: str = Field(description="What the step does.")
    options: dict[str, Any] | str = Field(description="The step's options, or its first option alone.")
    next: dict[str, Name] = Field(default_factory=dict, description="Outcome → name of the step that follows.")

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("a step is a map such as {play: welcome, then: menu}")
        kinds = [key for key in value if key not in cls.reserved]
        if len(kinds) != 1:
            raise ValueError(f"a step does exactly one thing, this one: {', '.join(map(str, kinds)) or 'nothing'}")
        following = value.get("next") or {}
        if not isinstance(following, dict):
            raise ValueError("next is a map: outcome → step; a single step goes under then")
        if value.get("then") is not None:
            if "done" in following:
                raise ValueError("then is short for next: {done: …}; write one of them")
            following = {**following, "done": value["then"]}
        options = value[kinds[0]]
        if not isinstance(options, dict | str | None):
            raise ValueError(f"the options of {kinds[0]} are a map, or its first option alone")
        return {"kind": kinds[0], "options": {} if options is None else options, "next": following}


class FlowRule(Written):
    start: Name | None = Field(None, description="The first step; default: the one written first.")
    steps: dict[Name, StepRule] = Field(min_length=1, description="Name → step.")

    @property
    def first(self) -> str:
        return self.start or next(iter(self.steps))


class Document(Written):
    """The rules of one clinic."""

    include: Annotated[tuple[str, ...], BeforeValidator(one_or_many)] = Field(
        (), description="Further files beside this one, read as if they stood here."
    )
    templates: Annotated[tuple[str, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str])] = Field(
        (),
        description="Specialities whose rules lie below these: general, obstetrics, paediatrics, psychiatry. What is "
        "written here wins, name by name; `name: ~` takes a part out.",
    )
    clinic: Clinic = Field(description="The clinic.")
    languages: dict[Language, Text] = Field(
        min_length=1, description="Language code → its name; the first is the default."
    )
    sites: dict[Name, Site] = Field(min_length=1, description="Name → site.")
    locations: dict[Name, Location] = Field(default_factory=dict, description="Name → where phones stand.")
    hours: dict[Name, HoursRules] = Field(default_factory=dict, description="Name → opening hours.")
    phones: dict[Extension, Phone] = Field(default_factory=dict, description="Extension → phone.")
    trunks: dict[Name, Trunk] = Field(default_factory=dict, description="Name → trunk, in the order tried.")
    outbound: Outbound | None = Field(None, description="Calls to the outside; default: none.")
    emergency: Emergency = Field(default_factory=lambda: Emergency.model_validate({}), description="Emergency calls.")
    dids: dict[E164, Did] = Field(default_factory=dict, description="Full number → what patients reach by it.")
    extensions: dict[Extension, InternalNumber] = Field(
        default_factory=dict, description="Internal numbers that are no phones."
    )
    codes: Codes = Field(default_factory=lambda: Codes.model_validate({}), description="Feature codes.")
    pause_reasons: dict[Keys, Name] = Field(default_factory=dict, description="Key → reason for which agents pause.")
    dispositions: dict[Keys, Name] = Field(default_factory=dict, description="Key → what may come of a call.")
    queues: dict[Name, Queue] = Field(default_factory=dict, description="Name → queue.")
    agents: dict[Name, Agent] = Field(default_factory=dict, description="Name → agent.")
    mailboxes: dict[Name, Mailbox] = Field(default_factory=dict, description="Name → mailbox.")
    categories: dict[Name, CategoryRules] = Field(
        default_factory=dict, description="Name → kind of request; message, abandoned and callback are always there."
    )
    inbox: InboxRules | None = Field(None, description="What becomes an item of the inbox; default: as below.")
    prompts: dict[Name, dict[Language, Spoken]] = Field(
        default_factory=dict, description="Name → language → what is said; a recording of that name wins."
    )
    flows: dict[Name, FlowRule] = Field(default_factory=dict, description="Name → flow.")
    providers: dict[Name, Provider] = Field(default_factory=dict, description="Name → clinician.")
    rotas: dict[Name, RotaRules] = Field(default_factory=dict, description="Name → who is on call for it, and when.")
    overrides: dict[Name, Override] = Field(
        default_factory=dict, description="Name → what holds for a while instead; the first written weighs most."
    )
    notify: Notify | None = Field(None, description="Who is told of what happens; default: nobody.")
    reports: dict[Name, ReportRule] = Field(default_factory=dict, description="Name → a report that comes by itself.")
    scenarios: dict[Text, Scenario] = Field(
        default_factory=dict, description="Name → a call and what must become of it; run by `clinicpbx rules test`."
    )

    @property
    def local(self) -> ZoneInfo:
        """The time zone of the first site."""
        return ZoneInfo(next(iter(self.sites.values())).timezone)

    @property
    def language(self) -> str:
        """The default language."""
        return next(iter(self.languages))

    @property
    def emergency_trunks(self) -> tuple[str, ...]:
        return self.emergency.trunks or tuple(self.trunks)

    def zone(self, hours: str) -> ZoneInfo:
        """The time zone of the hours *hours*."""
        site = self.hours[hours].site or next(iter(self.sites))
        return ZoneInfo(self.sites[site].timezone)
