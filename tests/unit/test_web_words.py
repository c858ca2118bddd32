"""What pages say of the ledger and of Extended Permissions."""

from dataclasses import replace

import pytest

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.ids import AccountId
from calwarden.domain.times import Instant
from calwarden.policy.decision import Action
from calwarden.web.words import happening, not_extended, particulars, span

WRITES = (
    Action.WRITE_OWN_EVENT,
    Action.DELETE_OWN_EVENT,
    Action.DELETE_OWN_EVENTS,
    Action.EDIT_EVENT,
    Action.DELETE_EVENT,
    Action.RESPOND,
    Action.CREATE_CALENDAR,
    Action.REVOKE_PROFILE,
    Action.REQUEST_ELEVATION,
)


def entry(what: str, outcome: Outcome) -> AuditEntry:
    return AuditEntry(AccountId("acc_1"), Instant(0), Actor.APPLICATION, what, outcome, on={"calendar": "cal_1"})


@pytest.mark.parametrize("action", WRITES)
def test_a_refused_write_is_told_as_an_attempt_and_never_as_done(action: Action) -> None:
    told = happening(entry(action.value, Outcome.REFUSED))
    assert told.startswith("Tried to ")
    assert told.endswith(" (refused)")


@pytest.mark.parametrize("what", ["consent.answered", "elevation.refused", "tokens.revoked"])
def test_what_says_by_itself_that_it_was_a_refusal_does_not_say_so_twice(what: str) -> None:
    assert "(refused)" not in happening(entry(what, Outcome.REFUSED))


def test_the_answer_to_a_request_for_access_says_which_it_was() -> None:
    assert happening(entry("consent.answered", Outcome.ALLOWED)) == "Request for access allowed"
    assert happening(entry("consent.answered", Outcome.REFUSED)) == "Request for access refused"


def test_a_calendar_that_is_not_the_persons_is_not_said_to_have_been_there() -> None:
    assert particulars(entry("own_event.write", Outcome.REFUSED), {}) == "a calendar that is not, or no longer, here"


def test_permissions_are_told_as_they_were_asked_for() -> None:
    def told(scope: str) -> str:
        consent = entry("consent.answered", Outcome.ALLOWED)
        return particulars(replace(consent, on={"scope": scope}), {})

    assert told("free_busy_write").startswith("it may see when you are busy or free, add events")
    assert "free_busy" not in told("free_busy_write")
    assert told("none_that_we_know") == ""


def test_calendars_that_are_open_to_an_application_already_are_not_said_to_be_closed() -> None:
    """Whether the person opened them or the application created them."""
    assert any("but those where it already may" in one for one in not_extended(("read_write",), elsewhere=True))
    assert not any("already" in one for one in not_extended(("read_write",), elsewhere=False))


def test_how_long_a_link_works_is_told_in_the_largest_unit_that_fits() -> None:
    told = [span(seconds) for seconds in (7, 300, 3_600, 5_400, 7_200, 86_400, 604_800)]
    assert told == ["a minute", "5 minutes", "an hour", "90 minutes", "2 hours", "a day", "7 days"]


def test_an_end_is_said_in_the_zone_of_whoever_reads_it() -> None:
    ending = replace(entry("elevation.granted", Outcome.ALLOWED), on={"ends": "1795799865"})
    assert particulars(ending, {}, "Europe/Paris") == "until 27 November 2026, 18:17"
    assert particulars(ending, {}) == "until 27 November 2026, 17:17 UTC"


def test_a_deletion_of_many_events_says_how_many() -> None:
    many = replace(entry("own_events.delete", Outcome.ALLOWED), on={"calendar_id": "cal_1", "events": "3"})
    assert particulars(many, {"cal_1": "Work"}) == "Work; 3 events"
