"""Which UID an Application's own event has, so that another event at its address is not taken for it.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those from before it is that of what is held; one that is deleted by now is nobody's if something comes."""
    op.add_column("resources", sa.Column("uid", sa.Text(), nullable=True))
