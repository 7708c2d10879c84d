"""What is done at a phone with messages, as facts that become entries of the audit log."""

from collections.abc import Callable, Mapping

from clinicpbx.daemon.call_runtime import Clock
from clinicpbx.daemon.dispatcher import Dispatcher
from clinicpbx.daemon.journal import Journal

Note = Callable[[str, str, Mapping[str, object]], None]


def audited(dispatcher: Dispatcher, journal: Journal, clock: Clock) -> Note:
    """Notes a call, a kind of clinicpbx.core.audit.facts and its detail; `by` is the phone, or what was dialled."""

    def note(call: str, kind: str, detail: Mapping[str, object]) -> None:
        known = dispatcher.calls.get(call)
        journal.fact(call, clock(), kind, {**detail, "by": known.arrived.entry if known else ""})

    return note
