"""CSV by RFC 4180 in UTF-8: one head line, then the rows; the sheets of a page one after the other."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from clinicpbx.reports._report import Column
from clinicpbx.reports._sheet import Page, Row
from clinicpbx.reports.formats import FORMATS

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection)."""


@FORMATS.register("csv")
def write(page: Page) -> bytes:
    """Units stand in the heads. Text that could be a formula gets a ' in front; numbers are left as they are."""
    if len(page.sheets) == 1:
        return lines_of(page.sheets[0].columns, page.sheets[0].rows).encode()
    titled = (f"{harmless(sheet.title)}\r\n{lines_of(sheet.columns, sheet.rows)}" for sheet in page.sheets)
    return "\r\n".join(titled).encode()


def lines_of(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """The head line, then one a row."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow([f"{column.name}_{column.unit}" if column.unit else column.name for column in columns])
    lines.writerows([harmless(row[column.name]) for column in columns] for row in rows)
    return out.getvalue()


def harmless(value: Any) -> Any:
    """*value* for a cell: text that no spreadsheet runs, or a number."""
    if value is None or isinstance(value, int | float):
        return value
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text
