"""A message in clear for as long as it is played: in the tmpfs, under a random name."""

import os
import secrets
from collections.abc import Collection
from pathlib import Path

from clinicpbx.adapters.vault.durable import PRIVATE_FILE, SHARED_FILE, SHARED_FOLDER, make_folder, settle, untouched
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.paths import Instance

SUFFIX = ".ulaw"
ASKED = 10.0  # seconds; longer than a caller is kept waiting for a message


def hear_folder(instance: Instance) -> Path:
    """Where messages are in clear while somebody listens."""
    return instance.clear / "hear"


def hear(vault: Vault, mailbox: str, id: str) -> Path:
    """Opens a message for Asterisk and names the file; it appears only after all of it is verified.

    Asterisk plays the path without its suffix. `forget` it when the playback is over.
    """
    folder = make_folder(hear_folder(vault.instance), SHARED_FOLDER)
    path = folder / (secrets.token_hex(16) + SUFFIX)
    hidden = path.with_suffix(".tmp")
    opened = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(opened, "wb") as stream:
            settle(stream.fileno(), path, SHARED_FILE)
            stream.writelines(vault.audio(mailbox, id))
        hidden.rename(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    return path


def forget(instance: Instance, path: Path) -> None:
    """Removes what `hear` wrote; twice is once. ValueError for a file of any other folder."""
    if path.parent != hear_folder(instance):
        raise ValueError("not a message that was opened to be heard")
    path.unlink(missing_ok=True)


def forget_lost(instance: Instance, heard: Collection[Path]) -> int:
    """Removes what is none of those *heard* and nobody will ask for any more: its call ended before it was there.

    Says how many.
    """
    folder = hear_folder(instance)
    lost = [path for path in folder.iterdir() if path not in heard] if folder.is_dir() else []
    lost = [path for path in lost if untouched(path, ASKED)]
    for path in lost:
        path.unlink(missing_ok=True)
    return len(lost)


def forget_all(instance: Instance) -> int:
    """At start, when nothing is being played: removes whatever was left in clear; says how many."""
    folder = hear_folder(instance)
    left = list(folder.iterdir()) if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
