"""Rotas as the running system asks them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinicpbx.core.schedule.oncall import Duty, Rota, Shift
from clinicpbx.errors import Mistake
from clinicpbx.rules import calendar
from clinicpbx.rules.document import Document
from clinicpbx.rules.places import Places, perhaps

AHEAD = timedelta(days=400)
BEHIND = timedelta(days=10)
"""Recorded calls are decided again, as far back as the journal goes: 8 days."""


def build_rotas(
    document: Document, places: Places, calendars: Mapping[str, bytes], today: date
) -> tuple[dict[str, Rota], list[Mistake]]:
    """Every rota of *document*, and what is wrong with their *calendars* (file name → content)."""
    built: dict[str, Rota] = {}
    mistakes: list[Mistake] = []
    for name, written in document.rotas.items():
        site = document.sites.get(written.site or "") or next(iter(document.sites.values()))
        zone = ZoneInfo(site.timezone)
        weekly, single = list[Duty](), list[Shift]()
        for number, shift in enumerate(written.shifts):
            if shift.days is not None:
                weekly.append(Duty(shift.days, *shift.clocks, shift.who, shift.backup or "", number))
            else:
                start, end = (instant.replace(tzinfo=zone) for instant in shift.instants)
                single.append(Shift(start, end, shift.who, shift.backup or "", number))
        dated: tuple[Shift, ...] = ()
        if written.calendar is not None:
            file = places.file[: places.file.rfind("/") + 1] + written.calendar
            try:
                events = calendar.events(calendars[written.calendar], zone, today - BEHIND, BEHIND + AHEAD)
                midnight = datetime.combine(today, time(0), zone)
                coming = [event for event in events if event.end > midnight]
                wrong = list(_unknown(document, file, f"rotas.{name}.calendar", coming))
                dated = () if wrong else tuple(_shifts(document, events))
            except calendar.CalendarRefused as refused:
                wrong = [Mistake(file, refused.line, 1, f"rotas.{name}.calendar", str(refused))]
            mistakes += wrong
            if wrong:
                continue
        built[name] = Rota(zone, tuple(weekly), tuple(single), dated)
    return built, mistakes


def _provider(document: Document, written: str) -> str | None:
    """The provider of that name, or whose name for people it is."""
    if written in document.providers:
        return written
    names = {provider.name.casefold(): name for name, provider in document.providers.items()}
    return names.get(written.casefold())


def _unknown(document: Document, file: str, path: str, events: list[calendar.Event]) -> Iterator[Mistake]:
    told = set[tuple[str, int]]()
    for event in events:
        for written in filter(None, (event.who or "nobody", event.backup)):
            if _provider(document, written) is None and (written, event.line) not in told:
                told.add((written, event.line))
                near = perhaps(written, [*document.providers, *(one.name for one in document.providers.values())])
                yield Mistake(file, event.line, 1, path, f"no provider is named {written!r}{near}")


def _shifts(document: Document, events: list[calendar.Event]) -> Iterator[Shift]:
    """What is over may name people who have left: nobody is asked then."""
    for event in events:
        backup = _provider(document, event.backup) if event.backup else ""
        if who := _provider(document, event.who):
            yield Shift(event.start, event.end, who, backup or "", event.line)
