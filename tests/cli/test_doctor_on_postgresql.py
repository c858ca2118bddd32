"""What ``calwarden doctor`` says of a PostgreSQL database: whether its role can do its work, and is bound."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from calwarden.cli.doctor import Code
from cli.conftest import Operator
from contract.postgres import as_role, become_standby, let_in, running_postgres

AROUND = {Code.PUBLIC_URL_LOCAL, Code.PUBLIC_URL_SILENT, Code.MAIL_IN_LOG}
"""What is said of a development server that does not run, whatever its database."""


@pytest.fixture
def owner_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture
def in_use(operator: Operator, owner_url: str) -> Operator:
    """Tables made by their owner, and the server's own role."""
    operator.environ["CALWARDEN_DATABASE_URL"] = owner_url
    operator.account()
    operator.environ["CALWARDEN_DATABASE_URL"] = let_in(owner_url)
    return operator


def found(operator: Operator) -> dict[str, str]:
    """Codes and fixes of what there is to do, but for what is said anyway."""
    result = operator.run("doctor", "--json").stdout
    findings = json.loads(result)["findings"]
    return {one["code"]: one["fix"] for one in findings if one["status"] != "ok" and one["code"] not in AROUND}


def as_operator(url: str, *statements: str) -> None:
    engine = create_engine(as_role(url, "operator"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_the_doctor_finds_each_fault_of_role_and_database(in_use: Operator, owner_url: str) -> None:
    assert found(in_use) == {}
    server = in_use.environ["CALWARDEN_DATABASE_URL"]

    in_use.environ["CALWARDEN_DATABASE_URL"] = owner_url
    assert found(in_use) == {}, "the owner is bound too: the tables are forced"

    in_use.environ["CALWARDEN_DATABASE_URL"] = as_role(owner_url, "operator")
    [(code, fix)] = found(in_use).items()
    assert code == Code.ROLE_PASSES_BY
    assert "NOSUPERUSER" in fix
    in_use.environ["CALWARDEN_DATABASE_URL"] = server

    as_operator(owner_url, "ALTER ROLE calwarden BYPASSRLS")
    assert set(found(in_use)) == {Code.ROLE_PASSES_BY}
    as_operator(owner_url, "ALTER ROLE calwarden NOBYPASSRLS")

    as_operator(owner_url, "ALTER TABLE events DISABLE ROW LEVEL SECURITY")
    [(code, fix)] = found(in_use).items()
    assert code == Code.POLICIES_MISSING
    assert "ENABLE ROW LEVEL SECURITY" in fix
    as_operator(owner_url, "ALTER TABLE events ENABLE ROW LEVEL SECURITY")

    as_operator(owner_url, "ALTER TABLE events NO FORCE ROW LEVEL SECURITY")
    in_use.environ["CALWARDEN_DATABASE_URL"] = owner_url
    assert set(found(in_use)) == {Code.POLICIES_MISSING}
    in_use.environ["CALWARDEN_DATABASE_URL"] = server
    as_operator(owner_url, "ALTER TABLE events FORCE ROW LEVEL SECURITY")

    as_operator(owner_url, "REVOKE DELETE ON tokens FROM calwarden")
    [(code, fix)] = found(in_use).items()
    assert code == Code.ROLE_LACKS_GRANTS
    assert fix.endswith("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the role of the server")
    as_operator(owner_url, "GRANT DELETE ON tokens TO calwarden")

    as_operator(
        owner_url,
        "INSERT INTO sessions VALUES ('s', (SELECT account_id FROM accounts), 1, 2, 'csrf')",
        "DELETE FROM accounts",
    )
    assert found(in_use).keys() >= {Code.ROWS_ORPHANED}

    as_operator(owner_url, "UPDATE alembic_version SET version_num = '0001'")
    assert set(found(in_use)) == {Code.DATABASE_NOT_MIGRATED}


def test_the_doctor_finds_out_that_it_is_at_a_standby(in_use: Operator, owner_url: str) -> None:
    become_standby(owner_url)
    [(code, fix)] = found(in_use).items()
    assert code == Code.DATABASE_NOT_WRITABLE
    assert "standby" in fix
