"""The first tables.

Revision 0001, the first.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables in an empty database."""
    _people()
    _applications()
    _calendars()
    _work_and_records()


def _column(name: str, kind: Any, *, nullable: bool = False, autoincrement: Any = "auto") -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, autoincrement=autoincrement)


def _people() -> None:
    op.create_table(
        "accounts",
        _column("account_id", ID),
        _column("email_hash", ID),
        _column("created", sa.BigInteger()),
        _column("email_verified", sa.Boolean()),
        _column("write_sequence", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("accounts_email", "accounts", ["email_hash"], unique=True)
    op.create_table(
        "data_keys",
        _column("owner", ID),
        _column("version", sa.Integer(), autoincrement=False),
        _column("wrapped", sa.LargeBinary()),
        _column("wrapped_by", sa.Integer()),
        sa.PrimaryKeyConstraint("owner", "version"),
    )
    op.create_table(
        "sessions",
        _column("session_id", ID),
        _column("account_id", ID),
        _column("created", sa.BigInteger()),
        _column("expires", sa.BigInteger()),
        _column("csrf", sa.Text()),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("sessions_account", "sessions", ["account_id"], unique=False)
    op.create_table(
        "one_time_tokens",
        _column("token_hash", ID),
        _column("purpose", ID),
        _column("expires", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "attempts",
        _column("bucket", ID),
        _column("window_start", sa.BigInteger()),
        _column("window_seconds", sa.BigInteger()),
        _column("hits", sa.Integer()),
        sa.PrimaryKeyConstraint("bucket"),
    )


def _applications() -> None:
    op.create_table(
        "applications",
        _column("application_id", ID),
        _column("name", sa.Text()),
        _column("redirect_uris", sa.Text()),
        _column("created", sa.BigInteger()),
        _column("public", sa.Boolean()),
        _column("owner", ID, nullable=True),
        _column("merge_busy", sa.Boolean()),
        sa.PrimaryKeyConstraint("application_id"),
    )
    op.create_table(
        "application_secrets",
        _column("application_id", ID),
        _column("secret_id", ID),
        _column("secret_hash", ID),
        _column("created", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("application_id", "secret_id"),
    )
    op.create_index("application_secrets_hash", "application_secrets", ["secret_hash"], unique=True)
    op.create_table(
        "authorizations",
        _column("authorization_id", ID),
        _column("application_id", ID),
        _column("redirect_uri", sa.Text()),
        _column("scopes", sa.Text()),
        _column("created", sa.BigInteger()),
        _column("expires", sa.BigInteger()),
        _column("state_param", sa.Text(), nullable=True),
        _column("code_challenge", sa.Text(), nullable=True),
        _column("status", ID),
        _column("account_id", ID, nullable=True),
        _column("profile_id", ID, nullable=True),
        _column("code_hash", ID, nullable=True),
        _column("grant_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("authorization_id"),
    )
    op.create_index("authorizations_account", "authorizations", ["account_id"], unique=False)
    op.create_index("authorizations_code", "authorizations", ["code_hash"], unique=True)
    op.create_table(
        "grants",
        _column("account_id", ID),
        _column("grant_id", ID),
        _column("application_id", ID),
        _column("scopes", sa.Text()),
        _column("created", sa.BigInteger()),
        _column("state", ID),
        _column("generation", sa.BigInteger()),
        _column("connection", ID),
        _column("elevated", sa.Text()),
        _column("calendars", sa.Text(), nullable=True),
        _column("hidden_profiles", sa.Text()),
        _column("ends", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "grant_id"),
    )
    op.create_index(
        "grants_live",
        "grants",
        ["account_id", "application_id"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "tokens",
        _column("token_hash", ID),
        _column("kind", ID),
        _column("account_id", ID),
        _column("application_id", ID),
        _column("grant_id", ID),
        _column("issued", sa.BigInteger()),
        _column("expires", sa.BigInteger(), nullable=True),
        _column("family", ID),
        _column("spent", sa.Boolean()),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("tokens_expiry", "tokens", ["expires"], unique=False)
    op.create_index("tokens_family", "tokens", ["family"], unique=False)
    op.create_index("tokens_grant", "tokens", ["account_id", "grant_id"], unique=False)
    op.create_table(
        "elevation_requests",
        _column("request_id", ID),
        _column("account_id", ID),
        _column("application_id", ID),
        _column("grant_id", ID),
        _column("generation", sa.BigInteger()),
        _column("calendars", sa.Text()),
        _column("redirect_uri", sa.Text()),
        _column("created", sa.BigInteger()),
        _column("expires", sa.BigInteger()),
        _column("answered", sa.Boolean()),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("elevation_requests_grant", "elevation_requests", ["account_id", "grant_id"], unique=False)


def _calendars() -> None:
    op.create_table(
        "profiles",
        _column("account_id", ID),
        _column("profile_id", ID),
        _column("provider", ID),
        _column("created", sa.BigInteger()),
        _column("access_mode", ID),
        _column("connected", sa.Boolean()),
        _column("initial_sync_done", sa.Boolean()),
        _column("synced_at", sa.BigInteger(), nullable=True),
        _column("sync_due_at", sa.BigInteger()),
        _column("failures", sa.BigInteger()),
        _column("lease_holder", ID, nullable=True),
        _column("lease_until", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        _column("credentials", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("account_id", "profile_id"),
    )
    op.create_index("profiles_due", "profiles", ["connected", "sync_due_at"], unique=False)
    op.create_table(
        "calendars",
        _column("account_id", ID),
        _column("calendar_id", ID),
        _column("profile_id", ID),
        _column("owned", sa.Boolean()),
        _column("readonly", sa.Boolean()),
        _column("deleted", sa.Boolean()),
        _column("is_primary", sa.Boolean()),
        _column("synced", sa.Boolean()),
        _column("created_by", ID, nullable=True),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("account_id", "calendar_id"),
    )
    op.create_index("calendars_profile", "calendars", ["account_id", "profile_id"], unique=False)
    op.create_table(
        "resources",
        _column("account_id", ID),
        _column("calendar_id", ID),
        _column("resource_id", ID),
        _column("etag", sa.Text(), nullable=True),
        _column("created_by", ID, nullable=True),
        _column("event_id", ID, nullable=True),
        _column("created", sa.BigInteger()),
        _column("expanded_to", sa.BigInteger()),
        _column("forgotten", sa.Boolean()),
        _column("components", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "calendar_id", "resource_id"),
    )
    op.create_index("resources_expanded", "resources", ["account_id", "calendar_id", "expanded_to"], unique=False)
    op.create_index("resources_own", "resources", ["account_id", "created_by", "calendar_id", "event_id"], unique=False)
    op.create_table(
        "events",
        _column("account_id", ID),
        _column("event_key", ID),
        _column("calendar_id", ID),
        _column("resource_id", ID),
        _column("occurrence", ID),
        _column("start_at", sa.BigInteger()),
        _column("end_at", sa.BigInteger()),
        _column("span", sa.Integer()),
        _column("all_day", sa.Boolean()),
        _column("start_tzid", ID),
        _column("end_tzid", ID),
        _column("busy", ID, nullable=True),
        _column("status", ID),
        _column("transparency", ID),
        _column("recurring", sa.Boolean()),
        _column("component", sa.Integer()),
        _column("created_by", ID, nullable=True),
        _column("event_id", ID, nullable=True),
        _column("deleted", sa.Boolean()),
        _column("created", sa.BigInteger()),
        _column("updated", sa.BigInteger()),
        _column("busy_updated", sa.BigInteger()),
        _column("been", sa.Text()),
        sa.PrimaryKeyConstraint("account_id", "event_key"),
    )
    op.create_index(
        "events_deleted",
        "events",
        ["account_id", "updated"],
        unique=False,
        sqlite_where=sa.text("deleted IS 1"),
        postgresql_where=sa.text("deleted IS TRUE"),
    )
    op.create_index(
        "events_moved",
        "events",
        ["account_id", "calendar_id", "updated"],
        unique=False,
        sqlite_where=sa.text("been <> ''"),
        postgresql_where=sa.text("been <> ''"),
    )
    op.create_index("events_own", "events", ["account_id", "created_by", "calendar_id"], unique=False)
    op.create_index("events_resource", "events", ["account_id", "resource_id", "calendar_id"], unique=False)
    op.create_index(
        "events_window",
        "events",
        [
            "account_id",
            "calendar_id",
            "span",
            "start_at",
            "end_at",
            "all_day",
            "deleted",
            "busy",
            "created_by",
            "event_id",
            "start_tzid",
            "end_tzid",
            "updated",
            "busy_updated",
            "event_key",
        ],
        unique=False,
    )


def _work_and_records() -> None:
    op.create_table(
        "pending_writes",
        _column("account_id", ID),
        _column("write_id", ID),
        _column("sequence", sa.BigInteger()),
        _column("profile_id", ID),
        _column("calendar_id", ID),
        _column("resource_id", ID),
        _column("kind", ID),
        _column("application_id", ID),
        _column("grant_id", ID),
        _column("generation", sa.BigInteger()),
        _column("accepted", sa.BigInteger()),
        _column("attempts", sa.BigInteger()),
        _column("due_at", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("account_id", "write_id"),
    )
    op.create_index("pending_writes_due", "pending_writes", ["due_at"], unique=False)
    op.create_index("pending_writes_order", "pending_writes", ["account_id", "sequence"], unique=True)
    op.create_index(
        "pending_writes_resource",
        "pending_writes",
        ["account_id", "calendar_id", "resource_id", "sequence"],
        unique=False,
    )
    op.create_table(
        "audit_entries",
        _column("account_id", ID),
        _column("sequence", sa.BigInteger(), autoincrement=False),
        _column("at", sa.BigInteger()),
        _column("previous", ID),
        _column("hash", ID),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("account_id", "sequence"),
    )
    op.create_table(
        "audit_heads",
        _column("account_id", ID),
        _column("sequence", sa.BigInteger()),
        _column("hash", ID),
        _column("signature", ID),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "read_counters",
        _column("account_id", ID),
        _column("application_id", ID),
        _column("calendar_id", ID),
        _column("level", ID),
        _column("hour", sa.BigInteger(), autoincrement=False),
        _column("reads", sa.BigInteger()),
        sa.PrimaryKeyConstraint("account_id", "application_id", "calendar_id", "level", "hour"),
    )
    op.create_index("read_counters_hour", "read_counters", ["hour"], unique=False)
    op.create_table(
        "listings",
        _column("page_hash", ID),
        _column("account_id", ID),
        _column("application_id", ID),
        _column("grant_id", ID),
        _column("kind", ID),
        _column("current", sa.Integer()),
        _column("total", sa.Integer()),
        _column("expires", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("page_hash"),
    )
    op.create_index("listings_expiry", "listings", ["expires"], unique=False)
    op.create_index("listings_grant", "listings", ["account_id", "grant_id"], unique=False)
