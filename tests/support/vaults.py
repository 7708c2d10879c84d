"""An instance with keys in a folder of its own, and recordings as Asterisk writes them."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from clinicpbx.adapters.vault.claim import Claim
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.paths import Instance
from clinicpbx.private import Private

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBER = "+15550142387"
CALLER = "+15550199914"


def make_vault(home: Path) -> Vault:
    """A vault with a root key, in *home*."""
    instance = Instance(home)
    make_root_key(instance)
    instance.recordings.mkdir(parents=True)
    return Vault(instance)


def a_message(id: str = "m1", mailbox: str = "8100", **known: object) -> Message:
    """A message with numbers that must not be seen."""
    fields = {"call": "pbx-1772366400.7", "received": AT, "language": "es"} | known
    return Message(
        mailbox=mailbox,
        id=id,
        number=Private(NUMBER),
        caller=Private(CALLER),
        **fields,  # type: ignore[arg-type]
    )


def record(vault: Vault, name: str, sound: bytes) -> Path:
    """A finished recording, as ARI leaves it."""
    path = vault.instance.recordings / f"{name}.ulaw"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound)
    return path


def claim(vault: Vault, name: str = "rec.1.1", **known: object) -> Claim:
    return Claim.on(vault.instance, name, a_message(**known))  # type: ignore[arg-type]


def killed_at(nth: int, work: Callable[[Callable[[str], None]], object]) -> bool:
    """Runs *work* in a process of its own and kills that (SIGKILL) at the *nth* checkpoint, counted from 0.

    False when *work* ended before it got there; an exception in *work* fails.
    """
    child = os.fork()
    if child == 0:
        passed = 0

        def checkpoint(name: str) -> None:
            nonlocal passed
            if passed == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            passed += 1

        try:
            work(checkpoint)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, f"the work failed before checkpoint {nth}"
    return False
