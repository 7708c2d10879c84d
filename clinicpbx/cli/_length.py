"""A length of time as people type it."""

from datetime import timedelta
from typing import Any

import click

from clinicpbx.rules.words import duration, written


class Length(click.ParamType[timedelta]):
    """20s, 30m, 1h30m; at most *longest*."""

    name = "LENGTH"

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            length = duration(value)
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)
        assert isinstance(length, timedelta)
        if not timedelta(0) < length <= self._longest:
            self.fail(f"{value} is not between 1s and {written(self._longest)}", param, ctx)
        return length
