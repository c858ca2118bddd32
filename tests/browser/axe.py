"""axe-core, run in a page by the debugger: the page's own policy lets no script in."""

import sys
from functools import lru_cache
from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(sys.prefix) / "node/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@lru_cache
def _source() -> str:
    return _AXE.read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """What axe-core has against the page as it is shown: rule, element and cause."""
    page.evaluate(_source())
    found = page.evaluate("rules => axe.run({runOnly: rules})", _RULES)
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
