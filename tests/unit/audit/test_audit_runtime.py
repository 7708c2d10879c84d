"""The listener's care for the audit log, whatever is wrong with its files."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import Search, find
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.core.audit.entry import Entry
from clinicpbx.daemon.audit_runtime import AuditRuntime
from clinicpbx.daemon.audit_trail import Waiting, wait
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from tests.support.record_database import make_database

pytestmark = pytest.mark.unit


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    url = f"sqlite:///{Instance(tmp_path).database}"
    await make_database(url)
    made = make_engine(url, writes=True)
    yield made
    await made.dispose()


async def actions(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return [row.action for row in await find(connection, Search())]


async def test_it_makes_the_key_and_brings_in_what_waits(tmp_path: Path, engine: AsyncEngine) -> None:
    instance = Instance(tmp_path)
    wait(instance, Waiting(Entry("ana", "override.on"), datetime.now(UTC)))
    runtime = AuditRuntime(instance, Settings(_env_file=None), engine)
    await runtime.step()
    assert await actions(engine) == ["keys.make", "override.on"]
    wait(instance, Waiting(Entry("ana", "override.off"), datetime.now(UTC)))
    await runtime.step()
    assert (await actions(engine))[0] == "override.off"
    assert runtime.sound


@pytest.mark.parametrize("name", ["keys/audit.key", "audit/checkpoints"])
async def test_a_broken_file_is_told_and_stops_nothing_else(tmp_path: Path, engine: AsyncEngine, name: str) -> None:
    instance = Instance(tmp_path)
    broken = instance.home / name
    broken.parent.mkdir()
    broken.write_text("broken\n")
    runtime = AuditRuntime(instance, Settings(_env_file=None), engine)
    await runtime.step()
    assert not runtime.sound
    wait(instance, Waiting(Entry("ana", "override.off"), datetime.now(UTC)))
    await runtime.step()
    assert not runtime.sound
    assert "override.off" in await actions(engine)
    broken.unlink()
    (instance.keys / "audit.pub").unlink(missing_ok=True)
    runtime._look_at = 0.0
    await runtime.step()
    assert runtime.sound


async def test_a_database_that_is_away_is_the_listeners_matter(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    wait(instance, Waiting(Entry("ana", "override.off"), datetime.now(UTC)))
    away = make_engine(f"sqlite:///{tmp_path}/empty.db", writes=True)
    with pytest.raises(SQLAlchemyError):
        await AuditRuntime(instance, Settings(_env_file=None), away).step()
    await away.dispose()
    assert (instance.audit / "pending.moving").exists()
