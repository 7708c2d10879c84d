"""The only place where audio is in clear: a tmpfs that is never swapped out."""

import os
import subprocess
from pathlib import Path

from clinicpbx.errors import ClinicPBXError, NotPermitted

_OPTIONS = "size=512m,mode=0710,nosuid,nodev,noexec"


def mount_clear(folder: Path) -> None:
    """Mount a tmpfs at *folder* unless one is there.

    `noswap` needs Linux 6.4; an older kernel is accepted only where the machine has no swap at all.
    Errors: NotPermitted without root, ClinicPBXError where clear audio could reach a disk.
    """
    if is_tmpfs(folder):
        return
    if os.geteuid() != 0:
        raise NotPermitted(
            "a tmpfs must be mounted here", where=str(folder), do="Run as root, or start clinicpbx-clear.mount"
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    if _mount(folder, _OPTIONS + ",noswap") is None:
        return
    if _swap_in_use():
        raise ClinicPBXError(
            "this kernel cannot keep a tmpfs out of swap (noswap needs Linux 6.4)",
            where=str(folder),
            do="Switch swap off (swapoff -a) or run a newer kernel",
        )
    if problem := _mount(folder, _OPTIONS):
        raise ClinicPBXError(f"no tmpfs can be mounted: {problem}", where=str(folder), do="Allow this system to mount")


def need_clear(folder: Path) -> None:
    """ClinicPBXError where *folder* is no tmpfs: what is recorded there would lie on a disk in clear."""
    if not is_tmpfs(folder):
        raise ClinicPBXError(
            "no tmpfs: recordings would lie on a disk in clear",
            where=str(folder),
            do="Start clinicpbx-clear.service, or `clinicpbx run asterisk`, which mount it",
        )


def unmount_clear(folder: Path) -> None:
    """Unmount what mount_clear mounted; nothing where there is none. What was in it is gone."""
    while is_tmpfs(folder):
        if subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False).returncode:
            raise ClinicPBXError("cannot be unmounted", where=str(folder), do="Run as root")


def is_tmpfs(folder: Path) -> bool:
    """True where *folder* itself is a mount point of a tmpfs or ramfs."""
    wanted = os.fsencode(folder.resolve())
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        before, _, after = line.partition(b" - ")
        place = before.split(b" ")[4].replace(b"\\040", b" ").replace(b"\\134", b"\\")
        if place == wanted and after.split(b" ")[0] in (b"tmpfs", b"ramfs"):
            return True
    return False


def _mount(folder: Path, options: str) -> str | None:
    """None, or why the mount failed."""
    command = ["mount", "-t", "tmpfs", "-o", options, "clinicpbx-clear", str(folder)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else tried.stderr.strip().splitlines()[-1]


def _swap_in_use() -> bool:
    return len(Path("/proc/swaps").read_text().splitlines()) > 1
