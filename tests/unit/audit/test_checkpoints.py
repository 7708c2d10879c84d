"""Checkpoints of a real log: when they are signed, what stops them, how they leave the machine."""

import asyncio
import json
import socket
import sqlite3
import ssl
import stat
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters import syslog
from clinicpbx.adapters.asterisk.certificate import make_certificate
from clinicpbx.adapters.db.audit import append_all
from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.core.audit.checkpoint import parse_note
from clinicpbx.core.audit.entry import Entry
from clinicpbx.daemon.audit_key import AuditKey, make_audit_key
from clinicpbx.daemon.checkpoints import EVERY, ROWS, Checkpoints, kept
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from tests.support.audit_log import tamper
from tests.support.record_database import make_database

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class House:
    def __init__(self, instance: Instance, engine: AsyncEngine) -> None:
        self.instance, self.engine, self.now = instance, engine, NOON
        self.settings = Settings(_env_file=None)

    def fresh(self) -> Checkpoints:
        return Checkpoints(self.instance, self.settings, self.engine, lambda: self.now)

    async def write(self, rows: int) -> None:
        async with self.engine.begin() as connection:
            await append_all(connection, [(Entry("ana", "x", str(n)), self.now) for n in range(rows)])

    def sizes(self) -> list[int]:
        return [each.checkpoint.size for each in kept(self.instance)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    instance = Instance(tmp_path)
    make_audit_key(instance)
    url = f"sqlite:///{instance.database}"
    await make_database(url)
    engine = make_engine(url, writes=True)
    yield House(instance, engine)
    await engine.dispose()


async def test_a_checkpoint_after_ten_minutes_in_which_something_was_written(house: House) -> None:
    checkpoints = house.fresh()
    await house.write(3)
    await checkpoints.step()
    assert house.sizes() == []
    house.now += EVERY
    await checkpoints.step()
    assert house.sizes() == [3]
    house.now += 2 * EVERY
    await checkpoints.step()
    assert house.sizes() == [3]
    (signed,) = kept(house.instance)
    assert signed.checkpoint.at == "2026-03-01T12:10:00Z"
    assert AuditKey(house.instance).signed(signed)


async def test_a_checkpoint_after_a_thousand_rows(house: House) -> None:
    checkpoints = house.fresh()
    await house.write(ROWS - 1)
    await checkpoints.step()
    await house.write(1)
    await checkpoints.step()
    assert house.sizes() == [ROWS]


async def test_a_restart_goes_on_from_the_last_checkpoint(house: House) -> None:
    await house.write(ROWS)
    await house.fresh().step()
    await house.write(ROWS)
    again = house.fresh()
    await again.step()
    assert again.fault is None
    assert house.sizes() == [ROWS, 2 * ROWS]


@pytest.mark.parametrize(
    "statement", ["DELETE FROM audit WHERE seq > 900", "UPDATE audit SET actor = 'eve' WHERE seq = 7"]
)
async def test_a_log_that_is_not_the_one_signed_is_signed_no_more(house: House, statement: str) -> None:
    await house.write(ROWS)
    await house.fresh().step()
    tamper(house.instance, statement)
    again = house.fresh()
    await again.step()
    assert again.fault is not None
    await again.step()
    assert house.sizes() == [ROWS]


async def test_it_leaves_the_machine_by_a_folder_and_is_never_written_over(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    house.settings = Settings(_env_file=None, audit_folder=folder)
    checkpoints = house.fresh()
    await house.write(ROWS)
    await checkpoints.step()  # the folder is not mounted
    assert house.sizes() == [ROWS]
    folder.mkdir()
    await checkpoints.step()
    (file,) = folder.iterdir()
    assert file.name.endswith("-000000001000.checkpoint")
    assert parse_note(file.read_text()) == kept(house.instance)[0]
    file.write_text("kept")
    await house.fresh().step()
    assert file.read_text() == "kept"


def listening(context: ssl.SSLContext | None = None) -> tuple[int, Callable[[], bytes]]:
    """A syslog host for one message: its port, and what it got."""
    server = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []

    def serve() -> None:
        stream, _ = server.accept()
        with suppress(ssl.SSLError), context.wrap_socket(stream, server_side=True) if context else stream as stream:
            while part := stream.recv(4096):
                got.append(part)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def taken() -> bytes:
        thread.join(10)
        server.close()
        return b"".join(got)

    return server.getsockname()[1], taken


def read(framed: bytes) -> str:
    length, _, text = framed.partition(b" ")
    assert int(length) == len(text)
    return text.decode()


async def test_it_leaves_the_machine_by_syslog(house: House) -> None:
    port, taken = listening()
    house.settings = Settings(_env_file=None, audit_syslog=f"tcp://127.0.0.1:{port}")
    await house.write(ROWS)
    checkpoints = house.fresh()
    await checkpoints.step()
    words = read(await asyncio.to_thread(taken)).split(" ", 7)
    assert words[:2] == ["<109>1", "2026-03-01T12:00:00.000Z"]
    assert words[3:7] == ["clinicpbx", "-", "checkpoint", "-"]
    assert parse_note(json.loads(words[7])["checkpoint"]) == kept(house.instance)[0]
    await checkpoints.step()  # not a second time: nobody listens any more


def test_syslog_over_tls_asks_for_a_certificate_it_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = Instance(tmp_path)
    instance.tls.mkdir(parents=True)
    make_certificate(instance, Settings(_env_file=None))  # of 127.0.0.1
    certificate, key = instance.tls / "certificate.pem", instance.tls / "key.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    framed = syslog.message("clinicpbx", "checkpoint", "x", NOON)
    port, _ = listening(context)
    with pytest.raises(OSError, match=r"(?i)certificate"):
        syslog.send(f"tls://127.0.0.1:{port}", framed)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port, taken = listening(context)
    syslog.send(f"tls://127.0.0.1:{port}", framed)
    assert taken() == framed


@pytest.mark.parametrize("url", ["", "udp://host", "tcp://", "tcp://host:x", "host:514"])
def test_what_is_no_syslog_host(url: str) -> None:
    with pytest.raises(ClinicPBXError, match="is no syslog host"):
        syslog.target(url)
    assert syslog.target("tls://host") == ("tls", "host", 6514)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    with pytest.raises(ClinicPBXError, match="has no key"):
        AuditKey(instance)
    assert make_audit_key(instance)
    assert not make_audit_key(instance)
    assert stat.S_IMODE((instance.keys / "audit.key").stat().st_mode) == 0o600
    assert (instance.keys / "audit.pub").read_text() == f"{AuditKey(instance).verifier}\n"
    (instance.keys / "audit.key").write_bytes(b"x")
    with pytest.raises(ClinicPBXError, match="not a key"):
        AuditKey(instance)


def test_only_appending_is_possible_without_taking_the_triggers_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/main.db"
    asyncio.run(make_database(url))
    with sqlite3.connect(tmp_path / "main.db") as database, pytest.raises(sqlite3.IntegrityError):
        database.execute("INSERT INTO audit VALUES (2, '', '', '', '', '', '', '')")
    database.close()
