"""A test call: it walks as a caller's does, and stops before it would reach a person or leave anything behind."""

import re

from clinicpbx.core.callflow.machine import FALLBACK, CallMachine
from clinicpbx.core.commands import (
    Alert,
    Answer,
    Command,
    Continue,
    Note,
    Play,
    SetVariable,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from clinicpbx.core.events import CallArrived, Event
from clinicpbx.core.rulebook import Rulebook

SELFTEST = "selftest"
CONTEXT = "cpbx-selftest"
REACHED, STEP = "reached", "CPBX_REACHED"
TAKEN = "CPBXReached"  # the user event by which the dialplan says that the test leg has the call
HARMLESS = (Answer, Note, Play, SetVariable, StartMusic, StopMusic, StopPlayback)
"""All that a test call may ask for; whatever else there is, or will be, ends it."""

_CHANNEL = re.compile(rf"Local/[^@]+@{CONTEXT}(-fallback)?-[0-9a-f]{{8}};2", re.ASCII)


def is_test(channel: str) -> bool:
    """Whether the channel of that name is a test call's. No name that a stranger sends gets into a channel's name."""
    return _CHANNEL.fullmatch(channel) is not None


def machine_of(arrived: CallArrived, call: str, book: Rulebook) -> CallMachine:
    """The machine for the call that *arrived*."""
    return (Rehearsal if arrived.test else CallMachine)(arrived, call, book)


class Rehearsal(CallMachine):
    """Where a step would ring, queue, record, promise or hang up, the test leg gets the call instead."""

    def begin(self) -> list[Command]:
        return self._rehearsed(super().begin(), "")

    def handle(self, event: Event) -> list[Command]:
        step = self.at_step
        return self._rehearsed(super().handle(event), step)

    def _rehearsed(self, commands: list[Command], step: str) -> list[Command]:
        """*commands* of *step* and those that follow it, up to the first that is not harmless."""
        said: list[Command] = []
        for command in commands:
            if isinstance(command, Note) and command.kind == "ended":
                continue
            if isinstance(command, Note) and command.kind == "step":
                step = str(command.detail["name"])
            elif isinstance(command, Alert):
                continue  # nobody is told; the caller notices nothing of it
            elif not isinstance(command, HARMLESS) and not _falls_back(command):
                self.over, self._state = True, None
                said += SetVariable(STEP, step), Continue(CONTEXT, REACHED)
                break
            said.append(command)
        if not self.over:
            return said
        self.outcome = SELFTEST
        return [*said, *([Note("ended", {"outcome": SELFTEST})] if commands else [])]


def _falls_back(command: Command) -> bool:
    """The dialplan's fallback, which has a test leg of its own."""
    return isinstance(command, Continue) and command.context == FALLBACK
