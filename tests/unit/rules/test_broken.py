"""Broken rules: each file of `broken/` names in its first lines every mistake that must be told, and where."""

import re
from datetime import date
from pathlib import Path

import pytest

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import read_rules

pytestmark = pytest.mark.unit
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_mistake_is_told_with_its_line(path: Path) -> None:
    expected = [(int(line), part) for line, part in re.findall(r"^# expect (\d+): (.*)$", path.read_text(), re.M)]
    with pytest.raises(RulesRefused) as refused:
        read_rules(path, TODAY)
    told = [mistake for mistake in refused.value.mistakes if not mistake.warning]
    assert [mistake.line for mistake in told] == sorted(line for line, _ in expected), str(refused.value)
    for line, part in expected:
        assert any(mistake.line == line and part in mistake.problem for mistake in told), str(refused.value)
    assert refused.value.exit_code == 65


def test_there_are_many() -> None:
    assert len(BROKEN) >= 50
