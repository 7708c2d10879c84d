"""The ways to people, with real neighbours on loopback: what counts as taken, and what never happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clinicpbx.adapters.notify import http
from clinicpbx.adapters.notify.answer import Answer
from clinicpbx.adapters.notify.http import NotHttp, ask
from clinicpbx.adapters.notify.mail import letter, send
from clinicpbx.adapters.notify.message import tell_phone
from clinicpbx.adapters.notify.webhook import post, read_secret
from clinicpbx.core.notify.targets import MailServer
from tests.support.neighbours import HOST, PASSWORD, SECRET, USER, MailHost, Receiver, free_port, make_certificate

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 24, 20, 5, tzinfo=UTC)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That of every neighbour; this process trusts it."""
    path = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


async def hook(url: str) -> Answer:
    return await post(url, read_secret(SECRET, ""), "0f", {"type": "clinicpbx.test"}, datetime.now(UTC))


def mail(port: int, *, security: str = "starttls", password: str = PASSWORD, user: str = USER) -> Answer:
    server = MailServer(HOST, port, security, "pbx@clinic.example", user)
    return send(server, password, letter(server, "manager@clinic.example", "0f", "Zürich", "Hello", NOW))


async def test_a_webhook_is_signed_and_names_itself(certificate: Path) -> None:
    with Receiver(certificate) as receiver:
        assert await hook(receiver.url) == Answer(True, "204 No Content")
    (got,) = receiver.got
    assert got.genuine
    assert got.headers["webhook-id"] == got.headers["idempotency-key"] == "0f"
    assert got.document == {"type": "clinicpbx.test"}


@pytest.mark.parametrize("status", [302, 307, 400, 410, 500])
async def test_another_answer_is_no_and_a_redirect_leads_nowhere(certificate: Path, status: int) -> None:
    with Receiver(certificate, status=status) as receiver:
        answer = await hook(receiver.url)
    assert not answer.taken
    assert answer.said.startswith(str(status))
    assert receiver.asked == ["/hook?clinic=1"]


async def test_a_receiver_that_nobody_vouches_for_gets_nothing(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with Receiver(certificate) as receiver:
        answer = await hook(receiver.url)
    assert not answer.taken
    assert "certificate" in answer.said
    assert receiver.asked == []


async def test_another_hosts_certificate_does_not_do(certificate: Path) -> None:
    with Receiver(certificate) as receiver:
        answer = await hook(receiver.url.replace(HOST, "127.0.0.2"))
    assert not answer.taken
    assert receiver.asked == []


async def test_a_receiver_that_never_ends_its_answer_is_not_waited_for() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)

    async with await asyncio.start_server(drip, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await ask("POST", f"http://{HOST}:{port}/x", {}, b"{}", seconds=0.3)
        assert time.monotonic() - began < 2


async def test_a_receiver_that_is_down_is_said() -> None:
    answer = await hook(f"https://{HOST}:{free_port()}/hook")
    assert not answer.taken
    assert "Connect call failed" in answer.said


async def test_a_name_that_no_host_can_have_is_said() -> None:
    answer = await hook("https://a..b/hook")
    assert answer == Answer(False, "no host can have that name")


async def answering(raw: bytes, then: Callable[[str], Awaitable[object]]) -> object:
    """What *then* makes of a server that reads a request and answers *raw*."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        writer.close()

    async with await asyncio.start_server(talk, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await then(f"http://{HOST}:{port}/x")


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.0 204 \r\n\r\n", 204, b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", 202, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n{}", 200, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 9000 + b"\r\n\r\n{}", 200, b""),
    ],
)
async def test_answers_are_read(raw: bytes, status: int, body: bytes) -> None:
    found = await answering(raw, lambda url: ask("GET", url, {}))
    assert isinstance(found, tuple)
    assert (found[0], found[2]) == (status, body)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (http.MOST_READ * 2),
    ],
)
async def test_what_is_not_http_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(NotHttp):
        await answering(raw, lambda url: ask("GET", url, {}))


def test_a_mail_is_encrypted_logs_in_and_arrives(certificate: Path) -> None:
    with MailHost(certificate) as host:
        assert mail(host.port).taken
    ((envelope, got),) = host.got
    assert (envelope.mail_from, envelope.rcpt_tos) == ("pbx@clinic.example", ["manager@clinic.example"])
    assert (got["Subject"], got.get_content().strip(), host.ids) == ("Zürich", "Hello", ["0f"])


def test_a_server_without_encryption_gets_neither_password_nor_mail(certificate: Path) -> None:
    with MailHost(certificate, plain=True) as host:
        answer = mail(host.port)
    assert not answer.taken
    assert "STARTTLS" in answer.said
    assert host.got == []


def test_a_server_that_nobody_vouches_for_gets_no_mail(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with MailHost(certificate) as host:
        assert not mail(host.port).taken
    assert host.got == []


def test_what_the_server_says_is_said(certificate: Path) -> None:
    with MailHost(certificate) as host:
        wrong = mail(host.port, password="wrong")
        host.refuses = "550 5.1.1 no such user here"
        refused = mail(host.port)
    assert (wrong.taken, refused.taken) == (False, False)
    assert wrong.said.startswith("535")
    assert refused.said == "550 5.1.1 no such user here"


def test_a_server_on_this_machine_needs_no_encryption(certificate: Path) -> None:
    with MailHost(certificate, plain=True) as host:
        assert mail(host.port, security="none", user="").taken
    assert host.ids == ["0f"]


def test_a_server_that_is_down_is_said() -> None:
    assert "refused" in mail(free_port()).said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"state":"offline"}', "the phone 201 is not reachable"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "Asterisk: 404 Not Found"),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "Asterisk: 401 Unauthorized"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "the phone 201 is not reachable"),
        (b"", "it hung up, or does not speak HTTP"),
    ],
)
async def test_a_phone_that_asterisk_cannot_reach_has_not_got_it(raw: bytes, said: str) -> None:
    found = await answering(raw, lambda url: tell_phone(url.split("/")[2], "secret", "201", "text"))
    assert found == Answer(False, said)
