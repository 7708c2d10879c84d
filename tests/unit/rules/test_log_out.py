"""Automatic log-out as a clinic writes it."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from clinicpbx.core.rulebook import LogOutRules
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import rules_from
from clinicpbx.rules.diff import sentences

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)


def harbor(log_out: str = "") -> str:
    return HARBOR.replace("  name: Harbor Family Clinic\n", f"  name: Harbor Family Clinic\n{log_out}", 1)


def test_by_default_only_whose_phone_is_away() -> None:
    book = rules_from("clinic.yaml", harbor(), TODAY).book
    assert book.log_out == LogOutRules(timedelta(0), timedelta(minutes=15), "")


def test_idle_and_at_closing() -> None:
    written = harbor("  log_out: {idle: 4h, unreachable: 0s, closing: clinic}\n")
    rules = rules_from("clinic.yaml", written, TODAY)
    assert rules.book.log_out == LogOutRules(timedelta(hours=4), timedelta(0), "clinic")
    told = sentences(rules_from("clinic.yaml", harbor(), TODAY).document, rules.document)
    assert "clinic.log_out.idle: 4h instead of nothing" in map(str, told)


def test_an_idle_of_seconds_is_a_slip() -> None:
    with pytest.raises(RulesRefused, match=r"clinic\.log_out\.idle"):
        rules_from("clinic.yaml", harbor("  log_out: {idle: 4s}\n"), TODAY)
