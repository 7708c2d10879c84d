"""Reports that come by themselves, as the clinic writes them."""

from datetime import date, time

import pytest

from clinicpbx.core.records.saved import SavedReport
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import rules_from
from tests.support.neighbours import rules

pytestmark = pytest.mark.unit
TODAY = date(2026, 11, 24)


def read(written: str) -> tuple[SavedReport, ...]:
    text = rules(587, "https://ops.example/x") + f"\nreports:\n  one: {written}\n"
    return rules_from("clinic.yaml", text, TODAY).book.reports


def test_what_is_not_written_is_usual() -> None:
    assert read("{report: week}") == (SavedReport("one", "week", "last-week", "mon", time(7)),)
    found = read("{report: demand, by: site, period: yesterday, at: daily 06:30, format: xlsx, to: [manager, ops]}")
    assert found == (
        SavedReport("one", "demand", "yesterday", "daily", time(6, 30), "site", "xlsx", ("manager", "ops")),
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{report: weak}", "reports.one.report"),
        ("{report: demand, by: agent}", "no rows by 'agent', but by weekday, site, did"),
        ("{report: menu_paths, by: day}", "but by nothing else"),
        ("{report: week, period: last-month}", "week's period is last-week or this-week"),
        ("{report: week, at: monday 7}", "reports.one.at"),
        ("{report: week, at: mon 25:00}", "reports.one.at"),
        ("{report: week, format: pdf}", "reports.one.format"),
        ("{report: week, to: manger}", "no target of notify is 'manger'"),
    ],
)
def test_mistakes_are_refused(written: str, said: str) -> None:
    with pytest.raises(RulesRefused) as refusal:
        read(written)
    assert said in str(refusal.value)
