"""Signing up: nothing is an Account before the address is proven.

The mailed link holds the whole request. So an address can not be taken by somebody who does not read its mail, and the
page says the same to an address that has an account already and to one that has none.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from calwarden.domain.errors import Invalid, Problem
from calwarden.ports.mail import Mail
from calwarden.timetable.zones import is_zone
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.addresses import acceptable_address, acceptable_name
from calwarden.usecases.people.links import Purpose, make_link, peek_link
from calwarden.usecases.people.passwords import acceptable, hash_password
from calwarden.usecases.people.throttle import count_mail


class SignUpMode(StrEnum):
    OPEN = "open"
    INVITATION = "invitation"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SignUp:
    """The operator's setting."""

    mode: SignUpMode = SignUpMode.OPEN


@dataclass(frozen=True, slots=True)
class SignUpForm:
    """As typed. ``then`` says where the person was going (``links.Door`` and its id)."""

    email: str
    name: str
    tzid: str
    password: str = field(repr=False)
    remote: str
    invitation: str = field(default="", repr=False)
    then: dict[str, str] = field(default_factory=dict)


class SignUpClosed(Invalid):
    """Nobody, or nobody without a valid invitation, can sign up here."""

    code = "sign_up_closed"


def sign_up_open(kit: Kit, policy: SignUp, invitation: str = "") -> bool:
    """Whether the form is worth showing."""
    if policy.mode is not SignUpMode.INVITATION:
        return policy.mode is SignUpMode.OPEN
    with kit.store.read() as uow:
        return peek_link(kit, uow, Purpose.INVITATION, invitation) is not None


def request_sign_up(kit: Kit, policy: SignUp, form: SignUpForm) -> Mail:
    """The mail to send. Raises Invalid (SignUpClosed among them) with every field that is wrong, and Throttled.

    Runs argon2id: off the event loop.
    """
    email, name = _checked(form)
    _admit(kit, policy, form, email)
    count_mail(kit, email, form.remote)
    values = {
        **{f"then_{key}": value for key, value in form.then.items()},
        "email": email,
        "name": name,
        "tzid": form.tzid,
        "password_hash": hash_password(form.password, kit.random.token()),
        "invitation": form.invitation,
    }
    with kit.store.write() as uow:
        secret = make_link(kit, uow, Purpose.SIGN_UP, values, kit.limits.link_life)
        taken = uow.accounts.by_email(email) is not None
    return _already(kit, email) if taken else _confirm(kit, email, secret)


def _checked(form: SignUpForm) -> tuple[str, str]:
    problems: dict[str, tuple[Problem, ...]] = {}
    found = {"email": form.email, "name": form.name}
    for field_name, check in (("email", acceptable_address), ("name", acceptable_name), ("password", acceptable)):
        try:
            found[field_name] = check(getattr(form, field_name))
        except Invalid as wrong:
            problems.update(wrong.fields)
    if not is_zone(form.tzid):
        problems["tzid"] = (Problem("errors.tzid_unrecognized", "choose a time zone of the list"),)
    if problems:
        raise Invalid(problems)
    return found["email"], found["name"]


def _admit(kit: Kit, policy: SignUp, form: SignUpForm, email: str) -> None:
    if policy.mode is SignUpMode.OPEN:
        return
    if policy.mode is SignUpMode.INVITATION:
        with kit.store.read() as uow:
            invitation = peek_link(kit, uow, Purpose.INVITATION, form.invitation)
        if invitation is not None and invitation.get("email").lower() in {"", email.lower()}:
            return
    raise SignUpClosed({"email": (Problem("errors.sign_up_closed", "an invitation for this address is needed"),)})


def _confirm(kit: Kit, email: str, secret: str) -> Mail:
    return Mail(
        email,
        "Confirm your e-mail address",
        "Somebody, hopefully you, wants to open an account with this address.\n\n"
        f"To confirm, open this page and enter the password you chose:\n{kit.public_url}/verify/{secret}\n\n"
        "If it was not you, do nothing: there is no account without your confirmation.\n",
    )


def _already(kit: Kit, email: str) -> Mail:
    return Mail(
        email,
        "You have an account already",
        "Somebody, hopefully you, wanted to open an account with this address, but there is one already.\n\n"
        f"Sign in: {kit.public_url}/sign-in\nChoose a new password: {kit.public_url}/reset\n\n"
        "If it was not you, do nothing.\n",
    )
