"""Room kept back: made where there is plenty, given back before a row finds none, and no fault of it ends anything."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.adapters.reserve import MOST, Place, keep, places
from tests.support.disks import SIZE, disk

pytestmark = pytest.mark.unit


def test_the_reserve_is_made_where_there_is_plenty_and_is_one_a_file_system(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    folders = {"home": tmp_path, "spool": tmp_path / "spool", "gone": tmp_path / "gone"}
    (before,) = places(folders)
    if before.free <= 2 * before.size:
        pytest.skip("this disk is nearly full")
    (place,) = keep(folders)
    assert (place.name, place.kept, place.full) == ("home", True, False)
    size = (tmp_path / "reserve").stat().st_size
    assert size == place.size <= MOST
    assert keep(folders)[0].kept
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize(
    ("free", "kept", "full"),
    [(16, True, False), (15, True, True), (10, False, True), (129, False, False), (128, False, True)],
)
def test_a_file_system_is_full_while_its_reserve_is_given_back_and_where_it_cannot_be(
    free: int, kept: bool, full: bool
) -> None:
    assert Place("home", Path("/"), free << 20, 64 << 20, kept).full == full


def test_it_is_made_above_twice_its_size_and_given_back_below_a_quarter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, reserve, folders = disk(monkeypatch), tmp_path / "reserve", {"home": tmp_path}
    there = []
    for free in (2 * SIZE, 2 * SIZE + 1, 2 * SIZE, SIZE // 4, SIZE // 4 - 1, SIZE // 4, 2 * SIZE, 2 * SIZE + 1):
        left(free)
        (place,) = keep(folders)
        assert place.kept == reserve.exists()
        there.append(place.kept)
    assert there == [False, True, True, True, False, False, False, True]
    assert reserve.stat().st_size == SIZE


def test_one_that_cannot_be_given_back_is_an_alarm_and_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = disk(monkeypatch)
    left(3 * SIZE)
    keep({"home": tmp_path})
    monkeypatch.setattr(os, "unlink", read_only)
    left(0)
    (place,) = keep({"home": tmp_path})
    assert (place.kept, place.full) == (True, True)


def read_only(*_: Any, **__: Any) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_on_a_file_system_that_takes_no_writes_nothing_is_made_and_nothing_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch)(3 * SIZE)
    monkeypatch.setattr(os, "open", read_only)
    monkeypatch.setattr(os, "unlink", read_only)
    (place,) = keep({"home": tmp_path})
    assert (place.kept, place.full) == (False, False)


def test_a_folder_that_may_not_be_entered_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = os.stat

    def refuses(path: Any, *words: Any, **named: Any) -> os.stat_result:
        if str(path).endswith("/reserve"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return stat(path, *words, **named)

    disk(monkeypatch)(SIZE)
    monkeypatch.setattr(os, "stat", refuses)
    (place,) = keep({"home": tmp_path})
    assert (place.kept, place.full) == (False, True)
