"""Another root key: every key below it is wrapped anew, and no message is touched. Safe to be killed anywhere."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from clinicpbx.adapters.vault.durable import Checkpoint, locked, pass_by, sync_folder, write_durably
from clinicpbx.adapters.vault.keyring import NEXT, Keyring, check_value
from clinicpbx.adapters.vault.root import KEY, KeyRefused, Root, derive, write_root
from clinicpbx.paths import Instance
from clinicpbx.private import Private


def rotate(
    instance: Instance, root: Root, passphrase: Private[str] | None = None, *, checkpoint: Checkpoint = pass_by
) -> int:
    """Draws a new root key, kept as `write_root` keeps it; how many keys it wraps. KeyRefused.

    Each key is written beside its old self (`.next`); the change is made the moment the root key is replaced; then the
    new ones take the old ones' names. Until then the old root key opens all, from then on the new one does.
    """
    keyring = Keyring(instance, root)
    old, new = keyring.root(), os.urandom(KEY)
    with locked(instance.vault_keys):
        _settle(instance, old, checkpoint)
        paths = list(keyring.wrapped())
        for path in paths:
            key = aes_key_unwrap(derive(old, "epochs"), path.read_bytes())
            write_durably(path.with_suffix(NEXT), aes_key_wrap(derive(new, "epochs"), key))
            checkpoint("wrapped anew")
        write_durably(_check(instance).with_suffix(NEXT), check_value(new))
        checkpoint("all wrapped anew")
        write_root(instance, new, passphrase, replace=True)
        checkpoint("root key replaced")
        _settle(instance, new, checkpoint)
    return len(paths)


def settle_rotation(instance: Instance, root: bytes) -> None:
    """Ends a change of the root key that was cut off, or takes back what it had only begun."""
    if instance.vault_keys.is_dir() and any(instance.vault_keys.rglob(f"*{NEXT}")):
        with locked(instance.vault_keys):
            _settle(instance, root, pass_by)


def _settle(instance: Instance, root: bytes, checkpoint: Checkpoint) -> None:
    check = _check(instance)
    for path in sorted(instance.vault_keys.rglob(f"*{NEXT}")):
        if path == check.with_suffix(NEXT):
            continue
        if _opens(path.with_suffix(".key"), root):
            path.unlink()
        elif _opens(path, root):
            path.replace(path.with_suffix(".key"))
        else:
            raise KeyRefused("the root key opens neither this nor what it was to replace", where=str(path))
        sync_folder(path.parent)
        checkpoint("one settled")
    following = check.with_suffix(NEXT)
    if following.exists():
        following.replace(check) if following.read_bytes() == check_value(root) else following.unlink()
        sync_folder(check.parent)


def _opens(path: Path, root: bytes) -> bool:
    try:
        aes_key_unwrap(derive(root, "epochs"), path.read_bytes())
    except (FileNotFoundError, InvalidUnwrap):
        return False
    return True


def _check(instance: Instance) -> Path:
    return instance.vault_keys / "root.check"
