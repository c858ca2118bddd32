"""The documentation says what the code says, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from docs.generated import BLOCKS, DOCS, pattern

ROOT = DOCS.parent
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("examples/*/*.md"), ROOT / "conformance/README.md"])


@pytest.mark.parametrize("name", BLOCKS)
def test_what_is_made_from_the_code_is_up_to_date(name: str) -> None:
    page, make = BLOCKS[name]
    found = pattern(name).search((DOCS / page).read_text())
    assert found is not None
    assert found.group() == f"{found[1]}\n{make()}\n\n{found[2]}", "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_documentation_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_heading_that_is_linked_to_is_there(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
        text = (page.parent / target).read_text() if target else page.read_text()
        headings = [
            re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        ]
        assert anchor in headings


def test_every_picture_is_shown_and_small() -> None:
    shown = "".join(page.read_text() for page in PAGES)
    for picture in (DOCS / "pictures").iterdir():
        assert f"pictures/{picture.name})" in shown, picture
        assert picture.stat().st_size < 150_000, picture


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^\.PHONY: (\S+)", makefile, flags=re.MULTILINE):
        assert re.search(rf"^{target}:.*## \S", makefile, flags=re.MULTILINE), target


def test_the_lock_files_name_no_index_and_no_folder_of_a_machine() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"://|^-|^\s*--(?!hash)|(?<!\w)/(?:home|root|opt|tmp|work)", text, flags=re.MULTILINE)


def test_the_smaller_lock_files_are_parts_of_the_larger() -> None:
    pins = {
        name: dict(
            re.findall(r"^([\w.-]+)==(\S+)", (ROOT / f"requirements/{name}.txt").read_text(), flags=re.MULTILINE)
        )
        for name in ("runtime", "demo", "test")
    }
    assert pins["runtime"].items() <= pins["demo"].items() <= pins["test"].items()
