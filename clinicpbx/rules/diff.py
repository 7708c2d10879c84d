"""What a change of the rules means, in sentences for those who run the clinic."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from clinicpbx.core.schedule.hours import Span
from clinicpbx.rules.affected import Reach, affected
from clinicpbx.rules.changes import Change, changes, in_words
from clinicpbx.rules.document import Document
from clinicpbx.rules.hours_document import HoursException, HoursRules

DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
HELP = ("emergency", "locations", "trunks")
ONE = {
    "sites": "site",
    "locations": "location",
    "hours": "hours",
    "phones": "phone",
    "trunks": "trunk",
    "dids": "number",
    "extensions": "internal number",
    "queues": "queue",
    "agents": "agent",
    "mailboxes": "mailbox",
    "categories": "category",
    "prompts": "prompt",
    "flows": "flow",
    "providers": "provider",
    "rotas": "rota",
    "overrides": "override",
    "scenarios": "scenario",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """*affects*: the names of the DIDs concerned. *help*: it touches emergency calls or the way out."""

    text: str
    affects: tuple[str, ...] = ()
    help: bool = False

    def __str__(self) -> str:
        if not self.affects:
            return self.text
        count = len(self.affects)
        return f"{self.text}; affects {count} DID{'s' if count > 1 else ''}: {', '.join(self.affects)}"


def sentences(before: Document | None, after: Document, calendars: Collection[str] = ()) -> list[Sentence]:
    """What *after* changes, what concerns emergency calls first; empty exactly where both say the same.

    *calendars*: the names of the .ics files that are not what they were.
    """
    if before is None:
        return [Sentence("the first rules of this clinic")]
    reaches = Reach(before), Reach(after)
    found: dict[Sentence, None] = {}
    hours_told = set[str]()
    for change in changes(before, after):
        numbers = affected(change.path, *reaches)
        names = tuple((after.dids.get(number) or before.dids[number]).name for number in numbers)
        urgent = change.section in HELP or change.path[2:3] == ("location",)
        weekly = change.section == "hours" and change.path[2:3] in (("open",), ("lunch",))
        if weekly and change.name in before.hours and change.name in after.hours:
            if change.name in hours_told:
                continue
            hours_told.add(change.name)
            texts = list(_weeks(change.name, before.hours[change.name], after.hours[change.name]))
        else:
            texts = list(_texts(change, before, after))
        found |= dict.fromkeys(Sentence(text, names, urgent) for text in texts)
    for rota, written in after.rotas.items():
        if written.calendar in calendars:
            names = tuple(after.dids[number].name for number in affected(("rotas", rota), reaches[1]))
            found[Sentence(f"the calendar of {rota} changes", names)] = None
    return sorted(found, key=lambda sentence: not sentence.help)


def _texts(change: Change, before: Document, after: Document) -> Iterator[str]:
    match change.path:
        case (section, "order"):
            yield f"{section}.order: {_instead(change)}"
        case (section, name) if section in ONE:
            yield _named(ONE[section], name, change)
        case ("prompts", name, language):
            yield (
                f"prompt {name} is said differently in {language}"
                if change.before and change.after
                else (f"prompt {name} {'has words' if change.after else 'has no words any more'} in {language}")
            )
        case ("hours", name, "exceptions"):
            yield from _exceptions(name, change.before or (), change.after or ())
        case ("agents", name, "queues", queue):
            who = (after.agents.get(name) or before.agents[name]).name
            yield f"{who} {_serves(change)} {queue}"
        case ("flows", flow, "steps", step, "next", outcome):
            what = f"key {outcome}" if len(outcome) == 1 else f"the outcome {outcome}"
            yield f"{what} of {flow}/{step} {_leads(change)}"
        case ("flows", flow, "start"):
            yield f"calls of the flow {flow} begin with {change.after} instead of {change.before}"
        case ("flows", flow, "steps", step):
            yield _named(f"step of {flow}", step, change)
        case path:
            yield f"{'.'.join(path)}: {_instead(change)}"


def _named(what: str, name: str, change: Change) -> str:
    if change.before is None:
        return f"{what} {name} is new: {in_words(change.after)}"
    if change.after is None:
        return f"{what} {name} is gone"
    return f"{what} {name}: {_instead(change)}"


def _instead(change: Change) -> str:
    return f"{in_words(change.after)} instead of {in_words(change.before)}"


def _serves(change: Change) -> str:
    if change.after is None:
        return "no longer takes calls of"
    if change.before is None:
        return f"takes calls (penalty {change.after}) of" if change.after else "takes calls of"
    return f"has penalty {change.after} instead of {change.before} in"


def _leads(change: Change) -> str:
    if change.before is None:
        return f"leads to {change.after}, and led nowhere"
    if change.after is None:
        return f"leads nowhere any more, and led to {change.before}"
    return f"leads to {change.after} instead of {change.before}"


def _weeks(name: str, before: HoursRules, after: HoursRules) -> Iterator[str]:
    """Weekdays that changed alike in one sentence."""
    for what, old, new in (("", before.week, after.week), ("lunches on ", before.lunches, after.lunches)):
        alike: dict[str, list[int]] = {}
        for day in range(7):
            if (was := old.get(day, ())) != (now := new.get(day, ())):
                alike.setdefault(_day(was, now), []).append(day)
        for text, days in alike.items():
            listed = ", ".join(DAYS[day] for day in days)
            yield f"{what}{listed} {text} (hours {name})"
    if (before.week, before.lunches) == (after.week, after.lunches):
        yield f"hours {name} are written differently and mean the same"


def _day(was: tuple[Span, ...], now: tuple[Span, ...]) -> str:
    if not now:
        return f"are closed instead of {_spans(was)}"
    if not was:
        return f"are open {_spans(now)}, and were closed"
    inner = [span.start for span in was[1:]] == [span.start for span in now[1:]] and (
        [span.end for span in was[:-1]] == [span.end for span in now[:-1]]
    )
    if inner and was[0].start == now[0].start:
        return f"close at {now[-1].end:%H:%M} instead of {was[-1].end:%H:%M}"
    if inner and was[-1].end == now[-1].end:
        return f"open at {now[0].start:%H:%M} instead of {was[0].start:%H:%M}"
    return f"are open {_spans(now)} instead of {_spans(was)}"


def _spans(spans: Iterable[Span]) -> str:
    return " and ".join(map(str, spans))


def _exceptions(name: str, before: Iterable[HoursException], after: Iterable[HoursException]) -> Iterator[str]:
    was, now = _by_day(before), _by_day(after)
    for day in sorted(was.keys() | now.keys()):
        if day not in now:
            yield f"{day} is a usual day again, no longer {was[day]} (hours {name})"
        elif day not in was:
            yield f"{day} is {now[day]} (hours {name})"
        elif was[day] != now[day]:
            yield f"{day} is {now[day]} instead of {was[day]} (hours {name})"
    if was == now:
        yield f"the exceptions of hours {name} are written differently and mean the same"


def _by_day(exceptions: Iterable[HoursException]) -> Mapping[str, str]:
    return {
        f"{day:%Y-%m-%d}": f"{f'open {_spans(one.open)}' if one.open else 'closed'}, {one.reason}"
        for one in exceptions
        for day in one.days
    }
