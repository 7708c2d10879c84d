"""Nothing about a patient is logged; the calls' time only moves forward."""

import io
import json
import logging
from datetime import timedelta

import pytest
import structlog

from clinicpbx.adapters import clock as module
from clinicpbx.adapters.clock import Clock
from clinicpbx.adapters.logs import redact, start_logging
from clinicpbx.private import Private

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("fields", "clean"),
    [
        ({"caller": "+12075550142"}, {"caller": "<private>"}),
        ({"sound": Private("/clear/hear/x")}, {"sound": "<private>"}),
        ({"event": "dialled 207-555-0142 twice"}, {"event": "dialled <private> twice"}),
        ({"error": "bad (207) 555 0142"}, {"error": "bad <private>"}),
        ({"event": "call clinic-1795479155.0 waits"}, {"event": "call clinic-1795479155.0 waits"}),
        ({"reason": "127.0.30.1:8088: no answer"}, {"reason": "127.0.30.1:8088: no answer"}),
        ({"event": "207.555.0142"}, {"event": "<private>"}),
        ({"call": "clinic-1795479155.0"}, {"call": "clinic-1795479155.0"}),
        ({"list": [Private("1"), {"digits": "12"}, 3]}, {"list": ["<private>", {"digits": "<private>"}, 3]}),
        ({"seconds": 12345678}, {"seconds": 12345678}),
    ],
)
def test_redaction(fields: dict[str, object], clean: dict[str, object]) -> None:
    assert redact(None, "", fields) == clean


def test_lines_are_json_also_of_other_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    before = logging.getLogger().handlers[:]
    try:
        start_logging("info")
        structlog.get_logger("fresh").info("hello", digits="123", call="c1")
        logging.getLogger("library").warning("call 2075550142 failed")
        logging.getLogger("library").info("chatter")
    finally:
        logging.getLogger().handlers[:] = before
        structlog.reset_defaults()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["digits"], first["call"]) == ("hello", "<private>", "c1")
    assert second["event"] == "call <private> failed"


def test_a_stepped_wall_clock_moves_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: mark[0])
    clock = Clock()
    first = clock()
    mark[0] = 105.0
    assert clock() - first == timedelta(seconds=5)


def test_the_wall_is_followed_only_when_asked() -> None:
    clock = Clock()
    assert clock.follow_wall() == timedelta(0)
    clock._wall -= timedelta(hours=1)
    late = clock()
    assert timedelta(minutes=59) < clock.follow_wall() < timedelta(minutes=61)
    assert clock() - late > timedelta(minutes=59)
