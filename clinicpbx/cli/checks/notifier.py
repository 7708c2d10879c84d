"""The notifier turns, and finds the main database."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House, turned
from clinicpbx.daemon.metrics_file import read_metrics

PATIENCE = 60.0  # seconds: twice the pause while the database is away


def look(house: House) -> Iterator[Finding]:
    path = house.instance.run / "notifier.prom"
    if hangs := turned(path, "notifier", PATIENCE):
        yield hangs
    elif not read_metrics(path).get("clinicpbx_notices_database_up"):
        yield Finding("wrong", "the notifier finds no main database: nobody is told anything", "see main database")
    else:
        yield Finding("well", "it turns")


CHECKS.register("notifier")(Check("Notifier", look))
