"""Lamps: as many empty messages as the vault holds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.asterisk.lamps import set_lamp
from clinicpbx.paths import Instance

pytestmark = pytest.mark.unit


def shown(instance: Instance) -> tuple[int, int]:
    folder = instance.clear / "voicemail" / "cpbx" / "8100"
    inbox, old = (sorted(path.name for path in (folder / name).iterdir()) for name in ("INBOX", "Old"))
    for names in (inbox, old):
        assert names == [f"msg{n:04}.txt" for n in range(len(names))]
    assert all(path.stat().st_size == 0 for path in folder.rglob("*.txt"))
    return len(inbox), len(old)


@given(steps=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), min_size=1, max_size=6))
def test_the_lamp_follows(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]) -> None:
    instance = Instance(tmp_path_factory.mktemp("home"))
    for new, heard in steps:
        set_lamp(instance, "8100", new, heard)
        assert shown(instance) == (min(new, 99), min(heard, 99))


def test_gaps_and_others_files_do_not_confuse_it(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    set_lamp(instance, "8100", 0, 0)
    inbox = instance.clear / "voicemail" / "cpbx" / "8100" / "INBOX"
    (inbox / "msg0007.txt").touch()
    set_lamp(instance, "8100", 2, 0)
    assert shown(instance) == (2, 0)


@pytest.mark.parametrize("mailbox", ["", "..", "../8100", "a/b", "a\0"])
def test_hostile_mailboxes_are_refused(tmp_path: Path, mailbox: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        set_lamp(Instance(tmp_path), mailbox, 1, 0)
    assert list(tmp_path.iterdir()) == []


def test_negative_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="negative"):
        set_lamp(Instance(tmp_path), "8100", -1, 0)
