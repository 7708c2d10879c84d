"""The rules in force, and those that calls in progress began with."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.rules.compile import read_rules

log = structlog.get_logger(__name__)

Read = Callable[[Path, date, str], Rulebook]


def read_rulebook(path: Path, today: date, version: str) -> Rulebook:
    return read_rules(path, today, version, in_force=True).book


def kept_rulebook(instance: Instance, version: str) -> Rulebook | None:
    """The rules of *version* as they were applied; None where they cannot be read any more."""
    file = instance.versions / version / "rules" / instance.clinic.name
    try:
        return read_rulebook(file, datetime.now(UTC).date(), version) if version else None
    except (ClinicPBXError, OSError):
        return None


class Rulebooks:
    """Broken rules never take the running version away: they raise, and nothing has changed."""

    def __init__(self, instance: Instance, read: Read = read_rulebook) -> None:
        self._instance, self._read = instance, read
        self._books: dict[str, Rulebook] = {}
        self._current: Rulebook | None = None

    def current(self) -> Rulebook:
        if self._current is None:
            raise ClinicPBXError("no rules are in force", do="clinicpbx rules apply")
        return self._current

    def load(self, today: date) -> Rulebook:
        """Take versions/current for calls that begin from now on. ClinicPBXError where it cannot be used."""
        try:
            version = self._instance.current.resolve(strict=True).name
        except OSError:
            raise ClinicPBXError(
                "no rules are in force", where=str(self._instance.current), do="clinicpbx rules apply"
            ) from None
        book = self._read(self._file(version), today, version)
        self._current = self._books[version] = book
        return book

    def ahead(self) -> str:
        """The version that versions/current names, where that is not the one last loaded; else ""."""
        version = self._instance.current.resolve().name
        return version if version not in (self.current().version, self._instance.current.name) else ""

    def version(self, version: str, today: date | None = None) -> Rulebook | None:
        """The rules that a call began with; None where they cannot be read any more."""
        if (book := self._books.get(version)) is not None:
            return book
        try:
            book = self._read(self._file(version), today or date.today(), version)  # noqa: DTZ011 (only for holidays)
        except (ClinicPBXError, OSError) as error:
            log.error("the rules of a call are gone", version=version, kind=type(error).__name__)
            return None
        self._books[version] = book
        return book

    def forget_unused(self, used: set[str]) -> None:
        """Keep the current version and the *used* ones."""
        current = self.current().version
        self._books = {name: book for name, book in self._books.items() if name in used or name == current}

    def _file(self, version: str) -> Path:
        return self._instance.versions / version / "rules" / self._instance.clinic.name
