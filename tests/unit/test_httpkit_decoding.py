"""JSON, queries and forms: what is taken, and what is named when it is not."""

import time
from contextlib import suppress
from typing import Any

import pytest

from calwarden.domain.errors import Problem
from calwarden.httpkit.forms import FormError, parse_form
from calwarden.httpkit.jsontext import JsonError, parse_json
from calwarden.httpkit.shapes import ABSENT, Flag, Items, Plain, Problems, Record, Stated, Text, Whole, read_fields


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b"[]", []),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": 999999999999, "b": -1.5}', {"a": 999_999_999_999, "b": -1.5}),
        (b'{"a": "[[[{{{\\"[[["}', {"a": '[[[{{{"[[['}),
        (b"[" * 40 + b"]" * 40, None),
    ],
)
def test_ordinary_json_is_taken(body: bytes, value: object) -> None:
    read = parse_json(body)
    assert value is None or read == value


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"x": {"a": 1, "\\u0061": 2}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "NaN"),
        (b'{"a": 1e999}', "infinite"),
        (b'{"a": 1000000000000}', "digits"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "digits"),
        (b"[" * 41 + b"]" * 41, "nested"),
        (b'{"a": [' + b"1," * 50_000 + b"1]}", "50,000"),
        (b'{"a": [' + b"{}," * 30_000 + b"{}]}", "50,000"),
        (b'{"a":' * 40_000, "nested"),
        (b'{"a":' * 100_000, "50,000"),
        (b'["' + b'\\"[' * 50 + b'"]' + b"[" * 42, "nested"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b"{'a': 1}", "JSON"),
        (b'{"a": 1} {}', "JSON"),
        (b'{"a": "line\nbreak"}', "JSON"),
        (b'{"a": tru', "JSON"),
    ],
)
def test_hostile_json_is_named_and_not_repeated(body: bytes, says: str) -> None:
    with pytest.raises(JsonError, match=says) as caught:
        parse_json(body)
    assert len(str(caught.value)) < 80


def test_commas_and_brackets_in_text_are_no_values() -> None:
    assert parse_json(b'{"a": "' + b",[" * 60_000 + b'"}') == {"a": ",[" * 60_000}
    assert len(parse_json(b"[" + b"1," * 49_000 + b"1]")) == 49_001


def test_a_megabyte_of_anything_is_judged_in_no_time() -> None:
    """It is read before anybody has shown a token, and everybody else waits meanwhile."""
    unclosed, ending_in_an_escape = b'{"' + b"[" * 41 + b'\\"' * 490_000, b'{"' + b"[" * 41 + b'\\"' * 490_000 + b"\\"
    begun = time.process_time()
    for body in (unclosed, ending_in_an_escape, b"[" * 990_000, b'["' + b"[" * 990_000):
        with pytest.raises(JsonError):
            parse_json(body)
    for text in ("&a" * 490_000, "a=%41&" * 160_000, "a[b]&" * 190_000, "a[" * 490_000, "&" * 990_000):
        with suppress(FormError):
            parse_form(text)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("a=1&b=x+y%20z", {"a": "1", "b": "x y z"}),
        ("state=&a=1&=", {"a": "1"}),
        ("calendar_ids[]=a&calendar_ids[]=b", {"calendar_ids": ["a", "b"]}),
        ("calendar_ids%5B%5D=a", {"calendar_ids": ["a"]}),
        ("calendar_ids=a&calendar_ids=b&calendar_ids=c", {"calendar_ids": ["a", "b", "c"]}),
        ("calendar_ids=a&calendar_ids[]=b", {"calendar_ids": ["a", "b"]}),
        ("calendar_ids[]=", {}),
        ("location[description]=Hall&location[lat]=1", {"location": {"description": "Hall", "lat": "1"}}),
        (
            "invite[][email]=a&invite[][name]=A&invite[][email]=b",
            {"invite": [{"email": "a", "name": "A"}, {"email": "b"}]},
        ),
        ("invite[1][email]=b&invite[0][email]=a", {"invite": [{"email": "a"}, {"email": "b"}]}),
        ("a[b]c=1&a]=2", {"a[b]c": "1", "a]": "2"}),
        ("a=%C3%BC", {"a": "ü"}),
        ("a;b=1", {"a;b": "1"}),
    ],
)
def test_queries_and_forms_are_taken_apart_in_the_notation_of_the_sdks(text: str, values: dict[str, Any]) -> None:
    assert parse_form(text).values == values


@pytest.mark.parametrize("text", ["a=%FF", "%ED%A0%80=1", "a=1&a[b]=2", "&".join(f"a{n}=1" for n in range(201))])
def test_forms_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(FormError):
        parse_form(text)


def test_what_is_stated_twice_is_remembered_even_if_one_is_empty() -> None:
    form = parse_form("code=a&code=&state=x")
    assert form.repeated == {"code"}
    assert form.values == {"code": "a", "state": "x"}


def read(shape: Any, value: object) -> tuple[Any, list[str]]:
    wrong = Problems()
    return shape.read(value, "x", wrong), [f"{at} {one.key}" for at, found in wrong.found.items() for one in found]


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "1"])
def test_a_boolean_of_a_query_is_read_in_any_case(text: str) -> None:
    assert read(Flag(), Plain(text)) == (True, [])
    assert read(Flag(), text) == (ABSENT, ["x errors.must_be_boolean"])


@pytest.mark.parametrize("value", [Plain("yes"), Plain("2"), 1, 0, "false", [], [Plain("true"), Plain("true")]])
def test_anything_else_is_no_boolean(value: object) -> None:
    assert read(Flag(), value) == (ABSENT, ["x errors.must_be_boolean"])


@pytest.mark.parametrize(
    "text", ["a\0", "a\x1b", "a\x7f", "a\x85", "a\u2028", "a\u2029", "a\ud800", "a" + chr(0xDFFF), "a\n", "a\t"]
)
def test_controls_and_halves_of_characters_are_refused(text: str) -> None:
    assert read(Text(10), text)[1] == ["x errors.invalid_format"]
    assert (read(Text(10, lines=True), text)[0] == text) is (text in {"a\n", "a\t"})


def test_emoji_and_right_to_left_text_stay_as_they_are() -> None:
    text = "\U0001f469\u200d\U0001f680 \u05e9\u05dc\u05d5\u05dd \u202b\u0645\u0631\u062d\u0628\u0627\u202c e\u0301"
    assert read(Text(100), text) == (text, [])


def test_text_is_measured_and_not_cut() -> None:
    assert read(Text(3), "abc") == ("abc", [])
    assert read(Text(3), "abcd") == (ABSENT, ["x errors.invalid_format"])


def test_a_whole_number_is_neither_a_boolean_nor_a_fraction() -> None:
    assert read(Whole(0, 9), 7) == (7, [])
    assert read(Whole(0, 9), Plain("7")) == (7, [])
    for value in (True, 7.0, "7", 10, -1, None, Plain("7.0")):
        assert read(Whole(0, 9), value)[0] is ABSENT


def test_problems_are_named_by_dots_and_indexes() -> None:
    fields = {"people": Stated(Items(Record({"email": Stated(Text(5), required=True)}), 3))}
    wrong = Problems()
    values = read_fields(fields, {"people": [{"email": "a"}, {"email": 5}, {}]}, wrong)
    assert wrong.found == {
        "people[1].email": [Problem("errors.invalid_format", "must be text")],
        "people[2].email": [Problem("errors.required", "required")],
    }
    assert values["people"][0] == {"email": "a"}


def test_null_is_an_absence_unless_it_says_something() -> None:
    fields = {"a": Stated(Text(5)), "b": Stated(Text(5), nullable=True), "c": Stated(Text(5), required=True)}
    wrong = Problems()
    assert read_fields(fields, {"a": None, "b": None, "c": None, "unknown": 1}, wrong) == {"b": None}
    assert list(wrong.found) == ["c"]
