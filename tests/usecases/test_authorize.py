"""Codes, tokens, revocation: rulings 13 to 16, security 4 and 5."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.audit import Actor
from calwarden.domain.errors import Gone, Invalid, NotFound, Throttled
from calwarden.domain.grant import ElevationRequest, Grant
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    AuthorizationId,
    CalendarId,
    ElevationRequestId,
    ProfileId,
    SecretId,
)
from calwarden.domain.times import Instant
from calwarden.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest
from calwarden.oauth.pkce import challenge_of
from calwarden.policy.elevation import without_terms
from calwarden.usecases.authorize import (
    approve,
    attach_profile,
    authenticate_client,
    begin,
    decline,
    describe,
    exchange_code,
    issue_grant,
    metadata,
    refresh,
    revoke_grant,
)
from calwarden.usecases.authorize.begin import Begun, Faulty, SentBack
from calwarden.usecases.people import NewAccount, create_account
from usecases.auth_world import ISSUER, LOOPBACK, REDIRECT, SECRET, VERIFIER, World, answer_of


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.close()


def elevate(world: World, *calendars: str) -> Grant:
    with world.store.write() as uow:
        grant = uow.grants.get(world.jane, world.app.application_id)
        assert grant is not None
        grant = replace(grant, elevations=without_terms(map(CalendarId, calendars)))
        uow.grants.save(grant)
    return grant


# --- the authorization response


def test_agreeing_sends_a_code_the_state_and_the_issuer(world: World) -> None:
    location = approve(world.kit, world.begin(state="a b&c"), world.jane).location
    assert location.startswith(REDIRECT + "?")
    answer = answer_of(location)
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("a b&c", ISSUER)
    assert len(answer["code"]) == 32


def test_refusing_says_access_denied_with_state_and_issuer(world: World) -> None:
    location = decline(world.kit, world.begin(state="s"), world.jane).location
    assert answer_of(location) == {"error": "access_denied", "state": "s", "iss": ISSUER}


def test_a_request_is_answered_once(world: World) -> None:
    one = world.begin()
    approve(world.kit, one, world.jane)
    with pytest.raises(Gone):
        approve(world.kit, one, world.jane)
    with pytest.raises(Gone):
        decline(world.kit, one, world.jane)
    two = world.begin()
    decline(world.kit, two, world.jane)
    with pytest.raises(Gone):
        approve(world.kit, two, world.jane)
    with pytest.raises(Gone):
        describe(world.kit, AuthorizationId("never was"), world.jane)


def test_a_request_expires(world: World) -> None:
    one = world.begin()
    world.clock.advance(world.kit.limits.authorization_life)
    with pytest.raises(Gone):
        approve(world.kit, one, world.jane)


def test_a_bad_request_is_sent_back_with_the_issuer_or_shown(world: World) -> None:
    back = begin(world.kit, world.query(scope="everything", state="s"))
    assert isinstance(back, SentBack)
    answer = answer_of(back.location)
    assert (answer["error"], answer["iss"], answer["state"]) == ("invalid_scope", ISSUER, "s")
    assert isinstance(begin(world.kit, world.query(redirect_uri="https://evil.example/cb")), Faulty)


def test_scopes_of_an_organization_can_not_be_asked_of_a_person(world: World) -> None:
    back = begin(world.kit, world.query(scope="read_only service_account/accounts/manage"))
    assert isinstance(back, SentBack)
    assert answer_of(back.location)["error"] == "invalid_scope"


def test_the_page_names_application_account_and_what_was_asked(world: World) -> None:
    consent = describe(world.kit, world.begin(), world.jane)
    assert consent.application.name == "Demo Booking"
    assert consent.account.email == "jane@example.org"
    assert consent.authorization.scopes == ("free_busy_write",)


def test_who_turns_out_to_be_somebody_else_agrees_as_themselves(world: World) -> None:
    rosa = create_account(world.kit, NewAccount("rosa@example.org", "Rosa", "Europe/Lisbon", "x")).account_id
    one = world.begin()
    attach_profile(world.kit, one, world.jane, ProfileId("pro_of_jane"))
    assert describe(world.kit, one, rosa).account.account_id == rosa
    code = answer_of(approve(world.kit, one, rosa).location)["code"]
    answer = exchange_code(world.kit, world.app, code, REDIRECT)
    assert (answer.sub, answer.linking_profile) == (rosa, None)


def test_requests_from_one_place_are_kept_up_to_a_number_since_nobody_has_signed_in_for_them(world: World) -> None:
    most = world.kit.limits.sign_in_attempts * 100
    for _ in range(most):
        assert isinstance(begin(world.kit, world.query(), "192.0.2.1"), Begun)
    with pytest.raises(Throttled):
        begin(world.kit, world.query(), "192.0.2.1")
    assert isinstance(begin(world.kit, world.query(), "192.0.2.2"), Begun)
    world.clock.advance(901)
    assert isinstance(begin(world.kit, world.query(), "192.0.2.1"), Begun)


def test_a_public_application_can_not_begin_without_a_challenge(world: World) -> None:
    back = begin(world.kit, world.query(client_id="native", redirect_uri=LOOPBACK))
    assert isinstance(back, SentBack)
    assert answer_of(back.location)["error"] == "invalid_request"


# --- codes


def test_a_code_gives_tokens_as_the_contract_says(world: World) -> None:
    answer = world.tokens()
    assert answer.token_type == "bearer"
    assert answer.expires_in == 3600
    assert answer.scope == "free_busy_write"
    assert answer.sub == answer.account_id == world.jane
    assert answer.linking_profile is None
    assert len({answer.access_token, answer.refresh_token}) == 2
    assert world.live(answer.access_token)


def test_tokens_are_stored_as_hashes_and_their_answer_is_not_printed(world: World) -> None:
    answer = world.tokens()
    assert answer.access_token not in repr(answer)
    with world.store.read() as uow:
        assert uow.tokens.find(answer.access_token) is None


def test_a_code_lives_sixty_seconds(world: World) -> None:
    code = world.code()
    world.clock.advance(60)
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, code, REDIRECT)


def test_a_code_that_comes_twice_is_refused_and_revokes_what_it_gave(world: World) -> None:
    code = world.code()
    first = exchange_code(world.kit, world.app, code, REDIRECT)
    refreshed = refresh(world.kit, world.app, first.refresh_token)
    other = world.tokens()
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, code, REDIRECT)
    assert world.live(first.access_token) is None
    assert world.live(refreshed.access_token) is None
    assert world.live(other.access_token)
    assert world.ledger()[0].reason == "code_reused"


def test_a_code_works_for_its_application_at_its_address_alone(world: World) -> None:
    code = world.code()
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.public, code, REDIRECT)
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, code, REDIRECT + "/")
    with pytest.raises(InvalidRequest):
        exchange_code(world.kit, world.app, code, "")
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, "unknown", REDIRECT)
    assert exchange_code(world.kit, world.app, code, REDIRECT)


def test_a_challenge_needs_its_verifier_and_a_verifier_its_challenge(world: World) -> None:
    code = world.code(code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")
    for wrong in (None, "", VERIFIER[::-1]):
        with pytest.raises(InvalidGrant):
            exchange_code(world.kit, world.app, code, REDIRECT, wrong)
    assert exchange_code(world.kit, world.app, code, REDIRECT, VERIFIER)
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, world.code(), REDIRECT, VERIFIER)


def test_a_refused_exchange_leaves_the_grant_alone(world: World) -> None:
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, world.code(), "https://elsewhere.example/")
    with world.store.read() as uow:
        assert uow.grants.get(world.jane, world.app.application_id) is None


# --- one grant for the pair


def test_agreeing_again_replaces_the_scopes_and_keeps_grant_and_tokens(world: World) -> None:
    first = world.tokens(scope="read_write")
    held = world.live(first.access_token)
    second = world.tokens(scope="free_busy")
    after = world.live(first.access_token)
    assert held is not None
    assert after is not None
    assert after.grant_id == held.grant_id
    assert after.scopes == ("free_busy",)
    assert refresh(world.kit, world.app, first.refresh_token).scope == "free_busy"
    assert second.refresh_token != first.refresh_token


def test_the_generation_rises_when_the_grant_becomes_narrower_and_only_then(world: World) -> None:
    def generation(scope: str) -> int:
        grant = world.live(world.tokens(scope=scope).access_token)
        assert grant is not None
        return grant.generation

    assert generation("free_busy") == 1
    assert generation("free_busy_write") == 1
    assert generation("read_write") == 1
    assert generation("create_event read_events delete_event") == 1
    assert generation("read_only") == 2
    elevate(world, "cal_1")
    assert generation("read_only") == 3


def test_agreeing_again_clears_elevations_and_requests_for_them(world: World) -> None:
    world.tokens(scope="read_write")
    grant = elevate(world, "cal_1")
    now = world.clock()
    request = ElevationRequest(
        ElevationRequestId("r"), world.jane, world.app.application_id, grant.grant_id, grant.generation,
        (CalendarId("cal_1"),), REDIRECT, now, Instant(now + 60),
    )  # fmt: skip
    with world.store.write() as uow:
        uow.elevation_requests.add(request)
    after = world.live(world.tokens(scope="read_write").access_token)
    assert after is not None
    assert after.elevated == frozenset()
    with world.store.read() as uow:
        assert uow.elevation_requests.get(request.request_id) is None


def test_every_change_of_a_grant_stands_in_the_ledger(world: World) -> None:
    world.tokens()
    world.tokens(scope="free_busy")
    revoke_grant(world.kit, world.jane, world.app.application_id, Actor.ACCOUNT)
    decline(world.kit, world.begin(), world.jane)
    words = [entry.what for entry in reversed(world.ledger())]
    assert words == [
        "account.created", "consent.answered", "grant.issued", "consent.answered", "grant.replaced", "grant.revoked",
        "consent.answered",
    ]  # fmt: skip


# --- applications


def test_an_application_proves_itself_by_any_of_its_secrets(world: World) -> None:
    with world.store.write() as uow:
        uow.applications.add_secret(world.app.application_id, SecretId("two"), "another-secret", world.clock())
    for secret in (SECRET, "another-secret"):
        assert authenticate_client(world.kit, "demo", secret) == world.app


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("demo", "wrong"),
        ("demo", None),
        ("demo", ""),
        ("other", SECRET),
        ("native", SECRET),
        ("", SECRET),
        ("\0", "\0"),
    ],
)
def test_anything_else_is_an_invalid_client(world: World, client_id: str, secret: str | None) -> None:
    with pytest.raises(InvalidClient):
        authenticate_client(world.kit, client_id, secret)


def test_a_public_application_has_no_secret(world: World) -> None:
    assert authenticate_client(world.kit, "native", None) == world.public


def test_too_many_failures_are_throttled_and_never_lock_the_right_secret_out(world: World) -> None:
    for _ in range(world.kit.limits.client_failures):
        with pytest.raises(InvalidClient):
            authenticate_client(world.kit, "demo", "wrong")
    with pytest.raises(Throttled):
        authenticate_client(world.kit, "demo", "wrong")
    assert authenticate_client(world.kit, "demo", SECRET)
    with pytest.raises(InvalidClient):
        authenticate_client(world.kit, "native", "wrong")
    world.clock.advance(60)
    with pytest.raises(InvalidClient):
        authenticate_client(world.kit, "demo", "wrong")


# --- the operator


def test_an_operators_grant_stands_in_the_ledger_as_the_operators(world: World) -> None:
    answer = issue_grant(world.kit, world.app.application_id, world.jane, ("read_only", "create_event"))
    assert answer.scope == "read_only create_event"
    assert world.live(answer.access_token)
    assert (world.ledger()[0].what, world.ledger()[0].actor) == ("grant.issued", Actor.OPERATOR)


def test_an_operator_can_not_grant_what_no_person_could(world: World) -> None:
    with pytest.raises(Invalid):
        issue_grant(world.kit, world.app.application_id, world.jane, ("service_account/accounts/manage",))
    with pytest.raises(NotFound):
        issue_grant(world.kit, ApplicationId("none"), world.jane, ("read_only",))
    with pytest.raises(NotFound):
        issue_grant(world.kit, world.app.application_id, AccountId("acc_none"), ("read_only",))


def test_metadata_lists_what_a_person_can_grant() -> None:
    scopes = metadata(ISSUER)["scopes_supported"]
    assert isinstance(scopes, list)
    assert "free_busy_write" in scopes
    assert not any(name.startswith("service_account") for name in scopes)
