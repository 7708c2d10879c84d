"""Many rows in one statement, as the driver takes them: a fraction of the time that composing each row takes."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection


async def put(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    conflict: str = "DO NOTHING",
) -> None:
    """Inserts *rows*, each the values of *columns*; *conflict*: what becomes of one whose key is there, in SQL."""
    dialect, found = connection.dialect, [table.c[name] for name in columns]
    binds = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in found]
    by_column = zip(binds, zip(*rows, strict=True), strict=False)
    values = [tuple(map(bind, column)) if bind else column for bind, column in by_column]
    if not values:
        return
    names, keys = (", ".join(f'"{one.name}"' for one in some) for some in (found, table.primary_key))
    if dialect.name == "postgresql":
        arrays = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in found)
        source, given = f"SELECT * FROM unnest({arrays})", [tuple(map(list, values))]
    else:
        source, given = f"VALUES ({', '.join('?' * len(found))})", list(zip(*values, strict=True))
    await connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) {source} ON CONFLICT ({keys}) {conflict}", given
    )


def replacing(table: Table, columns: Iterable[str]) -> str:
    """The row that is there gets *columns* of the new one."""
    values = (f'"{name}" = excluded."{name}"' for name in columns if name not in table.primary_key.columns)
    return f"DO UPDATE SET {', '.join(values)}"
