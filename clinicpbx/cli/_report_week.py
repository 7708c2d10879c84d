"""`report week`: the week on one page."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._figures import print_page
from clinicpbx.cli._formats import format_options, read_format
from clinicpbx.cli._instance import book_in_force
from clinicpbx.cli._patience import patience
from clinicpbx.cli._period import Mistakes
from clinicpbx.core.records.stretch import stretch, week_name
from clinicpbx.paths import Instance
from clinicpbx.reports._report import Period
from clinicpbx.reports._sheet import Page

WEEK = timedelta(weeks=1)


@click.command("week")
@click.option("--week", "named", default="last-week", show_default=True, help="last-week, this-week or 2026-W47.")
@click.option("--threshold", type=click.FloatRange(0),
              help="Seconds that are in time. Default: by the target of each queue, else 20.")  # fmt: skip
@click.option("--target", type=click.FloatRange(0, 100),
              help="Per cent to be answered in time. Default: by the target of each queue, else 80.")  # fmt: skip
@format_options
@click.pass_obj
def week(
    instance: Instance, named: str, threshold: float | None, target: float | None, format: str | None,
    output: str | None, as_json: bool,
) -> None:  # fmt: skip
    """The week on one page: what changed, breaches, what was unmet, what surprised us, what needs an owner.

    \b
    Examples:
      clinicpbx report week
      clinicpbx report week --week 2026-W47 --output week.html
      clinicpbx report week --week this-week --target 90 --json
    """
    from clinicpbx.reports._week import week_page

    mistakes = Mistakes()
    written = read_format(mistakes, format, output, as_json)
    book, now = book_in_force(instance), datetime.now(UTC)
    zone, clinic = book.notify.zone, book.notify.clinic
    begin, end = _week(mistakes, named, now, zone)
    mistakes.refuse()
    period = Period(begin, end, zone=zone.key, now=now).counted(threshold, book.targets)

    async def question(engine: AsyncEngine) -> Page:
        return await week_page(engine, period, clinic, target)

    with patience("counting"):
        page = ask_database(instance, question)
    print_page(page, written, output)


def _week(mistakes: Mistakes, named: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    try:
        begin, end = stretch(named, now, zone)
        if end.date() - begin.date() == WEEK:
            return begin, end
    except ValueError:
        pass
    mistakes.note(f"--week: {named!r} is no week; write last-week, this-week or one such as {week_name(now, zone)}")
    return now, now
