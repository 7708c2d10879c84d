"""A PostgreSQL of the tests' own: a cluster in a temporary folder, reached by its unix socket alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


PROGRAMS = _programs()


class Cluster:
    """A running or stopped cluster; *url* names its database `clinicpbx`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, folder / "store"
        self.url = f"postgresql+psycopg://clinicpbx@/clinicpbx?host={folder}&port=5432"

    def _run(self, program: str, *args: str) -> None:
        assert PROGRAMS is not None
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_user, str(PROGRAMS / program), *args],
            check=True,
            timeout=60,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def create(self) -> None:
        self._run("initdb", "-D", str(self.store), "-U", "clinicpbx", "-A", "trust", "--no-sync", "-E", "UTF8")
        self.start()
        self._run("createdb", "-h", str(self.folder), "-U", "clinicpbx", "clinicpbx")

    def empty(self) -> None:
        """Leaves no table in the database."""
        emptied = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        self._run("psql", "-h", str(self.folder), "-U", "clinicpbx", "-q", "-c", emptied, "clinicpbx")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c shared_buffers=16MB"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.store), "-l", log, "-w", "-t", "30", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.store), "-m", "immediate", "-w", "-t", "30", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it hangs, as on a disk that does not answer: connections stay, answers do not come."""
        main = int((self.store / "postmaster.pid").read_text().split()[0])
        family = [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]
        try:
            _send(family, signal.SIGSTOP)
            yield
        finally:
            _send(family, signal.SIGCONT)


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # that of a connection that has just ended
            os.kill(pid, number)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new, running cluster; stopped and removed afterwards."""
    assert PROGRAMS is not None, "no PostgreSQL on this machine: scripts/setup --dev installs it"
    folder = Path(tempfile.mkdtemp(prefix="cpbx-pg-"))
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    made = Cluster(folder)
    try:
        made.create()
        yield made
    finally:
        if (made.store / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
