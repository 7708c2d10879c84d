"""Opening hours as the running system asks them: weeks, lunches, holidays of the years around today, exceptions."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import holidays

from clinicpbx.core.schedule.hours import DayException, Hours
from clinicpbx.errors import Mistake
from clinicpbx.rules.document import Document
from clinicpbx.rules.hours_document import Holidays
from clinicpbx.rules.places import Places, perhaps

YEARS = range(-1, 3)  # around today's


def build_hours(document: Document, places: Places, today: date) -> tuple[dict[str, Hours], list[Mistake]]:
    """Every hours of *document*, with holidays from the year before *today* to the second after it."""
    built: dict[str, Hours] = {}
    mistakes: list[Mistake] = []
    for name, written in document.hours.items():
        path = ("hours", name)
        if written.site is not None and written.site not in document.sites:
            near = perhaps(written.site, document.sites)
            mistakes.append(places.mistake((*path, "site"), f"no site is named {written.site!r}{near}"))
            continue
        days: dict[date, str] = {}
        if written.holidays is not None:
            wrong = [places.mistake((*path, "holidays", key), text) for key, text in _unknown(written.holidays, today)]
            mistakes += wrong
            days = {} if wrong else _days(written.holidays, today)
        exceptions: dict[date, DayException] = {}
        for number, exception in enumerate(written.exceptions):
            for day in exception.days:
                if day in exceptions:
                    where = (*path, "exceptions", str(number))
                    mistakes.append(places.mistake(where, f"{day} has an exception already: {exceptions[day].reason}"))
                    break
                exceptions[day] = DayException(exception.open, exception.reason)
        built[name] = Hours(document.zone(name), written.week, written.lunches, days, exceptions)
    return built, mistakes


@lru_cache(maxsize=64)
def _official(country: str, region: str | None, year: int) -> MappingProxyType[date, str]:
    calendar = holidays.country_holidays(
        country, subdiv=region, years=range(year + YEARS.start, year + YEARS.stop), language="en_US", expand=False
    )
    return MappingProxyType(dict(calendar))


def _names(day: str) -> list[str]:
    """The names of one day; two holidays may fall together."""
    return [name.removesuffix(" (observed)").strip() for name in day.split("; ")]


def _unknown(written: Holidays, today: date) -> Iterator[tuple[str, str]]:
    known = holidays.list_supported_countries()
    if written.country not in known:
        yield "country", f"no holidays are known for the country {written.country!r}{perhaps(written.country, known)}"
        return
    if written.region is not None and written.region not in known[written.country]:
        regions = ", ".join(known[written.country]) or "none"
        yield "region", f"{written.country} has no region {written.region!r}; known: {regions}"
        return
    names = {name for day in _official(written.country, written.region, today.year).values() for name in _names(day)}
    for picked in written.pick or ():
        if picked not in names:
            near = perhaps(picked, names) or f"; known: {', '.join(sorted(names))}"
            yield "pick", f"no holiday is named {picked!r}{near}"


def _days(written: Holidays, today: date) -> dict[date, str]:
    official = _official(written.country, written.region, today.year)
    picked = set(written.pick) if written.pick is not None else None
    days = {day: name for day, name in official.items() if picked is None or picked & set(_names(name))}
    return {**days, **written.add}
