"""The proof and the core agree: no call of the core takes a way that the proof of its flow does not know."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.core.callflow.flow import Flow, Node
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.rules.every_minute import windows_of
from clinicpbx.rules.proof import SILENCE, Proof
from tests.support.books import HOURS, book

pytestmark = pytest.mark.unit
WINDOWS = windows_of({"clinic": HOURS}, date(2030, 1, 1))
START = datetime(2030, 1, 1, 5, tzinfo=UTC)
OPTIONS = {
    "play": {"prompt": "words"},
    "menu": {"prompt": "ask", "keys": ("0", "1"), "tries": 1},
    "check_hours": {"hours": "clinic"},
    "enqueue": {"queue": "frontdesk"},
    "dial": {"extension": "204"},
    "voicemail": {"mailbox": "frontdesk", "confirm_number": False},
    "hangup": {},
}
MOST_EVENTS = 120


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    kinds = [*draw(st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=6)), "hangup"]
    names = [f"{kind}{number}" for number, kind in enumerate(kinds)]
    nodes = {}
    for name, kind in zip(names, kinds, strict=True):
        step = STEPS[kind](**OPTIONS[kind])
        nodes[name] = Node(kind, step, {o: draw(st.sampled_from(names)) for o in sorted(step.outcomes())})
    return Flow(names[0], nodes)


class Outside:
    """Who calls, and what happens to the call: nothing but time where *idle*, anything otherwise."""

    def __init__(self, chance: Random, idle: bool) -> None:
        self.chance, self.idle = chance, idle

    def next(self, machine: CallMachine, commands: Sequence[do.Command], at: datetime) -> ev.Event:
        soon = at + timedelta(seconds=1 if self.idle else self.chance.choice((1, 60, 1800)))
        for command in commands:
            match command:
                case do.JoinQueue(queue=queue):
                    staffed = not self.idle and self.chance.random() < 0.5
                    return ev.PlaceTold(at=soon, queue=queue, position=1, staffed=staffed)
                case do.Continue():
                    status = "CHANUNAVAIL" if self.idle else self.chance.choice(("BUSY", "NOANSWER", "CHANUNAVAIL"))
                    return ev.DialEnded(at=soon, status=status)
                case do.Record(recording=recording):
                    said = timedelta(seconds=0 if self.idle else self.chance.choice((0, 9)))
                    return ev.RecordingFinished(at=soon, recording=recording, duration=said)
                case do.Play(playback=playback) if self.idle or self.chance.random() < 0.6:
                    return ev.PlaybackFinished(at=soon, playback=playback)
        if not self.idle and machine.kind == "menu" and self.chance.random() < 0.6:
            return ev.DtmfReceived(at=soon, digit=self.chance.choice("01"))
        return ev.DeadlineReached(at=max(soon, machine.deadline or soon))


def walked(flow: Flow, at: datetime, outside: Outside) -> tuple[list[tuple[str, str]], bool]:
    """The steps a call goes through with the outcome of each, and whether it came to an end."""
    machine = CallMachine(ev.CallArrived(at=at, flow="drawn", entry="+12075550100", version="1"), "c", book(drawn=flow))
    commands, way = machine.begin(), list[tuple[str, str]]()
    for _ in range(MOST_EVENTS):
        way += [
            (str(note.detail["name"]), str(note.detail["outcome"]))
            for note in commands
            if isinstance(note, do.Note) and note.kind == "left"
        ]
        if machine.over:
            return way, not any(isinstance(command, do.Continue) for command in commands)
        event = outside.next(machine, commands, at)
        at, commands = event.at, machine.handle(event)
    return way, False


@settings(max_examples=150, deadline=None)
@given(flow=flows(), seed=st.integers(), second=st.integers(0, 399 * 86400))
def test_no_call_goes_where_the_proof_does_not(flow: Flow, seed: int, second: int) -> None:
    proof = Proof(flow, WINDOWS)
    way, _ = walked(flow, START + timedelta(seconds=second), Outside(Random(seed), idle=False))
    assert {step for step, _ in way} <= proof.reached()
    dropped = {found.step for found in proof.dropped()}
    for (step, outcome), (after, _) in pairwise(way):
        unheard = flow.nodes[step].kind in ("enqueue", "dial") or (
            flow.nodes[step].kind == "menu" and outcome in SILENCE
        )
        if unheard and flow.nodes[after].kind == "hangup":
            assert step in dropped


@settings(max_examples=150, deadline=None)
@given(flow=flows(), second=st.integers(0, 399 * 86400))
def test_an_idle_call_ends_unless_the_proof_has_found_the_circle(flow: Flow, second: int) -> None:
    way, ended = walked(flow, START + timedelta(seconds=second), Outside(Random(1), idle=True))
    assert ended or list(Proof(flow, WINDOWS).circles()), way
