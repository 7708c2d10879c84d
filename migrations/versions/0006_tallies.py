"""Tallies: calls counted by quarter hour, day and hour of the week; what looks for calls finds them by an index."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

WAITS = tuple(f'{name}_{n}' for name in ('answered', 'abandoned') for n in range(13))
TALLIES = {
    'queue_tally': (
        ('site', 'queue'),
        ('offered', 'answered', 'abandoned', 'overflowed', 'interrupted', 'wait_ms', 'answer_wait_ms',
         'abandon_wait_ms', 'talk_ms', 'hold_ms', 'wrap_ms', 'offers', *WAITS, 'longest_ms', 'longest_abandon_ms'),
    ),
    'call_tally': (
        ('site', 'did', 'kind', 'outcome'),
        ('calls', 'taken', 'talk_ms', 'hold_ms', 'wait_ms', 'transferred', 'fallback'),
    ),
    'agent_tally': (('agent', 'queue'), ('offers', 'answered', 'missed', 'calls', 'talk_ms', 'hold_ms', 'wrap_ms')),
    'menu_tally': (('menu', 'key'), ('pressed', 'left')),
    'contact_tally': (
        ('site', 'category'),
        ('contacts', 'again_1', 'again_2', 'again_3', 'again_7', 'again_14', 'again_30', 'later'),
    ),
    'callback_tally': (('queue',), ('promised', 'done', 'unreached', 'tries', 'delay_ms')),
}  # fmt: skip

INDEXES = {
    'interaction': (('number',), ('number', 'started'), ('agent', 'started'), ('outcome', 'started')),
    'queue_entry': (('entered',), ('queue', 'entered')),
}
"""The first of each table is the one there was."""


def _indexes(new: bool) -> None:
    for table, (before, *after) in INDEXES.items():
        for columns in [before] if new else after:
            op.drop_index(op.f(f'ix_{table}_{"_".join(columns)}'), table)
        for columns in after if new else [before]:
            op.create_index(op.f(f'ix_{table}_{"_".join(columns)}'), table, list(columns))


def upgrade() -> None:
    for name, (keys, figures) in TALLIES.items():
        op.create_table(name,
        sa.Column('grain', sa.Text(), nullable=False),
        sa.Column('slot', sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(key, sa.Text(), nullable=False) for key in keys),
        *(sa.Column(figure, sa.BigInteger(), server_default='0', nullable=False) for figure in figures),
        sa.PrimaryKeyConstraint('grain', 'slot', *keys, name=op.f(f'pk_{name}')),
        sqlite_with_rowid=False
        )
    _indexes(new=True)
    state = op.create_table('tally_state',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('closed', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tally_state'))
    )
    op.bulk_insert(state, [{'id': 1, 'zone': ''}])


def downgrade() -> None:
    op.drop_table('tally_state')
    for name in TALLIES:
        op.drop_table(name)
    _indexes(new=False)
