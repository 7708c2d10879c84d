"""Small rulebooks for tests of the core."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.core.rulebook import AgentRules, MailboxRules, PhoneRules, ProviderRules, QueueRules, Rulebook
from clinicpbx.core.schedule.hours import DayException, Hours, Span
from clinicpbx.core.schedule.oncall import Duty, Rota


def node(kind: str, next: dict[str, str] | None = None, /, **options: object) -> Node:
    return Node(kind, STEPS[kind](**options), next or {}, "clinic.yaml:1")


HOURS = Hours(
    ZoneInfo("America/New_York"),
    week={day: (Span(time(8), time(17)),) for day in range(5)} | {5: (Span(time(9), time(12)),)},
    lunch={day: (Span(time(12), time(13)),) for day in range(5)},
    holidays={date(2030, 7, 4): "Independence Day"},
    exceptions={
        date(2030, 1, 9): DayException((), "burst pipe"),
        date(2030, 12, 24): DayException((Span(time(8), time(12)),), "Christmas Eve"),
    },
)

KIDS = Rota(ZoneInfo("America/New_York"), (Duty(tuple(range(7)), time(7), time(7), "chen", "egan"),))

MAIN = Flow(
    "answer",
    {
        "answer": node("answer", {"done": "language"}),
        "language": node("language", {"done": "hours"}, prompt="choose", keys={"1": "en", "2": "es"}),
        "hours": node("check_hours", {"open": "menu", "lunch": "closed", "closed": "closed", "holiday": "closed"},
                      hours="clinic"),
        "menu": node("menu", dict.fromkeys(("0", "1", "timeout", "invalid"), "desk") | {"2": "nurse", "4": "about"},
                     prompt="menu", keys=tuple("0124")),
        "about": node("play", {"done": "menu"}, prompt="about"),
        "desk": node("enqueue", {"overflow": "message", "unstaffed": "message"}, queue="frontdesk"),
        "nurse": node("dial", {"noanswer": "message", "busy": "message", "failed": "message"}, extension="204"),
        "message": node("voicemail", {"done": "bye", "empty": "bye"}, mailbox="frontdesk"),
        "closed": node("voicemail", {"done": "bye", "empty": "bye"}, mailbox="frontdesk", greeting="closed"),
        "bye": node("hangup"),
    },
)  # fmt: skip


def one_step(kind: str, /, **options: object) -> Flow:
    """A flow of one step: every outcome ends the call."""
    return Flow("only", {"only": node(kind, **options)})


def _code(kind: str) -> Flow:
    """A feature code's flow."""
    steps = {"answer": node("answer", {"done": "it"}), "it": node(kind, {"done": "bye"}), "bye": node("hangup")}
    return Flow("answer", steps)


def book(**flows: Flow) -> Rulebook:
    codes = {"code-login": "agent_login", "code-pause": "agent_pause", "code-voicemail": "hear_messages"}
    return Rulebook(
        "1",
        {"main": MAIN, **{name: _code(kind) for name, kind in codes.items()}, **flows},
        entries={"+12075550100": "main"},
        hours={"clinic": HOURS},
        queues={
            "frontdesk": QueueRules("frontdesk"),
            "nurse": QueueRules("nurse", "ringall", ring=timedelta(seconds=25), music="calm"),
        },
        agents={"ana": AgentRules("ana", "201", {"frontdesk": 0}), "ben": AgentRules("ben", "202", {"frontdesk": 0})},
        phones={"201": PhoneRules("201", "frontdesk"), "202": PhoneRules("202"), "204": PhoneRules("204")},
        mailboxes={"frontdesk": MailboxRules("frontdesk", "600")},
        languages=("en", "es"),
        rotas={"kids": KIDS, "empty": Rota(KIDS.zone)},
        providers={
            "chen": ProviderRules("chen", "205", "+12075550161", ("en", "es"), ("kids",)),
            "diaz": ProviderRules("diaz", mobile="+12075550162", languages=("es",), specialities=("kids",)),
            "egan": ProviderRules("egan", "206", languages=("en",), specialities=("kids", "heart")),
        },
    )
