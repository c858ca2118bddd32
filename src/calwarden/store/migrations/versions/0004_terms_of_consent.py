"""What a person makes an agreement narrower by, kept with the answer until the code is redeemed.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New columns may be empty, so that a server of the version before goes on working."""
    op.add_column("authorizations", sa.Column("calendars", sa.Text(), nullable=True))
    op.add_column("authorizations", sa.Column("ends", sa.BigInteger(), nullable=True))
