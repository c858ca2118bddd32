"""Whatever is sent, reading it ends in values or in named problems, never in an exception (security 7.1)."""

import json
from contextlib import suppress
from urllib.parse import quote, quote_plus

from hypothesis import given, settings
from hypothesis import strategies as st

from calwarden.api import OPERATIONS
from calwarden.api.v1.draft import DRAFT, draft_of
from calwarden.domain.draft import EventDraft
from calwarden.httpkit.forms import Form, FormError, parse_form
from calwarden.httpkit.jsontext import JsonError, parse_json
from calwarden.httpkit.shapes import Problems, read_fields

MOMENTS = st.sampled_from(
    ["2030-03-18T09:00:00Z", "2030-03-18", "2030-03-18 09:00:00+14:00", "2199-12-31", "1970-01-01", "9999-99-99", ""]
)
NAMES = st.sampled_from(
    [*DRAFT, "time", "tzid", "description", "lat", "long", "minutes", "email", "invite", "remove", "profile_id",
     "join_url", "rules", "frequency", "by_day", "day", "nth_of_period", "count", "until", "interval"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=20)
    | MOMENTS
    | st.sampled_from(["explicit", "none", "weekly", "monthly", "monday", "Europe/Paris", "a@example.org", "#49BED8"])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=25
)


@given(st.dictionaries(NAMES, VALUES, max_size=12))
@settings(max_examples=400)
def test_any_object_is_a_draft_or_says_what_is_wrong(stated: dict[str, object]) -> None:
    wrong = Problems()
    draft = draft_of(read_fields(DRAFT, stated, wrong), wrong)
    assert isinstance(draft, EventDraft)
    for name, problems in wrong.found.items():
        assert name.partition(".")[0].partition("[")[0] in DRAFT
        assert all(one.key.startswith("errors.") and one.description for one in problems)


@given(st.dictionaries(NAMES, VALUES, max_size=12))
@settings(max_examples=100)
def test_any_object_can_be_read_by_every_operation(stated: dict[str, object]) -> None:
    for one in OPERATIONS:
        read_fields(one.fields, stated, Problems())


@given(st.binary(max_size=200) | st.recursive(LEAVES, st.lists).map(lambda one: json.dumps(one).encode()))
def test_any_bytes_are_json_or_named(body: bytes) -> None:
    with suppress(JsonError):
        parse_json(body)


@given(st.text(st.sampled_from("ab[]=&%+0129ü\0"), max_size=60))
def test_any_text_is_a_form_or_named(text: str) -> None:
    with suppress(FormError):
        assert isinstance(parse_form(text), Form)


@given(st.dictionaries(st.text("abc", min_size=1), st.text(st.characters(codec="utf-8"), min_size=1), max_size=8))
def test_a_form_gives_back_what_was_put_in(fields: dict[str, str]) -> None:
    for escape in (quote, quote_plus):
        text = "&".join(f"{escape(name)}={escape(value)}" for name, value in fields.items())
        assert parse_form(text).values == fields
