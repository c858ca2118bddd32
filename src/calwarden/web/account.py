"""One's own account: what is connected, who may do what, what was done, and the way out."""

from starlette.responses import Response

from calwarden.domain.audit import Actor
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.ids import ApplicationId, CalendarId, ProfileId
from calwarden.domain.profile import Calendar
from calwarden.policy.view import visible_calendars
from calwarden.usecases.authorize import lower_calendar, narrow_grant, revoke_grant
from calwarden.usecases.connect import disconnect
from calwarden.usecases.people import Access, Overview, SignInFailed, activity, delete_own_account, overview
from calwarden.web.faults import message
from calwarden.web.forms import problems_of
from calwarden.web.listing import by_profile
from calwarden.web.terms import read_terms
from calwarden.web.visit import Visit

_DELETED = (
    "No application has access any more, and what this server held of you is erased. What is in your calendars at the "
    "calendar service stays there. You can close this page."
)


async def front(visit: Visit) -> Response:
    """The bare address of the server."""
    return visit.go("/account" if visit.visitor else "/sign-in")


async def show(visit: Visit) -> Response:
    seen = await visit.site.run(overview, visit.me.account_id)
    return visit.page("account.html", groups=by_profile(seen.profiles, seen.calendars), accesses=seen.accesses)


async def take_revoke(visit: Visit) -> Response:
    """End an application's access."""
    form = await visit.form()
    application_id = ApplicationId(form.get("application_id", ""))
    await visit.site.run(revoke_grant, visit.me.account_id, application_id, Actor.ACCOUNT)
    return visit.go("/account")


async def take_lower(visit: Visit) -> Response:
    """Take unrestricted access to one calendar back."""
    form = await visit.form()
    application_id, calendar_id = ApplicationId(form.get("application_id", "")), CalendarId(form.get("calendar_id", ""))
    await visit.site.run(lower_calendar, visit.me.account_id, application_id, calendar_id)
    return visit.go("/account")


async def show_narrow(visit: Visit) -> Response:
    """Fewer calendars, or an end, for one application."""
    access, calendars = await _access(visit)
    return _narrow_page(visit, access, calendars)


async def take_narrow(visit: Visit) -> Response:
    form = await visit.form()
    access, calendars = await _access(visit)
    try:
        now, tzid = visit.site.kit.clock(), visit.me.tzid
        terms = read_terms(form, calendars, now, tzid, before=access.grant.terms)
        await visit.site.run(narrow_grant, visit.me.account_id, access.application.application_id, terms)
    except Invalid as wrong:
        return _narrow_page(visit, access, calendars, wrong)
    return visit.go("/account")


async def _access(visit: Visit) -> tuple[Access, list[Calendar]]:
    """One application that has access, and the calendars it has it in. Raises NotFound."""
    application_id = visit.path("application_id")
    seen: Overview = await visit.site.run(overview, visit.me.account_id)
    for one in seen.accesses:
        if one.application.application_id == application_id:
            return one, visible_calendars(one.grant, seen.calendars)
    raise NotFound("this application has no access")


def _narrow_page(visit: Visit, access: Access, calendars: list[Calendar], wrong: Invalid | None = None) -> Response:
    problems = problems_of(wrong) if wrong else {}
    return visit.page(
        "narrow.html", status=422 if wrong else 200, access=access, calendars=calendars, problems=problems
    )


async def take_disconnect(visit: Visit) -> Response:
    """Remove a calendar account."""
    form = await visit.form()
    await visit.site.run(disconnect, visit.me.account_id, ProfileId(form.get("profile_id", "")), Actor.ACCOUNT)
    return visit.go("/account")


async def show_activity(visit: Visit) -> Response:
    """The ledger, of one application or of all."""
    chosen = visit.request.query_params.get("application")
    seen = await visit.site.run(activity, visit.me.account_id, ApplicationId(chosen) if chosen else None)
    return visit.page("activity.html", seen=seen, chosen=seen.names.get(chosen or ""))


async def show_delete(visit: Visit) -> Response:
    _ = visit.me
    return visit.page("delete.html")


async def take_delete(visit: Visit) -> Response:
    """Delete the account, the password asked once more."""
    form = await visit.form()
    account_id = visit.me.account_id
    try:
        await visit.site.run_password(delete_own_account, account_id, form.get("password", ""), visit.remote)
    except SignInFailed:
        return visit.page("delete.html", status=422, problems={"password": "That is not your password"})
    return visit.gone(message(visit, 200, "Your account is deleted", _DELETED))
