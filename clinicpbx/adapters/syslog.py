"""One message to a syslog host: RFC 5424, over TLS (RFC 5425) or plain TCP (RFC 6587), with octet counting."""

import socket
import ssl
from contextlib import ExitStack
from datetime import UTC, datetime
from urllib.parse import urlsplit

from clinicpbx.errors import ClinicPBXError

AUDIT_NOTICE = 13 * 8 + 5
"""RFC 5424, section 6.2.1: facility "log audit", severity "notice"."""
PORTS = {"tls": 6514, "tcp": 601}
PATIENCE = 5.0  # seconds


def target(url: str) -> tuple[str, str, int]:
    """Kind (tls or tcp), host and port of *url*; ClinicPBXError where it is none."""
    try:
        found = urlsplit(url)
        if found.scheme in PORTS and found.hostname:
            return found.scheme, found.hostname, found.port or PORTS[found.scheme]
    except ValueError:
        pass
    do = "Write tls://HOST:PORT or tcp://HOST:PORT"
    raise ClinicPBXError(f"{url!r} is no syslog host", where="CLINICPBX_AUDIT_SYSLOG", do=do)


def message(name: str, kind: str, text: str, at: datetime) -> bytes:
    """A message of program *name* with the message id *kind*, framed."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = f"<{AUDIT_NOTICE}>1 {moment} {socket.gethostname() or '-'} {name} - {kind} - {text}".encode()
    return b"%d %s" % (len(body), body)


def send(url: str, framed: bytes) -> None:
    """Hands *framed* to the host at *url*, whose certificate must be good for its name (SSL_CERT_FILE adds trust).

    Syslog has no receipt: that it was taken is not proved. Errors: OSError where it cannot be handed over.
    """
    kind, host, port = target(url)
    with ExitStack() as open_:
        stream = open_.enter_context(socket.create_connection((host, port), PATIENCE))
        if kind == "tls":
            stream = open_.enter_context(ssl.create_default_context().wrap_socket(stream, server_hostname=host))
        stream.sendall(framed)
