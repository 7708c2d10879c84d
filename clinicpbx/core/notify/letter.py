"""What people are told, in each form: a kind, an id, an instant, the clinic's name, ids of items, and nothing else."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from clinicpbx.core.notify.daily import Figures, counted, listed
from clinicpbx.core.notify.kinds import kind_of


@dataclass(frozen=True, slots=True)
class Notice:
    """*id*: the same each time that it is sent, and for no other target. *at*: when it happened, aware.

    *figures*: of a daily one.
    """

    id: str
    kind: str
    about: str
    at: datetime
    figures: Figures = field(default_factory=dict)


def look(notice: Notice) -> str:
    """The command that shows what it is about."""
    return kind_of(notice.kind).look.format(notice.about.partition("#")[0])


def subject(notice: Notice, clinic: str) -> str:
    """One line."""
    return f"{clinic}: {kind_of(notice.kind).title} ({notice.about})"


def text(notice: Notice, clinic: str, zone: tzinfo) -> str:
    """The text of a mail; the time is that of *zone*."""
    return (
        f"{kind_of(notice.kind).title}.\n\n"
        f"Clinic:  {clinic}\n"
        f"Time:    {notice.at.astimezone(zone):%A %Y-%m-%d %H:%M %Z}\n"
        f"About:   {notice.about}\n"
        f"Look:    {look(notice)}\n\n"
        f"{_figures(notice)}"
        "What is about a patient is never sent: look it up where you may.\n"
    )


def line(notice: Notice, clinic: str) -> str:
    """The text of a SIP MESSAGE."""
    counts = f" {counted(notice.figures)}." if notice.figures else ""
    return f"{subject(notice, clinic)}.{counts} {look(notice)}"


def document(notice: Notice, clinic: str) -> dict[str, Any]:
    """The JSON of a webhook, in the form that Standard Webhooks 1.0 asks for."""
    return {
        "type": f"clinicpbx.{notice.kind}",
        "timestamp": notice.at.astimezone(UTC).isoformat(timespec="seconds"),
        "data": {
            "clinic": clinic,
            "kind": notice.kind,
            "about": notice.about,
            "look": look(notice),
            **({"items": notice.figures} if notice.figures else {}),
        },
    }


def _figures(notice: Notice) -> str:
    return "\n".join(listed(notice.figures)) + "\n\n" if notice.figures else ""
