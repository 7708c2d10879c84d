"""Files of the audit log beside the database: kept durably, and of the instance's user whoever writes them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from clinicpbx.adapters.vault.durable import SHARED_FOLDER, make_folder, sync_folder
from clinicpbx.paths import Instance


def folder(instance: Instance) -> Path:
    """HOME/audit, made where it is missing."""
    if not instance.audit.is_dir():
        owned(make_folder(instance.audit, SHARED_FOLDER), instance)
    return instance.audit


def owned(path: Path, instance: Instance) -> None:
    """*path* belongs to whom the instance belongs to: root must not take it from the processes."""
    if os.geteuid() == 0:
        owner = instance.home.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def alone(instance: Instance, name: str) -> Iterator[IO[bytes]]:
    """HOME/audit/*name*, to be read and added to by one process at a time; the lock dies with it.

    0660: the vault process, another user of the instance's group, writes too.
    """
    path = folder(instance) / name
    with _locked(path) as file:
        if not os.fstat(file.fileno()).st_size:
            owned(path, instance)
            with suppress(PermissionError):  # another made it, and has not written yet
                os.fchmod(file.fileno(), 0o660)
            sync_folder(path.parent)
        yield file
        file.flush()
        os.fsync(file.fileno())


def _locked(path: Path) -> IO[bytes]:
    while True:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o660)
        file = os.fdopen(opened, "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            # it may have got another name while we waited
            if os.path.samestat(path.stat(), os.fstat(opened)):
                return file
        except FileNotFoundError:
            pass
        file.close()
