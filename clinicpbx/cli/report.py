"""Reports: figures as a table, a page, a spreadsheet; the week; the calls behind a figure."""

from typing import Any

import rich_click as click

from clinicpbx.cli._figures import print_page, reckon
from clinicpbx.cli._formats import format_options, read_format
from clinicpbx.cli._patience import patience
from clinicpbx.cli._period import Mistakes, period_options, read_period
from clinicpbx.cli._report_calls import calls
from clinicpbx.cli._report_names import dimensions, reports
from clinicpbx.cli._report_saved import saved
from clinicpbx.cli._report_week import week
from clinicpbx.cli.output import show
from clinicpbx.paths import Instance


class Named(click.Group):
    """What is none of its commands is the name of a report."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return figures.name, figures, args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name) for name in reports(ctx, figures.params[0], incomplete)]
        return [*named, *super().shell_complete(ctx, incomplete)]


@click.group("report", cls=Named, invoke_without_command=True, subcommand_metavar="[NAME | COMMAND] [OPTIONS]")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Print the report NAME; without NAME, list the reports. Options of a report: clinicpbx report figures --help.

    \b
    Examples:
      clinicpbx report
      clinicpbx report service_level --from last-week
      clinicpbx report demand --from last-month --format html --output demand.html
      clinicpbx report week
    """
    from clinicpbx.reports import REPORTS

    if ctx.invoked_subcommand is None:
        rows = [{"name": name, "title": report.title, "by": report.by} for name, report in REPORTS.items()]
        show("Reports", ["name", "title", "by"], rows, as_json)


@command.command("figures", hidden=True)
@click.argument("name", shell_complete=reports)
@period_options("7d")
@click.option("--by", default="", shell_complete=dimensions, help="What a row stands for, such as queue, day or hour.")
@format_options
@click.pass_obj
def figures(
    instance: Instance, /, name: str, since: str, until: str | None, by: str, format: str | None, output: str | None,
    as_json: bool, **counting: Any,
) -> None:  # fmt: skip
    """The figures of the report NAME for a period. Its period and its formula go to stderr.

    \b
    Examples:
      clinicpbx report service_level --from 2026-11-01 --to 2026-12-01
      clinicpbx report abandoned_calls --from last-week --by hour --json
      clinicpbx report call_volume --from last-month --by day --format xlsx --output november.xlsx

    In figures of CSV a text that begins like a formula has a ' in front; a CSV file begins with a byte order mark,
    a CSV stream does not.
    """
    from clinicpbx.reports import REPORTS

    mistakes = Mistakes()
    chosen = REPORTS.get(name)
    if chosen is None:
        mistakes.note(f"no report {name!r}: {', '.join(REPORTS)}")
    elif by and by not in chosen.by:
        mistakes.note(f"--by: {name} has no rows by {by!r}, but by {', '.join(chosen.by) or 'nothing else'}")
    written = read_format(mistakes, format, output, as_json)
    period = read_period(instance, mistakes, since, until, by, **counting)
    mistakes.refuse()
    with patience("counting"):
        page = reckon(instance, name, period)
    print_page(page, written, output)


@command.command()
def reference() -> None:
    """Every report and its figures, with their formulas, as Markdown: docs/figures.md.

    \b
    Examples:
      clinicpbx report reference > figures.md
    """
    from clinicpbx.reports._reference import reference as written

    click.echo(written(), nl=False)


for below in (calls, saved, week):
    command.add_command(below)
