"""Performs what calls ask of the mailboxes: keeping messages, opening, hearing, lamps. All in threads.

The daemon seals, and counts; whoever opens is the vault process, which is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from clinicpbx.adapters.asterisk.lamps import set_lamp
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.vault.hear import forget, forget_all, forget_lost
from clinicpbx.adapters.vault.letterbox import Letterbox
from clinicpbx.adapters.vault.message import Message
from clinicpbx.core.commands import (
    DeleteMessage,
    DropMessage,
    FetchMessage,
    KeepMessage,
    MailboxCommand,
    MarkHeard,
    OpenMailbox,
    WorkMessage,
)
from clinicpbx.core.events import (
    Event,
    ItemWorked,
    MailboxOpened,
    MailboxRefused,
    MessageDamaged,
    MessageReady,
    MessageSummary,
)
from clinicpbx.daemon.call_runtime import Clock, where
from clinicpbx.daemon.recordings import Recordings
from clinicpbx.daemon.vault_client import PhoneDesk
from clinicpbx.errors import ClinicPBXError, NotPermitted, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.private import Private

log = structlog.get_logger(__name__)

SWEPT_EVERY = 5.0
AWAY = {NotReachable.exit_code, NotPermitted.exit_code}  # the vault, its root key, or that the PIN was given
Change = Callable[[str, str, str, str], None]


def _no_inbox(clock: Clock) -> Callable[[WorkMessage], Awaitable[ItemWorked]]:
    async def away(command: WorkMessage) -> ItemWorked:
        return ItemWorked(at=clock(), message=command.message, answer="away")

    return away


class MailboxRuntime:
    """Recordings into messages, messages to phones, and the lamps that show them."""

    def __init__(
        self, instance: Instance, metrics: Metrics, deliver: Callable[[str, Event], None], clock: Clock
    ) -> None:
        self._instance, self._deliver, self._clock = instance, deliver, clock
        self._letterbox, self._desk = Letterbox(instance), PhoneDesk(instance)
        self._heard: dict[str, Path] = {}
        self._lit: dict[str, tuple[int, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.recordings = Recordings(self._letterbox, metrics, self._spawn)
        self.inbox: Callable[[WorkMessage], Awaitable[ItemWorked]] = _no_inbox(clock)
        self.is_open: Callable[[str], bool] = lambda call: True
        self.phone_of: Callable[[str], str] = lambda call: ""  # the phone of a call, for the audit log

    async def start(self, mailboxes: Collection[str]) -> None:
        """Seal what a crash left, remove what lies in clear, set every lamp. Never raises for a failing vault."""
        await asyncio.to_thread(forget_all, self._instance)
        await self._sweep()
        await self.light(mailboxes)

    async def light(self, mailboxes: Collection[str]) -> None:
        """Set the lamp of each: they are files in a tmpfs, which does not outlive the machine's boot."""
        self._lit = dict.fromkeys(mailboxes, (-1, -1)) | dict.fromkeys(self._lit, (-1, -1))
        await self._lamps()

    async def keep_sweeping(self) -> None:
        """Every few seconds: what the fallback dialplan recorded, what could not be sealed or recovered before, and
        lamps of mailboxes that somebody else changed."""
        while True:
            await asyncio.sleep(SWEPT_EVERY)
            await self._sweep()
            await self._lamps()

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
                self._spawn(self._open(call, mailbox, pin))
            case FetchMessage(mailbox=mailbox, message=message):
                self._spawn(self._fetch(call, mailbox, message))
            case MarkHeard(mailbox=mailbox, message=message):
                self._spawn(self._change(self._desk.heard, call, mailbox, message))
            case DeleteMessage(mailbox=mailbox, message=message):
                self._spawn(self._change(self._desk.delete, call, mailbox, message))

            case WorkMessage():
                self._spawn(self._work(call, command))

    def call_gone(self, call: str) -> None:
        """Nobody listens any more: remove what was in clear for this call."""
        if (path := self._heard.pop(call, None)) is not None:
            forget(self._instance, path)

    async def _keep(self, call: str, command: KeepMessage, at: datetime) -> None:
        await self.recordings.keep(call, command, at)
        await self._lamp(command.mailbox)

    async def _sweep(self) -> None:
        await self.recordings.sweep()
        try:
            if lost := await asyncio.to_thread(forget_lost, self._instance, {*self._heard.values()}):
                log.warning("messages in clear that nobody hears were removed", messages=lost)
            if places := await self.recordings.interrupted():
                self._tell(await asyncio.to_thread(self._desk.recover, places))
        except (ClinicPBXError, OSError) as error:
            log.warning("messages cut off by a loss of power wait for the vault", kind=type(error).__name__)

    def _tell(self, told: Any) -> None:
        for row in told["recovered"]:
            at, length = datetime.fromisoformat(row["received"]), timedelta(seconds=row["seconds"])
            fields = {"mailbox": row["mailbox"], "id": row["message"], "call": row["call"]}
            self.recordings.left_behind(Message(**fields, received=at, duration=length))
        for why in told["damaged"]:
            log.error("a file of the vault is damaged", reason=why)

    async def _open(self, call: str, mailbox: str, pin: Private[str]) -> None:
        try:
            told = await asyncio.to_thread(self._desk.open, call, self.phone_of(call), mailbox, pin)
        except (ClinicPBXError, OSError) as error:
            log.error("a mailbox cannot be opened", mailbox=mailbox, kind=type(error).__name__)
            self._deliver(call, MailboxRefused(at=self._clock(), mailbox=mailbox, why="unreadable"))
            return
        if told["answer"] != "right":
            self._deliver(call, MailboxRefused(at=self._clock(), mailbox=mailbox, why=told["answer"]))
            return
        rows = told["messages"]
        kept = [MessageSummary(row["id"], row["new"], datetime.fromisoformat(row["received"])) for row in rows]
        self._deliver(call, MailboxOpened(at=self._clock(), mailbox=mailbox, messages=tuple(kept)))

    async def _fetch(self, call: str, mailbox: str, message: str) -> None:
        self.call_gone(call)
        try:
            path = Path(await asyncio.to_thread(self._desk.fetch, call, self.phone_of(call), mailbox, message))
        except ClinicPBXError as error:
            log.error("a message does not open", mailbox=mailbox, message=message, reason=str(error))
            refused = MailboxRefused(at=self._clock(), mailbox=mailbox, why="unreadable")
            damaged = MessageDamaged(at=self._clock(), message=message)
            self._deliver(call, refused if error.exit_code in AWAY else damaged)
            return
        if not self.is_open(call):
            forget(self._instance, path)
            return
        self._heard[call] = path
        sound = Private(str(path.with_suffix("")))
        self._deliver(call, MessageReady(at=self._clock(), message=message, sound=sound))

    async def _work(self, call: str, command: WorkMessage) -> None:
        self._deliver(call, await self.inbox(command))

    async def _change(
        self, change: Callable[[str, str, str, str], None], call: str, mailbox: str, message: str
    ) -> None:
        by = self.phone_of(call)
        try:
            await asyncio.to_thread(change, call, by, mailbox, message)
        except (ClinicPBXError, OSError) as error:
            log.error("a message was not changed", mailbox=mailbox, message=message, reason=str(error))
        await self._lamp(mailbox)

    async def _lamps(self) -> None:
        """Set those that do not show what there is; new mailboxes have messages sooner than rules name them."""
        for mailbox in {*self._lit, *await asyncio.to_thread(self._letterbox.mailboxes)}:
            await self._lamp(mailbox)

    async def _lamp(self, mailbox: str) -> None:
        def show() -> None:
            counts = self._letterbox.counts(mailbox)
            if counts != self._lit.get(mailbox):
                set_lamp(self._instance, mailbox, *counts)
                self._lit[mailbox] = counts

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
