"""`oncall timeline` and `oncall reachability`: read from the main database, and from the journal what is newer."""

import csv
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli._moment import MOMENT
from clinicpbx.cli.output import show
from clinicpbx.core.records.rows import CelRow, Fact
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance

T = TypeVar("T")
LINES = ["time", "what", "who", "result"]
PEOPLE = ["who", "pin", "rung", "answered", "accepted", "confirmed", "declined", "silent", "median"]


def _asked(instance: Instance, question: Callable[[AsyncEngine], Awaitable[list[T]]]) -> list[T]:
    """What the main database knows; nothing where there is none yet."""
    with suppress(NotReachable):
        return ask_database(instance, question)
    return []


def _facts(instance: Instance, call: str) -> list[Fact]:
    from clinicpbx.adapters.db.calls import facts_of
    from clinicpbx.daemon.recorded import facts_of_call

    async def question(engine: AsyncEngine) -> list[Fact]:
        return list(await facts_of(engine, call))

    return _once([*_asked(instance, question), *facts_of_call(instance, call)])


def _once(facts: list[Fact]) -> list[Fact]:
    """Each once, though the database has what the journal still has."""
    return list({(fact.call, fact.at, fact.kind, str(fact.body)): fact for fact in facts}.values())


def _channels(instance: Instance, call: str) -> list[CelRow]:
    from clinicpbx.adapters.db.calls import channels_of

    async def question(engine: AsyncEngine) -> list[CelRow]:
        return await channels_of(engine, call)

    return _asked(instance, question)


@click.command()
@click.argument("page")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180).")
@pass_instance
def timeline(instance: Instance, page: str, as_json: bool, as_csv: bool) -> None:
    """What happened to PAGE, or to a call: every step with its time, the person, and what came of it.

    Of a call to the emergency number it tells what Asterisk saw, too. Names, never numbers.

    \b
    Examples:
      clinicpbx oncall timeline clinic-1795492433.26.5
      clinicpbx oncall timeline clinic-1795492433.26 --csv > timeline.csv
    """
    from clinicpbx.core.oncall.timeline import timeline as told

    for call in (page, page.rpartition(".")[0]):
        lines = told(_facts(instance, call), _channels(instance, call)) if call else []
        if lines:
            break
    else:
        raise ClinicPBXError(f"nothing is known of {page!r}", do="See `clinicpbx oncall pages`, `clinicpbx calls list`")
    rows = [dict(zip(LINES, (one.at, one.what, one.who, one.result), strict=True)) for one in lines]
    if as_csv:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(LINES)
        writer.writerows([one.at.isoformat(), one.what, one.who, one.result] for one in lines)
        click.echo(out.getvalue(), nl=False)
        return
    show(f"Timeline of {page}", LINES, rows, as_json)


@click.command()
@click.option("--since", type=MOMENT, default="30d", show_default=True, help="Since when.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def reachability(instance: Instance, since: datetime, as_json: bool) -> None:
    """One row a person: how often they were rung, and answered, accepted, confirmed shifts; the median time to accept.

    Who has no PIN cannot accept by telephone.

    \b
    Examples:
      clinicpbx oncall reachability --since 30d --json
    """
    from clinicpbx.adapters.db.calls import page_facts
    from clinicpbx.adapters.vault.pins import PERSON, Pins
    from clinicpbx.cli._instance import rules_in_force
    from clinicpbx.core.oncall.timeline import Reached
    from clinicpbx.core.oncall.timeline import reachability as reached
    from clinicpbx.daemon.recorded import facts_of_kind

    async def question(engine: AsyncEngine) -> list[Fact]:
        return await page_facts(engine, since)

    facts = _once([*_asked(instance, question), *facts_of_kind(instance, "page", since)])
    found = {one.who: one for one in reached(facts)}
    found |= {who: Reached(who) for who in rules_in_force(instance).book.providers if who not in found}
    pins = set(Pins(instance).mailboxes())
    rows = [
        {**{name: getattr(one, name) for name in PEOPLE if name != "pin"}, "pin": PERSON.format(one.who) in pins}
        for one in sorted(found.values(), key=lambda one: one.who)
    ]
    show("Reachability", PEOPLE, rows, as_json)
