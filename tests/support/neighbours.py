"""Neighbours of the notifier on loopback: a mail server and a receiver of webhooks, with a certificate."""

import base64
import hashlib
import hmac
import ipaddress
import json
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
USER, PASSWORD = "pbx", "a password of the tests"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost and 127.0.0.1 with its key, in one file: one that SSL_CERT_FILE may name."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    known = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    path = folder / "neighbours.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(
        certificate.public_bytes(encoding) + private.private_bytes(encoding, form, serialization.NoEncryption())
    )
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class MailHost:
    """A mail server with STARTTLS and a login, or (*plain*) with neither. *refuses*: it answers so to every mail."""

    def __init__(self, certificate: Path, *, plain: bool = False, port: int = 0) -> None:
        self.got: list[tuple[Envelope, EmailMessage]] = []
        self.refuses = ""
        more: dict[str, Any] = {}
        if not plain:
            more = {"tls_context": tls(certificate), "require_starttls": True, "auth_required": True}
            more["authenticator"] = self._knows
        self._controller = Controller(self, hostname=HOST, port=port or free_port(), **more)

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> "MailHost":
        self._controller.start()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._controller.stop()

    def _knows(self, server: Any, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=known, handled=False)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.got.append((envelope, mail))
        return "250 it is kept"

    @property
    def ids(self) -> list[str]:
        """The Message-IDs it got, each without its domain."""
        return [str(mail["Message-ID"]).strip("<>").partition("@")[0] for _, mail in self.got]


@dataclass
class Got:
    """What a receiver got; *genuine*: its signature, which the receiver computes for itself, is right."""

    headers: dict[str, str]
    document: dict[str, Any]
    genuine: bool


@dataclass
class Receiver:
    """Takes webhooks at https://127.0.0.1:PORT/hook. *status* is its answer, after *slow* seconds."""

    certificate: Path
    port: int = 0
    status: int = 204
    slow: float = 0.0
    got: list[Got] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/hook?clinic=1"

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.got]

    def __enter__(self) -> "Receiver":
        receiver = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver.asked.append(self.path)
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                receiver.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Got(headers, json.loads(body), genuine(headers, body)))
                time.sleep(receiver.slow)
                with suppress(OSError):
                    self.send_response(receiver.status)
                    self.send_header("Location", f"https://{HOST}:{receiver.port}/elsewhere")
                    self.end_headers()

            def log_message(self, format: str, *words: object) -> None:
                return

        self._server = ThreadingHTTPServer((HOST, self.port), Page)
        self.port = self._server.server_port
        self._server.socket = tls(self.certificate).wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def genuine(headers: dict[str, str], body: bytes) -> bool:
    """What a receiver does by the specification of Standard Webhooks."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    content = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), content, hashlib.sha256).digest()
    return headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def free_port() -> int:
    """A port of loopback that nobody holds now."""
    import socket

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def rules(mail: int, hook: str, *, security: str = "starttls") -> str:
    """A clinic's rules that tell `manager` by mail to *mail*, a port, `ops` by *hook*, and phone 201."""
    user = f", user: {USER}" if security != "none" else ""
    host = "localhost" if security == "none" else HOST
    return f"""\
clinic: {{name: "Harbour Clinic Zürich"}}
languages: {{en: English}}
sites: {{main: {{timezone: America/New_York}}}}
locations:
  desk: {{elin: "+12075550110", address: {{street: 1 Main Street, city: Portland, state: ME, postal_code: "04101"}}}}
phones: {{201: {{name: Front desk, location: desk}}}}
notify:
  mail: {{host: {host}, port: {mail}, security: {security}, sender: pbx@clinic.example{user}}}
  targets:
    manager: {{email: manager@clinic.example, events: [breached, callback_unreached]}}
    ops: {{webhook: "{hook}", events: [breached, self_test_failed]}}
    desk: {{message: 201, events: page_unanswered}}
"""
