"""A mailbox listed again: labels are not opened again, and nothing is believed of one that is not as it was."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.vault import labels
from clinicpbx.adapters.vault.letterbox import META
from clinicpbx.adapters.vault.message import State
from clinicpbx.adapters.vault.root import KeyRefused
from clinicpbx.adapters.vault.rotate import rotate
from clinicpbx.adapters.vault.store import Vault
from tests.support.marks import assert_nothing_in_clear
from tests.support.vaults import AT, CALLER, NUMBER, a_message, make_vault, put, put_suite_1

pytestmark = pytest.mark.unit
SOUND = b"\xff" * 160


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """With two messages, listed before."""
    made = make_vault(tmp_path / "home")
    for n in (1, 2):
        put(made, a_message(f"m{n}", received=AT + timedelta(minutes=n)), SOUND)
    assert len(made.list("8100").messages) == 2
    return made


def shown(vault: Vault) -> list[str]:
    return sorted(message.id for message in vault.list("8100").messages)


def cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def test_listing_again_costs_a_fraction_and_says_the_same(tmp_path: Path) -> None:
    vault = make_vault(tmp_path / "home")
    for n in range(400):
        put(vault, a_message(f"m{n}", received=AT + timedelta(seconds=n)), SOUND)
    first = cpu(lambda: vault.list("8100"))
    assert min(cpu(lambda: vault.list("8100")) for _ in range(3)) < first / 6
    assert vault.list("8100") == Vault(vault.instance).list("8100")
    assert_nothing_in_clear(vault.instance, NUMBER, CALLER, tmpfs_too=True)


def test_what_came_was_heard_or_was_deleted_since_is_shown(vault: Vault) -> None:
    put(vault, a_message("m3"), SOUND)
    vault.mark_heard("8100", "m1")
    vault.delete("8100", "m2")
    assert [(one.id, one.state) for one in vault.list("8100").messages] == [("m1", State.HEARD), ("m3", State.NEW)]


def test_a_label_written_anew_is_read_anew(vault: Vault) -> None:
    vault.label(replace(a_message("m1"), language="fr"))
    assert {one.id: one.language for one in vault.list("8100").messages} == {"m1": "fr", "m2": "es"}


def test_a_label_that_was_altered_in_its_place_is_damaged_whatever_its_times_say(vault: Vault) -> None:
    path = vault.path("8100", "m1", META)
    content, times = bytearray(path.read_bytes()), path.stat()
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [one.message for one in vault.list("8100").damaged] == ["m1"]


def test_verifying_opens_all_of_it_anew(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    path = vault.path("8100", "m1", META)
    same = dict(labels._stamps(path.parent))
    monkeypatch.setattr(labels, "_stamps", lambda folder: list(same.items()))  # as if the kernel had not told
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert vault.list("8100").damaged == ()
    assert [one.message for one in vault.verify("8100") if not hasattr(one, "call")] == ["m1"]


def test_without_its_own_key_a_message_is_not_shown_from_memory(vault: Vault) -> None:
    vault.message_keys.destroy("8100", "m1")
    assert shown(vault) == ["m2"]


def test_without_the_months_key_or_the_root_key_nothing_is_shown_from_memory(vault: Vault) -> None:
    pair = vault.instance.vault_keys / "pairs" / "8100" / "2026-03.key"
    pair.rename(pair.with_suffix(".away"))
    assert shown(vault) == []
    pair.with_suffix(".away").rename(pair)
    assert shown(vault) == ["m1", "m2"]
    (vault.instance.keys / "root.key").unlink()
    with pytest.raises(KeyRefused):
        vault.list("8100")


def test_a_month_destroyed_is_gone_from_memory_too(vault: Vault) -> None:
    Vault(vault.instance).destroy("8100", "2026-03")
    assert vault.list("8100").messages == ()
    assert vault._labels._shelves["8100"].opened == {}


def test_another_root_key_changes_nothing_that_is_shown(vault: Vault) -> None:
    rotate(vault.instance, vault.keyring.source)
    assert shown(vault) == ["m1", "m2"]


def test_messages_of_suite_1_and_those_beyond_the_bound_are_opened_each_time(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "MOST", 3)
    put_suite_1(vault, a_message("old"), SOUND)
    for n in (3, 4):
        put(vault, a_message(f"m{n}"), SOUND)
    assert shown(vault) == shown(vault) == ["m1", "m2", "m3", "m4", "old"]
    assert len(vault._labels._shelves["8100"].opened) == 3
    assert "old" not in vault._labels._shelves["8100"].opened
