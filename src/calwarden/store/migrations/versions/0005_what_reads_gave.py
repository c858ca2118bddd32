"""How many events a read gave and which time it was about, for the ledger.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New columns may be empty, so that a server of the version before goes on counting."""
    for name in ("events", "first", "last"):
        op.add_column("read_counters", sa.Column(name, sa.BigInteger(), nullable=True))
