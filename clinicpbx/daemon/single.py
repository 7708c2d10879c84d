"""One daemon an instance: a lock that the kernel lets go with the process."""

import fcntl
import os
from typing import IO

from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


def only_daemon(instance: Instance) -> IO[str]:
    """The open lock file, run/daemon.lock, with our pid in it. ClinicPBXError where another daemon runs."""
    instance.run.mkdir(parents=True, exist_ok=True)
    lock = (instance.run / "daemon.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ClinicPBXError("a daemon of this instance runs already", where=str(instance.home)) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock
