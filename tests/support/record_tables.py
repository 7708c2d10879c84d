"""Calls as text: the rows of a real call, and what its record must say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from clinicpbx.core.records.assemble import Group
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS, cdr_cells, cel_row, fact

COLUMNS = {"cel": CEL_COLUMNS, "cdr": CDR_COLUMNS, "fact": FACT_COLUMNS}


@dataclass
class Table:
    """One situation: rows by spool, channels known to be lost, the records expected."""

    cel: list[dict[str, str]] = field(default_factory=list)
    cdr: list[dict[str, str]] = field(default_factory=list)
    fact: list[dict[str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    record: list[str] = field(default_factory=list)

    def group(self) -> Group:
        return Group(
            [cdr_cells(*r.values()) for r in self.cdr],
            [cel_row(r) for r in self.cel],
            [fact(r) for r in self.fact],
            self.lost,
        )


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\n", "\n").replace("\\r", "\r") for cell in line.split(" | ")]


def read_table(path: Path) -> Table:
    """The situation in *path*: `[cel]`, `[cdr]`, `[fact]`, `[lost]` and `[record]` sections."""
    table, section = Table(), ""
    for line in path.read_text().splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif not line.strip() or line.startswith("#"):
            continue
        elif section in COLUMNS:
            cells = _cells(line + " ")
            assert len(cells) == len(COLUMNS[section]), line
            getattr(table, section).append(dict(zip(COLUMNS[section], cells, strict=True)))
        else:
            getattr(table, section).append(line.strip())
    return table


def tables(folder: Path) -> Iterator[tuple[str, Table]]:
    for path in sorted(folder.glob("*.txt")):
        yield path.stem.replace("_", " "), read_table(path)


def describe(record: Interaction) -> list[str]:
    """The record in lines; times in seconds after its start."""

    def after(at: object) -> str:
        return f"{(at - record.started).total_seconds():.2f}"  # type: ignore[operator]

    lines = [
        f"{record.kind} {record.call.split('.', 1)[-1]} {record.outcome} in {after(record.ended)} s",
        f"from {record.caller.value!r} to {record.did or record.dialled.value!r}",
    ]
    if record.flow:
        lines.append(
            f"flow {record.flow} rules {record.version} language {record.language} path {list(record.menu_path)}"
        )
    lines += _told(record)
    for entry in record.queues:
        waited = f"queue {entry.queue} waited {_seconds(entry.waited)}, {entry.offers} offers: {entry.outcome}"
        lines.append(f"{waited} {entry.agent}".strip() + _times(entry.talk, entry.hold, entry.wrap))
    lines += [f"rang {offer.agent} at {after(offer.at)}: {offer.outcome}" for offer in record.offers]
    if record.answered:
        took = f"answered by {record.agent!r} at {after(record.answered)}"
        lines.append(f"{took}, talked {_seconds(record.talk)}" + _times(timedelta(), record.hold, record.wrap))
    lines += [f"{t.kind} transfer at {after(t.at)} by {t.by!r} to {t.to!r}" for t in record.transfers]
    if record.message:
        lines.append(f"message {record.message} in {record.mailbox}")
    for leg in record.legs:
        who = " ".join(filter(None, (leg.role, leg.party, leg.queue and f"of {leg.queue}")))
        answered = f", answered at {after(leg.answered)}" if leg.answered else ""
        times = _times(leg.talk, leg.hold)
        lines.append(f"leg {who} from {after(leg.started)} to {after(leg.ended)}{answered}{times}, cause {leg.cause}")
    end = f"hung up by {record.hangup or 'nobody'}, cause {record.cause}"
    return [*lines, end + (", fallback" if record.fallback else "")]


def _told(record: Interaction) -> list[str]:
    said = {
        "site": record.site,
        "made for": record.origin.split(".", 1)[-1],
        "wants": record.category,
        "disposition": record.disposition,
        "paged": f"{record.paged} {record.page_outcome}".strip(),
    }
    lines = [f"{word} {what}" for word, what in said.items() if what]
    if record.callback:
        when = f", reached at {(record.called_back - record.started).total_seconds():.2f}" if record.called_back else ""
        lines.append(f"call-back {record.callback} after {record.tries} tries{when}")
    return lines


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():.2f} s"


def _times(talk: timedelta, hold: timedelta, wrap: timedelta = timedelta()) -> str:
    told = {"talked": talk, "on hold": hold, "worked on": wrap}
    return "".join(f", {word} {_seconds(length)}" for word, length in told.items() if length)
