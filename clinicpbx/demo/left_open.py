"""What the night left for the morning: pages that nobody accepted, messages that nobody has heard."""

from collections.abc import Collection, Iterator
from typing import Any

from clinicpbx.adapters.vault.message import State
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.paths import Instance

COLUMNS = ("what", "where", "state", "since", "id")


def left_open(instance: Instance, calls: Collection[str]) -> list[dict[str, Any]]:
    """One row each: of the messages only those of *calls*. Errors: NotReachable without the daemon."""
    return [*_pages(instance), *_messages(instance, calls)]


def _pages(instance: Instance) -> Iterator[dict[str, Any]]:
    for page in ask_daemon(instance, {"do": "oncall.pages"}):
        row = {"where": page["rota"], "state": page["state"], "since": page["since"]}
        yield {"what": f"page: {page['kind']}", **row, "id": page["page"]}


def _messages(instance: Instance, calls: Collection[str]) -> Iterator[dict[str, Any]]:
    vault = Vault(instance)
    for mailbox in vault.mailboxes():
        for message in vault.list(mailbox).messages:
            if message.state is State.NEW and message.call in calls:
                row = {"where": mailbox, "state": "new", "since": message.received.isoformat(timespec="seconds")}
                yield {"what": "message", **row, "id": message.id}
