"""The vault process: alone it has the keys that open messages, and it answers on run/vault.sock."""

import asyncio
import ctypes
import signal
from datetime import UTC, datetime

import structlog
from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed

from clinicpbx.adapters.logs import start_logging
from clinicpbx.adapters.systemd import notify
from clinicpbx.adapters.vault.hear import forget_all
from clinicpbx.adapters.vault.rotate import settle_rotation
from clinicpbx.daemon.asker import Peer
from clinicpbx.daemon.audit_trail import noting
from clinicpbx.daemon.control import answer, listen
from clinicpbx.daemon.vault_desk import Desk
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

log = structlog.get_logger(__name__)

LOOKED = 60.0  # seconds between two looks at what is due
ALIVE = 5.0
_PR_SET_DUMPABLE = 4


async def serve_vault(instance: Instance, desk: Desk) -> Server:
    """Listens on run/vault.sock; each asker is known by what the kernel says of it."""

    async def talk(connection: ServerConnection) -> None:
        verbs = desk.verbs(Peer.of(connection.transport.get_extra_info("socket")))
        try:
            async for message in connection:
                await connection.send(await asyncio.to_thread(answer, verbs, message))
        except ConnectionClosed:
            return

    return await listen(instance.vault_socket, talk)


def make_desk(instance: Instance, settings: Settings) -> Desk:
    """The desk of the process: its audit entries are on disk before anything leaves, the database present or not."""
    return Desk(instance, settings, noting(instance))


class Care:
    """What is due now and then: keys of coming months, deletions and changes of key cut off, retention."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._told, self._settled = desk, "", False

    def look(self) -> None:
        """One look; says once what is wrong and goes on."""
        problem = ""
        try:
            self._do(datetime.now(UTC))
        except (ClinicPBXError, OSError) as error:
            problem = str(error)
        if problem and problem != self._told:
            log.error("the vault cannot do its work", reason=problem)
        self._told = problem

    def _do(self, now: datetime) -> None:
        desk = self._desk
        if not self._settled:
            settle_rotation(desk.instance, desk.vault.keyring.root())
            desk.vault.settle()
            self._settled = True
        rules = desk.book().mailboxes if desk.instance.current.exists() else {}
        if made := desk.vault.keyring.make_ahead({*rules, *desk.vault.mailboxes()}, now):
            log.info("keys of coming months are made", keys=made)
        if rules:
            desk.retention.run_daily(now)


async def _run(instance: Instance, settings: Settings) -> None:
    desk = make_desk(instance, settings)
    await asyncio.to_thread(forget_all, instance)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    care = asyncio.create_task(_care(Care(desk)))
    server = await serve_vault(instance, desk)
    log.info("started", root=desk.root.source)
    notify("READY=1")
    while not stop.is_set() and not care.done():
        notify("WATCHDOG=1")
        try:
            await asyncio.wait_for(stop.wait(), ALIVE)
        except TimeoutError:
            continue
    notify("STOPPING=1")
    server.close()
    await asyncio.to_thread(forget_all, instance)
    instance.vault_socket.unlink(missing_ok=True)
    if care.done():
        care.result()
    care.cancel()


async def _care(care: Care) -> None:
    while True:
        await asyncio.to_thread(care.look)
        await asyncio.sleep(LOOKED)


def run_vault(instance: Instance, settings: Settings) -> None:
    """Runs until SIGTERM. Nothing of its memory goes into a core file or to another process of its user."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    start_logging(settings.log_level)
    instance.run.mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(instance, settings))
