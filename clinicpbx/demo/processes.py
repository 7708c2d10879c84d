"""The instance's processes where there is no systemd: started, started again when they die, ended by their ids."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from clinicpbx.adapters.asterisk.verify import booted, check_asterisk
from clinicpbx.demo.clinic import SIP
from clinicpbx.errors import NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

AFTER_ASTERISK = ("vault", "daemon", "listener", "rescuer", "notifier")
_PATIENCE = 30.0  # seconds for each to be ready
_ENOUGH = 8.0  # seconds to end after SIGTERM


def busy_ports(settings: Settings, carrier: str) -> list[str]:
    """`ADDRESS:PORT (what for)` of each port that something else holds; *carrier* is the trunk's far end."""
    tcp = {settings.ari_port: "ARI", settings.ami_port: "AMI", settings.http_port: "metrics"}
    wanted = [(settings.bind, port, socket.SOCK_STREAM, what) for port, what in tcp.items()]
    wanted.append((settings.sip_bind or settings.bind, settings.sip_port, socket.SOCK_DGRAM, "SIP"))
    wanted.append((carrier, SIP, socket.SOCK_DGRAM, "the demonstration's carrier"))
    found = []
    for address, port, kind, what in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                found.append(f"{address}:{port} ({what})")
    return found


class Processes:
    """Use as an asynchronous context: everything it started has ended when it is left."""

    def __init__(self, instance: Instance, settings: Settings) -> None:
        self._instance, self._settings = instance, settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Processes":
        try:
            self._start("asterisk")
            await self._until(self._booted, "asterisk")
            await asyncio.to_thread(check_asterisk, self._instance, self._settings)
            for name in AFTER_ASTERISK:
                self._start(name)
            await self._until(self._ready, "daemon")
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.create_task(self._start_again())
        return self

    async def __aexit__(self, *trouble: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End what was started, Asterisk last; by id, nothing else."""
        if self._watch is not None:
            self._watch.cancel()
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, _ENOUGH)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)

    def _start(self, name: str) -> None:
        self._instance.log.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "clinicpbx.cli.main", "--home", str(self._instance.home), "run", name]
        environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    def _log(self, name: str) -> Path:
        return self._instance.log / f"{name}.log"

    async def _start_again(self) -> None:
        while True:
            await asyncio.sleep(1)
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    self._start(name)

    async def _until(self, ready: object, name: str) -> None:
        assert callable(ready)
        for _ in range(int(_PATIENCE * 10)):
            if await asyncio.to_thread(ready):
                return
            if self._running[name].poll() is not None:
                break
            await asyncio.sleep(0.1)
        raise NotReachable(f"{name} did not start", where=str(self._log(name)), do="Its last lines say why")

    def _booted(self) -> bool:
        try:
            return booted(self._instance, self._settings)
        except NotReachable:
            return False

    def _ready(self) -> bool:
        address = f"http://{self._settings.bind}:{self._settings.http_port}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
