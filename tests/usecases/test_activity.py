"""What a person is shown of their ledger, however long it has become."""

from collections.abc import Iterator

import pytest

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.ids import ApplicationId
from calwarden.store.datakeys import DataKeys
from calwarden.usecases.authorize import decline
from calwarden.usecases.people import activity, read_chapter
from usecases.auth_world import World

DEMO, QUIET = ApplicationId("demo"), ApplicationId("native")


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The table of everything that is decrypted from here on."""
    found: list[str] = []
    open_one = DataKeys.open

    def counting(self: DataKeys, account_id: str, table: str, *rest: object) -> object:
        found.append(table)
        return open_one(self, account_id, table, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(DataKeys, "open", counting)
    return found


def record(world: World, application_id: ApplicationId, count: int, what: str = "event.upsert") -> None:
    one = AuditEntry(world.jane, world.clock(), Actor.APPLICATION, what, Outcome.ALLOWED, application_id)
    with world.store.write() as uow:
        for _ in range(count):
            uow.audit.append(one)


def shown(world: World, application_id: ApplicationId | None) -> list[str]:
    return [one.what for one in activity(world.kit, world.jane, application_id).entries]


def test_the_lines_of_one_application_are_found_among_those_of_another(world: World) -> None:
    record(world, QUIET, 1, "first")
    record(world, DEMO, 450)
    record(world, QUIET, 1, "second")
    assert shown(world, QUIET) == ["second", "first"]
    seen = activity(world.kit, world.jane, QUIET)
    assert not seen.more


def test_no_more_lines_are_read_than_are_shown(world: World, opened: list[str]) -> None:
    record(world, QUIET, 3)
    record(world, DEMO, 450)
    for chosen in (None, DEMO):
        opened.clear()
        seen = activity(world.kit, world.jane, chosen)
        assert (len(seen.entries), seen.more) == (200, True)
        assert opened.count("audit_entries") <= 201


def test_a_long_ledger_is_not_read_to_its_end_for_one_application(world: World, opened: list[str]) -> None:
    record(world, QUIET, 1, "long ago")
    record(world, DEMO, 4_999)
    record(world, QUIET, 1, "lately")
    opened.clear()
    seen = activity(world.kit, world.jane, QUIET)
    assert ([one.what for one in seen.entries], seen.more) == (["lately"], True)
    assert opened.count("audit_entries") <= 5_025


def test_an_application_that_was_refused_is_named_as_long_as_there_is_one(world: World) -> None:
    decline(world.kit, world.begin(), world.jane)
    assert activity(world.kit, world.jane).names == {DEMO: world.app.name}
    assert read_chapter(world.kit, world.jane, 0).names.applications == {DEMO: world.app.name}
    with world.store.write() as uow:
        uow.applications.delete(DEMO)
    assert activity(world.kit, world.jane).names == {}
