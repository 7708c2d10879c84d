"""What goes wrong while nobody looks is counted: a certificate that runs out, rows that Asterisk could not write."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from clinicpbx.adapters.asterisk.certificate import days_left, make_certificate
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.daemon.app import Daemon
from clinicpbx.daemon.upkeep import Fact, Upkeep
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from tests.support.disks import SIZE, disk

pytestmark = pytest.mark.unit
EXAMPLE = Path(__file__).parents[2] / "examples" / "harbor"
NOW = datetime.now(UTC) + timedelta(minutes=1)  # later than the certificate of any test is made
LINE = "[2026-11-25 22:34:50.813] ERROR[30962] cdrel_custom/writers.c: Unable to write {} to database /x. Error: full\n"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = Instance(tmp_path)
    made.tls.mkdir(parents=True)
    (made.asterisk / "log").mkdir()
    make_certificate(made, Settings())
    return made


def made(instance: Instance, metrics: Metrics, fact: Fact = lambda *_: None) -> Upkeep:
    return Upkeep(instance, Settings(database_url=f"sqlite:///{instance.database}"), metrics, fact)


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_the_days_of_the_certificate_are_counted_down(instance: Instance) -> None:
    left = days_left(instance, NOW)
    assert left is not None
    assert 3649 < left < 3651
    metrics = Metrics()
    upkeep = made(instance, metrics)
    told, times = [], (3600, 3625, 3645, 3649, 3660)
    for days in times:
        upkeep.look(NOW + timedelta(days=days))
        told.append(upkeep.told()["certificate_days_left"])
    assert told == [math.floor(left - days) for days in times], "whole days, negative once it has expired"
    assert told[-1] < -9
    assert (sample(metrics, "clinicpbx_certificate_days_left") or 0) < -9


def test_each_limit_of_the_certificate_is_warned_of_once(instance: Instance) -> None:
    upkeep = made(instance, Metrics())
    lines = []
    left = days_left(instance, NOW) or 0.0
    for days in (50, 29, 28, 6, 0.5, 0.4):
        with capture_logs() as told:
            upkeep.look(NOW + timedelta(days=left - days))
        lines.append(sum("must be renewed" in line["event"] for line in told))
    assert lines == [0, 1, 0, 1, 1, 0]


def test_a_certificate_that_cannot_be_read_has_no_days(instance: Instance) -> None:
    (instance.tls / "certificate.pem").write_text("nonsense")
    upkeep = made(instance, Metrics())
    upkeep.look(NOW)
    assert upkeep.told()["certificate_days_left"] is None


def test_lost_rows_are_counted_from_the_start_of_the_daemon_and_across_a_rotation(instance: Instance) -> None:
    log = instance.asterisk / "log" / "messages"
    log.write_text(LINE.format("CEL"))  # of yesterday
    metrics = Metrics()
    upkeep, at = made(instance, metrics), NOW
    upkeep.look(at)
    assert upkeep.told()["lost_rows"] == 0
    with log.open("a") as more:
        more.write(LINE.format("CEL") * 3 + LINE.format("CDR") + "[x] NOTICE[1] nothing: Unable to write CEL to say\n")
        more.write(LINE.format("CDR")[:40])  # a line that is being written
    upkeep.look(at := at + timedelta(seconds=11))
    assert upkeep.told()["lost_rows"] == 4
    with log.open("a") as more:
        more.write(LINE.format("CDR")[40:])
    upkeep.look(at := at + timedelta(seconds=11))
    assert upkeep.told()["lost_rows"] == 5
    log.rename(log.with_suffix(".1"))
    log.write_text(LINE.format("CEL"))
    upkeep.look(at := at + timedelta(seconds=11))
    assert sample(metrics, "clinicpbx_records_lost_rows_total", spool="cel") == 4
    assert sample(metrics, "clinicpbx_records_lost_rows_total", spool="cdr") == 2
    upkeep.look(at + timedelta(days=1, seconds=11))
    assert upkeep.told()["lost_rows"] == 0, "seen to by then"


def test_a_full_disk_is_told_once_each_time_it_fills(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    left, facts, metrics = disk(monkeypatch), list[tuple[str, str, object]](), Metrics()
    upkeep = made(instance, metrics, lambda about, at, kind, body: facts.append((about, kind, body["kind"])))
    told = []
    for minute, free in enumerate((3 * SIZE, 0, 0, 0, 3 * SIZE, 0)):
        left(free)
        upkeep.look(NOW + timedelta(minutes=minute))
        full = upkeep.told()["disk_full"]
        assert sample(metrics, "clinicpbx_disk_full", place="home") == len(full)
        told.append((full, len(facts)))
    assert told == [([], 0), (["home"], 1), (["home"], 1), (["home"], 1), ([], 1), (["home"], 2)]
    first, second = (NOW + timedelta(minutes=minute) for minute in (1, 5))
    assert facts == [(f"disk-home-{at:%Y%m%dT%H%M}", "notify", "disk_full") for at in (first, second)]


async def test_a_fault_of_it_keeps_no_other_chore_from_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "versions" / "000001" / "rules"
    folder.mkdir(parents=True)
    for file in EXAMPLE.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    home = Instance(tmp_path)
    home.current.symlink_to("000001")
    home.keys.mkdir()
    daemon = Daemon(home, Settings())
    yesterday = daemon._day = daemon._today() - timedelta(days=1)

    def broken(at: datetime) -> None:
        raise OSError("Read-only file system")

    monkeypatch.setattr(daemon.upkeep, "look", broken)
    with pytest.raises(OSError, match="Read-only"):
        daemon._chores()
    assert daemon._day > yesterday
    daemon.journal.close()
