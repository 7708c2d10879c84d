"""What the example clinic renders to, word for word: a change of templates or rules is a change of these files."""

from difflib import unified_diff

import pytest

from tests.support.golden import GOLDEN, REWRITE, rendered

pytestmark = pytest.mark.golden
RENDERED = rendered()


@pytest.mark.parametrize("name", RENDERED)
def test_the_example_renders_to_its_golden_file(name: str) -> None:
    path = GOLDEN / name
    golden = path.read_text() if path.exists() else ""
    changed = unified_diff(golden.splitlines(), RENDERED[name].splitlines(), "golden", "rendered", lineterm="")
    assert RENDERED[name] == golden, "\n".join((f"{name}; if it is meant: {REWRITE}", *changed))


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == RENDERED.keys(), f"{REWRITE}, and delete what is not rendered"
