"""What scenarios name is there, and their instants lie in the years whose holidays are known."""

from collections.abc import Collection, Iterator

from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft, entries
from clinicpbx.rules.official_holidays import known_years
from clinicpbx.rules.places import Path, perhaps


@CHECKS.register("scenarios")
def scenarios(draft: Draft) -> Iterator[Mistake]:
    document = draft.document
    numbers, steps = entries(document), {step for flow in document.flows.values() for step in flow.steps}
    met = {*steps, *document.queues, *document.mailboxes, *document.agents, *document.phones}
    years = known_years(draft.today)
    for name, one in document.scenarios.items():
        path, expected = ("scenarios", name), ("scenarios", name, "expect")
        uses: list[tuple[Path, str | None, Collection[str], str]] = [
            ((*path, "dial"), one.dial, numbers, "number that callers reach"),
            ((*path, "override"), one.override, document.overrides, "override"),
            ((*path, "language"), one.language, document.languages, "language"),
            ((*expected, "language"), one.expect.language, document.languages, "language"),
            ((*expected, "queue"), one.expect.queue, document.queues, "queue"),
            ((*expected, "mailbox"), one.expect.mailbox, document.mailboxes, "mailbox"),
            *(((*expected, "steps", step), step, steps, "step") for step in one.expect.steps),
            *(
                ((*expected, "never", each), each, met, "step, queue, mailbox, agent or phone")
                for each in one.expect.never
            ),
        ]
        if isinstance(one.agents, tuple):
            uses += [((*path, "agents", agent), agent, document.agents, "agent") for agent in one.agents]
        for where, used, known, what in uses:
            if used is not None and used not in known:
                yield draft.mistake(where, f"no {what} {used!r}{perhaps(used, known)}")
        if one.at.year not in years:
            yield draft.mistake((*path, "at"), f"write a day of the years {years[0]} to {years[-1]}")
