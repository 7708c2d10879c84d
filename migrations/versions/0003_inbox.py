"""The inbox: items, their contacts, their history."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None
OPEN = sa.text('closed IS NULL')


def upgrade() -> None:
    op.add_column('interaction', sa.Column('category', sa.Text(), server_default='', nullable=False))
    op.create_table('item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Text(), server_default='', nullable=False),
    sa.Column('category', sa.Text(), server_default='', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('queue', sa.Text(), server_default='', nullable=False),
    sa.Column('owner', sa.Text(), server_default='', nullable=False),
    sa.Column('outcome', sa.Text(), server_default='', nullable=False),
    sa.Column('priority', sa.Integer(), server_default='0', nullable=False),
    sa.Column('opened', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('touched', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed', sa.DateTime(timezone=True), nullable=True),
    sa.Column('escalated', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_item'))
    )
    for column in ('number', 'closed', 'opened'):
        op.create_index(op.f(f'ix_item_{column}'), 'item', [column], unique=False)
    for columns in (['due'], ['owner', 'due'], ['queue', 'due'], ['category', 'due']):
        name = f"ix_item_open_{'_'.join(columns)}"
        op.create_index(name, 'item', columns, unique=False, sqlite_where=OPEN, postgresql_where=OPEN)

    op.create_table('contact',
    sa.Column('call', sa.Text(), nullable=False),
    sa.Column('item', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('category', sa.Text(), server_default='', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('queue', sa.Text(), server_default='', nullable=False),
    sa.Column('mailbox', sa.Text(), server_default='', nullable=False),
    sa.Column('message', sa.Text(), server_default='', nullable=False),
    sa.Column('state', sa.Text(), server_default='', nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('settled', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['item'], ['item.id'], name=op.f('fk_contact_item_item'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('call', name=op.f('pk_contact'))
    )
    op.create_index(op.f('ix_contact_item'), 'contact', ['item'], unique=False)
    op.create_index(op.f('ix_contact_message'), 'contact', ['message'], unique=False)

    op.create_table('item_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('item', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.Text(), server_default='', nullable=False),
    sa.Column('actor', sa.Text(), server_default='', nullable=False),
    sa.Column('text', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['item'], ['item.id'], name=op.f('fk_item_event_item_item'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_item_event'))
    )
    op.create_index(op.f('ix_item_event_item'), 'item_event', ['item'], unique=False)


def downgrade() -> None:
    op.drop_table('item_event')
    op.drop_table('contact')
    op.drop_table('item')
    op.drop_column('interaction', 'category')
