"""Another root key: killed anywhere, everything opens, and the next try brings it to its end."""

from pathlib import Path

import pytest

from clinicpbx.adapters.vault import root as module
from clinicpbx.adapters.vault.keyring import NEXT, Keyring
from clinicpbx.adapters.vault.pins import Answer, Pins
from clinicpbx.adapters.vault.root import KeyRefused, Root
from clinicpbx.adapters.vault.rotate import rotate, settle_rotation
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.private import Private
from tests.support.marks import tone
from tests.support.vaults import AT, a_message, killed_at, make_vault, put, put_suite_1

pytestmark = pytest.mark.unit

SOUND = tone(0.5)
PASSPHRASE = Private("six words that nobody guesses")


def filled(home: Path) -> Vault:
    vault = make_vault(home)
    put(vault, a_message("m1"), SOUND)
    put_suite_1(vault, a_message("old"), SOUND)
    return vault


def all_opens(vault: Vault) -> None:
    fresh = Vault(vault.instance)
    assert {message.id for message in fresh.list("8100").messages} == {"m1", "old"}
    assert plain_of(fresh, "8100", "m1") == plain_of(fresh, "8100", "old") == SOUND
    assert fresh.keyring.faults() == []


def test_no_message_is_touched_and_pins_go_on(tmp_path: Path) -> None:
    vault = filled(tmp_path)
    Pins(vault.instance).set_pin("8100", Private("270418"))
    before = {path: path.read_bytes() for path in vault.instance.vault.rglob("*.*")}
    public = {path: path.read_bytes() for path in vault.instance.public_keys.rglob("*.pub")}
    old = (vault.instance.keys / "root.key").read_bytes()
    assert rotate(vault.instance, Root(vault.instance)) >= 12
    assert (vault.instance.keys / "root.key").read_bytes() != old
    assert {path: path.read_bytes() for path in before} == before
    assert {path: path.read_bytes() for path in public} == public
    all_opens(vault)
    assert Pins(vault.instance).check_pin("8100", Private("270418"), AT) is Answer.RIGHT
    (vault.instance.keys / "root.key").write_bytes(old)
    with pytest.raises(KeyRefused):
        Keyring(vault.instance).root()


def test_killed_anywhere_all_opens_and_the_next_one_ends_it(tmp_path: Path) -> None:
    for nth in range(100):
        vault = filled(tmp_path / str(nth))
        instance = vault.instance
        killed = killed_at(nth, lambda cp, i=instance: rotate(i, Root(i), checkpoint=cp))
        all_opens(vault)
        put(vault, a_message("during"), SOUND)
        assert plain_of(Vault(instance), "8100", "during") == SOUND
        vault.delete("8100", "during")
        if nth % 2:
            settle_rotation(instance, Keyring(instance).root())
        else:
            rotate(instance, Root(instance))
        assert list(instance.keys.rglob(f"*{NEXT}")) == []
        all_opens(vault)
        if not killed:
            break
    assert 20 < nth < 99


def test_a_file_becomes_a_passphrase_and_a_passphrase_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "N", 2)
    vault = filled(tmp_path)
    rotate(vault.instance, Root(vault.instance), PASSPHRASE)
    assert not (vault.instance.keys / "root.key").exists()
    root = Root(vault.instance)
    root.unlock(PASSPHRASE)
    assert plain_of(Vault(vault.instance, root), "8100", "m1") == SOUND
    rotate(vault.instance, root)
    assert not (vault.instance.keys / "root.passphrase").exists()
    all_opens(vault)
