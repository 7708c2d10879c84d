"""What a waiting caller hears of the place in the queue, in Asterisk's own sounds."""


def place_media(position: int) -> tuple[str, ...]:
    """The media that tell *position* (from 1); the sounds exist in Asterisk's English, Spanish and French sets."""
    if position <= 1:
        return ("sound:queue-youarenext",)
    return ("sound:queue-thereare", f"number:{position}", "sound:queue-callswaiting")
