"""What the steps of the story have in hand, and how they show a refusal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pycronofy
import requests
from pycronofy import settings
from pycronofy.exceptions import PyCronofyRequestError

from demo.people import Person
from demo.server import Application, Server
from demo.table import wait_until
from demo.telling import Narrator
from demo.world import World

_SCOPE, _MORE = "scope_missing", "calendar_not_elevated"


class NotAsExpected(Exception):
    """The story can not go on: something it is about did not come to be."""


@dataclass
class Stage:
    """``booking``: the application, as a developer registered it; ``sdk``: pycronofy in its hands."""

    narrator: Narrator
    world: World
    server: Server
    jane: Person
    marcel: Person
    booking: Application
    sdk: Any = None
    last: requests.Response = field(default_factory=requests.Response)
    calendars: dict[str, str] = field(default_factory=dict)

    def new_sdk(self) -> Any:
        """pycronofy, unmodified: its own settings lead it here, its own hook shows what it is answered."""
        settings.API_BASE_URL = settings.APP_BASE_URL = self.server.url
        settings.REQUEST_HOOK = {"response": self._answered}
        return pycronofy.Client(client_id=self.booking.client_id, client_secret=self.booking.client_secret)

    def _answered(self, answer: requests.Response, *_: object, **__: object) -> None:
        self.last = answer
        self.narrator.answered(answer)

    def authorize(self, person: Person, scope: str) -> Any:
        """Send a person through the consent flow for a scope; gives pycronofy with tokens."""
        sdk = self.new_sdk()
        page = person.consent_page(sdk.user_auth_link(self.booking.redirect_uri, scope=scope, state="a b&c"))
        self.narrator.expect(page.title == f"{self.booking.name} asks for access to your calendar", "consent is asked")
        for sentence in page.section("It will be able to"):
            self.narrator.say(f"  + {sentence}")
        for sentence in page.section("It will not be able to"):
            self.narrator.say(f"  - {sentence}")
        back = person.browser.press("Allow")
        self.narrator.expect(back.answer.get("state") == "a b&c", "the browser is back, with the state unchanged")
        sdk.get_authorization_from_code(back.answer["code"])
        return sdk

    def refused(self, what: str, call: Callable[[], object], code: str = _SCOPE, status: int = 403) -> None:
        """Something the application may not do: it is answered with the reason and the way out, and nothing else."""
        try:
            call()
        except (PyCronofyRequestError, KeyError):  # create_calendar looks for "errors" in every failure
            body = self.last.json()
            told = set(body) == {"code", "reason", "remedy"} and body["code"] == code
            self.narrator.expect(self.last.status_code == status and told, f"refused: {what}")
        else:
            self.narrator.expect(False, f"refused: {what}")  # noqa: FBT003  it was not

    def refused_more(self, what: str, call: Callable[[], object]) -> None:
        """Refused because the calendar is in the sandbox."""
        self.refused(what, call, _MORE)

    def copied(self) -> None:
        """Wait for the first copy of what has just been connected."""
        self.narrator.quiet = True
        done = wait_until(lambda: not self.sdk.list_profiles()[0]["profile_initial_sync_required"])
        self.narrator.quiet = False
        self.narrator.expect(done, "the server has copied the calendars")

    def event(self, summary: str, **of_library: object) -> dict[str, Any]:
        """The one event of that title that the application can read."""
        found = [one for one in self.sdk.read_events(**of_library).all() if one["summary"] == summary]
        if len(found) != 1:
            raise NotAsExpected(f'{len(found)} events with the title "{summary}"')
        return dict(found[0])
