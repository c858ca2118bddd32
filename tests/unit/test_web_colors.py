"""Every pair of colours that text is shown in is told apart by weak eyes: WCAG 2.2, 1.4.3 and 1.4.11."""

import re
from importlib.resources import files

import pytest

STYLES = (files("calwarden.web") / "static" / "calwarden.css").read_text()
TEXT = [
    ("ink", "paper"), ("ink", "card"), ("ink", "accent-wash"), ("ink", "bad-wash"), ("ink", "warn-wash"),
    ("soft", "paper"), ("soft", "card"), ("soft", "accent-wash"), ("accent", "paper"), ("accent", "card"),
    ("accent", "accent-wash"), ("accent", "warn-wash"), ("accent-ink", "accent"), ("bad", "card"), ("bad", "bad-wash"),
    ("warn", "warn-wash"),
]  # fmt: skip
SIGNS = [("good", "card"), ("field", "card"), ("accent", "paper"), ("bad", "card")]


def scheme(name: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLES, flags=re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light if name == "light" else dark))


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_has_a_contrast_of_four_and_a_half(name: str) -> None:
    colors = scheme(name)
    weak = {pair: round(contrast(colors[pair[0]], colors[pair[1]]), 2) for pair in TEXT}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_signs_and_edges_of_fields_have_a_contrast_of_three(name: str) -> None:
    colors = scheme(name)
    assert [pair for pair in SIGNS if contrast(colors[pair[0]], colors[pair[1]]) < 3] == []


def test_both_schemes_name_the_same_colors() -> None:
    assert scheme("light").keys() == scheme("dark").keys()
