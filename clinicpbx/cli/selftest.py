"""Test calls to every entry of the clinic: they hear what callers hear, and reach nobody."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import named, pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.daemon.control_client import ask_daemon, tell_daemon
from clinicpbx.paths import Instance

COLUMNS = ["entry", "path", "ok", "problem", "answered", "sounded", "prompts", "reached", "at"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _entries(instance: Instance) -> list[str]:
    from clinicpbx.daemon.rulebooks import Rulebooks

    return list(Rulebooks(instance).load(datetime.now(UTC).date()).entries)


@click.group("selftest")
def command() -> None:
    """Test calls to every number of the clinic, by the rules and by the fallback.

    They walk through the dialplan and the daemon as a caller does, press the keys that lead to people, and listen to
    every prompt on the way. Where a step would ring, record or promise something, the test leg answers instead: no
    phone rings, no message is left, no report counts them. Emergency numbers are never dialled.

    \b
    Examples:
      clinicpbx selftest run
      clinicpbx selftest run +12075550100
      clinicpbx selftest list --json
    """


@command.command()
@click.argument("entries", metavar="[ENTRY]...", nargs=-1, shell_complete=named(_entries))
@as_json
@pass_instance
def run(instance: Instance, entries: Sequence[str], as_json: bool) -> None:
    """Call each ENTRY (a number of the clinic or an extension; default: all), and wait; exit 1 where one fails.

    Times are in milliseconds: until the call was answered, and until something was heard. Also without the daemon,
    whose absence is then what is found.

    \b
    Examples:
      clinicpbx selftest run
      clinicpbx selftest run +12075550100 300 --json
    """
    rows = asyncio.run(_run(instance, entries))
    show("Self-test", COLUMNS, rows, as_json)
    if failed := [row for row in rows if not row["ok"]]:
        say(f"{len(failed)} of {len(rows)} test calls failed")
        raise SystemExit(1)


async def _run(instance: Instance, wanted: Sequence[str]) -> list[dict[str, Any]]:
    from clinicpbx.daemon.rulebooks import Rulebooks
    from clinicpbx.daemon.selftest_calls import entries_of, findings
    from clinicpbx.daemon.selftests import row_of
    from clinicpbx.settings import read_settings

    book = Rulebooks(instance).load(datetime.now(UTC).date())
    rows = list[dict[str, Any]]()
    async for finding in findings(instance, read_settings(instance), book, entries_of(book, wanted)):
        rows.append(row_of(finding))
    kept = all(tell_daemon(instance, {"do": "selftest.keep", "row": row}) for row in rows)
    if not kept:
        say("the daemon does not answer: the result is not on record")
    return rows


@command.command("list")
@as_json
@pass_instance
def list_last(instance: Instance, as_json: bool) -> None:
    """The last test call to each entry, by the rules and by the fallback; needs the daemon.

    \b
    Examples:
      clinicpbx selftest list
      clinicpbx selftest list --json
    """
    show("Self-test", COLUMNS, ask_daemon(instance, {"do": "selftest.rows"}), as_json)
