"""Rotas as the running system asks them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from clinicpbx.core.schedule.oncall import Duty, Rota, Shift
from clinicpbx.rules.document import Document


def build_rota(document: Document, name: str) -> Rota:
    """The rota *name* of *document*."""
    written = document.rotas[name]
    site = document.sites.get(written.site or "") or next(iter(document.sites.values()))
    zone = ZoneInfo(site.timezone)
    weekly, single = list[Duty](), list[Shift]()
    for number, shift in enumerate(written.shifts):
        if shift.days is not None:
            weekly.append(Duty(shift.days, *shift.clocks, shift.who, shift.backup or "", number))
        else:
            start, end = (_aware(instant, zone) for instant in shift.instants)
            single.append(Shift(start, end, shift.who, shift.backup or "", number))
    return Rota(zone, tuple(weekly), tuple(single))


def _aware(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone)
