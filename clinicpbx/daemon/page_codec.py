"""Pages as bytes and back, for the journal."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import orjson

from clinicpbx.core.oncall.commands import KeepPage
from clinicpbx.core.oncall.page import Page, State
from clinicpbx.private import Private

TIMES = {"since", "until", "when"}
OWN = {"wish", "state", "number"}
WISHED = tuple(each.name for each in fields(KeepPage) if each.name not in OWN)
SO_FAR = tuple(each.name for each in fields(Page) if each.name not in OWN)


def encode(page: Page) -> bytes:
    """All of it; it holds the patient's number."""
    wish = page.wish
    body = {
        **{name: getattr(wish, name) for name in WISHED},
        **{name: getattr(page, name) for name in SO_FAR},
        "number": wish.number.value if wish.number is not None else None,
        "state": page.state.value,
    }
    return orjson.dumps(body)


def decode(raw: bytes) -> Page:
    """The page again; KeyError, TypeError or ValueError for a damaged body."""
    body: dict[str, Any] = orjson.loads(raw)
    number = Private(body["number"]) if body["number"] is not None else None
    for name in TIMES:
        body[name] = datetime.fromisoformat(body[name]) if body[name] is not None else None
    wish = KeepPage(**{name: body[name] for name in WISHED})
    return Page(replace(wish, number=number), State(body["state"]), **{name: body[name] for name in SO_FAR})
