"""Performs what calls ask of the mailboxes: keeping messages, opening, hearing, lamps. All in threads."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from clinicpbx.adapters.asterisk.lamps import set_lamp
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.vault.envelope import Damaged
from clinicpbx.adapters.vault.hear import forget, forget_all, hear
from clinicpbx.adapters.vault.message import State
from clinicpbx.adapters.vault.pins import Answer, Pins
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.adapters.vault.sweep import Swept, seal_left, sweep
from clinicpbx.core.commands import (
    DeleteMessage,
    DropMessage,
    FetchMessage,
    KeepMessage,
    MailboxCommand,
    MarkHeard,
    OpenMailbox,
)
from clinicpbx.core.events import (
    Event,
    MailboxOpened,
    MailboxRefused,
    MessageDamaged,
    MessageReady,
    MessageSummary,
)
from clinicpbx.daemon.call_runtime import Clock, where
from clinicpbx.daemon.recordings import Recordings
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private

log = structlog.get_logger(__name__)

SWEPT_EVERY = 5.0
REFUSED = {Answer.WRONG: "wrong", Answer.LOCKED: "locked"}


class MailboxRuntime:
    """Recordings into messages, messages to phones, and the lamps that show them."""

    def __init__(
        self, instance: Instance, metrics: Metrics, deliver: Callable[[str, Event], None], clock: Clock
    ) -> None:
        self._instance, self._deliver, self._clock = instance, deliver, clock
        self._vault, self._pins = Vault(instance), Pins(instance)
        self._heard: dict[str, Path] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.recordings = Recordings(self._vault, metrics, self._spawn)
        self.is_open: Callable[[str], bool] = lambda call: True
        self.note: Callable[[str, str, Mapping[str, object]], None] = lambda call, kind, detail: None

    async def start(self, mailboxes: Collection[str]) -> None:
        """Seal what a crash left, remove what lies in clear, set every lamp. Never raises for a failing vault."""
        forget_all(self._instance)
        await self._sweep(sweep)
        await self.light(mailboxes)

    async def light(self, mailboxes: Collection[str]) -> None:
        """Set the lamp of each: they are files in a tmpfs, which does not outlive the machine's boot."""
        for mailbox in mailboxes:
            await self._lamp(mailbox)

    async def keep_sweeping(self) -> None:
        """Every few seconds: what the fallback dialplan recorded, and what could not be sealed before."""
        while True:
            await asyncio.sleep(SWEPT_EVERY)
            await self._sweep(seal_left)

    async def stop(self) -> None:
        """Let go of recordings in progress: the next daemon seals them."""
        self.recordings.let_go()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=3)

    def perform(self, call: str, command: MailboxCommand, at: datetime) -> None:
        """Start *command*; its answer, if it has one, is delivered as an event of *call*."""
        match command:
            case KeepMessage():
                self._spawn(self._keep(call, command, at))
            case DropMessage(recording=recording):
                self._spawn(self.recordings.drop(recording))
            case OpenMailbox(mailbox=mailbox, pin=pin):
                self._spawn(self._open(call, mailbox, pin, at))
            case FetchMessage(mailbox=mailbox, message=message):
                self._spawn(self._fetch(call, mailbox, message))
            case MarkHeard(mailbox=mailbox, message=message):
                self._spawn(self._change(self._vault.mark_heard, mailbox, message))
            case DeleteMessage(mailbox=mailbox, message=message):
                self.note(call, "deleted", {"mailbox": mailbox, "message": message})
                self._spawn(self._change(self._vault.delete, mailbox, message))

    def call_gone(self, call: str) -> None:
        """Nobody listens any more: remove what was in clear for this call."""
        if (path := self._heard.pop(call, None)) is not None:
            forget(self._instance, path)

    async def _keep(self, call: str, command: KeepMessage, at: datetime) -> None:
        await self.recordings.keep(call, command, at)
        await self._lamp(command.mailbox)

    async def _sweep(self, how: Callable[[Vault, Collection[str]], Swept]) -> None:
        for mailbox in await self.recordings.sweep(how):
            await self._lamp(mailbox)

    async def _open(self, call: str, mailbox: str, pin: Private[str], at: datetime) -> None:
        try:
            answer = await asyncio.to_thread(self._pins.check_pin, mailbox, pin, at)
            if answer is not Answer.RIGHT:
                self.note(call, "pin_refused", {"mailbox": mailbox})
                self._deliver(call, MailboxRefused(at=self._clock(), mailbox=mailbox, why=REFUSED[answer]))
                return
            listing = await asyncio.to_thread(self._vault.list, mailbox)
        except (ClinicPBXError, OSError) as error:
            log.error("a mailbox cannot be read", mailbox=mailbox, kind=type(error).__name__)
            self._deliver(call, MailboxRefused(at=self._clock(), mailbox=mailbox, why="unreadable"))
            return
        kept = [MessageSummary(each.id, each.state is State.NEW, each.received) for each in listing.messages]
        kept.sort(key=lambda each: not each.new)  # new ones first; newest first among each
        self._deliver(call, MailboxOpened(at=self._clock(), mailbox=mailbox, messages=tuple(kept)))

    async def _fetch(self, call: str, mailbox: str, message: str) -> None:
        self.call_gone(call)
        try:
            path = await asyncio.to_thread(hear, self._vault, mailbox, message)
        except (ClinicPBXError, Damaged, OSError) as error:
            log.error("a message does not open", mailbox=mailbox, message=message, kind=type(error).__name__)
            self._deliver(call, MessageDamaged(at=self._clock(), message=message))
            return
        if not self.is_open(call):
            forget(self._instance, path)
            return
        self._heard[call] = path
        sound = Private(str(path.with_suffix("")))
        self.note(call, "heard", {"mailbox": mailbox, "message": message})
        self._deliver(call, MessageReady(at=self._clock(), message=message, sound=sound))

    async def _change(self, change: Callable[[str, str], None], mailbox: str, message: str) -> None:
        await asyncio.to_thread(change, mailbox, message)
        await self._lamp(mailbox)

    async def _lamp(self, mailbox: str) -> None:
        def show() -> None:
            set_lamp(self._instance, mailbox, *self._vault.counts(mailbox))

        try:
            await asyncio.to_thread(show)
        except (ClinicPBXError, OSError, ValueError) as error:
            log.error("a lamp could not be set", mailbox=mailbox, kind=type(error).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("work on a mailbox failed", **where(bug))
