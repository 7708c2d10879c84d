"""What the night left for the morning: pages that nobody accepted, messages that nobody has heard."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from clinicpbx.adapters.vault.letterbox import AUDIO, GONE, HEARD, Letterbox
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
    """A message's id says when it came and of which call it is: nothing has to be opened."""
    letterbox = Letterbox(instance)
    for mailbox in letterbox.mailboxes():
        present = letterbox.present(mailbox)
        for id in sorted(present[AUDIO] - present[HEARD] - present[GONE]):
            received, _, visit = id.partition("-")
            if visit.rpartition(".")[0] in calls:
                since = datetime.strptime(received, "%Y%m%dT%H%M%S").replace(tzinfo=UTC).isoformat()
                yield {"what": "message", "where": mailbox, "state": "new", "since": since, "id": id}
