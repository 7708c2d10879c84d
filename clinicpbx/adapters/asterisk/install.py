"""Generated files into Asterisk's configuration, and Asterisk told of just what changed; verified, or undone."""

import re
from collections.abc import Mapping
from contextlib import suppress

from clinicpbx.adapters.asterisk.console import rx
from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

RELOADS = {
    "extensions.conf": "dialplan reload",
    "pjsip.conf": "module reload res_pjsip.so",
    "pjsip_auth.conf": "module reload res_pjsip.so",
    "voicemail.conf": "module reload app_voicemail.so",
    "geolocation.conf": "module reload res_geolocation.so",
}


UNLOADED = "unloaded"
"""A file that is there while Asterisk may not have loaded what lies beside it."""


def installed(instance: Instance) -> dict[str, str]:
    """File name → text of the generated files as they lie in Asterisk's configuration."""
    folder = instance.generated
    return {name: (folder / name).read_text() for name in RELOADS if (folder / name).exists()}


def install(instance: Instance, settings: Settings, files: Mapping[str, str]) -> bool:
    """Install *files*, reload what changed, and verify that Asterisk took it. False: Asterisk does not run.

    Errors: ClinicPBXError where Asterisk did not take them, OSError where they cannot be written; the files before
    are then back and loaded. Where it ends in between, or Asterisk does not answer, the next one loads all of them.
    """
    before = installed(instance)
    unloaded = instance.generated / UNLOADED
    instance.generated.mkdir(parents=True, exist_ok=True)
    known = not unloaded.exists()
    try:
        unloaded.touch()
        changed = _write(instance, files)
        _reload(instance, settings, changed if known else list(files))
        verify(instance, settings, files)
    except NotReachable:
        return False
    except BaseException:
        back = _write(instance, before)
        with suppress(NotReachable):
            _reload(instance, settings, back if known else list(before))
            unloaded.unlink(missing_ok=True)
        raise
    unloaded.unlink(missing_ok=True)
    return True


def verify(instance: Instance, settings: Settings, files: Mapping[str, str]) -> None:
    """Asterisk must have every rendered context, the version and every phone; else ClinicPBXError names what lacks."""
    shown = rx(instance, settings, "dialplan show")
    contexts = set(re.findall(r"^\[ Context '([^']+)' created by 'pbx_config'", shown, re.M))
    missing = sorted(_sections(files.get("extensions.conf", "")) - contexts - {"globals", "general"})
    mark = re.search(r"^\[cpbx-version\]\nexten => s,1,(NoOp\(\w+\))", files.get("extensions.conf", ""), re.M)
    if mark and mark.group(1) not in shown:
        missing.append("the new version")
    endpoints = rx(instance, settings, "pjsip show endpoints")
    wanted = set(re.findall(r"^\[(phone-\d+)\]", files.get("pjsip.conf", ""), re.M))
    missing += sorted(name for name in wanted if not re.search(rf"Endpoint:\s+{name}[/ ]", endpoints))
    if missing:
        what = f"Asterisk did not take {', '.join(missing)}"
        raise ClinicPBXError(what, where=str(instance.generated), do="See asterisk/log/full; the rules before are back")


def _sections(text: str) -> set[str]:
    return set(re.findall(r"^\[([A-Za-z0-9_-]+)\]", text, re.M))


def _write(instance: Instance, files: Mapping[str, str]) -> list[str]:
    return [name for name, text in files.items() if write_if_changed(instance.generated / name, text, OWNER)]


def _reload(instance: Instance, settings: Settings, changed: list[str]) -> None:
    for command in dict.fromkeys(RELOADS[name] for name in changed):
        rx(instance, settings, command)
