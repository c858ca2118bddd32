"""The tables. The account comes first in every key and index; no foreign key crosses accounts (engineering 1).

The listed exceptions are the application tables, what is looked up by a hash of something secret (tokens, sessions,
codes, links, pages), and the two work queues. Times are epoch integers. ``sealed`` columns are encrypted under the
account's data key.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

metadata = MetaData()

# INVARIANT: ids compare byte for byte (security 1.7); on PostgreSQL that takes the "C" collation.
_Id = String().with_variant(String(collation="C"), "postgresql")


def _id(name: str, *, key: bool = False, null: bool = False) -> Column[Any]:
    return Column(name, _Id, primary_key=key, nullable=null)


def _int(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


def _sealed(name: str = "sealed", *, null: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=null)


def _text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null)


accounts = Table(
    "accounts",
    metadata,
    _id("account_id", key=True),
    _id("email_hash"),
    _int("created"),
    _flag("email_verified"),
    _int("write_sequence"),
    _sealed(),  # e-mail address, name, zone, password hash
    Index("accounts_email", "email_hash", unique=True),
)

data_keys = Table(
    "data_keys",
    metadata,
    _id("owner", key=True),  # an account, an application, or the server itself
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("wrapped_by", Integer, nullable=False),  # version of the key-encryption key
)

applications = Table(
    "applications",
    metadata,
    _id("application_id", key=True),
    _text("name"),
    _text("redirect_uris"),
    _int("created"),
    _flag("public"),
    _id("owner", null=True),
    _flag("merge_busy"),
    _text("company", null=True),
    _text("website", null=True),
    _text("email", null=True),
    Index("applications_owner", "owner"),
)

application_secrets = Table(
    "application_secrets",
    metadata,
    _id("application_id", key=True),
    _id("secret_id", key=True),
    _id("secret_hash"),
    _int("created"),
    _sealed(),
    Index("application_secrets_hash", "secret_hash", unique=True),
)

# What an application was refused, by the hour: of nobody in particular, so that its owner may read it.
refusals = Table(
    "refusals",
    metadata,
    _id("application_id", key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    _id("action", key=True),
    _id("reason", key=True),
    _int("times"),
    _int("last"),
    Index("refusals_hour", "hour"),
)

sessions = Table(
    "sessions",
    metadata,
    _id("session_id", key=True),
    _id("account_id"),
    _int("created"),
    _int("expires"),
    _text("csrf"),
    Index("sessions_account", "account_id"),
)

one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    _id("token_hash", key=True),
    _id("purpose"),
    _int("expires"),
    _sealed(),  # the subject, under the server's own data key
)

attempts = Table(
    "attempts",
    metadata,
    _id("bucket", key=True),  # keyed hash: it may hold an address
    _int("window_start"),
    _int("window_seconds"),
    Column("hits", Integer, nullable=False),
)

authorizations = Table(
    "authorizations",
    metadata,
    _id("authorization_id", key=True),
    _id("application_id"),
    _text("redirect_uri"),
    _text("scopes"),
    _int("created"),
    _int("expires"),
    _text("state_param", null=True),
    _text("code_challenge", null=True),
    _id("status"),
    _id("account_id", null=True),
    _id("profile_id", null=True),
    _id("code_hash", null=True),
    _id("grant_id", null=True),
    _text("calendars", null=True),
    _int("ends", null=True),
    Index("authorizations_code", "code_hash", unique=True),
    Index("authorizations_account", "account_id"),
)

grants = Table(
    "grants",
    metadata,
    _id("account_id", key=True),
    _id("grant_id", key=True),
    _id("application_id"),
    _text("scopes"),
    _int("created"),
    _id("state"),
    _int("generation"),
    _id("connection"),
    _text("elevated"),
    _text("calendars", null=True),
    _text("hidden_profiles"),
    _int("ends", null=True),
    Index(
        "grants_live",
        "account_id",
        "application_id",
        unique=True,
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
    Index("grants_application", "application_id", "state"),
)

tokens = Table(
    "tokens",
    metadata,
    _id("token_hash", key=True),
    _id("kind"),
    _id("account_id"),
    _id("application_id"),
    _id("grant_id"),
    _int("issued"),
    _int("expires", null=True),
    _id("family"),
    _flag("spent"),
    Index("tokens_grant", "account_id", "grant_id"),
    Index("tokens_family", "family"),
    Index("tokens_expiry", "expires"),
)

elevation_requests = Table(
    "elevation_requests",
    metadata,
    _id("request_id", key=True),
    _id("account_id"),
    _id("application_id"),
    _id("grant_id"),
    _int("generation"),
    _text("calendars"),
    _text("redirect_uri"),
    _int("created"),
    _int("expires"),
    _flag("answered"),
    Index("elevation_requests_grant", "account_id", "grant_id"),
)

profiles = Table(
    "profiles",
    metadata,
    _id("account_id", key=True),
    _id("profile_id", key=True),
    _id("provider"),
    _int("created"),
    _id("access_mode"),
    _flag("connected"),
    _flag("initial_sync_done"),
    _int("synced_at", null=True),
    _int("sync_due_at"),
    _int("failures"),
    _id("lease_holder", null=True),
    _int("lease_until"),
    _sealed(),  # name, address, cause of a disconnection
    _sealed("credentials"),
    Index("profiles_due", "connected", "sync_due_at"),
)

calendars = Table(
    "calendars",
    metadata,
    _id("account_id", key=True),
    _id("calendar_id", key=True),
    _id("profile_id"),
    _flag("owned"),
    _flag("readonly"),
    _flag("deleted"),
    _flag("is_primary"),
    _flag("synced"),
    _id("created_by", null=True),
    _sealed(),  # name, remote address, colour, zone, cursor
    Index("calendars_profile", "account_id", "profile_id"),
)

resources = Table(
    "resources",
    metadata,
    _id("account_id", key=True),
    _id("calendar_id", key=True),
    _id("resource_id", key=True),
    _text("etag", null=True),
    _id("created_by", null=True),
    _id("event_id", null=True),
    _int("created"),
    _int("expanded_to"),
    _flag("forgotten"),  # gone at the Provider: kept for its deleted occurrences alone
    _sealed("components", null=True),  # NULL: none
    _text("uid", null=True),  # iCalendar's, which we chose, of an Application's own
    Index("resources_own", "account_id", "created_by", "calendar_id", "event_id"),
    Index("resources_expanded", "account_id", "calendar_id", "expanded_to"),
)

events = Table(
    "events",
    metadata,
    _id("account_id", key=True),
    _id("event_key", key=True),
    _id("calendar_id"),
    _id("resource_id"),
    _id("occurrence"),
    _int("start_at"),
    _int("end_at"),
    Column("span", Integer, nullable=False),  # class of length: bounds how far back a window has to look
    _flag("all_day"),
    _id("start_tzid"),
    _id("end_tzid"),
    _id("busy", null=True),
    _id("status"),
    _id("transparency"),
    _flag("recurring"),
    Column("component", Integer, nullable=False),  # which of its resource's components; -1: gone
    _id("created_by", null=True),
    _id("event_id", null=True),
    _flag("deleted"),
    _int("created"),
    _int("updated"),
    _int("busy_updated"),
    _text("been"),  # former places on the time axis; empty: never moved
    # Holds all that free/busy and listings ask for, so that neither touches the table.
    Index(
        "events_window",
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
    ),
    Index("events_resource", "account_id", "resource_id", "calendar_id"),
    Index("events_own", "account_id", "created_by", "calendar_id"),
    Index(
        "events_deleted",
        "account_id",
        "updated",
        sqlite_where=text("deleted IS 1"),
        postgresql_where=text("deleted IS TRUE"),
    ),
    Index(
        "events_moved",
        "account_id",
        "calendar_id",
        "updated",
        sqlite_where=text("been <> ''"),
        postgresql_where=text("been <> ''"),
    ),
)

pending_writes = Table(
    "pending_writes",
    metadata,
    _id("account_id", key=True),
    _id("write_id", key=True),
    _int("sequence"),
    _id("profile_id"),
    _id("calendar_id"),
    _id("resource_id"),
    _id("kind"),
    _id("application_id"),
    _id("grant_id"),
    _int("generation"),
    _int("accepted"),
    _int("attempts"),
    _int("due_at"),
    _sealed(),  # what is to be written
    Index("pending_writes_order", "account_id", "sequence", unique=True),
    Index("pending_writes_resource", "account_id", "calendar_id", "resource_id", "sequence"),
    Index("pending_writes_due", "due_at"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    _id("account_id", key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _int("at"),
    _id("previous"),
    _id("hash"),
    _sealed(),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    _id("account_id", key=True),
    _int("sequence"),
    _id("hash"),
    _id("signature"),
)

read_counters = Table(
    "read_counters",
    metadata,
    _id("account_id", key=True),
    _id("application_id", key=True),
    _id("calendar_id", key=True),
    _id("level", key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    _int("reads"),
    _int("events", null=True),  # how many were given
    _int("first", null=True),  # the time that was asked about
    _int("last", null=True),
    Index("read_counters_hour", "hour"),
)

listings = Table(
    "listings",
    metadata,
    _id("page_hash", key=True),
    _id("account_id"),
    _id("application_id"),
    _id("grant_id"),
    _id("kind"),
    Column("current", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    _int("expires"),
    _sealed(),  # keys of the page, id of the next one, the request
    Index("listings_grant", "account_id", "grant_id"),
    Index("listings_expiry", "expires"),
)
