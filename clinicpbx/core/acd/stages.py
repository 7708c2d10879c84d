"""What a caller asks of an agent, and how that is relaxed while nobody can give it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

Skills = tuple[tuple[str, int], ...]
"""Names and least levels, sorted by name."""

CALLERS = "language"
"""In a need: the language of the caller, whichever that is."""


@dataclass(frozen=True, slots=True)
class Stage:
    """From *after* the joining on: agents with these *skills*, and of those only *agent*, if one is named."""

    after: timedelta = timedelta(0)
    skills: Skills = ()
    agent: str = ""

    def met_by(self, name: str, skills: Mapping[str, int]) -> bool:
        """Whether the agent *name* with *skills* may take the call now."""
        return self.agent in ("", name) and all(skills.get(skill, 0) >= level for skill, level in self.skills)


ANYBODY = (Stage(),)


def speaks(language: str) -> str:
    """The skill of speaking *language*."""
    return f"speaks {language}"


def stages(
    language: str,
    needs: Mapping[str, int],
    relax: Mapping[timedelta, Mapping[str, int]],
    same_language: timedelta,
    agent: str = "",
    same_agent: timedelta = timedelta(0),
) -> tuple[Stage, ...]:
    """The stages of a caller who speaks *language*, in the order of their times; the first begins at once.

    *relax* replaces *needs* from each of its times on; *same_language* and *same_agent* hold for so long. A need of
    CALLERS takes the place of *same_language*.
    """
    written = {timedelta(0): needs, **relax}
    own = any(CALLERS in each for each in written.values())
    times = {*written, *([] if own else [same_language]), *([same_agent] if agent else [])}
    found: list[Stage] = []
    for after in sorted(times):
        asked = written[max(time for time in written if time <= after)]
        skills = {speaks(language) if name == CALLERS else name: level for name, level in asked.items()}
        if not own and after < same_language:
            skills[speaks(language)] = 1
        stage = Stage(after, tuple(sorted(skills.items())), agent if after < same_agent else "")
        if not found or (stage.skills, stage.agent) != (found[-1].skills, found[-1].agent):
            found.append(stage)
    return tuple(found)


def postponed(stages: tuple[Stage, ...], by: timedelta) -> tuple[Stage, ...]:
    """The same, for a caller whose time of joining lies *by* before the asking: each lasts as long as it would have."""
    return tuple(replace(stage, after=stage.after + by) if stage.after else stage for stage in stages)


def lacking(asked: Skills, skills: Mapping[str, int]) -> Iterable[str]:
    """Which of the *asked* are not among *skills*, as `billing 2` or `speaks es`."""
    for skill, level in asked:
        if skills.get(skill, 0) < level:
            yield skill if level == 1 else f"{skill} {level}"
