"""The daemon's and the command line's questions to the vault process."""

from collections.abc import Iterable
from typing import Any

from clinicpbx.daemon.control_client import ask
from clinicpbx.paths import Instance
from clinicpbx.private import Private

PHONE = 5.0  # seconds a caller is kept waiting
PERSON = 600.0


def ask_vault(instance: Instance, do: str, **wish: object) -> Any:
    """The vault's answer to a person. Errors: NotReachable (69), NotPermitted (77), and its other mistakes."""
    return ask(instance.vault_socket, "vault", {"do": do, **wish}, PERSON)


class PhoneDesk:
    """What phones need of the vault, for one call each: *by* is the phone. Blocking; ClinicPBXError as it refuses."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def open(self, call: str, by: str, mailbox: str, pin: Private[str]) -> Any:
        """`answer`, and where it is `right`, `messages`."""
        return self._ask("phone.open", call=call, by=by, mailbox=mailbox, pin=pin.value)

    def person(self, call: str, person: str, mailbox: str, pin: Private[str]) -> str:
        """Whether it is the PIN of *person*, who is on call: right, wrong, locked, or none. Then the call may hear
        *mailbox*."""
        return str(self._ask("phone.person", call=call, person=person, mailbox=mailbox, pin=pin.value))

    def agent(self, call: str, by: str, agent: str, pin: Private[str]) -> str:
        """Whether it is the PIN of *agent* ("": there is none such), who is at the phone *by*: right or wrong."""
        return str(self._ask("phone.agent", call=call, by=by, agent=agent, pin=pin.value))

    def fetch(self, call: str, by: str, mailbox: str, message: str) -> str:
        """The path of the sound in clear."""
        return str(self._ask("phone.fetch", call=call, by=by, mailbox=mailbox, message=message)["sound"])

    def heard(self, call: str, by: str, mailbox: str, message: str) -> None:
        self._ask("phone.heard", call=call, by=by, mailbox=mailbox, message=message)

    def delete(self, call: str, by: str, mailbox: str, message: str) -> None:
        self._ask("phone.delete", call=call, by=by, mailbox=mailbox, message=message)

    def recover(self, places: Iterable[tuple[str, str]]) -> Any:
        """`recovered` messages and what is `damaged`."""
        return self._ask("recover", messages=[list(place) for place in places])

    def _ask(self, do: str, **wish: object) -> Any:
        return ask(self._instance.vault_socket, "vault", {"do": do, **wish}, PHONE)
