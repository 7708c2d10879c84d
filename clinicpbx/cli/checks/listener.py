"""The listener turns, and finds the databases."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House, turned
from clinicpbx.daemon.metrics_file import read_metrics

PATIENCE = 60.0  # seconds: twice the pause while the database is away


def look(house: House) -> Iterator[Finding]:
    path = house.instance.run / "listener.prom"
    if hangs := turned(path, "listener", PATIENCE):
        yield hangs
        return
    found = read_metrics(path)
    if not found.get("clinicpbx_records_database_up"):
        yield Finding("wrong", "the listener cannot store records: rows wait in the spools", "see main database, disk")
    elif not found.get("clinicpbx_audit_sound", 1.0):
        yield Finding("wrong", "the audit log is not sound", "clinicpbx audit verify")
    else:
        yield Finding("well", f"it turns, {found.get('clinicpbx_records_moved_rows', 0):.0f} rows since its start")


CHECKS.register("listener")(Check("Listener", look))
