"""When agents are logged out without their doing."""

from datetime import timedelta

from pydantic import Field

from clinicpbx.rules.words import Duration, Name
from clinicpbx.rules.written import Written


class LogOut(Written):
    """Never while they have a call, or the time after one."""

    idle: Duration | None = Field(
        None, ge=timedelta(minutes=1), description="After so long without a call or a code; default: never."
    )
    unreachable: Duration = Field(
        timedelta(minutes=15), description="So long after their phone was last within reach; `0s`: never."
    )
    closing: Name | None = Field(
        None, description="Once these hours have ended and nobody waits for them (see hours); default: not."
    )
