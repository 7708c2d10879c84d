"""The units as install.sh writes them: systemd reads them without a word, and ours are hardened."""

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import click
import pytest

from clinicpbx.cli.main import command

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze"),
]

SYSTEMD = Path(__file__).parents[2] / "systemd"
OURS = (
    "clinicpbx-daemon.service",
    "clinicpbx-listener.service",
    "clinicpbx-notifier.service",
    "clinicpbx-rescuer.service",
    "clinicpbx-vault.service",
)
MOST_EXPOSED = 2.0


def run(*words: str | Path, code: int = 0) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    run(SYSTEMD / "install.sh", "--root", folder)
    return folder


@pytest.fixture(scope="module")
def units(root: Path) -> Path:
    return root / "etc" / "systemd" / "system"


@pytest.mark.parametrize("where", ["host", "root"])
def test_systemd_reads_every_unit_without_a_word(units: Path, tmp_path: Path, where: str) -> None:
    """Programs that are installed by other means are stood in for by `true`."""
    for unit in (*units.glob("*.service"), *units.glob("*.target")):
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    where_conf = tmp_path / "clinicpbx-asterisk.service.d" / "where.conf"
    where_conf.parent.mkdir()
    shipped = (SYSTEMD / "asterisk" / f"{where}.conf").read_text()
    where_conf.write_text(shipped.replace("/var/lib/clinicpbx-asterisk", "/"))
    names = sorted(path for path in tmp_path.iterdir() if path.is_file())
    said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *names)
    assert [line for line in said.splitlines() if "clinicpbx" in line] == []


@pytest.mark.parametrize("name", OURS)
def test_ours_are_hardened(units: Path, name: str) -> None:
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", units / name)
    exposure = re.search(r"Overall exposure level.*: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) <= MOST_EXPOSED, said


@pytest.mark.parametrize("name", OURS)
def test_ours_are_watched_and_started_again(units: Path, name: str) -> None:
    unit, service = options(units / name, "Unit"), options(units / name, "Service")
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) <= 60
    assert service["WatchdogSignal"] == "SIGKILL"
    assert service["Restart"] == "always"
    assert unit["StartLimitIntervalSec"] == "0"
    assert service["LimitCORE"] == "0"
    assert "clinicpbx-asterisk.service" in unit["After"]
    assert "asterisk" not in unit.get("Requires", "") + unit.get("BindsTo", "")


def test_a_hung_daemon_is_killed_within_ten_seconds(units: Path) -> None:
    assert int(options(units / OURS[0], "Service")["WatchdogSec"]) <= 10


def test_asterisk_outlives_a_restart_of_the_target(units: Path) -> None:
    assert "PartOf" not in options(units / "clinicpbx-asterisk.service", "Unit")


def test_units_run_commands_that_exist(units: Path) -> None:
    for unit in units.glob("*.service"):
        words = options(unit, "Service")["ExecStart"].split()
        if Path(words[0]).name == "clinicpbx":
            assert_command(words[1:], unit.name)


def test_a_second_run_changes_nothing(root: Path) -> None:
    assert "/etc/" not in run(SYSTEMD / "install.sh", "--root", root)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert "would write" in run(SYSTEMD / "install.sh", "--dry-run", "--root", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_word_is_a_usage_error() -> None:
    assert "unknown option" in run(SYSTEMD / "install.sh", "--now", code=2)


def options(path: Path, section: str) -> dict[str, str]:
    reader = RawConfigParser(strict=False)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read(path)
    return dict(reader[section])


def assert_command(words: list[str], where: str) -> None:
    """The words name a command of ours, with options that it has."""
    with command.make_context("clinicpbx", [*words], resilient_parsing=True) as context:
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    assert found is not None, f"{where}: {words}"
    found.make_context(name, rest)
    if isinstance(found, click.Group):
        assert found.get_command(context, rest[0]) is not None, f"{where}: {words}"
