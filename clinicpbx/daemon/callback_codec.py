"""Call-backs as bytes and back, for the journal."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from clinicpbx.core.acd.callbacks import Callback, State
from clinicpbx.core.acd.stages import Stage
from clinicpbx.core.commands import JoinQueue, KeepCallback
from clinicpbx.private import Private

WISHED = ("callback", "language", "entry", "hours", "tries", "reason")
SO_FAR = ("tried", "made", "phone", "outcome")


def encode(each: Callback) -> bytes:
    """All of it; it holds the patient's number."""
    wish, join = each.wish, each.wish.join
    body = {
        **{name: getattr(wish, name) for name in WISHED},
        **{name: getattr(each, name) for name in SO_FAR},
        "number": wish.number.value,
        "again": wish.again.total_seconds(),
        "queue": join.queue,
        "since": join.since,
        "priority": join.priority,
        "stages": [(stage.after.total_seconds(), stage.skills, stage.agent) for stage in join.stages],
        "state": each.state.value,
        "when": each.when,
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
    wish = KeepCallback(
        number=Private(body["number"]),
        again=timedelta(seconds=body["again"]),
        join=JoinQueue(body["queue"], since, body["priority"], stages=stages, callback=True),
        **{name: body[name] for name in WISHED if name in body},
    )
    when = datetime.fromisoformat(body["when"])
    return Callback(wish, State(body["state"]), when, **{name: body[name] for name in SO_FAR})
