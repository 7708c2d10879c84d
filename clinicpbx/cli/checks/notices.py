"""Everybody was told what they are to be told."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.notifier_metrics import failed_notices


def look(house: House) -> Iterator[Finding]:
    if failed := failed_notices(house.instance.run / "notifier.prom"):
        yield Finding("wrong", f"{failed} notices could not be sent", "clinicpbx notify list --state failed")
    else:
        yield Finding("well", "no notice was given up")


CHECKS.register("notices")(Check("Notices", look))
