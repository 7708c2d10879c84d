"""A mailbox that callers reach has somebody who learns of its messages."""

from datetime import date
from pathlib import Path

import pytest

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import rules_from

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)


def test_a_mailbox_on_no_lamp_and_behind_no_phones_code() -> None:
    unseen = HARBOR.replace("lamps: [manager, refills]", "lamps: [manager]")
    assert unseen != HARBOR
    with pytest.raises(RulesRefused) as refused:
        rules_from("clinic.yaml", unseen, TODAY)
    told = [(each.path, each.problem) for each in refused.value.mistakes if not each.warning]
    assert told == [("mailboxes.refills", "nobody learns of its messages: name it as mailbox, or in lamps, of a phone")]


def test_a_mailbox_that_no_call_leads_to_yet_may_wait() -> None:
    spare = HARBOR.replace("  manager: {number: 606", "  spare: {title: Spare}\n  manager: {number: 606")
    told = [str(warning) for warning in rules_from("clinic.yaml", spare, TODAY).warnings]
    assert any("mailboxes.spare: warning: no phone opens it" in warning for warning in told)
