"""The call daemon, composed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date

import structlog

from clinicpbx.adapters.ari.client import Answer, AriAddress, Link, nobody, open_link, pauses
from clinicpbx.adapters.ari.decode import HEARD
from clinicpbx.adapters.clock import Clock
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.adapters.systemd import notify
from clinicpbx.adapters.vault.message import Message
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.call_runtime import where
from clinicpbx.daemon.callback_runtime import CallbackRuntime
from clinicpbx.daemon.dispatcher import Dispatcher
from clinicpbx.daemon.floor_signs import FloorSigns
from clinicpbx.daemon.follow_rules import catch_up, follow_rules
from clinicpbx.daemon.http import serve_http
from clinicpbx.daemon.item_calls import ItemCalls
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import journal_sealing
from clinicpbx.daemon.mailbox_runtime import MailboxRuntime
from clinicpbx.daemon.overrides import Overrides
from clinicpbx.daemon.page_runtime import PageRuntime
from clinicpbx.daemon.queue_log import QueueLogger, queue_log_link
from clinicpbx.daemon.queue_meter import QueueMeter
from clinicpbx.daemon.queue_runtime import QueueRuntime
from clinicpbx.daemon.reconcile import LookRefused, look_again, rebuild, reconcile
from clinicpbx.daemon.rulebooks import Rulebooks
from clinicpbx.daemon.selftests import SelfTests
from clinicpbx.daemon.supervisor import Supervisor
from clinicpbx.daemon.upkeep import Upkeep
from clinicpbx.daemon.verbs import serve_verbs
from clinicpbx.errors import ClinicPBXError, NotPermitted, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

log = structlog.get_logger(__name__)

CHECKPOINT_EVERY = 10  # beats


class Daemon:
    """Everything one instance's daemon holds. Made inside the running loop."""

    def __init__(self, instance: Instance, settings: Settings) -> None:
        self._instance, self._settings = instance, settings
        self.clock, self.metrics = Clock(), Metrics()
        self.rulebooks = Rulebooks(instance)
        book = self.rulebooks.load(self._today())
        self.journal = Journal(instance.journal, journal_sealing(instance.keys), self.metrics)
        self.dispatcher = Dispatcher(
            instance, self.rulebooks, self.journal, self.metrics, self.clock, self.request, self._replaced
        )
        self.overrides = Overrides(instance, self.rulebooks.current, self.clock, self.request)
        self.dispatcher.switched_on = self.overrides.at
        floor = Floor(book, self.clock(), self.journal.agents(), self.journal.modes())
        self.signs = FloorSigns(self.journal, self.request, self.rulebooks.current, floor)
        self.ami = queue_log_link(instance, settings, self.metrics)
        seen_by = QueueMeter(self.metrics), QueueLogger(floor, self.ami, self.dispatcher.number, self.clock)
        self.queues = QueueRuntime(floor, self.clock, self.dispatcher.deliver, self.signs, self._resync, *seen_by)
        self.mailboxes = MailboxRuntime(instance, self.metrics, self.dispatcher.deliver, self.clock)
        self.mailboxes.is_open = self.dispatcher.calls.__contains__
        self.mailboxes.recordings.left_behind = self._note_message
        self.items = self.dispatcher.items = ItemCalls(self, instance, settings)
        self.mailboxes.inbox, self.mailboxes.phone_of = self.items.desk.work, self.dispatcher.phone_of
        self.dispatcher.queues, self.dispatcher.mailboxes = self.queues, self.mailboxes
        ask, deliver = self.dispatcher.turn.ask, self.dispatcher.deliver
        self.callbacks = CallbackRuntime(book, self.journal, ask, self.request, self.clock)
        self.pages = PageRuntime(book, self.journal, ask, deliver, self.request, self.clock, instance)
        self.dispatcher.callbacks, self.dispatcher.pages = self.callbacks, self.pages
        self.selftests = SelfTests(instance, settings, self.journal, self.metrics, self.clock, self.rulebooks.current)
        self.upkeep = Upkeep(instance, settings, self.metrics, self.journal.fact)
        self.supervisor = Supervisor(self.metrics, lambda: self._serving, self._chores)
        self._link: Link | None = None
        self._serving: Link | None = None  # connected and reconciled
        self._stop: asyncio.Future[ClinicPBXError | None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._beats, self._day = 0, self._today()

    @property
    def connected(self) -> bool:
        return self._link is not None

    async def run(self) -> None:
        """Until SIGTERM, or until another process takes over (ClinicPBXError). Waiting callers stay in Asterisk."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, None)
        self.overrides.reload()
        rebuild(self.dispatcher, self.journal)
        async with self._servers():
            catch_up(self.rulebooks, self.reload_rules)
            self._spawn(self._connect(), self.supervisor.run(), self._mailboxes(), self.ami.run())
            self._spawn(follow_rules(self.rulebooks, self.reload_rules))
            log.info("started", rules=self.rulebooks.current().version, calls=len(self.dispatcher.calls))
            failure = await self._stop
        notify("STOPPING=1")
        await self._close()
        if failure is not None:
            raise failure

    def request(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> asyncio.Future[Answer]:
        """ARI, by the present connection; without one the answer is "unreachable"."""
        return nobody() if self._link is None else self._link.request(method, uri, query, body)

    def reload_rules(self) -> Rulebook:
        """New calls follow versions/current from now on. ClinicPBXError, and nothing changes, if it is broken."""
        book = self.rulebooks.load(self._today())
        self.callbacks.rules(book)
        self.pages.rules(book)
        self.queues.rules(book)
        self.signs.show_all()
        self.rulebooks.forget_unused({call.machine.version for call in self.dispatcher.calls.values()})
        log.info("rules in force", version=book.version)
        return book

    async def _connect(self) -> None:
        """Connect, reconcile, listen; after every loss again, within a second."""
        address = AriAddress(self._settings.ari, "clinicpbx", self._instance.secret("ari"), hears=HEARD)
        waits, told = pauses(), ""
        while True:
            try:
                link = await open_link(address)
            except (NotReachable, NotPermitted) as error:
                if str(error) != told:
                    log.warning("no connection to Asterisk", reason=str(error))
                    told = str(error)
                await asyncio.sleep(next(waits))
                continue
            waits, told = pauses(), ""
            await self._serve(link)
            await asyncio.sleep(next(waits))

    async def _serve(self, link: Link) -> None:
        """One connection, from reconciliation to its end."""
        self._link = link
        self.metrics.connects.inc()
        try:
            await reconcile(link, self.dispatcher, self.metrics, self.clock)
            self._serving = link
            self.metrics.connected.set(1)
            self.supervisor.beat()
            self.overrides.reload()
            log.info("connected to Asterisk", calls=len(self.dispatcher.calls))
            self._spawn(self.mailboxes.light(self.rulebooks.current().mailboxes))
            self.signs.show_all()
            link.listen(self.dispatcher.hear)
            await link.ended
        except LookRefused:
            log.warning("Asterisk did not say what is alive")
        except Exception as bug:
            log.error("a bug while connected; connecting anew", **where(bug))
        finally:
            self._link = self._serving = None
            self.metrics.connected.set(0)
            self.metrics.overflows.inc(int(link.overflowed))
            log.warning("connection to Asterisk ended", reason=link.lost or "dropped")
            await link.close()

    async def _mailboxes(self) -> None:
        await self.mailboxes.start(self.rulebooks.current().mailboxes)
        await self.mailboxes.keep_sweeping()

    def _note_message(self, message: Message) -> None:
        """The record of a call learns of its message, which nobody of ours took."""
        detail = {"mailbox": message.mailbox, "message": message.id, "seconds": round(message.duration.total_seconds())}
        if message.call:
            self.journal.fact(message.call, self.clock(), "message", detail)
        self.pages.left_behind(message)

    def _resync(self) -> None:
        if (link := self._serving) is not None:
            self._spawn(look_again(link, self.dispatcher, self.queues.calls(), self.clock))

    def _chores(self) -> None:
        """Every second: old rows out, checkpoints, the wall clock, holidays of a new day."""
        self._beats += 1
        self.journal.commit()
        self.journal.prune(self.clock())
        self.queues.look(self.callbacks.all())
        self.pages.look(self._serving is not None)
        self.selftests.look()
        if self._beats % CHECKPOINT_EVERY == 0:
            self._spawn(asyncio.to_thread(self.journal.checkpoint))
        if not self.dispatcher.calls and (step := self.clock.follow_wall()):
            log.warning("the wall clock was stepped", seconds=step.total_seconds())
        if (today := self._today()) != self._day:
            self._day = today
            self.dispatcher.callers.prune(self.clock())
            self.reload_rules()
        self.upkeep.look(self.clock())

    def _today(self) -> date:
        return self.clock().date()

    def _spawn(self, *works: "asyncio._CoroutineLike[None]") -> None:
        for work in works:
            task = asyncio.get_running_loop().create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("a part of the daemon ended", **where(bug))
            self._end(bug if isinstance(bug, ClinicPBXError) else ClinicPBXError("a bug ended the daemon; see the log"))

    def _replaced(self) -> None:
        log.error("another process connected as this application; it is the owner now")
        if self._link is not None:
            self._link.drop("replaced")
        self._end(ClinicPBXError("another daemon has taken over the ARI application", do="Run one daemon an Asterisk"))

    def _end(self, failure: ClinicPBXError | None) -> None:
        if not self._stop.done():
            self._stop.set_result(failure)

    @asynccontextmanager
    async def _servers(self) -> AsyncIterator[None]:
        settings, healthy = self._settings, lambda: self.supervisor.healthy
        http = await serve_http(settings.bind, settings.http_port, self.metrics, healthy, self._instance.run)
        control = await serve_verbs(self, self._instance, settings)
        try:
            yield
        finally:
            for server in (http, control):
                server.close()

    async def _close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.mailboxes.stop()
        await self.selftests.stop()
        self.callbacks.stop()
        self.pages.stop()
        self.queues.close()
        self.dispatcher.turn.end()
        self.journal.close()
        self._instance.control.unlink(missing_ok=True)
        log.info("ended", calls=len(self.dispatcher.calls))
