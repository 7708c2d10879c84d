"""How long a recording is: what is in its file."""

from dataclasses import replace
from datetime import timedelta

from clinicpbx.core.events import RecordingFinished
from clinicpbx.paths import Instance

BYTES_A_SECOND = 8000  # of ulaw


def recorded_length(instance: Instance, recording: str) -> timedelta:
    """How much of *recording* is in the tmpfs."""
    try:
        size = (instance.recordings / f"{recording}.ulaw").stat().st_size
    except OSError:
        return timedelta(0)
    return timedelta(seconds=size / BYTES_A_SECOND)


def measured(instance: Instance, ended: RecordingFinished) -> RecordingFinished:
    """*ended* with its length: a failed recording names none."""
    return ended if ended.duration else replace(ended, duration=recorded_length(instance, ended.recording))
