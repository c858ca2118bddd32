"""An application asks for access: /oauth/authorize and the consent page.

Contract authorization 1.1, security 4.9 to 4.11.
"""

from starlette.responses import Response

from calwarden.domain.errors import Invalid
from calwarden.domain.grant import Terms
from calwarden.domain.ids import AuthorizationId, CalendarId
from calwarden.domain.profile import Provider
from calwarden.oauth.redirect import origin
from calwarden.usecases.authorize import (
    Begun,
    Consent,
    Faulty,
    SentBack,
    Settled,
    approve,
    begin,
    decline,
    describe,
)
from calwarden.usecases.people import Door
from calwarden.usecases.seeing import Seen, would_see
from calwarden.web.doors import Then
from calwarden.web.faults import fault_of_request
from calwarden.web.forms import problems_of
from calwarden.web.listing import by_profile
from calwarden.web.security import set_cookie
from calwarden.web.seeing import look
from calwarden.web.terms import read_terms, ticked
from calwarden.web.visit import Form, Visit


async def start(visit: Visit) -> Response:
    """The request is judged and kept; the person goes on to answer it, or is told why not."""
    query = visit.request.scope["query_string"].decode("utf-8", "surrogateescape")
    begun: Begun | SentBack | Faulty = await visit.site.run(begin, query, visit.remote)
    if isinstance(begun, Faulty):
        return fault_of_request(visit, begun.fault)
    if isinstance(begun, SentBack):
        return visit.go(begun.location, status=302)
    then = Then(Door.CONSENT, begun.authorization_id)
    signing_in = visit.visitor is None or begun.fresh
    path = f"/sign-in{then.query}{'&switch=1' if begun.fresh else ''}" if signing_in else then.path
    response = visit.go(path, status=302)
    if begun.provider == Provider.APPLE:
        set_cookie(response, visit.site, visit.site.service_cookie, "icloud")
    return response


async def show(visit: Visit) -> Response:
    """The consent page; before it the sign-in page, and the connect page for whom there is no calendar of yet."""
    authorization_id = AuthorizationId(visit.path("authorization_id"))
    then = Then(Door.CONSENT, authorization_id)
    if visit.visitor is None:
        return visit.go(f"/sign-in{then.query}")
    return await _consent_page(visit, authorization_id)


async def _consent_page(
    visit: Visit, authorization_id: AuthorizationId, wrong: Invalid | None = None, form: Form | None = None
) -> Response:
    """``form``: what was chosen so far. What the application would see is shown for that."""
    then = Then(Door.CONSENT, authorization_id)
    consent: Consent = await visit.site.run(describe, authorization_id, visit.me.account_id)
    if not consent.profiles:
        return visit.go(f"/connect{then.query}")
    kept, unticked = _kept(consent, form)
    seen: Seen = await visit.site.run(would_see, consent, kept)
    return visit.page(
        "consent.html",
        status=422 if wrong else 200,
        target=consent.authorization.redirect_uri,
        consent=consent,
        groups=by_profile(consent.profiles, consent.calendars),
        returns_to=origin(consent.authorization.redirect_uri),
        then=then,
        problems=problems_of(wrong) if wrong else {},
        look=look(seen, consent.calendars),
        shown=form is not None and form.get("decision") == "look",
        unticked=unticked,
        values=form or {},
    )


def _kept(consent: Consent, form: Form | None) -> tuple[Terms, frozenset[CalendarId]]:
    """The calendars of a form that is not settled yet, and those that were unticked in it."""
    if form is None:
        return Terms(), frozenset()
    there = frozenset(one.calendar_id for one in consent.calendars)
    terms = ticked(form, there)
    return terms, frozenset() if terms.calendars is None else there - terms.calendars


async def answer(visit: Visit) -> Response:
    """Allow or refuse; the browser goes back to the application. Refusing needs nobody signed in: nothing is given."""
    authorization_id = AuthorizationId(visit.path("authorization_id"))
    if visit.visitor is None:
        form = await visit.open_form()
        if form.get("decision") != "refuse":
            return visit.go(f"/sign-in{Then(Door.CONSENT, authorization_id).query}")
        return await _refuse(visit, authorization_id)
    form = await visit.form()
    decision = form.get("decision")
    if decision == "look":
        return await _consent_page(visit, authorization_id, form=form)
    if decision not in {"accept", "refuse"}:
        raise Invalid.of("decision", "errors.not_recognized", "accept or refuse")
    if decision == "refuse":
        return await _refuse(visit, authorization_id)
    try:
        return await _agree(visit, authorization_id, form)
    except Invalid as wrong:
        return await _consent_page(visit, authorization_id, wrong, form)


async def _agree(visit: Visit, authorization_id: AuthorizationId, form: Form) -> Response:
    consent: Consent = await visit.site.run(describe, authorization_id, visit.me.account_id)
    terms = read_terms(form, consent.calendars, visit.site.kit.clock(), visit.me.tzid)
    settled: Settled = await visit.site.run(approve, authorization_id, visit.me.account_id, terms)
    return visit.go(settled.location)


async def _refuse(visit: Visit, authorization_id: AuthorizationId) -> Response:
    account_id = None if visit.visitor is None else visit.me.account_id
    settled: Settled = await visit.site.run(decline, authorization_id, account_id)
    return visit.go(settled.location)
