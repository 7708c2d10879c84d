"""`inbox claim`, `release`, `note`, `call`, `close`, `reopen`: what people do with an item."""

import sys
from datetime import UTC, datetime

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.numbers import masked
from clinicpbx.cli._actor import actor
from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import book_in_force, pass_instance
from clinicpbx.cli._zone import local_zone
from clinicpbx.cli.output import say
from clinicpbx.core.inbox.changes import Call, Change, Claim, Close, Note, Release, Reopen
from clinicpbx.core.inbox.item import Item
from clinicpbx.daemon.control_client import ask_daemon, tell_daemon
from clinicpbx.paths import Instance

ITEM = click.argument("item", type=int)


def make(instance: Instance, id: int, change: Change) -> Item:
    """The item after *change* by whoever is at this terminal."""
    book = book_in_force(instance)

    async def question(engine: AsyncEngine) -> Item:
        return await change_item(engine, id, change, actor(instance), datetime.now(UTC), book)

    after = ask_database(instance, question, writes=True)
    if isinstance(change, Claim | Call | Close):  # nobody on call is rung for it any more
        calls = [contact.call for contact in after.contacts]
        tell_daemon(instance, {"do": "oncall.taken", "calls": calls, "who": after.owner, "outcome": after.outcome})
    return after


@click.command()
@ITEM
@pass_instance
def claim(instance: Instance, item: int) -> None:
    """Make ITEM yours; of several who try at once one gets it, the others are told who.

    \b
    Example:
      clinicpbx inbox claim 17
    """
    say(f"Item {item} is {make(instance, item, Claim()).owner}'s.")


@click.command()
@ITEM
@pass_instance
def release(instance: Instance, item: int) -> None:
    """Give ITEM back; its owner or a supervisor may.

    \b
    Example:
      clinicpbx inbox release 17
    """
    make(instance, item, Release())
    say(f"Item {item} is nobody's.")


@click.command()
@ITEM
@pass_instance
def reopen(instance: Instance, item: int) -> None:
    """Open ITEM again: something is to be done after all, and the time for it begins anew.

    \b
    Example:
      clinicpbx inbox reopen 17
    """
    due = make(instance, item, Reopen()).due
    say(f"Item {item} is open, and due by {due.astimezone(local_zone()):%Y-%m-%d %H:%M %Z}.")


@click.command()
@ITEM
@pass_instance
def note(instance: Instance, item: int) -> None:
    """Write words to the history of ITEM; asked for at a terminal, else read from stdin: no list of processes has them.

    \b
    Example:
      clinicpbx inbox note 17 < note.txt
    """
    words: str = click.prompt("Note", err=True) if sys.stdin.isatty() else sys.stdin.read()
    make(instance, item, Note(words))
    say(f"Noted on item {item}.")


@click.command()
@ITEM
@click.option("--phone", default="", help="The phone to ring; yours without.")
@pass_instance
def call(instance: Instance, item: int, phone: str) -> None:
    """Ring your phone and, when you pick it up, the patient of ITEM: the item is yours, and what came of it is on it.

    The patient sees the clinic's number; your phone's permissions and the routes are those of any call of yours.

    \b
    Examples:
      clinicpbx inbox call 17
      clinicpbx inbox call 17 --phone 201
    """
    wish = {"do": "inbox.call", "item": item, "phone": phone, "agent": actor(instance).name}
    ask_daemon(instance, wish)  # whether there is a phone to ring, before the item is anybody's
    found = make(instance, item, Call())
    rung = ask_daemon(instance, {**wish, "attempt": found.contacts[-1].call})
    number = masked(found.number.value)
    say(f"Phone {rung['phone']} rings: pick it up to call {number}. Item {item} is {found.owner}'s.")


@click.command()
@ITEM
@click.option("--outcome", required=True, help="One of the category's outcomes.")
@pass_instance
def close(instance: Instance, item: int, outcome: str) -> None:
    """Nothing more is to be done about ITEM.

    \b
    Example:
      clinicpbx inbox close 17 --outcome reached
    """
    make(instance, item, Close(outcome))
    say(f"Item {item} is closed: {outcome}.")
