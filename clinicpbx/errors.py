"""Mistakes people make: where, what, what to do, and the exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ClinicPBXError(Exception):
    """A mistake of a person or of the surroundings; its text is shown as it is, without a traceback.

    The exit codes are those of sysexits.h where it has one: 65 data refused, 69 unavailable, 77 not permitted.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what, self.where, self.do = what, where, do
        super().__init__(": ".join(filter(None, (where, what))) + (f". {do}" if do else ""))


class NotReachable(ClinicPBXError):
    """Asterisk, the daemon or a database does not answer."""

    exit_code = 69


class NotPermitted(ClinicPBXError):
    """The user may not do this."""

    exit_code = 77


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One problem in a file: `file:line:col: path: problem`. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: str
    problem: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        return f"{self.file}:{self.line}:{self.column}: {self.path}: {kind}{self.problem}"


class RulesRefused(ClinicPBXError):
    """Every mistake found in the rules, at once."""

    exit_code = 65

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))
