"""Extended Permissions: /permissions/{secret} (contract authorization 3.3, security 6.2)."""

from collections.abc import Mapping

from starlette.responses import Response

from calwarden.domain.errors import Invalid
from calwarden.oauth.redirect import origin
from calwarden.policy.decision import Elevated
from calwarden.policy.elevation import elevated
from calwarden.usecases.authorize import Extension, Lifted, Settled, answer_extension, describe_extension
from calwarden.usecases.people import Door
from calwarden.web.doors import Then
from calwarden.web.forms import problems_of
from calwarden.web.terms import read_end
from calwarden.web.visit import Form, Visit


async def show(visit: Visit) -> Response:
    """The page, to the person it is about; anybody else learns nothing, signed in or not."""
    secret = visit.path("secret")
    if visit.visitor is None:
        return visit.go(f"/sign-in{Then(Door.PERMISSIONS, secret).query}")
    return await _page(visit, secret)


async def answer(visit: Visit) -> Response:
    """Accept or refuse, once; the browser goes back to the application."""
    secret = visit.path("secret")
    if visit.visitor is None and visit.known:
        return visit.go(f"/sign-in{Then(Door.PERMISSIONS, secret).query}")
    form = await visit.form()
    account_id = visit.me.account_id
    try:
        settled: Settled = await visit.site.run(answer_extension, secret, account_id, _allowed(visit, form))
    except Invalid as wrong:
        return await _page(visit, secret, wrong, form)
    return visit.go(settled.location)


def _allowed(visit: Visit, form: Mapping[str, str]) -> Lifted | None:
    """What the person allows; None refuses. ``asked`` says that deleting was there to be unticked. Raises Invalid."""
    decision = form.get("decision")
    if decision == "refuse":
        return None
    if decision != "accept":
        raise Invalid.of("decision", "errors.not_recognized", "accept or refuse")
    ends = read_end(form, visit.site.kit.clock(), visit.me.tzid)
    return Lifted("asked" not in form or "deletes" in form, ends)


async def _page(visit: Visit, secret: str, wrong: Invalid | None = None, form: Form | None = None) -> Response:
    """``form``: what was chosen so far, which is shown again."""
    asked: Extension = await visit.site.run(describe_extension, secret, visit.me.account_id)
    grant, now = asked.grant, visit.site.kit.clock()
    raised = {one for one in grant.elevated if elevated(grant, one, now) is not Elevated.NONE}
    here = frozenset(asked.request.calendars)
    return visit.page(
        "extension.html",
        status=422 if wrong else 200,
        target=asked.request.redirect_uri,
        asked=asked,
        secret=secret,
        elsewhere=bool(raised - here),
        again=bool(raised & here),
        deletes=form is None or "deletes" in form,
        values=form or {},
        returns_to=origin(asked.request.redirect_uri),
        problems=problems_of(wrong) if wrong else {},
    )
