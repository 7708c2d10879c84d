"""What a queue's callers need somebody can give, and needs are relaxed, not raised."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise

from clinicpbx.core.acd.stages import CALLERS
from clinicpbx.errors import Mistake
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.flows import Draft
from clinicpbx.rules.places import Path, perhaps


@CHECKS.register("needs")
def needs(draft: Draft) -> Iterator[Mistake]:
    agents = draft.document.agents.values()
    known = {skill for agent in agents for skill in agent.skills} | {CALLERS}
    for path, node in draft.nodes():
        first: Mapping[str, int] = getattr(node.step, "needs", {})
        relax: Mapping[timedelta, Mapping[str, int]] = getattr(node.step, "relax", {})
        if not first and not relax:
            continue
        here = (*path, node.kind)
        written = [first, *(relax[after] for after in sorted(relax))]
        for skill in sorted({skill for each in written for skill in each} - known):
            yield draft.mistake((*here, "needs"), f"no agent has the skill {skill!r}{perhaps(skill, known)}")
        yield from _raised(draft, here, written)
        queue, last = getattr(node.step, "queue", ""), written[-1]
        serving = [agent for agent in agents if queue in agent.queues]
        skills = {skill: level for skill, level in last.items() if skill != CALLERS}
        if set(skills) <= known and not any(
            all(agent.skills.get(skill, 0) >= level for skill, level in skills.items()) for agent in serving
        ):
            wanted = ", ".join(f"{skill} {level}" for skill, level in skills.items())
            yield draft.mistake((*here, "needs"), f"no agent of {queue} has {wanted}, and it is never relaxed")


def _raised(draft: Draft, here: Path, written: list[Mapping[str, int]]) -> Iterator[Mistake]:
    for before, after in pairwise(written):
        for skill, level in after.items():
            if level > before.get(skill, 0):
                yield draft.mistake(
                    (*here, "relax"), f"asks for more {skill} than before: {level} after {before.get(skill, 0)}"
                )
