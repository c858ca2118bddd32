"""A booking application on calwarden: pycronofy as it is, pages without JavaScript. README.md says how to run it."""

import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import pycronofy
import requests
import uvicorn
from pycronofy.exceptions import PyCronofyRequestError
from sessions import Visit, handled, token
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from week import Item, lay_out, moment, monday_of


def _setting(name: str, default: str = "") -> str:
    if said := os.environ.get(name, default):
        return said
    raise SystemExit(f"{name} is not set: README.md says how to run this")


CALWARDEN = _setting("CALWARDEN_URL")
HOME = _setting("BOOKING_URL", "http://127.0.0.1:9000")
CLIENT_ID, CLIENT_SECRET = _setting("BOOKING_CLIENT_ID"), _setting("BOOKING_CLIENT_SECRET")
CALLBACK, PERMISSION = f"{HOME}/callback", f"{HOME}/permission"
"""Both are registered with calwarden, which sends people nowhere else."""

SCOPES = ("free_busy_write", "read_write")
LENGTHS = (15, 30, 45, 60, 90, 120)
_REMEMBERED = ("of", "key", "day", "time", "minutes")
"""What a person chose, to be there again when they come back with permission."""

pycronofy.settings.API_BASE_URL = pycronofy.settings.APP_BASE_URL = CALWARDEN

_FOLDER = Path(__file__).parent
_templates = Jinja2Templates(_FOLDER / "templates")


# Connecting: the OAuth authorization code flow


def start(visit: Visit) -> Response:
    return _go("/week") if visit.session.sdk else _page(visit, "start.html", scope=visit.session.scope or SCOPES[0])


def connect(visit: Visit) -> Response:
    """Send the person to calwarden. ``state`` ties the answer to this very browser."""
    scope = visit.form.get("scope", "")
    if scope not in SCOPES:
        raise HTTPException(400, "choose one of the two")
    visit.session.scope, visit.session.state = scope, token()
    return _go(_new_sdk().user_auth_link(CALLBACK, scope=scope, state=visit.session.state))


def callback(visit: Visit) -> Response:
    """Back from calwarden, with a code to change into tokens, or without one."""
    said, session = visit.request.query_params, visit.session
    expected, session.state = session.state, ""
    if not expected or not hmac.compare_digest(said.get("state", "").encode(), expected.encode()):
        raise HTTPException(400, "this answer is not to a question from this browser: begin again")
    if "code" not in said:
        why = "you did not agree" if said.get("error") == "access_denied" else said.get("error_description", "no code")
        session.message = f"Nothing is connected: {why}."
        return _go("/")
    sdk = _new_sdk()
    sdk.get_authorization_from_code(said["code"], redirect_uri=CALLBACK)
    account = sdk.account()
    session.sdk, session.name, session.zone = sdk, account["name"], account["default_tzid"]
    visit.renew()
    return _go("/week")


def disconnect(visit: Visit) -> Response:
    _sdk(visit).revoke_authorization()
    visit.end(
        "Disconnected: this application can do nothing with your calendar any more. What it booked is still there."
    )
    return _go("/")


# The week


def week(visit: Visit) -> Response:
    monday, today = _monday(visit, visit.request.query_params.get("of", "")), _today(visit)
    return _page(
        visit,
        "week.html",
        week=lay_out(monday, _items(visit, monday)),
        calendars=[one for one in _sdk(visit).list_calendars() if not one["calendar_readonly"]],
        today=today,
        suggested=max(monday, min(today + timedelta(days=1), monday + timedelta(days=6))),
        before=monday - timedelta(weeks=1),
        after=monday + timedelta(weeks=1),
    )


def _items(visit: Visit, monday: date) -> list[Item]:
    """What the scope shows. Own bookings are read from the calendar: this application needs no table of them."""
    zone = ZoneInfo(visit.session.zone)
    window = {"from_date": monday, "to_date": monday + timedelta(weeks=1), "tzid": visit.session.zone}
    sees_all = visit.session.scope == "read_write"
    items = [_event(one, zone) for one in _sdk(visit).read_events(**window, only_managed=not sees_all).all()]
    if not sees_all:
        for one in _sdk(visit).read_free_busy(**window, include_managed=False).all():
            if one["free_busy_status"] != "free":
                times = (moment(one["start"], zone), moment(one["end"], zone))
                items.append(Item("busy", *times, one["free_busy_status"]))
    return items


def _event(said: dict[str, Any], zone: ZoneInfo) -> Item:
    """An event has an ``event_id`` if it is this application's own."""
    kind, key = ("booking", said["event_id"]) if "event_id" in said else ("event", said["event_uid"])
    return Item(kind, moment(said["start"], zone), moment(said["end"], zone), said["summary"], key, said["calendar_id"])


def peek(visit: Visit) -> Response:
    """Ask for what the person did not agree to, to see what the server says."""
    _sdk(visit).read_events(tzid=visit.session.zone)
    visit.session.message = "The server did let this application read your events."
    return _go("/week")


# Booking, moving, cancelling


def book(visit: Visit) -> Response:
    """The same ``event_id`` again would change the event instead of adding one."""
    slot, title = _slot(visit), visit.form.get("title", "").strip() or "Meeting"
    said = {"event_id": f"booking-{secrets.token_hex(8)}", "summary": title, "description": "", **slot.fields}
    _sdk(visit).upsert_event(visit.form.get("calendar_id", ""), said)
    visit.session.message = f'"{title}" is booked.'
    return _go(slot.week)


def event(visit: Visit) -> Response:
    """One event, to be moved or cancelled."""
    said = visit.request.query_params
    monday, item = _chosen(visit, said)
    visit.session.back_to = f"{visit.request.url.path}?{visit.request.url.query}"
    return _page(visit, "event.html", item=item, monday=monday, zone=visit.session.zone, said=said)


def move(visit: Visit) -> Response:
    """Own bookings are named by ``event_id``, all others by ``event_uid``: those take permission for their calendar."""
    _, item = _chosen(visit, visit.form)
    slot = _slot(visit)
    if item.kind == "booking":
        said = {"event_id": item.key, "summary": item.title, "description": "", **slot.fields}
    else:
        said = {"event_uid": item.key, **slot.fields}
    visit.session.back_to = "/event?" + urlencode({name: visit.form.get(name, "") for name in _REMEMBERED})
    _sdk(visit).upsert_event(item.calendar_id, said)
    visit.session.message = f'"{item.title}" is moved.'
    return _go(slot.week)


def cancel(visit: Visit) -> Response:
    monday, item = _chosen(visit, visit.form)
    sdk = _sdk(visit)
    (sdk.delete_event if item.kind == "booking" else sdk.delete_external_event)(item.calendar_id, item.key)
    visit.session.message = f'"{item.title}" is cancelled.'
    return _go(f"/week?of={monday}")


def ask_permission(visit: Visit) -> Response:
    """Extended Permissions: calwarden makes a page on which the person says yes or no, and we send them there."""
    wanted = ({"calendar_id": visit.form.get("calendar_id", ""), "permission_level": "unrestricted"},)
    return _go(_sdk(visit).elevated_permissions(wanted, redirect_uri=PERMISSION)["url"])


def permission(visit: Visit) -> Response:
    """Back from that page. What was said counts at calwarden: nothing is noted here."""
    refused = "error" in visit.request.query_params
    visit.session.message = "You did not agree, so nothing changes." if refused else "Thank you. Now it can be done."
    return _go(visit.session.back_to)


# What all of them need


@dataclass(frozen=True)
class Slot:
    """``fields``: start, end and zone as the API takes them."""

    week: str
    fields: dict[str, Any]


def _slot(visit: Visit) -> Slot:
    form = visit.form
    try:
        day, clock = date.fromisoformat(form.get("day", "")), time.fromisoformat(form.get("time", ""))
        begins = datetime.combine(day, clock, ZoneInfo(visit.session.zone)).astimezone(UTC)
        ends = begins + timedelta(minutes=int(form.get("minutes", "")))
    except (ValueError, OverflowError) as error:
        raise HTTPException(400, "choose a day, a time and a length") from error
    return Slot(f"/week?of={monday_of(day)}", {"start": begins, "end": ends, "tzid": visit.session.zone})


def _chosen(visit: Visit, said: Any) -> tuple[date, Item]:
    """The event that a link or a form names, as the calendar has it now."""
    monday = _monday(visit, said.get("of", ""))
    for item in _items(visit, monday):
        if item.key and item.key == said.get("key") and not item.whole_day:
            return monday, item
    raise HTTPException(404, "this event is not there any more")


def _monday(visit: Visit, said: str) -> date:
    try:
        return monday_of(date.fromisoformat(said) if said else _today(visit))
    except (ValueError, OverflowError) as error:
        raise HTTPException(400, "there is no such week") from error


def _today(visit: Visit) -> date:
    return datetime.now(ZoneInfo(visit.session.zone)).date()


def _new_sdk() -> Any:
    return pycronofy.Client(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


class NotConnected(Exception):
    """Nobody has agreed in this browser."""


def _sdk(visit: Visit) -> Any:
    """The SDK with tokens that are still good."""
    sdk = visit.session.sdk
    if sdk is None:
        raise NotConnected
    if sdk.is_authorization_expired():
        sdk.refresh_authorization()
    return sdk


def _page(visit: Visit, name: str, status: int = 200, **shown: Any) -> Response:
    message, visit.session.message = visit.session.message, ""
    held = {"session": visit.session, "message": message, "calwarden": CALWARDEN, "lengths": LENGTHS, **shown}
    answer = _templates.TemplateResponse(visit.request, name, held, status_code=status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; frame-ancestors 'none'; "
        f"base-uri 'none'; form-action 'self' {CALWARDEN}"
    )
    return answer


def _go(where: str) -> Response:
    return RedirectResponse(where, status_code=303)


def _guarded(work: Callable[[Visit], Response]) -> Callable[[Visit], Response]:
    """``work``, with everything that can come instead of what it wants turned into a page that says so."""

    def guarded(visit: Visit) -> Response:
        try:
            return work(visit)
        except NotConnected:
            return _go("/")
        except PyCronofyRequestError as error:
            return _refused(visit, error.response)
        except requests.RequestException:
            return _page(visit, "problem.html", 502, problem="the calendar server does not answer")
        except HTTPException as error:
            return _page(visit, "problem.html", error.status_code, problem=error.detail)

    return guarded


def _refused(visit: Visit, answer: requests.Response) -> Response:
    """401, and a refresh token that is not taken: the access has ended. Everything else: the server's own words."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    if answer.status_code == 401 or said.get("error") == "invalid_grant":
        visit.end("This application has no access to your calendar any more. You can connect it again.")
        return _go("/")
    wrong = [f"{name}: {one['description']}" for name, many in said.get("errors", {}).items() for one in many]
    calendar = ""
    if said.get("code") in {"calendar_not_elevated", "elevation_without_delete"}:
        calendar = _chosen(visit, visit.form)[1].calendar_id
    return _page(visit, "refused.html", answer.status_code, said=said, wrong=wrong, calendar_id=calendar)


async def _unhandled(request: Request, error: Exception) -> Response:
    status, detail = getattr(error, "status_code", 500), getattr(error, "detail", "something went wrong here")
    held = {"session": None, "message": "", "problem": detail}
    return _templates.TemplateResponse(request, "problem.html", held, status_code=status)


_PAGES = {"/": start, "/callback": callback, "/week": week, "/event": event, "/permission": permission}
_FORMS = {
    "/connect": connect,
    "/disconnect": disconnect,
    "/book": book,
    "/move": move,
    "/cancel": cancel,
    "/ask-permission": ask_permission,
    "/peek": peek,
}
_secure = HOME.startswith("https:")
app = Starlette(
    routes=[
        *(Route(path, handled(_guarded(work), secure=_secure), methods=["GET"]) for path, work in _PAGES.items()),
        *(Route(path, handled(_guarded(work), secure=_secure), methods=["POST"]) for path, work in _FORMS.items()),
        Mount("/static", StaticFiles(directory=_FOLDER / "static")),
    ],
    exception_handlers={HTTPException: _unhandled, 500: _unhandled},
)

if __name__ == "__main__":
    uvicorn.run(app, host=urlsplit(HOME).hostname or "127.0.0.1", port=urlsplit(HOME).port or 9000, log_level="warning")
