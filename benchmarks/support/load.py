"""SIP load by sipp, times on the wire by tshark, CPU time from /proc."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "sipp"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Calls:
    made: int
    failed: int


def _end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _sipp(scenario: str, address: str, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = ["sipp", *words, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", address, "-mi", address]
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen([*command, "-nostdin"], stdin=none, stdout=pipe, stderr=none, cwd=folder)


@contextmanager
def agents(address: str, folder: Path) -> Iterator[None]:
    """All agents' phones, answering at *address*."""
    process = subprocess.Popen(
        ["sipp", "-sf", str(SCENARIOS / "agent.xml"), "-i", address, "-mi", address, "-p", "5060", "-nostdin"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        time.sleep(0.3)
        assert process.poll() is None, "sipp does not start"
        yield
    finally:
        _end(process, signal.SIGKILL)


def call(server: str, number: str, address: str, folder: Path, calls: int, rate: float, prefix: str = "1555") -> Calls:
    """*calls* calls at *rate* a second from *address* to *number*, from numbers that begin with *prefix*; back when all
    are over."""
    limit = str(int(calls / rate) + 150)
    words = [server, "-s", number, "-m", str(calls), "-l", str(calls), "-r", str(rate), "-key", "prefix", prefix]
    words += ["-timeout", limit, "-timeout_error"]
    process = _sipp("caller", address, folder, *words)
    screen = process.communicate()[0].decode(errors="replace")
    found = re.findall(r"Successful call\s*\|\s*\d+\s*\|\s*(\d+)", screen)
    done = int(found[-1]) if found else 0
    return Calls(calls, calls - done)


@contextmanager
def wire(path: Path, address: str) -> Iterator[None]:
    """Writes the SIP of *address* to *path*."""
    command = ["tshark", "-q", "-i", "lo", "-f", f"udp port 5060 and host {address}", "-w", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        while line := process.stderr.readline():
            if b"File:" in line:
                break
        yield
        time.sleep(0.3)
    finally:
        _end(process, signal.SIGINT)


def latencies(path: Path, callers: str, desks: str) -> list[float]:
    """Milliseconds from each caller's INVITE to the INVITE its agent got."""
    came, rang = arrivals_and_offers(path, callers, desks)
    return sorted((rang[number] - began) * 1000 for number, began in came.items() if number in rang)


def arrivals_and_offers(path: Path, callers: str, desks: str) -> tuple[dict[str, float], dict[str, float]]:
    """When each caller's first INVITE came, and when its first agent got one; by the caller's number."""
    fields = ["frame.time_epoch", "ip.src", "ip.dst", "sip.from.user"]
    command = ["tshark", "-r", str(path), "-Y", 'sip.Method == "INVITE"', "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    came: dict[str, float] = {}
    rang: dict[str, float] = {}
    for line in out.splitlines():
        at, source, target, number = line.split("\t")
        times = came if source == callers else rang if target == desks else None
        if times is not None:
            times.setdefault(number, float(at))
    return came, rang


def memory(pid: int) -> int:
    """kB that process *pid* and its children hold in memory."""
    found = (Path(f"/proc/{one}/status").read_text() for one in (pid, *_children(pid)))
    return sum(int(line.split()[1]) for text in found for line in text.splitlines() if line.startswith("VmRSS"))


def cpu(pid: int) -> float:
    """Seconds of CPU that process *pid* and its children that live have used."""
    spent = 0.0
    for one in (pid, *_children(pid)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / TICK
    return spent


def _children(pid: int) -> list[int]:
    found = [int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in _words(task / "children")]
    return [*found, *(grandchild for child in found for grandchild in _children(child))]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
