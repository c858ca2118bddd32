"""What the tests stand on: the CalDAV server shares as connectors 1 says Radicale does."""

from demo.world import ARCHIVE, TEAM, TEAM_AS_SHARED, World


def test_a_shared_calendar_is_in_the_home_of_whom_it_is_shared_with_without_an_owner(world: World) -> None:
    [shared] = [one for one in world.marcel.listing() if one.path == TEAM_AS_SHARED]
    assert shared.owner == ""
    assert "all" not in shared.privileges
    assert {"read", "write-content"} <= shared.privileges
    assert world.marcel.events(TEAM_AS_SHARED) != {}


def test_the_same_calendar_is_its_owners(world: World) -> None:
    [own] = [one for one in world.jane.listing() if one.path == TEAM]
    assert own.owner == "/jane/"
    assert "all" in own.privileges


def test_one_calendar_is_its_owners_to_read_only(world: World) -> None:
    [archive] = [one for one in world.jane.listing() if one.path == ARCHIVE]
    assert archive.owner == "/jane/"
    assert not archive.privileges & {"all", "write", "write-content"}
