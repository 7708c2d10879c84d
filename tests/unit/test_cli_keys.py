"""`clinicpbx keys` and `clinicpbx retention`: what they print, what they refuse, what they leave."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.vault import root as module
from clinicpbx.adapters.vault.keyring import Keyring
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.cli.main import command
from clinicpbx.paths import Instance
from tests.support.marks import tone
from tests.support.vaults import AT, a_message, make_vault, noted, put, vault_running

pytestmark = pytest.mark.unit

SOUND = tone(0.5)
PASSPHRASE = "six words that nobody guesses"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setattr(module, "N", 2)
    made = make_vault(tmp_path / "home")
    put(made, a_message(), SOUND)
    return made


def run(instance: Instance, *args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, ["--home", str(instance.home), *args], input=stdin)


def rows(instance: Instance, *args: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run(instance, *args, "--json").stdout)
    return found


def test_new_keys_are_made_once_and_ahead(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "home")
    instance.keys.mkdir(parents=True)
    assert run(instance, "keys", "new").exit_code == 0
    key = (instance.keys / "root.key").read_bytes()
    (instance.vault / "desk").mkdir(parents=True)
    again = run(instance, "keys", "new")
    assert "4 key pairs" in again.stderr
    assert (instance.keys / "root.key").read_bytes() == key
    ready = {row["key"]: row["ready"] for row in rows(instance, "keys", "list")}
    assert len(ready) == 5
    assert all(ready.values())


def test_a_wrong_public_key_is_told(vault: Vault) -> None:
    assert [row["state"] for row in rows(vault.instance, "keys", "status")] == ["file"]
    (vault.instance.public_keys / "any.pub").write_bytes(bytes(96))
    result = run(vault.instance, "keys", "status")
    assert result.exit_code == 1
    assert "public key any" in result.stdout


def test_parts_on_paper_bring_the_root_key_back(vault: Vault) -> None:
    printed = run(vault.instance, "keys", "escrow", "--parts", "5", "--needed", "3").stdout.splitlines()
    assert len(printed) == 5
    path = vault.instance.keys / "root.key"
    key = path.read_bytes()
    path.unlink()
    assert run(vault.instance, "keys", "restore", stdin="\n".join(printed[:2])).exit_code != 0
    assert not path.exists()
    assert run(vault.instance, "keys", "restore", stdin="\n".join(printed[2:])).exit_code == 0
    assert path.read_bytes() == key
    assert plain_of(vault, "8100", "m1") == SOUND


def test_the_paper_of_another_clinic_is_refused(vault: Vault, tmp_path: Path) -> None:
    other = make_vault(tmp_path / "other")
    paper = run(other.instance, "keys", "escrow").stdout
    (vault.instance.keys / "root.key").unlink()
    assert "not the root key" in str(run(vault.instance, "keys", "restore", stdin=paper).exception)


def test_rotated_behind_a_passphrase_and_unlocked(vault: Vault) -> None:
    result = run(vault.instance, "keys", "rotate", "--passphrase", stdin=f"{PASSPHRASE}\n")
    assert result.exit_code == 0
    assert PASSPHRASE not in result.output
    with vault_running(vault.instance):
        assert "locked" in str(run(vault.instance, "voicemail", "verify", "8100").exception)
        assert "not the passphrase" in str(run(vault.instance, "keys", "unlock", stdin="another one\n").exception)
        assert run(vault.instance, "keys", "unlock", stdin=f"{PASSPHRASE}\n").exit_code == 0
        assert run(vault.instance, "voicemail", "verify", "8100").exit_code == 0


def test_a_month_destroyed_says_until_when_backups_must_be_gone(vault: Vault) -> None:
    assert run(vault.instance, "keys", "destroy", "8100", "2026-03").exit_code == 2
    result = run(vault.instance, "keys", "destroy", "8100", "2026-03", "--yes")
    assert result.exit_code == 0
    until = datetime.now(UTC) + timedelta(days=30)
    assert f"{until:%Y-%m-%d} (30 days)" in result.stderr
    assert vault.list("8100").messages == ()
    waiting = {row["what"] for row in rows(vault.instance, "keys", "status")}
    assert {"key 8100/2026-03", "message 8100/m1"} <= waiting
    states = {row["key"]: row["state"] for row in rows(vault.instance, "keys", "list")}
    assert states["8100/2026-03"] == "destroyed"


def test_a_month_with_a_hold_is_not_destroyed(vault: Vault) -> None:
    vault.hold("8100", "m1", "a case", AT)
    assert "m1" in str(run(vault.instance, "keys", "destroy", "8100", "2026-03", "--yes").exception)
    assert plain_of(vault, "8100", "m1") == SOUND
    assert Keyring(vault.instance).destroyed() == {}


RULES = """\
clinic: {name: A}
languages: {en: English}
sites: {main: {timezone: UTC}}
mailboxes: {desk: {title: Desk, keep: 30d}, other: {title: Other}}
"""


@pytest.fixture
def kept(vault: Vault) -> Iterator[Vault]:
    """With rules by which the message is due, and the vault process."""
    folder = vault.instance.versions / "000001" / "rules"
    folder.mkdir(parents=True)
    (folder / "clinic.yaml").write_text(RULES)
    vault.instance.current.symlink_to("000001")
    put(vault, a_message(mailbox="desk"), SOUND)
    with vault_running(vault.instance):
        yield vault


def test_retention_says_what_is_due_and_destroys_it_with_a_line_each(kept: Vault) -> None:
    [row] = [row for row in rows(kept.instance, "retention", "status") if row["mailbox"] == "desk"]
    assert (row["keep_days"], row["messages"], row["due"]) == (30, 1, 1)
    [due] = rows(kept.instance, "retention", "run", "--dry-run")
    assert (due["mailbox"], due["message"]) == ("desk", "m1")
    assert kept.counts("desk") == (1, 0)
    assert rows(kept.instance, "retention", "run") == [due]
    assert kept.counts("desk") == (0, 0)
    assert ("retention.expire", "desk/m1") in noted(kept.instance)
