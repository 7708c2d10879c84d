"""Asterisk answers, is new enough, and writes both kinds of call records."""

from collections.abc import Iterator

from clinicpbx.adapters.asterisk.verify import problems
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House
from clinicpbx.errors import NotReachable


def look(house: House) -> Iterator[Finding]:
    try:
        found = problems(house.instance, house.settings)
    except NotReachable as error:
        yield Finding("wrong", error.what, "systemctl start clinicpbx-asterisk")
        return
    for problem in found:
        yield Finding("wrong", problem, "see docs/asterisk-notes.md")
    if not found:
        yield Finding("well", "it answers, its modules run, CDR and CEL are written")


CHECKS.register("asterisk")(Check("Asterisk", look))
