"""The team's inbox: messages, missed calls and call-backs, one item a patient's need."""

from datetime import UTC, datetime
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.inbox_lists import Wanted, list_items, story
from clinicpbx.cli import _inbox_changes as changes
from clinicpbx.cli._actor import actor
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._inbox_rows import COLUMNS, OF_CONTACT, contact_rows, item_row
from clinicpbx.cli._instance import book_in_force, pass_instance
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.core.inbox.changes import outcomes_of
from clinicpbx.core.inbox.due import today as day
from clinicpbx.core.inbox.item import Item
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
unmask = click.option("--unmask", is_flag=True, help="Show numbers in full.")
MOST = 500


@click.group("inbox")
def command() -> None:
    """What patients wait for: one item a need, with an owner, a due time and an outcome. Numbers are masked.

    \b
    Examples:
      clinicpbx inbox today
      clinicpbx inbox list --overdue
      clinicpbx inbox claim 17
      clinicpbx inbox close 17 --outcome reached
    """


@command.command("list")
@click.option("--mine", is_flag=True, help="Yours alone.")
@click.option("--overdue", is_flag=True, help="Past their due time.")
@click.option("--closed", is_flag=True, help="Closed ones instead, the last closed first.")
@click.option("--category", default="", help="Of this category.")
@click.option("--team", default="", help="Of this queue.")
@click.option("--after", type=int, default=0, help="The page after this item.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="So many.")
@as_json
@unmask
@pass_instance
def list_inbox(instance: Instance, /, mine: bool, overdue: bool, as_json: bool, unmask: bool, **wanted: Any) -> None:
    """Open items: what is due first comes first, then what weighs more.

    \b
    Examples:
      clinicpbx inbox list
      clinicpbx inbox list --team nurse --overdue --json
      clinicpbx inbox list --limit 20 --after 17
    """
    now = datetime.now(UTC)
    page = Wanted(
        owner=actor(instance).name if mine else "", queue=wanted.pop("team"), before=now if overdue else None, **wanted
    )

    async def question(engine: AsyncEngine) -> list[Item]:
        return await list_items(engine, page)

    rows = [item_row(item, now, unmask) for item in ask_database(instance, question)]
    show("Inbox", [*COLUMNS, *(["closed", "outcome"] if page.closed else [])], rows, as_json)


@command.command("show")
@click.argument("item", type=int)
@as_json
@unmask
@pass_instance
def show_item(instance: Instance, item: int, as_json: bool, unmask: bool) -> None:
    """The whole story of ITEM: every contact in and out, what was done and noted, what it may be closed with.

    \b
    Examples:
      clinicpbx inbox show 17
      clinicpbx inbox show 17 --unmask --json
    """

    async def question(engine: AsyncEngine) -> Any:
        return await story(engine, item)

    found, history = ask_database(instance, question)
    if found is None:
        raise ClinicPBXError(f"no item {item} in the inbox", do="See `clinicpbx inbox list`")
    row, contacts = item_row(found, datetime.now(UTC), unmask), contact_rows(found.contacts)
    outcomes = list(outcomes_of(book_in_force(instance), found.category))
    if as_json:
        show_json({**row, "outcomes": outcomes, "contacts": contacts, "history": history})
        return
    lines = [{"field": name, "value": value} for name, value in {**row, "outcomes": outcomes}.items()]
    show(f"Item {item}", ["field", "value"], lines, as_json)
    show("Contacts", OF_CONTACT, contacts, as_json)
    show("History", ["at", "kind", "actor", "text"], history, as_json)


@command.command()
@as_json
@unmask
@pass_instance
def today(instance: Instance, as_json: bool, unmask: bool) -> None:
    """What came since 8 o'clock of the last working day, what is due today, and what is overdue.

    \b
    Examples:
      clinicpbx inbox today
      clinicpbx inbox today --json
    """
    now = datetime.now(UTC)
    hours = next(iter(book_in_force(instance).hours.values()), None)
    since, midnight = day(now, hours)

    async def question(engine: AsyncEngine) -> tuple[list[Item], list[Item]]:
        came = await list_items(engine, Wanted(since=since, limit=MOST))
        return came, await list_items(engine, Wanted(before=midnight, limit=MOST))

    came, due = ask_database(instance, question)
    parts = {
        "overdue": [item for item in due if item.due < now],
        "due today": [item for item in due if item.due >= now],
        "came": came,
    }
    rows = {part: [item_row(item, now, unmask) for item in items] for part, items in parts.items()}
    if as_json:
        show_json({"since": since, **{part.replace(" ", "_"): found for part, found in rows.items()}})
        return
    say(f"Since {since.astimezone(midnight.tzinfo):%A %d %B, %H:%M}: {', '.join(f'{len(rows[p])} {p}' for p in rows)}.")
    listed = [{"what": part, **row} for part, found in rows.items() for row in found]
    show("Today", ["what", *COLUMNS, "outcome"], listed, as_json)


for each in (changes.claim, changes.release, changes.note, changes.call, changes.close, changes.reopen):
    command.add_command(each)
