"""The SIP passwords of the phones: random, in keys/phones.json, made once for each extension."""

import json
import secrets
from collections.abc import Iterable

from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.paths import Instance


def phone_passwords(instance: Instance, extensions: Iterable[str]) -> dict[str, str]:
    """Extension → password (128 random bits), made and kept where it is missing."""
    path = instance.keys / "phones.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = {extension: known.get(extension) or secrets.token_hex(16) for extension in extensions}
    write_if_changed(path, json.dumps(known | wanted, indent=2) + "\n", OWNER)
    return wanted
