"""What people are told of. A notice is a kind and an id: whoever may know more looks it up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

KindName = Literal[
    "breached",
    "page_unanswered",
    "handover_missed",
    "callback_unreached",
    "break_glass",
    "self_test_failed",
    "disk_full",
    "records_unreconciled",
    "report_ready",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """*title*: what happened, in a sentence. *look*: the command that shows it; `{}` is the id."""

    title: str
    look: str


KINDS: Mapping[str, Kind] = {
    "breached": Kind("A request is past its time", "clinicpbx inbox show {}"),
    "page_unanswered": Kind("Nobody on call took a call", "clinicpbx calls why {}"),
    "handover_missed": Kind("A shift was not handed over", "clinicpbx oncall who"),
    "callback_unreached": Kind("A patient was not reached by call-back", "clinicpbx callback list"),
    "break_glass": Kind("Somebody broke the glass", "clinicpbx break-glass list"),
    "self_test_failed": Kind("A self-test failed", "clinicpbx status"),
    "disk_full": Kind("The disk is full", "clinicpbx doctor"),
    "records_unreconciled": Kind("Call records do not come out even", "clinicpbx doctor"),
    "daily": Kind("What is open", "clinicpbx inbox today"),
    "report_ready": Kind("A report is ready", "clinicpbx report saved {}"),
}
TEST = Kind("This is a test", "clinicpbx notify list")
"""What `clinicpbx notify test` sends."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}(#[0-9]{1,4})?", re.ASCII)
_NUMBER = re.compile(r"[\d.:#-]*(\d[.:#-]?){10}", re.ASCII)


def kind_of(name: str) -> Kind:
    return KINDS.get(name, TEST)


def is_id(text: str) -> bool:
    """Whether *text* can be the id of a call, an item or a shift: no blank is in it, and it is no telephone number.

    `17#2` is 17 for the second time: one kind and id is told once.
    """
    return bool(_ID.fullmatch(text)) and not _NUMBER.fullmatch(text)


def of_fact(kind: str, call: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and id of the notice that the fact `notify` asks for: `{"kind": …, "about": …}`, by default about its call.

    None for another fact, and for one that names no kind or no id: a notice must never stop the record.
    """
    if kind != "notify":
        return None
    told, about = str(body.get("kind", "")), str(body.get("about") or call)
    return (told, about) if told in KINDS and is_id(about) else None
