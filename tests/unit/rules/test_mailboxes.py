"""A mailbox whose messages nobody learns of is warned of."""

from datetime import date
from pathlib import Path

import pytest

from clinicpbx.rules.compile import rules_from

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()


def test_a_mailbox_on_no_lamp_and_behind_no_phones_code() -> None:
    unseen = HARBOR.replace("lamps: [manager, refills]", "lamps: [manager]")
    assert unseen != HARBOR
    told = [str(warning) for warning in rules_from("clinic.yaml", unseen, date(2026, 11, 24)).warnings]
    assert any("mailboxes.refills: warning: no phone opens it or shows its lamp" in warning for warning in told)
    assert not any("mailboxes.frontdesk" in warning for warning in told)
