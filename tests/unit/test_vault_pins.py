"""PINs: right, wrong, locked; hashed under the root key; all or none."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinicpbx.adapters.vault import pins as module
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.adapters.vault.names import NameRefused
from clinicpbx.adapters.vault.pins import Answer, PinRefused, Pins
from clinicpbx.adapters.vault.root import KeyRefused
from clinicpbx.paths import Instance
from clinicpbx.private import Private

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PIN = Private("270418")
WRONG = Private("270419")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setattr(module, "N", 2)
    made = Instance(tmp_path)
    make_root_key(made)
    Pins(made).set_pin("8100", PIN)
    return made


def ask(instance: Instance, pin: Private[str], after: timedelta = timedelta(0), mailbox: str = "8100") -> Answer:
    return Pins(instance).check_pin(mailbox, pin, AT + after)


def test_right_and_wrong(instance: Instance) -> None:
    assert ask(instance, PIN) is Answer.RIGHT
    assert ask(instance, WRONG) is Answer.WRONG
    assert ask(instance, Private("")) is Answer.WRONG
    assert ask(instance, PIN, mailbox="8200") is Answer.WRONG
    assert Pins(instance).mailboxes() == ["8100"]


def test_the_fifth_wrong_try_in_a_row_locks_for_five_minutes(instance: Instance) -> None:
    for _ in range(4):
        assert ask(instance, WRONG) is Answer.WRONG
    assert ask(instance, PIN) is Answer.RIGHT
    for _ in range(5):
        assert ask(instance, WRONG) is Answer.WRONG
    for seconds in (0, 1, 299):
        assert ask(instance, PIN, timedelta(seconds=seconds)) is Answer.LOCKED
    assert ask(instance, PIN, timedelta(minutes=5)) is Answer.RIGHT


def test_tries_while_locked_neither_count_nor_lengthen(instance: Instance) -> None:
    for _ in range(8):
        ask(instance, WRONG)
    assert ask(instance, WRONG, timedelta(minutes=5)) is Answer.WRONG
    assert ask(instance, PIN, timedelta(minutes=5)) is Answer.RIGHT


def test_a_clock_set_back_does_not_lock_for_ever(instance: Instance) -> None:
    for _ in range(5):
        ask(instance, WRONG)
    assert ask(instance, PIN, -timedelta(days=1)) is Answer.RIGHT


def test_a_new_pin_unlocks(instance: Instance) -> None:
    for _ in range(5):
        ask(instance, WRONG)
    Pins(instance).set_pin("8100", WRONG)
    assert ask(instance, WRONG) is Answer.RIGHT


def test_the_file_is_private_and_useless_without_the_root_key(instance: Instance) -> None:
    path = instance.vault_keys / "pins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PIN.value.encode() not in path.read_bytes()
    (instance.keys / "root.key").unlink()
    with pytest.raises(KeyRefused):
        ask(instance, PIN)


def test_one_mailboxs_hash_does_not_open_another(instance: Instance) -> None:
    path = instance.vault_keys / "pins.json"
    path.write_text(path.read_text().replace('"8100"', '"8200"'))
    assert ask(instance, PIN, mailbox="8200") is Answer.WRONG


@pytest.mark.parametrize("pin", ["", "123", "1111", "1234", "9876", "8901", "abcd", "12 34", "٣٤٥٦", "1" * 13, "8100"])
def test_bad_pins_are_refused_without_saying_them(instance: Instance, pin: str) -> None:
    with pytest.raises(PinRefused) as refused:
        Pins(instance).set_pin("8100", Private(pin))
    assert not pin or f" {pin}" not in str(refused.value)
    assert ask(instance, PIN) is Answer.RIGHT


def test_weak_ones_only_when_allowed(instance: Instance) -> None:
    Pins(instance).set_pin("8100", Private("1234"), weak=True)
    assert ask(instance, Private("1234")) is Answer.RIGHT
    with pytest.raises(PinRefused):
        Pins(instance).set_pin("8100", Private("12"), weak=True)


def test_several_are_set_all_or_none(instance: Instance) -> None:
    with pytest.raises(PinRefused, match=r"8300: .*; 8400: "):
        Pins(instance).set_pins({"8200": PIN, "8300": Private("1"), "8400": Private("0000")})
    assert Pins(instance).mailboxes() == ["8100"]
    Pins(instance).set_pins({"8200": PIN, "8300": WRONG})
    assert ask(instance, WRONG, mailbox="8300") is Answer.RIGHT


def test_a_broken_file_lets_nobody_in(instance: Instance) -> None:
    for content in ("", "[]", '{"8100": 1}', '{"8100": {"x": 1}}'):
        (instance.vault_keys / "pins.json").write_text(content)
        with pytest.raises(PinRefused):
            ask(instance, PIN)


def test_hostile_mailboxes_are_refused(instance: Instance) -> None:
    with pytest.raises(NameRefused):
        ask(instance, PIN, mailbox="../root")
    with pytest.raises(NameRefused):
        Pins(instance).set_pin("../root", PIN)
