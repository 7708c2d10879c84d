"""`rules replay`: recorded calls under draft rules."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from clinicpbx.cli._instance import there
from clinicpbx.cli._moment import MOMENT
from clinicpbx.cli.output import say, show
from clinicpbx.paths import Instance

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = ["at", "call", "entry", "went", "would_go", "where"]


@click.command("replay")
@click.option("--since", type=MOMENT, default="7d", show_default=True, help="Calls that began at or after this time.")
@click.option("--file", type=click.Path(path_type=Path), help="Draft rules; default: those of the instance's folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def replay(instance: Instance, since: datetime, file: Path | None, as_json: bool) -> None:
    """Walk recorded calls through draft rules, and list those that would go elsewhere. No numbers are shown.

    Callers press the same keys at the questions, the same people are there. The journal keeps 8 days.
    Exit 0: every call goes where it went; 1: some would not.

    \b
    Examples:
      clinicpbx rules replay
      clinicpbx rules replay --since 24h --file draft/clinic.yaml --json
    """
    from rich.progress import track

    from clinicpbx.daemon.recorded import recorded
    from clinicpbx.daemon.rulebooks import kept_rulebook
    from clinicpbx.rules.compile import read_rules
    from clinicpbx.rules.replay import elsewhere

    there(instance)
    draft = read_rules(file or instance.clinic, datetime.now(UTC).date(), "draft", prove=False)
    found, walked, left_out = [], 0, 0

    book_of = cache(partial(kept_rulebook, instance))
    calls = list(recorded(instance, since))
    shown = track(calls, "calls", console=_console(), disable=len(calls) < 2000 or not sys.stderr.isatty())
    for call, events in shown:
        book = book_of(events[0].version)  # type: ignore[attr-defined]
        if book is None:
            left_out += 1
            continue
        walked += 1
        if (other := elsewhere(call, events, book, draft.book)) is not None:
            found.append(asdict(other) | {"at": other.at.astimezone(draft.document.local)})
    show("Calls that would go elsewhere", COLUMNS, found, as_json)
    gone = f"; {left_out} of versions that are gone" if left_out else ""
    say(f"{walked} calls, {len(found)} would go elsewhere{gone}")
    sys.exit(1 if found else 0)


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
