"""Closed items of the inbox are counted: by reason and queue."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

FIGURES = ('items', 'attempted', 'first_ms', 'in_time', 'late', 'closed_ms')


def upgrade() -> None:
    """The state without a zone tells the listener to count, once it knows the zone."""
    op.create_table('item_tally',
    sa.Column('grain', sa.Text(), nullable=False),
    sa.Column('slot', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('queue', sa.Text(), nullable=False),
    *(sa.Column(figure, sa.BigInteger(), server_default='0', nullable=False) for figure in FIGURES),
    sa.PrimaryKeyConstraint('grain', 'slot', 'category', 'queue', name=op.f('pk_item_tally')),
    sqlite_with_rowid=False
    )
    op.execute("UPDATE tally_state SET zone = ''")


def downgrade() -> None:
    op.drop_table('item_tally')
