"""What the demo says as it goes: what is done, the real HTTP answer in short, and whether it was as it has to be."""

import json
import re
import sys
import textwrap
from typing import TextIO

import httpx
import requests

_WIDTH = 118
_BODY = 220
# Nothing secret is shown, not even for a minute; ids are cut, as nobody compares them by eye.
_SECRETS = re.compile(r'("(?:access_token|refresh_token|client_secret)": ?")[^"]+')
_CODES = re.compile(r"((?:code|csrf|state|iss)=)[^&]+")
_IDS = re.compile(r"\b((?:cal|acc|pro|evt|evt_external)_[A-Za-z0-9]{4})[A-Za-z0-9_-]{5,}")
_PAGES = re.compile(r"(/(?:permissions|oauth/consent)/)[A-Za-z0-9_-]{8,}")


class Narrator:
    """Writes the account of the demo and counts what was not as expected."""

    def __init__(self, out: TextIO | None = None, *, colour: bool | None = None) -> None:
        """Colour: on a terminal, unless told otherwise."""
        self._out = out or sys.stdout
        self._colour = self._out.isatty() if colour is None else colour
        self._chapters = 0
        self.failures: list[str] = []
        self.checks = 0

    def chapter(self, title: str) -> None:
        self._chapters += 1
        self._line("")
        self._line(f"{self._chapters}. {title}", "1")

    def say(self, text: str) -> None:
        """A paragraph."""
        for line in textwrap.wrap(text, _WIDTH - 3):
            self._line(f"   {line}")

    def answered(self, answer: requests.Response | httpx.Response) -> None:
        """One exchange, as it went over the wire."""
        request = answer.request
        headers = answer.headers
        body = headers.get("location") if answer.status_code in range(300, 400) else answer.text
        if headers.get("content-type", "").startswith("text/html"):
            body = "(a page)"
        self.exchange(str(request.method), str(request.url), answer.status_code, body or "")

    def exchange(self, method: str, url: str, status: int, body: str) -> None:
        """Method, path and status, then the body in short."""
        path = _short(re.sub(r"^https?://[^/]+", "", url))
        self._line(f"      {method:<6} {textwrap.shorten(path, 88, placeholder='...')}", "2", end="  ")
        self._line(str(status), "32" if status < 400 else "33", end="\n")
        if body:
            self._line(f"             {_trimmed(_short(body))}", "2")

    def expect(self, truth: bool, sentence: str) -> None:
        """Something that has to be so. If it is not, the demo has failed and goes on."""
        self.checks += 1
        if truth:
            self._line("   ok ", "32", end="")
        else:
            self.failures.append(sentence)
            self._line("   NOT SO: ", "1;31", end="")
        self._line(sentence)

    def row(self, text: str) -> None:
        """A line as it is."""
        self._line(text)

    def paint(self, text: str, style: str) -> str:
        """``text`` in a style of the terminal, if it is one."""
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour and style else text

    def _line(self, text: str, style: str = "", end: str = "\n") -> None:
        self._out.write(self.paint(text, style) + end)
        self._out.flush()


def _short(text: str) -> str:
    for pattern in (_SECRETS, _CODES, _IDS, _PAGES):
        text = pattern.sub(r"\1...", text)
    return text


def _trimmed(body: str) -> str:
    """A body on one line, cut where it becomes long."""
    try:
        body = json.dumps(json.loads(body), ensure_ascii=False)
    except ValueError:
        body = " ".join(body.split())
    return body if len(body) <= _BODY else f"{body[:_BODY]}... ({len(body)} characters)"
