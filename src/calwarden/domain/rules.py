"""The one thing about a recurrence rule that both the Provider's text and our intended state must get right: UNTIL."""

import re

from calwarden.domain.times import EventTime, Zoned

_UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6}Z?)?", flags=re.ASCII)


def fit_until(rule: str, start: EventTime) -> str:
    """``rule`` with UNTIL of the kind of ``start``: a day for days, a moment in UTC else (RFC 5545 3.3.10)."""
    if isinstance(start, Zoned):
        return _UNTIL.sub(lambda found: found.group() if found.group(2) else f"{found.group()}T235959Z", rule)
    return _UNTIL.sub(lambda found: f"UNTIL={found.group(1)}", rule)
