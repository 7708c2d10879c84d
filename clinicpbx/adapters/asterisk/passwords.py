"""The instance's own secrets: random 128-bit passwords in files."""

import secrets

from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.paths import Instance

NAMES = ("ari", "rescuer", "notifier", "ami", "queuelog")


def make_passwords(instance: Instance) -> dict[str, str]:
    """Every password by name, read from keys/NAME.secret and made where it is missing."""
    passwords = {}
    for name in NAMES:
        path = instance.keys / f"{name}.secret"
        if not path.exists():
            write_if_changed(path, secrets.token_hex(16) + "\n", OWNER)
        passwords[name] = instance.secret(name)
    return passwords
