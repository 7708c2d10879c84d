"""How the call records came out at the last count."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.reconciliations import reconciled

LATE = timedelta(hours=2)


def look(house: House) -> Iterator[Finding]:
    rows = reconciled(house.instance.reconciliations)
    if not rows:
        yield Finding("unknown", "nothing was counted yet", "the listener counts once it has read all rows")
        return
    last = rows[-1]
    age = datetime.now(UTC) - datetime.fromisoformat(last["at"])
    if age > LATE:
        yield Finding("wrong", f"the last count was at {last['at']}", "see listener")
    for name, count in last["differences"].items():
        ids = ", ".join(last["for_example"][name])
        yield Finding("wrong", f"{name.replace('_', ' ')}: {count}, such as {ids}", "clinicpbx calls why CALL")
    if not last["differences"]:
        words = f"{last['started']} channels began, {last['ended']} ended, {last['interrupted']} were cut off"
        yield Finding("well", f"all even at {last['at']}: {words}")


CHECKS.register("reconciliation")(Check("Reconciliation", look))
