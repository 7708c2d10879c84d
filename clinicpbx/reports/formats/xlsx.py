"""An Excel workbook: a sheet of figures as numbers and dates, its head frozen; what they mean on a sheet of its own."""

import io
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from clinicpbx.reports._sheet import Page, Row, Sheet
from clinicpbx.reports.formats import FORMATS

NUMBERS = {"": "#,##0", "s": "#,##0.0", "%": "0.0%"}
WIDEST = 60
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""When the file says it was made: the same figures make the same file."""


@FORMATS.register("xlsx")
def write(page: Page) -> bytes:
    """Nothing in it is a formula or a link, whatever a name looks like. Per cents are shares, shown as per cents."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with Workbook(out, safe) as book:
        book.set_properties({"title": page.title, "company": page.clinic, "created": EPOCH.replace(tzinfo=None)})
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        kinds = {unit: book.add_format({"num_format": shape}) for unit, shape in NUMBERS.items()}
        kinds |= {"day": book.add_format({"num_format": "yyyy-mm-dd"}),
                  "at": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})}  # fmt: skip
        for n, sheet in enumerate(page.sheets, 1):
            name = (
                "Figures"
                if len(page.sheets) == 1
                else f"{n} {sheet.title}"[:31].translate({ord(c): " " for c in "[]:*?/\\'"})
            )
            _figures(book.add_worksheet(name), sheet, bold, kinds, page.period.zone)
        _about(book.add_worksheet("About"), page, bold)
    return out.getvalue()


def _figures(into: Any, sheet: Sheet, bold: Any, kinds: dict[str, Any], zone: str) -> None:
    into.freeze_panes(1, 1)
    into.set_landscape()
    into.set_paper(9)  # A4
    into.fit_to_pages(1, 0)
    into.repeat_rows(0)
    for place, column in enumerate(sheet.columns):
        head = column.name.replace("_", " ") + (f" ({column.unit})" if column.unit not in ("", "%") else "")
        into.write_string(0, place, head, bold)
        longest = max((len(_text(row, column.name)) for row in sheet.rows), default=0)
        into.set_column(place, place, min(max(longest, len(head)) + 2, WIDEST))
        for line, row in enumerate(sheet.rows, 1):
            _cell(into, line, place, row[column.name], column.unit, kinds, zone)


def _text(row: Row, name: str) -> str:
    return "" if row[name] is None else str(row[name])


def _cell(into: Any, line: int, place: int, value: Any, unit: str, kinds: dict[str, Any], zone: str) -> None:
    from zoneinfo import ZoneInfo

    if value is None:
        return
    if isinstance(value, datetime):
        into.write_datetime(line, place, value.astimezone(ZoneInfo(zone)).replace(tzinfo=None), kinds["at"])
    elif isinstance(value, int | float):
        into.write_number(line, place, value / 100 if unit == "%" else value, kinds.get(unit, kinds["s"]))
    else:
        day: date | None = None
        with suppress(ValueError):
            day = date.fromisoformat(str(value)) if len(str(value)) == 10 else None
        if day is not None:
            into.write_datetime(line, place, datetime(day.year, day.month, day.day), kinds["day"])  # noqa: DTZ001
        else:
            into.write_string(line, place, str(value))


def _about(into: Any, page: Page, bold: Any) -> None:
    into.set_column(0, 0, 28)
    into.set_column(1, 1, 100)
    lines = [("Report", page.title), ("Clinic", page.clinic), ("Period", page.stretch)]
    for sheet in page.sheets:
        lines += [("", ""), ("Sheet", sheet.title), ("How to read it", sheet.formula)]
        lines += [("", edge) for edge in sheet.edges]
        lines += [(column.name, column.meaning) for column in sheet.columns if column.meaning]
    for n, (name, words) in enumerate(lines):
        into.write_string(n, 0, name, bold if name in ("Report", "Sheet") else None)
        into.write_string(n, 1, words)
