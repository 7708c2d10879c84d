"""Make the folders of the instance, its tmpfs for clear audio, its secrets and Asterisk's configuration."""

import grp
import pwd
import shutil
from pathlib import Path

import click

from clinicpbx.cli._leave import note
from clinicpbx.core.audit.entry import Entry
from clinicpbx.daemon.login import login
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings

EXAMPLES = ("harbor",)


@click.command("prepare")
@click.option("--owner", help="User that the processes run as; default: whoever runs this.")
@click.option("--example", type=click.Choice(EXAMPLES), help="Copy its rules where the instance has none.")
@click.pass_obj
def command(instance: Instance, owner: str | None, example: str | None) -> None:
    """Make everything an instance needs below its folder; what is there already stays.

    \b
    Examples:
      clinicpbx --home /var/lib/clinicpbx prepare --owner clinicpbx
      clinicpbx --home ./instance prepare --example harbor
    """
    from clinicpbx.adapters.asterisk.instance import make_instance
    from clinicpbx.adapters.vault.keyring import make_root_key
    from clinicpbx.daemon.audit_key import make_audit_key
    from clinicpbx.shipped import shipped

    if owner:
        _known(owner)
    make_instance(instance, read_settings(instance))
    if not (instance.keys / "root.key").exists():
        make_root_key(instance)
        _note_key(instance, "root.key")
    if make_audit_key(instance):
        _note_key(instance, "audit.key")
    if example and not instance.clinic.exists():
        shutil.copytree(shipped("examples") / example, instance.rules, dirs_exist_ok=True)
    if owner:
        _own(instance.home, owner)


def _note_key(instance: Instance, key: str) -> None:
    settings = read_settings(instance)
    note(instance, settings, Entry(login(instance, settings).name, "keys.make", key))


def _known(owner: str) -> None:
    try:
        pwd.getpwnam(owner), grp.getgrnam(owner)
    except KeyError:
        do = "See systemd/sysusers.conf"
        raise ClinicPBXError(f"no user and group {owner!r} on this machine", do=do) from None


def _own(home: Path, owner: str) -> None:
    """Everything below *home* belongs to *owner* and the group of that name, but for the root key."""
    for path in (home, *home.rglob("*")):
        if path.name != "root.key" and not path.is_symlink():
            shutil.chown(path, owner, owner)
