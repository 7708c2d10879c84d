"""Recorded calls under other rules: the same under the same, and where the ways part under others."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.private import Private
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.replay import Elsewhere, elsewhere

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
MAIN, SECRET = "+12075550100", "+12075550188"
OPEN = datetime(2026, 12, 1, 10, tzinfo=ZoneInfo("America/New_York"))


def harbor(*replaced: tuple[str, str]) -> Rules:
    text = HARBOR
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new, 1)
    return rules_from("clinic.yaml", text, date(2026, 11, 24), "1", prove=False)


THEN = harbor().book


def recorded(keys: str, *, staffed: bool = True, says: float = 8, hangs_up: bool = False) -> list[ev.Event]:
    """The events of a call as a daemon would have journalled them; `-` in *keys* is a silence."""
    at, wishes = OPEN, list(keys)
    arrived = ev.CallArrived(at=at, flow="main", entry=MAIN, version="1", caller=Private(SECRET))
    machine, events = CallMachine(arrived, "c", THEN), [arrived]
    commands = machine.begin()
    while not machine.over and len(events) < 80:
        at += timedelta(seconds=2)
        event = _next(machine, commands, at, wishes, staffed, says, hangs_up)
        events.append(event)
        commands = machine.handle(event)
    return events


def _next(
    machine: CallMachine,
    commands: list[do.Command],
    at: datetime,
    wishes: list[str],
    staffed: bool,
    says: float,
    hangs_up: bool,
) -> ev.Event:
    for command in commands:
        match command:
            case do.JoinQueue(queue=queue) if staffed and not hangs_up:
                return ev.OfferMade(at=at, queue=queue, phones=("201",))
            case do.JoinQueue(queue=queue):
                return ev.PlaceTold(at=at, queue=queue, position=1, staffed=staffed)
            case do.Continue():
                return ev.DialAnswered(at=at, phone="201")
            case do.Record(recording=name):
                return ev.RecordingFinished(at=at, recording=name, duration=timedelta(seconds=says))
            case do.Play(playback=name) if machine.kind in ("play", "voicemail") or wishes[:1] in ([], ["-"]):
                return ev.PlaybackFinished(at=at, playback=name)
    if machine.kind == "enqueue":
        return ev.HungUp(at=at, cause=16)
    if machine.kind in ("menu", "language") and wishes and wishes.pop(0) != "-":
        return ev.DtmfReceived(at=at, digit=machine_key(machine))
    return ev.DeadlineReached(at=machine.deadline or at)


KEYS: list[str] = []


def machine_key(machine: CallMachine) -> str:
    return KEYS.pop(0)


def call(keys: str, **more: object) -> list[ev.Event]:
    KEYS[:] = [key for key in keys if key != "-"]
    return recorded(keys, **more)  # type: ignore[arg-type]


def other(events: list[ev.Event], *replaced: tuple[str, str]) -> Elsewhere | None:
    return elsewhere("c", events, THEN, harbor(*replaced).book)


@pytest.mark.parametrize("keys", ["11", "22", "13", "1--", "-0", "14-0", "19-1"])
def test_under_the_same_rules_every_call_goes_where_it_went(keys: str) -> None:
    for staffed in (True, False):
        assert other(call(keys, staffed=staffed)) is None
    assert other(call(keys, hangs_up=True)) is None


def test_another_key_target_is_found_with_its_line() -> None:
    found = other(call("13"), ("2: nurse, 3: refills", "2: refills, 3: nurse"))
    assert found is not None
    assert (found.went, found.would_go) == ("refills → voicemail", "nurse → answered")
    text = HARBOR.replace("2: nurse, 3: refills", "2: refills, 3: nurse").splitlines()
    line = int(found.where.rpartition(":")[2])
    assert text[line - 1] == "      menu:", "the step whose key leads elsewhere"
    assert other(call("11"), ("2: nurse, 3: refills", "2: refills, 3: nurse")) is None


def test_other_hours_are_found() -> None:
    found = other(call("11"), ("      mon-fri: 08:00-17:00\n", "      mon-fri: 11:00-17:00\n"))
    assert found is not None
    assert (found.went, found.would_go) == ("frontdesk → answered", "nurse → voicemail")


def test_a_question_that_nobody_was_asked_is_not_guessed() -> None:
    again = ("      menu:\n        menu: {prompt: main-menu, patience: 6s}\n        next: {1: frontdesk",
             "      menu:\n        menu: {prompt: main-menu, patience: 6s}\n        next: {1: closed")  # fmt: skip
    found = other(call("11"), again)
    assert found is not None
    assert "asks the caller something new" in found.would_go


def test_a_number_that_is_gone_is_told() -> None:
    found = elsewhere("c", call("11"), THEN, harbor((f'  "{MAIN}":', '  "+12075550142":')).book)
    assert found is not None
    assert found.would_go == "no flow answers this number"


def test_nothing_of_the_caller_is_in_what_is_found() -> None:
    found = other(call("13"), ("2: nurse, 3: refills", "2: refills, 3: nurse"))
    assert SECRET not in repr(found)
