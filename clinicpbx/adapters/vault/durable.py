"""Files that are there whole or not at all, also after a loss of power."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Checkpoint = Callable[[str], None]
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def pass_by(name: str) -> None:
    """The checkpoint that does nothing."""


def sync_folder(folder: Path) -> None:
    """Makes names created in or removed from *folder* durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path) -> Path:
    """*folder* (0700) and its parents, durable; an existing one is left as it is."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync_folder(folder.parent)
    return folder


def write_temporary(path: Path, content: bytes) -> Path:
    """*content*, durable, beside *path* under a name that ends in `.tmp`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(opened, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def write_durably(path: Path, content: bytes) -> None:
    """Replaces *path* (0600) at once: temporary file, fsync, rename, fsync of the folder."""
    temporary = write_temporary(path, content)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def create_durably(path: Path, content: bytes) -> bool:
    """Creates *path* whole; False, and nothing written, where it exists already. Safe among processes."""
    temporary = write_temporary(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
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
