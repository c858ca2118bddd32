"""What the owners of applications see and say: refusals by the hour, who is behind an application.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """New columns may be empty, so that a server of the version before goes on working."""
    for name in ("company", "website", "email"):
        op.add_column("applications", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("applications_owner", "applications", ["owner"])
    op.create_index("grants_application", "grants", ["application_id", "state"])
    op.create_table(
        "refusals",
        sa.Column("application_id", _ID, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("action", _ID, nullable=False),
        sa.Column("reason", _ID, nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "hour", "action", "reason"),
    )
    op.create_index("refusals_hour", "refusals", ["hour"])
