"""Keys: private, made once, refused when wrong, gone when destroyed."""

import os
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from clinicpbx.adapters.vault.keyring import KeyDestroyed, KeyRefused, Keyring, make_root_key, month_of
from clinicpbx.adapters.vault.names import NameRefused
from clinicpbx.paths import Instance

pytestmark = pytest.mark.unit


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = Instance(tmp_path / "home")
    make_root_key(made)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_root_key_is_private_and_made_once(instance: Instance) -> None:
    path = instance.keys / "root.key"
    assert (len(path.read_bytes()), mode(path), mode(instance.keys)) == (32, 0o600, 0o700)
    with pytest.raises(KeyRefused, match="exists already"):
        make_root_key(instance)


def test_a_wrapped_key_comes_back(instance: Instance) -> None:
    dek, wrapped, key_id = Keyring(instance).new_dek("8100", "2026-03")
    assert key_id == "8100/2026-03"
    assert len(wrapped) == 40
    assert Keyring(instance).unwrap(key_id, wrapped) == dek
    epoch = instance.keys / "epochs" / "8100" / "2026-03.key"
    assert (len(epoch.read_bytes()), mode(epoch)) == (40, 0o600)
    with pytest.raises(ValueError, match="not wrapped"):
        Keyring(instance).unwrap(Keyring(instance).new_dek("8200", "2026-03")[2], wrapped)


def test_no_root_key_refuses_and_says_what_to_do(instance: Instance) -> None:
    (instance.keys / "root.key").unlink()
    with pytest.raises(KeyRefused, match=r"root\.key.*Put it back") as refused:
        Keyring(instance).new_dek("8100", "2026-03")
    assert refused.value.exit_code == 77


@pytest.mark.parametrize("check_lost", [False, True])
@pytest.mark.parametrize("month", ["2026-03", "2026-04"])
def test_another_root_key_neither_opens_nor_seals(instance: Instance, month: str, check_lost: bool) -> None:
    Keyring(instance).new_dek("8100", "2026-03")
    (instance.keys / "root.key").write_bytes(os.urandom(32))
    if check_lost:
        (instance.keys / "root.check").unlink()
    with pytest.raises(KeyRefused):
        Keyring(instance).new_dek("8100", month)
    assert not (instance.keys / "epochs" / "8100" / "2026-04.key").exists()


def test_a_lost_check_file_is_made_again_by_the_right_key(instance: Instance) -> None:
    _, wrapped, key_id = Keyring(instance).new_dek("8100", "2026-03")
    (instance.keys / "root.check").unlink()
    Keyring(instance).unwrap(key_id, wrapped)
    assert (instance.keys / "root.check").exists()


def test_a_root_key_others_can_read_is_refused(instance: Instance) -> None:
    (instance.keys / "root.key").chmod(0o640)
    with pytest.raises(KeyRefused, match="others can read"):
        Keyring(instance).root()


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 64])
def test_a_root_key_of_another_size_is_refused(instance: Instance, key: bytes) -> None:
    (instance.keys / "root.key").write_bytes(key)
    with pytest.raises(KeyRefused, match="32 bytes"):
        Keyring(instance).root()


def test_systemds_credential_comes_first(instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = (instance.keys / "root.key").read_bytes()
    (instance.keys / "root.key").unlink()
    (tmp_path / "root.key").write_bytes(key)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Keyring(instance).root() == key


def test_makers_at_the_same_time_agree_on_one_key(instance: Instance) -> None:
    start = threading.Barrier(8)
    made: list[tuple[bytes, bytes, str]] = []

    def make() -> None:
        start.wait()
        made.append(Keyring(instance).new_dek("8100", "2026-03"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Keyring(instance).unwrap(key_id, wrapped) for _, wrapped, key_id in made] == [m[0] for m in made]
    assert [path.name for path in (instance.keys / "epochs" / "8100").iterdir()] == ["2026-03.key"]


def test_a_destroyed_key_stays_destroyed(instance: Instance) -> None:
    keyring = Keyring(instance)
    _, wrapped, key_id = keyring.new_dek("8100", "2026-03")
    keyring.destroy("8100", "2026-03")
    keyring.destroy("8100", "2026-03")
    with pytest.raises(KeyDestroyed):
        keyring.unwrap(key_id, wrapped)
    with pytest.raises(KeyDestroyed):
        keyring.new_dek("8100", "2026-03")
    keyring.new_dek("8100", "2026-04")


def test_keys_derived_for_two_purposes_differ(instance: Instance) -> None:
    keyring = Keyring(instance)
    assert keyring.derived("journal") == keyring.derived("journal") != keyring.derived("pins")


@pytest.mark.parametrize("key_id", ["../x/2026-03", "/2026-03", "8100", "8100/2026-13", "8100/../root"])
def test_hostile_key_ids_are_refused(instance: Instance, key_id: str) -> None:
    with pytest.raises((NameRefused, KeyDestroyed)):
        Keyring(instance).unwrap(key_id, bytes(40))


def test_months_are_of_utc() -> None:
    assert month_of(datetime(2026, 3, 31, 23, tzinfo=timezone(-timedelta(hours=5)))) == "2026-04"
    assert month_of(datetime(2026, 3, 31, 23, tzinfo=UTC)) == "2026-03"
