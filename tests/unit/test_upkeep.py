"""What goes wrong while nobody looks is counted: a certificate that runs out, rows that Asterisk could not write."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from clinicpbx.adapters.asterisk.certificate import days_left, make_certificate
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.daemon.upkeep import Fact, Upkeep
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

pytestmark = pytest.mark.unit
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
