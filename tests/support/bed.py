"""The test bed: a whole instance with a real Asterisk, SIP parties on addresses of their own, all ended by pid."""

import asyncio
import fcntl
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeVar

from clinicpbx.adapters.asterisk.clear import unmount_clear
from clinicpbx.adapters.asterisk.console import rx
from clinicpbx.adapters.asterisk.instance import asterisk_command, make_instance
from clinicpbx.adapters.asterisk.verify import booted
from clinicpbx.errors import NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, read_settings

T = TypeVar("T")
Row = dict[str, Any]


async def eventually(what: Callable[[], T], within: float = 5.0) -> T:
    """The first true answer of *what*; AssertionError after *within* seconds."""
    until = time.monotonic() + within
    while not (answer := what()):
        assert time.monotonic() < until, f"not within {within} s: {what}"
        await asyncio.sleep(0.02)
    return answer


class Program:
    """A process of the bed, from its start to its end by pid."""

    def __init__(self, name: str, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.name, self.log = name, log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def pause(self) -> None:
        """Hang it, as a blocked event loop or a stuck disk would."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def stop(self, within: float = 10.0) -> int:
        """Ask it to end, make it end after *within* seconds; its exit code."""
        if self.alive:
            self.resume()
            self.send(signal.SIGTERM)
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode


@dataclass
class SippCounts:
    """What sipp says at its end."""

    code: int
    successful: int
    failed: int
    screen: str


@dataclass
class Bed:
    """One instance on the loopback addresses 127.0.NET.1 (Asterisk) and 127.0.NET.2 … (SIP parties)."""

    instance: Instance
    settings: Settings
    net: int
    programs: dict[str, Program] = field(default_factory=dict)
    _next_address: int = 1

    def address(self) -> str:
        """A loopback address nobody else in this bed has."""
        self._next_address += 1
        assert self._next_address < 255, "the bed has no address left"
        return f"127.0.{self.net}.{self._next_address}"

    @property
    def sip(self) -> str:
        return f"{self.settings.bind}:{self.settings.sip_port}"

    def apply(self, rules: str) -> None:
        """Make *rules* (the text of clinic.yaml) the instance's rules, as an administrator would with the command."""
        self.instance.rules.mkdir(exist_ok=True)
        self.instance.clinic.write_text(rules)
        self.clinicpbx("rules", "apply", "--no-selftest")

    @property
    def sips(self) -> str:
        return f"{self.settings.bind}:{self.settings.sips_port}"

    # -- Asterisk -----------------------------------------------------------------------------------------------

    def start_asterisk(self) -> None:
        """Start Asterisk and wait until it is booted."""
        make_instance(self.instance, self.settings)
        command = asterisk_command(self.instance, self.settings)
        asterisk = self.programs["asterisk"] = Program("asterisk", command, self.instance.log / "asterisk.out")
        until = time.monotonic() + 30
        while True:
            try:
                if booted(self.instance, self.settings):
                    return
            except NotReachable:
                assert asterisk.alive, f"Asterisk ended: {self.logs()}"
            assert time.monotonic() < until, f"Asterisk does not start: {self.logs()}"
            time.sleep(0.02)

    def rx(self, command: str) -> str:
        return rx(self.instance, self.settings, command)

    def generate(self, **files: str) -> None:
        """Write asterisk/etc/clinicpbx.d/NAME.conf for each NAME, and have Asterisk read them."""
        for name, text in files.items():
            (self.instance.generated / f"{name}.conf").write_text(text)
        for name in files:
            self.rx(
                {"pjsip": "module reload res_pjsip.so", "extensions": "dialplan reload"}.get(
                    name, f"module reload app_{name}.so"
                )
            )

    def logs(self) -> str:
        """What Asterisk and the programs wrote, the last 60 lines of each."""
        found = [*self.instance.log.glob("*.out"), self.instance.asterisk / "log" / "messages"]
        texts = ((path, path.read_text(errors="replace").splitlines()[-60:]) for path in found if path.exists())
        return "\n".join(f"--- {path}\n" + "\n".join(lines) for path, lines in texts)

    # -- programs -----------------------------------------------------------------------------------------------

    def clinicpbx(
        self, *words: str, check: bool = True, given: str = "", within: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line on this instance, *given* on its stdin, and wait for it."""
        done = subprocess.run(
            self._command(*words),
            capture_output=True,
            text=True,
            env=self._env(),
            timeout=within,
            check=False,
            input=given,
        )
        assert not check or done.returncode == 0, f"clinicpbx {words}: {done.returncode}: {done.stderr}"
        return done

    def run(self, name: str, *words: str) -> Program:
        """Start `clinicpbx run NAME` of this instance; it ends with the bed, or by its own methods."""
        before = self.programs.get(name)
        assert before is None or not before.alive, f"{name} runs already"
        program = Program(name, self._command("run", name, *words), self.instance.log / f"{name}.out", self._env())
        self.programs[name] = program
        return program

    def run_vault(self) -> Program:
        """Start the vault process and wait until it answers."""
        self.instance.vault_socket.unlink(missing_ok=True)
        program, until = self.run("vault"), time.monotonic() + 15
        while not self.instance.vault_socket.exists():
            assert program.alive, f"the vault has ended: {self.logs()}"
            assert time.monotonic() < until, f"the vault does not start: {self.logs()}"
            time.sleep(0.02)
        return program

    def _command(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("clinicpbx")), *words]

    def _env(self) -> dict[str, str]:
        return {**os.environ, "CLINICPBX_HOME": str(self.instance.home)}

    def stop(self) -> None:
        """End every program, Asterisk last, and unmount the tmpfs."""
        for program in sorted(self.programs.values(), key=lambda p: p.name == "asterisk"):
            program.stop()
        unmount_clear(self.instance.clear)

    # -- SIP load -----------------------------------------------------------------------------------------------

    async def sipp(
        self, scenario: Path | str, *words: str, calls: int = 1, rate: float = 10, to: str = "", within: float = 60
    ) -> SippCounts:
        """Run a sipp scenario (a file, or the name of one that sipp has) from an address of its own."""
        address = self.address()
        choose = ["-sf", str(scenario)] if isinstance(scenario, Path) else ["-sn", scenario]
        command = ["sipp", self.sip, *choose, "-i", address, "-mi", address, "-p", "5060", "-m", str(calls)]
        command += [
            "-r",
            str(rate),
            "-nostdin",
            "-timeout",
            str(int(within)),
            "-timeout_error",
            "-nd",
            "-default_behaviors",
            "all",
        ]
        command += [*(["-s", to] if to else []), *words]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, cwd=self.instance.log
        )
        try:
            async with asyncio.timeout(within + 10):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        screen = (out + err).decode(errors="replace")
        return SippCounts(process.returncode or 0, _count(screen, "Successful"), _count(screen, "Failed"), screen)

    # -- records ------------------------------------------------------------------------------------------------

    def cdr(self) -> list[Row]:
        """Every row Asterisk wrote into its CDR spool."""
        return _rows(self.instance.cdr_spool, "cdr")

    def cel(self) -> list[Row]:
        return _rows(self.instance.cel_spool, "cel")


def _count(screen: str, what: str) -> int:
    """sipp's cumulative number of calls that were *what*."""
    found = re.findall(rf"{what} call\s*\|\s*\d+\s*\|\s*(\d+)", screen)
    return int(found[-1]) if found else -1


def _rows(path: Path, table: str) -> list[Row]:
    database = sqlite3.connect(path, timeout=10)
    database.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY AcctId")]
    finally:
        database.close()


@contextmanager
def loopback_net() -> Iterator[int]:
    """A number from 30 to 99 that no other test run on this machine uses: the third part of 127.0.NET.x."""
    for net in range(30, 100):
        lock: TextIO = (Path(tempfile.gettempdir()) / f"clinicpbx-test-net-{net}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        with lock:
            yield net
        return
    raise RuntimeError("no loopback addresses left")


@contextmanager
def running_bed(home: Path, log_level: str = "debug") -> Iterator[Bed]:
    """A bed with Asterisk running, in the new folder *home*; with `info` the logs are a clinic's own."""
    with loopback_net() as net:
        instance = Instance(home)
        home.mkdir(parents=True, exist_ok=True)
        instance.settings.write_text(
            f"CLINICPBX_BIND=127.0.{net}.1\nCLINICPBX_SYSTEMNAME=test{net}\nCLINICPBX_LOG_LEVEL={log_level}\n"
            f"CLINICPBX_RTP_START={10000 + net * 200}\nCLINICPBX_RTP_END={10198 + net * 200}\n"
        )
        bed = Bed(instance, read_settings(instance), net)
        try:
            bed.start_asterisk()
            yield bed
        finally:
            bed.stop()
