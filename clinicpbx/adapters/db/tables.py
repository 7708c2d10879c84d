"""The tables of the main database. Raw rows stay as written; interactions are computed from them alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.engine import Dialect

from clinicpbx.core.records.rows import CDR_COLUMNS, CEL_COLUMNS, FACT_COLUMNS

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)


class UtcTime(TypeDecorator[datetime]):
    """An aware instant, in UTC whatever the database makes of time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """For SQLite, which has no instants, the text that SQLAlchemy makes of one, in a tenth of its time."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)
        return lambda at: None if at is None else at.astimezone(UTC).isoformat(" ", "microseconds")[:26]

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _milliseconds(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _spooled(name: str, columns: tuple[str, ...]) -> Table:
    """Rows moved from a spool: (spool, rowid) makes a row that is moved twice one row."""
    keys = (Column("spool", Text, primary_key=True), Column("rowid", BigInteger, primary_key=True))
    return Table(name, metadata, *keys, *map(_text, columns))


cdr = _spooled("cdr", CDR_COLUMNS)
cel = _spooled("cel", CEL_COLUMNS)
fact = _spooled("fact", FACT_COLUMNS)
Index(None, cdr.c.linkedid)
Index(None, cel.c.linkedid)
Index(None, fact.c.call)
PAGE = fact.c.kind == text("'page'")
Index("ix_fact_page_at", fact.c.at, sqlite_where=PAGE, postgresql_where=PAGE)

# how far each spool was read: `file` is the file's own random id, `spool` what its rows are stored under,
# `mark` the digest of the row at `position`
cursor = Table(
    "cursor",
    metadata,
    Column("kind", Text, primary_key=True),
    _text("file"),
    _text("spool"),
    Column("position", BigInteger, nullable=False),
    _text("mark"),
)
# ids that belong to one group of channels
link = Table("link", metadata, Column("a", Text, primary_key=True), Column("b", Text, primary_key=True))
Index(None, link.c.b)
# linkedids whose records must be assembled anew; `failed` where that met a bug
pending = Table(
    "pending", metadata, Column("id", Text, primary_key=True), Column("failed", Boolean, nullable=False, default=False)
)
# channels started and not ended, and those whose end Asterisk never wrote
open_channel = Table(
    "open_channel", metadata, Column("uniqueid", Text, primary_key=True), _text("linkedid"), _text("since")
)
lost_channel = Table(
    "lost_channel",
    metadata,
    Column("uniqueid", Text, primary_key=True),
    _text("linkedid"),
    Column("noticed", UtcTime, nullable=False),
)

interaction = Table(
    "interaction",
    metadata,
    Column("call", Text, primary_key=True),
    *map(_text, ("kind", "outcome")),
    Column("started", UtcTime, nullable=False),
    Column("ended", UtcTime, nullable=False),
    *map(_text, ("number", "number_raw", "dialled", "did", "flow", "version", "language", "menu_path", "transfers")),
    _text("agent"),
    Column("answered", UtcTime),
    Column("talk_ms", BigInteger, nullable=False),
    *map(_text, ("mailbox", "message", "hangup")),
    Column("cause", Integer, nullable=False),
    Column("fallback", Boolean, nullable=False),
    _text("category"),
    *map(_text, ("site", "disposition", "recording")),
    *map(_milliseconds, ("wait_ms", "hold_ms", "wrap_ms")),
    # a call-back promised in this call: what became of it, how often the patient was rung, when reached
    _text("callback"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("called_back", UtcTime),
    # who on call accepted it, and what came of it
    *map(_text, ("paged", "page_outcome")),
    # the earlier call that this one was made for
    _text("origin"),
    # the next contact of the same number for the same reason
    Column("again", UtcTime),
)
# the newest calls, of all or by what people look for
Index(None, interaction.c.started)
for _column in ("agent", "outcome"):
    Index(None, interaction.c[_column], interaction.c.started)
# with the kind, so that who called how often is read from the index alone
Index(None, interaction.c.number, interaction.c.started, interaction.c.kind)


def _of_call() -> Column[str]:
    return Column("call", Text, ForeignKey(interaction.c.call, ondelete="CASCADE"), primary_key=True)


# an agent logged in and ready, or paused. `agent`: by the phone, as in the records of calls; `name`: in the rules.
# `until` is null while it lasts; `counted`: it began and ended on one day, and a tally counts it
agent_spell = Table(
    "agent_spell",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", UtcTime, primary_key=True),
    *map(_text, ("agent", "state", "reason")),
    Column("until", UtcTime),
    Column("counted", Boolean, nullable=False, server_default=false()),
)
Index(None, agent_spell.c.until)
_UNCOUNTED = agent_spell.c.counted.is_(False)
Index("ix_agent_spell_uncounted", agent_spell.c.since, sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED)

queue_entry = Table(
    "queue_entry",
    metadata,
    _of_call(),
    Column("n", Integer, primary_key=True),
    _text("queue"),
    Column("entered", UtcTime, nullable=False),
    Column("left", UtcTime, nullable=False),
    Column("waited_ms", BigInteger, nullable=False),
    *map(_text, ("outcome", "agent")),
    Column("offers", Integer, nullable=False),
    *map(_milliseconds, ("talk_ms", "hold_ms", "wrap_ms")),
)
Index(None, queue_entry.c.queue, queue_entry.c.entered)
offer = Table(
    "offer",
    metadata,
    _of_call(),
    Column("n", Integer, primary_key=True),
    *map(_text, ("queue", "agent")),
    Column("at", UtcTime, nullable=False),
    _text("outcome"),
)
Index(None, offer.c.at)
# one channel of a call. `role`: caller, agent, phone, oncall or outside; `party`: an agent or an extension
leg = Table(
    "leg",
    metadata,
    _of_call(),
    Column("n", Integer, primary_key=True),
    *map(_text, ("channel", "role", "party", "queue")),
    Column("started", UtcTime, nullable=False),
    Column("answered", UtcTime),
    Column("ended", UtcTime, nullable=False),
    *map(_milliseconds, ("talk_ms", "hold_ms")),
    Column("cause", Integer, nullable=False, server_default="0"),
)
