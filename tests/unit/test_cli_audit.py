"""`clinicpbx audit` and `break-glass`: what they print, what they find, what they refuse, what they note."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.cli.main import command
from clinicpbx.core.roles import Role
from clinicpbx.daemon import login as _login
from clinicpbx.daemon.audit_key import make_audit_key
from clinicpbx.daemon.audit_trail import bring_in, waiting
from clinicpbx.daemon.checkpoints import kept
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from tests.support.audit_log import make_log, tamper
from tests.support.vaults import NUMBER, claim, make_vault, record, vault_running

pytestmark = pytest.mark.unit
FORMAT = Path(__file__).parents[2] / "docs" / "audit-format.md"
GROUPS = {f"CLINICPBX_GROUP_{role}": f"cpbx-none-{role}" for role in ("AGENT", "SUPERVISOR", "ADMIN", "AUDITOR")}
COLUMNS = "at, actor, action, object, detail, prev_hash, hash"
UIDS = {"daemon": "1", "bin": "2", "sys": "3"}


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """With ten rows and the keys."""
    made = make_vault(tmp_path / "home").instance
    make_audit_key(made)
    make_log(made, 10)
    return made


@pytest.fixture
def who(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the kernel says who logged in."""
    kernel = tmp_path / "loginuid"
    monkeypatch.setattr(_login, "LOGINUID", kernel)
    return kernel


def run(instance: Instance, *words: str, **groups: str) -> Result:
    env = GROUPS | {f"CLINICPBX_GROUP_{role.upper()}": group for role, group in groups.items()}
    return CliRunner().invoke(command, ["--home", str(instance.home), *words], env=env)


def by_group(**groups: str) -> Settings:
    """Settings of the vault process in which these groups give the roles."""
    names = {role: f"cpbx-none-{role}" for role in Role} | groups
    return Settings(_env_file=None, **{f"group_{role}": name for role, name in names.items()})


def listed(instance: Instance, *words: str) -> list[dict[str, object]]:
    rows = json.loads(run(instance, "audit", "list", "--json", *words).stdout)
    return [row for row in rows if row["action"] != "audit.export"]


def faults(instance: Instance, *words: str) -> list[tuple[int | None, str]]:
    result = run(instance, "audit", "verify", "--json", *words)
    found = [(row["row"], row["fault"]) for row in json.loads(result.stdout)["faults"]]
    assert result.exit_code == (1 if found else 0)
    return found


def test_list_show_and_filters(instance: Instance) -> None:
    assert [row["seq"] for row in listed(instance, "--limit", "3")] == [10, 9, 8]
    assert [row["object"] for row in listed(instance, "--object", "desk/m7")] == ["desk/m7"]
    assert listed(instance, "--actor", "eve") == listed(instance, "--action", "x") == []
    assert len(listed(instance, "--since", "1h")) == 10
    assert listed(instance, "--since", "2100-01-01") == []
    assert "n=9" in run(instance, "audit", "list").stdout
    shown = json.loads(run(instance, "audit", "show", "4", "--json").stdout)
    assert (shown["detail"], len(shown["hash"])) == ({"n": 3}, 64)
    assert shown["hash"] in run(instance, "audit", "show", "4").stdout
    assert isinstance(run(instance, "audit", "show", "11").exception, ClinicPBXError)


def test_a_log_as_it_was_written_verifies(instance: Instance) -> None:
    assert faults(instance) == []
    run(instance, "audit", "checkpoint")
    assert faults(instance) == []
    assert "nothing shows what somebody who was root" in run(instance, "audit", "verify").stderr


@pytest.mark.parametrize(
    ("statements", "row", "says"),
    [
        (["UPDATE audit SET detail = '{\"n\":5}' WHERE seq = 5"], 5, "row 5 was changed"),
        (["UPDATE audit SET actor = x'00' WHERE seq = 5"], 5, "row 5 was changed"),
        (["DELETE FROM audit WHERE seq = 4"], 4, "row 4 is missing"),
        (["DELETE FROM audit WHERE seq < 4"], 1, "rows 1 to 3 are missing"),
        (
            [f"UPDATE audit SET seq = {a} WHERE seq = {b}" for a, b in ((99, 6), (6, 7), (7, 99))],
            6,
            "row 6 is not the one that was written there",
        ),
        ([f"INSERT INTO audit SELECT 0, {COLUMNS} FROM audit WHERE seq = 3"], None, "there is a row before the first"),
    ],
)
def test_rows_that_were_tampered_with_are_named(
    instance: Instance, statements: list[str], row: int | None, says: str
) -> None:
    tamper(instance, *statements)
    ((found, what),) = faults(instance)
    assert (found, says in what) == (row, True), what


def test_a_tail_cut_off_and_an_older_copy_are_seen_by_a_checkpoint(instance: Instance, tmp_path: Path) -> None:
    older = tmp_path / "yesterday.db"
    with_wal(instance, older)
    make_log(instance, 5)
    elsewhere = tmp_path / "checkpoint"
    elsewhere.write_text(run(instance, "audit", "checkpoint").stdout)
    said = kept(instance)[-1].checkpoint.size
    shutil.rmtree(instance.audit)  # whoever is root takes these away too
    tamper(instance, "DELETE FROM audit WHERE seq > 12")
    assert faults(instance) == []
    ((row, what),) = faults(instance, "--checkpoint", str(elsewhere))
    assert "the end is missing" in what
    assert str(said) in what
    assert row is not None
    # the older copy, on which work went on since
    for name in ("-wal", "-shm"):
        Path(f"{instance.database}{name}").unlink(missing_ok=True)
    shutil.copy(older, instance.database)
    make_log(instance, 20)
    assert faults(instance) == []
    ((row, what),) = faults(instance, "--checkpoint", str(elsewhere))
    assert row == said
    assert "are not those of the checkpoint" in what


def with_wal(instance: Instance, target: Path) -> None:
    import sqlite3

    source, copy = sqlite3.connect(instance.database), sqlite3.connect(target)
    source.backup(copy)
    source.close()
    copy.close()


def test_a_checkpoint_of_another_key_proves_nothing(instance: Instance, tmp_path: Path) -> None:
    elsewhere = tmp_path / "checkpoint"
    elsewhere.write_text(run(instance, "audit", "checkpoint").stdout)
    (instance.keys / "audit.key").unlink()
    make_audit_key(instance)
    assert [what for _, what in faults(instance, "--checkpoint", str(elsewhere))] == [
        "HOME/audit/checkpoints: 1 checkpoints are not signed by this log's key",
        f"{elsewhere}: 1 checkpoints are not signed by this log's key",
    ]
    elsewhere.write_text("nothing\n")
    assert isinstance(run(instance, "audit", "verify", "--checkpoint", str(elsewhere)).exception, ClinicPBXError)
    (instance.audit / "checkpoints").write_text("nothing\n")
    assert "holds what is no checkpoint" in faults(instance)[0][1]


def test_checkpoints_are_read_from_a_syslog_hosts_lines(instance: Instance, tmp_path: Path) -> None:
    note = run(instance, "audit", "checkpoint").stdout
    elsewhere = tmp_path / "messages"
    elsewhere.write_text(
        f"Mar  1 12:00 clinic other\nMar  1 12:00 clinic clinicpbx {json.dumps({'checkpoint': note})}\n"
    )
    assert faults(instance, "--checkpoint", str(elsewhere)) == []
    tamper(instance, "DELETE FROM audit WHERE seq > 2")
    assert faults(instance, "--checkpoint", str(elsewhere)) != []


def test_no_checkpoint_of_a_log_that_does_not_verify(instance: Instance) -> None:
    tamper(instance, "UPDATE audit SET actor = 'eve' WHERE seq = 2")
    assert "row 2 was changed" in str(run(instance, "audit", "checkpoint").exception)
    assert kept(instance) == []


def test_export_gives_every_row_once(instance: Instance) -> None:
    rows = [json.loads(line) for line in run(instance, "audit", "export").stdout.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, 12))
    assert rows[-1]["action"] == "audit.export"


def test_a_proof_is_checked_by_the_program_in_the_documents(instance: Instance, tmp_path: Path) -> None:
    assert "no checkpoint has row 3 yet" in str(run(instance, "audit", "export", "--proof", "3").exception)
    run(instance, "audit", "checkpoint")
    text = run(instance, "audit", "export", "--proof", "3").stdout
    program = re.search(r"```python\n(.*?)```", FORMAT.read_text(), re.S)
    assert program is not None
    (tmp_path / "check.py").write_text(program[1])

    def checked(proof: str) -> str:
        (tmp_path / "proof.json").write_text(proof)
        key = (instance.keys / "audit.pub").read_text().strip()
        words = [sys.executable, str(tmp_path / "check.py"), str(tmp_path / "proof.json"), key]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout

    assert checked(text).startswith('proved: ["clinicpbx-audit/1",3,')
    assert "proved" not in checked(text.replace("desk/m2", "desk/m9"))
    assert "proved" not in checked(text.replace("time 20", "time 19"))
    other = json.loads(text)
    assert "proved" not in checked(json.dumps(other | {"index": 4}))


def test_commands_note_who_gave_them_and_what_came_of_it(instance: Instance, who: Path) -> None:
    who.write_text("0")
    assert run(instance, "rules", "rollback", "000007", "--force").exit_code == 1
    failed, done = listed(instance, "--limit", "2")
    assert (done["actor"], done["action"], done["object"], done["detail"]) == (
        "root",
        "rules.rollback",
        "000007",
        {"force": True},
    )
    assert (failed["action"], failed["object"], failed["detail"]) == ("failed", "000007", {"command": "rules rollback"})


def test_a_refusal_says_what_role_it_takes_and_is_noted(instance: Instance, who: Path) -> None:
    who.write_text(UIDS["daemon"])
    refused = run(instance, "calls", "list", "--unmask", agent="daemon").exception
    assert isinstance(refused, NotPermitted)
    assert "daemon may not: it takes the role admin or supervisor" in str(refused)
    assert "break-glass" in str(refused)
    assert isinstance(run(instance, "audit", "list", agent="daemon").exception, NotPermitted)
    assert run(instance, "calls", "list", agent="daemon").exit_code == 0
    who.write_text("0")
    rows = listed(instance, "--action", "refused")
    assert [(row["actor"], row["detail"]) for row in rows] == [
        ("daemon", {"command": "audit list"}),
        ("daemon", {"command": "calls list"}),
    ]
    who.write_text(UIDS["bin"])
    assert run(instance, "audit", "list", agent="daemon", auditor="bin").exit_code == 0


def test_broken_glass_opens_what_is_clinical_for_a_while_and_is_noted(instance: Instance, who: Path) -> None:
    who.write_text(UIDS["daemon"])
    assert run(instance, "break-glass", agent="daemon").exit_code == 2
    assert run(instance, "break-glass", "--reason", "x", "--for", "13h", agent="daemon").exit_code == 2
    with vault_running(instance, by_group(agent="daemon")):
        assert run(instance, "break-glass", "--reason", "night nurse ill", "--for", "1h").exit_code == 0
    assert run(instance, "calls", "list", "--unmask", agent="daemon").exit_code == 0
    assert isinstance(run(instance, "audit", "list", agent="daemon").exception, NotPermitted)
    (row,) = json.loads(run(instance, "break-glass", "list", "--json").stdout)
    assert (row["login"], row["reason"]) == ("daemon", "night nurse ill")
    who.write_text("0")
    [used] = listed(instance, "--break-glass")
    assert (used["action"], used["actor"]) == ("calls.unmask", "daemon")
    [noted] = [one.entry for one in waiting(instance)]
    assert (noted.actor, noted.action) == ("daemon", "break-glass")
    assert noted.detail == {"reason": "night nurse ill", "length": "1h"}


def test_glass_that_somebody_else_broke_opens_nothing(instance: Instance, who: Path) -> None:
    who.write_text(UIDS["daemon"])
    with vault_running(instance, by_group(agent="daemon")):
        assert run(instance, "break-glass", "--reason", "night nurse ill").exit_code == 0
    who.write_text(UIDS["bin"])
    for words in (("list",), ("show", "clinic-1.1")):
        refused = run(instance, "calls", *words, "--unmask", agent="bin")
        assert isinstance(refused.exception, NotPermitted)
        assert refused.exception.exit_code == 77
    who.write_text("0")
    assert [row["actor"] for row in listed(instance, "--action", "refused")] == ["bin", "bin"]
    assert listed(instance, "--action", "calls.unmask") == []


@pytest.mark.parametrize(
    "forged",
    [
        lambda text: text.replace('"until": "2', '"until": "3'),
        lambda text: text.replace('"login": "daemon"', '"login": "bin"'),
        lambda text: json.dumps(json.loads(text)["glass"]),
        lambda text: text.replace('"signature": "', '"signature": "00'),
        lambda text: "{",
    ],
)
def test_whoever_writes_the_broken_glass_themselves_gets_nothing_and_is_told_of(
    instance: Instance, who: Path, forged: Callable[[str], str]
) -> None:
    who.write_text(UIDS["daemon"])
    with vault_running(instance):
        assert run(instance, "break-glass", "--reason", "x").exit_code == 0
        path = instance.audit / "break-glass.json"
        assert run(instance, "calls", "list", "--unmask", agent="daemon").exit_code == 0
        path.write_text(forged(path.read_text()))
        for login in ("daemon", "bin"):
            who.write_text(UIDS[login])
            words = ("calls", "list", "--unmask")
            assert isinstance(run(instance, *words, agent=login).exception, NotPermitted)
        listed_now = run(instance, "break-glass", "list", "--json")
        assert (json.loads(listed_now.stdout), "not as the vault signed it" in listed_now.stderr) == ([], True)
        who.write_text("0")
        assert "not as the vault signed it" in faults(instance)[0][1]
        assert run(instance, "break-glass", "--reason", "x").exit_code == 0, "what is wrong there hinders nobody"
    assert faults(instance) == []


def test_an_auditor_breaks_no_glass(instance: Instance, who: Path) -> None:
    who.write_text(UIDS["bin"])
    with vault_running(instance, by_group(auditor="bin")):
        result = run(instance, "break-glass", "--reason", "x")
    assert result.exception is not None
    assert getattr(result.exception, "exit_code", None) == NotPermitted.exit_code
    assert not (instance.audit / "break-glass.json").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take files away from somebody")
def test_what_root_writes_belongs_to_the_instances_user(instance: Instance) -> None:
    os.chown(instance.home, 1, 1)
    instance.database.rename(instance.home / "away.db")
    with vault_running(instance):
        assert run(instance, "break-glass", "--reason", "x").exit_code == 0
    assert run(instance, "rules", "rollback", "000007").exit_code == 1
    found = {path.name: path.stat().st_uid for path in (instance.audit, *instance.audit.iterdir())}
    assert set(found.values()) == {1}, found


async def brought_in(instance: Instance) -> int:
    engine = make_engine(f"sqlite:///{instance.database}", writes=True)
    try:
        return await bring_in(instance, engine)
    finally:
        await engine.dispose()


async def test_what_waits_is_in_the_chain_once_the_database_is_back(instance: Instance) -> None:
    away = instance.database.rename(instance.home / "away.db")
    for name in ("-wal", "-shm"):
        Path(f"{instance.database}{name}").unlink(missing_ok=True)
    instance.database.mkdir()  # cannot be opened
    result = run_outside(instance, "calls", "list", "--unmask", code=69)
    assert result.stderr.splitlines()[0] == "the database is away: the audit log's row waits in a file"
    with vault_running(instance):
        assert "may hear, export and unmask" in run_outside(instance, "break-glass", "--reason", "it is down").stderr
    instance.database.rmdir()
    away.rename(instance.database)
    path = instance.audit / "pending.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660, "the vault process writes it too"
    lines = path.read_text()
    path.write_text(lines + '{"torn')
    assert await brought_in(instance) == 4
    assert await brought_in(instance) == 0
    # it was broken off between the commit and the removal
    (instance.audit / "pending.moving").write_text(lines)
    assert await brought_in(instance) == 0
    assert waiting(instance) == []
    found = run_outside(instance, "audit", "list", "--json", "--limit", "2")
    actions = [row["action"] for row in json.loads(found.stdout)]
    assert actions == ["audit.unreadable", "break-glass"]


def run_outside(instance: Instance, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """In a process of its own, as a loop runs in this one."""
    program = [sys.executable, "-m", "clinicpbx.cli.main", "--home", str(instance.home), *words]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_what_can_be_noted_nowhere_is_not_done(tmp_path: Path) -> None:
    vault = make_vault(tmp_path / "home")
    record(vault, "rec.1.1", b"\xff" * 8000)
    from clinicpbx.adapters.vault.sealer import SealJob

    SealJob(vault, claim(vault)).finish()
    (vault.instance.home / "audit").write_text("in the way")
    target = tmp_path / "out.wav"
    with vault_running(vault.instance):
        result = run(vault.instance, "voicemail", "export", "8100", "m1", "--to", str(target))
        unmasked = run(vault.instance, "voicemail", "show", "8100", "m1", "--unmask")
    assert "no audit row can be written" in str(result.exception)
    assert not target.exists()
    assert unmasked.exit_code == 1
    assert NUMBER not in unmasked.output
