"""The reference is the current one, and leaves no section, key, option or step out."""

from pathlib import Path

import pytest

from clinicpbx.core.callflow.step import STEPS
from clinicpbx.rules.reference import reference
from clinicpbx.rules.schema import json_schema

pytestmark = pytest.mark.unit
PAGE = Path(__file__).parents[3] / "docs" / "rules-reference.md"


def test_it_is_the_current_one() -> None:
    assert PAGE.read_text() == reference(), "clinicpbx rules reference > docs/rules-reference.md"


def test_nothing_is_left_out_and_everything_has_a_meaning() -> None:
    text, schema = reference(), json_schema()
    for section in schema["properties"]:
        assert f"## {section}\n" in text
    for kind in STEPS:
        assert f"### {kind}\n" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    keys = {key for part in schema["$defs"].values() for key in part.get("properties", {})} - {"next", "then", *STEPS}
    assert keys <= {row.split("`")[1] for row in rows}
    for row in rows:
        key, value, default, meaning = (cell.strip() for cell in row.strip("|").split(" | "))
        assert all((value, default)), key
        assert meaning.endswith("."), key
