"""Call records: raw rows, cursors, interactions."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cdr',
    sa.Column('spool', sa.Text(), nullable=False),
    sa.Column('rowid', sa.BigInteger(), nullable=False),
    sa.Column('linkedid', sa.Text(), server_default='', nullable=False),
    sa.Column('uniqueid', sa.Text(), server_default='', nullable=False),
    sa.Column('sequence', sa.Text(), server_default='', nullable=False),
    sa.Column('start', sa.Text(), server_default='', nullable=False),
    sa.Column('answer', sa.Text(), server_default='', nullable=False),
    sa.Column('end', sa.Text(), server_default='', nullable=False),
    sa.Column('src', sa.Text(), server_default='', nullable=False),
    sa.Column('dst', sa.Text(), server_default='', nullable=False),
    sa.Column('clid', sa.Text(), server_default='', nullable=False),
    sa.Column('channel', sa.Text(), server_default='', nullable=False),
    sa.Column('dstchannel', sa.Text(), server_default='', nullable=False),
    sa.Column('disposition', sa.Text(), server_default='', nullable=False),
    sa.Column('userfield', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('spool', 'rowid', name=op.f('pk_cdr'))
    )
    with op.batch_alter_table('cdr', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cdr_linkedid'), ['linkedid'], unique=False)

    op.create_table('cel',
    sa.Column('spool', sa.Text(), nullable=False),
    sa.Column('rowid', sa.BigInteger(), nullable=False),
    sa.Column('eventtype', sa.Text(), server_default='', nullable=False),
    sa.Column('eventtime', sa.Text(), server_default='', nullable=False),
    sa.Column('linkedid', sa.Text(), server_default='', nullable=False),
    sa.Column('uniqueid', sa.Text(), server_default='', nullable=False),
    sa.Column('channame', sa.Text(), server_default='', nullable=False),
    sa.Column('num', sa.Text(), server_default='', nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('exten', sa.Text(), server_default='', nullable=False),
    sa.Column('context', sa.Text(), server_default='', nullable=False),
    sa.Column('appname', sa.Text(), server_default='', nullable=False),
    sa.Column('eventextra', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('spool', 'rowid', name=op.f('pk_cel'))
    )
    with op.batch_alter_table('cel', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cel_linkedid'), ['linkedid'], unique=False)

    op.create_table('cursor',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('file', sa.Text(), server_default='', nullable=False),
    sa.Column('spool', sa.Text(), server_default='', nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('mark', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('kind', name=op.f('pk_cursor'))
    )
    op.create_table('fact',
    sa.Column('spool', sa.Text(), nullable=False),
    sa.Column('rowid', sa.BigInteger(), nullable=False),
    sa.Column('call', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.Text(), server_default='', nullable=False),
    sa.Column('kind', sa.Text(), server_default='', nullable=False),
    sa.Column('body', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('spool', 'rowid', name=op.f('pk_fact'))
    )
    with op.batch_alter_table('fact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_fact_call'), ['call'], unique=False)

    op.create_table('interaction',
    sa.Column('call', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), server_default='', nullable=False),
    sa.Column('outcome', sa.Text(), server_default='', nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended', sa.DateTime(timezone=True), nullable=False),
    sa.Column('number', sa.Text(), server_default='', nullable=False),
    sa.Column('number_raw', sa.Text(), server_default='', nullable=False),
    sa.Column('dialled', sa.Text(), server_default='', nullable=False),
    sa.Column('did', sa.Text(), server_default='', nullable=False),
    sa.Column('flow', sa.Text(), server_default='', nullable=False),
    sa.Column('version', sa.Text(), server_default='', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('menu_path', sa.Text(), server_default='', nullable=False),
    sa.Column('transfers', sa.Text(), server_default='', nullable=False),
    sa.Column('agent', sa.Text(), server_default='', nullable=False),
    sa.Column('answered', sa.DateTime(timezone=True), nullable=True),
    sa.Column('talk_ms', sa.BigInteger(), nullable=False),
    sa.Column('mailbox', sa.Text(), server_default='', nullable=False),
    sa.Column('message', sa.Text(), server_default='', nullable=False),
    sa.Column('hangup', sa.Text(), server_default='', nullable=False),
    sa.Column('cause', sa.Integer(), nullable=False),
    sa.Column('fallback', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('call', name=op.f('pk_interaction'))
    )
    with op.batch_alter_table('interaction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interaction_number'), ['number'], unique=False)
        batch_op.create_index(batch_op.f('ix_interaction_started'), ['started'], unique=False)

    op.create_table('link',
    sa.Column('a', sa.Text(), nullable=False),
    sa.Column('b', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('a', 'b', name=op.f('pk_link'))
    )
    with op.batch_alter_table('link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_link_b'), ['b'], unique=False)

    op.create_table('lost_channel',
    sa.Column('uniqueid', sa.Text(), nullable=False),
    sa.Column('linkedid', sa.Text(), server_default='', nullable=False),
    sa.Column('noticed', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('uniqueid', name=op.f('pk_lost_channel'))
    )
    op.create_table('open_channel',
    sa.Column('uniqueid', sa.Text(), nullable=False),
    sa.Column('linkedid', sa.Text(), server_default='', nullable=False),
    sa.Column('since', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('uniqueid', name=op.f('pk_open_channel'))
    )
    op.create_table('pending',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('failed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pending'))
    )
    op.create_table('offer',
    sa.Column('call', sa.Text(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('queue', sa.Text(), server_default='', nullable=False),
    sa.Column('agent', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['call'], ['interaction.call'], name=op.f('fk_offer_call_interaction'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('call', 'n', name=op.f('pk_offer'))
    )
    with op.batch_alter_table('offer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_offer_at'), ['at'], unique=False)

    op.create_table('queue_entry',
    sa.Column('call', sa.Text(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('queue', sa.Text(), server_default='', nullable=False),
    sa.Column('entered', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left', sa.DateTime(timezone=True), nullable=False),
    sa.Column('waited_ms', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.Text(), server_default='', nullable=False),
    sa.Column('agent', sa.Text(), server_default='', nullable=False),
    sa.Column('offers', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['call'], ['interaction.call'], name=op.f('fk_queue_entry_call_interaction'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('call', 'n', name=op.f('pk_queue_entry'))
    )
    with op.batch_alter_table('queue_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_queue_entry_entered'), ['entered'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('queue_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_queue_entry_entered'))

    op.drop_table('queue_entry')
    with op.batch_alter_table('offer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_offer_at'))

    op.drop_table('offer')
    op.drop_table('pending')
    op.drop_table('open_channel')
    op.drop_table('lost_channel')
    with op.batch_alter_table('link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_link_b'))

    op.drop_table('link')
    with op.batch_alter_table('interaction', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_interaction_started'))
        batch_op.drop_index(batch_op.f('ix_interaction_number'))

    op.drop_table('interaction')
    with op.batch_alter_table('fact', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_fact_call'))

    op.drop_table('fact')
    op.drop_table('cursor')
    with op.batch_alter_table('cel', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_cel_linkedid'))

    op.drop_table('cel')
    with op.batch_alter_table('cdr', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_cdr_linkedid'))

    op.drop_table('cdr')
