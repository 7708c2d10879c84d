"""`clinicpbx voicemail`: what it prints, what it refuses, what it leaves."""

import io
import json
import stat
import wave
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.vault.letterbox import AUDIO
from clinicpbx.adapters.vault.pins import Answer, Pins
from clinicpbx.adapters.vault.sealer import SealJob
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.cli.main import command
from clinicpbx.private import Private
from tests.support.marks import tone
from tests.support.vaults import CALLER, NUMBER, a_message, claim, make_vault, noted, record, vault_running

pytestmark = pytest.mark.unit

SOUND = tone(2)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """With the vault process."""
    made = make_vault(tmp_path / "home")
    record(made, "rec.1.1", SOUND)
    SealJob(made, claim(made)).finish()
    with vault_running(made.instance):
        yield made


def run(vault: Vault, *args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, ["--home", str(vault.instance.home), "voicemail", *args], input=stdin)


def flip_last(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_list_masks_numbers(vault: Vault) -> None:
    [row] = json.loads(run(vault, "list", "--json").stdout)
    assert row == {
        "mailbox": "8100",
        "message": "m1",
        "state": "new",
        "received": "2026-03-01T12:00:00+00:00",
        "seconds": 2.0,
        "language": "es",
        "call_back": "******87",
        "confirmed": False,
        "caller": "******14",
        "call": "pbx-1772366400.7",
    }
    text = run(vault, "list", "8100").output
    assert "m1" in text
    assert NUMBER not in text
    assert CALLER not in text


def test_unmask_prints_them(vault: Vault) -> None:
    [row] = json.loads(run(vault, "show", "8100", "m1", "--json", "--unmask").stdout)
    assert (row["call_back"], row["caller"], row["truncated"]) == (NUMBER, CALLER, False)


def test_a_short_number_shows_nothing(vault: Vault) -> None:
    vault.label(replace(a_message(), number=Private("4711")))
    [row] = json.loads(run(vault, "show", "8100", "m1", "--json").stdout)
    assert row["call_back"] == "******"


def test_export_is_a_private_wav_with_a_warning(vault: Vault, tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    result = run(vault, "export", "8100", "m1", "--to", str(target))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "in clear" in result.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with wave.open(str(target)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate(), wav.getnframes()) == (1, 2, 8000, 16000)
        samples = memoryview(wav.readframes(16000)).cast("h")
    assert 11500 < max(samples) < 12500
    assert -12500 < min(samples) < -11500


def test_export_replaces_only_when_forced(vault: Vault, tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    target.write_text("mine")
    target.chmod(0o644)
    assert run(vault, "export", "8100", "m1", "--to", str(target)).exit_code == 1
    assert target.read_text() == "mine"
    assert run(vault, "export", "8100", "m1", "--to", str(target), "--force").exit_code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_damaged_message_exports_nothing(vault: Vault, tmp_path: Path) -> None:
    flip_last(vault.path("8100", "m1", AUDIO))
    assert run(vault, "export", "8100", "m1", "--to", str(tmp_path / "out.wav")).exit_code == 1
    assert not (tmp_path / "out.wav").exists()


def test_delete_asks_or_is_told(vault: Vault) -> None:
    assert run(vault, "delete", "8100", "m1").exit_code == 2
    assert vault.counts("8100") == (1, 0)
    assert run(vault, "delete", "8100", "m1", "--yes").exit_code == 0
    assert vault.counts("8100") == (0, 0)


def test_verify_names_what_is_damaged(vault: Vault) -> None:
    good = run(vault, "verify", "--json")
    assert (good.exit_code, json.loads(good.stdout)) == (0, [])
    flip_last(vault.path("8100", "m1", AUDIO))
    bad = run(vault, "verify", "--json")
    assert bad.exit_code == 1
    assert [row["file"] for row in json.loads(bad.stdout)] == ["m1.cpx"]
    assert "0 messages are as they were sealed, 1 files are damaged" in bad.stderr


def test_list_reports_damage(vault: Vault) -> None:
    vault.path("8100", "m1", AUDIO).unlink()
    result = run(vault, "list", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, [])
    assert "8100/m1.cpx" in result.stderr


def test_pin_comes_from_stdin(vault: Vault) -> None:
    result = run(vault, "pin", "8100", stdin="270418\n")
    assert result.exit_code == 0
    assert "270418" not in result.output
    assert Pins(vault.instance).check_pin("8100", Private("270418"), datetime.now(UTC)) is Answer.RIGHT
    assert run(vault, "pin", "8100", stdin="1234\n").exit_code == 1


def test_heard_it_is_a_wav_on_stdout(vault: Vault) -> None:
    result = run(vault, "hear", "8100", "m1")
    with wave.open(io.BytesIO(result.stdout_bytes)) as wav:
        assert wav.getnframes() == 16000


def test_a_hold_wins_and_is_shown(vault: Vault) -> None:
    assert run(vault, "hold", "8100", "m1", "--reason", "case 12").exit_code == 0
    [row] = json.loads(run(vault, "show", "8100", "m1", "--json").stdout)
    assert (row["on_hold"], row["hold_reason"]) == (True, "case 12")
    refused = run(vault, "delete", "8100", "m1", "--yes")
    assert "legal hold" in str(refused.exception)
    assert run(vault, "unhold", "8100", "m1").exit_code == 0
    assert run(vault, "delete", "8100", "m1", "--yes").exit_code == 0


def test_each_is_noted_by_the_vault(vault: Vault) -> None:
    run(vault, "list", "8100")
    run(vault, "show", "8100", "m1", "--unmask")
    run(vault, "delete", "8100", "m1", "--yes")
    actions = [("voicemail.list", "8100"), ("voicemail.show", "8100/m1"), ("voicemail.unmask", "8100/m1")]
    assert noted(vault.instance) == [*actions, ("voicemail.delete", "8100/m1")]


def test_without_the_vault_process_it_says_so(tmp_path: Path) -> None:
    made = make_vault(tmp_path / "home")
    record(made, "rec.1.1", SOUND)
    SealJob(made, claim(made)).finish()
    refused = run(made, "list")
    assert "the vault does not answer" in str(refused.exception)
