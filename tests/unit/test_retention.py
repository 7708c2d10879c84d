"""Retention: what is due goes and is told of, a hold wins, nothing means nothing, and a wild clock destroys nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.vault.store import Vault
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.rulebook import MailboxRules
from clinicpbx.core.voicemail.retention import Kept, expired, expires
from clinicpbx.daemon.retention_run import Retention
from clinicpbx.rules.words import keeping
from tests.support.books import book
from tests.support.marks import tone
from tests.support.vaults import AT, a_message, make_vault, put

pytestmark = pytest.mark.unit

DAY = timedelta(days=1)
SOUND = tone(0.2)


@given(age=st.integers(0, 400), keep=st.integers(1, 400), held=st.booleans())
def test_due_is_what_is_as_old_as_the_rule_and_not_held(age: int, keep: int, held: bool) -> None:
    found = expired([Kept("m", AT - age * DAY, held)], keep * DAY, AT)
    assert found == (["m"] if age >= keep and not held else [])


def test_nothing_is_due_without_a_rule_or_without_a_time() -> None:
    assert expired([Kept("m", AT - 9999 * DAY)], None, AT) == []
    assert expired([Kept("m", None)], DAY, AT) == []


@pytest.mark.parametrize("keep", [timedelta(0), -DAY])
def test_no_time_at_all_is_no_rule(keep: timedelta) -> None:
    with pytest.raises(ValueError, match="for a time"):
        expires(Kept("m", AT), keep)


@pytest.mark.parametrize(("text", "days"), [("1d", 1), ("90d", 90), ("7y", 7 * 366)])
def test_written_in_days_or_years(text: str, days: int) -> None:
    assert keeping(text) == days * DAY


@pytest.mark.parametrize("text", ["0d", "0y", "", "90", "-1d", "d", "1w", "1d2d"])
def test_zero_and_rubbish_are_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match="0 would destroy every message" if text[:1] == "0" else "does not say how long"
    ):
        keeping(text)


class House:
    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.entries: list[Entry] = []
        rules = {"8100": MailboxRules("8100", keep=90 * DAY), "8200": MailboxRules("8200")}
        self.retention = Retention(vault.instance, vault, lambda: replace(book(), mailboxes=rules), self.entries.append)
        for days in (10, 89, 90, 400):
            put(vault, a_message(f"m{days}", received=AT - days * DAY), SOUND)
        put(vault, a_message("old", mailbox="8200", received=AT - 4000 * DAY), SOUND)

    def left(self) -> set[str]:
        return {message.id for box in ("8100", "8200") for message in self.vault.list(box).messages}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(make_vault(tmp_path / "home"))


def test_what_is_due_is_destroyed_with_a_line_each(house: House) -> None:
    assert [one.message for one in house.retention.due(AT)] == ["m400", "m90"]
    assert house.left() == {"m10", "m89", "m90", "m400", "old"}, "to look destroys nothing"
    house.retention.run(AT, "nora")
    assert house.left() == {"m10", "m89", "old"}
    assert [(e.actor, e.action, e.object) for e in house.entries] == [
        ("nora", "retention.expire", "8100/m400"),
        ("nora", "retention.expire", "8100/m90"),
    ]
    assert {gone.message: gone.why for gone in house.vault.destroyed("8100")} == {"m400": "expired", "m90": "expired"}
    assert house.retention.run(AT, "nora") == []


def test_a_hold_wins(house: House) -> None:
    house.vault.hold("8100", "m400", "a case", AT)
    house.retention.run(AT, "nora")
    assert house.left() == {"m10", "m89", "m400", "old"}
    [row] = [row for row in house.retention.status(AT) if row["mailbox"] == "8100"]
    assert (row["keep_days"], row["messages"], row["due"], row["on_hold"]) == (90, 3, 0, 1)


def test_what_cannot_be_noted_is_not_destroyed(house: House) -> None:
    def full(entry: Entry) -> None:
        raise OSError(28, "No space left on device")

    broken = Retention(house.vault.instance, house.vault, house.retention._book, full)
    broken.run_daily(AT)
    assert len(house.left()) == 5


def runs(house: House, at: datetime) -> bool:
    before = house.retention.last()
    house.retention.run_daily(at)
    return house.retention.last() != before


def test_it_runs_once_a_day_and_not_after_a_clock_has_jumped(house: House) -> None:
    start = AT - 30 * DAY
    assert runs(house, start)
    assert not runs(house, start + timedelta(hours=23))
    assert runs(house, start + DAY)
    assert not runs(house, start + 400 * DAY)
    assert house.left() >= {"m10", "m89"}
    assert not runs(house, start - 400 * DAY)
