"""On PostgreSQL a transaction reaches the rows of one account: row-level security (security 1.6, ruling 27)."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, create_engine, delete, func, select, text, update
from sqlalchemy.exc import ProgrammingError

import calwarden.store
from calwarden.domain.account import Session
from calwarden.domain.audit import Actor, AuditEntry, Looked, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import Authorization, AuthorizationState, ElevationRequest
from calwarden.domain.ids import AccountId, AuthorizationId, ElevationRequestId, SessionId
from calwarden.domain.times import Instant
from calwarden.ports.store import Listing
from calwarden.store import SqlStore
from calwarden.store import tables as t
from calwarden.store.tenancy import SEPARATED, Across, not_separated
from calwarden.store.transaction import Transaction
from contract.postgres import as_role, in_hand
from contract.store_world import APP, GRANT, JANE, MARCEL, NOW, WORK, at, event, grant, hold, resource, token, write

DOORS = {
    ("accounts.py", "list", "OPERATOR"),
    ("applications.py", "delete", "APPLICATION"),
    ("audit.py", "_chains", "CHAINS"),
    ("audit.py", "close_hours", "HOURS"),
    ("audit.py", "verify", "CHAINS"),
    ("authorizations.py", "purge", "EXPIRED"),
    ("dump.py", "accounts_in", "CHAINS"),  # each is then read or written as its own account
    ("grants.py", "list", "OPERATOR"),
    ("grants.py", "number", "OPERATOR"),
    ("grants.py", "of_application", "OPERATOR"),
    ("grants.py", "purge", "EXPIRED"),  # tokens, and requests for elevation
    ("listings.py", "purge", "EXPIRED"),
    ("profiles.py", "due", "DUE"),
    ("sessions.py", "purge", "EXPIRED"),
    ("writes.py", "due", "DUE"),
}
"""All that looks at more than one account: the listed exceptions (ruling 27). An addition has to be argued for."""

RUNS_OUT = {"sessions", "authorizations", "tokens", "elevation_requests", "listings"}
BEHIND = {
    Across.DUE: {"profiles", "pending_writes"},
    Across.EXPIRED: RUNS_OUT,
    Across.OPERATOR: {"accounts", "grants"},
    Across.CHAINS: {"accounts", "audit_entries", "audit_heads"},
    Across.HOURS: {"read_counters"},
    Across.APPLICATION: RUNS_OUT - {"sessions"} | {"grants", "events", "resources", "calendars"},
}
"""What can be read through the door for each reason."""

REMOVED = {Across.EXPIRED: RUNS_OUT, Across.APPLICATION: RUNS_OUT - {"sessions"} | {"grants"}}
"""What can be deleted through it."""

TABLES = [t.metadata.tables[name] for name in SEPARATED]
EVERY_TABLE = pytest.mark.parametrize("table", TABLES, ids=SEPARATED)
FIRST = {name: (f"{name}-acc_jane", f"{name}-acc_marcel") for name in ("token", "session", "run", "asked", "page")}


@pytest.fixture
def filled(postgres_store: SqlStore) -> SqlStore:
    """At least one row in every table that has accounts, for each of two of them."""
    hold(postgres_store, JANE, MARCEL)
    for account_id in (JANE, MARCEL):
        held = event(f"k-{account_id}", at(NOW), at(NOW + 60), account_id=account_id, created_by=APP, event_id="e")
        soon, session = Instant(NOW + 60), SessionId(f"session-{account_id}")
        asked = ElevationRequestId(f"asked-{account_id}")
        with postgres_store.write() as uow:
            uow.grants.add(grant(account_id))
            uow.tokens.add(token(f"token-{account_id}", account_id=account_id, family=f"family-{account_id}"))
            uow.sessions.add(Session(session, account_id, NOW, soon, "csrf"))
            uow.authorizations.add(approved(account_id))
            uow.elevation_requests.add(
                ElevationRequest(asked, account_id, APP, GRANT, 1, (WORK,), "https://a.example/", NOW, soon)
            )
            uow.events.save(resource(held), [held])
            uow.writes.add(write("w", account_id=account_id))
            uow.audit.append(AuditEntry(account_id, NOW, Actor.ACCOUNT, "sign-in", Outcome.ALLOWED))
            uow.audit.count_read(account_id, APP, WORK, "events", NOW, looked=Looked())
            page = f"page-{account_id}"
            uow.listings.add([Listing(page, account_id, APP, GRANT, "events", 1, 1, (), None, "{}", soon)])
    return postgres_store


def run(name: str, **changes: Any) -> Authorization:
    made = Authorization(AuthorizationId(name), APP, "https://a.example/", ("free_busy",), NOW, Instant(NOW + 60))
    return replace(made, **changes)


def approved(account_id: AccountId) -> Authorization:
    """Answered by this account, and not exchanged yet."""
    code = f"code-{account_id}"
    return run(f"run-{account_id}", account_id=account_id, status=AuthorizationState.APPROVED, code_hash=code)


@pytest.fixture
def tx(filled: SqlStore) -> Iterator[Transaction]:
    """A transaction that has named no account yet; nothing of it is kept."""
    with filled._engine.connect() as connection, connection.begin() as transaction:
        yield Transaction(connection, writable=True)
        transaction.rollback()


def become(tx: Transaction, account_id: AccountId) -> None:
    """Name an account the way repositories do: by a statement about it."""
    tx.one(t.accounts, account_id=account_id)


def owners(tx: Transaction, table: Table) -> set[str]:
    """Whose rows a statement without any WHERE gives."""
    return {row.account_id for row in tx.run(select(table))}


@EVERY_TABLE
def test_a_forgotten_where_reads_the_named_accounts_rows_and_none_before(tx: Transaction, table: Table) -> None:
    assert owners(tx, table) == set()
    become(tx, JANE)
    assert owners(tx, table) == {JANE}
    become(tx, MARCEL)
    assert owners(tx, table) == {MARCEL}


@EVERY_TABLE
def test_a_forgotten_where_changes_and_deletes_the_named_accounts_rows_alone(tx: Transaction, table: Table) -> None:
    column = next(one for one in table.c if one.name != "account_id" and not one.primary_key)
    assert tx.change(update(table).values({column: column})) == 0
    assert tx.change(delete(table)) == 0
    become(tx, JANE)
    held = len(tx.run(select(table)).all())
    assert tx.change(update(table).values({column: column})) == held > 0
    assert tx.change(delete(table)) == held
    become(tx, MARCEL)
    assert owners(tx, table) == {MARCEL}


@EVERY_TABLE
def test_no_row_is_written_for_another_account_than_the_named_one(tx: Transaction, table: Table) -> None:
    become(tx, JANE)
    row = dict(tx.run(select(table)).mappings().first() or {})
    moved = update(table).values(account_id=MARCEL)
    copied = table.insert().values({**row, "account_id": MARCEL})
    for statement in (moved, copied):
        refused(tx, partial(tx.connection.execute, statement))


@EVERY_TABLE
def test_no_row_is_written_before_an_account_is_named(filled: SqlStore, table: Table) -> None:
    with in_hand(filled) as connection:
        row = dict(connection.execute(select(table)).mappings().first() or {})
    with filled._engine.connect() as connection, connection.begin():
        tx = Transaction(connection, writable=True)
        refused(tx, partial(connection.execute, table.insert().values(row)))


def refused(tx: Transaction, act: Callable[[], object]) -> None:
    """By the policies; the transaction goes on, with what it had set before."""
    with pytest.raises(ProgrammingError, match="row-level security"), tx.connection.begin_nested():
        act()


def test_an_account_is_forgotten_with_its_transaction(filled: SqlStore) -> None:
    engine = create_engine(filled._engine.url, pool_size=1, max_overflow=0)
    for end in ("commit", "rollback"):
        with engine.connect() as connection:
            tx = Transaction(connection, writable=True)
            become(tx, JANE)
            tx.present(FIRST["token"][1])
            with tx.across_accounts(Across.DUE):
                getattr(connection, end)()
            assert owners(Transaction(connection, writable=True), t.profiles) == set()
            assert owners(Transaction(connection, writable=True), t.tokens) == set()
    engine.dispose()


def test_the_owner_of_the_tables_is_bound_too(filled: SqlStore) -> None:
    engine = create_engine(as_role(url_of(filled), "owner"))
    with engine.connect() as connection:
        for table in TABLES:
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
    engine.dispose()


def url_of(store: SqlStore) -> str:
    return store._engine.url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        (t.tokens, "token_hash", FIRST["token"]),
        (t.tokens, "family", ("family-acc_jane", "family-acc_marcel")),
        (t.sessions, "session_id", FIRST["session"]),
        (t.authorizations, "authorization_id", FIRST["run"]),
        (t.authorizations, "code_hash", ("code-acc_jane", "code-acc_marcel")),
        (t.elevation_requests, "request_id", FIRST["asked"]),
        (t.listings, "page_hash", FIRST["page"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hash_of_a_secret_opens_its_row_for_reading_and_nothing_else(
    tx: Transaction, table: Table, column: str, values: tuple[str, str]
) -> None:
    tx.present(values[0])
    assert {row._mapping[column] for row in tx.run(select(table))} == {values[0]}
    assert all(owners(tx, other) == set() for other in TABLES if other is not table)
    assert tx.change(delete(table)) == 0
    assert tx.change(update(table).values(application_id="x") if "application_id" in table.c else delete(table)) == 0
    assert tx.enter(table, **{column: values[1]}) == MARCEL
    assert owners(tx, table) == {MARCEL}
    assert owners(tx, t.profiles) == {MARCEL}
    assert tx.enter(table, **{column: "unknown"}) is None
    assert tx.enter(table, **{column: "\0"}) is None


def test_an_address_opens_its_account_alone(filled: SqlStore) -> None:
    with filled.read() as uow:
        found = uow.accounts.by_email(f"{MARCEL}@example.org")
        assert found is not None
        assert found.account_id == MARCEL
        assert owners(uow._tx, t.accounts) == {MARCEL}


def test_a_run_of_the_consent_flow_changes_hands_until_it_is_answered(filled: SqlStore) -> None:
    name = AuthorizationId("new")
    with filled.write() as uow:
        uow.authorizations.add(run("new"))
        assert owners(uow._tx, t.authorizations) == set()
    with filled.read() as uow:
        assert uow.authorizations.get(name) == run("new")
        assert owners(uow._tx, t.authorizations) == {None}  # the one presented
    with filled.write() as uow:
        uow.authorizations.save(run("new", account_id=MARCEL))
    answered = run("new", account_id=JANE, status=AuthorizationState.APPROVED)
    with filled.write() as uow:
        uow.authorizations.save(answered)
    for account_id in (MARCEL, None):
        with pytest.raises(NotFound), filled.write() as uow:
            uow.authorizations.save(replace(answered, account_id=account_id))
    with filled.read() as uow:
        assert uow.authorizations.get(name) == answered


@pytest.mark.parametrize("reason", Across)
def test_the_door_opens_what_its_reason_needs_and_no_more(tx: Transaction, reason: Across) -> None:
    become(tx, JANE)
    with tx.across_accounts(reason):
        seen = {table.name for table in TABLES if owners(tx, table) == {JANE, MARCEL}}
    assert seen == BEHIND[reason]
    assert all(owners(tx, table) == {JANE} for table in TABLES)
    for table in TABLES:
        with tx.connection.begin_nested() as savepoint:
            with tx.across_accounts(reason):
                tx.change(delete(table))
            become(tx, MARCEL)
            assert (owners(tx, table) == set()) == (table.name in REMOVED.get(reason, ()))
            become(tx, JANE)
            savepoint.rollback()


def test_the_end_of_an_application_makes_its_events_nobodys_and_nothing_else_of_them(tx: Transaction) -> None:
    for table in (t.events, t.resources, t.calendars):
        with tx.across_accounts(Across.APPLICATION):
            assert tx.change(update(table).values(created_by=None)) == len(tx.run(select(table)).all())
            refused(tx, partial(tx.change, update(table).values(created_by="other")))


def test_the_door_closes_after_a_failure_within(tx: Transaction) -> None:
    become(tx, JANE)
    with pytest.raises(LookupError), tx.across_accounts(Across.DUE):
        raise LookupError
    assert owners(tx, t.profiles) == {JANE}


def test_a_failed_statement_within_the_door_is_what_is_raised(tx: Transaction) -> None:
    with pytest.raises(ProgrammingError, match="no_such"), tx.across_accounts(Across.DUE):
        tx.run(text("SELECT no_such FROM accounts"))


def test_every_table_with_accounts_has_the_policy_and_binds_its_owner(filled: SqlStore) -> None:
    with in_hand(filled) as connection:
        flags = text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        bound = set(connection.execute(flags).scalars())
        rows = policies(connection)
    assert bound == set(SEPARATED) == {table.name for table in TABLES}
    assert {name for name, table in t.metadata.tables.items() if "account_id" in table.c} == bound
    own = re.compile(r"\(\(account_id\)::text = \( SELECT NULLIF\(current_setting\('app\.account'.*''::text\).*\)\)")
    for table in SEPARATED:
        (policy,) = (row for row in rows if (row.tablename, row.policyname) == (table, "tenant"))
        assert (policy.cmd, policy.permissive) == ("ALL", "PERMISSIVE")
        assert own.fullmatch(" ".join(policy.qual.split()))
        assert policy.with_check == policy.qual


def test_the_policies_know_the_reasons_of_the_code_and_no_others(filled: SqlStore) -> None:
    with in_hand(filled) as connection:
        rows = [row for row in policies(connection) if row.policyname.startswith("across_")]
        others = {row.policyname for row in policies(connection)} - {row.policyname for row in rows}
    named = {(row.policyname.split("_")[1], row.cmd, row.tablename) for row in rows}
    changed = {(Across.APPLICATION, "UPDATE", name) for name in ("events", "resources", "calendars")}
    assert named == changed | {
        (reason, command, name)
        for command, opened in (("SELECT", BEHIND), ("DELETE", REMOVED))
        for reason, names in opened.items()
        for name in names
    }
    assert others == {"tenant", "presented", "unclaimed_insert", "unclaimed_update"}


def policies(connection: Connection) -> list[Any]:
    return list(connection.execute(text("SELECT * FROM pg_policies WHERE schemaname = 'public'")))


def test_nothing_but_the_listed_exceptions_goes_through_the_door() -> None:
    found = set()
    for path in Path(calwarden.__file__).parent.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {(path.name, function.name, reason) for reason in _doors(function)}
    assert found == DOORS


def _doors(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "across_accounts":
            (reason,) = node.args
            assert isinstance(reason, ast.Attribute), "the reason is written where the door is opened"
            yield reason.attr


def test_the_settings_are_set_in_one_module_alone() -> None:
    folder = Path(calwarden.__file__).parent
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.py")}
    assert {name for name, content in texts.items() if "app.account" in content or "'app." in content} == {
        "store/tenancy.py",
        "store/migrations/versions/0002_row_level_security.py",
    }
    names = ("BECOME", "PRESENT", "GO_ACROSS")
    users = {name for name, content in texts.items() if any(re.search(rf"\b{one}\b", content) for one in names)}
    assert users == {"store/tenancy.py", "store/transaction.py"}


def test_whom_the_policies_do_not_bind_is_told(filled: SqlStore, memory_store: SqlStore) -> None:
    assert list(filled.not_separated()) == []
    assert list(memory_store.not_separated()) == []
    with in_hand(filled) as connection:
        assert sorted(not_separated(connection)) == sorted(SEPARATED)
    engine = create_engine(as_role(url_of(filled), "owner"))
    with engine.connect() as connection:
        assert list(not_separated(connection)) == []
        connection.execute(text("ALTER TABLE sessions NO FORCE ROW LEVEL SECURITY"))
        assert list(not_separated(connection)) == ["sessions"]
        connection.rollback()
    engine.dispose()
