"""At every minute of the coming 400 days a call ends with something, and every menu has a way to a person."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from clinicpbx.core.callflow.away import LONGEST_CALL
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.schedule.hours import Hours, Opening
from clinicpbx.core.schedule.stretches import Situation, Window, timeline, windows
from clinicpbx.errors import Mistake
from clinicpbx.rules.flows import Draft, built_in
from clinicpbx.rules.places import Path
from clinicpbx.rules.proof import Found, Proof

AHEAD = timedelta(days=400)


def every_minute(draft: Draft, wrong: Iterable[Mistake] = ()) -> Iterator[Mistake]:
    """What the proof finds, each with a time and a way to get there. Flows and hours that are *wrong* already are
    left out: what would be told of them is no news."""
    broken = {".".join(mistake.path.split(".")[:2]) for mistake in wrong if not mistake.warning}
    unmanned = draft.document.queues.keys() - {
        queue for agent in draft.document.agents.values() for queue in agent.queues
    }
    known: dict[frozenset[str], list[Window]] = {}
    forced = _forced(draft)
    for path, flow in _patients_flows(draft):
        asked = asked_hours(flow)
        if ".".join(path) in broken or broken & {f"hours.{name}" for name in asked}:
            continue
        if asked not in known:
            known[asked] = windows_of({name: draft.hours[name] for name in asked if name in draft.hours}, draft.today)
        under = [_always(draft, asked, *one) for one in forced.get(path[1], ())] if asked else []
        yield from _told(draft, path, Proof(flow, [*known[asked], *under], frozenset(unmanned)))


def _forced(draft: Draft) -> dict[str, list[tuple[str, str]]]:
    """Flow → the overrides under which its calls may be, and what they say of every hours."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, override in draft.document.overrides.items():
        for number in override.dids or draft.document.dids:
            did = draft.document.dids.get(number)
            if override.hours and did:
                found.setdefault(override.flow or did.flow, []).append((name, override.hours))
    return {flow: list(dict.fromkeys(held)) for flow, held in found.items()}


def _always(draft: Draft, asked: frozenset[str], override: str, state: str) -> Window:
    """What calls see under an *override* that says *state* of every hours."""
    at = datetime.combine(draft.today, time(0), draft.document.local)
    return (Situation(at, dict.fromkeys(sorted(asked), Opening(state, f"override {override}"))),)


def windows_of(hours: Mapping[str, Hours], today: date) -> list[Window]:
    """Everything that a call may see of *hours* within 400 days from *today*."""
    start = datetime.combine(today, time(0), hours[min(hours)].zone if hours else UTC)
    return windows(timeline(hours, start, start + AHEAD), LONGEST_CALL)


def asked_hours(flow: Flow) -> frozenset[str]:
    """The names of the hours on which *flow* branches."""
    return frozenset(str(getattr(n.step, "hours", "")) for n in flow.nodes.values() if n.kind == "check_hours")


def _patients_flows(draft: Draft) -> Iterator[tuple[Path, Flow]]:
    yield from ((("flows", name), flow) for name, flow in draft.flows.items())
    own = built_in(draft.document, draft.places)
    for number, internal in draft.document.extensions.items():
        if internal.queue is not None:
            yield ("extensions", number), own[f"queue-{internal.queue}"]


def _told(draft: Draft, path: Path, proof: Proof) -> Iterator[Mistake]:
    names = asked_hours(proof.flow) & draft.hours.keys()
    zone = draft.hours[min(names)].zone if names else None

    def wrong(found: Found, problem: str) -> Mistake:
        where = (*path, "steps", found.step) if path[0] == "flows" else path
        return draft.mistake(where, f"{problem}, {found.told(zone)}")

    for found in proof.dropped():
        yield wrong(found, "a caller is hung up on without a person, a message or a word")
    for found in proof.without_person():
        yield wrong(found, "no key of this menu leads to a person")
    for found in proof.circles():
        yield wrong(found, "a caller who does nothing goes round for ever and reaches nobody")
    led_to = {target for node in proof.flow.nodes.values() for target in node.next.values()}
    for step in proof.flow.nodes.keys() & led_to - proof.reached():
        yield draft.warning((*path, "steps", step), f"no call comes here within {AHEAD.days} days")
