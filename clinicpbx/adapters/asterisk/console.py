"""Asterisk's command line, spoken directly through its control socket: no process, no root file system needed."""

import socket
import time

from clinicpbx.adapters.asterisk.instance import asterisk_root
from clinicpbx.errors import NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

_VERBOSE = 127  # Asterisk puts this byte before a line of the log


def rx(instance: Instance, settings: Settings, command: str, timeout: float = 10.0) -> str:
    """What `asterisk -rx COMMAND` prints. *timeout* in seconds for each answer of the socket.

    Errors: NotReachable where Asterisk does not run, hangs, or may not be reached by this user.
    """
    where = str(instance.asterisk_socket)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as console:
            console.settimeout(timeout)
            _connect(console, where, timeout)
            console.recv(1024)
            console.sendall(f"cli quit after {command}".encode() + b"\0")
            answer = b"".join(iter(lambda: console.recv(65536), b""))
    except OSError as exc:
        do = f"Is Asterisk running (root {asterisk_root(settings) or '/'})?"
        raise NotReachable(f"Asterisk does not answer: {exc.strerror or exc}", where=where, do=do) from None
    lines = answer.replace(b"\0", b"").split(b"\n")
    return b"\n".join(line for line in lines if line[:1] != bytes([_VERBOSE])).decode(errors="replace")


def _connect(console: socket.socket, where: str, timeout: float) -> None:
    """Connect; a full queue of waiting connections (Asterisk's holds two) is no reason to give up."""
    until = time.monotonic() + timeout
    while True:
        try:
            return console.connect(where)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.005)
