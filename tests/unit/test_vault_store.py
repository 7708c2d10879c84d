"""The vault: what is listed, heard, deleted, refused, and what is named as damaged."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.vault.envelope import Damaged
from clinicpbx.adapters.vault.hear import forget, forget_all, hear
from clinicpbx.adapters.vault.letterbox import AUDIO, META
from clinicpbx.adapters.vault.message import Message, State
from clinicpbx.adapters.vault.names import NameRefused
from clinicpbx.adapters.vault.publickeys import KeyDestroyed
from clinicpbx.adapters.vault.root import KeyRefused
from clinicpbx.adapters.vault.store import Damage, Held, Listing, NoSuchMessage, Vault, plain_of
from tests.support import vaults
from tests.support.marks import assert_nothing_in_clear, find_plain, tone
from tests.support.vaults import AT, CALLER, NUMBER, a_message, killed_at, make_vault, put_suite_1

pytestmark = pytest.mark.unit

SOUND = tone(5)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return make_vault(tmp_path / "home")


def put(vault: Vault, message: Message, sound: bytes = SOUND) -> Message:
    return vaults.put(vault, message, sound)


def test_lists_newest_first_with_everything_known(vault: Vault) -> None:
    sent = [put(vault, a_message(f"m{n}", received=AT + timedelta(minutes=n))) for n in (1, 2, 3)]
    assert vault.list("8100").messages == tuple(reversed(sent))
    assert vault.list("8100").damaged == ()
    assert vault.counts("8100") == (3, 0)
    assert vault.mailboxes() == ["8100"]
    assert vault.counts("8200") == (0, 0)


def test_a_message_comes_back_as_it_was(vault: Vault) -> None:
    sent = put(vault, a_message(confirmed=True, duration=timedelta(seconds=5), truncated=True))
    assert vault.message("8100", "m1") == sent
    assert plain_of(vault, "8100", "m1") == SOUND


def test_heard_then_deleted(vault: Vault) -> None:
    put(vault, a_message("m1"))
    put(vault, a_message("m2"))
    vault.mark_heard("8100", "m1")
    assert vault.counts("8100") == (1, 1)
    vault.delete("8100", "m1")
    vault.delete("8100", "m1")
    assert vault.counts("8100") == (1, 0)
    assert not vault.path("8100", "m1", AUDIO).exists()
    for refused in (vault.message, vault.mark_heard, plain_of_id(vault)):
        with pytest.raises(NoSuchMessage):
            refused("8100", "m1")
    assert vault.is_gone("8100", "m1")


def plain_of_id(vault: Vault):  # type: ignore[no-untyped-def]
    return lambda mailbox, id: plain_of(vault, mailbox, id)


def test_a_tombstone_holds_no_number(vault: Vault) -> None:
    tombstone = a_message(confirmed=True).tombstone()
    assert (tombstone.number, tombstone.caller, tombstone.confirmed) == (None, None, False)
    assert tombstone.state is State.DELETED


def test_nothing_is_in_clear_and_files_are_private(vault: Vault) -> None:
    put(vault, a_message())
    vault.mark_heard("8100", "m1")
    assert_nothing_in_clear(vault.instance, SOUND, NUMBER, CALLER, tmpfs_too=True)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in vault.instance.vault.rglob("*.meta")}
    assert modes == {0o640}, "sealed; the daemon and the vault process share them"


def test_the_search_for_plain_finds_what_it_looks_for(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF" + SOUND[1600:4000])
    (tmp_path / "b.json").write_text(f'{{"n": "{NUMBER}"}}')
    (tmp_path / f"c{NUMBER}").touch()
    (tmp_path / "clear").mkdir()
    (tmp_path / "clear" / "d").write_bytes(SOUND)
    (tmp_path / "e").write_bytes(bytes(9000))
    found = find_plain(tmp_path, [SOUND, NUMBER.encode()], except_below=tmp_path / "clear")
    assert [path.name for path in found] == ["a.wav", "b.json", f"c{NUMBER}"]


def test_numbers_do_not_print(vault: Vault) -> None:
    shown = repr(put(vault, a_message()))
    assert NUMBER not in shown
    assert CALLER not in shown


@pytest.mark.parametrize("name", ["..", "../8100", "a/b", "", ".hidden", "8100\n", "8\x00", "é", "x" * 101])
def test_hostile_names_are_refused(vault: Vault, name: str) -> None:
    for call in (vault.list, vault.counts):
        with pytest.raises(NameRefused):
            call(name)
    for where in ((name, "m1"), ("8100", name)):
        for reach in (vault.message, vault.mark_heard, vault.delete, plain_of_id(vault)):
            with pytest.raises(NameRefused):
                reach(*where)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def test_a_damaged_label_is_named_and_its_sound_still_counts(vault: Vault) -> None:
    put(vault, a_message())
    flip(vault.path("8100", "m1", META), -1)
    listing = vault.list("8100")
    assert [(d.file, m.id, m.received) for d, m in zip(listing.damaged, listing.messages, strict=True)] == [
        ("m1.meta", "m1", AT)
    ]
    assert listing.messages[0].duration == timedelta(seconds=5)
    assert vault.counts("8100") == (1, 0)


def test_a_missing_sound_is_named(vault: Vault) -> None:
    put(vault, a_message())
    vault.path("8100", "m1", AUDIO).unlink()
    assert vault.list("8100").damaged == (Damage("8100", "m1", "m1.cpx", "its sound is missing"),)


def test_verify_opens_every_sound(vault: Vault) -> None:
    good, bad = put(vault, a_message("good")), put(vault, a_message("bad"))
    flip(vault.path("8100", "bad", AUDIO), -20000)
    found = list(vault.verify("8100"))
    assert good in found
    assert bad not in found
    assert [d.file for d in found if isinstance(d, Damage)] == ["bad.cpx"]


@pytest.mark.parametrize("suffix", [AUDIO, META])
def test_a_file_under_the_name_of_another_is_refused(vault: Vault, suffix: str) -> None:
    put(vault, a_message("m1"))
    put(vault, a_message("m2"))
    put(vault, a_message("m2", mailbox="8200"))
    vault.path("8100", "m1", suffix).replace(vault.path("8100", "m2", suffix))
    with pytest.raises(Damaged):
        vault.message("8100", "m2") if suffix == META else plain_of(vault, "8100", "m2")
    vault.path("8100", "m2", suffix).replace(vault.path("8200", "m2", suffix))
    with pytest.raises(Damaged):
        vault.message("8200", "m2") if suffix == META else plain_of(vault, "8200", "m2")


def test_a_damaged_message_can_be_deleted(vault: Vault) -> None:
    put(vault, a_message())
    flip(vault.path("8100", "m1", META), 30)
    vault.delete("8100", "m1")
    assert vault.list("8100").messages == ()
    assert vault.list("8100").damaged == ()


def test_a_destroyed_month_is_unreadable_and_said_to_be(vault: Vault) -> None:
    put(vault, a_message())
    put(vault, a_message("later", received=AT + timedelta(days=40)))
    vault.keyring.destroy("8100", "2026-03")
    listing = vault.list("8100")
    assert [m.id for m in listing.messages] == ["later"]
    assert {d.message for d in listing.damaged} == {"m1"}


def test_without_the_root_key_nothing_is_listed_and_nothing_is_called_damaged(vault: Vault) -> None:
    put(vault, a_message())
    (vault.instance.keys / "root.key").unlink()
    with pytest.raises(KeyRefused):
        vault.list("8100")
    with pytest.raises(KeyRefused):
        hear(vault, "8100", "m1")
    assert vault.counts("8100") == (1, 0), "the lamps need no key"
    assert vault.path("8100", "m1", AUDIO).exists()
    assert_nothing_in_clear(vault.instance, SOUND, tmpfs_too=True)


def test_deleted_it_opens_from_no_copy_of_the_vault(vault: Vault) -> None:
    put(vault, a_message("m1"))
    put(vault, a_message("m2"))
    copies = {path: path.read_bytes() for path in (vault.instance.vault / "8100").iterdir()}
    vault.delete("8100", "m1")
    vault.path("8100", "m1", ".gone").unlink()
    for path, content in copies.items():
        path.write_bytes(content)
    with pytest.raises(KeyDestroyed):
        plain_of(vault, "8100", "m1")
    assert plain_of(vault, "8100", "m2") == SOUND


def test_a_deletion_killed_anywhere_shows_nothing_and_is_ended_at_the_next_start(tmp_path: Path) -> None:
    for nth in range(20):
        vault = make_vault(tmp_path / str(nth))
        put(vault, a_message())
        killed = killed_at(nth, lambda cp, vault=vault: vault.delete("8100", "m1", checkpoint=cp))
        assert vault.counts("8100") == (0, 0)
        assert vault.list("8100") == Listing((), ())
        vault.settle()
        assert {path.name for path in (vault.instance.vault / "8100").iterdir()} == {"m1.gone"}
        assert list(vault.instance.message_keys.rglob("*.key")) == []
        if not killed:
            break
    assert 5 < nth < 19


def test_a_tombstone_tells_when_and_why_and_nothing_of_the_patient(vault: Vault) -> None:
    put(vault, a_message())
    vault.delete("8100", "m1", "expired")
    [gone] = vault.destroyed("8100")
    assert (gone.message, gone.received, gone.why) == ("m1", AT, "expired")
    assert {path.name for path in (vault.instance.vault / "8100").iterdir()} == {"m1.gone"}


def test_a_hold_keeps_a_message_and_says_why(vault: Vault) -> None:
    put(vault, a_message())
    vault.hold("8100", "m1", "case Smith", AT)
    assert vault.held("8100") == {"m1": "case Smith"}
    assert_nothing_in_clear(vault.instance, "Smith")
    for destroy in (lambda: vault.delete("8100", "m1"), lambda: vault.destroy("8100", "2026-03")):
        with pytest.raises(Held):
            destroy()
    assert plain_of(vault, "8100", "m1") == SOUND
    vault.unhold("8100", "m1")
    vault.delete("8100", "m1")
    assert vault.held("8100") == {}


def test_a_month_is_destroyed_with_its_messages_also_those_under_the_key_for_any(vault: Vault) -> None:
    put(vault, a_message("own"))
    (vault.instance.public_keys / "8100" / "2026-03.pub").unlink()
    put(vault, a_message("any"))
    put(vault, a_message("later", received=AT + timedelta(days=31)))
    assert vault.destroy("8100", "2026-03") == ["any", "own"]
    assert [message.id for message in vault.list("8100").messages] == ["later"]
    assert vault.list("8100").damaged == ()
    assert vault.counts("8100") == (1, 0)


def test_messages_of_suite_1_open_and_keep_their_state(vault: Vault) -> None:
    put_suite_1(vault, a_message("old"), SOUND)
    put_suite_1(vault, a_message("heard", state=State.HEARD), SOUND)
    put_suite_1(vault, a_message("gone").tombstone(), SOUND)
    put(vault, a_message("new"))
    vault.settle()
    assert vault.counts("8100") == (2, 1)
    assert {m.id: m.state for m in vault.list("8100").messages} == {"old": "new", "heard": "heard", "new": "new"}
    assert plain_of(vault, "8100", "old") == SOUND
    assert not vault.path("8100", "gone", AUDIO).exists()
    vault.delete("8100", "old")
    assert vault.counts("8100") == (1, 1)


def test_heard_in_clear_only_in_the_tmpfs_and_only_for_a_while(vault: Vault) -> None:
    put(vault, a_message())
    path = hear(vault, "8100", "m1")
    assert path.read_bytes() == SOUND
    assert stat.S_IMODE(path.stat().st_mode) == 0o640, "the vault writes it, Asterisk reads it"
    assert path.parent == vault.instance.clear / "hear"
    assert "8100" not in path.name
    assert_nothing_in_clear(vault.instance, SOUND)
    forget(vault.instance, path)
    forget(vault.instance, path)
    assert_nothing_in_clear(vault.instance, SOUND, tmpfs_too=True)
    with pytest.raises(ValueError, match="not a message"):
        forget(vault.instance, vault.path("8100", "m1", AUDIO))


def test_what_was_left_from_hearing_is_removed_at_start(vault: Vault) -> None:
    put(vault, a_message())
    assert forget_all(vault.instance) == 0
    hear(vault, "8100", "m1")
    assert forget_all(vault.instance) == 1
    assert_nothing_in_clear(vault.instance, SOUND, tmpfs_too=True)


def test_a_damaged_message_leaves_nothing_in_clear(vault: Vault) -> None:
    put(vault, a_message())
    flip(vault.path("8100", "m1", AUDIO), -1)
    with pytest.raises(Damaged):
        hear(vault, "8100", "m1")
    assert list((vault.instance.clear / "hear").iterdir()) == []
