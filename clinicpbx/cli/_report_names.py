"""Completion with the names of reports, and of what their rows may stand for."""

import click


def reports(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from clinicpbx.reports import REPORTS

    return [name for name in REPORTS if name.startswith(incomplete)]


def dimensions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Those of any report: an option that still lacks its value hides the rest of the line."""
    from clinicpbx.reports import REPORTS

    known = dict.fromkeys(by for report in REPORTS.values() for by in report.by)
    return [by for by in known if by.startswith(incomplete)]
