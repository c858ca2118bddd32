"""Row-level security: a transaction on PostgreSQL reaches the rows of the account it has named, and no others.

Revision 0002, after 0001. Nothing to do on SQLite. ``store.tenancy`` says what the settings mean.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "accounts", "sessions", "authorizations", "grants", "tokens", "elevation_requests", "profiles", "calendars",
    "resources", "events", "pending_writes", "audit_entries", "audit_heads", "read_counters", "listings",
)  # fmt: skip


def _setting(name: str) -> str:
    # As a sub-select it is worked out once for a statement, not once for a row.
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''))"


_MINE = f"account_id = {_setting('account')}"
_SECRETS = {
    "accounts": ("email_hash",),
    "sessions": ("session_id",),
    "authorizations": ("authorization_id", "code_hash"),
    "tokens": ("token_hash", "family"),
    "elevation_requests": ("request_id",),
    "listings": ("page_hash",),
}
"""What a row is found by before its account is known: whoever presents it may read that row."""

_ISSUED = ("authorizations", "tokens", "elevation_requests", "listings")
_ACROSS: dict[str, dict[str, tuple[str, ...]]] = {
    "due": {"SELECT": ("profiles", "pending_writes")},
    "expired": {"SELECT": ("sessions", *_ISSUED), "DELETE": ("sessions", *_ISSUED)},
    "operator": {"SELECT": ("accounts", "grants")},
    "chains": {"SELECT": ("accounts", "audit_entries", "audit_heads")},
    "hours": {"SELECT": ("read_counters",)},
    "application": {
        "SELECT": ("grants", *_ISSUED, "events", "resources", "calendars"),
        "DELETE": ("grants", *_ISSUED),
    },
}
_DISOWNED = ("events", "resources", "calendars")


def upgrade() -> None:
    """Bind every role, the owner of the tables too; superusers and roles with BYPASSRLS alone are not bound."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        _policy("tenant", table, f"USING ({_MINE}) WITH CHECK ({_MINE})")
    for table, columns in _SECRETS.items():
        presented = " OR ".join(f"{column} = {_setting('presented')}" for column in columns)
        _policy("presented", table, f"FOR SELECT USING ({presented})")
    for reason, commands in _ACROSS.items():
        for command, tables in commands.items():
            for table in tables:
                _policy(f"across_{reason}_{command.lower()}", table, f"FOR {command} USING ({_across(reason)})")
    _disowning()
    _unclaimed()


def _across(reason: str) -> str:
    return f"{_setting('across')} = '{reason}'"


def _disowning() -> None:
    """The end of an application leaves its events to nobody, and cannot change them otherwise into somebody's."""
    for table in _DISOWNED:
        rows = f"USING ({_across('application')}) WITH CHECK ({_across('application')} AND created_by IS NULL)"
        _policy("across_application_update", table, f"FOR UPDATE {rows}")


def _unclaimed() -> None:
    """An authorization is nobody's until somebody signs in, and may change hands until somebody has answered it."""
    _policy("unclaimed_insert", "authorizations", "FOR INSERT WITH CHECK (account_id IS NULL)")
    pending = f"status = 'pending' AND authorization_id = {_setting('presented')}"
    claim = f"USING ({pending}) WITH CHECK (account_id IS NULL OR {_MINE})"
    _policy("unclaimed_update", "authorizations", f"FOR UPDATE {claim}")


def _policy(name: str, table: str, rest: str) -> None:
    op.execute(f"CREATE POLICY {name} ON {table} {rest}")
