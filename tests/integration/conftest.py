"""Fixtures of the integration tests: a bed and a PostgreSQL a worker, phones and an empty database a test."""

import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.demo.phones import Phones
from tests.support.bed import Bed, running_bed
from tests.support.harbor import Harbor, running_harbor
from tests.support.postgres import Cluster, cluster
from tests.support.record_database import make_database


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bed]:
    """A running instance, shared by all tests of a worker. Its logs stay where a test failed."""
    home = tmp_path_factory.mktemp("bed")
    with running_bed(home) as bed:
        yield bed
    if not request.session.testsfailed:
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def harbor(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Harbor]:
    """The example clinic with Asterisk, daemon and listener, shared by all tests of a worker."""
    folder = tmp_path_factory.mktemp("harbor")
    with running_harbor(folder) as harbor:
        yield harbor
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A running PostgreSQL, shared by all tests of a worker."""
    with cluster() as made:
        yield made


@pytest.fixture
def postgres(postgres_cluster: Cluster) -> str:
    """The URL of a database without tables in PostgreSQL."""
    postgres_cluster.empty()
    return postgres_cluster.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/main.db"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a database with the newest schema and no rows."""
    await make_database(url)
    made = make_engine(url, writes=True)
    yield made
    await made.dispose()


@pytest.fixture
async def phones() -> AsyncIterator[Phones]:
    async with Phones() as phones:
        yield phones


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A failed test shows what Asterisk and the programs wrote."""
    report = yield
    found = getattr(item, "funcargs", {})
    bed = found["harbor"].bed if "harbor" in found else found.get("bed")
    if report.failed and isinstance(bed, Bed):
        report.sections.append((f"logs of {bed.instance.home}", bed.logs()))
    return report
