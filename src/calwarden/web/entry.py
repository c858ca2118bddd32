"""Coming in: sign-in, sign-up, the mailed links, sign-out."""

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import available_timezones

from starlette.responses import Response

from calwarden.domain.application import Application
from calwarden.domain.errors import Conflict, Gone, Invalid
from calwarden.domain.grant import Authorization
from calwarden.domain.ids import AuthorizationId
from calwarden.usecases.authorize import pending
from calwarden.usecases.people import (
    Attempt,
    Door,
    SignInFailed,
    SignUpForm,
    peek_sign_up,
    request_reset,
    request_sign_up,
    reset_password,
    sign_in,
    sign_out,
    sign_up_open,
    verify_sign_up,
)
from calwarden.usecases.people.reset import reset_usable
from calwarden.usecases.people.sign_up import SignUpClosed
from calwarden.web.doors import Then, read_then
from calwarden.web.faults import lost_page
from calwarden.web.forms import problems_of
from calwarden.web.visit import Form, Visit

_WRONG = {"email": "The e-mail address or the password is wrong"}
_REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone as the form lists it: by region, then city."""

    name: str
    region: str
    city: str


def _zones() -> list[Zone]:
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in _REGIONS and "/" in name)
    found = [Zone(name, name.partition("/")[0], name.partition("/")[2].replace("_", " ")) for name in names]
    return [*found, Zone("Etc/UTC", "Other", "UTC")]


async def show_sign_in(visit: Visit) -> Response:
    """The form; whom the browser is signed in as already goes on, unless somebody else is wanted."""
    then = read_then(visit.request.query_params)
    if visit.visitor is not None and visit.request.query_params.get("switch") != "1":
        return visit.go(then.path)
    return await _sign_in_page(visit, then)


async def take_sign_in(visit: Visit) -> Response:
    form = await visit.open_form()
    then = read_then(form)
    attempt = Attempt(form.get("email", ""), form.get("password", ""), visit.remote, visit.session, visit.browser)
    try:
        signed_in = await visit.site.run_password(sign_in, attempt)
    except SignInFailed:
        return await _sign_in_page(visit, then, status=422, problems=_WRONG, values=form)
    return visit.enter(signed_in, then)


async def take_sign_out(visit: Visit) -> Response:
    await visit.form()
    await visit.site.run(sign_out, visit.session)
    return visit.leave("/sign-in")


async def _sign_in_page(visit: Visit, then: Then, *, status: int = 200, **more: Any) -> Response:
    asking = await _asking(visit, then)
    can_sign_up = await visit.site.run(sign_up_open, visit.site.sign_up)
    return visit.page(
        "sign_in.html",
        status=status,
        target=asking[0].redirect_uri if asking else None,
        then=then,
        application=asking[1] if asking else None,
        can_sign_up=can_sign_up,
        **more,
    )


async def _asking(visit: Visit, then: Then) -> tuple[Authorization, Application] | None:
    """Which application sent the person here."""
    if then.door is not Door.CONSENT:
        return None
    try:
        return await visit.site.run(pending, AuthorizationId(then.id))
    except Gone:
        return None


async def show_sign_up(visit: Visit) -> Response:
    then = read_then(visit.request.query_params)
    invitation = visit.request.query_params.get("invitation", "")
    if not await visit.site.run(sign_up_open, visit.site.sign_up, invitation):
        return visit.page("sign_up_closed.html", status=403, then=then)
    return await _sign_up_page(visit, then, invitation)


async def take_sign_up(visit: Visit) -> Response:
    form = await visit.open_form()
    then = read_then(form)
    wanted = SignUpForm(
        form.get("email", ""),
        form.get("name", ""),
        form.get("tzid", ""),
        form.get("password", ""),
        visit.remote,
        form.get("invitation", ""),
        then.values,
    )
    try:
        mail = await visit.site.run_password(request_sign_up, visit.site.sign_up, wanted)
    except SignUpClosed:
        return visit.page("sign_up_closed.html", status=403, then=then)
    except Invalid as wrong:
        return await _sign_up_page(visit, then, wanted.invitation, status=422, problems=problems_of(wrong), values=form)
    life = visit.site.kit.limits.link_life
    return visit.page("sent.html", background=visit.site.post(mail), email=mail.to, purpose="sign_up", life=life)


async def _sign_up_page(visit: Visit, then: Then, invitation: str, *, status: int = 200, **more: Any) -> Response:
    asking = await _asking(visit, then)
    return visit.page(
        "sign_up.html",
        status=status,
        target=asking[0].redirect_uri if asking else None,
        then=then,
        invitation=invitation,
        application=asking[1] if asking else None,
        zones=_zones(),
        **more,
    )


async def show_verify(visit: Visit) -> Response:
    email = await visit.site.run(peek_sign_up, visit.path("secret"))
    return lost_page(visit) if email is None else visit.page("verify.html", email=email)


async def take_verify(visit: Visit) -> Response:
    form = await visit.open_form()
    secret = visit.path("secret")
    try:
        signed_in = await visit.site.run_password(
            verify_sign_up, secret, form.get("password", ""), visit.remote, visit.session
        )
    except SignInFailed:
        email = await visit.site.run(peek_sign_up, secret)
        problems = {"password": "That is not the password you signed up with"}
        return visit.page("verify.html", status=422, email=email, problems=problems)
    except Conflict:
        return lost_page(visit)
    return visit.enter(signed_in, read_then(signed_in.then))


async def show_reset_request(visit: Visit) -> Response:
    return visit.page("reset_request.html")


async def take_reset_request(visit: Visit) -> Response:
    form: Form = await visit.open_form()
    try:
        mail = await visit.site.run(request_reset, form.get("email", ""), visit.remote)
    except Invalid as wrong:
        return visit.page("reset_request.html", status=422, problems=problems_of(wrong), values=form)
    email = form.get("email", "").strip()
    return visit.page("sent.html", background=visit.site.post(mail), email=email, purpose="reset")


async def show_reset(visit: Visit) -> Response:
    usable = await visit.site.run(reset_usable, visit.path("secret"))
    return visit.page("reset.html") if usable else lost_page(visit)


async def take_reset(visit: Visit) -> Response:
    form = await visit.open_form()
    try:
        await visit.site.run_password(reset_password, visit.path("secret"), form.get("password", ""))
    except Invalid as wrong:
        return visit.page("reset.html", status=422, problems=problems_of(wrong))
    notice = "Your new password is set. Sign in with it."
    signed_out = replace(visit, visitor=None)
    return await _sign_in_page(signed_out, Then(), notice=notice)
