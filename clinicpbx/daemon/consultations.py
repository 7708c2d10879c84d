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
        self._called_back: dict[str, CallRuntime] = {}  # patient's channel → the agent's call

    def about(self, talking: str, phone: str, flow: Flow | None) -> CallRuntime | None:
        """What a call into *flow* from *phone* is about, whose agent is *talking* with that call, or calls a patient
        back; None where no queue is asked."""
        if not phone or flow is None or all(node.kind != ENQUEUE for node in flow.nodes.values()):
            return None
        made = (each for each in self._calls.values() if each.arrived.callback and each.arrived.entry == phone)
        runtime = self._calls.get(self.patients(talking)) or next(made, None)
        return runtime if runtime is not None and runtime.consulted is not None else None

    def begun(self, own: CallRuntime) -> None:
        """A call has arrived; perhaps an agent's *own*, about a patient's."""
        consults = own.arrived.consults
        if consults is None or consults.call == own.call or own.call in self._called_back:
            return
        self._about[own.call], self._asked[consults.call] = consults.call, own
        patients = self._calls.get(consults.call)
        if patients is not None and patients.patient:
            self._called_back[patients.patient] = patients

    def patients(self, own: str) -> str:
        """The patient's call that *own* is about, or *own* itself; also after a transfer has joined the two."""
        return self._about.get(own, own)

    def speaks(self, call: str, caller: Private[str] | None, language: str) -> tuple[Private[str] | None, str]:
        """Who the patient of *call* is, and the language; of one who was called back the channel does not tell."""
        made = self._called_back.get(call)
        return (made.arrived.caller, made.machine.language) if made is not None else (caller, language)

    def asked(self, call: str) -> CallArrived | None:
        """How the last call about the patient's *call* arrived."""
        own = self._own(call)
        return own.arrived if own is not None else None

    def rung(self, call: str, phone: str) -> str:
        """The queue by which *phone* rang for the last call about *call*, when that was over; "" where it did not."""
        own = self._own(call)
        return own.lost.queue if own is not None and own.lost is not None and phone in own.rang else ""

    def made(self, call: str) -> str:
        """The call by which the patient at channel *call* was called back, whose record tells of both; else *call*."""
        made = self._called_back.get(call)
        return made.call if made is not None else call

    def over(self, call: str) -> None:
        """The patient's *call* is over. A call-back is when its patient's channel is gone, not with the agent's."""
        if self._makes(call):
            return
        about = self.made(call)
        self._called_back.pop(call, None)
        if self._asked.pop(about, None) is not None:
            self._about = {own: patients for own, patients in self._about.items() if patients != about}

    def _own(self, call: str) -> CallRuntime | None:
        """The last call about the patient whose channel *call* is; an agent's who calls back is nobody's."""
        return None if self._makes(call) else self._asked.get(self.made(call))

    def _makes(self, call: str) -> bool:
        """Whether *call* is an agent's who calls a patient back, and has asked about them."""
        return any(made.call == call for made in self._called_back.values())
