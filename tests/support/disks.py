"""A file system whose room a test says."""

import os
from collections.abc import Callable
from types import SimpleNamespace

import pytest

SIZE = 1 << 20
"""Bytes of the reserve on it."""


def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """What has every file system have so many bytes free."""

    def left(free: int) -> None:
        told = SimpleNamespace(f_blocks=10 * SIZE, f_frsize=1, f_bavail=free)
        monkeypatch.setattr(os, "statvfs", lambda folder: told)

    return left
