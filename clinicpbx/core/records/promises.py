"""What became of what a caller was promised: to be called back, to be cared for by who is on call."""

from collections.abc import Mapping, Sequence
from typing import Any

from clinicpbx.core.records.rows import Fact

Said = Mapping[str, Sequence[Fact]]
"""The facts about a call by their kind, in order."""


def paged(said: Said) -> dict[str, Any]:
    """Who on call accepted what the call was about, or else who closed it, and how it ended."""
    told = {str(fact.body.get("event", "")): fact.body for fact in said.get("page", ())}
    accepted, closed = told.get("accepted", {}), told.get("closed", {})
    who = str(accepted.get("who", "") or closed.get("who", ""))
    return {"paged": who, "page_outcome": str(closed.get("result", ""))} if who else {}


def promised(said: Said) -> dict[str, Any]:
    """What became of the call-back that was promised in the call."""
    if not said.get("callback"):
        return {}
    ended = said.get("callback_ended")
    if not ended:
        return {"callback": "promised"}
    last, tries = ended[-1], str(ended[-1].body.get("tried", 0))
    state = str(last.body.get("state", ""))
    return {
        "callback": state,
        "tries": int(tries) if tries.isdigit() else 0,
        "called_back": last.at if state == "done" else None,
    }
