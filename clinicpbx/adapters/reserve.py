"""Room kept back in each file system that records are written to, and given back when that runs full."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NAME = "reserve"
MOST = 64 << 20
"""Bytes; of a small file system a tenth."""


@dataclass(frozen=True, slots=True)
class Place:
    """One file system. *free*: bytes left beside the reserve; *kept*: the reserve is there."""

    name: str
    folder: Path
    free: int
    size: int
    kept: bool

    @property
    def full(self) -> bool:
        """What is written there lives on the reserve, or soon will; one that may not be made is no alarm.

        Where the reserve is there and little is free, it could not be given back.
        """
        return self.free < self.size // 4 if self.kept else self.free <= 2 * self.size


def places(folders: Mapping[str, Path]) -> list[Place]:
    """The file systems of *folders* as they are now, each under the first name that lies in it."""
    found: dict[int, Place] = {}
    for name, folder in folders.items():
        try:
            stat, device = os.statvfs(folder), folder.stat().st_dev
        except OSError:
            continue
        size = min(MOST, stat.f_blocks * stat.f_frsize // 10)
        free = stat.f_bavail * stat.f_frsize
        if size:  # one that has no blocks says nothing of its room
            # not Path.exists(), which raises where the folder may not be entered
            found.setdefault(device, Place(name, folder, free, size, os.path.exists(folder / NAME)))
    return list(found.values())


def keep(folders: Mapping[str, Path]) -> list[Place]:
    """Like `places`, after the reserve was given back where little is left, and made where there is plenty."""
    for place in places(folders):
        reserve = place.folder / NAME
        if place.kept and place.free < place.size // 4:
            with suppress(OSError):
                reserve.unlink()
        elif not place.kept and place.free > 2 * place.size:
            _make(reserve, place.size)
    return places(folders)


def _make(reserve: Path, size: int) -> None:
    draft = reserve.with_name(f"{NAME}.new")
    try:
        opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.posix_fallocate(opened, 0, size)
        finally:
            os.close(opened)
        draft.replace(reserve)
    except OSError:
        with suppress(OSError):
            draft.unlink()
