"""The whole matrix of authorization 2.3, observed: each scope tries each operation on the running server."""

import dataclasses

import pytest

from acceptance.place import Place
from demo.browser import Browser
from demo.table import COLUMNS, OPERATIONS, REDIRECT, REFUSED, Observer, Operation, Table


@pytest.fixture(scope="module")
def table(place: Place) -> Table:
    application = place.server.create_application("Table", REDIRECT)
    jane = dataclasses.replace(place.jane, browser=Browser(place.server.url))
    return Observer(place.server, place.world, jane, application, place.lookout).observe()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name.strip().replace(" ", "_"))
def test_p1_an_authorization_allows_nothing_that_its_scopes_do_not_name(table: Table, operation: Operation) -> None:
    seen = {cell.column: cell.seen for cell in table.row(operation)}
    assert seen == dict(zip(COLUMNS, operation.expected, strict=True))


def test_p1_nothing_that_was_refused_is_done_later(table: Table) -> None:
    assert sum(cell.seen == REFUSED for cell in table.cells) > 100
    assert table.late == []
