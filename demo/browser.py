"""A browser without scripts: cookies, links, redirects and forms, as a person uses them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
from lxml import html

_HOPS = 10


class NotThere(Exception):
    """The page has no such button, link or field: whoever looks for it is on another page than they thought."""


@dataclass(frozen=True)
class Page:
    """Where the browser is. ``left``: it was sent to another site, whose answer does not matter here."""

    url: str
    status: int = 0
    text: str = ""
    left: bool = False

    @property
    def _tree(self) -> html.HtmlElement:
        return html.document_fromstring(self.text)

    @property
    def title(self) -> str:
        """The first heading."""
        return _words(self._tree.xpath("//h1")[0]) if self.text else ""

    @property
    def words(self) -> str:
        """What a person reads on it."""
        return _words(self._tree.xpath("//main")[0])

    def section(self, heading: str) -> tuple[str, ...]:
        """The list items under a heading."""
        path = f"//section[h2[normalize-space()={_quoted(heading)}]]//li"
        return tuple(_words(one) for one in self._tree.xpath(path))

    @property
    def entries(self) -> tuple[str, ...]:
        """Every list item."""
        return tuple(_words(one) for one in self._tree.xpath("//main//li"))

    @property
    def answer(self) -> dict[str, str]:
        """The parameters the other site is handed."""
        return dict(parse_qsl(urlsplit(self.url).query))

    def form(self, button: str) -> tuple[html.FormElement, html.HtmlElement]:
        """The form with this button. Raises NotThere."""
        for form in self._tree.forms:
            for one in form.xpath(".//button"):
                if _words(one) == button or one.get("aria-label") == button:
                    return form, one
        raise NotThere(f'no button "{button}" on "{self.title}" ({self.url}, {self.status})')

    def link(self, text: str) -> str:
        """The address behind a link. Raises NotThere."""
        for one in self._tree.xpath("//a[@href]"):
            if _words(one) == text:
                return str(urljoin(self.url, one.get("href")))
        raise NotThere(f'no link "{text}" on "{self.title}" ({self.url}, {self.status})')


class Browser:
    """One person's browser. Nothing is sent to any site but ``home``."""

    def __init__(self, home: str, seen: Callable[[httpx.Response], None] | None = None) -> None:
        """``seen`` is told every answer, redirects included."""
        self._home = home
        self._seen = seen or (lambda _: None)
        self._client = httpx.Client(
            timeout=60,
            trust_env=False,
            headers={"Accept": "text/html"},
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self.page = Page("about:blank")

    def open(self, url: str) -> Page:
        """Go to an address, by hand or by a link."""
        return self._go("GET", url)

    def follow(self, text: str) -> Page:
        """Click a link. Raises NotThere."""
        return self.open(self.page.link(text))

    def press(self, button: str, typed: Mapping[str, str] | None = None) -> Page:
        """Fill in the form that has this button and press it. Raises NotThere."""
        form, pressed = self.page.form(button)
        filled = dict(form.form_values())
        for name, value in (typed or {}).items():
            if name not in form.fields:
                raise NotThere(f'no field "{name}" on "{self.page.title}"')
            filled[name] = value
        if pressed.get("name"):
            filled[pressed.get("name")] = pressed.get("value", "")
        # What browsers say of a form on a page with Referrer-Policy: no-referrer.
        said = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        return self._go(form.method, urljoin(self.page.url, form.action or ""), filled, said)

    def _go(
        self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        for _ in range(_HOPS):
            if not url.startswith(f"{self._home}/"):
                self.page = Page(url, left=True)
                return self.page
            answer = self._client.request(method, url, data=form, headers=headers)
            self._seen(answer)
            if not answer.has_redirect_location:
                self.page = Page(url, answer.status_code, answer.text)
                return self.page
            method, url, form, headers = "GET", urljoin(url, answer.headers["location"]), None, None
        raise NotThere(f"too many redirects, the last to {url}")


def _words(node: html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


def _quoted(text: str) -> str:
    return f'"{text}"'
