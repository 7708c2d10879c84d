"""Whose site a call is: its line's, its phone's, its queue's, or the first."""

from datetime import date
from pathlib import Path

import pytest

from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import Note
from clinicpbx.core.events import CallArrived
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import rules_from
from tests.support.tape import T0

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)


def written(old: str, new: str) -> str:
    assert old in HARBOR
    return HARBOR.replace("\nsites:\n", "\nsites:\n  harbor-2: {timezone: America/New_York}\n").replace(old, new)


def test_a_call_is_its_lines_site_or_the_first() -> None:
    text = written("    name: Nurse line\n", "    name: Nurse line\n    site: harbor\n")
    text = text.replace("nurse: {strategy: ringall,", "nurse: {site: harbor, strategy: ringall,")
    text = text.replace("206: {name: Practice manager,", "206: {name: Practice manager, site: harbor,")
    book = rules_from("clinic.yaml", text, TODAY).book
    wanted = {"+12075550101": "harbor", "+12075550100": "harbor-2", "301": "harbor", "300": "harbor-2"}
    assert {entry: book.site_of(entry) for entry in wanted} == wanted
    assert (book.site_of("206"), book.site_of("201"), book.site_of("dr-who")) == ("harbor", "harbor-2", "harbor-2")


def test_the_record_is_told() -> None:
    book = rules_from("clinic.yaml", HARBOR, TODAY).book
    arrived = CallArrived(at=T0, flow="main", entry="+12075550100", version="")
    first = CallMachine(arrived, "c1", book).begin()[0]
    assert isinstance(first, Note)
    assert (first.kind, first.detail["site"]) == ("arrived", "harbor")
    assert "origin" not in first.detail


@pytest.mark.parametrize("section", ["dids", "queues"])
def test_a_site_has_to_exist(section: str) -> None:
    old, new = ("    name: Main line\n", "    name: Main line\n    site: moon\n")
    if section == "queues":
        old, new = "frontdesk: {strategy", "frontdesk: {site: moon, strategy"
    with pytest.raises(RulesRefused, match="no site is named 'moon'"):
        rules_from("clinic.yaml", written(old, new), TODAY)
