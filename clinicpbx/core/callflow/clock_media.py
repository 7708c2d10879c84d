"""An instant as it is said: by the clock of a place."""

from datetime import datetime, timedelta, tzinfo

from clinicpbx.core.commands import Media


def clock_media(until: datetime, at: datetime, zone: tzinfo) -> tuple[Media, ...]:
    """The weekday where *until* is not within a day of *at*, hour and minute."""
    local = until.astimezone(zone)
    day = (f"sound:digits/day-{local.isoweekday() % 7}",) if until - at > timedelta(hours=20) else ()
    minute = (f"digits:{local:%M}",) if local.minute else ()
    return (*day, f"number:{local.hour}", *minute)
