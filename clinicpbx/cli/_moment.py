"""A point in time as people type it."""

from datetime import UTC, datetime, timedelta, tzinfo

import click

from clinicpbx.cli._zone import local_zone

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """A date, a date and time (in *zone* unless named), or a time before *now*: 90m, 24h, 7d, 2w. In UTC.

    *zone*: None is this machine's. Errors: ValueError, OverflowError.
    """
    if text[:-1].isdigit() and text[-1:] in UNITS:
        return now - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo or zone is None else at.replace(tzinfo=zone)).astimezone(UTC)


class Moment(click.ParamType[datetime]):
    """What moment() reads, in the zone in which lists show times."""

    name = "WHEN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            return moment(text, datetime.now(UTC), local_zone())
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 2026-11-24, 2026-11-24T08:00 or 24h", param, ctx)


MOMENT = Moment()
