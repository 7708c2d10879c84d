"""Opening hours as the running system asks them: weeks, lunches, holidays of the years around today, exceptions."""

from datetime import date

from clinicpbx.core.schedule.hours import DayException, Hours
from clinicpbx.errors import Mistake
from clinicpbx.rules.document import Document
from clinicpbx.rules.official_holidays import holidays_of, unknown_holidays
from clinicpbx.rules.places import Places, perhaps


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
            wrong = [
                places.mistake((*path, "holidays", key), text)
                for key, text in unknown_holidays(written.holidays, today)
            ]
            mistakes += wrong
            days = {} if wrong else holidays_of(written.holidays, today)
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
