"""Performs what calls ask of the mailboxes: sealing while they are spoken, opening, lamps. All in threads."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from clinicpbx.adapters.asterisk.lamps import set_lamp
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.vault.claim import Claim, claims
from clinicpbx.adapters.vault.envelope import Damaged
from clinicpbx.adapters.vault.hear import forget, forget_all, hear
from clinicpbx.adapters.vault.message import Message, State
from clinicpbx.adapters.vault.pins import Answer, Pins
from clinicpbx.adapters.vault.sealer import SealJob, being_written, follow
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
    Record,
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
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private

log = structlog.get_logger(__name__)

WRITTEN_WITHIN = 2.0  # seconds from the hang-up until Asterisk has closed the recording
SWEPT_EVERY = 5.0
REFUSED = {Answer.WRONG: "wrong", Answer.LOCKED: "locked"}


class Sealing:
    """One recording on its way into the vault: followed while it grows, until *ended*."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.job: SealJob | None = None
        self.task: asyncio.Task[None] | None = None


class MailboxRuntime:
    """Sealing starts with the recording and ends with KeepMessage or DropMessage; what a crash leaves is swept."""

    def __init__(
        self, instance: Instance, metrics: Metrics, deliver: Callable[[str, Event], None], clock: Clock
    ) -> None:
        self._instance, self._metrics, self._deliver, self._clock = instance, metrics, deliver, clock
        self._vault, self._pins = Vault(instance), Pins(instance)
        self._sealing: dict[str, Sealing] = {}
        self._heard: dict[str, Path] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.unsealed: Counter[str] = Counter()  # why recordings are not in the vault, and how many for each reason
        self.is_open: Callable[[str], bool] = lambda call: True

    async def start(self, mailboxes: Collection[str]) -> None:
        """Seal what a crash left, remove what lies in clear, set every lamp. Never raises for a failing vault."""
        forget_all(self._instance)
        await self._sweep(sweep)
        for mailbox in mailboxes:
            await self._lamp(mailbox)

    async def keep_sweeping(self) -> None:
        """Every few seconds: what the fallback dialplan recorded, and what could not be sealed before."""
        while True:
            await asyncio.sleep(SWEPT_EVERY)
            await self._sweep(seal_left)

    async def stop(self) -> None:
        """Let go of recordings in progress: the next daemon seals them."""
        for sealing in self._sealing.values():
            sealing.ended.set()
        waiting = {*self._tasks, *(each.task for each in self._sealing.values() if each.task is not None)}
        if waiting:
            await asyncio.wait(waiting, timeout=3)

    def recording(self, call: str, caller: Private[str] | None, language: str, command: Record, at: datetime) -> None:
        """Asterisk was asked to record, by this daemon or one before it: seal what it writes, as it writes it."""
        message = Message(
            mailbox=command.mailbox, id=command.message, call=call, received=at, language=language, caller=caller
        )
        sealing = self._sealing[command.recording] = Sealing()
        sealing.task = self._spawn(self._follow(sealing, Claim.on(self._instance, command.recording, message)))

    def recorded(self, recording: str) -> None:
        """Asterisk has closed the recording."""
        if (sealing := self._sealing.get(recording)) is not None:
            sealing.ended.set()

    def perform(self, call: str, command: MailboxCommand, at: datetime) -> None:
        """Start *command*; its answer, if it has one, is delivered as an event of *call*."""
        match command:
            case KeepMessage():
                self._spawn(self._keep(call, command, at))
            case DropMessage(recording=recording):
                self._spawn(self._drop(recording))
            case OpenMailbox(mailbox=mailbox, pin=pin):
                self._spawn(self._open(call, mailbox, pin, at))
            case FetchMessage(mailbox=mailbox, message=message):
                self._spawn(self._fetch(call, mailbox, message))
            case MarkHeard(mailbox=mailbox, message=message):
                self._spawn(self._change(self._vault.mark_heard, mailbox, message))
            case DeleteMessage(mailbox=mailbox, message=message):
                self._spawn(self._change(self._vault.delete, mailbox, message))

    def call_gone(self, call: str) -> None:
        """Nobody listens any more: remove what was in clear for this call."""
        if (path := self._heard.pop(call, None)) is not None:
            forget(self._instance, path)

    async def _follow(self, sealing: Sealing, claim: Claim) -> None:
        sealing.job = await asyncio.to_thread(SealJob, self._vault, claim)
        await follow(sealing.job, sealing.ended)

    async def _keep(self, call: str, command: KeepMessage, at: datetime) -> None:
        sealing = self._sealing.get(command.recording) or await self._left_behind(call, command, at)
        await self._ended(sealing)
        job = sealing.job
        if job is None:
            log.error("a message could not be sealed yet", call=call, mailbox=command.mailbox)
            self._sealing.pop(command.recording, None)  # the sweeper tries again
            return
        known = {"number": command.number, "confirmed": command.confirmed, "language": command.language}

        def finish() -> None:
            try:
                job.amend(**known)
                job.finish()
            finally:
                job.close()

        try:
            await asyncio.to_thread(finish)
        finally:
            self._sealing.pop(command.recording, None)
        await self._lamp(command.mailbox)

    async def _left_behind(self, call: str, command: KeepMessage, at: datetime) -> Sealing:
        """A recording of before a restart: the claim beside it tells when it was received, and from whom."""
        message = Message(mailbox=command.mailbox, id=command.message, call=call, received=at)
        fresh = Claim.on(self._instance, command.recording, message)
        known = await asyncio.to_thread(claims, self._instance)
        claim = next((each for each in known if each.source == fresh.source), fresh)
        sealing = Sealing()
        sealing.job = await asyncio.to_thread(SealJob, self._vault, claim)
        if not await asyncio.to_thread(being_written, claim.source):
            sealing.ended.set()
        self._sealing[command.recording] = sealing
        return sealing

    async def _ended(self, sealing: Sealing) -> None:
        """Until Asterisk has closed the recording, or should have."""
        try:
            async with asyncio.timeout(WRITTEN_WITHIN):
                await sealing.ended.wait()
        except TimeoutError:
            sealing.ended.set()
        if sealing.task is not None:
            await asyncio.wait({sealing.task})

    async def _drop(self, recording: str) -> None:
        sealing = self._sealing.get(recording)
        if sealing is None:
            return
        await self._ended(sealing)
        if sealing.job is not None:
            await asyncio.to_thread(sealing.job.drop)
        self._sealing.pop(recording, None)

    async def _open(self, call: str, mailbox: str, pin: Private[str], at: datetime) -> None:
        try:
            answer = await asyncio.to_thread(self._pins.check_pin, mailbox, pin, at)
            if answer is not Answer.RIGHT:
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

    async def _sweep(self, how: Callable[[Vault, Collection[str]], Swept]) -> None:
        try:
            done = await asyncio.to_thread(how, self._vault, {*self._sealing})
        except (ClinicPBXError, OSError) as error:
            log.error("recordings could not be swept", kind=type(error).__name__)
            return
        self._tell(done)
        for message in done.sealed:
            log.info("a recording left behind was sealed", mailbox=message.mailbox, message=message.id)
        for mailbox in {message.mailbox for message in (*done.sealed, *done.recovered)}:
            await self._lamp(mailbox)

    def _tell(self, done: Swept) -> None:
        """What is left is said once a reason, counted, and shown by `clinicpbx status` while it lasts."""
        for error in done.damaged:
            log.error("a file of the vault is damaged", reason=str(error))
        unsealed = Counter(map(str, done.left))
        for reason in unsealed.keys() - self.unsealed.keys():
            log.error("recordings wait to be sealed", reason=reason, recordings=unsealed[reason])
        self.unsealed = unsealed
        self._metrics.unsealed.set(unsealed.total())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("work on a mailbox failed", **where(bug))
