"""Applications in the hands of their owners: theirs to change, of nobody else's business, and written down."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from calwarden.domain.application import Application, Imprint
from calwarden.domain.audit import Actor
from calwarden.domain.errors import Conflict, Gone, Invalid, NotFound
from calwarden.domain.ids import AccountId, ApplicationId, SecretId
from calwarden.domain.times import DAY_SECONDS
from calwarden.oauth.errors import InvalidClient, InvalidGrant, explain_error
from calwarden.policy.decide import lifting
from calwarden.policy.decision import Action, Reason
from calwarden.policy.explain import explain
from calwarden.usecases.authorize import authenticate_client, begin, describe, exchange_code, telling_owner
from calwarden.usecases.develop import (
    Changes,
    NewApplication,
    Registered,
    add_secret,
    change_application,
    create_application,
    delete_application,
    forget_refusals,
    give_application,
    look_at,
    own_applications,
    rotate_secret,
    withdraw_secret,
)
from calwarden.usecases.people import NewAccount, create_account, remove_account
from calwarden.usecases.tally import GatheringTally
from usecases.auth_world import REDIRECT, SECRET, World

BOOKING = NewApplication("Booking", ("https://booking.example/cb",))


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.close()


def rosa(world: World) -> AccountId:
    return create_account(world.kit, NewAccount("rosa@example.org", "Rosa", "Europe/Rome")).account_id


def janes(world: World) -> Registered:
    return create_application(world.kit, BOOKING, world.jane)


def entered(world: World) -> list[tuple[str, str, str | None]]:
    """What her ledger says of applications of hers, oldest first."""
    return [
        (one.what, one.on["application"], one.actor.value)
        for one in reversed(world.ledger())
        if one.what.startswith("application.")
    ]


def refused(world: World, application_id: str = "demo") -> list[tuple[str, str, int]]:
    found = look_at(world.kit, ApplicationId(application_id)).refusals
    return [(one.count.action, one.count.reason, one.count.times) for one in found]


def changed(application: Application, **what: object) -> Changes:
    stated = Changes(application.name, application.redirect_uris, application.imprint, application.merge_busy)
    return replace(stated, **what)  # type: ignore[arg-type]  # each test names fields of Changes


def test_an_owner_has_what_she_registers_with_a_secret_that_works(world: World) -> None:
    made = janes(world)
    assert made.application.owner == world.jane
    assert made.secret is not None
    assert authenticate_client(world.kit, made.application.application_id, made.secret) == made.application
    assert [one.application for one in own_applications(world.kit, world.jane)] == [made.application]
    assert entered(world) == [("application.registered", "Booking", "account")]


def test_a_public_application_has_no_secret_and_gets_none(world: World) -> None:
    made = create_application(world.kit, replace(BOOKING, public=True), world.jane)
    assert made.secret is None
    with pytest.raises(Invalid):
        add_secret(world.kit, made.application.application_id, world.jane)
    with pytest.raises(Invalid):
        rotate_secret(world.kit, made.application.application_id)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(BOOKING, name="  "), "name"),
        (replace(BOOKING, name="x" * 101), "name"),
        (replace(BOOKING, name="Boo\u202eking"), "name"),
        *((replace(BOOKING, name=unseen), "name") for unseen in ("\u3164", "\u2800", "a\u115f\u1160", "\ufe0f")),
        *(
            (replace(BOOKING, redirect_uris=(f"https://a{odd}b/",)), "redirect_uri")
            for odd in (";frame-ancestors", ",", '"', "'", "!")
        ),
        (replace(BOOKING, redirect_uris=()), "redirect_uri"),
        (replace(BOOKING, redirect_uris=("https://a.example/*", "javascript:alert(1)")), "redirect_uri"),
        (replace(BOOKING, redirect_uris=tuple(f"https://a.example/{n}" for n in range(21))), "redirect_uri"),
        (replace(BOOKING, imprint=Imprint(company="x" * 101)), "company"),
        (replace(BOOKING, imprint=Imprint(website="http://booking.example")), "website"),
        (replace(BOOKING, imprint=Imprint(website="javascript:alert(1)")), "website"),
        (replace(BOOKING, imprint=Imprint(email="nobody")), "email"),
    ],
)
def test_what_is_stated_wrongly_is_named_and_nothing_is_registered(
    world: World, wrong: NewApplication, field: str
) -> None:
    with pytest.raises(Invalid) as error:
        create_application(world.kit, wrong, world.jane)
    assert list(error.value.fields) == [field]
    assert own_applications(world.kit, world.jane) == []
    made = janes(world).application
    changes = Changes(wrong.name, wrong.redirect_uris, wrong.imprint, merge_busy=False)
    with pytest.raises(Invalid) as error:
        change_application(world.kit, made.application_id, changes, world.jane)
    assert list(error.value.fields) == [field]
    assert look_at(world.kit, made.application_id).known.application == made


def test_two_secrets_work_side_by_side_until_one_is_withdrawn(world: World) -> None:
    made = janes(world)
    ours, first = made.application.application_id, made.secret
    second = add_secret(world.kit, ours, world.jane).secret
    held = look_at(world.kit, ours, world.jane).known.secrets
    assert len(held) == 2
    for secret in (first, second):
        assert authenticate_client(world.kit, ours, secret).application_id == ours
    withdraw_secret(world.kit, ours, held[0].secret_id, world.jane)
    with pytest.raises(InvalidClient):
        authenticate_client(world.kit, ours, first)
    assert authenticate_client(world.kit, ours, second).application_id == ours
    with pytest.raises(Invalid):
        withdraw_secret(world.kit, ours, held[1].secret_id, world.jane)
    with pytest.raises(NotFound):
        withdraw_secret(world.kit, ours, held[0].secret_id, world.jane)
    assert [what for what, _, _ in entered(world)][1:] == ["application.secret_added", "application.secret_withdrawn"]


def test_there_are_only_so_many_secrets_and_applications(world: World) -> None:
    ours = janes(world).application.application_id
    for _ in range(world.kit.limits.secrets_per_application - 1):
        add_secret(world.kit, ours, world.jane)
    with pytest.raises(Invalid):
        add_secret(world.kit, ours, world.jane)
    for _ in range(world.kit.limits.applications_per_account - 1):
        janes(world)
    with pytest.raises(Invalid):
        janes(world)
    create_application(world.kit, replace(BOOKING, owner=world.jane))  # the operator knows what he does


def test_the_same_request_twice_makes_one(world: World) -> None:
    chosen = replace(BOOKING, application_id=ApplicationId("chosen"))
    create_application(world.kit, chosen, world.jane)
    with pytest.raises(Conflict):
        create_application(world.kit, chosen, world.jane)
    add_secret(world.kit, ApplicationId("chosen"), world.jane, SecretId("s"))
    with pytest.raises(Conflict):
        add_secret(world.kit, ApplicationId("chosen"), world.jane, SecretId("s"))
    assert len(look_at(world.kit, ApplicationId("chosen")).known.secrets) == 2


def test_somebody_elses_is_as_if_it_never_was(world: World) -> None:
    other, ours = rosa(world), janes(world).application
    secret_id = look_at(world.kit, ours.application_id).known.secrets[0].secret_id
    attempts: list[Callable[[ApplicationId], object]] = [
        lambda one: look_at(world.kit, one, other),
        lambda one: add_secret(world.kit, one, other),
        lambda one: withdraw_secret(world.kit, one, secret_id, other),
        lambda one: change_application(world.kit, one, changed(ours, name="Mine"), other),
        lambda one: delete_application(world.kit, one, other),
    ]
    for attempt in attempts:
        said = []
        for named in (ours.application_id, ApplicationId("never")):
            with pytest.raises(NotFound) as error:
                attempt(named)
            said.append(str(error.value).replace(named, "ID"))
        assert said[0] == said[1]
    assert look_at(world.kit, ours.application_id).known.application == ours
    assert own_applications(world.kit, other) == []


def test_an_application_of_nobody_is_the_operators_alone(world: World) -> None:
    with pytest.raises(NotFound):
        look_at(world.kit, world.app.application_id, world.jane)
    assert look_at(world.kit, world.app.application_id).known.application == world.app


def test_changes_are_stored_and_written_down_once(world: World) -> None:
    ours = janes(world).application
    imprint = Imprint("Booking Ltd", "https://booking.example", "help@booking.example")
    changes = Changes(" Booking  2 ", ("https://booking.example/b",), imprint, merge_busy=True)
    for _ in range(2):
        change_application(world.kit, ours.application_id, changes, world.jane)
    now = look_at(world.kit, ours.application_id).known.application
    assert (now.name, now.redirect_uris, now.imprint, now.merge_busy) == (
        "Booking 2", ("https://booking.example/b",), imprint, True,
    )  # fmt: skip
    assert entered(world)[1:] == [("application.changed", "Booking 2", "account")]


def test_nothing_is_answered_to_an_address_that_was_taken_out(world: World) -> None:
    open_request, code = world.begin(), world.code()
    describe(world.kit, open_request, world.jane)
    change_application(world.kit, world.app.application_id, changed(world.app, redirect_uris=("https://new.example/",)))
    with pytest.raises(Gone):
        describe(world.kit, open_request, world.jane)
    now = look_at(world.kit, world.app.application_id).known.application
    with pytest.raises(InvalidGrant, match="no more"):
        exchange_code(world.kit, now, code, REDIRECT)


def test_the_end_takes_every_grant_and_says_so_to_whom_it_was(world: World) -> None:
    answer = world.tokens()
    give_application(world.kit, world.app.application_id, rosa(world))
    owner = look_at(world.kit, world.app.application_id).known.application.owner
    assert delete_application(world.kit, world.app.application_id, owner) == 1
    assert world.live(answer.access_token) is None
    assert world.ledger()[0].what == "grant.revoked"
    assert world.ledger()[0].actor is Actor.APPLICATION
    with pytest.raises(NotFound):
        look_at(world.kit, world.app.application_id)


def test_who_looks_after_it_changes_by_the_operator_alone_and_both_are_told(world: World) -> None:
    ours, other = janes(world).application.application_id, rosa(world)
    give_application(world.kit, ours, other)
    assert own_applications(world.kit, world.jane) == []
    assert [one.application.application_id for one in own_applications(world.kit, other)] == [ours]
    assert entered(world)[-1] == ("application.taken", "Booking", "operator")
    with pytest.raises(NotFound):
        give_application(world.kit, ours, AccountId("nobody"))


def test_what_its_owner_leaves_behind_goes_on_and_is_nobodys(world: World) -> None:
    made = janes(world)
    remove_account(world.kit, world.jane)
    assert made.secret is not None
    assert authenticate_client(world.kit, made.application.application_id, made.secret).owner is None


def test_connected_accounts_are_a_number(world: World) -> None:
    assert look_at(world.kit, world.app.application_id).known.grants == 0
    world.tokens()
    world.tokens()
    assert look_at(world.kit, world.app.application_id).known.grants == 1


def test_refused_requests_for_access_and_tokens_are_counted_for_the_owner(world: World) -> None:
    begin(world.kit, world.query(redirect_uri="https://elsewhere.example/"))
    world.clock.advance(5)
    for _ in range(2):
        begin(world.kit, world.query(scope="everything"))
    begin(world.kit, world.query(client_id="nobody"))
    world.clock.advance(5)
    for name, secret in (("demo", "wrong"), ("nobody", SECRET)):
        with pytest.raises(InvalidClient):
            authenticate_client(world.kit, name, secret)
    world.clock.advance(5)
    with pytest.raises(InvalidGrant), telling_owner(world.kit, world.app):
        exchange_code(world.kit, world.app, "no such code", REDIRECT)
    assert refused(world) == [
        ("token", "invalid_grant", 1),
        ("token", "invalid_client", 1),
        ("authorize", "invalid_scope", 2),
        ("authorize", "redirect_uri_mismatch", 1),
    ]
    assert refused(world, "native") == []


def test_a_refusal_is_told_with_why_and_what_to_do_for_thirty_days(world: World) -> None:
    begin(world.kit, world.query(redirect_uri="https://elsewhere.example/"))
    told = look_at(world.kit, world.app.application_id).refusals[0]
    assert (told.sentence, told.remedy) == explain_error("redirect_uri_mismatch")
    world.kit.tally.refuse(world.store, world.app.application_id, "events.read", "scope_missing", world.clock())
    told = look_at(world.kit, world.app.application_id).refusals[-1]
    sentence, remedy = explain(Reason.SCOPE_MISSING)
    assert (told.sentence, told.remedy) == (sentence, f"{remedy}: {' or '.join(lifting(Action.READ_EVENTS))}")
    assert told.remedy.endswith(": read_events")
    world.clock.advance(30 * DAY_SECONDS)
    forget_refusals(world.kit)
    assert len(refused(world)) == 2
    world.clock.advance(3_600)
    assert refused(world) == []
    forget_refusals(world.kit)
    world.clock.advance(-3_600)
    assert refused(world) == []


def test_what_another_version_refused_is_shown_all_the_same(world: World) -> None:
    for action, reason in (("events.read", "some_new_reason"), ("events.juggle", "scope_missing")):
        world.kit.tally.refuse(world.store, world.app.application_id, action, reason, world.clock())
    assert refused(world) == [("events.juggle", "scope_missing", 1), ("events.read", "some_new_reason", 1)]


def test_gathered_refusals_are_stored_by_the_next_flush(world: World) -> None:
    tally = GatheringTally()
    world.kit = replace(world.kit, tally=tally)
    for _ in range(3):
        begin(world.kit, world.query(scope="everything"))
    tally.refuse(world.store, ApplicationId("gone"), "authorize", "invalid_scope", world.clock())
    assert refused(world) == []
    tally.flush(world.store)
    tally.flush(world.store)
    assert refused(world) == [("authorize", "invalid_scope", 3)]
