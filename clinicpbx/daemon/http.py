"""/metrics, /healthz and /readyz over HTTP, for Prometheus and for load balancers. GET only, no names, no numbers."""

from collections.abc import Callable
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.daemon.metrics_file import left_by_others

PLAIN = "text/plain; charset=utf-8"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


async def serve_http(host: str, port: int, metrics: Metrics, ready: Callable[[], bool], run: Path) -> Server:
    """Listens on *host*:*port*. /healthz: it runs; /readyz: calls are taken; /metrics: *metrics*, and what other
    processes left in the folder *run*. OSError if the port is taken."""

    def page(connection: ServerConnection, request: Request) -> Response:
        match request.path.partition("?")[0]:
            case "/metrics":
                return _response(200, "OK", metrics.text() + left_by_others(run), EXPOSITION)
            case "/healthz":
                return _response(200, "OK", b"ok\n")
            case "/readyz" if ready():
                return _response(200, "OK", b"ready\n")
            case "/readyz":
                return _response(503, "Service Unavailable", b"not ready\n")
        return _response(404, "Not Found", b"not found\n")

    return await serve(_never, host, port, process_request=page, compression=None, open_timeout=5, server_header=None)


async def _never(connection: ServerConnection) -> None:
    """Every request is answered before it could become a WebSocket."""


def _response(status: int, reason: str, body: bytes, kind: str = PLAIN) -> Response:
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
    }
    return Response(status, reason, Headers(headers), body)
