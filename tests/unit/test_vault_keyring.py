"""Keys: private, made once and ahead, refused when wrong, gone when destroyed."""

import os
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from clinicpbx.adapters.vault import root as module
from clinicpbx.adapters.vault.keyring import Keyring, make_root_key, months_from
from clinicpbx.adapters.vault.letterbox import Letterbox
from clinicpbx.adapters.vault.names import NameRefused
from clinicpbx.adapters.vault.publickeys import ANY, KeyDestroyed, PublicKeys, month_of
from clinicpbx.adapters.vault.root import KeyRefused, Root, write_root
from clinicpbx.paths import Instance
from clinicpbx.private import Private

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 1, tzinfo=UTC)
PASSPHRASE = Private("six words that nobody guesses")


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = Instance(tmp_path / "home")
    make_root_key(made)
    Keyring(made).make_ahead(["8100"], AT)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def sealed(instance: Instance, mailbox: str = "8100", at: datetime = AT) -> tuple[bytes, str, bytes]:
    """A data key of a new message `m1`, the id of the key it is sealed to, and how its header carries it."""
    header, dek = Letterbox(instance).header(mailbox, "m1", ".cpx", at)
    return dek, header.key_id, header.wrapped_dek


def opened(instance: Instance, key_id: str, wrapped: bytes, mailbox: str = "8100") -> bytes:
    return Keyring(instance).dek(mailbox, "m1", 2, key_id, wrapped)


def test_root_key_is_private_and_made_once(instance: Instance) -> None:
    path = instance.keys / "root.key"
    assert (len(path.read_bytes()), mode(path), mode(instance.keys)) == (32, 0o600, 0o700)
    with pytest.raises(KeyRefused, match="exists already"):
        make_root_key(instance)


def test_what_was_sealed_by_the_public_key_comes_back(instance: Instance) -> None:
    dek, key_id, wrapped = sealed(instance)
    assert (key_id, len(wrapped)) == ("8100/2026-03", 80)
    assert opened(instance, key_id, wrapped) == dek
    pair = instance.vault_keys / "pairs" / "8100" / "2026-03.key"
    assert (len(pair.read_bytes()), mode(pair), mode(instance.vault_keys)) == (40, 0o600, 0o700)
    assert mode(instance.public_keys / "8100" / "2026-03.pub") == 0o644
    with pytest.raises(ValueError, match="not sealed"):
        opened(instance, ANY, wrapped)


def test_two_files_of_one_message_have_different_keys(instance: Instance) -> None:
    assert sealed(instance)[0] != sealed(instance)[0]


@pytest.mark.parametrize(("mailbox", "at"), [("8200", AT), ("8100", AT + timedelta(days=200))])
def test_a_month_without_a_key_is_sealed_to_the_one_for_any(instance: Instance, mailbox: str, at: datetime) -> None:
    dek, key_id, wrapped = sealed(instance, mailbox, at)
    assert key_id == ANY
    assert opened(instance, key_id, wrapped, mailbox) == dek


def test_pairs_are_made_ahead_once(instance: Instance) -> None:
    ring = Keyring(instance)
    assert ring.pairs() == ["8100/2026-03", "8100/2026-04", "8100/2026-05", "8100/2026-06", ANY]
    assert ring.make_ahead(["8100"], AT) == []
    assert ring.make_ahead(["8100"], AT + timedelta(days=31)) == ["8100/2026-07"]
    assert months_from(datetime(2026, 11, 30, tzinfo=UTC), 3) == ["2026-11", "2026-12", "2027-01", "2027-02"]


def test_a_public_key_that_somebody_put_there_is_not_used_and_is_found(instance: Instance) -> None:
    path = instance.public_keys / "8100" / "2026-03.pub"
    right = path.read_bytes()
    theirs = X25519PrivateKey.generate().public_key().public_bytes_raw()
    other = (instance.public_keys / "8100" / "2026-04.pub").read_bytes()
    for content in (theirs + right[32:], theirs, other, b""):
        path.write_bytes(content)
        assert PublicKeys(instance).to_seal("8100", "2026-03")[0] == ANY, "the signature binds key, mailbox and month"
        assert Keyring(instance).faults() == ["8100/2026-03"]
    Keyring(instance).make_ahead(["8100"], AT)
    assert path.read_bytes() == right
    assert Keyring(instance).faults() == []


def test_without_the_messages_own_key_it_does_not_open(instance: Instance) -> None:
    _, key_id, wrapped = sealed(instance)
    Letterbox(instance).message_keys.destroy("8100", "m1")
    with pytest.raises(KeyDestroyed):
        opened(instance, key_id, wrapped)


def test_no_root_key_seals_and_does_not_open(instance: Instance) -> None:
    (instance.keys / "root.key").unlink()
    _, key_id, wrapped = sealed(instance)
    with pytest.raises(KeyRefused, match=r"root\.key.*Put it back") as refused:
        opened(instance, key_id, wrapped)
    assert refused.value.exit_code == 77


@pytest.mark.parametrize("check_lost", [False, True])
def test_another_root_key_neither_opens_nor_makes(instance: Instance, check_lost: bool) -> None:
    _, key_id, wrapped = sealed(instance)
    (instance.keys / "root.key").write_bytes(os.urandom(32))
    if check_lost:
        (instance.vault_keys / "root.check").unlink()
    with pytest.raises(KeyRefused):
        opened(instance, key_id, wrapped)
    with pytest.raises(KeyRefused):
        Keyring(instance).make_ahead(["8200"], AT)
    assert not (instance.vault_keys / "pairs" / "8200").exists()


def test_a_lost_check_file_is_made_again_by_the_right_key(instance: Instance) -> None:
    _, key_id, wrapped = sealed(instance)
    (instance.vault_keys / "root.check").unlink()
    opened(instance, key_id, wrapped)
    assert (instance.vault_keys / "root.check").exists()


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
    assert Root(instance).source == "credential"


def test_a_verifier_of_systemds_comes_first(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "verifier.pub").write_bytes(bytes(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeyRefused):
        sealed(instance)


def test_behind_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "N", 2)
    made = Instance(tmp_path / "home")
    make_root_key(made, PASSPHRASE)
    assert not (made.keys / "root.key").exists()
    kept = (made.keys / "root.passphrase").read_bytes()
    assert PASSPHRASE.value.encode() not in kept
    root = Root(made)
    with pytest.raises(KeyRefused, match="locked"):
        Keyring(made, root).root()
    with pytest.raises(KeyRefused, match="not the passphrase"):
        root.unlock(Private("another passphrase"))
    root.unlock(PASSPHRASE)
    assert len(Keyring(made, root).root()) == 32
    with pytest.raises(KeyRefused, match="exists already"):
        write_root(made, bytes(32))
    with pytest.raises(KeyRefused, match="at least"):
        write_root(made, bytes(32), Private("short"), replace=True)


def test_makers_at_the_same_time_agree_on_one_pair(instance: Instance) -> None:
    start = threading.Barrier(8)
    made: list[str] = []

    def make() -> None:
        start.wait()
        made.extend(Keyring(instance).make_ahead(["8300"], AT, 0))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["8300/2026-03"]
    assert Keyring(instance).faults() == []
    dek, key_id, wrapped = sealed(instance, "8300")
    assert (key_id, opened(instance, key_id, wrapped, "8300")) == ("8300/2026-03", dek)


def test_a_destroyed_key_stays_destroyed(instance: Instance) -> None:
    ring = Keyring(instance)
    _, key_id, wrapped = sealed(instance)
    ring.destroy("8100", "2026-03")
    ring.destroy("8100", "2026-03")
    with pytest.raises(KeyDestroyed):
        opened(instance, key_id, wrapped)
    assert ring.make_ahead(["8100"], AT) == []
    assert sealed(instance)[1] == ANY
    assert list(ring.destroyed()) == ["8100/2026-03"]


def test_secrets_for_two_purposes_differ_and_the_pins_is_that_of_before(instance: Instance) -> None:
    ring = Keyring(instance)
    assert ring.secret("other") != ring.secret("pins") == ring.secret("pins") == module.derive(ring.root(), "pins")


@pytest.mark.parametrize("key_id", ["../x/2026-03", "/2026-03", "8100", "8100/2026-13", "8100/../root", "any/any"])
def test_hostile_key_ids_are_refused(instance: Instance, key_id: str) -> None:
    for suite in (1, 2):
        with pytest.raises((NameRefused, KeyDestroyed)):
            Keyring(instance).dek("8100", "m1", suite, key_id, bytes(80))


def test_months_are_of_utc() -> None:
    assert month_of(datetime(2026, 3, 31, 23, tzinfo=timezone(-timedelta(hours=5)))) == "2026-04"
    assert month_of(datetime(2026, 3, 31, 23, tzinfo=UTC)) == "2026-03"
