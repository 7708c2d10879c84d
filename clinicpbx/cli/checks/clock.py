"""The machine's clock: records, due times and certificates are only as right as it is."""

import ctypes
from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House

UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
LARGER_THAN_TIMEX = 512  # bytes; all zero asks and sets nothing


def look(house: House) -> Iterator[Finding]:
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(LARGER_THAN_TIMEX))
    if state < 0 or state == UNSYNCHRONISED:
        yield Finding(
            "unknown", "the kernel knows of nobody who keeps the clock right", "timedatectl, or chronyc tracking"
        )
    else:
        yield Finding("well", "it is kept right")


CHECKS.register("clock")(Check("Clock", look))
