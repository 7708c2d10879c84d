"""One HTTP/1.1 request: TLS is verified, redirects are not followed, and all of it ends in time."""

import asyncio
import ssl
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from urllib.parse import urlsplit

SECONDS = 10.0  # from the first look at a name to the end of the answer
MOST_READ = 64 * 1024  # bytes of an answer's head, and of its body


class NotHttp(OSError):
    """Something else than HTTP was answered."""


async def ask(
    method: str, url: str, headers: Mapping[str, str], body: bytes = b"", seconds: float = SECONDS
) -> tuple[int, str, bytes]:
    """Status, reason and body (its first 64 KiB, where its length is said).

    Certificates are those of the system, or of SSL_CERT_FILE. Errors: OSError, TimeoutError after *seconds*.
    """
    parts = urlsplit(url)
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    async with asyncio.timeout(seconds):
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure, limit=MOST_READ)
        except UnicodeError:
            raise NotHttp("no host can have that name") from None
        try:
            writer.write(_request(method, url, headers, body))
            await writer.drain()
            return await _answer(reader)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise NotHttp("it hung up, or does not speak HTTP") from None
        finally:
            writer.transport.abort()


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in {**headers, "Content-Length": str(len(body))}.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str, bytes]:
    status = 100
    while status < 200:  # RFC 9110, 15.2: interim answers come first
        head = await reader.readuntil(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        version, _, said = first.decode("latin-1").partition(" ")
        code, _, reason = said.partition(" ")
        if not version.startswith("HTTP/1.") or not (len(code) == 3 and code.isascii() and code.isdigit()):
            raise NotHttp("it does not speak HTTP")
        status = int(code)
    length = str(BytesHeaderParser().parsebytes(rest).get("Content-Length", "0"))
    sound = length.isascii() and length.isdigit() and len(length) < 10
    return status, reason, await reader.readexactly(min(int(length), MOST_READ) if sound else 0)
