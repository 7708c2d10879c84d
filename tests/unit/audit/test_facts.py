"""Facts of the daemon as entries of the audit log."""

from datetime import UTC, datetime

import pytest

from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.audit.facts import entry_of
from clinicpbx.core.records.rows import Fact

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LISTENING = {"by": "phone-1", "phone": "phone-2", "agent": "ana", "mode": "listen"}


@pytest.mark.parametrize(
    ("kind", "body", "entry"),
    [
        (
            "supervised",
            LISTENING,
            Entry("phone:phone-1", "call.supervise", "phone:phone-2", {"call": "c1", "agent": "ana", "mode": "listen"}),
        ),
        (
            "supervision_refused",
            LISTENING,
            Entry("phone:phone-1", "refused", "phone:phone-2", {"call": "c1", "agent": "ana", "mode": "listen"}),
        ),
        (
            "mode_decided",
            {"by": "206", "queue": "desk", "mode": "closed", "until": "2026-03-01T14:00:00+00:00"},
            Entry(
                "phone:206",
                "queue.mode",
                "desk",
                {"call": "c1", "mode": "closed", "until": "2026-03-01T14:00:00+00:00"},
            ),
        ),
        (
            "mode_decided",
            {"by": "206", "queue": "desk", "mode": "open", "until": ""},
            Entry("phone:206", "queue.mode", "desk", {"call": "c1", "mode": "open"}),
        ),
        ("mode_refused", {"by": "201", "queue": "desk"}, Entry("phone:201", "refused", "desk", {"call": "c1"})),
        ("step", {"name": "x"}, None),
        ("heard", {"prompt": "about"}, None),  # by a patient, in a menu
    ],
)
def test_what_the_audit_log_says_of_a_fact(kind: str, body: dict[str, object], entry: Entry | None) -> None:
    assert entry_of(Fact("c1", NOON, kind, body)) == entry
