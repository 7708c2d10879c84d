"""A point in time as people type it."""

from datetime import UTC, datetime, timedelta

import click

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[datetime]):
    """A date, a date and time (in this machine's zone unless named), or a time before now: 90m, 24h, 7d, 2w."""

    name = "WHEN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            if text[:-1].isdigit() and text[-1:] in UNITS:
                return datetime.now(UTC) - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 2026-11-24, 2026-11-24T08:00 or 24h", param, ctx)


MOMENT = Moment()
