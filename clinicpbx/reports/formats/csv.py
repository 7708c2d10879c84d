"""CSV by RFC 4180 in UTF-8: one head line, then the rows; the sheets of a page one after the other."""

import csv
import io
from typing import Any

from clinicpbx.reports._sheet import Page
from clinicpbx.reports.formats import FORMATS

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection)."""


@FORMATS.register("csv")
def write(page: Page) -> bytes:
    """Units stand in the heads. Text that could be a formula gets a ' in front; numbers are left as they are."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    for n, sheet in enumerate(page.sheets):
        if len(page.sheets) > 1:
            lines.writerows(([[]] if n else []) + [[harmless(sheet.title)]])
        lines.writerow([f"{column.name}_{column.unit}" if column.unit else column.name for column in sheet.columns])
        lines.writerows([harmless(row[column.name]) for column in sheet.columns] for row in sheet.rows)
    return out.getvalue().encode()


def harmless(value: Any) -> Any:
    """*value* for a cell: text that no spreadsheet runs, or a number."""
    if value is None or isinstance(value, int | float):
        return value
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text
