"""Which patient's call an agent's own call into a queue is about."""

from clinicpbx.core.events import CallArrived


class Consultations:
    """Known until the patient's call is over; then what the agent asks is about nobody."""

    def __init__(self) -> None:
        self._about: dict[str, str] = {}
        self._asked: dict[str, CallArrived] = {}

    def begun(self, own: str, arrived: CallArrived) -> None:
        """The agent's *own* call has *arrived*, and is about a patient's."""
        if arrived.consults is not None and arrived.consults.call != own:
            self._about[own], self._asked[arrived.consults.call] = arrived.consults.call, arrived

    def patients(self, own: str) -> str:
        """The patient's call that *own* is about, or *own* itself; also after a transfer has joined the two."""
        return self._about.get(own, own)

    def asked(self, call: str) -> CallArrived | None:
        """How the last call about the patient's *call* arrived."""
        return self._asked.get(call)

    def over(self, call: str) -> None:
        """The patient's *call* is over."""
        self._asked.pop(call, None)
        self._about = {own: about for own, about in self._about.items() if about != call}
