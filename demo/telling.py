"""What the demo says as it goes: what is done, the real HTTP answer in short, and whether it was as it has to be."""

import html
import json
import re
import shlex
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

import httpx
import requests

_WIDTH = 118
_BODY, _PATH = 106, 80
# Nothing secret is shown, not even for a minute; ids are cut, as nobody compares them by eye.
_SECRETS = re.compile(r'("(?:access_token|refresh_token|client_secret)": ?")[^"]+')
_CODES = re.compile(r"\b((?:code|csrf|state|iss|id|client_id)=)[^&]+")
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
        self.quiet = False
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
            body = f"(the page: {_heading(answer.text)})"
        self.exchange(str(request.method), str(request.url), answer.status_code, body or "")

    def command(self, words: Sequence[str], answer: str) -> None:
        """One command of the operator's, and what it answered."""
        self._line(f"      $ {shlex.join(['calwarden', *words])}", "2")
        for line in _lines(_short(answer)):
            self._line(f"             {line}", "2")

    def exchange(self, method: str, url: str, status: int, body: str) -> None:
        """Method, path and status, then the body in short."""
        if self.quiet:
            return
        path = _cut(_short(re.sub(r"^https?://[^/]+", "", url)), _PATH)
        self._line(f"      {method:<6} {path}", "2", end="  ")
        self._line(str(status), "32" if status < 400 else "33", end="\n")
        for line in _lines(_short(body)):
            self._line(f"             {line}", "2")

    def expect(self, truth: bool, sentence: str, instead: object = None) -> None:
        """Something that has to be so. If it is not, the demo has failed and goes on; ``instead`` is what is so."""
        self.checks += 1
        if truth:
            self._line("   ok ", "32", end="")
        else:
            self.failures.append(sentence)
            self._line("   NOT SO: ", "1;31", end="")
        self._line(sentence)
        if not truth and instead is not None:
            self._line(f"           but {instead}")

    def row(self, text: str) -> None:
        """A line as it is."""
        self._line(text)

    def paint(self, text: str, style: str) -> str:
        """``text`` in a style of the terminal, if it is one."""
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour and style else text

    def _line(self, text: str, style: str = "", end: str = "\n") -> None:
        self._out.write(self.paint(text, style) + end)
        self._out.flush()


def _heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", found[1])).split()) if found else "without a heading"


def _short(text: str) -> str:
    for pattern in (_SECRETS, _CODES, _IDS, _PAGES):
        text = pattern.sub(r"\1...", text)
    return text


def _lines(body: str) -> list[str]:
    """A body in short: the whole of a refusal, the beginning of anything else."""
    try:
        told = json.loads(body)
    except ValueError:
        return [_cut(" ".join(body.split()), _BODY)] if body else []
    if isinstance(told, dict) and {"code", "reason", "remedy"} == set(told):
        sentence = f"{told['code']}: {told['reason']}; to lift it, {told['remedy']}"
        return textwrap.wrap(sentence, _WIDTH - 13)
    return [_cut(json.dumps(told, ensure_ascii=False), _BODY)]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}... ({len(text)} characters)"
