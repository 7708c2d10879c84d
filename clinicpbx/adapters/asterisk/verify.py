"""What must hold once Asterisk is up: its version, its record back ends, the modules it was told to load."""

import re

from clinicpbx.adapters.asterisk.console import rx
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

LEAST = (22, 10, 1)


def version(text: str) -> tuple[int, ...]:
    """The version in what Asterisk says of itself: `Asterisk 22.10.1+dfsg…` is (22, 10, 1)."""
    found = re.search(r"Asterisk (?:certified/)?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def booted(instance: Instance, settings: Settings) -> bool:
    """True once Asterisk is fully booted and knows its commands, which is a moment later; waits for the first.

    Errors: NotReachable where it does not answer (yet).
    """
    return "fully booted" in rx(instance, settings, "core waitfullybooted") and bool(
        version(rx(instance, settings, "core show version"))
    )


def problems(instance: Instance, settings: Settings) -> list[str]:
    """Everything about the running Asterisk that ClinicPBX cannot live with; empty: all is well.

    Errors: NotReachable where Asterisk does not answer.
    """

    def ask(command: str) -> str:
        return rx(instance, settings, command)

    found = []
    is_version = version(ask("core show version"))
    if is_version < LEAST:
        needed, running = (".".join(map(str, v)) or "unknown" for v in (LEAST, is_version))
        found.append(f"Asterisk {needed} or newer is needed, {running} runs")
    if "sqlite3" not in ask("cdr show status").lower():
        found.append("CDR: the SQLite back end is not attached (cdr show status)")
    if "sqlite3" not in ask("cel show status").lower():
        found.append("CEL: the SQLite back end is not attached (cel show status)")
    loaded = {line.split()[0] for line in ask("module show").splitlines() if "Running" in line and ".so" in line}
    missing = sorted(_wanted(instance) - loaded)
    if missing:
        found.append("modules not running: " + ", ".join(missing))
    return found


def check_asterisk(instance: Instance, settings: Settings) -> None:
    """Raise ClinicPBXError naming every problem at once."""
    if found := problems(instance, settings):
        raise ClinicPBXError("; ".join(found), where="Asterisk", do="See docs/asterisk-notes.md")


def _wanted(instance: Instance) -> set[str]:
    """The modules that modules.conf asks for."""
    text = (instance.asterisk_etc / "modules.conf").read_text()
    return set(re.findall(r"^load = (\S+)$", text, re.MULTILINE))
