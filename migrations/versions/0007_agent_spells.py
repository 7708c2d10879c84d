"""Agents' time: spells ready or paused; pages are found among the facts by an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agent_spell',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agent', sa.Text(), server_default='', nullable=False),
    sa.Column('state', sa.Text(), server_default='', nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', 'since', name=op.f('pk_agent_spell'))
    )
    op.create_index(op.f('ix_agent_spell_until'), 'agent_spell', ['until'])
    pages = sa.text("kind = 'page'")
    op.create_index('ix_fact_page_at', 'fact', ['at'], sqlite_where=pages, postgresql_where=pages)


def downgrade() -> None:
    op.drop_index('ix_fact_page_at', 'fact')
    op.drop_table('agent_spell')
