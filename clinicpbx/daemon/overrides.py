"""Overrides that are switched on: kept in a file of the instance, each with its end."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import structlog

from clinicpbx.adapters.vault.durable import write_durably
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.rules.views import variable
from clinicpbx.rules.words import duration

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """*since* and *until*: aware."""

    name: str
    since: datetime
    until: datetime
    who: str
    why: str


def switched_on(instance: Instance, at: datetime) -> dict[str, SwitchedOn]:
    """Those that hold at *at*, by name. Errors: ClinicPBXError for a file that is none of ours."""
    try:
        rows = json.loads(instance.overrides.read_text())
        found = [
            SwitchedOn(**{**row, **{key: datetime.fromisoformat(row[key]) for key in ("since", "until")}})
            for row in rows
        ]
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError):
        raise ClinicPBXError("cannot be read", where=str(instance.overrides), do="Remove it") from None
    return {one.name: one for one in found if at < one.until}


def keep(instance: Instance, on: Mapping[str, SwitchedOn]) -> None:
    """Make *on* all that is switched on, durably."""
    rows = [asdict(one) | {"since": one.since.isoformat(), "until": one.until.isoformat()} for one in on.values()]
    write_durably(instance.overrides, json.dumps(rows, indent=2).encode())


def variables(names: list[str], on: Mapping[str, SwitchedOn]) -> dict[str, str]:
    """Asterisk's global variables that tell the dialplan until when each of the rules' overrides holds; 0: not now."""
    return {variable("OVERRIDE", name): str(int(on[name].until.timestamp()) if name in on else 0) for name in names}


class Overrides:
    """What is switched on, as the daemon knows it. *rules*: those in force; *request*: of ARI."""

    def __init__(
        self,
        instance: Instance,
        rules: Callable[[], Rulebook],
        clock: Callable[[], datetime],
        request: Callable[..., object],
    ) -> None:
        self._instance, self._rules, self._clock, self._request = instance, rules, clock, request
        self._on: Mapping[str, SwitchedOn] = {}

    def at(self, at: datetime) -> tuple[str, ...]:
        """The names of those that hold at *at*."""
        return tuple(name for name, one in self._on.items() if at < one.until)

    def reload(self) -> list[str]:
        """Calls follow the file from now on, and so does the dialplan where calls come without us; what is on."""
        try:
            self._on = switched_on(self._instance, self._clock())
        except ClinicPBXError as broken:
            log.error("the overrides cannot be read", reason=str(broken))
            return sorted(self._on)
        if self._on:
            log.info("overrides in force", names=sorted(self._on))
        for name, value in variables(list(self._rules().overrides), self._on).items():
            self._request("POST", "asterisk/variable", None, {"variable": name, "value": value})
        return sorted(self._on)


def end_of(text: str, at: datetime, zone: tzinfo) -> datetime:
    """`2h`, `18:00` (the next one) or `2026-12-24 07:00` in *zone*, as an instant after *at*.

    Errors: ClinicPBXError where it is none of these, or past.
    """
    wrong = ClinicPBXError(f"{text!r} is no end", do="Write 2h, 18:00 or '2026-12-24 07:00', and later than now")
    local = at.astimezone(zone)
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", text, re.ASCII):
            clock = datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()
            end = datetime.combine(local.date(), clock, zone)
            end = end if end > local else datetime.combine(local.date() + timedelta(days=1), clock, zone)
        elif re.match(r"\d{4}-", text):
            end = datetime.fromisoformat(text).replace(tzinfo=zone)
        else:
            length = duration(text)
            assert isinstance(length, timedelta)
            end = at + length
    except ValueError:
        raise wrong from None
    if end.astimezone(UTC) <= at:
        raise wrong
    return end.astimezone(UTC)
