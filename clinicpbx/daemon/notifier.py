"""The notifier's process: sends what the outbox holds, whatever the neighbours do, until it is told to end."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db import deliveries
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.logs import start_logging
from clinicpbx.adapters.notify.answer import Answer
from clinicpbx.adapters.systemd import notify
from clinicpbx.core.notify.letter import Notice
from clinicpbx.core.notify.retry import next_try
from clinicpbx.core.notify.targets import NotifyRules, Target
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.courier import Courier
from clinicpbx.daemon.notifier_metrics import NotifierMetrics
from clinicpbx.daemon.rulebooks import Rulebooks
from clinicpbx.daemon.saved_reports import SavedReports
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url

log = structlog.get_logger(__name__)
POLL, LONGEST_WAIT, HOUR = 2.0, 30.0, 3600.0
AWAY = (SQLAlchemyError, OSError)
GONE = "the rules name no target of that name"
Deliver = Callable[[NotifyRules, Target, Notice], Awaitable[Answer]]


def run_notifier(instance: Instance, settings: Settings) -> None:
    """Runs the notifier until SIGTERM; several may run. ClinicPBXError where it cannot begin."""
    start_logging(settings.log_level)
    asyncio.run(_run(instance, settings))


async def _run(instance: Instance, settings: Settings) -> None:
    url = database_url(instance, settings)
    engine, reading = make_engine(url, writes=True), make_engine(url)
    notifier = Notifier(instance, engine, Courier(instance, settings).deliver, reading)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, notifier.stop)
    try:
        await notifier.run()
    finally:
        notify("STOPPING=1")
        await engine.dispose()
        await reading.dispose()


class Notifier:
    """A turn every two seconds. Each target has a lane of its own: one that is down delays no other."""

    def __init__(
        self, instance: Instance, engine: AsyncEngine, deliver: Deliver, reading: AsyncEngine | None = None
    ) -> None:
        """*engine* writes. *reading*: one that does not, so that a long report holds nobody up."""
        self._instance, self._engine, self._deliver = instance, engine, deliver
        self._rulebooks = Rulebooks(instance)
        self._book: Rulebook | None = None
        self._saved = SavedReports(instance, engine, reading or engine)
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._stopped = asyncio.Event()
        self._wait, self._forget_at = POLL, 0.0
        self._said = ""
        self.metrics = NotifierMetrics()

    def stop(self) -> None:
        """Ends run() once what is being sent is settled."""
        self._stopped.set()

    async def run(self) -> None:
        """Until stop()."""
        notify("READY=1")
        while not self._stopped.is_set():
            await self._turn()
            try:
                await asyncio.wait_for(self._stopped.wait(), self._wait)
            except TimeoutError:
                continue
        await asyncio.gather(*self._lanes.values())
        await self._saved.end()

    async def _turn(self) -> None:
        try:
            await self.step()
        except AWAY as fault:
            if self._wait == POLL:
                log.error("the main database is away; notices wait", error=type(fault).__name__)
            self._wait = min(self._wait * 2, LONGEST_WAIT)
            self.metrics.database.set(0)
        else:
            self._wait = POLL
            self.metrics.database.set(1)
        notify("WATCHDOG=1")
        try:
            self.metrics.write(self._instance.run / "notifier.prom")
        except OSError as fault:
            log.error("metrics could not be written", error=type(fault).__name__)

    async def step(self) -> None:
        """Looks once: writes deliveries for what is new, and starts a lane for each target with something due."""
        now = datetime.now(UTC)
        self._read_rules()
        async with self._engine.begin() as connection:
            if self._rules is not None:
                while await deliveries.route(connection, self._rules.told, now) == deliveries.MOST_ROUTED:
                    continue
            due = await deliveries.due_targets(connection, now)
            counts, oldest = await deliveries.counts(connection), await deliveries.oldest(connection)
            if time.monotonic() >= self._forget_at:
                await deliveries.forget(connection, now)
                self._forget_at = time.monotonic() + HOUR
        self.metrics.count(counts, (now - oldest).total_seconds() if oldest else 0.0)
        if self._book is not None:
            self._saved.look(self._book, now)
        for target in due if self._rules is not None else ():
            if target not in self._lanes or self._lanes[target].done():
                self._lanes[target] = asyncio.create_task(self._lane(target))

    def _read_rules(self) -> None:
        try:
            if self._book is None or self._rulebooks.ahead():
                self._book = self._rulebooks.load(datetime.now(UTC).date())
        except ClinicPBXError as wrong:
            if str(wrong) != self._said:
                self._said = str(wrong)
                log.error("the rules in force cannot be used", kind=type(wrong).__name__)

    @property
    def _rules(self) -> NotifyRules | None:
        return None if self._book is None else self._book.notify

    async def _lane(self, target: str) -> None:
        """One delivery after the other, until none is due."""
        try:
            while not self._stopped.is_set():
                async with self._engine.begin() as connection:
                    claim = await deliveries.claim(connection, target, datetime.now(UTC))
                if claim is None:
                    return
                await self._try(claim)
        except AWAY as fault:
            log.error("the main database is away; what was tried is tried again", error=type(fault).__name__)

    async def _try(self, claim: deliveries.Claim) -> None:
        assert self._book is not None
        rules = self._book.notify
        target = rules.targets.get(claim.target)
        answer = await self._answer(rules, target, claim.notice) if target else Answer(False, GONE)
        now = datetime.now(UTC)
        again = next_try(claim.tries, claim.since, now, random.random())  # noqa: S311 (spreads tries)
        state = _state(answer, known=target is not None, again=again)
        async with self._engine.begin() as connection:
            await deliveries.settle(connection, claim, state, again or now, answer.said)
        fields = {"target": claim.target, "notice": claim.notice.id, "tries": claim.tries, "answer": answer.said}
        if state == deliveries.FAILED:
            log.error("a notice is given up; `clinicpbx notify retry` tries it again", **fields)
        else:
            log.info(f"a notice was tried: {state}", **fields)

    async def _answer(self, rules: NotifyRules, target: Target, told: Notice) -> Answer:
        try:
            return await self._deliver(rules, target, told)
        except Exception as bug:  # one notice must not stop its lane, nor be tried for ever
            log.error("a bug in sending", target=target.name, kind=type(bug).__name__)
            return Answer(False, f"a bug: {type(bug).__name__}")


def _state(answer: Answer, *, known: bool, again: datetime | None) -> str:
    if answer.taken:
        return deliveries.SENT
    if not known:
        return deliveries.DROPPED
    return deliveries.WAITING if again else deliveries.FAILED
