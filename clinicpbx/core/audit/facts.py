"""Which facts of the daemon are entries of the audit log; its journal holds them until the listener moves them."""

from collections.abc import Callable, Mapping
from typing import Any

from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.records.rows import Fact

Read = Callable[[str, Mapping[str, Any]], Entry]


def _supervision(action: str) -> Read:
    def entry(call: str, body: Mapping[str, Any]) -> Entry:
        how = {key: str(body.get(key, "")) for key in ("agent", "mode")}
        return Entry(f"phone:{body.get('by', '')}", action, f"phone:{body.get('phone', '')}", {"call": call, **how})

    return entry


def _mode(action: str) -> Read:
    def entry(call: str, body: Mapping[str, Any]) -> Entry:
        how = {key: str(body[key]) for key in ("mode", "until") if body.get(key)}
        return Entry(f"phone:{body.get('by', '')}", action, str(body.get("queue", "")), {"call": call, **how})

    return entry


AUDITED: Mapping[str, Read] = {
    "supervised": _supervision("call.supervise"),
    "supervision_refused": _supervision("refused"),
    "mode_decided": _mode("queue.mode"),
    "mode_refused": _mode("refused"),
}
"""How a fact of each kind reads as an entry."""


def entry_of(fact: Fact) -> Entry | None:
    """What the audit log says of *fact*; None where it is no matter of it."""
    read = AUDITED.get(fact.kind)
    return None if read is None else read(fact.call, fact.body)
