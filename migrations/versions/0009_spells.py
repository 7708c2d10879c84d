"""Agents' spells of one day are counted by the day."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

KEYS, FIGURES = ('agent', 'state', 'reason'), ('times', 'ms', 'longest_ms')
UNCOUNTED = sa.column('counted', sa.Boolean()).is_(False)


def upgrade() -> None:
    op.create_table('spell_tally',
    sa.Column('grain', sa.Text(), nullable=False),
    sa.Column('slot', sa.Integer(), autoincrement=False, nullable=False),
    *(sa.Column(key, sa.Text(), nullable=False) for key in KEYS),
    *(sa.Column(figure, sa.BigInteger(), server_default='0', nullable=False) for figure in FIGURES),
    sa.PrimaryKeyConstraint('grain', 'slot', *KEYS, name=op.f('pk_spell_tally')),
    sqlite_with_rowid=False
    )
    op.add_column('agent_spell', sa.Column('counted', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index('ix_agent_spell_uncounted', 'agent_spell', ['since'], sqlite_where=UNCOUNTED,
                    postgresql_where=UNCOUNTED)
    op.execute("UPDATE tally_state SET zone = ''")


def downgrade() -> None:
    op.drop_index('ix_agent_spell_uncounted', 'agent_spell')
    with op.batch_alter_table('agent_spell') as batch:
        batch.drop_column('counted')
    op.drop_table('spell_tally')
