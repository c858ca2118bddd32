"""Authorizations, Grants, Tokens, requests for Elevation, listings."""

from dataclasses import replace
from typing import Any

import pytest

from calwarden.domain.errors import Conflict, NotFound
from calwarden.domain.grant import (
    Authorization,
    AuthorizationState,
    Connection,
    ElevationRequest,
    GrantState,
    TokenKind,
)
from calwarden.domain.ids import AuthorizationId, ElevationRequestId, EventKey, GrantId, ProfileId
from calwarden.domain.times import Instant
from calwarden.policy.elevation import without_terms
from calwarden.ports.store import Listing
from calwarden.store import SqlStore
from contract.store_world import APP, GRANT, HOME, JANE, MARCEL, NOW, OTHER, WORK, at_once, grant, hold, token

LATER = Instant(NOW + 100)


def authorization(**changes: Any) -> Authorization:
    values: dict[str, Any] = {
        "authorization_id": AuthorizationId("aut"),
        "application_id": APP,
        "redirect_uri": "https://a.example/cb",
        "scopes": ("read_events", "free_busy"),
        "created": NOW,
        "expires": LATER,
        "state_param": "st\u00e4te %20&",
    }
    return Authorization(**{**values, **changes})


def approved(**changes: Any) -> Authorization:
    values = {"status": AuthorizationState.APPROVED, "code_hash": "code", "account_id": JANE, "code_challenge": "ch"}
    return authorization(**{**values, **changes})


def test_an_authorization_comes_back_as_it_was_stored(store: SqlStore) -> None:
    whole = approved(profile_id=ProfileId("pro_1"), grant_id=GRANT)
    with store.write() as uow:
        uow.authorizations.add(authorization())
        assert uow.authorizations.get(AuthorizationId("aut")) == authorization()
        uow.authorizations.save(whole)
        assert uow.authorizations.get(AuthorizationId("aut")) == whole
        assert uow.authorizations.by_code("code") == whole
        assert uow.authorizations.by_code("other") is None
        with pytest.raises(Conflict):
            uow.authorizations.add(authorization())


def test_a_code_is_redeemed_once(store: SqlStore) -> None:
    with store.write() as uow:
        uow.authorizations.add(approved())
        redeemed = uow.authorizations.redeem("code", NOW)
        assert redeemed == approved(status=AuthorizationState.EXCHANGED)
        assert uow.authorizations.redeem("code", NOW) is None
        assert uow.authorizations.by_code("code") == redeemed


@pytest.mark.parametrize(
    "held",
    [authorization(code_hash="code"), approved(status=AuthorizationState.DECLINED), approved(expires=NOW)],
    ids=["pending", "declined", "expired"],
)
def test_what_is_not_approved_or_is_late_is_not_redeemed(store: SqlStore, held: Authorization) -> None:
    with store.write() as uow:
        uow.authorizations.add(held)
        assert uow.authorizations.redeem("code", NOW) is None
        assert uow.authorizations.by_code("code") == held


def test_of_many_who_redeem_a_code_at_once_one_succeeds(store: SqlStore) -> None:
    with store.write() as uow:
        uow.authorizations.add(approved())

    def redeem(_: int) -> Authorization | None:
        with store.write() as uow:
            return uow.authorizations.redeem("code", NOW)

    assert len([answer for answer in at_once(8, redeem) if answer is not None]) == 1


def test_codes_of_one_account_and_application_are_withdrawn_and_no_others(store: SqlStore) -> None:
    with store.write() as uow:
        uow.authorizations.add(approved())
        for name, changes in {
            "other application": {"application_id": OTHER},
            "other account": {"account_id": MARCEL},
            "exchanged": {"status": AuthorizationState.EXCHANGED},
        }.items():
            uow.authorizations.add(approved(authorization_id=AuthorizationId(name), code_hash=name, **changes))
        uow.authorizations.withdraw_codes(JANE, APP)
    with store.write() as uow:
        assert uow.authorizations.redeem("code", NOW) is None
        held = uow.authorizations.by_code("code")
        assert held is not None
        assert held.status is AuthorizationState.DECLINED
        exchanged = uow.authorizations.by_code("exchanged")
        assert exchanged is not None
        assert exchanged.status is AuthorizationState.EXCHANGED
        assert uow.authorizations.redeem("other application", NOW)
        assert uow.authorizations.redeem("other account", NOW)


def test_authorizations_are_forgotten_a_day_after_they_expired(store: SqlStore) -> None:
    with store.write() as uow:
        uow.authorizations.add(approved())
        uow.authorizations.purge(Instant(LATER + 86_399))
        assert uow.authorizations.by_code("code") is not None
        uow.authorizations.purge(Instant(LATER + 86_400))
        assert uow.authorizations.by_code("code") is None


def test_an_authorization_that_nobody_answered_is_forgotten_once_it_has_expired(store: SqlStore) -> None:
    with store.write() as uow:
        uow.authorizations.add(authorization())
        uow.authorizations.purge(Instant(LATER - 1))
        assert uow.authorizations.get(AuthorizationId("aut")) is not None
        uow.authorizations.purge(LATER)
        assert uow.authorizations.get(AuthorizationId("aut")) is None


def test_a_grant_comes_back_as_it_was_stored(store: SqlStore) -> None:
    whole = grant(
        connection=Connection.MANAGED,
        elevations=without_terms({WORK, HOME}),
        calendars=frozenset({WORK}),
        hidden_profiles=frozenset({ProfileId("pro_2")}),
        ends=LATER,
        generation=3,
    )
    with store.write() as uow:
        uow.grants.add(whole)
        assert uow.grants.get(JANE, APP) == whole
        assert uow.grants.by_id(JANE, GRANT) == whole
        narrowed = replace(whole, calendars=frozenset(), elevations=frozenset(), ends=None)
        uow.grants.save(narrowed)
        assert uow.grants.get(JANE, APP) == narrowed


def test_there_is_one_live_grant_of_a_pair(store: SqlStore) -> None:
    revoked = grant(state=GrantState.REVOKED)
    with store.write() as uow:
        uow.grants.add(grant())
        with pytest.raises(Conflict):
            uow.grants.add(grant(grant_id=GrantId("second")))
        uow.grants.save(revoked)
        assert uow.grants.get(JANE, APP) is None
        uow.grants.add(grant(grant_id=GrantId("second")))
        assert uow.grants.get(JANE, APP) == grant(grant_id=GrantId("second"))
        assert uow.grants.by_id(JANE, GRANT) == revoked
        assert [one.grant_id for one in uow.grants.of_account(JANE)] == [GRANT, "second"]
        assert [one.grant_id for one in uow.grants.list()] == ["second"]


def test_grants_are_found_by_account_and_application_never_by_id_alone(store: SqlStore) -> None:
    with store.write() as uow:
        uow.grants.add(grant())
        uow.grants.add(grant(MARCEL, created=LATER))
        uow.grants.add(grant(application_id=OTHER, grant_id=GrantId("g2")))
        assert uow.grants.by_id(MARCEL, GRANT) == grant(MARCEL, created=LATER)
        assert uow.grants.by_id(MARCEL, GrantId("g2")) is None
        assert uow.grants.get(MARCEL, OTHER) is None
        assert [one.account_id for one in uow.grants.of_application(APP)] == [JANE, MARCEL]
        with pytest.raises(NotFound):
            uow.grants.save(grant(MARCEL, grant_id=GrantId("g2")))


def test_a_token_is_found_with_its_grant(store: SqlStore) -> None:
    refresh = token("r", kind=TokenKind.REFRESH, expires=None)
    with store.write() as uow:
        uow.grants.add(grant(elevations=without_terms({WORK})))
        uow.tokens.add(token())
        uow.tokens.add(refresh)
        with pytest.raises(Conflict):
            uow.tokens.add(token())
    for block in (store.read, store.write):
        with block() as uow:
            assert uow.tokens.find("hash") == (token(), grant(elevations=without_terms({WORK})))
            assert uow.tokens.find("r") == (refresh, grant(elevations=without_terms({WORK})))
            assert uow.tokens.find("HASH") is None


def test_a_token_of_a_revoked_grant_is_found_with_the_revoked_grant(store: SqlStore) -> None:
    with store.write() as uow:
        uow.grants.add(grant())
        uow.tokens.add(token())
        uow.grants.save(grant(state=GrantState.REVOKED))
    with store.read() as uow:
        assert uow.tokens.find("hash") == (token(), grant(state=GrantState.REVOKED))


def test_of_many_who_spend_a_refresh_token_at_once_one_succeeds(store: SqlStore) -> None:
    with store.write() as uow:
        uow.grants.add(grant())
        uow.tokens.add(token("r", kind=TokenKind.REFRESH))

    def spend(_: int) -> bool:
        with store.write() as uow:
            return uow.tokens.spend("r")

    assert sum(at_once(8, spend)) == 1
    with store.read() as uow:
        found = uow.tokens.find("r")
        assert found is not None
        assert found[0].spent


def test_tokens_go_by_grant_by_family_and_by_time(store: SqlStore) -> None:
    with store.write() as uow:
        uow.grants.add(grant())
        uow.grants.add(grant(MARCEL))
        uow.tokens.add(token("jane"))
        uow.tokens.add(token("marcel", account_id=MARCEL))
        uow.tokens.delete_of_grant(JANE, GRANT)
        assert (uow.tokens.find("jane"), uow.tokens.find("marcel") is None) == (None, False)
        uow.tokens.add(token("old", family="f", expires=LATER))
        uow.tokens.add(token("new", family="f", expires=None))
        uow.tokens.purge(Instant(LATER - 1))
        assert uow.tokens.find("old") is not None
        uow.tokens.purge(LATER)
        assert uow.tokens.find("old") is None
        assert uow.tokens.find("new") is not None
        uow.tokens.delete_family("f")
        assert uow.tokens.find("new") is None


def test_a_request_for_elevation_is_answered_once(store: SqlStore) -> None:
    request = ElevationRequest(
        ElevationRequestId("req"), JANE, APP, GRANT, 2, (WORK, HOME), "https://a.example/cb", NOW, LATER
    )
    with store.write() as uow:
        uow.elevation_requests.add(request)
        assert uow.elevation_requests.get(request.request_id) == request

    def answer(_: int) -> bool:
        with store.write() as uow:
            return uow.elevation_requests.answer(request.request_id)

    assert sum(at_once(8, answer)) == 1
    with store.write() as uow:
        assert uow.elevation_requests.get(request.request_id) == replace(request, answered=True)
        assert not uow.elevation_requests.answer(ElevationRequestId("other"))
        uow.elevation_requests.delete_of_grant(MARCEL, GRANT)
        assert uow.elevation_requests.get(request.request_id) is not None
        uow.elevation_requests.delete_of_grant(JANE, GRANT)
        assert uow.elevation_requests.get(request.request_id) is None


def test_requests_for_elevation_are_forgotten_once_expired(store: SqlStore) -> None:
    request = ElevationRequest(ElevationRequestId("req"), JANE, APP, GRANT, 2, (WORK,), "https://a/", NOW, LATER)
    with store.write() as uow:
        uow.elevation_requests.add(request)
        uow.elevation_requests.purge(Instant(LATER - 1))
        assert uow.elevation_requests.get(request.request_id) == request
        uow.elevation_requests.purge(LATER)
        assert uow.elevation_requests.get(request.request_id) is None


def page(name: str, **changes: Any) -> Listing:
    values: dict[str, Any] = {
        "account_id": JANE,
        "application_id": APP,
        "grant_id": GRANT,
        "kind": "events",
        "current": 2,
        "total": 3,
        "keys": (EventKey("a"), EventKey("b")),
        "next_page": "next-page-id",
        "view": '{"tzid":"Europe/Paris"}',
        "expires": LATER,
    }
    return Listing(name, **{**values, **changes})


def test_a_listing_is_found_by_its_hash_until_it_expires(store: SqlStore) -> None:
    hold(store)
    last = page("p3", next_page=None, current=3)
    with store.write() as uow:
        uow.listings.add([page("p2"), last])
        assert uow.listings.get("p2", NOW) == page("p2")
        assert uow.listings.get("p3", Instant(LATER - 1)) == last
        assert uow.listings.get("p3", LATER) is None
        assert uow.listings.get("p4", NOW) is None
        uow.listings.purge(LATER)
        assert uow.listings.get("p2", NOW) is None


def test_listings_go_with_their_grant(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    with store.write() as uow:
        uow.listings.add([page("p2"), page("p3", account_id=MARCEL)])
        uow.listings.delete_of_grant(JANE, GRANT)
        assert uow.listings.get("p2", NOW) is None
        assert uow.listings.get("p3", NOW) is not None
