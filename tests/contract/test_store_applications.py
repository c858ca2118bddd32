"""Applications, their owners and what they were refused, on every store."""

from calwarden.domain.application import Imprint, RefusalCount
from calwarden.domain.grant import GrantState
from calwarden.domain.ids import GrantId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.store import SqlStore
from contract.store_world import APP, JANE, MARCEL, NOW, OTHER, account, application, grant

HOUR = 3_600


def test_who_is_behind_an_application_comes_back_as_it_was_stored(store: SqlStore) -> None:
    stated = application(imprint=Imprint("Demo Ltd", "https://demo.example", "help@demo.example"))
    with store.write() as uow:
        uow.applications.add(stated)
        assert uow.applications.get(APP) == stated
        uow.applications.save(application())
        assert uow.applications.get(APP) == application()


def test_an_owner_has_her_own_alone(store: SqlStore) -> None:
    with store.write() as uow:
        uow.accounts.add(account())
        uow.applications.add(application(owner=JANE))
        uow.applications.add(application(OTHER))
        assert [one.application_id for one in uow.applications.of_owner(JANE)] == [APP]
        assert uow.applications.of_owner(MARCEL) == []


def test_live_grants_are_counted_whoevers_they_are(store: SqlStore) -> None:
    with store.write() as uow:
        uow.applications.add(application())
        for one in (JANE, MARCEL):
            uow.accounts.add(account(one))
            uow.grants.add(grant(one))
        uow.grants.add(grant(JANE, grant_id=GrantId("ended"), state=GrantState.REVOKED))
        uow.grants.add(grant(JANE, grant_id=GrantId("other"), application_id=OTHER))
    with store.read() as uow:
        assert uow.grants.number(APP) == 2
        assert uow.grants.number(OTHER) == 1


def test_refusals_add_up_by_action_and_reason_the_latest_first(store: SqlStore) -> None:
    with store.write() as uow:
        uow.applications.add(application())
        uow.applications.add(application(OTHER))
        uow.applications.count_refusal(APP, "events.read", "scope_missing", Instant(NOW + 10), times=3)
        uow.applications.count_refusal(APP, "events.read", "scope_missing", NOW)
        uow.applications.count_refusal(APP, "event.edit", "not_found", Instant(NOW + 20))
        uow.applications.count_refusal(APP, "events.read", "scope_missing", Instant(NOW - HOUR))
        uow.applications.count_refusal(OTHER, "event.edit", "not_found", NOW)
    with store.read() as uow:
        assert uow.applications.refusals(APP, Instant(NOW - DAY_SECONDS)) == [
            RefusalCount("event.edit", "not_found", 1, Instant(NOW + 20)),
            RefusalCount("events.read", "scope_missing", 5, Instant(NOW + 10)),
        ]
        assert uow.applications.refusals(APP, NOW)[1].times == 4
    with store.write() as uow:
        uow.applications.forget_refusals(Instant(NOW - NOW % HOUR))
        assert uow.applications.refusals(APP, Instant(0))[1].times == 4


def test_an_application_takes_what_it_was_refused_along_and_leaves_room_for_none(store: SqlStore) -> None:
    with store.write() as uow:
        uow.applications.add(application())
        uow.applications.count_refusal(APP, "events.read", "scope_missing", NOW)
        uow.applications.delete(APP)
        uow.applications.count_refusal(APP, "events.read", "scope_missing", NOW)
        assert uow.applications.refusals(APP, Instant(0)) == []
