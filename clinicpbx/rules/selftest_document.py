"""When the clinic's entries are called for a test, as it is written."""

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator, Field

from clinicpbx.rules.rota_document import CLOCK
from clinicpbx.rules.words import one_or_many
from clinicpbx.rules.written import Written

Clock = Annotated[str, Field(pattern=f"^{CLOCK}$")]


class SelfTest(Written):
    """Calls to every entry that reach nobody; see `clinicpbx selftest`."""

    at: Annotated[tuple[Clock, ...], BeforeValidator(one_or_many, json_schema_input_type=Clock | list[Clock])] = Field(
        ("03:30",), description="Every day at these times, in local time of the first site; []: never by itself."
    )

    @property
    def clocks(self) -> tuple[time, ...]:
        return tuple(map(time.fromisoformat, self.at))
