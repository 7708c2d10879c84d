"""Alembic's entry: migrates the connection it is given."""

from alembic import context

from clinicpbx.adapters.db.tables import UtcTime, metadata


def render(kind: str, thing: object, _: object) -> str | bool:
    """Migrations do not import our code: it changes, they do not."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
