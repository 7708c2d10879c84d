"""`calls why`: a recorded call, step by step, with what decided."""

import sys
from collections.abc import Sequence
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.calls import facts_of, find_calls
from clinicpbx.cli._database import ask_database
from clinicpbx.cli.output import say, show
from clinicpbx.core.records.path import PathLine, path
from clinicpbx.core.records.rows import Fact
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

COLUMNS = ["time", "step", "outcome", "why", "instead", "rule"]


def find_call(instance: Instance, call: str) -> dict[str, Any]:
    """The record of *call*. Errors: ClinicPBXError where there is none, or more than one that this is short for."""

    async def question(engine: AsyncEngine) -> list[dict[str, Any]]:
        return await find_calls(engine, call)

    found = ask_database(instance, question)
    if not found:
        raise ClinicPBXError(f"no record of call {call!r}", do="See `clinicpbx calls list`")
    if len(found) > 1:
        names = ", ".join(row["call"] for row in found)
        raise ClinicPBXError(f"{call!r} is short for several calls: {names}")
    return found[0]


@click.command()
@click.argument("call")
@click.option("--replay", is_flag=True, help="Decide it again from the journal, and compare; exit 1 where it differs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def why(instance: Instance, call: str, replay: bool, as_json: bool) -> None:
    """Why CALL went where it went: each step, its outcome, what decided, and where it would have gone instead.

    \b
    Examples:
      clinicpbx calls why 1795478910.1
      clinicpbx calls why clinic-1795478910.1 --replay --json
    """
    from clinicpbx.daemon.rulebooks import kept_rulebook

    row = find_call(instance, call)

    async def question(engine: AsyncEngine) -> Sequence[Fact]:
        return await facts_of(engine, row["call"])

    facts = ask_database(instance, question)
    book = kept_rulebook(instance, row["version"])
    again = _again(instance, row["call"], book) if replay else None
    lines = [_line(one, book, row["flow"]) for one in path(facts if again is None else again)]
    if row["fallback"] or not lines:
        reason = "the daemon did not answer: the fallback took the call" if row["fallback"] else "no daemon took part"
        told = {"time": row["ended"], "outcome": row["outcome"], "why": reason}
        lines.append({**dict.fromkeys(COLUMNS, ""), **told})
    show(f"Call {row['call']}", COLUMNS, lines, as_json)
    if row["version"]:
        say(f"rules {row['version']}, flow {row['flow']}")
    if again is not None:
        same = _same(path(facts), path(again))
        say(f"decided again from the journal: {'the same' if same else 'not what was recorded'}")
        sys.exit(0 if same else 1)


def _again(instance: Instance, call: str, book: Rulebook | None) -> list[Fact]:
    from clinicpbx.core.records.again import decided_again
    from clinicpbx.daemon.recorded import events_of_call

    events = events_of_call(instance, call)
    if not events:
        raise ClinicPBXError("the journal does not have this call any more", do="It keeps 8 days")
    if book is None:
        raise ClinicPBXError("the rules of this call are gone", do="See `clinicpbx rules history`")
    return decided_again(call, events, book)


def _line(one: PathLine, book: Rulebook | None, flow: str) -> dict[str, Any]:
    """*one* with the ways that were not taken, and the place of the rule."""
    nodes = book.flows[flow].nodes if book is not None and flow in book.flows else {}
    node = nodes.get(one.step)
    others = ""
    if node is not None and one.outcome in node.next:
        taken = node.next[one.outcome]
        others = "; ".join(f"{outcome} → {step}" for outcome, step in node.next.items() if step != taken)
    told = node is not None and one.outcome in ("entered", *node.step.outcomes())  # else a queue of the same name
    rule = node.where.rpartition("/")[2] if node is not None and told else ""
    return dict(zip(COLUMNS, (one.at, one.step, one.outcome, one.why, others, rule), strict=True))


def _same(recorded: Sequence[PathLine], again: Sequence[PathLine]) -> bool:
    """Facts are kept to the millisecond, so times are not compared."""
    return [(one.step, one.outcome, one.why) for one in recorded] == [(one.step, one.outcome, one.why) for one in again]
