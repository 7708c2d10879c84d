"""The rescuer turns."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House, turned

PATIENCE = 30.0  # seconds: a turn takes two, or some more while Asterisk does not answer


def look(house: House) -> Iterator[Finding]:
    yield turned(house.instance.run / "rescuer.prom", "rescuer", PATIENCE) or Finding("well", "it turns")


CHECKS.register("rescuer")(Check("Rescuer", look))
