"""Sign-up, sign-in, sessions, reset, leaving: security 4.16 and the issue's section 4."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from calwarden.domain.audit import Actor
from calwarden.domain.errors import Conflict, Gone, Invalid, NotFound, Throttled
from calwarden.domain.ids import AccountId, SessionId
from calwarden.oauth.tokens import hash_token
from calwarden.ports.mail import Mail
from calwarden.usecases import people
from calwarden.usecases.people import (
    DEVICE_LIFE,
    Attempt,
    NewAccount,
    SignInFailed,
    SignUp,
    SignUpForm,
    SignUpMode,
    create_account,
    current_visitor,
    delete_own_account,
    forget_expired,
    invite,
    passwords,
    peek_sign_up,
    remove_account,
    request_reset,
    request_sign_up,
    reset_password,
    sign_in,
    sign_out,
    sign_up_open,
    verify_sign_up,
)
from usecases.auth_world import PASSWORD, World

OPEN, BY_INVITATION = SignUp(), SignUp(SignUpMode.INVITATION)
ROSA = "rosa@example.org"
ROSAS = "the password rosa chose"


@pytest.fixture
def world() -> Iterator[World]:
    world = World(sign_in_attempts=3)
    yield world
    world.store.close()


def form(**changes: Any) -> SignUpForm:
    values = {"email": ROSA, "name": "Rosa", "tzid": "Europe/Lisbon", "password": ROSAS, "remote": "192.0.2.1"}
    return SignUpForm(**{**values, **changes})


def secret_of(mail: Mail | None) -> str:
    assert mail is not None
    found = re.search(r"(?:/verify/|/reset/|invitation=)(\S+)", mail.text)
    assert found is not None, mail.text
    return found.group(1)


def enter(world: World, email: str = "jane@example.org", password: str = PASSWORD, **more: Any) -> people.SignedIn:
    return sign_in(world.kit, Attempt(email, password, "192.0.2.1", **more))


# --- signing up


def test_there_is_no_account_before_the_mailed_link_is_used(world: World) -> None:
    mail = request_sign_up(world.kit, OPEN, form(then={"door": "consent", "id": "x"}))
    assert mail.to == ROSA
    with pytest.raises(SignInFailed):
        enter(world, ROSA, ROSAS)
    signed_in = verify_sign_up(world.kit, secret_of(mail), ROSAS, "192.0.2.1")
    visitor = current_visitor(world.kit, signed_in.cookie)
    assert visitor is not None
    assert (visitor.account.email, visitor.account.tzid, visitor.account.email_verified) == (
        ROSA,
        "Europe/Lisbon",
        True,
    )
    assert signed_in.then == {"door": "consent", "id": "x"}
    assert enter(world, ROSA, ROSAS).account_id == signed_in.account_id


def test_looking_at_the_link_does_not_use_it_and_using_it_does(world: World) -> None:
    secret = secret_of(request_sign_up(world.kit, OPEN, form()))
    assert peek_sign_up(world.kit, secret) == ROSA
    assert peek_sign_up(world.kit, secret) == ROSA
    verify_sign_up(world.kit, secret, ROSAS, "192.0.2.1")
    assert peek_sign_up(world.kit, secret) is None
    with pytest.raises(Gone):
        verify_sign_up(world.kit, secret, ROSAS, "192.0.2.1")


def test_who_reads_the_mail_but_did_not_sign_up_gets_no_account(world: World) -> None:
    secret = secret_of(request_sign_up(world.kit, OPEN, form()))
    for _ in range(3):
        with pytest.raises(SignInFailed):
            verify_sign_up(world.kit, secret, "not the password", "192.0.2.1")
    with pytest.raises(Throttled):
        verify_sign_up(world.kit, secret, ROSAS, "192.0.2.1")


def test_links_expire_and_fit_their_purpose_alone(world: World) -> None:
    secret = secret_of(request_sign_up(world.kit, OPEN, form()))
    with pytest.raises(Gone):
        reset_password(world.kit, secret, "another long password")
    world.clock.advance(world.kit.limits.link_life)
    with pytest.raises(Gone):
        verify_sign_up(world.kit, secret, ROSAS, "192.0.2.1")


def test_an_address_with_an_account_is_told_by_mail_and_never_by_the_page(world: World) -> None:
    mail = request_sign_up(world.kit, OPEN, form(email="JANE@example.org"))
    assert "already" in mail.subject
    assert "/verify/" not in mail.text


def test_two_sign_ups_for_one_address_make_one_account(world: World) -> None:
    one = secret_of(request_sign_up(world.kit, OPEN, form()))
    two = secret_of(request_sign_up(world.kit, OPEN, form(email=ROSA.upper())))
    verify_sign_up(world.kit, one, ROSAS, "192.0.2.1")
    with pytest.raises(Conflict):
        verify_sign_up(world.kit, two, ROSAS, "192.0.2.1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "rosa"),
        ("email", "a@b@c"),
        ("email", "ro sa@example.org"),
        ("email", "rosa%x@example.org"),
        ("email", "rosa,x@example.org"),
        ("email", "rosa@example.org\nBcc: x@example.org"),
        ("email", "r\u00f6sa@example.org"),
        ("name", "  "),
        ("name", "x" * 201),
        ("name", "Ro\x00sa"),
        ("tzid", "Europe/Nowhere"),
        ("tzid", "../etc/passwd"),
        ("password", "short"),
        ("password", "x" * 257),
    ],
)
def test_a_form_with_a_wrong_field_is_refused_by_its_name(world: World, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        request_sign_up(world.kit, OPEN, form(**{field: value}))
    assert list(refused.value.fields) == [field]


def test_nobody_signs_up_where_it_is_closed_and_only_the_invited_by_invitation(world: World) -> None:
    closed = SignUp(SignUpMode.CLOSED)
    assert not sign_up_open(world.kit, closed)
    assert not sign_up_open(world.kit, BY_INVITATION)
    for policy in (closed, BY_INVITATION):
        with pytest.raises(Invalid):
            request_sign_up(world.kit, policy, form(invitation="guessed"))
    invitation = secret_of(invite(world.kit, ROSA))
    assert sign_up_open(world.kit, BY_INVITATION, invitation)
    with pytest.raises(Invalid):
        request_sign_up(world.kit, BY_INVITATION, form(email="other@example.org", invitation=invitation))
    one = secret_of(request_sign_up(world.kit, BY_INVITATION, form(invitation=invitation)))
    two = secret_of(request_sign_up(world.kit, BY_INVITATION, form(invitation=invitation)))
    verify_sign_up(world.kit, one, ROSAS, "192.0.2.1")
    with pytest.raises(Gone):
        verify_sign_up(world.kit, two, ROSAS, "192.0.2.1")


# --- signing in


def test_a_wrong_address_and_a_wrong_password_read_the_same(world: World) -> None:
    said = set()
    for email, password in (("nobody@example.org", PASSWORD), ("jane@example.org", "wrong")):
        with pytest.raises(SignInFailed) as failed:
            enter(world, email, password)
        said.add(str(failed.value))
    assert len(said) == 1


def test_an_unknown_address_costs_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = []
    real = type(passwords._HASHER).verify
    monkeypatch.setattr(
        type(passwords._HASHER),
        "verify",
        lambda self, held, given: parameters.append(held[:30]) or real(self, held, given),
    )
    for email in ("nobody@example.org", "jane@example.org"):
        with pytest.raises(SignInFailed):
            enter(world, email, "wrong")
    assert len(parameters) == 2
    assert parameters[0] == parameters[1]


def test_attempts_at_one_address_are_limited_from_wherever_they_come(world: World) -> None:
    for number in range(3):
        with pytest.raises(SignInFailed):
            sign_in(world.kit, Attempt("Jane@example.org", "wrong", f"192.0.2.{number}"))
    with pytest.raises(Throttled):
        enter(world)
    world.clock.advance(900)
    assert enter(world)


def test_whoever_guesses_elsewhere_keeps_nobody_out_of_a_browser_that_was_in_before(world: World) -> None:
    enter(world, browser="janes")
    for number in range(4):
        with pytest.raises((SignInFailed, Throttled)):
            sign_in(world.kit, Attempt("jane@example.org", "wrong", f"192.0.2.{number}"))
    for other in (None, "another browser", "janes " * 2):
        with pytest.raises(Throttled):
            enter(world, browser=other)
    assert enter(world, browser="janes")


def test_a_known_browser_may_not_guess_for_ever_either(world: World) -> None:
    enter(world, browser="janes")
    for _ in range(6):
        with pytest.raises(SignInFailed):
            enter(world, password="wrong", browser="janes")
    with pytest.raises(Throttled):
        enter(world, browser="janes")


def test_a_browser_is_known_to_whose_account_it_was_in_alone(world: World) -> None:
    create_account(world.kit, NewAccount("rosa@example.org", "Rosa", "Europe/Rome", PASSWORD))
    enter(world, browser="janes")
    for number in range(3):
        with pytest.raises(SignInFailed):
            sign_in(world.kit, Attempt("rosa@example.org", "wrong", f"192.0.2.{number}"))
    with pytest.raises(Throttled):
        enter(world, "rosa@example.org", browser="janes")


def test_a_browser_is_forgotten_after_its_time_and_known_anew(world: World) -> None:
    enter(world, browser="janes")
    world.clock.advance(DEVICE_LIFE)
    for number in range(3):
        with pytest.raises(SignInFailed):
            sign_in(world.kit, Attempt("jane@example.org", "wrong", f"192.0.2.{number}"))
    with pytest.raises(Throttled):
        enter(world, browser="janes")
    world.clock.advance(900)
    assert enter(world, browser="janes")


def test_the_right_password_starts_the_count_again(world: World) -> None:
    for _ in range(4):
        with pytest.raises(SignInFailed):
            enter(world, password="wrong")
        enter(world)


def test_one_remote_address_can_not_try_many_accounts(world: World) -> None:
    for number in range(30):
        with pytest.raises(SignInFailed):
            sign_in(world.kit, Attempt(f"nobody{number}@example.org", "", "192.0.2.9"))
    with pytest.raises(Throttled):
        sign_in(world.kit, Attempt("nobody@example.org", "", "192.0.2.9"))


def test_an_account_without_a_password_lets_nobody_in(world: World) -> None:
    create_account(world.kit, NewAccount(ROSA, "Rosa", "Europe/Lisbon"))
    for password in ("", "None"):
        with pytest.raises(SignInFailed):
            enter(world, ROSA, password)


def test_a_password_composed_otherwise_is_the_same_password(world: World) -> None:
    create_account(world.kit, NewAccount(ROSA, "Rosa", "Europe/Lisbon", "caf\u00e9 au lait"))
    assert enter(world, ROSA, "cafe\u0301 au lait")


def test_a_hash_of_old_parameters_is_renewed_at_sign_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stronger = passwords.PasswordHasher(time_cost=4, memory_cost=65_536, parallelism=4)
    monkeypatch.setattr(passwords, "_HASHER", stronger)
    enter(world)
    with world.store.read() as uow:
        account = uow.accounts.get(world.jane)
    assert account is not None
    assert "t=4" in (account.password_hash or "")
    assert enter(world)


# --- sessions


def test_signing_in_rotates_the_session_of_the_browser(world: World) -> None:
    first = enter(world)
    second = enter(world, previous=first.cookie)
    assert second.cookie != first.cookie
    assert current_visitor(world.kit, first.cookie) is None
    assert current_visitor(world.kit, second.cookie)


def test_a_session_is_dead_after_signing_out_and_after_its_time(world: World) -> None:
    first, second = enter(world), enter(world)
    sign_out(world.kit, first.cookie)
    assert current_visitor(world.kit, first.cookie) is None
    assert current_visitor(world.kit, second.cookie)
    world.clock.advance(world.kit.limits.session_life)
    assert current_visitor(world.kit, second.cookie) is None


@pytest.mark.parametrize("cookie", [None, "", "made up", "\ud800"])
def test_a_made_up_cookie_is_nobody(world: World, cookie: str | None) -> None:
    assert current_visitor(world.kit, cookie) is None


# --- forgetting


def test_a_reset_sets_the_password_once_and_ends_every_session(world: World) -> None:
    session = enter(world)
    secret = secret_of(request_reset(world.kit, " Jane@example.org", "192.0.2.1"))
    older = secret_of(request_reset(world.kit, "jane@example.org", "192.0.2.1"))
    with pytest.raises(Invalid):
        reset_password(world.kit, secret, "short")
    assert reset_password(world.kit, secret, "a new password of jane") == world.jane
    assert current_visitor(world.kit, session.cookie) is None
    for spent in (secret, older):
        with pytest.raises(Gone):
            reset_password(world.kit, spent, "an attacker's password")
    with pytest.raises(SignInFailed):
        enter(world)
    assert enter(world, password="a new password of jane")


def test_a_reset_link_lives_an_hour(world: World) -> None:
    secret = secret_of(request_reset(world.kit, "jane@example.org", "192.0.2.1"))
    world.clock.advance(3_600)
    with pytest.raises(Gone):
        reset_password(world.kit, secret, "a new password of jane")


def test_nobody_learns_by_a_reset_who_has_an_account_and_mails_are_limited(world: World) -> None:
    assert request_reset(world.kit, "nobody@example.org", "192.0.2.1") is None
    for email in ("nobody@example.org", "jane@example.org"):
        for _ in range(4 if email.startswith("nobody") else 5):
            request_reset(world.kit, email, "192.0.2.1")
        with pytest.raises(Throttled):
            request_reset(world.kit, email, "192.0.2.1")


# --- leaving


def test_leaving_asks_for_the_password_and_takes_everything(world: World) -> None:
    session, tokens = enter(world), world.tokens()
    with pytest.raises(SignInFailed):
        delete_own_account(world.kit, world.jane, "wrong", "192.0.2.1")
    delete_own_account(world.kit, world.jane, PASSWORD, "192.0.2.1")
    assert current_visitor(world.kit, session.cookie) is None
    with world.store.read() as uow:
        assert uow.accounts.get(world.jane) is None
        assert uow.grants.of_application(world.app.application_id) == []
        assert uow.audit.verify() == []
    assert tokens
    with pytest.raises(NotFound):
        delete_own_account(world.kit, world.jane, PASSWORD, "192.0.2.1")


def test_the_password_can_not_be_guessed_at_the_door_of_leaving(world: World) -> None:
    for _ in range(3):
        with pytest.raises(SignInFailed):
            delete_own_account(world.kit, world.jane, "wrong", "192.0.2.1")
    with pytest.raises(Throttled):
        delete_own_account(world.kit, world.jane, PASSWORD, "192.0.2.1")


def test_the_operator_makes_and_removes_accounts(world: World) -> None:
    rosa = create_account(world.kit, NewAccount(ROSA, "Rosa", "Europe/Lisbon", "x"))
    with pytest.raises(Conflict):
        create_account(world.kit, NewAccount(ROSA.upper(), "Rosa", "Europe/Lisbon"))
    with pytest.raises(Invalid):
        create_account(world.kit, NewAccount("other@example.org", "Rosa", "Lisbon"))
    remove_account(world.kit, rosa.account_id)
    with pytest.raises(NotFound):
        remove_account(world.kit, AccountId("acc_none"))
    assert world.ledger()[-1].actor is Actor.OPERATOR


def test_secrets_are_not_printed(world: World) -> None:
    text = repr([form(), Attempt("a", PASSWORD, "r"), enter(world), NewAccount("a", "b", "c", PASSWORD)])
    assert PASSWORD not in text
    assert ROSAS not in text
    assert "token-" not in text


def test_what_has_run_out_is_forgotten_and_the_rest_stays(world: World) -> None:
    session, tokens = enter(world), world.tokens()
    world.clock.advance(world.kit.limits.session_life)
    later = enter(world)
    forget_expired(world.kit)
    with world.store.read() as uow:
        assert uow.sessions.get(SessionId(hash_token(session.cookie))) is None
        assert uow.tokens.find(hash_token(tokens.access_token)) is None
        assert uow.tokens.find(hash_token(tokens.refresh_token)) is not None
    assert current_visitor(world.kit, later.cookie)
