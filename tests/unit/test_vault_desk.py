"""Who may ask the vault for what: the kernel says who asks, and what is not noted is not given out."""

import grp
import os
import pwd
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clinicpbx.adapters.vault.pins import Pins
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.rulebook import MailboxRules
from clinicpbx.daemon import asker as asking
from clinicpbx.daemon.asker import Peer
from clinicpbx.daemon.break_glass import broken_here
from clinicpbx.daemon.vault_desk import Desk
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.private import Private
from clinicpbx.settings import Settings
from tests.support.books import book
from tests.support.marks import tone
from tests.support.vaults import NUMBER, a_message, make_vault, put

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(os.geteuid() != 0, reason="giving folders away needs root"),
]

SOUND = tone(1)
PIN = "270418"
NURSE, DAEMON, STRANGER, AGENT = 4001, 4002, 4003, 4004
WISH = {"mailbox": "8100", "message": "m1"}
LOGINS = {2: NURSE}
"""By pid: whom the kernel knows behind it."""
NAMES = {NURSE: "nora", DAEMON: "clinicpbx", STRANGER: "sam", AGENT: "ana", 0: "root"}


class House:
    """A vault whose people are known by uid: nora supervises, ana is an agent, sam is nobody, the daemon is a user."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.entries: list[Entry] = []
        self.desk = Desk(vault.instance, Settings(), self.entries.append)
        Pins(vault.instance).set_pin("8100", Private(PIN))
        put(vault, a_message(), SOUND)

    def ask(self, uid: int, do: str, **wish: Any) -> Any:
        return self.desk.verbs(Peer(uid, 1))[do]({**WISH, **wish})

    @property
    def noted(self) -> list[tuple[str, str]]:
        return [(entry.actor, entry.action) for entry in self.entries]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    def group(name: str) -> Any:
        members = {"clinicpbx-supervisor": "nora", "clinicpbx-agent": "ana"}
        return SimpleNamespace(gr_mem=[members[name]], gr_gid=7000)

    monkeypatch.setattr(grp, "getgrnam", group)
    monkeypatch.setattr(pwd, "getpwall", list)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=NAMES[uid]))
    monkeypatch.setattr(asking, "_loginuid", lambda peer: LOGINS.get(peer.pid))
    vault = make_vault(tmp_path / "home")
    os.chown(vault.instance.home, DAEMON, DAEMON)
    return House(vault)


def test_a_supervisor_hears_and_it_is_noted_before(house: House) -> None:
    assert house.ask(NURSE, "voicemail hear") == SOUND
    assert house.noted == [("nora", "voicemail.hear")]
    assert house.entries[0].object == "8100/m1"


@pytest.mark.parametrize("do", ["voicemail list", "voicemail hear", "voicemail export", "voicemail delete"])
def test_a_stranger_is_refused_and_that_is_noted(house: House, do: str) -> None:
    with pytest.raises(NotPermitted):
        house.ask(STRANGER, do)
    assert house.noted == [("sam", "refused")]
    assert house.vault.counts("8100") == (1, 0)


def test_the_daemons_user_gets_nothing_as_a_person_whomever_it_claims_to_be(house: House) -> None:
    for do in ("voicemail list", "voicemail hear", "voicemail delete", "keys unlock"):
        with pytest.raises(NotPermitted):
            house.ask(DAEMON, do, login="root")
    assert {actor for actor, _ in house.noted} == {"clinicpbx"}


def test_the_pin_of_an_agent_is_right_or_wrong_and_nothing_else_is_told(house: House) -> None:
    with pytest.raises(NotPermitted):
        house.ask(STRANGER, "agent pin", agent="fay", pin=PIN)
    house.ask(NURSE, "agent pin", agent="fay", pin=PIN)
    with pytest.raises(NotPermitted, match="only the daemon"):
        house.ask(NURSE, "phone.agent", call="c1", by="204", agent="fay", pin=PIN)

    def says(agent: str, pin: str) -> str:
        return str(house.ask(DAEMON, "phone.agent", call="c1", by="204", agent=agent, pin=pin))

    assert [says("fay", PIN), says("ana", PIN), says("", PIN), says("8100", PIN)] == [
        "right",
        "wrong",
        "wrong",
        "wrong",
    ]
    assert [says("fay", "000000") for _ in range(6)] == ["wrong"] * 6
    assert says("fay", PIN) == "wrong", "locked for a while; nobody is told"
    assert house.noted[1:6] == [
        ("nora", "agent.pin"), ("phone:204", "agent.identified"), *[("phone:204", "agent.pin_refused")] * 3,
    ]  # fmt: skip
    assert [entry.object for entry in house.entries[1:6]] == ["fay", "fay", "ana", "unknown", "8100"]


def test_only_the_daemons_user_asks_for_phones_and_only_after_the_pin(house: House) -> None:
    with pytest.raises(NotPermitted, match="only the daemon"):
        house.ask(NURSE, "phone.open", call="c1", pin=PIN)
    for do in ("phone.fetch", "phone.heard", "phone.delete"):
        with pytest.raises(NotPermitted, match="PIN"):
            house.ask(DAEMON, do, call="c1")
    assert house.ask(DAEMON, "phone.open", call="c1", by="204", pin="999999") == {"answer": "wrong"}
    with pytest.raises(NotPermitted, match="PIN"):
        house.ask(DAEMON, "phone.fetch", call="c1")
    told = house.ask(DAEMON, "phone.open", call="c1", by="204", pin=PIN)
    assert [(row["id"], row["new"]) for row in told["messages"]] == [("m1", True)]
    assert Path(house.ask(DAEMON, "phone.fetch", call="c1", by="204")["sound"]).read_bytes() == SOUND
    with pytest.raises(NotPermitted, match="PIN"):
        house.ask(DAEMON, "phone.fetch", call="c1", mailbox="8200")
    with pytest.raises(NotPermitted, match="PIN"):
        house.ask(DAEMON, "phone.fetch", call="c2")


def test_the_rules_may_name_the_readers_of_a_mailbox(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: tuple[str, ...] = ("nora",)
    monkeypatch.setattr(house.desk, "_rules", lambda mailbox: MailboxRules("8100", readers=readers))
    assert house.ask(NURSE, "voicemail hear") == SOUND
    readers = ("olga",)
    with pytest.raises(NotPermitted, match="readers"):
        house.ask(NURSE, "voicemail hear")
    assert house.ask(0, "voicemail hear") == SOUND, "an admin reads all, and it is noted"


def test_root_says_whom_it_acts_for(house: House) -> None:
    house.ask(0, "voicemail hear", login="nora")
    assert house.noted == [("nora", "voicemail.hear")]
    house.ask(NURSE, "voicemail hear", login="root")
    assert house.noted[-1] == ("nora", "voicemail.hear"), "others are whom the kernel says"


def test_who_became_the_daemons_user_is_still_who_they_are(house: House) -> None:
    assert house.desk.verbs(Peer(DAEMON, 2))["voicemail hear"](WISH) == SOUND
    assert house.noted == [("nora", "voicemail.hear")]


def test_what_cannot_be_noted_is_not_given_out(house: House) -> None:
    def full(entry: Entry) -> None:
        raise OSError(28, "No space left on device")

    desk = Desk(house.vault.instance, Settings(), full)
    for do in ("voicemail hear", "voicemail delete", "voicemail list"):
        with pytest.raises(ClinicPBXError, match="No space"):
            desk.verbs(Peer(NURSE, 1))[do](WISH)
    with pytest.raises(OSError, match="No space"):
        desk.verbs(Peer(DAEMON, 1))["phone.open"]({**WISH, "call": "c1", "pin": PIN})
    assert house.vault.counts("8100") == (1, 0)


GLASS: dict[str, Any] = {"reason": "night nurse ill", "length": "1h"}


@pytest.mark.parametrize(
    "wish",
    [
        GLASS | {"length": "12h1s"},
        GLASS | {"length": "0s"},
        GLASS | {"length": "long"},
        GLASS | {"length": 3600},
        GLASS | {"reason": " "},
    ],
)
def test_glass_that_cannot_be_broken_is_not_noted(house: House, wish: dict[str, Any]) -> None:
    with pytest.raises(ClinicPBXError):
        house.ask(AGENT, "break-glass", **wish)
    assert house.noted == []
    assert broken_here(house.vault.instance, datetime.now(UTC)) == []


def test_without_the_root_key_no_glass_is_broken_and_none_is_noted(house: House) -> None:
    house.vault.keyring.signer()  # which is there from then on
    (house.vault.instance.keys / "root.key").unlink()
    with pytest.raises(ClinicPBXError):
        house.ask(AGENT, "break-glass", **GLASS)
    assert house.noted == []


@pytest.mark.parametrize(("length", "seconds"), [("1s", 1), ("1h", 3600), ("12h", 43200)])
def test_broken_glass_holds_for_as_long_as_was_asked_for(house: House, length: str, seconds: int) -> None:
    before = datetime.now(UTC)
    told = house.ask(AGENT, "break-glass", **GLASS | {"length": length})
    after, [entry] = datetime.now(UTC), house.entries
    assert (entry.actor, entry.action, entry.detail) == ("ana", "break-glass", GLASS | {"length": length})
    assert told["login"] == "ana"
    assert before <= told["until"] - timedelta(seconds=seconds) <= after
    [glass] = broken_here(house.vault.instance, told["until"] - timedelta(milliseconds=1))
    assert (glass.login, glass.reason, glass.until) == ("ana", GLASS["reason"], told["until"])
    assert broken_here(house.vault.instance, told["until"]) == []


@pytest.mark.parametrize("length", ["1h", "13h"])
def test_who_may_break_no_glass_is_refused_whatever_they_ask_for(house: House, length: str) -> None:
    with pytest.raises(NotPermitted):
        house.ask(STRANGER, "break-glass", **GLASS | {"length": length})
    assert house.noted == [("sam", "refused")]


def test_whole_numbers_leave_only_where_they_are_asked_for(house: House) -> None:
    assert NUMBER not in str(house.ask(NURSE, "voicemail list"))
    assert NUMBER in str(house.ask(NURSE, "voicemail list", unmask=True))
    assert house.noted[-1] == ("nora", "voicemail.unmask")


@pytest.mark.parametrize("unmask", [True, 1, "yes", ["x"]])
def test_an_agent_gets_no_whole_number_however_it_is_asked_for(house: House, unmask: object) -> None:
    assert NUMBER not in str(house.ask(AGENT, "voicemail list"))
    with pytest.raises(NotPermitted):
        house.ask(AGENT, "voicemail list", unmask=unmask)
    assert house.noted[-1] == ("ana", "refused")


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert Peer.of(one) == Peer(os.getuid(), os.getpid())


def test_a_rules_file_that_cannot_be_read_opens_nothing(house: House) -> None:
    house.vault.instance.versions.mkdir()
    (house.vault.instance.versions / "000001" / "rules").mkdir(parents=True)
    house.vault.instance.current.symlink_to("000001")
    with pytest.raises((ClinicPBXError, OSError)):
        house.ask(NURSE, "voicemail hear")
    assert house.noted == []


def test_the_example_book_keeps_messages_for_good() -> None:
    assert replace(book()).mailboxes["frontdesk"].keep is None
