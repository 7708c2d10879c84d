"""The control socket and the HTTP pages, over real sockets."""

import asyncio
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import unix_connect

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.daemon.control import answer, serve_control
from clinicpbx.daemon.http import serve_http
from clinicpbx.daemon.records_metrics import RecordsMetrics
from clinicpbx.errors import ClinicPBXError

pytestmark = pytest.mark.unit


def refuse(wish: Mapping[str, Any]) -> Any:
    raise ClinicPBXError("no agent 'zoe'", do="See the list")


VERBS = {"echo": lambda wish: wish["word"], "refuse": refuse, "bug": lambda wish: 1 // 0}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('{"do": "echo", "word": "x"}', {"ok": "x"}),
        ('{"do": "echo"}', {"error": "'word' is missing or unknown", "exit_code": 2}),
        ('{"do": "refuse"}', {"error": "no agent 'zoe'. See the list", "exit_code": 1}),
        ('{"do": "bug"}', {"error": "internal error, see the log", "exit_code": 1}),
        ('{"do": "fly"}', {"error": "no such verb. Use one of bug, echo, refuse", "exit_code": 1}),
        ("[]", {"error": "no such verb. Use one of bug, echo, refuse", "exit_code": 1}),
        ("{", {"error": "not JSON", "exit_code": 2}),
    ],
)
def test_answers(message: str, expected: dict[str, Any]) -> None:
    assert json.loads(answer(VERBS, message)) == expected


async def test_the_socket_is_for_the_instances_group(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    server = await serve_control(path, VERBS, lambda peer: {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    async with unix_connect(str(path), "ws://daemon/") as socket:
        for word in ("one", "two"):
            await socket.send(json.dumps({"do": "echo", "word": word}))
            assert json.loads(await socket.recv()) == {"ok": word}
    server.close()


async def page(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return int(head.split()[1]), body


async def test_pages(tmp_path: Path) -> None:
    ready = False
    server = await serve_http("127.0.0.1", 0, Metrics(), lambda: ready, tmp_path)
    port = next(iter(server.sockets)).getsockname()[1]
    assert await page(port, "/healthz") == (200, "ok\n")
    assert (await page(port, "/readyz"))[0] == 503
    ready = True
    assert await page(port, "/readyz?verbose") == (200, "ready\n")
    status, text = await page(port, "/metrics")
    assert status == 200
    assert "clinicpbx_open_calls 0.0" in text
    assert "clinicpbx_silent_seconds{" not in text
    (tmp_path / "listener.prom").write_bytes(generate_latest(RecordsMetrics().registry))
    (tmp_path / "notifier.prom").mkdir()  # cannot be read
    _, text = await page(port, "/metrics")
    assert "clinicpbx_records_unreconciled 0.0" in text
    told = {family.name: family.samples for family in text_string_to_metric_families(text)}
    (silent,) = told["clinicpbx_silent_seconds"]
    assert silent.labels == {"process": "listener"}
    assert 0 <= silent.value < 60
    assert (await page(port, "/"))[0] == 404
    server.close()
