"""Where the files that ship with ClinicPBX are: templates of Asterisk's configuration and of the dialplan."""

import sys
from pathlib import Path

from clinicpbx.errors import ClinicPBXError

_PLACES = (Path(__file__).resolve().parents[3], Path(sys.prefix) / "share" / "clinicpbx")


def shipped(folder: str) -> Path:
    """The shipped *folder*: of a checkout, else of an installation below sys.prefix/share/clinicpbx."""
    for place in _PLACES:
        if (found := place / folder).is_dir():
            return found
    raise ClinicPBXError(f"the folder {folder}/ is missing", where=str(_PLACES[0]), do="Install ClinicPBX again")
