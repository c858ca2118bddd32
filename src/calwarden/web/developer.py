"""One's own applications: registered, changed, given secrets, ended; how many accounts use them and what was refused.

Whose accounts those are is none of an owner's business; a secret is shown in the answer to the form that made it, and
never again.
"""

from hashlib import sha256
from types import MappingProxyType

from starlette.responses import Response

from calwarden.domain.application import Application, Imprint
from calwarden.domain.errors import Conflict, Invalid
from calwarden.domain.ids import ApplicationId, SecretId
from calwarden.usecases.develop import (
    Changes,
    Managed,
    NewApplication,
    Registered,
    Registration,
    Secret,
    add_secret,
    change_application,
    create_application,
    delete_application,
    look_at,
    own_applications,
    withdraw_secret,
)
from calwarden.web.faults import message
from calwarden.web.forms import problems_of
from calwarden.web.visit import Form, Visit

_ID = "application_id"
_NOTHING: Form = MappingProxyType({})
_NOT_HERE = (
    "Whoever runs this server registers applications here. Ask them for one; once it is yours, you look after it on "
    "these pages."
)


async def show(visit: Visit) -> Response:
    """The list of one's own applications."""
    known = await visit.site.run(own_applications, visit.me.account_id)
    return visit.page("developer.html", known=known, open=_is_open(visit))


async def show_new(visit: Visit) -> Response:
    """The form for another one."""
    _ = visit.me
    return _new(visit) if _is_open(visit) else _closed(visit)


async def take_new(visit: Visit) -> Response:
    """Register it. A form that comes twice leads to what it made."""
    form = await visit.form()
    account_id = visit.me.account_id
    if not _is_open(visit):
        return _closed(visit)
    application_id = ApplicationId(_once(form))
    new = NewApplication(
        form.get("name", ""),
        _addresses(form),
        public=form.get("kind") == "public",
        imprint=_imprint(form),
        application_id=application_id,
    )
    try:
        made: Registered = await visit.site.run(create_application, new, account_id)
    except Conflict:
        return visit.go(_path(application_id))
    except Invalid as wrong:
        return _new(visit, wrong, form)
    return visit.page("developer_secret.html", application=made.application, secret=made.secret, registered=True)


async def show_one(visit: Visit) -> Response:
    """All there is to see and to do of one."""
    return _one(visit, await _managed(visit))


async def take_changes(visit: Visit) -> Response:
    """Its name, its addresses, who is behind it."""
    form = await visit.form()
    application_id = _chosen(visit)
    changes = Changes(form.get("name", ""), _addresses(form), _imprint(form), form.get("merge_busy") == "1")
    try:
        await visit.site.run(change_application, application_id, changes, visit.me.account_id)
    except Invalid as wrong:
        return _one(visit, await _managed(visit), wrong, form)
    return visit.go(_path(application_id))


async def take_secret(visit: Visit) -> Response:
    """Another secret, shown this once."""
    form = await visit.form()
    application_id, secret_id = _chosen(visit), SecretId(_once(form))
    try:
        made: Secret = await visit.site.run(add_secret, application_id, visit.me.account_id, secret_id)
    except Conflict:
        return visit.go(_path(application_id))
    except Invalid as wrong:
        return _one(visit, await _managed(visit), wrong)
    return visit.page("developer_secret.html", application=made.application, secret=made.secret, registered=False)


async def take_withdrawal(visit: Visit) -> Response:
    """One secret ends."""
    form = await visit.form()
    application_id, secret_id = _chosen(visit), SecretId(form.get("secret_id", ""))
    try:
        await visit.site.run(withdraw_secret, application_id, secret_id, visit.me.account_id)
    except Invalid as wrong:
        return _one(visit, await _managed(visit), wrong)
    return visit.go(_path(application_id))


async def show_delete(visit: Visit) -> Response:
    """What its end would mean."""
    return visit.page("developer_delete.html", known=(await _managed(visit)).known)


async def take_delete(visit: Visit) -> Response:
    """Its end."""
    await visit.form()
    await visit.site.run(delete_application, _chosen(visit), visit.me.account_id)
    return visit.go("/developer")


async def _managed(visit: Visit) -> Managed:
    account_id = visit.me.account_id
    managed: Managed = await visit.site.run(look_at, _chosen(visit), account_id)
    return managed


def _chosen(visit: Visit) -> ApplicationId:
    return ApplicationId(visit.path(_ID))


def _path(application_id: ApplicationId) -> str:
    return f"/developer/{application_id}"


def _is_open(visit: Visit) -> bool:
    return visit.site.registration is Registration.EVERYONE


def _closed(visit: Visit) -> Response:
    return message(visit, 403, "Applications are registered by who runs this server", _NOT_HERE, onward=True)


def _new(visit: Visit, wrong: Invalid | None = None, values: Form = _NOTHING) -> Response:
    problems = {} if wrong is None else problems_of(wrong)
    status = 422 if problems else 200
    return visit.page("developer_new.html", status=status, once=_nonce(visit), problems=problems, values=values)


def _one(visit: Visit, managed: Managed, wrong: Invalid | None = None, values: Form = _NOTHING) -> Response:
    problems = {} if wrong is None else problems_of(wrong)
    return visit.page(
        "developer_application.html",
        status=422 if problems else 200,
        problems=problems,
        values=values or _values_of(managed.known.application),
        managed=managed,
        application=managed.known.application,
        most_secrets=visit.site.kit.limits.secrets_per_application,
        once=_nonce(visit),
    )


def _values_of(application: Application) -> dict[str, str]:
    imprint = application.imprint
    return {
        "name": application.name,
        "redirect_uri": "\n".join(application.redirect_uris),
        "company": imprint.company,
        "website": imprint.website,
        "email": imprint.email,
        "merge_busy": "1" if application.merge_busy else "",
    }


def _addresses(form: Form) -> tuple[str, ...]:
    lines = (one.strip() for one in form.get("redirect_uri", "").splitlines())
    return tuple(one for one in lines if one)


def _imprint(form: Form) -> Imprint:
    return Imprint(form.get("company", ""), form.get("website", ""), form.get("email", ""))


def _nonce(visit: Visit) -> str:
    return visit.site.kit.random.token()


def _once(form: Form) -> str:
    """The id of what this form makes: the same for the same form of the same session, and nobody's to choose."""
    return sha256(f"calwarden once\0{form.get('csrf', '')}\0{form.get('once', '')}".encode()).hexdigest()[:24]
