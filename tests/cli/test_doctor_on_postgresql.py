"""What ``calwarden doctor`` says of a PostgreSQL database: whether its policies bind the role that is used."""

from collections.abc import Iterator
from typing import Any

import pytest

from cli.conftest import Operator
from contract.postgres import as_role, let_in, running_postgres


@pytest.fixture(scope="module")
def owner_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


def tenancy(operator: Operator, url: str) -> Any:
    operator.environ["CALWARDEN_DATABASE_URL"] = url
    found = operator.json("doctor")
    assert found["ok"] is True
    [said] = [one for one in found["findings"] if one["check"] == "tenancy"]
    return said


def test_the_doctor_warns_of_a_role_that_passes_over_row_level_security(operator: Operator, owner_url: str) -> None:
    operator.environ["CALWARDEN_DATABASE_URL"] = owner_url
    operator.account()
    assert tenancy(operator, owner_url)["status"] == "ok"
    assert tenancy(operator, let_in(owner_url))["status"] == "ok"
    said = tenancy(operator, as_role(owner_url, "operator"))
    assert said["status"] == "warning"
    assert "accounts, audit_entries" in said["message"]
    assert "NOSUPERUSER" in said["fix"]
