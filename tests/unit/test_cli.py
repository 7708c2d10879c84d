"""The command line's frame: what it finds, how it refuses, how it prints."""

import json
import sys
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from clinicpbx import __version__
from clinicpbx.cli import main as cli
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.errors import NotReachable
from clinicpbx.private import Private

pytestmark = pytest.mark.unit

ROWS = [
    {"mailbox": "8100", "at": datetime(2026, 3, 1, 12, tzinfo=UTC), "heard": False, "note": None},
    {"mailbox": "8200", "at": datetime(2026, 3, 2, 12, tzinfo=UTC), "heard": True},
]


def test_every_module_is_a_command_with_help() -> None:
    for name in cli._names():
        found = cli.command.get_command(click.Context(cli.command), name)
        assert found is not None, f"clinicpbx/cli: {name} has no `command`"
        assert CliRunner().invoke(cli.command, [name, "--help"]).exit_code == 0


def test_help_names_commands_with_their_modules_line() -> None:
    result = CliRunner().invoke(cli.command, ["--help"])
    assert "Prints the completion script for bash, zsh or fish." in result.output


def test_version() -> None:
    assert __version__ in CliRunner().invoke(cli.command, ["--version"]).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    result = CliRunner().invoke(cli.command, ["completion", shell])
    assert result.exit_code == 0
    assert "_CLINICPBX_COMPLETE" in result.stdout


def test_completion_names_commands() -> None:
    words = {"_CLINICPBX_COMPLETE": "bash_complete", "COMP_WORDS": "clinicpbx compl", "COMP_CWORD": "1"}
    result = CliRunner().invoke(cli.command, [], prog_name="clinicpbx", env=words)
    assert result.output.strip() == "plain,completion"


def test_a_mistake_is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command("fails")
    def fails() -> None:
        raise NotReachable("no answer", where="127.0.0.1:8088", do="Start Asterisk")

    monkeypatch.setattr(cli, "_names", lambda: {"fails": "fails"})
    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: fails)
    with pytest.raises(SystemExit) as refused:
        cli.main(["fails"])
    assert refused.value.code == 69
    assert capsys.readouterr().err == "clinicpbx: 127.0.0.1:8088: no answer. Start Asterisk\n"


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(["complet"])
    assert refused.value.code == 2
    assert "completion" in capsys.readouterr().err


def test_json_rows_hold_the_columns_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show("Mailboxes", ["mailbox", "at", "note"], ROWS, as_json=True)
    say("two mailboxes")
    out, err = capsys.readouterr()
    assert json.loads(out)[1] == {"mailbox": "8200", "at": "2026-03-02T12:00:00+00:00", "note": None}
    assert err == "two mailboxes\n"


def test_a_table_without_a_terminal_is_one_plain_line_a_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    show("Mailboxes", ["mailbox", "at", "heard"], [*ROWS, {"mailbox": "[red]x" * 30}], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["mailbox", "at", "heard"],
        ["8100", "2026-03-01", "12:00:00", "UTC", "no"],
    ]
    assert lines[3].startswith("[red]x[red]x")
    assert len(lines) == 4


def test_what_must_not_be_overlooked_is_red_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    show("Queues", ["queue", "met"], [{"queue": "no", "met": "no"}, {"queue": "b", "met": "yes"}], False, {"met": "no"})
    assert capsys.readouterr().out.count("\x1b[1;31mno") == 1


def test_json_of_durations_and_private_values(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"wait": timedelta(seconds=90), "number": Private("5551234")})
    assert json.loads(capsys.readouterr().out) == {"wait": 90.0, "number": "<private>"}
