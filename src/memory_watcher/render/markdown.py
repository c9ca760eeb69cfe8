"""Tables in Markdown as GitHub and GitLab read it; names can say nothing in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .escape import escape

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~:@-])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def cell(text: str) -> str:
    """Any text, so that it is shown as it is: no markup, link, tag or new column."""
    shown = _SPECIAL.sub(r"\\\1", escape(text))
    return "".join(_HTML.get(character, character) for character in shown)


def table(titles: Sequence[str], numbers: Iterable[int], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells that are escaped already; `numbers` are the columns aligned to the right."""
    right = set(numbers)
    rule = ["---:" if column in right else "---" for column in range(len(titles))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, rule, *rows))
