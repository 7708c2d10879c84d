"""An instance's own files: passwords, spools, versions, and the command that runs Asterisk."""

import sqlite3
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.files import write_if_changed
from clinicpbx.adapters.asterisk.instance import asterisk_command, make_instance
from clinicpbx.adapters.asterisk.passwords import make_passwords
from clinicpbx.adapters.asterisk.spools import make_spools
from clinicpbx.adapters.asterisk.verify import LEAST, version
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

pytestmark = pytest.mark.unit


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    for folder in ("keys", "spool"):
        (tmp_path / folder).mkdir()
    return Instance(tmp_path)


def test_passwords_are_made_once_and_each_is_another(instance: Instance) -> None:
    passwords = make_passwords(instance)
    assert make_passwords(instance) == passwords
    assert len(set(passwords.values())) == len(passwords)
    assert all(len(password) == 32 for password in passwords.values())
    assert {path.stat().st_mode & 0o777 for path in instance.keys.iterdir()} == {0o600}


def test_a_file_is_written_only_where_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    assert [write_if_changed(path, text) for text in ("one", "one", "two")] == [True, False, True]
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_spools_keep_their_rows_and_their_name(instance: Instance) -> None:
    def state() -> tuple[object, ...]:
        with sqlite3.connect(instance.cdr_spool) as database:
            rows = database.execute("SELECT AcctId, src FROM cdr").fetchall()
            return (rows, database.execute("SELECT id FROM spool").fetchall(), *database.execute("PRAGMA journal_mode"))

    make_spools(instance)
    with sqlite3.connect(instance.cdr_spool) as database:
        database.execute("INSERT INTO cdr (src) VALUES ('x')")
    before = state()
    make_spools(instance)
    assert state() == before
    assert before[0] == [(1, "x")]
    assert before[2] == ("wal",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6 built by nobody", (22, 10, 1)),
        ("Asterisk certified/22.8-cert1 built", (22, 8, 0)),
        ("Asterisk 23.0 built", (23, 0, 0)),
        ("No such command 'core show version'", ()),
    ],
)
def test_the_version_is_read_from_what_asterisk_says(text: str, expected: tuple[int, ...]) -> None:
    assert version(text) == expected


def test_an_older_or_unknown_version_is_less_than_the_least() -> None:
    assert version("Asterisk 22.9.4") < LEAST
    assert version("?") < LEAST
    assert version("Asterisk 22.10.1") >= LEAST


def test_asterisk_in_a_root_of_its_own_is_entered_in_a_mount_name_space(instance: Instance) -> None:
    command = asterisk_command(instance, Settings(asterisk_root=Path("/srv/root")))
    assert command[:2] == ["unshare", "--mount"]
    assert "/srv/root" in command
    assert command[-5:] == ["/usr/sbin/asterisk", "-f", "-n", "-C", str(instance.asterisk_etc / "asterisk.conf")]


def test_a_folder_that_a_configuration_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClinicPBXError, match="cannot name this folder"):
        make_instance(Instance(tmp_path / "a;b"), Settings())


def test_a_folder_too_deep_for_asterisks_control_socket_is_refused() -> None:
    home = Path("/srv") / ("h" * 80)
    with pytest.raises(ClinicPBXError, match="4 characters shorter"):
        make_instance(Instance(home), Settings())
