"""Every report and its figures as Markdown, written from the reports themselves."""

from collections.abc import Iterator

from clinicpbx.reports import REPORTS
from clinicpbx.reports._report import Report

HEAD = """\
# Figures, and how each comes about

Written from the program itself by `clinicpbx report reference`. `clinicpbx report NAME` prints one of these reports.

- **Period**: from its begin, inclusive, to its end, exclusive. A call counts where it began, with all that came of it.
- **Days, hours, weekdays** are those of the clinic's zone; a day on which the clocks change has 23 or 25 hours.
- **Patients' calls** are inbound ones. What our phones call among each other is in no figure about patients, and test
  calls are in no report.
- **Stay**: a call in one queue, from entering it to leaving it. A call that comes to another queue, or again, has
  another stay.
- **In time**: waited at most what the queue's target in the rules says (`queues.NAME.target`), else 20 s; with
  `--threshold` at most that. **Short**: hung up after at most 5 s unless named.
- **Talk** is the time bridged with somebody, less the time on hold. It is measured in milliseconds and shown in tenths.
- A share or a mean of nothing is empty, never 0.
- Figures come from tallies that are kept in the transaction that writes a call's record; where a period is not of whole
  quarter hours, or a time of a target, or what is short, is none of 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300 and
  600 s, from the calls themselves, which says the same and takes longer.
"""
TAIL = """\
## Beside Asterisk's queue_log

Programs that read queue_log, such as QueueMetrics, find the same calls there. A test makes real calls and compares:

| there | here | they differ |
|---|---|---|
| offered: `ENTERQUEUE` | offered | no |
| answered: `CONNECT` | answered | no |
| abandoned: `ABANDON` | abandoned | calls given up outside every queue are only here |
| `EXITWITHTIMEOUT`, `EXITEMPTY`, `EXITWITHKEY` | overflowed | no |
| hold time of `CONNECT`, wait of `ABANDON` | wait | whole seconds there: each call by less than 1 s |
| call time of `COMPLETEAGENT`, `COMPLETECALLER` | talk and hold | whole seconds there; hold is part of it |
| call time of `BLINDTRANSFER`, `ATTENDEDTRANSFER` | talk and hold of the first agent | whole seconds there |
| none | call-backs | there a patient who is not on the line does not exist |
| service level | of_offered, of_offered_but_short, of_answered | there by whole seconds: 20.9 s are 20 |
"""


def reference() -> str:
    """The whole page."""
    index = " · ".join(f"[{name}](#{name})" for name in REPORTS)
    parts = [HEAD, index, ""]
    for name, report in REPORTS.items():
        parts += _report(name, report)
    return "\n".join([*parts, TAIL])


def _report(name: str, report: Report) -> Iterator[str]:
    yield from (f"## {name}", "", f"**{report.title}.** {report.formula}", "")
    if len(report.by) > 1:
        yield from (f"By {', '.join(f'`{by}`' for by in report.by)}.", "")
    yield from ("| figure | unit | what it counts | formula |", "|---|---|---|---|")
    for column in report.columns:
        yield f"| `{column.name}` | {column.unit} | {column.meaning} | {_code(column.formula)} |"
    yield ""
    yield from (f"- {edge}" for edge in report.edges)
    yield from ("", f"Example: {report.example}", "")


def _code(formula: str) -> str:
    return f"`{formula}`" if formula else ""
