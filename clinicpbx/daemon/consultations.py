"""Which patient's call an agent's own call into a queue is about."""

from collections.abc import Mapping

from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.events import CallArrived
from clinicpbx.daemon.call_runtime import CallRuntime
from clinicpbx.private import Private

ENQUEUE = "enqueue"


class Consultations:
    """Known until the patient's call, one of *calls*, is over; then what the agent asks is about nobody.

    Who was called back has a channel, and no call of their own before they are transferred.
    """

    def __init__(self, calls: Mapping[str, CallRuntime]) -> None:
        self._calls = calls
        self._about: dict[str, str] = {}
        self._asked: dict[str, CallRuntime] = {}
        self._called_back: dict[str, CallRuntime] = {}

    def about(self, talking: str, phone: str, flow: Flow | None) -> CallRuntime | None:
        """What a call into *flow* from *phone* is about, whose agent is *talking* with that call, or calls a patient
        back; None where no queue is asked."""
        if flow is None or all(node.kind != ENQUEUE for node in flow.nodes.values()):
            return None
        made = (each for each in self._calls.values() if each.arrived.callback and each.arrived.entry == phone)
        runtime = self._calls.get(self.patients(talking)) or next(made, None)
        return runtime if runtime is not None and runtime.consulted is not None else None

    def begun(self, own: CallRuntime) -> None:
        """A call has arrived; perhaps an agent's *own*, about a patient's."""
        consults = own.arrived.consults
        if consults is not None and consults.call != own.call:
            self._about[own.call], self._asked[consults.call] = consults.call, own
            made = (each for each in self._calls.values() if each.arrived.callback and each.patient == consults.call)
            if (call_back := next(made, None)) is not None:
                self._called_back[consults.call] = call_back

    def patients(self, own: str) -> str:
        """The patient's call that *own* is about, or *own* itself; also after a transfer has joined the two."""
        return self._about.get(own, own)

    def speaks(self, call: str, caller: Private[str] | None, language: str) -> tuple[Private[str] | None, str]:
        """Who the patient of *call* is, and the language; of one who was called back the channel does not tell."""
        made = self._called_back.get(call)
        return (made.arrived.caller, made.machine.language) if made is not None else (caller, language)

    def asked(self, call: str) -> CallArrived | None:
        """How the last call about the patient's *call* arrived."""
        return self._asked[call].arrived if call in self._asked else None

    def rung(self, call: str, phone: str) -> str:
        """The queue by which *phone* rang for the last call about *call*, when that was over; "" where it did not."""
        own = self._asked.get(call)
        return own.lost.queue if own is not None and own.lost is not None and phone in own.rang else ""

    def over(self, call: str) -> None:
        """The patient's *call* is over."""
        self._asked.pop(call, None)
        self._called_back.pop(call, None)
        self._about = {own: about for own, about in self._about.items() if about != call}
