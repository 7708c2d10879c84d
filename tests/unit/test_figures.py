"""Every figure has its words, the page of figures is the current one, and its sums are right."""

import ast
import operator
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from clinicpbx.reports import REPORTS
from clinicpbx.reports._dimension import DIMENSIONS
from clinicpbx.reports._reference import reference

pytestmark = pytest.mark.unit
PAGE = Path(__file__).parents[2] / "docs" / "figures.md"
SUM = re.compile(r"(?<![\w.])([(\d][\d .()*/+-]*?) = (\d+(?:\.\d+)?)")
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def value(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](value(node.left), value(node.right))
    assert isinstance(node, ast.Constant)
    return float(str(node.value))


def test_the_page_is_the_current_one() -> None:
    assert PAGE.read_text() == reference(), "clinicpbx report reference > docs/figures.md"


@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_has_its_words(name: str) -> None:
    report = REPORTS[name]
    assert all((report.title, report.formula, report.edges, report.example))
    for column in report.columns:
        assert column.meaning or column.formula, column.name
        assert column.unit == "" or column.meaning or column.formula
    names = [column.name for column in report.columns]
    assert len(set(names)) == len(names)
    assert report.chart in names
    assert set(report.by) <= DIMENSIONS.keys()
    assert report.by[:1] in ([], names[:1], (), tuple(names[:1]))


@pytest.mark.parametrize("name", REPORTS)
def test_formulas_name_figures_of_the_report(name: str) -> None:
    report = REPORTS[name]
    known = {column.name for column in report.columns}
    for column in report.columns:
        shares = re.fullmatch(r"100 \* .*", column.formula)
        used = set(re.findall(r"[a-z_]+", column.formula)) if shares else set[str]()
        words = {"of", "all", "rows", "in", "the", "menu"}
        assert used - words <= known, column.name


@pytest.mark.parametrize("name", REPORTS)
def test_the_sums_of_the_example_are_right(name: str) -> None:
    sums = SUM.findall(REPORTS[name].example)
    assert sums, "an example has numbers"
    for expression, result in sums:
        found = value(ast.parse(expression.strip(), mode="eval").body)
        assert round(found, 1) == float(result), expression


@pytest.mark.parametrize("by", DIMENSIONS)
def test_what_is_shown_can_be_read_again(by: str) -> None:
    dimension = DIMENSIONS[by]
    for found in range(7) if by in ("hour", "day", "weekday", "quarter") else ("", "front"):
        assert dimension.meant(dimension.shown(found)) == found
