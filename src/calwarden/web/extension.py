"""Extended Permissions: /permissions/{secret} (contract authorization 3.3, security 6.2)."""

from functools import partial

from starlette.responses import Response

from calwarden.domain.errors import Invalid
from calwarden.oauth.redirect import origin
from calwarden.usecases.authorize import Extension, Settled, answer_extension, describe_extension
from calwarden.usecases.people import Door
from calwarden.web.doors import Then
from calwarden.web.visit import Visit


async def show(visit: Visit) -> Response:
    """The page, to the person it is about; anybody else learns nothing, signed in or not."""
    secret = visit.path("secret")
    if visit.visitor is None:
        return visit.go(f"/sign-in{Then(Door.PERMISSIONS, secret).query}")
    asked: Extension = await visit.site.run(describe_extension, secret, visit.me.account_id)
    return visit.page(
        "extension.html",
        target=asked.request.redirect_uri,
        asked=asked,
        secret=secret,
        elsewhere=bool(asked.grant.elevated - frozenset(asked.request.calendars)),
        returns_to=origin(asked.request.redirect_uri),
    )


async def answer(visit: Visit) -> Response:
    """Accept or refuse, once; the browser goes back to the application."""
    secret = visit.path("secret")
    if visit.visitor is None and visit.known:
        return visit.go(f"/sign-in{Then(Door.PERMISSIONS, secret).query}")
    form = await visit.form()
    decision = form.get("decision")
    if decision not in {"accept", "refuse"}:
        raise Invalid.of("decision", "errors.not_recognized", "accept or refuse")
    settle = partial(answer_extension, accept=decision == "accept")
    settled: Settled = await visit.site.run(settle, secret, visit.me.account_id)
    return visit.go(settled.location)
