"""JSON: figures as numbers, with their units and what they mean."""

import json
from typing import Any

from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.reports._sheet import Page, Sheet
from clinicpbx.reports.formats import FORMATS


@FORMATS.register("json")
def write(page: Page) -> bytes:
    """One object; a page of several sheets has them under `sheets`."""
    period = page.period
    words = {
        "report": page.name,
        "title": page.title,
        "from": period.since.isoformat(),
        "to": period.until.isoformat(),
        "zone": period.zone,
        "threshold": period.threshold,
        "targets": {name: _target(target) for name, target in period.targets.items()},
    }
    if len(page.sheets) == 1:
        found = {**words, **_sheet(page.sheets[0])}
    else:
        found = {**words, "lines": list(page.lines), "sheets": [_sheet(sheet) for sheet in page.sheets]}
    return (json.dumps(found, ensure_ascii=False, indent=2, default=_instant) + "\n").encode()


def _target(target: QueueTarget) -> dict[str, float | None]:
    return {"answered_%": target.answered, "within_s": target.seconds, "abandoned_%": target.abandoned}


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "title": sheet.title,
        "formula": sheet.formula,
        "edges": list(sheet.edges),
        "columns": [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in sheet.columns],
        "rows": [dict(row) for row in sheet.rows],
    }


def _instant(value: Any) -> str:
    return str(value.isoformat())
