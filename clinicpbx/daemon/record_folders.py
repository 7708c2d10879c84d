"""Where what records are made of is written: each may be a file system of its own."""

from contextlib import suppress
from pathlib import Path

from clinicpbx.adapters.db.engine import parse_url
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, database_url


def record_folders(instance: Instance, settings: Settings) -> dict[str, Path]:
    """Folders by a word for each: home, spool, and database where that is a file."""
    found = {"home": instance.home, "spool": instance.cdr_spool.parent}
    with suppress(ClinicPBXError):  # a database that is none stops no call
        url = parse_url(database_url(instance, settings))
        if url.get_backend_name() == "sqlite":
            found["database"] = Path(url.database or "").absolute().parent
    return found
