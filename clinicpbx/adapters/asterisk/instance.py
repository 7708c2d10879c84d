"""An instance on disk: its folders, secrets, spools, tmpfs and Asterisk's configuration; and how Asterisk is run."""

import re
import socket
import sys
from pathlib import Path

from clinicpbx.adapters.asterisk.certificate import make_certificate
from clinicpbx.adapters.asterisk.clear import mount_clear
from clinicpbx.adapters.asterisk.configuration import write_configuration
from clinicpbx.adapters.asterisk.files import write_if_changed
from clinicpbx.adapters.asterisk.passwords import make_passwords
from clinicpbx.adapters.asterisk.spools import make_spools
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

_READABLE = 0o644
_LONGEST_SOCKET = 107  # sun_path of unix(7), without its final NUL
_PLAIN = re.compile(r"/[A-Za-z0-9._/-]+")

# Runs in a mount name space of its own: nothing of it is seen by, or left on, the host.
_ENTER = """\
root=$1 home=$2
shift 2
ulimit -c 0
ulimit -n 65536 2>/dev/null || :
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev tmpfs "$root/tmp"
mkdir -p "$root$home"
mount --rbind "$home" "$root$home"
mount --bind "$home/asterisk/hosts" "$root/etc/hosts"
if [ -e "$root/etc/resolv.conf" ]; then mount --bind /etc/resolv.conf "$root/etc/resolv.conf"; fi
exec chroot "$root" "$@"
"""


def make_instance(instance: Instance, settings: Settings) -> bool:
    """Make everything Asterisk needs below the instance's folder; what is there already stays. True: files changed.

    The configuration is written anew where it differs. Errors: ClinicPBXError where no tmpfs can be had or the
    folder has a name that a configuration file cannot hold.
    """
    if not _PLAIN.fullmatch(str(instance.home)):
        raise ClinicPBXError(
            "Asterisk's configuration cannot name this folder",
            where=str(instance.home),
            do="Use letters, digits, . _ -",
        )
    if (excess := len(str(instance.asterisk_socket)) - _LONGEST_SOCKET) > 0:
        raise ClinicPBXError(
            "Asterisk's control socket cannot have so long a name",
            where=str(instance.home),
            do=f"Use a folder whose path is {excess} characters shorter",
        )
    asterisk, etc = instance.asterisk, instance.asterisk_etc
    shared = (
        *(instance.home, instance.rules, instance.versions, instance.prompts, instance.log),
        *(asterisk, asterisk / "var" / "keys", asterisk / "log", asterisk / "run"),
        *(etc, instance.generated, etc / "custom.d"),
    )
    private = (instance.tls, instance.cdr_spool.parent)
    # the vault process is another user of the instance's group
    with_vault = (instance.vault, instance.message_keys, instance.run, instance.audit)
    for folders, mode in (((*shared, instance.keys), 0o750), (private, 0o700), (with_vault, 0o770)):
        for folder in folders:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
    mount_clear(instance.clear)
    for folder in (instance.recordings / "fallback", instance.clear / "voicemail", instance.clear / "tmp"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (instance.clear / "hear").mkdir(mode=0o770, exist_ok=True)
    for folder in (*with_vault, instance.clear / "hear"):
        folder.chmod(0o770)
    instance.keys.chmod(0o750)
    make_spools(instance)
    make_certificate(instance, settings)
    write_if_changed(asterisk / "hosts", _hosts(), _READABLE)
    root = asterisk_root(settings)
    return write_configuration(instance, settings, make_passwords(instance), root)


def asterisk_root(settings: Settings) -> Path | None:
    """The file system Asterisk lives in: the setting, else what scripts/setup chose, else None: the host's own."""
    if settings.asterisk_root is not None:
        return settings.asterisk_root
    chosen = Path(sys.prefix) / "asterisk-root"
    text = chosen.read_text().strip() if chosen.exists() else ""
    return Path(text) if text else None


def asterisk_command(instance: Instance, settings: Settings) -> list[str]:
    """The command that runs Asterisk in the foreground; the process it starts becomes Asterisk itself.

    With a root file system it needs root, and the instance's tmpfs must be mounted before.
    """
    asterisk = ["asterisk", "-f", "-n", "-C", str(instance.asterisk_etc / "asterisk.conf")]
    root = asterisk_root(settings)
    if root is None:
        return asterisk
    enter = ["unshare", "--mount", "sh", "-euc", _ENTER, "asterisk", str(root), str(instance.home)]
    return [*enter, "/usr/sbin/asterisk", *asterisk[1:]]


def _hosts() -> str:
    """The host's own names, and the machine's where it is missing: without it each SIP dialog waits for DNS."""
    known = Path("/etc/hosts").read_text() if Path("/etc/hosts").exists() else ""
    names = {word for line in known.splitlines() for word in line.partition("#")[0].split()[1:]}
    missing = [name for name in ("localhost", socket.gethostname()) if name not in names]
    return known.rstrip("\n") + "\n" + "".join(f"127.0.0.1 {name}\n" for name in missing)
