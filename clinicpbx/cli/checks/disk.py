"""Room for records, and the reserve that they live on when there is none."""

from collections.abc import Iterator

from clinicpbx.adapters.reserve import places
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.daemon.record_folders import record_folders

MIB = 1 << 20


def look(house: House) -> Iterator[Finding]:
    for place in places(record_folders(house.instance, house.settings)):
        room = f"{place.free // MIB} MiB left in {place.folder}"
        if place.full:
            need = (2 * place.size - place.free) // MIB + 1
            yield Finding("wrong", f"the disk is full, records live on what was kept back; {room}", f"free {need} MiB")
        elif not place.kept:
            yield Finding(
                "wrong", f"no reserve is kept; {room}", "the daemon makes it: does it run, may it write there?"
            )
        else:
            yield Finding("well", f"{room}, {place.size // MIB} MiB in reserve")


CHECKS.register("disk")(Check("Disk", look))
