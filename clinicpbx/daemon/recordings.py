"""Recordings of callers on their way into the vault: sealed while they grow, swept where a crash left them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.vault.claim import Claim, claims
from clinicpbx.adapters.vault.letterbox import Letterbox
from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.sealer import SealJob, being_written, follow
from clinicpbx.adapters.vault.sweep import Place, interrupted, seal_left
from clinicpbx.core.commands import KeepMessage, Record
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private

log = structlog.get_logger(__name__)

WRITTEN_WITHIN = 2.0  # seconds from the hang-up until Asterisk has closed the recording
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Sealing:
    """One recording on its way into the vault: followed while it grows, until *ended*."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.job: SealJob | None = None
        self.task: asyncio.Task[None] | None = None


class Recordings:
    """Sealing starts with the recording and ends with `keep` or `drop`; what a crash leaves is swept."""

    def __init__(self, letterbox: Letterbox, metrics: Metrics, spawn: Spawn) -> None:
        self._letterbox, self._metrics, self._spawn = letterbox, metrics, spawn
        self._sealing: dict[str, Sealing] = {}
        self.left_behind: Callable[[Message], None] = lambda message: None  # told of what a sweep made a message of
        self.unsealed: Counter[str] = Counter()  # why recordings are not in the vault, and how many for each reason

    def begin(self, call: str, caller: Private[str] | None, language: str, command: Record, at: datetime) -> None:
        """Asterisk was asked to record, by this daemon or one before it: seal what it writes, as it writes it."""
        message = Message(
            mailbox=command.mailbox, id=command.message, call=call, received=at, language=language, caller=caller
        )
        sealing = self._sealing[command.recording] = Sealing()
        sealing.task = self._spawn(
            self._follow(sealing, Claim.on(self._letterbox.instance, command.recording, message))
        )

    def ended(self, recording: str) -> None:
        """Asterisk has closed the recording."""
        if (sealing := self._sealing.get(recording)) is not None:
            sealing.ended.set()

    def let_go(self) -> None:
        """Follow nothing any more: the next daemon does."""
        for sealing in self._sealing.values():
            sealing.ended.set()

    async def _follow(self, sealing: Sealing, claim: Claim) -> None:
        sealing.job = await asyncio.to_thread(SealJob, self._letterbox, claim)
        await follow(sealing.job, sealing.ended)

    async def keep(self, call: str, command: KeepMessage, at: datetime) -> None:
        """Make a message of the recording; one that cannot be sealed now is left to the sweep."""
        sealing = self._sealing.get(command.recording) or await self._left_behind(call, command, at)
        await self._closed(sealing)
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

    async def _left_behind(self, call: str, command: KeepMessage, at: datetime) -> Sealing:
        """A recording of before a restart: the claim beside it tells when it was received, and from whom."""
        message = Message(mailbox=command.mailbox, id=command.message, call=call, received=at)
        fresh = Claim.on(self._letterbox.instance, command.recording, message)
        known = await asyncio.to_thread(claims, self._letterbox.instance)
        claim = next((each for each in known if each.source == fresh.source), fresh)
        sealing = Sealing()
        sealing.job = await asyncio.to_thread(SealJob, self._letterbox, claim)
        if not await asyncio.to_thread(being_written, claim.source):
            sealing.ended.set()
        self._sealing[command.recording] = sealing
        return sealing

    async def _closed(self, sealing: Sealing) -> None:
        """Until Asterisk has closed the recording, or should have."""
        try:
            async with asyncio.timeout(WRITTEN_WITHIN):
                await sealing.ended.wait()
        except TimeoutError:
            sealing.ended.set()
        if sealing.task is not None:
            await asyncio.wait({sealing.task})

    async def drop(self, recording: str) -> None:
        """Forget all of the recording."""
        sealing = self._sealing.get(recording)
        if sealing is None:
            return
        await self._closed(sealing)
        if sealing.job is not None:
            await asyncio.to_thread(sealing.job.drop)
        self._sealing.pop(recording, None)

    async def sweep(self) -> None:
        """Seals every recording but those followed; what is left is said once a reason, counted, and shown by
        `clinicpbx status` while it lasts."""
        try:
            done = await asyncio.to_thread(seal_left, self._letterbox, {*self._sealing})
        except (ClinicPBXError, OSError) as error:
            log.error("recordings could not be swept", kind=type(error).__name__)
            return
        unsealed = Counter(map(str, done.left))
        for reason in unsealed.keys() - self.unsealed.keys():
            log.error("recordings wait to be sealed", reason=reason, recordings=unsealed[reason])
        self.unsealed = unsealed
        self._metrics.unsealed.set(unsealed.total())
        for message in done.sealed:
            log.info("a recording left behind was sealed", mailbox=message.mailbox, message=message.id)
            self.left_behind(message)

    async def interrupted(self) -> list[Place]:
        """Messages that a loss of power cut off, for the vault process to recover."""
        return await asyncio.to_thread(interrupted, self._letterbox, {*self._sealing})
