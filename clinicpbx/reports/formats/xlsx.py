"""An Excel workbook: figures as numbers and dates, the head frozen; what they mean on a sheet of its own."""

import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from clinicpbx.reports._report import Column
from clinicpbx.reports._sheet import Page, Sheet
from clinicpbx.reports.formats import FORMATS

SHAPES = {"": "#,##0", "s": "#,##0.0", "%": "0.0%", "day": "yyyy-mm-dd", "at": "yyyy-mm-dd hh:mm:ss"}
WIDEST, LONGEST_NAME = 60, 31
A4 = 9
MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - the same figures make the same file
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


@dataclass(frozen=True, slots=True)
class _Looks:
    """The workbook's formats: of heads, and of each kind of cell."""

    head: Any
    cells: dict[str, Any]
    zone: ZoneInfo


@FORMATS.register("xlsx")
def write(page: Page) -> bytes:
    """Nothing in it is a formula or a link, whatever a name looks like. Per cents are shares, shown as per cents."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, {**as_text, "in_memory": True}) as book:
        book.set_properties({"title": page.title, "company": page.clinic, "created": MADE})
        cells = {kind: book.add_format({"num_format": shape}) for kind, shape in SHAPES.items()}
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        looks = _Looks(head, cells, ZoneInfo(page.period.zone))
        for n, sheet in enumerate(page.sheets, 1):
            name = "Figures" if len(page.sheets) == 1 else f"{n} {sheet.title}".translate(FORBIDDEN)
            _figures(book.add_worksheet(name[:LONGEST_NAME].strip()), sheet, looks)
        _about(book.add_worksheet("About"), page, head)
    return out.getvalue()


def _figures(into: Any, sheet: Sheet, looks: _Looks) -> None:
    into.freeze_panes(1, 1)
    into.set_landscape()
    into.set_paper(A4)
    into.fit_to_pages(1, 0)
    into.repeat_rows(0)
    for place, column in enumerate(sheet.columns):
        head = _head(column)
        into.write_string(0, place, head, looks.head)
        longest = max((len(str(row[column.name])) for row in sheet.rows), default=0)
        into.set_column(place, place, min(max(longest, len(head)) + 2, WIDEST))
        for line, row in enumerate(sheet.rows, 1):
            _cell(into, (line, place), row[column.name], column.unit, looks)


def _head(column: Column) -> str:
    return column.name.replace("_", " ") + (f" ({column.unit})" if column.unit not in ("", "%") else "")


def _cell(into: Any, at: tuple[int, int], value: Any, unit: str, looks: _Looks) -> None:
    """An empty cell for None."""
    match value:
        case None:
            return
        case datetime():
            # Excel has no zones
            into.write_datetime(*at, value.astimezone(looks.zone).replace(tzinfo=None), looks.cells["at"])
        case int() | float():
            into.write_number(*at, value / 100 if unit == "%" else value, looks.cells.get(unit, looks.cells["s"]))
        case _ if (day := _day(str(value))) is not None:
            into.write_datetime(*at, day, looks.cells["day"])
        case _:
            into.write_string(*at, str(value))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-24") else None
    except ValueError:
        return None


def _about(into: Any, page: Page, head: Any) -> None:
    into.set_column(0, 0, 28)
    into.set_column(1, 1, 100)
    lines = [("Report", page.title), ("Clinic", page.clinic), ("Period", page.stretch)]
    lines += [("", line) for line in page.lines]
    for sheet in page.sheets:
        lines += [("", ""), ("Sheet", sheet.title), ("How to read it", sheet.formula)]
        lines += [("", edge) for edge in sheet.edges]
        lines += [(column.name, column.meaning) for column in sheet.columns if column.meaning]
    for n, (name, words) in enumerate(lines):
        into.write_string(n, 0, name, head if name in ("Report", "Sheet") else None)
        into.write_string(n, 1, words)
