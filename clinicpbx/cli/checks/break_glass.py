"""The file of who broke the glass is as the vault signed it."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.break_glass import glass_fault


def look(house: House) -> Iterator[Finding]:
    if fault := glass_fault(house.instance):
        yield Finding("wrong", fault, "clinicpbx audit list")
    else:
        yield Finding("well", "nobody forged it")


CHECKS.register("break_glass")(Check("Break-glass", look))
