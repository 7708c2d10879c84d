"""Who broke the glass: clinical reading rights for a while, kept in a file since the database may be away."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from clinicpbx.adapters.vault.durable import SHARED_FILE, write_durably
from clinicpbx.daemon.audit_files import alone, folder, owned
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

FILE = "break-glass.json"
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Glass:
    """*login* may read and hear what patients said, for *reason*. *since*, *until*: aware."""

    login: str
    reason: str
    since: datetime
    until: datetime


def broken(instance: Instance, at: datetime) -> list[Glass]:
    """What holds at *at*. Errors: ClinicPBXError for a file that is none of ours."""
    path = instance.audit / FILE
    try:
        rows = json.loads(path.read_text())
        times = ("since", "until")
        found = [Glass(**{**row, **{key: datetime.fromisoformat(row[key]) for key in times}}) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        raise ClinicPBXError("cannot be read", where=str(path), do="Remove it") from None
    return [one for one in found if one.since <= at < one.until]


def break_glass(instance: Instance, glass: Glass) -> None:
    """From now on *glass* holds, also after a restart; the same login's earlier one does not."""
    with alone(instance, "break-glass.lock"):
        kept = [one for one in broken(instance, glass.since) if one.login != glass.login]
        rows = [
            asdict(one) | {"since": one.since.isoformat(), "until": one.until.isoformat()} for one in (*kept, glass)
        ]
        path = folder(instance) / FILE
        write_durably(path, json.dumps(rows, indent=2).encode(), SHARED_FILE)
        owned(path, instance)
