"""Make the folders of the instance, its tmpfs for clear audio, its secrets and Asterisk's configuration."""

import grp
import pwd
import shutil

import click

from clinicpbx.adapters.vault.durable import SHARED_FILE, SHARED_FOLDER
from clinicpbx.cli._leave import note
from clinicpbx.core.audit.entry import Entry
from clinicpbx.daemon.login import login
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings

EXAMPLES = ("harbor",)
ROOTS = ("root.key", "root.passphrase", "verifier.pub")


@click.command("prepare")
@click.option("--owner", help="User that the processes run as; default: whoever runs this.")
@click.option("--vault-owner", help="User that the vault process runs as, of the owner's group; default: the owner.")
@click.option("--example", type=click.Choice(EXAMPLES), help="Copy its rules where the instance has none.")
@click.pass_obj
def command(instance: Instance, owner: str | None, vault_owner: str | None, example: str | None) -> None:
    """Make everything an instance needs below its folder; what is there already stays.

    \b
    Examples:
      clinicpbx --home /var/lib/clinicpbx prepare --owner clinicpbx --vault-owner clinicpbx-vault
      clinicpbx --home ./instance prepare --example harbor
    """
    from clinicpbx.adapters.asterisk.instance import make_instance
    from clinicpbx.adapters.reserve import keep
    from clinicpbx.adapters.vault.keyring import make_root_key
    from clinicpbx.adapters.vault.root import Root
    from clinicpbx.daemon.audit_key import make_audit_key
    from clinicpbx.daemon.record_folders import record_folders
    from clinicpbx.shipped import shipped

    if owner:
        _known(owner, owner)
        _known(vault_owner or owner, owner)
    settings = read_settings(instance)
    make_instance(instance, settings)
    keep(record_folders(instance, settings))
    _move_vault_keys(instance)
    if Root(instance).source == "nowhere":
        make_root_key(instance)
        _note_key(instance, "root.key")
    if make_audit_key(instance):
        _note_key(instance, "audit.key")
    if example and not instance.clinic.exists():
        shutil.copytree(shipped("examples") / example, instance.rules, dirs_exist_ok=True)
    if owner:
        _own(instance, owner, vault_owner or owner)


def _note_key(instance: Instance, key: str) -> None:
    settings = read_settings(instance)
    note(instance, settings, Entry(login(instance, settings).name, "keys.make", key))


def _move_vault_keys(instance: Instance) -> None:
    """Into the folder that only the vault process reads: they lay among the others before there was one."""
    for name in ("epochs", "root.check", "pins.json"):
        old, new = instance.keys / name, instance.vault_keys / name
        if old.exists() and not new.exists():
            instance.vault_keys.mkdir(mode=0o700, exist_ok=True)
            old.rename(new)


def _known(user: str, group: str) -> None:
    try:
        pwd.getpwnam(user), grp.getgrnam(group)
    except KeyError:
        do = "See systemd/sysusers.conf"
        raise ClinicPBXError(f"no user {user!r} or group {group!r} on this machine", do=do) from None


def _own(instance: Instance, owner: str, vault_owner: str) -> None:
    """All belongs to *owner* and the group of that name; the keys of the vault process to *vault_owner*.

    The root key and the verifier of public keys stay root's.
    """
    ours = (instance.vault_keys, instance.public_keys)
    for path in (instance.home, *instance.home.rglob("*")):
        if path.is_symlink() or (path.parent == instance.keys and path.name in ROOTS):
            continue
        of_vault = any(folder == path or folder in path.parents for folder in ours)
        shutil.chown(path, vault_owner if of_vault else owner, owner)
        if instance.vault in path.parents:
            path.chmod(SHARED_FOLDER if path.is_dir() else SHARED_FILE)
