"""Connecting a calendar account, and connecting it again."""

from starlette.responses import Response

from calwarden.domain.ids import AuthorizationId, ProfileId
from calwarden.usecases.authorize import attach_profile, pending
from calwarden.usecases.connect import (
    ICLOUD_URL,
    Connected,
    Failure,
    Login,
    NotConnected,
    connect_calendar,
    explain_failure,
    relink,
)
from calwarden.usecases.people import Door, own_profile
from calwarden.web.doors import Then, read_then
from calwarden.web.visit import Form, Visit

_FIELDS = {
    Failure.WRONG_PASSWORD: "password",
    Failure.TOO_MANY_REQUESTS: "url",
    Failure.INCOMPLETE: "url",
}


async def show_connect(visit: Visit) -> Response:
    """The form: address, user name, password."""
    then = read_then(visit.request.query_params)
    if visit.visitor is None:
        return visit.go(f"/sign-in{then.query}")
    return await _connect_page(visit, then)


async def take_connect(visit: Visit) -> Response:
    """Try it; the first copy is started at once, and the person goes on while it runs."""
    form = await visit.form()
    then = read_then(form)
    url = ICLOUD_URL if form.get("service") == "icloud" else form.get("url", "")
    login = Login(url, form.get("username", ""), form.get("password", ""))
    outcome = await connect_calendar(visit.site.kit, visit.site.open_connector, visit.me.account_id, login)
    if isinstance(outcome, NotConnected):
        values = {**form, "password": ""}
        return await _connect_page(visit, then, status=422, failure=outcome.failure, values=values)
    await _started(visit, then, outcome)
    return visit.go(then.path)


async def _started(visit: Visit, then: Then, outcome: Connected) -> None:
    visit.site.wake(visit.me.account_id, outcome.profile.profile_id)
    if then.door is Door.CONSENT:
        await visit.site.run(attach_profile, AuthorizationId(then.id), visit.me.account_id, outcome.profile.profile_id)


async def _connect_page(
    visit: Visit, then: Then, *, status: int = 200, failure: Failure | None = None, values: Form | None = None
) -> Response:
    values = values or {"service": visit.request.cookies.get(visit.site.service_cookie, "caldav")}
    target = application = None
    if then.door is Door.CONSENT:
        authorization, application = await visit.site.run(pending, AuthorizationId(then.id))
        target = authorization.redirect_uri
    return visit.page(
        "connect.html",
        status=status,
        target=target,
        application=application,
        then=then,
        values=values,
        problems={} if failure is None else {_field(failure, values): explain_failure(failure)[0]},
        advice=None if failure is None else explain_failure(failure)[1],
    )


def _field(failure: Failure, values: Form) -> str:
    """Where the page shows it; for iCloud nobody is asked for an address."""
    field = _FIELDS.get(failure, "url")
    return "username" if field == "url" and values.get("service") == "icloud" else field


async def show_relink(visit: Visit) -> Response:
    """The form for a new password of a Profile of one's own."""
    profile_id = ProfileId(visit.path("profile_id"))
    if visit.visitor is None:
        return visit.go(f"/sign-in{Then(Door.RELINK, profile_id).query}")
    return await _relink_page(visit, profile_id)


async def take_relink(visit: Visit) -> Response:
    form = await visit.form()
    profile_id = ProfileId(visit.path("profile_id"))
    account_id = visit.me.account_id
    outcome = await relink(visit.site.kit, visit.site.open_connector, account_id, profile_id, form.get("password", ""))
    if isinstance(outcome, NotConnected):
        return await _relink_page(visit, profile_id, status=422, failure=outcome.failure)
    visit.site.wake(account_id, profile_id)
    return visit.go("/account")


async def _relink_page(
    visit: Visit, profile_id: ProfileId, *, status: int = 200, failure: Failure | None = None
) -> Response:
    profile = await visit.site.run(own_profile, visit.me.account_id, profile_id)
    return visit.page(
        "relink.html",
        status=status,
        profile=profile,
        problems={} if failure is None else {"password": explain_failure(failure)[0]},
        advice=None if failure is None else explain_failure(failure)[1],
    )
