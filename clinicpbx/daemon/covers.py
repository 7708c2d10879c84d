"""Who covers for whom, and until when: kept in a file of the instance, each with its end."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from clinicpbx.adapters.vault.durable import write_durably
from clinicpbx.core.oncall.duty import Cover
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

TIMES = ("start", "end", "at")


@dataclass(frozen=True, slots=True)
class Covered:
    """A cover as it was made: *number* names it, *by* made it *at*. *start*, *end*: aware."""

    number: int
    rota: str
    who: str
    start: datetime
    end: datetime
    backup: str
    by: str
    at: datetime

    @property
    def cover(self) -> Cover:
        return Cover(self.rota, self.who, self.start, self.end, self.backup)


def covers(instance: Instance, at: datetime) -> list[Covered]:
    """Those that are not over at *at*, the newest first: it wins. Errors: ClinicPBXError for a file none of ours."""
    try:
        rows = json.loads(instance.covers.read_text())
        found = [Covered(**{**row, **{key: datetime.fromisoformat(row[key]) for key in TIMES}}) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        raise ClinicPBXError("cannot be read", where=str(instance.covers), do="Remove it") from None
    return sorted((one for one in found if at < one.end), key=lambda one: -one.number)


def keep(instance: Instance, kept: Iterable[Covered]) -> None:
    """Make *kept* all there are, durably."""
    rows = [asdict(one) | {key: getattr(one, key).isoformat() for key in TIMES} for one in kept]
    write_durably(instance.covers, json.dumps(rows, indent=2).encode())
