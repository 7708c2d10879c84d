"""Who may ask the daemon for what: each verb is decided on, and what is refused is noted."""

import grp
import json
import os
import pwd
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from websockets.asyncio.client import unix_connect

from clinicpbx.adapters.vault.store import Vault
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.roles import ACTS, FREE, VERBS
from clinicpbx.daemon import asker as asking
from clinicpbx.daemon.asker import Doorkeeper, Peer
from clinicpbx.daemon.break_glass import Glass, break_glass
from clinicpbx.daemon.control import serve_control
from clinicpbx.daemon.verbs import leaves, verbs
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.settings import Settings
from tests.support.vaults import make_vault

pytestmark = pytest.mark.unit

ANA, LEA, ADA, OLA, SAM = 4001, 4002, 4003, 4004, 4005
NAMES = {ANA: "ana", LEA: "lea", ADA: "ada", OLA: "ola", SAM: "sam", 0: "root"}
MEMBERS = {"agent": "ana", "supervisor": "lea", "admin": "ada", "auditor": "ola"}
"""Ana is an agent, Lea supervises, Ada administers, Ola audits, Sam is nobody."""


def known() -> set[str]:
    part = SimpleNamespace()
    return set(verbs(cast(Any, SimpleNamespace(queues=part, pages=part))))


def test_of_every_verb_it_is_decided_who_may_ask() -> None:
    assert known() == VERBS.keys(), "name its command in VERBS, in clinicpbx/core/roles.py"
    assert {words for words in VERBS.values() if words not in ACTS and words not in FREE} == set()


def test_a_verb_that_nobody_decided_on_is_asked_of_nobody(door: "Door") -> None:
    asks = leaves(door.keeper, ["calls", "calls.all"], Peer(ADA, 1))
    assert list(asks) == ["calls.all"]
    with pytest.raises(KeyError):
        asks["calls.all"]({})


class Door:
    """The daemon's doorkeeper, and what it noted."""

    def __init__(self, vault: Vault, note: Callable[[Entry], None] | None = None) -> None:
        self.entries: list[Entry] = []
        self.vault = vault
        signer = vault.keyring.signer
        self.keeper = Doorkeeper(vault.instance, Settings(), note or self.entries.append, lambda: signer().public_key())

    def ask(self, uid: int, verb: str, **wish: Any) -> None:
        if verb in (asks := leaves(self.keeper, known(), Peer(uid, 1))):
            asks[verb](wish)

    def may(self, uid: int) -> set[str]:
        found = set[str]()
        for verb in known():
            try:
                self.ask(uid, verb)
                found.add(verb)
            except NotPermitted:
                continue
        return found


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    def group(name: str) -> Any:
        return SimpleNamespace(gr_mem=[MEMBERS[name.removeprefix("clinicpbx-")]], gr_gid=7000)

    monkeypatch.setattr(grp, "getgrnam", group)
    monkeypatch.setattr(pwd, "getpwall", list)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=NAMES[uid]))
    monkeypatch.setattr(asking, "_loginuid", lambda peer: None)
    return Door(make_vault(tmp_path / "home"))


FOR_ALL = {
    "agents",
    "callers",
    "calls",
    "floor",
    "oncall.standing",
    "queues",
    "selftest.keep",
    "selftest.rows",
    "status",
}
OF_STAFF = FOR_ALL | {f"agent.{what}" for what in ("login", "logout", "pause", "unpause")}
OF_STAFF |= {"callbacks", "callback.close", "callback.number", "inbox.call", "oncall.taken"}
OF_STAFF |= {f"oncall.{what}" for what in ("accept", "close", "confirm", "number", "pages")}
OF_LEAD = OF_STAFF | {"queue.add", "queue.mode", "queue.remove", "oncall.reload", "overrides.reload"}


@pytest.mark.parametrize(
    ("uid", "verbs"), [(SAM, FOR_ALL), (OLA, FOR_ALL), (ANA, OF_STAFF), (LEA, OF_LEAD), (ADA, None), (0, None)]
)
def test_each_role_may_ask_for_what_its_commands_do(door: Door, uid: int, verbs: set[str] | None) -> None:
    assert door.may(uid) == (known() if verbs is None else verbs)


def test_a_refusal_says_what_it_takes_and_is_noted(door: Door) -> None:
    with pytest.raises(NotPermitted, match=r"nurse/ana: .* the role admin or supervisor") as refused:
        door.ask(OLA, "queue.add", queue="nurse", agent="ana", penalty=2)
    assert refused.value.exit_code == 77
    assert door.entries == [Entry("ola", "refused", "nurse/ana", {"command": "queue add"})]


def test_what_is_done_is_noted_before_with_who_the_kernel_says(door: Door) -> None:
    door.ask(ANA, "agent.pause", agent="ana", reason="lunch", login="root")
    door.ask(LEA, "queue.add", queue="nurse", agent="ana", penalty=2)
    door.ask(LEA, "overrides.reload")  # which the command noted that wrote them
    assert door.entries == [
        Entry("ana", "agent.pause", "ana", {"reason": "lunch"}),
        Entry("lea", "queue.add", "nurse/ana", {"penalty": 2}),
    ]


def test_root_says_whom_it_acts_for_and_then_has_their_roles(door: Door) -> None:
    door.ask(0, "agent.login", agent="ana", login="ana")
    assert [entry.actor for entry in door.entries] == ["ana"]
    with pytest.raises(NotPermitted):
        door.ask(0, "rules.reload", login="ana")
    door.ask(0, "rules.reload")


def test_broken_glass_shows_a_number_and_moves_no_rule(door: Door) -> None:
    with pytest.raises(NotPermitted, match="break-glass"):
        door.ask(OLA, "callback.number", callback="c1")
    now = datetime.now(UTC)
    glass = Glass("ola", "a fire", now - timedelta(minutes=1), now + timedelta(minutes=1))
    break_glass(door.vault.instance, glass, door.vault.keyring.signer())
    door.ask(OLA, "callback.number", callback="c1")
    assert door.entries[-1] == Entry("ola", "callback.number", "c1", {"break_glass": True})
    for verb in ("rules.reload", "agent.login", "callback.close"):
        with pytest.raises(NotPermitted):
            door.ask(OLA, verb)
    path = door.vault.instance.audit / "break-glass.json"
    path.write_text(path.read_text().replace('"ola"', '"sam"'))
    with pytest.raises(NotPermitted):
        door.ask(SAM, "callback.number", callback="c1")


def test_what_cannot_be_noted_is_not_done(door: Door) -> None:
    def full(entry: Entry) -> None:
        raise OSError(28, "No space left on device")

    broken = Door(door.vault, full)
    with pytest.raises(ClinicPBXError, match="No space"):
        broken.ask(ANA, "callback.number", callback="c1")
    with pytest.raises(ClinicPBXError, match="No space"):
        broken.ask(OLA, "callback.number", callback="c1")
    broken.ask(OLA, "status")


@pytest.mark.parametrize("pid_of", ["other", "own"])
def test_the_kernels_login_counts_for_a_process_of_the_same_user_alone(pid_of: str) -> None:
    """A process that hands its socket on and ends frees its number for somebody else's."""
    uid = os.getuid() if pid_of == "own" else os.getuid() + 1
    said = int(Path("/proc/self/loginuid").read_text())
    known_here = said if said != 2**32 - 1 else None
    assert asking._loginuid(Peer(uid, os.getpid())) == (known_here if pid_of == "own" else None)


def test_a_number_that_is_another_users_process_now_gives_no_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "loginuid").write_text("0")
    monkeypatch.setattr(asking, "Path", lambda proc: tmp_path)
    assert [asking._loginuid(Peer(os.getuid() + more, 7)) for more in (0, 1)] == [0, None]


async def test_over_the_socket_nothing_is_done_without_leave(tmp_path: Path) -> None:
    done: list[str] = []

    def refuse(wish: object) -> None:
        raise NotPermitted("ola may not", do="It takes the role admin")

    path = tmp_path / "control.sock"
    all_verbs = {"reload": lambda wish: done.append("reload"), "status": lambda wish: "well"}
    server = await serve_control(path, all_verbs, lambda peer: {"reload": refuse} if peer.pid == os.getpid() else {})
    async with unix_connect(str(path), "ws://daemon/") as socket:
        for do in ('"reload"', '["reload"]', '"status"'):
            await socket.send(f'{{"do": {do}}}')
        told = [json.loads(await socket.recv()) for _ in range(3)]
    server.close()
    assert told[0] == {"error": "ola may not. It takes the role admin", "exit_code": 77}
    assert "error" in told[1]
    assert told[2] == {"ok": "well"}
    assert done == []
