"""What a waiting caller hears of the place in the queue, in Asterisk's own sounds."""

from datetime import timedelta

MINUTE = timedelta(minutes=1)
LONGEST_TOLD = timedelta(minutes=60)


def place_media(position: int) -> tuple[str, ...]:
    """The media that tell *position* (from 1); the sounds exist in Asterisk's English, Spanish and French sets."""
    if position <= 1:
        return ("sound:queue-youarenext",)
    return ("sound:queue-thereare", f"number:{position}", "sound:queue-callswaiting")


def wait_media(wait: timedelta | None) -> tuple[str, ...]:
    """The media that tell the estimated *wait* in whole minutes, rounded up; none where it is unknown or too long."""
    if wait is None or wait > LONGEST_TOLD:
        return ()
    minutes = max(-(-wait // MINUTE), 1)
    return (
        "sound:queue-holdtime",
        f"number:{minutes}",
        "sound:queue-minute" if minutes == 1 else "sound:queue-minutes",
    )
