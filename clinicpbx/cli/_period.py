"""The period of a report as people type it, and what else decides its figures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from clinicpbx.adapters.db.tally_tables import widened
from clinicpbx.cli._instance import book_in_force
from clinicpbx.cli._moment import UNITS, moment
from clinicpbx.core.records.stretch import WORDS, stretch
from clinicpbx.core.records.tally import DAYS
from clinicpbx.paths import Instance
from clinicpbx.reports._report import Period

HOW = f"2026-11-24, 2026-11-24T08:00, 24h, 7d, {', '.join(WORDS)}, 2026-W47"
YEARS = range(1970, 2200)


@dataclass(slots=True)
class Mistakes:
    """Everything that is wrong with a command line, said at once."""

    found: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        self.found.append(what)

    def refuse(self) -> None:
        """Errors: click.UsageError (exit code 2) where there are any."""
        if self.found:
            raise click.UsageError("\n".join(self.found))


def _words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [word for word in WORDS if word.startswith(incomplete)]


def period_options(since: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--from (default *since*), --to, and what decides how figures are counted."""
    days = click.Choice([str(days) for days in DAYS])
    options = (
        click.option(
            "--from", "since", default=since, show_default=True, shell_complete=_words,
            help="Calls that began since: 2026-11-24, 24h, 7d, last-week, 2026-W47 …, in the clinic's zone.",
        ),
        click.option(
            "--to", "until", shell_complete=_words,
            help="Calls that began before; a word such as yesterday: until its end. Default: the end of a word in "
            "--from, else now.",
        ),
        click.option("--threshold", type=click.FloatRange(0),
                     help="Seconds that are in time. Default: by the target of each queue, else 20."),
        click.option("--short", type=click.FloatRange(0), default=5.0, show_default=True,
                     help="Seconds; who gives up sooner did not wait."),
        click.option("--days", type=days, default="7", show_default=True, help="Days for first-call resolution."),
    )  # fmt: skip

    def add(body: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            body = option(body)
        return body

    return add


def read_period(
    instance: Instance,
    mistakes: Mistakes,
    since: str,
    until: str | None,
    by: str = "",
    options: tuple[str, str] = ("--from", "--to"),
    threshold: float | None = None,
    **more: Any,
) -> Period:
    """What was typed for *options*, in the clinic's zone; what cannot be read is noted in *mistakes*.

    What is counted back from now begins with the quarter of an hour before, and now is the end of this one: whole
    quarters are counted beforehand.
    """
    book, now = book_in_force(instance), datetime.now(UTC)
    zone = book.notify.zone
    edges: list[tuple[datetime, datetime | None]] = []
    for option, text in zip(options, (since, until), strict=True):
        try:
            edges.append(_edges(text, now, zone) if text is not None else (now, None))
        except (ValueError, OverflowError):
            edges.append((now, None))
            mistakes.note(f"{option}: {text!r} is no time; write {HOW}")
    (begin, default_end), (first, after) = edges
    end = default_end or widened(now, now)[1] if until is None else after or first
    if end <= begin and not mistakes.found:
        mistakes.note(f"{options[1]} must be after {options[0]}")
    more["days"] = int(more.get("days", 7))
    return Period(begin, end, by=by, zone=zone.key, now=now, **more).counted(threshold, book.targets)


def _edges(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """When *text* begins, and ends if it is a stretch. Errors: ValueError."""
    if text in WORDS or "-W" in text:
        return stretch(text, now, zone)
    at = moment(text, now, zone)
    if at.year not in YEARS:
        raise ValueError("no call began then")
    return (widened(at, now)[0] if text[-1:] in UNITS else at), None
