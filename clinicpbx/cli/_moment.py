"""A point in time as people type it."""

from datetime import UTC, datetime, timedelta

import click

from clinicpbx.cli._zone import local_zone

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[datetime]):
    """A date, a date and time (in the zone in which lists show it unless named), or so long ago: 90m, 24h, 7d, 2w."""

    name = "WHEN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            if text[:-1].isdigit() and text[-1:] in UNITS:
                return datetime.now(UTC) - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
            written = datetime.fromisoformat(text)
            return (written if written.tzinfo else _local(written)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 2026-11-24, 2026-11-24T08:00 or 24h", param, ctx)


def _local(written: datetime) -> datetime:
    zone = local_zone()
    return written.replace(tzinfo=zone) if zone is not None else written.astimezone()


MOMENT = Moment()
