"""Call-backs as bytes and back, for the journal."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from clinicpbx.core.acd.callbacks import Callback, State
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import JoinQueue
from clinicpbx.private import Private

PLAIN = ("id", "language", "entry", "hours", "tries", "tried", "made", "phone", "outcome")


def encode(each: Callback) -> bytes:
    """All of it; it holds the patient's number."""
    join = each.join
    body = {
        **{name: getattr(each, name) for name in PLAIN},
        "number": each.number.value,
        "again": each.again.total_seconds(),
        "state": each.state.value,
        "when": each.when,
        "queue": join.queue,
        "since": join.since,
        "priority": join.priority,
        "stages": [(stage.after.total_seconds(), stage.skills, stage.agent) for stage in join.stages],
    }
    return orjson.dumps(body)


def decode(raw: bytes) -> Callback:
    """The call-back again; KeyError, TypeError or ValueError for a damaged body."""
    body: dict[str, Any] = orjson.loads(raw)
    stages = tuple(
        Stage(timedelta(seconds=after), tuple((name, level) for name, level in skills), agent)
        for after, skills, agent in body["stages"]
    )
    since = datetime.fromisoformat(body["since"])
    return Callback(
        number=Private(body["number"]),
        again=timedelta(seconds=body["again"]),
        state=State(body["state"]),
        when=datetime.fromisoformat(body["when"]),
        join=JoinQueue(body["queue"], since, body["priority"], stages=stages, callback=True),
        **{name: body[name] for name in PLAIN},
    )
