"""Paths through the menus are counted; by the hour of the week names are no longer told apart; numbers by kind."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

BEFORE, AFTER = ('number', 'started'), ('number', 'started', 'kind')
TALLIES = {'path_tally': (('path',), ('calls', 'taken', 'left')), 'menu_tally': (('menu', 'key'), ('pressed', 'left'))}


def _change(there: tuple[str, ...], wanted: tuple[str, ...], gone: str, new: str) -> None:
    """What is counted is counted anew by whom the state without a zone tells: the listener, once it knows the zone."""
    op.drop_table(gone)
    keys, figures = TALLIES[new]
    op.create_table(new,
    sa.Column('grain', sa.Text(), nullable=False),
    sa.Column('slot', sa.Integer(), autoincrement=False, nullable=False),
    *(sa.Column(key, sa.Text(), nullable=False) for key in keys),
    *(sa.Column(figure, sa.BigInteger(), server_default='0', nullable=False) for figure in figures),
    sa.PrimaryKeyConstraint('grain', 'slot', *keys, name=op.f(f'pk_{new}')),
    sqlite_with_rowid=False
    )
    op.drop_index(op.f(f'ix_interaction_{"_".join(there)}'), 'interaction')
    op.create_index(op.f(f'ix_interaction_{"_".join(wanted)}'), 'interaction', list(wanted))
    op.execute("UPDATE tally_state SET zone = ''")


def upgrade() -> None:
    _change(BEFORE, AFTER, 'menu_tally', 'path_tally')


def downgrade() -> None:
    _change(AFTER, BEFORE, 'path_tally', 'menu_tally')
