"""Says that it is still working, where an answer takes more than two seconds."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from clinicpbx.cli.output import say

PATIENCE = 2.0
MARK = 0.25


@contextmanager
def patience(what: str, after: float = PATIENCE) -> Iterator[None]:
    """While the body runs: from *after* seconds on, *what* and the seconds so far on a terminal's stderr; elsewhere
    one line."""
    done = threading.Event()
    told = threading.Thread(target=_tell, args=(what, after, done), daemon=True)
    told.start()
    try:
        yield
    finally:
        done.set()
        told.join()


def _tell(what: str, after: float, done: threading.Event) -> None:
    begun = time.monotonic()
    if done.wait(after):
        return
    if not sys.stderr.isatty():
        say(f"{what} …")
        return
    while not done.wait(MARK):
        sys.stderr.write(f"\r{what} … {time.monotonic() - begun:.0f} s, Ctrl-C stops it")
        sys.stderr.flush()
    sys.stderr.write("\r\033[K")
