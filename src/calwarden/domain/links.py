"""Meeting links in texts: found in what people wrote, and put there for those whose calendar shows text alone.

Here, because the Provider's text and our intended state must say the same of one event.
"""

import re
from collections.abc import Iterable

_MEETING = re.compile(
    r"https://(?:[\w.-]{1,200}\.)?(?:zoom\.us/[jw]/|meet\.google\.com/|teams\.microsoft\.com/(?:l/meetup-join|meet)/"
    r"|teams\.live\.com/meet/|whereby\.com/|meet\.jit\.si/|webex\.com/(?:meet|join)/|gotomeet\.me/)[^\s<>\"]{1,2000}"
)
_JOIN = "Join: "


def meeting_link(texts: Iterable[str]) -> str | None:
    """The first link to an online meeting in ``texts``."""
    return next((match.group() for match in map(_MEETING.search, texts) if match), None)


def with_join(text: str, url: str | None) -> str:
    """``text`` with the joining details at its end (contract events 11)."""
    if not url or url in text:
        return text
    return f"{text}\n\n{_JOIN}{url}" if text else f"{_JOIN}{url}"


def without_join(text: str, url: str | None) -> str:
    """``text`` as it was before :func:`with_join`."""
    end = f"{_JOIN}{url}"
    if not url or not text.endswith(end):
        return text
    rest = text[: -len(end)]
    return rest.removesuffix("\n\n") if rest.endswith("\n\n") or not rest else text
