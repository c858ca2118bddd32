"""What clients asked for and what they were told, and what may be in a calendar after that. Values only."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_TITLE = re.compile(r"^SUMMARY:(?P<title>\S+ v\d+)$", re.MULTILINE)


@dataclass
class Told:
    """One event. ``last``: the version of the last acknowledged write, None once it was deleted or before it was there.
    ``open``: versions of later writes that were asked for and never answered: any of them may be there, or none.
    """

    last: int | None = None
    open: list[int | None] = field(default_factory=list)
    acknowledged: int = 0

    def ask(self, version: int | None) -> None:
        self.open.append(version)

    def hear_yes(self) -> None:
        self.last, self.open = self.open[-1], []
        self.acknowledged += 1

    @property
    def allowed(self) -> set[int | None]:
        return {self.last, *self.open}


@dataclass(frozen=True)
class Seen:
    """One event of a listing: which it is, which version, and whether all of it is of that version."""

    name: str
    version: int
    whole: bool


@dataclass(frozen=True)
class Verdict:
    """Names of events: ``lost``: acknowledged and not there; ``doubled``: there more than once; ``wrong``: there in a
    version that nobody was told of, or that was overwritten or deleted; ``torn``: in parts of two versions.
    """

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]
    torn: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.wrong or self.torn)


def judge(told: Mapping[str, Told], seen: Iterable[Seen]) -> Verdict:
    """Compare what was told with a whole listing. What is there and was never asked for is wrong, too."""
    listed = list(seen)
    counts = Counter(one.name for one in listed)
    versions = {one.name: one.version for one in listed}
    lost = (name for name, one in told.items() if name not in counts and None not in one.allowed)
    wrong = (name for name, version in versions.items() if name not in told or version not in told[name].allowed)
    return Verdict(
        tuple(sorted(lost)),
        tuple(sorted(name for name, count in counts.items() if count > 1)),
        tuple(sorted(wrong)),
        tuple(sorted({one.name for one in listed if not one.whole})),
    )


def title(name: str, version: int) -> str:
    return f"{name} v{version}"


def notes(name: str, version: int) -> str:
    """Long enough to be folded, and different in each version."""
    return f"{name} in version {version}. " * 8


def start(version: int) -> datetime:
    """Each version is at a time of its own, within the month that applications read by default."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=3)  # noqa: TID251
    return day + timedelta(minutes=version % (20 * 24 * 60))


def listed(text: str) -> Seen | None:
    """The event of a resource as clients of these tests write them; None: somebody else's."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "")
    found = _TITLE.search(unfolded)
    if found is None:
        return None
    name, version = parsed(found["title"])
    own = f"DTSTART:{start(version):%Y%m%dT%H%M%SZ}" in unfolded and notes(name, version).strip() in unfolded
    return Seen(name, version, own if name.startswith("own") else True)


def parsed(said: str) -> tuple[str, int]:
    name, _, version = said.rpartition(" v")
    return name, int(version)
