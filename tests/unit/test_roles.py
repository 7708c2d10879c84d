"""Who may do what: every command is decided on, roles are Unix groups, the login is the kernel's."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from clinicpbx.cli import main as cli
from clinicpbx.core.roles import ACTS, FREE, STAFF, Act, Role, acts_of, may
from clinicpbx.daemon import login as _login
from clinicpbx.daemon.login import Login, login, uid_of
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

pytestmark = pytest.mark.unit
DAEMON, NOBODYS = 1, 4_000_000_000


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something by itself, by its words."""
    waiting = [(name, cli.command.get_command(click.Context(cli.command), name)) for name in cli._names()]
    while waiting:
        words, found = waiting.pop()
        assert found is not None
        if isinstance(found, click.Group):
            waiting += [(f"{words} {name}", below) for name, below in found.commands.items()]
        if not isinstance(found, click.Group) or found.invoke_without_command:
            yield words, found


def test_of_every_command_it_is_decided_who_may() -> None:
    known = dict(commands())
    bare = {key for key in ACTS if " --" not in key}
    assert known.keys() - bare - FREE == set(), "add it to ACTS, or to FREE, in clinicpbx/core/roles.py"
    assert bare | FREE <= known.keys()
    assert not bare & FREE
    for key in ACTS.keys() - bare:
        words, option = key.split(" --")
        assert f"--{option}" in {name for each in known[words].params for name in each.opts}


def test_what_is_noted_are_parameters_that_there_are() -> None:
    known = dict(commands())
    for key, act in ACTS.items():
        names = {each.name for each in known[key.split(" --")[0]].params}
        assert {*act.object, *act.detail} <= names, key


def test_an_option_can_be_more_than_the_command() -> None:
    assert acts_of("voicemail list", ["as_json"]) == [ACTS["voicemail list"]]
    assert acts_of("voicemail list", ["unmask"]) == [ACTS["voicemail list"], ACTS["voicemail list --unmask"]]
    assert acts_of("status", []) == []


def test_broken_glass_is_for_what_is_clinical() -> None:
    clinical, other = Act(frozenset({Role.ADMIN}), clinical=True), Act(frozenset({Role.ADMIN}))
    assert may(clinical, {Role.ADMIN}, False)
    assert not may(clinical, {Role.AGENT}, False)
    assert may(clinical, {Role.AGENT}, True)
    assert not may(other, {Role.AGENT}, True)
    assert not may(Act(STAFF), {Role.AUDITOR}, True)


@pytest.mark.parametrize(
    ("uid", "loginuid", "sudo", "found"),
    [
        (1001, None, "", 1001),
        (0, None, "", 0),
        (0, None, "1001", 1001),
        (1000, None, "1001", 1001),
        (1001, None, "0", 1001),  # written by somebody who is not root
        (0, DAEMON, "1001", DAEMON),
        (0, NOBODYS, "1001", 1001),  # no login of this machine
        (0, None, "x", 0),
    ],
)
def test_the_login_behind_a_process(uid: int, loginuid: int | None, sudo: str, found: int) -> None:
    assert uid_of(uid, 1000, loginuid, {"SUDO_UID": sudo} if sudo else {}) == found


def groups(**named: str) -> Settings:
    return Settings(_env_file=None, **{f"group_{role}": named.get(role, f"cpbx-none-{role}") for role in Role})


def test_without_groups_everybody_is_admin(tmp_path: Path) -> None:
    found = login(Instance(tmp_path), groups())
    assert found.roles == {Role.ADMIN}
    assert found.open


def test_roles_are_the_groups_of_the_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = tmp_path / "loginuid"
    monkeypatch.setattr(_login, "LOGINUID", kernel)
    name, other = pwd.getpwuid(DAEMON).pw_name, pwd.getpwuid(DAEMON + 1).pw_name
    kernel.write_text(str(DAEMON))
    assert login(Instance(tmp_path), groups(agent=name)) == Login(name, frozenset({Role.AGENT}))
    assert login(Instance(tmp_path), groups(agent=other)) == Login(name, frozenset())
    kernel.write_text("0")
    assert login(Instance(tmp_path), groups(agent=name)) == Login("root", frozenset({Role.ADMIN}))
    kernel.write_text("4294967295")
    assert login(Instance(tmp_path / "none"), groups(agent=name)).name == pwd.getpwuid(os.getuid()).pw_name
