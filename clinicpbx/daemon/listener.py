"""The listener's process: keeps moving rows until it is told to end, whatever the databases do."""

import asyncio
import fcntl
import gc
import signal
import sqlite3
import time
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.ami.decode import Heard
from clinicpbx.adapters.ami.link import AmiLink
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.migrate import newest, upgrade, version
from clinicpbx.adapters.db.outbox import announce
from clinicpbx.adapters.logs import start_logging
from clinicpbx.adapters.spool.reader import spools
from clinicpbx.adapters.systemd import notify
from clinicpbx.daemon.audit_runtime import AuditRuntime
from clinicpbx.daemon.inbox_runtime import InboxRuntime
from clinicpbx.daemon.journal_key import disclosed, journal_sealing
from clinicpbx.daemon.reconciliations import Reconciliations
from clinicpbx.daemon.records_metrics import RecordsMetrics
from clinicpbx.daemon.records_runtime import RecordsRuntime
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url

log = structlog.get_logger(__name__)
POLL, SWEEP, RECONCILE = 1.0, 15.0, 300.0
GATHER = 0.05
LONGEST_WAIT = 8.0
SLOW = 8.0  # seconds that a turn may last before people are told
AWAY = (SQLAlchemyError, sqlite3.Error, OSError)


def run_listener(instance: Instance, settings: Settings) -> None:
    """Runs the listener until SIGTERM. ClinicPBXError where it cannot begin."""
    start_logging(settings.log_level)
    # thousands of rows live at a time: to look for cycles among them after each 700 would take a fifth of all work
    gc.set_threshold(100_000)
    with _only_one(instance.run / "listener.lock"):
        asyncio.run(listen(instance, settings))


def _only_one(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ClinicPBXError("a listener of this instance runs already", where=str(path)) from None
    return lock


async def listen(instance: Instance, settings: Settings) -> None:
    """Moves rows until SIGTERM or SIGINT; the last step is finished first."""
    engine = make_engine(database_url(instance, settings), writes=True)
    listener = Listener(instance, settings, engine)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, listener.stop)
    try:
        await listener.run()
    finally:
        notify("STOPPING=1")
        await engine.dispose()


async def prepare(url: str) -> None:
    """The schema in an empty database; ClinicPBXError for one of another version, which a person must upgrade."""
    engine = make_engine(url, migrates=True)
    try:
        found = await version(engine)
        if not found:
            await upgrade(engine)
        elif found != newest():
            raise ClinicPBXError(f"its schema is {found}, not {newest()}", where="database", do="clinicpbx db upgrade")
    finally:
        await engine.dispose()


class Listener:
    """The loop: a step a second or at a hint, a sweep and a count now and then, patience while a database is away."""

    def __init__(self, instance: Instance, settings: Settings, engine: AsyncEngine) -> None:
        self._instance, self._settings = instance, settings
        self._wake, self._stopped = asyncio.Event(), False
        self._link: AmiLink | None = None
        opens = partial(disclosed, journal_sealing(instance.keys))
        found = spools(instance.cdr_spool, instance.cel_spool, instance.journal, opens)
        self.inbox = InboxRuntime(instance, engine, announce)
        self.metrics = RecordsMetrics()
        delay = self.metrics.delay.observe
        self.runtime = RecordsRuntime(engine, found, self._alive, book=self.inbox.book, delay=delay, lives=self._lives)
        self.reconciliations = Reconciliations(instance.reconciliations, engine)
        self.audit = AuditRuntime(instance, settings, engine)
        self._wait, self._sweep_at, self._count_at = POLL, 0.0, 0.0
        self._ready = self._behind = False
        self._began = 0.0  # of the turn in progress

    def _lives(self) -> None:
        """A long turn gets on: nothing hangs."""
        self._began = time.monotonic()
        notify("WATCHDOG=1")

    def stop(self) -> None:
        """Ends run() after the step in progress."""
        self._stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Until stop(); AMI comes and goes meanwhile."""
        beside = [asyncio.create_task(self._hints()), asyncio.create_task(self._watch())]
        notify("READY=1")
        try:
            while not self._stopped:
                await self._turn()
                await self._pause()
            await self._turn()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _watch(self) -> None:
        """A database that hangs ends no turn: it is told all the same, and systemd's watchdog ends the process."""
        told = 0.0
        while True:
            await asyncio.sleep(1.0)
            if self._began and self._began != told and time.monotonic() - self._began > SLOW:
                told = self._began
                log.error("the main database is away or hangs; rows wait")
                self.metrics.stored.set(0)
                self._write()

    async def _turn(self) -> None:
        self._began = time.monotonic()
        try:
            await self._work()
        except AWAY as fault:
            if self._wait == POLL:
                log.error("the main database or a spool is away; rows wait", error=type(fault).__name__)
            self._wait = min(self._wait * 2, LONGEST_WAIT)
            self.runtime.forget()
            self.metrics.stored.set(0)
        else:
            if self._wait != POLL:
                log.info("rows move again")
            self._wait = POLL
            self.metrics.stored.set(1)
            self.metrics.audit.set(self.audit.sound)
        self._tell()

    async def _work(self) -> None:
        if not self._ready:
            await prepare(database_url(self._instance, self._settings))
            self._ready = True
        self._behind = not await self.runtime.step()
        await self.audit.step()
        await self.inbox.look(datetime.now(UTC))
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP
            await self.runtime.sweep()
        if now >= self._count_at:
            self._count_at = now + RECONCILE
            counts = await self.runtime.reconcile()
            if counts is not None:
                self.metrics.count(counts)
                await self.reconciliations.take(counts, datetime.now(UTC))

    def _tell(self) -> None:
        # a database that is away is no reason to be killed: the loop runs, the spools keep the rows
        self._began = 0.0
        notify("WATCHDOG=1")
        self._write()

    def _write(self) -> None:
        try:
            self.metrics.write(self._instance.run / "listener.prom", self.runtime)
        except OSError as fault:
            log.error("metrics could not be written", error=type(fault).__name__)

    async def _pause(self) -> None:
        if self._behind and self._wait == POLL:
            return
        try:
            await asyncio.wait_for(self._wake.wait(), self._wait)
        except TimeoutError:
            return
        self._wake.clear()
        if not self._stopped:
            await asyncio.sleep(GATHER)  # a hang-up's last rows are written just after its event

    async def _alive(self) -> Collection[str] | None:
        return await self._link.alive() if self._link else None

    def _heard(self, what: Heard) -> None:
        if what is Heard.RESTARTED:
            self._sweep_at = 0.0
        if self._wait == POLL:
            self._wake.set()

    async def _hints(self) -> None:
        said = ""
        while True:
            try:
                secret = self._instance.secret("ami")
                host, port = self._settings.bind, self._settings.ami_port
                self._link = AmiLink(host, port, "listener", secret, self._heard)
                await self._link.run()
            except (ClinicPBXError, OSError) as fault:
                if str(fault) != said:
                    said = str(fault)
                    log.warning("no hints from Asterisk; rows are read every second", reason=said)
            self._link = None
            await asyncio.sleep(2.0)
