"""Names that become paths: mailboxes, messages, recordings. Whatever could leave its folder is refused."""

import re

from clinicpbx.errors import ClinicPBXError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NameRefused(ClinicPBXError):
    """A name that must not become a path."""

    exit_code = 65


def checked(name: str, what: str) -> str:
    """*name* itself; NameRefused unless it is 1–100 letters, digits, dots, `_`, `-`, not beginning with a dot."""
    if not _NAME.fullmatch(name):
        raise NameRefused(f"{name[:40]!r} is no name of a {what}", do="Use letters, digits, `.`, `_` and `-`")
    return name
