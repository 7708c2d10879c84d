"""Where the files that ship with ClinicPBX are: templates, migrations, examples."""

from pathlib import Path

from clinicpbx.errors import ClinicPBXError

_HERE = Path(__file__).resolve()


def shipped(folder: str, here: Path = _HERE) -> Path:
    """The shipped *folder*: of the checkout around *here*, else of the nearest share/clinicpbx/ above it, which is
    where pip puts it, with and without --target. Errors: ClinicPBXError where there is none."""
    checkout = here.parents[1]
    places = [checkout] if (checkout / "setup.cfg").exists() else [up / "share" / "clinicpbx" for up in here.parents]
    for place in places:
        if (found := place / folder).is_dir():
            return found
    raise ClinicPBXError(f"the folder {folder}/ is missing", where=str(places[0]), do="Install ClinicPBX again")
