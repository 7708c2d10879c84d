"""Files that are there whole or not at all, also after a loss of power."""

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Checkpoint = Callable[[str], None]
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
SHARED_FILE = 0o640
SHARED_FOLDER = 0o770
"""Shared: among the daemon, who seals, and the vault process, who opens; both are of the instance's group."""


def pass_by(name: str) -> None:
    """The checkpoint that does nothing."""


def sync_folder(folder: Path) -> None:
    """Makes names created in or removed from *folder* durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path, mode: int = PRIVATE_FOLDER) -> Path:
    """*folder* (*mode*, whatever the umask) and its parents, durable; an existing one is left as it is."""
    if not folder.is_dir():
        make_folder(folder.parent, mode)
        try:
            folder.mkdir(mode=mode)
        except FileExistsError:
            return folder
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            settle(opened, folder, mode)
        finally:
            os.close(opened)
        sync_folder(folder.parent)
    return folder


def settle(opened: int, path: Path, mode: int) -> None:
    """Gives the open file its *mode*; what root makes belongs to whom the folder around it belongs."""
    os.fchmod(opened, mode)
    if os.geteuid() == 0:
        around = path.parent.stat()
        os.fchown(opened, around.st_uid, around.st_gid)


def write_temporary(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> Path:
    """*content*, durable, beside *path* under a name that ends in `.tmp`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(opened, "wb") as stream:
            settle(stream.fileno(), path, mode)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def write_durably(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> None:
    """Replaces *path* (*mode*) at once: temporary file, fsync, rename, fsync of the folder."""
    temporary = write_temporary(path, content, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def create_durably(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> bool:
    """Creates *path* whole; False, and nothing written, where it exists already. Safe among processes."""
    temporary = write_temporary(path, content, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    sync_folder(path.parent)
    return True


def untouched(path: Path, seconds: float) -> bool:
    """Whether nobody wrote *path* for so long: a file half written may be another process's, just now.

    One of a time to come was written before the clock was set back.
    """
    try:
        return abs(time.time() - path.stat().st_mtime) > seconds
    except FileNotFoundError:
        return False


def remove_durably(path: Path) -> bool:
    """Removes *path*; False where it was not there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One at a time in *folder*, among threads and processes; the lock dies with its process."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
