"""The holidays of countries and regions, as the package `holidays` knows them."""

import importlib.util
import sys
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import holidays
from holidays.registry import EntityLoader

from clinicpbx.rules.hours_document import Holidays
from clinicpbx.rules.places import perhaps

YEARS = range(-1, 3)  # around today's
_ALL = "holidays.countries"


def _one_country_at_a_time() -> None:
    """Running the package `holidays.countries` imports all 200 countries, 60 ms; it is there without being run."""
    spec = importlib.util.find_spec(_ALL)
    if _ALL not in sys.modules and spec is not None:
        sys.modules[_ALL] = importlib.util.module_from_spec(spec)


_one_country_at_a_time()


def known_years(today: date) -> range:
    """The years whose holidays are known *today*."""
    return range(today.year + YEARS.start, today.year + YEARS.stop)


@lru_cache(maxsize=64)
def _official(country: str, region: str | None, year: int) -> MappingProxyType[date, str]:
    calendar = holidays.country_holidays(
        country, subdiv=region, years=range(year + YEARS.start, year + YEARS.stop), language="en_US", expand=False
    )
    return MappingProxyType(dict(calendar))


def _names(day: str) -> list[str]:
    """The names of one day; two holidays may fall together."""
    return [name.removesuffix(" (observed)").strip() for name in day.split("; ")]


def unknown_holidays(written: Holidays, today: date) -> Iterator[tuple[str, str]]:
    """What of *written* the calendars do not know: its key, and the problem."""
    known = set(EntityLoader.get_country_codes())
    if written.country not in known:
        yield "country", f"no holidays are known for the country {written.country!r}{perhaps(written.country, known)}"
        return
    known_regions = holidays.country_holidays(written.country).subdivisions  # list_supported_countries loads every one
    if written.region is not None and written.region not in known_regions:
        regions = ", ".join(known_regions) or "none"
        yield "region", f"{written.country} has no region {written.region!r}; known: {regions}"
        return
    names = {name for day in _official(written.country, written.region, today.year).values() for name in _names(day)}
    for picked in written.pick or ():
        if picked not in names:
            near = perhaps(picked, names) or f"; known: {', '.join(sorted(names))}"
            yield "pick", f"no holiday is named {picked!r}{near}"


def holidays_of(written: Holidays, today: date) -> dict[date, str]:
    """The days that *written* means, from the year before *today* to the second after it, with their names."""
    official = _official(written.country, written.region, today.year)
    picked = set(written.pick) if written.pick is not None else None
    days = {day: name for day, name in official.items() if picked is None or picked & set(_names(name))}
    return {**days, **written.add}
