"""What the last test calls found."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.control_client import ask_daemon


def look(house: House) -> Iterator[Finding]:
    if failing := house.told.get("selftest_failing"):
        yield Finding("wrong", f"test calls to {', '.join(failing)} fail", "clinicpbx selftest list")
        return
    if not house.told:
        yield Finding("unknown", "the daemon does not answer")
        return
    times = [str(row["at"]) for row in ask_daemon(house.instance, {"do": "selftest.rows"})]
    if times:
        yield Finding("well", f"all went through, the last at {max(times)}")
    else:
        yield Finding("unknown", "no number was tested yet", "clinicpbx selftest run")


CHECKS.register("selftests")(Check("Self-test", look))
