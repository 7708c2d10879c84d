"""Asterisk's own configuration, written from the templates in asterisk_conf/."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clinicpbx.adapters.asterisk.files import GROUP, OWNER, write_if_changed
from clinicpbx.adapters.asterisk.spools import CDR_COLUMNS, CEL_COLUMNS, cdr_fields
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from clinicpbx.shipped import shipped

HEADER = """\
; Written by ClinicPBX from its template {name}; a change made here is overwritten.
; Put additions into {custom}/ (pjsip.conf, extensions.conf, musiconhold.conf, queues.conf).

"""

# What only some builds of Asterisk have: Debian's Opus is codec_opus_open_source, other builds have codec_opus.
OPTIONAL_MODULES = ("codec_opus_open_source.so", "codec_opus.so", "format_ogg_opus_open_source.so", "chan_websocket.so")

WITH_SECRETS = ("ari.conf", "manager.conf")

# All that the listener makes anything of; every other event is kept from it by Asterisk itself.
AMI_EVENTS = ("FullyBooted", "Shutdown", "Hangup")


def write_configuration(instance: Instance, settings: Settings, passwords: dict[str, str], root: Path | None) -> bool:
    """Render every template into asterisk/etc; True where a file changed. *root*: Asterisk's file system."""
    folder = shipped("asterisk_conf")
    templates = Environment(  # noqa: S701 (these files are not HTML)
        loader=FileSystemLoader(folder), undefined=StrictUndefined, keep_trailing_newline=True
    )
    words = {
        "instance": instance,
        "settings": settings,
        "secrets": passwords,
        "optional_modules": [m for m in OPTIONAL_MODULES if _built(m, root)],
        "ami_events": AMI_EVENTS,
        "cdr_columns": CDR_COLUMNS,
        "cdr_fields": cdr_fields(),
        "cel_columns": CEL_COLUMNS,
    }
    changed = False
    for template in sorted(folder.glob("*.j2")):
        target = instance.asterisk_etc / template.stem
        header = HEADER.format(name=template.name, custom=instance.asterisk_etc / "custom.d")
        mode = OWNER if target.name in WITH_SECRETS else GROUP
        changed |= write_if_changed(target, header + templates.get_template(template.name).render(words), mode)
    return changed


def _built(module: str, root: Path | None) -> bool:
    """True where Asterisk's build in *root* (None: the host) has *module*."""
    lib = (root or Path("/")) / "usr" / "lib"
    return any(lib.glob(f"asterisk/modules/{module}")) or any(lib.glob(f"*/asterisk/modules/{module}"))
