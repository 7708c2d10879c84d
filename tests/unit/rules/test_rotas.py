"""Rotas: who is on call at every instant, also on the nights when clocks change; holes and overlaps are refused."""

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinicpbx.cli.main import command
from clinicpbx.core.schedule.oncall import Duty, Rota, Shift, gaps, overlaps
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import Rules, rules_from

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)
PORTLAND = ZoneInfo("America/New_York")
PEOPLE = """
providers:
  lopez: {name: Dr. Lopez, specialities: [paediatrics], languages: [en, es], phone: 206, mobile: "+12075550190"}
  chen: {name: Dr. Chen, mobile: "+12075550191"}
rotas:
  physicians:
"""
NIGHTS = (
    PEOPLE
    + """\
    shifts:
      - {days: mon-sun, from: "17:00", to: "08:00", who: lopez, backup: chen}
      - {days: mon-sun, from: "08:00", to: "17:00", who: chen, backup: lopez}
      - {from: 2026-12-24 17:00, to: 2026-12-26 08:00, who: chen, backup: lopez}
"""
)


def harbor(rotas: str = NIGHTS) -> Rules:
    return rules_from("clinic.yaml", HARBOR + rotas, TODAY, "1")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PORTLAND)


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-12-01 16:59", "chen"),
        ("2026-12-01 17:00", "lopez"),
        ("2026-12-02 07:59", "lopez"),
        ("2026-12-25 03:00", "chen"),
        ("2026-12-26 07:59", "chen"),
        ("2026-12-27 03:00", "lopez"),
        ("2027-03-14 02:30", "lopez"),
        ("2027-11-07 01:30", "lopez"),
    ],
)
def test_who_is_on_call(at: str, who: str) -> None:
    shift = harbor().book.rotas["physicians"].at(local(at))
    assert shift is not None
    assert shift.who == who


ZONES = st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))


def daily(*clocks: time) -> tuple[Duty, ...]:
    """Duties of every day, each from one of the *clocks* to the next."""
    following = enumerate(pairwise([*sorted(clocks), min(clocks)]))
    return tuple(Duty(tuple(range(7)), a, b, f"p{n}", number=n) for n, (a, b) in following)


DUTIES = st.lists(CLOCKS, min_size=2, max_size=4, unique=True).map(lambda clocks: daily(*clocks))


@settings(max_examples=25, deadline=None)
@example(daily(time(0), time(2, 1), time(3)), "America/New_York", 0)  # 2:01 does not come on the night of 10 March
@given(
    DUTIES, st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]), st.integers(0, 390 * 1440)
)
def test_duties_that_follow_each_other_leave_no_instant_out_all_year(
    duties: tuple[Duty, ...], zone: str, minute: int
) -> None:
    rota, start = Rota(ZoneInfo(zone), duties), datetime(2030, 1, 1, tzinfo=UTC)
    end = start + timedelta(days=400)
    assert list(gaps(rota.weeks(start, end), [(start, end)])) == []
    assert list(overlaps(rota.weeks(start, end))) == []
    at = start + timedelta(minutes=minute)
    holding = [shift for shift in rota.shifts(at, at + timedelta(days=1)) if shift.holds(at)]
    assert [shift.who for shift in holding] == [rota.at(at).who]  # type: ignore[union-attr]


def test_a_shift_of_a_whole_day() -> None:
    day = '{days: mon-sun, from: "08:00", to: "08:00", who: lopez, backup: chen}'
    assert harbor(f"{PEOPLE}    shifts: [{day}]\n").book.rotas["physicians"].at(local("2026-12-02 07:59"))


def test_a_single_shift_cuts_the_weekly_ones() -> None:
    rota = harbor().book.rotas["physicians"]
    found = rota.shifts(local("2026-12-24 08:00"), local("2026-12-26 17:00"))
    assert [(f"{one.start.astimezone(PORTLAND):%d %H:%M}", one.who) for one in found] == [
        ("24 08:00", "chen"),
        ("24 17:00", "chen"),
        ("26 08:00", "chen"),
    ]


def test_holes_and_overlaps_of_plain_shifts() -> None:
    hour, start = timedelta(hours=1), datetime(2030, 1, 1, tzinfo=UTC)
    one, two = Shift(start, start + 4 * hour, "a"), Shift(start + 3 * hour, start + 5 * hour, "b")
    assert list(overlaps([two, one])) == [(one, two)]
    assert list(gaps([one], [(start - hour, start + 6 * hour)])) == [
        (start - hour, start),
        (start + 4 * hour, start + 6 * hour),
    ]


@pytest.mark.parametrize(
    ("shifts", "problem"),
    [
        ('{days: mon-fri, from: "17:00", to: "08:00", who: lopez, backup: chen}',
         "nobody is on call from Tuesday 2026-11-24 08:00 to Tuesday 2026-11-24 17:00"),
        ("{from: 2026-12-24 17:00, to: 2026-12-24 16:00, who: chen, backup: lopez}", "is empty: it ends before"),
        ('{days: mon-sun, from: "5pm", to: "08:00", who: lopez, backup: chen}', "'5pm' is not a time like"),
        ('{days: mon-sun, from: "17:00", to: "08:00", who: lopes, backup: chen}',
         "no provider is named 'lopes'; did you mean"),
        ('{days: mon-sun, from: "17:00", to: "08:00", who: chen, backup: chen}',
         "the same person as who and as backup"),
    ],
)  # fmt: skip
def test_a_rota_with_a_hole_is_refused_with_the_instant(shifts: str, problem: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        harbor(f"{PEOPLE}    shifts: [{shifts}]\n")
    told = [each.problem for each in refused.value.mistakes if not each.warning]
    assert any(problem in each for each in told), told


def test_overlapping_shifts_are_refused_with_both_places() -> None:
    more = '      - {days: tue, from: "16:00", to: "18:00", who: lopez, backup: chen}\n'
    with pytest.raises(RulesRefused) as refused:
        harbor(NIGHTS + more)
    told = [each for each in refused.value.mistakes if not each.warning]
    assert any("overlaps with the shift of chen (clinic.yaml:" in each.problem for each in told)
    assert all("Tuesday" in each.problem for each in told)


def test_hours_besides_which_somebody_is_on_call() -> None:
    nights = (
        '    besides: clinic\n    shifts: [{days: mon-sun, from: "17:00", to: "08:00", who: lopez, backup: chen}]\n'
    )
    with pytest.raises(RulesRefused, match=r"nobody is on call from .* 12:00 to .* 13:00"):
        harbor(PEOPLE + nights)


def test_a_shift_without_a_backup_is_warned_of_and_a_provider_without_a_number_refused() -> None:
    rules = harbor(NIGHTS.replace(", backup: chen", ""))
    assert any("has no backup" in str(warning) for warning in rules.warnings)
    with pytest.raises(RulesRefused, match="needs phone or mobile"):
        harbor(NIGHTS.replace(', mobile: "+12075550191"', ""))


def test_the_commands(tmp_path: Path) -> None:
    file = tmp_path / "clinic.yaml"
    file.write_text(HARBOR + NIGHTS)
    told = CliRunner().invoke(command, ["oncall", "who", "--file", str(file), "--at", "2026-12-25 03:00", "--json"])
    (row,) = json.loads(told.stdout)
    assert (row["who"], row["until"], row["backup"]) == ("Dr. Chen", "Sat 2026-12-26 08:00", "Dr. Lopez")
    told = CliRunner().invoke(command, ["oncall", "calendar", "--file", str(file), "--days", "3", "--json"])
    assert len(json.loads(told.stdout)) in (6, 7)
    wrong = CliRunner().invoke(command, ["oncall", "who", "--file", str(file), "--rota", "x"])
    assert "no rota 'x'" in str(wrong.exception)
