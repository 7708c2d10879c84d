"""What of a patient lies readable under the instance's folder."""

from contextlib import suppress

from clinicpbx.paths import Instance

RECORDS = ("asterisk/log/queue_log", "clinicpbx.db", "spool/cdr.db", "spool/cel.db")
"""Where numbers belong: the records, the spools that Asterisk writes them into, and its queue_log."""


def traces(instance: Instance, wanted: bytes) -> list[str]:
    """The files that hold *wanted*, relative to the instance, but for those in its tmpfs; one that a running process
    takes away meanwhile holds nothing."""
    found = []
    for path in instance.home.rglob("*"):
        readable = path.is_file() and not path.is_symlink() and instance.clear not in path.parents
        with suppress(FileNotFoundError):
            if readable and wanted in path.read_bytes():
                found.append(str(path.relative_to(instance.home)))
    return found


def outside(path: str) -> bool:
    """Whether the file is one of the records'; -wal and -shm belong to them."""
    return path.removesuffix("-wal").removesuffix("-shm") in RECORDS
