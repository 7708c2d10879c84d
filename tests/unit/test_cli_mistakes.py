"""What an administrator gets wrong: one clear line, an exit code, and nothing changed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from clinicpbx.cli import main as cli
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[2] / "examples" / "harbor"

Capture = pytest.CaptureFixture[str]
MISTAKES = [
    (["voicemail", "list", "nosuch"], 1, "no mailbox 'nosuch'. There are frontdesk, manager, nurse, refills"),
    (["voicemail", "list", "../keys"], 65, "is no name of a mailbox"),
    (["voicemail", "verify", "nosuch"], 1, "no mailbox"),
    (["voicemail", "show", "frontdesk", "m1"], 69, "the vault does not answer"),
    (["voicemail", "pin", "nosuch"], 1, "no mailbox"),
    (["rules", "check", "/nonesuch.yaml"], 1, "/nonesuch.yaml: cannot be read"),
    (["rules", "diff", "--against", "000099"], 1, "no version '000099'"),
    (["rules", "rollback", "000099"], 1, "no version '000099'"),
    (["rules", "rollback", "current"], 1, "no version 'current'"),
    (["rules", "render", "--to", "/proc/nonesuch"], 1, "/proc/nonesuch: No such file"),
    (["rules", "explain", "--dial", "+12075550100", "--press", "x"], 2, "'x' is no key"),
    (["rules", "explain", "--dial", "+12075550100", "--at", "noon"], 1, "'noon' is no time"),
    (["rules", "explain", "--dial", "1"], 1, "no flow answers 1"),
    (["calls", "list"], 69, "there are no records yet"),
    (["calls", "list", "--since", "99999999999d"], 2, "is no time"),
    (["report", "nosuch"], 2, "no report 'nosuch'"),
    (["report", "call_volume", "--from", "2026-02-01", "--to", "2026-01-01"], 2, "--to must be after --from"),
    (["notify", "list"], 69, "there are no records yet"),
    (["notify", "test", "nobody"], 1, "no target 'nobody'"),
    (["notify", "retry"], 2, "name the deliveries, or --all"),
    (["db", "status"], 69, "there are no records yet"),
    (["inbox", "list"], 69, "there are no records yet"),
    (["inbox", "claim", "seventeen"], 2, "not a valid integer"),
    (["agent", "login", "ana"], 69, "the daemon does not answer"),
    (["queue", "status", "desk"], 69, "the daemon does not answer"),
    (["status"], 69, "the daemon does not answer"),
    (["prepare", "--example", "harbour"], 2, "'harbour' is not"),
    (["prepare", "--owner", "nobody-at-all"], 1, "no user 'nobody-at-all'"),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A prepared instance with rules in force."""
    instance = Instance(tmp_path / "home")
    instance.keys.mkdir(parents=True)
    shutil.copytree(HARBOR, instance.rules)
    shutil.copytree(HARBOR, instance.versions / "000001" / "rules")
    instance.current.symlink_to("000001")
    (instance.versions / "lock").touch()
    return instance.home


def refused(home: Path, words: list[str], capsys: Capture) -> tuple[int, str]:
    """The exit code, and what stands on stderr; stdout stays empty."""
    with pytest.raises(SystemExit) as end:
        cli.main(["--home", str(home), *words])
    out, err = capsys.readouterr()
    assert out == ""
    assert isinstance(end.value.code, int)
    return end.value.code, err


def tree(home: Path) -> list[tuple[str, float]]:
    return sorted(
        (str(path), path.lstat().st_mtime)
        for path in home.rglob("*")
        if path.name != "lock" and "audit" not in path.parts[-2:]
    )


@pytest.mark.parametrize(("words", "code", "says"), MISTAKES, ids=[" ".join(words) for words, *_ in MISTAKES])
def test_a_mistake_is_one_line_and_changes_nothing(
    home: Path, words: list[str], code: int, says: str, capsys: Capture
) -> None:
    before = tree(home)
    found, err = refused(home, words, capsys)
    assert (found, says in err) == (code, True), err
    assert code == 2 or err.count("\n") == 1
    assert "Traceback" not in err
    assert tree(home) == before


@pytest.mark.parametrize(
    "words",
    [
        ["voicemail", "list"],
        ["voicemail", "list", "desk"],
        ["agent", "list"],
        ["calls", "list"],
        ["db", "upgrade"],
        ["rules", "apply"],
        ["run", "daemon"],
        ["run", "listener"],
        ["run", "rescuer"],
        ["run", "notifier"],
        ["notify", "list"],
        ["demo"],
    ],
    ids=" ".join,
)
def test_a_folder_that_is_no_instance_stays_as_it_is(tmp_path: Path, words: list[str], capsys: Capture) -> None:
    code, err = refused(tmp_path, words, capsys)
    assert (code, err.startswith(f"clinicpbx: {tmp_path}: there is no instance here. Name another")) == (1, True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("url", ["garbage", "mysql://user:secret@host/name"])
def test_a_database_that_we_do_not_speak(
    home: Path, url: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICPBX_DATABASE_URL", url)
    code, err = refused(home, ["calls", "list"], capsys)
    assert (code, "CLINICPBX_DATABASE_URL" in err, "Use sqlite:///PATH" in err, "secret" in err) == (
        1,
        True,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("fault", "code"), [(PermissionError(13, "Permission denied", "/x"), 77), (OSError(5, "I/O error", "/x"), 1)]
)
def test_what_the_file_system_refuses_names_the_file(
    fault: OSError, code: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(Instance, "at", fails)
    with pytest.raises(SystemExit) as end:
        cli.main(["status"])
    assert end.value.code == code
    err = capsys.readouterr().err
    assert err.startswith(f"clinicpbx: /x: {fault.strerror}")
    assert ("Run it as root" in err) == (code == 77)


def commands(group: click.Group, words: str = "clinicpbx") -> Iterator[tuple[str, click.Command]]:
    """Every command below *group*, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield f"{words} {name}", found
        if isinstance(found, click.Group):
            yield from commands(found, f"{words} {name}")


ALL = dict(commands(cli.command))
WITHOUT_ROWS = {"schema", "render", "apply", "rollback", "export", "delete", "pin", "login", "logout", "pause"}
WITHOUT_ROWS |= {"unpause", "upgrade", "downgrade", "daemon", "listener", "notifier", "rescuer"}
WITHOUT_ROWS |= {"asterisk", "completion", "retry"}
WITHOUT_ROWS |= {"prepare", "map", "on", "off", "reference", "new", "import-csv", "number", "close", "add", "remove"}
WITHOUT_ROWS |= {"mode"}
WITHOUT_ROWS |= {"checkpoint"}
WITHOUT_ROWS |= {"claim", "release", "note", "call", "reopen"}
WITHOUT_ROWS |= {"checkpoint", "vault", "hear", "hold", "unhold"}
WITHOUT_ROWS |= {"destroy", "escrow", "restore", "rotate", "unlock"}
WITHOUT_ROWS |= {"accept", "confirm", "cover", "uncover"}


@pytest.mark.parametrize("words", ALL)
def test_every_help_has_an_example_that_begins_with_the_command(words: str) -> None:
    text = ALL[words].help or ""
    assert "Example" in text
    assert any(words.rpartition(" ")[2] in line for line in text.partition("Example")[2].splitlines()), text


@pytest.mark.parametrize("words", [words for words, found in ALL.items() if not isinstance(found, click.Group)])
def test_what_prints_rows_prints_json(words: str) -> None:
    options = {option for param in ALL[words].params for option in param.opts}
    assert ("--json" in options) == (words.rpartition(" ")[2] not in WITHOUT_ROWS)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("voicemail list f", "plain,frontdesk"),
        ("voicemail pin re", "plain,refills"),
        ("report serv", "plain,service_level"),
        ("rules rollback 0", ""),
    ],
)
def test_names_of_the_instance_are_completed(home: Path, line: str, offered: str) -> None:
    words = f"clinicpbx --home {home} {line}"
    env = {"_CLINICPBX_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    assert CliRunner().invoke(cli.command, [], prog_name="clinicpbx", env=env).output.strip() == offered


def test_the_daemons_own_mistakes_keep_their_exit_code(tmp_path: Path) -> None:
    with pytest.raises(ClinicPBXError) as refusal:
        ask_daemon(Instance(tmp_path), {"do": "status"})
    assert refusal.value.exit_code == 69
