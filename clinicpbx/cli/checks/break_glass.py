"""Who broke the glass is known for certain."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.break_glass import glass_fault


def look(house: House) -> Iterator[Finding]:
    if fault := glass_fault(house.instance):
        yield Finding("wrong", fault, "clinicpbx break-glass list, clinicpbx audit list")
    else:
        yield Finding("well", "what is kept of it is as the vault signed it")


CHECKS.register("break_glass")(Check("Break-glass", look))
