"""Who broke the glass: clinical reading rights for a while, in a file that the vault signs."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from clinicpbx.adapters.vault.durable import SHARED_FILE, write_durably
from clinicpbx.adapters.vault.publickeys import PublicKeys
from clinicpbx.adapters.vault.root import KeyRefused
from clinicpbx.daemon.audit_files import alone, folder, owned
from clinicpbx.paths import Instance

FILE = "break-glass.json"
LONGEST = timedelta(hours=12)
SIGNED = b"cpbx/v1/break-glass\0"
TIMES = ("since", "until")
Verifier = Callable[[], Ed25519PublicKey]


@dataclass(frozen=True, slots=True)
class Glass:
    """*login* may read and hear what patients said, for *reason*. *since*, *until*: aware."""

    login: str
    reason: str
    since: datetime
    until: datetime


def broken(instance: Instance, at: datetime, verifier: Verifier) -> list[Glass]:
    """What holds at *at*: nothing of a file that the key of *verifier* did not sign as it is."""
    found = _read(instance, verifier) or ()
    return [one for one in found if one.since <= at < one.until]


def broken_here(instance: Instance, at: datetime) -> list[Glass]:
    """What holds at *at*, by the vault's public key as this machine has it."""
    return broken(instance, at, PublicKeys(instance).verifier)


def glass_fault(instance: Instance) -> str:
    """What is wrong with the file; "" where nothing is, or there is none."""
    if _read(instance, PublicKeys(instance).verifier) is not None:
        return ""
    return f"{instance.audit / FILE} is not as the vault signed it, and gives no rights: see who wrote it; remove it"


def break_glass(instance: Instance, glass: Glass, key: Ed25519PrivateKey) -> None:
    """From now on *glass* holds, also after a restart; the same login's earlier one does not. *key*: the vault's."""
    with alone(instance, "break-glass.lock"):
        kept = [one for one in broken(instance, glass.since, key.public_key) if one.login != glass.login]
        rows = [
            asdict(one) | {"since": one.since.isoformat(), "until": one.until.isoformat()} for one in (*kept, glass)
        ]
        path = folder(instance) / FILE
        content = {"glass": rows, "signature": key.sign(_signed(rows)).hex()}
        write_durably(path, json.dumps(content, indent=2).encode(), SHARED_FILE)
        owned(path, instance)


def _read(instance: Instance, verifier: Verifier) -> list[Glass] | None:
    """All that is in the file; None where it is not what was signed."""
    try:
        content = json.loads((instance.audit / FILE).read_bytes())
        rows = content["glass"]
        verifier().verify(bytes.fromhex(content["signature"]), _signed(rows))
        return [Glass(**row | {key: datetime.fromisoformat(row[key]) for key in TIMES}) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError, RecursionError, InvalidSignature, KeyRefused):
        return None


def _signed(rows: Any) -> bytes:
    return SIGNED + json.dumps(rows, sort_keys=True, separators=(",", ":")).encode()
