"""What pages say of the ledger and of Extended Permissions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.domain.times import Instant
from calwarden.policy.decision import Action
from calwarden.web.taking import _plain
from calwarden.web.words import happening, not_extended, particulars, span, who

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


def test_no_name_of_an_application_reads_like_somebody_else() -> None:
    did = replace(
        entry("event.delete", Outcome.REFUSED), actor=Actor.APPLICATION, application_id=ApplicationId("app_1")
    )
    assert who(did, {"app_1": "You"}) == "The application “You”"
    assert who(did, {}) == "The application that is gone (app_1)"
    assert who(replace(did, actor=Actor.ACCOUNT), {"app_1": "Booking"}) == "You, about the application “Booking”"
    assert who(replace(did, actor=Actor.WORKER, application_id=None), {}) == "This server"


KNOWN = {
    "calendars": "cal_1 cal_2", "calendar_id": "cal_1", "calendar": "cal_1", "reads": "2", "events": "1",
    "application": "Booking", "scope": "read_write", "level": "change", "ends": "1795799865", "event_id": "one",
    "event_uid": "evt_external_1", "profile_id": "pro_1", "write_id": "w", "grant_id": "g", "unknown": "x",
}  # fmt: skip


@given(
    on=st.dictionaries(st.sampled_from(sorted(KNOWN)), st.none()).map(lambda keys: {one: KNOWN[one] for one in keys})
)
def test_whatever_an_entry_is_about_it_can_be_told(on: dict[str, str]) -> None:
    told = replace(entry("anything.done", Outcome.ALLOWED), on=on)
    assert isinstance(particulars(told, {"cal_1": "Work"}, "Europe/Paris"), str)
    assert happening(told)


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("Booking", "Booking"),
        ("", ""),
        ("=1+1", "'=1+1"),
        (" =1+1", "' =1+1"),
        ("Bob;=1+1;", "Bob;'=1+1;"),
        ("Bob; @x", "Bob;' @x"),
        ("\uff1d4", "'\uff1d4"),
        ("a-b+c", "a-b+c"),
        ("2026-11-27T17:17:25Z", "2026-11-27T17:17:25Z"),
    ],
)
def test_no_cell_is_worked_out_by_a_spreadsheet(cell: str, plain: str) -> None:
    assert _plain([cell]) == [plain]
