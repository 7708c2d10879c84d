"""One test call as its caller hears it: pure; what comes in is stamped, what is found wrong names the prompt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clinicpbx.core.callflow.rehearsal import SELFTEST

ANSWER_WITHIN = timedelta(seconds=10)
FIRST_WITHIN = timedelta(seconds=8)  # the dialplan gives up a daemon that is silent for 5
LEG_WITHIN = timedelta(seconds=6)
LONGEST = timedelta(minutes=3)
LEAST_SOUND = timedelta(milliseconds=250)
QUIET = timedelta(milliseconds=200)
"""Asterisk calls it the end of sound once it was quiet for so long."""
HUSH = timedelta(seconds=1)
"""A key cuts short what plays, or was about to."""
RULES, FALLBACK = "rules", "fallback"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the listening end of a test call heard, or was told."""

    at: datetime


class Ready(Heard):
    """The listening end is there; the call can begin."""

    __slots__ = ()


class Answered(Heard):
    __slots__ = ()


class SoundBegan(Heard):
    __slots__ = ()


class SoundEnded(Heard):
    """Told QUIET later than it was."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PromptBegan(Heard):
    """*prompt*: `language/name` of the clinic's, or the name of a sound of Asterisk's."""

    prompt: str


@dataclass(frozen=True, slots=True)
class PromptsEnded(Heard):
    """*whole* is False where one could not be played."""

    whole: bool


@dataclass(frozen=True, slots=True)
class Reached(Heard):
    """The test leg has the call, in place of what *step* would have done; "": of the fallback's."""

    step: str


class Gone(Heard):
    __slots__ = ()


class TimePassed(Heard):
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of the test call *call* to *entry*. *path*: rules, or fallback. *problem*: "" where all is well.

    *answered*, *sounded*: how long it took until then; None where it never was. *prompts*: those that were heard.
    *reached*: the step that the test leg stood in for.
    """

    call: str
    entry: str
    path: str
    at: datetime
    problem: str
    answered: timedelta | None = None
    sounded: timedelta | None = None
    prompts: tuple[str, ...] = ()
    reached: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


@dataclass(slots=True)
class Walk:
    """*keys*: what is pressed after which prompt. `hear` gives the key to press now, or ""."""

    entry: str
    path: str
    began: datetime
    keys: Mapping[str, str] = field(default_factory=dict)
    over: bool = False
    problem: str = ""
    answered: timedelta | None = None
    sounded: timedelta | None = None
    reached: str = ""
    prompts: list[str] = field(default_factory=list)
    deadline: datetime = field(init=False)
    _prompt: str = ""
    _since: datetime | None = None  # of what is listened to: a prompt, or the test leg
    _sounds: datetime | None = None  # since when
    _sound: timedelta = timedelta(0)
    _hushed: datetime | None = None  # until then a key may have cut a prompt short

    def __post_init__(self) -> None:
        self.deadline = self.began + ANSWER_WITHIN

    @property
    def name(self) -> str:
        return f"{self.path}-{self.entry.removeprefix('+')}-{self.began.timestamp():.3f}"

    @property
    def call(self) -> str:
        """The id of the channel that walks through the clinic."""
        return f"{SELFTEST}-{self.name}"

    @property
    def ear(self) -> str:
        """The id of the channel that listens; neither may begin with the other."""
        return f"listen-{self.name}"

    @property
    def finding(self) -> Finding:
        times = self.answered, self.sounded
        what = self.call, self.entry, self.path, self.began, self.problem
        return Finding(*what, *times, tuple(self.prompts), self.reached)

    def hear(self, heard: Heard) -> str:
        if self.over:
            return ""
        match heard:
            case Answered(at=at) if self.answered is None:
                self.answered, self.deadline = at - self.began, at + FIRST_WITHIN
            case SoundBegan(at=at):
                self._sounds, self.sounded = at, self.sounded or at - self.began
                self._wait_on()
            case SoundEnded(at=at):
                self._count(at - QUIET)
                self._sounds = None
            case PromptBegan(at=at, prompt=prompt):
                self._judge(at)
                self._listen(at, prompt)
                self._wait_on()
            case PromptsEnded(at=at, whole=whole):
                return self._ended(at, whole)
            case Reached(at=at, step=step):
                self._judge(at)
                self._reach(at, step)
            case Gone(at=at):
                self._gone(at)
            case TimePassed(at=at) if at >= self.deadline:
                self._late(at)
        return ""

    def _wait_on(self) -> None:
        """Something is heard, or will be: now only the whole call may last too long."""
        if not self.reached:
            self.deadline = self.began + LONGEST

    def _listen(self, at: datetime, prompt: str) -> None:
        self._prompt, self._since, self._sound = prompt, at, timedelta(0)

    def _count(self, until: datetime) -> None:
        """The sound since it began, as far as it belongs to what is listened to."""
        if self._sounds is not None and self._since is not None:
            self._sound += max(until - max(self._sounds, self._since), timedelta(0))
            self._sounds = until

    def _judge(self, at: datetime) -> str:
        """What is listened to is over: the prompt, if it was heard."""
        self._count(at)
        prompt, self._prompt = self._prompt, ""
        if prompt and self._sound >= LEAST_SOUND:
            self.prompts.append(prompt)
            return prompt
        if prompt and not self._cut(at):
            self._fail(f"the prompt {prompt} is silent")
        return ""

    def _cut(self, at: datetime) -> bool:
        """Whether our own key may have cut short what played."""
        return self._hushed is not None and at <= self._hushed

    def _ended(self, at: datetime, whole: bool) -> str:
        if not whole and not self.reached and not self._cut(at):
            self._fail(f"the prompt {self._prompt} cannot be played")
        key = self.keys.get(self._judge(at).rpartition("/")[2], "")
        if key and not self.over:
            self._hushed = at + HUSH
            return key
        return ""

    def _reach(self, at: datetime, step: str) -> None:
        self.reached, self.deadline = step or FALLBACK, at + LEG_WITHIN
        self._listen(at, "")
        self._sounds = None  # the leg is silent at first
        if self.path != FALLBACK and self.reached == FALLBACK:
            self._fail("the daemon did not take the call; the fallback did")

    def _gone(self, at: datetime) -> None:
        self._count(at)
        if not self.reached:
            self._fail("the call was cut off" if self.answered is not None else "the call was refused")
        elif self._sound < LEAST_SOUND:
            self._fail("the test leg was not heard")
        self.over = True

    def _late(self, at: datetime) -> None:
        if self.reached:
            self._gone(at)
        elif self.answered is None:
            self._fail(f"not answered within {ANSWER_WITHIN.seconds} s")
        elif self.deadline < self.began + LONGEST:
            self._fail(f"nothing was heard within {FIRST_WITHIN.seconds} s")
        else:
            self._fail(f"nobody was reached within {LONGEST.seconds} s")

    def _fail(self, problem: str) -> None:
        self.problem, self.over = self.problem or problem, True
