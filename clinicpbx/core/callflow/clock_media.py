"""An instant as it is said: by the clock of a place."""

from datetime import datetime, timedelta, tzinfo

from clinicpbx.core.commands import Media


def clock_media(until: datetime, at: datetime, zone: tzinfo) -> tuple[Media, ...]:
    """The weekday where *until* is over 20 hours after *at*, hour and minute; midnight is 24 of the day it ends."""
    local = until.astimezone(zone)
    ends = local - timedelta(minutes=1)
    midnight = ends.date() != local.date()
    weekday = (ends if midnight else local).isoweekday() % 7
    day = (f"sound:digits/day-{weekday}",) if until - at > timedelta(hours=20) else ()
    minute = (f"digits:{local:%M}",) if local.minute else ()
    return (*day, f"number:{24 if midnight else local.hour}", *minute)
