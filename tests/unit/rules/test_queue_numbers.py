"""A queue's internal number: patients are transferred to it, so somebody owns those whom nobody answers."""

from datetime import date
from pathlib import Path

import pytest

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import read_rules, rules_from

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml"
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(("queue", "mailbox"), [("frontdesk", "frontdesk"), ("nurse", "nurse")])
def test_whom_nobody_answers_leaves_a_message(queue: str, mailbox: str) -> None:
    nodes = read_rules(HARBOR, TODAY).book.flows[f"queue-{queue}"].nodes
    following = {nodes[name].kind for name in nodes["enqueue"].next.values()}
    assert following == {"voicemail"}
    assert getattr(nodes["voicemail"].step, "mailbox", "") == mailbox


def test_the_mailbox_can_be_named() -> None:
    text = HARBOR.read_text().replace("301: {queue: nurse}", "301: {queue: nurse, mailbox: manager}")
    nodes = rules_from("clinic.yaml", text, TODAY).book.flows["queue-nurse"].nodes
    assert getattr(nodes["voicemail"].step, "mailbox", "") == "manager"


def test_a_mailbox_goes_with_a_queue() -> None:
    text = HARBOR.read_text().replace("301: {queue: nurse}", "301: {flow: main, mailbox: nurse}")
    with pytest.raises(RulesRefused, match="mailbox goes with queue"):
        rules_from("clinic.yaml", text, TODAY)
