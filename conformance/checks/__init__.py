"""What the matrix can not show, in groups: each has a few tokens and events of its own."""

from collections.abc import Callable

from conformance.checks.answers import check_answers
from conformance.checks.bulk import check_bulk
from conformance.checks.calendars import check_calendars
from conformance.checks.conflicts import check_conflicts
from conformance.checks.elevation import check_elevation
from conformance.checks.foreign import check_foreign
from conformance.checks.freebusy import check_freebusy
from conformance.checks.ids import check_ids
from conformance.checks.tokens import check_tokens
from conformance.report import Report
from conformance.world import World

GROUPS: tuple[tuple[str, Callable[[World, Report], None]], ...] = (
    ("calendars", check_calendars),
    ("freebusy", check_freebusy),
    ("ids", check_ids),
    ("foreign", check_foreign),
    ("answers", check_answers),
    ("conflicts", check_conflicts),
    ("bulk", check_bulk),
    ("elevation", check_elevation),
    ("tokens", check_tokens),
)
"""In the order in which they are run; the matrix comes after them."""
