"""Generated drafts and resources: every field stated or not, texts of every kind, times in zones that change clocks."""

from datetime import date, timedelta

from hypothesis import strategies as st

from calwarden.domain.draft import UNSET, DraftPlace, DraftRule, EventDraft, Invitee
from calwarden.domain.times import Instant, Zoned
from calwarden.formats.icalendar import create
from ics import NOW, fixture

ZONES = ("Etc/UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns")

# As the API lets it in: no control characters, plain line ends. What a text means must survive whatever is in it.
alphabet = st.one_of(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"),
    st.sampled_from("\n\t\\;,:\"^'=% nN-"),
)
text = st.text(alphabet, max_size=200)
line = st.text(alphabet.filter(lambda one: one != "\n"), max_size=100)
link = st.builds("https://example.org/{}".format, st.text(st.sampled_from("abc?&=;,%/.-_~\"'^"), max_size=40))
email = st.builds("{}@example.org".format, st.text("abcXY.+-_'", min_size=1, max_size=12))
degrees = st.decimals(-90, 90, places=4).map(str)


def unset(strategy: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.one_of(st.just(UNSET), strategy)


@st.composite
def spans(draw: st.DrawFn) -> tuple[object, object]:
    if draw(st.booleans()):
        first = draw(st.dates(date(1971, 1, 1), date(2190, 1, 1)))
        return first, first + timedelta(days=draw(st.integers(1, 400)))
    at = draw(st.integers(31_536_000, 7_000_000_000))
    length = draw(st.sampled_from([0, 1, 900, 3_600, 86_400, 90_061]))
    tzid, other = draw(st.sampled_from(ZONES)), draw(st.sampled_from(ZONES))
    return Zoned(Instant(at), tzid), Zoned(Instant(at + length), other)


places = st.builds(DraftPlace, st.one_of(st.none(), line), degrees, degrees) | st.builds(DraftPlace, line)
rules = st.one_of(
    st.builds(
        DraftRule, st.sampled_from(["daily", "weekly", "monthly", "yearly"]), st.integers(1, 5), count=st.integers(1, 9)
    ),
    st.builds(
        DraftRule,
        st.just("weekly"),
        st.integers(1, 3),
        st.just(("MO", "FR")),
        until=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    ),
)
colors = st.from_regex(r"\A#[0-9A-Fa-f]{6}\Z")


@st.composite
def drafts(draw: st.DrawFn, *, new: bool = False) -> EventDraft:
    fields: dict[str, object] = {
        "summary": draw(unset(text)),
        "description": draw(unset(text)),
        "place": draw(unset(st.none() | places)),
        "url": draw(unset(st.none() | link)),
        "reminders": draw(unset(st.lists(st.integers(0, 40_320), max_size=5).map(tuple))),
        "reminders_create_only": draw(st.booleans()),
        "transparency": draw(unset(st.sampled_from(["opaque", "transparent"]))),
        "tentative": draw(unset(st.booleans())),
        "color": draw(unset(st.none() | colors)),
        "private": draw(unset(st.booleans())),
        "invite": tuple(draw(st.lists(st.builds(Invitee, email, line), max_size=4))),
        "remove": tuple(draw(st.lists(email, max_size=2))),
        "rule": draw(unset(st.none() | rules)),
        "join_url": draw(unset(st.none() | link)),
    }
    if new or draw(st.booleans()):
        fields["start"], fields["end"] = draw(spans())
    return EventDraft(**fields)  # type: ignore[arg-type]


KEPT = ("decorated-by-its-owner", "this-and-future", "weekly-with-a-moved-and-a-dropped-instance",
        "windows-zone-with-its-definition", "self-defined-zone-like-new-york")  # fmt: skip
resources = st.sampled_from(KEPT).map(fixture) | drafts(new=True).map(
    lambda draft: create("uid-1", draft, now=NOW, organizer="kim@example.org")
)
