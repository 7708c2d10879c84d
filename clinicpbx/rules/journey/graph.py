"""A number's flow as boxes and arrows, in the words of the clinic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.schedule.hours import Hours, Span
from clinicpbx.core.schedule.oncall import Duty, Shift
from clinicpbx.rules.compile import Rules

QUIET = ("answer", "hangup")  # steps that say nothing to the person who reads the map
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORDS = {
    "timeout": "no key",
    "invalid": "wrong key",
    "unstaffed": "nobody logged in",
    "noanswer": "no answer",
    "unreached": "not reached",
}
_SHORT = {"nobody, not reached": "not reached", "no key, wrong key": "else", "no answer, busy, failed": "not reached"}


@dataclass(frozen=True, slots=True)
class Box:
    """*look* is entry, choice, person, message or words: what becomes of the caller here."""

    name: str
    title: str
    lines: tuple[str, ...] = ()
    look: str = "words"


@dataclass(frozen=True, slots=True)
class Arrow:
    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Journey:
    """The first box is the number itself."""

    number: str
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def journey(rules: Rules, number: str) -> Journey:
    """What callers of the DID *number* go through. Errors: KeyError for a number the clinic does not have."""
    did = rules.document.dids[number]
    flow = rules.book.flows[did.entered(number)]
    language = did.language or rules.document.language
    entry = Box("", number, (did.name, f"begins in {rules.document.languages[language]}"), "entry")
    shown = {name: node for name, node in flow.nodes.items() if node.kind not in QUIET}
    start = _skip(flow, flow.start)
    arrows = [Arrow("", start, "")] if start else []
    for name, node in shown.items():
        arrows += [Arrow(name, target, _label(rules, node, outcomes)) for target, outcomes in _next(flow, node)]
    reached = _reached(arrows)
    boxes = [_box(rules, name, node, language) for name, node in shown.items() if name in reached]
    title = f"{rules.document.clinic.name} — {did.name}"
    return Journey(number, title, (entry, *boxes), tuple(arrow for arrow in arrows if arrow.source in {"", *reached}))


def _skip(flow: Flow, name: str) -> str:
    """The first step at or after *name* that is on the map; empty where the call ends before one."""
    seen = set()
    while name and flow.nodes[name].kind in QUIET:
        if name in seen:
            return ""
        seen.add(name)
        name = flow.nodes[name].next.get("done", "")
    return name


def _next(flow: Flow, node: Node) -> Iterator[tuple[str, list[str]]]:
    """Target, and the outcomes that lead there."""
    found: dict[str, list[str]] = {}
    for outcome, name in node.next.items():
        if target := _skip(flow, name):
            found.setdefault(target, []).append(outcome)
    yield from found.items()


def _reached(arrows: list[Arrow]) -> set[str]:
    found: set[str] = set()
    ahead = [""]
    while ahead:
        source = ahead.pop()
        for arrow in arrows:
            if arrow.source == source and arrow.target not in found:
                found.add(arrow.target)
                ahead.append(arrow.target)
    return found


def _label(rules: Rules, node: Node, outcomes: list[str]) -> str:
    if outcomes == ["done"]:
        return ""
    limit = getattr(node.step, "limit", None)
    words = dict(_WORDS, overflow=f"after {_time(limit)}" if limit else "overflow")
    label = ", ".join(words.get(outcome, outcome) for outcome in outcomes)
    for long, short in _SHORT.items():
        label = label.replace(long, short)
    return label


def _box(rules: Rules, name: str, node: Node, language: str) -> Box:
    step, document = node.step, rules.document
    said = _said(rules, str(getattr(step, "prompt", getattr(step, "greeting", ""))), language)
    match node.kind:
        case "language":
            keys: Mapping[str, str] = getattr(step, "keys", {})
            chosen = tuple(f"{key}  {document.languages[code]}" for key, code in keys.items())
            return Box(name, "Language?", chosen, "choice")
        case "check_hours":
            hours = str(getattr(step, "hours", ""))
            return Box(name, f"Open? ({hours})", _hours(rules.book.hours[hours]), "choice")
        case "menu" | "collect_digits":
            return Box(name, f"Menu: {name}" if node.kind == "menu" else f"Asks for digits: {name}", said, "choice")
        case "enqueue":
            queue = str(getattr(step, "queue", ""))
            people = [agent.name for agent in document.agents.values() if queue in agent.queues]
            kind = "clinical queue" if document.queues[queue].clinical else "queue"
            return Box(name, f"{queue} ({kind})", (", ".join(people) or "nobody",), "person")
        case "dial":
            extension, number = str(getattr(step, "extension", "")), str(getattr(step, "number", ""))
            who = document.phones[extension].name if extension else "outside"
            return Box(
                name, f"Rings {extension or number}", (f"{who}, {_time(getattr(step, 'ring', None))}",), "person"
            )
        case "on_call":
            rota = str(getattr(step, "rota", ""))
            one = rules.book.rotas[rota]
            shifts: list[Shift | Duty] = [*one.weekly, *one.calendar, *one.single]
            asked = [who for shift in shifts for who in (shift.who, shift.backup) if who]
            names = ", ".join(document.providers[who].name for who in dict.fromkeys(asked))
            return Box(name, f"On call: {rota}", (names,), "person")
        case "refer":
            wanted = str(getattr(step, "speciality", ""))
            names = ", ".join(one.name for one in document.providers.values() if wanted in one.specialities)
            return Box(name, f"Provider: {wanted}", (names,), "person")
        case "alert":
            told = ", ".join(document.phones[phone].name for phone in getattr(step, "phones", ()))
            return Box(name, f"Tells {told}", said, "words")
        case "request":
            return Box(name, f"Notes: {rules.book.categories[str(getattr(step, 'category', ''))].title}", (), "words")
        case "triage":
            return Box(name, f"Triage: {getattr(step, 'level', '')}", (), "words")
        case "voicemail":
            mailbox = document.mailboxes[str(getattr(step, "mailbox", ""))]
            return Box(name, f"Message for {mailbox.title}", said, "message")
        case "dialplan":
            return Box(name, f"Dialplan {getattr(step, 'context', '')}", (), "person")
    return Box(name, f"Says: {name}", said, "words")


def _said(rules: Rules, prompt: str, language: str) -> tuple[str, ...]:
    """What the clinic's own prompt says; nothing for those that come with the program."""
    spoken = rules.document.prompts.get(prompt, {}).get(language)
    return (f"“{spoken}”",) if spoken else ()


def _hours(hours: Hours) -> tuple[str, ...]:
    lines = [*_days("", hours.week), *_days("lunch ", hours.lunch)]
    return (*lines, "closed on holidays") if hours.holidays else tuple(lines)


def _days(what: str, week: Mapping[int, tuple[Span, ...]]) -> Iterator[str]:
    """One line for days that follow one another and are alike: `Mon–Fri 08:00–17:00`."""
    spans = {day: ", ".join(map(str, week.get(day, ()))) for day in range(7)}
    for text, days in groupby(range(7), spans.__getitem__):
        first, *others = days
        if text:
            yield f"{what}{DAYS[first]}{f'–{DAYS[others[-1]]}' if others else ''}  {text}"


def _time(length: timedelta | None) -> str:
    if length is None:
        return ""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return " ".join(([f"{minutes} min"] if minutes else []) + ([f"{seconds} s"] if seconds else []))
