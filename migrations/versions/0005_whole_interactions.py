"""Interactions whole: site, waits, holds, wrap-up, call-backs, pages; the legs of each call."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

TEXTS = ('site', 'disposition', 'recording', 'callback', 'paged', 'page_outcome', 'origin')
LENGTHS = ('wait_ms', 'hold_ms', 'wrap_ms')
OF_ENTRIES = ('talk_ms', 'hold_ms', 'wrap_ms')


def _length(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), server_default='0', nullable=False)


def upgrade() -> None:
    with op.batch_alter_table('interaction', schema=None) as batch_op:
        for name in TEXTS:
            batch_op.add_column(sa.Column(name, sa.Text(), server_default='', nullable=False))
        for name in LENGTHS:
            batch_op.add_column(_length(name))
        batch_op.add_column(sa.Column('tries', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('called_back', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('again', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('queue_entry', schema=None) as batch_op:
        for name in OF_ENTRIES:
            batch_op.add_column(_length(name))

    op.create_table('leg',
    sa.Column('call', sa.Text(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('channel', sa.Text(), server_default='', nullable=False),
    sa.Column('role', sa.Text(), server_default='', nullable=False),
    sa.Column('party', sa.Text(), server_default='', nullable=False),
    sa.Column('queue', sa.Text(), server_default='', nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended', sa.DateTime(timezone=True), nullable=False),
    _length('talk_ms'),
    _length('hold_ms'),
    sa.Column('cause', sa.Integer(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['call'], ['interaction.call'], name=op.f('fk_leg_call_interaction'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('call', 'n', name=op.f('pk_leg'))
    )


def downgrade() -> None:
    op.drop_table('leg')
    with op.batch_alter_table('queue_entry', schema=None) as batch_op:
        for name in OF_ENTRIES:
            batch_op.drop_column(name)

    with op.batch_alter_table('interaction', schema=None) as batch_op:
        for name in (*TEXTS, *LENGTHS, 'tries', 'called_back', 'again'):
            batch_op.drop_column(name)
