"""clinicpbx doctor: each check says what is wrong and what to do, and none ends the others."""

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.migrate import downgrade
from clinicpbx.adapters.db.tables import pending
from clinicpbx.adapters.reserve import keep
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import House
from clinicpbx.cli.main import command
from clinicpbx.daemon.records_metrics import RecordsMetrics
from clinicpbx.paths import Instance
from tests.support.disks import SIZE, disk
from tests.support.record_database import make_database, make_instance, write_call
from tests.support.record_tables import read_table

pytestmark = pytest.mark.unit
CALL = read_table(Path(__file__).parents[1] / "scenario" / "records" / "answered_from_queue.txt")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.delenv("CLINICPBX_DATABASE_URL", raising=False)
    made = make_instance(tmp_path)
    asyncio.run(make_database(f"sqlite:///{made.database}"))
    return made


def run(instance: Instance, *words: str) -> Result:
    return CliRunner().invoke(command, ["--home", str(instance.home), "doctor", *words])


def found(instance: Instance, name: str) -> list[tuple[str, str]]:
    return [(finding.state, finding.says) for finding in CHECKS[name].findings(House(instance))]


def test_an_instance_in_which_nothing_runs_is_told_so_with_what_to_do(instance: Instance) -> None:
    result = run(instance, "--json")
    rows = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {row["check"] for row in rows} == {check.title for check in CHECKS.values()}
    assert all(row["do"] for row in rows if row["state"] == "wrong"), rows
    wrong = {row["check"] for row in rows if row["state"] == "wrong"}
    assert {"Asterisk", "Daemon", "Listener", "Notifier", "Rescuer", "Vault"} <= wrong
    assert {row["state"] for row in rows if row["check"] in ("Main database", "Call records")} == {"well"}
    table = run(instance)
    assert (table.exit_code, len(table.stdout.splitlines())) == (1, len(rows) + 1)
    assert f"{sum(row['state'] == 'wrong' for row in rows)} of {len(rows)} findings are wrong." in table.stderr


def test_a_database_that_is_not_there_or_of_another_version(instance: Instance) -> None:
    async def go_back() -> None:
        engine = make_engine(f"sqlite:///{instance.database}", migrates=True)
        await downgrade(engine, "0003")
        await engine.dispose()

    asyncio.run(go_back())
    assert found(instance, "database")[0][1].startswith("its schema is 0003, not ")
    instance.database.unlink()
    assert [state for state, _ in found(instance, "database")] == ["wrong"]
    assert [state for state, _ in found(instance, "records")] == ["unknown"]
    assert not instance.database.exists()


def test_rows_that_wait_and_rows_that_make_no_record(instance: Instance) -> None:
    write_call(instance, CALL)
    rows = len(CALL.cel) + len(CALL.cdr) + len(CALL.fact)
    assert found(instance, "spools") == [("well", f"{rows} rows wait")]
    for n in range(80):
        write_call(instance, type(CALL)(cel=CALL.cel), str(n))
    waiting = 81 * len(CALL.cel)
    assert found(instance, "spools") == [("wrong", f"{waiting} rows wait in cel.db; none is lost")]

    async def fail() -> None:
        engine = make_engine(f"sqlite:///{instance.database}", writes=True)
        async with engine.begin() as connection:
            await connection.execute(pending.insert().values(id="clinic-1.1", failed=True))
        await engine.dispose()

    asyncio.run(fail())
    assert found(instance, "records")[0][1].startswith("the rows of 1 calls make no record, such as clinic-1.1")
    instance.cel_spool.unlink()
    assert found(instance, "spools")[0] == ("wrong", f"there is no {instance.cel_spool}")


def test_a_listener_that_does_not_turn_and_one_that_finds_no_database(instance: Instance) -> None:
    path, metrics = instance.run / "listener.prom", RecordsMetrics()

    class Moved:
        moved, faults = 7, 0

    metrics.write(path, Moved())  # type: ignore[arg-type]
    assert found(instance, "listener")[0][1].startswith("the listener cannot store records")
    metrics.stored.set(1)
    metrics.write(path, Moved())  # type: ignore[arg-type]
    assert found(instance, "listener") == [("well", "it turns, 7 rows since its start")]
    metrics.audit.set(0)
    metrics.write(path, Moved())  # type: ignore[arg-type]
    assert found(instance, "listener") == [("wrong", "the audit log is not sound")]
    long_ago = time.time() - 100
    os.utime(path, (long_ago, long_ago))
    assert found(instance, "listener")[0][1].startswith("the listener is dead or hangs: its last turn was 1")


def test_the_last_count_is_told_by_name_and_has_an_age(instance: Instance) -> None:
    assert found(instance, "reconciliation") == [("unknown", "nothing was counted yet")]
    now = datetime.now(UTC)
    even = {"at": now.isoformat(), "started": 4, "ended": 3, "interrupted": 1, "differences": {}, "for_example": {}}
    instance.reconciliations.write_text(f"{json.dumps(even)}\n{{torn")
    assert found(instance, "reconciliation")[0][0] == "well"
    uneven = even | {"differences": {"cdr_without_cel": 2}, "for_example": {"cdr_without_cel": ["clinic-1.1"]}}
    late = uneven | {"at": (now - timedelta(hours=3)).isoformat()}
    instance.reconciliations.write_text(f"{json.dumps(even)}\n{json.dumps(late)}\n")
    said = found(instance, "reconciliation")
    assert [state for state, _ in said] == ["wrong", "wrong"]
    assert said[1][1] == "cdr without cel: 2, such as clinic-1.1"


def test_a_full_disk_is_told_with_how_much_to_free(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    left = disk(monkeypatch)
    left(2 * SIZE)
    (said,) = CHECKS["disk"].findings(House(instance))
    assert (said.state, said.says.partition(",")[0], said.do) == ("wrong", "the disk is full", "free 1 MiB")
    left(2 * SIZE + 1)
    (said,) = CHECKS["disk"].findings(House(instance))
    assert (said.state, said.says.partition(";")[0]) == ("wrong", "no reserve is kept")
    keep({"home": instance.home})
    assert found(instance, "disk") == [("well", f"2 MiB left in {instance.home}, 1 MiB in reserve")]


def test_a_rescuer_that_does_not_turn(instance: Instance) -> None:
    path = instance.run / "rescuer.prom"
    path.touch()
    assert found(instance, "rescuer") == [("well", "it turns")]
    long_ago = time.time() - 40
    os.utime(path, (long_ago, long_ago))
    assert found(instance, "rescuer")[0][1].startswith("the rescuer is dead or hangs: its last turn was 4")


def test_before_it_was_looked_at_nobody_is_told_that_the_audit_log_was_changed() -> None:
    assert RecordsMetrics().registry.get_sample_value("clinicpbx_audit_sound") == 1
