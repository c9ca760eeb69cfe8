"""Lines that say in which container or service processes ran."""

from __future__ import annotations

from collections.abc import Sequence

from ..answers.places import Place
from .escape import escape
from .text_columns import label

#: So many are named.
_NAMED = 4


def place_labels(places: Sequence[Place]) -> list[str]:
    """The containers of some processes, or else their services; none if they are in none."""
    for title, texts in (
        ("container", [place.container_text for place in places]),
        ("service", [place.service for place in places]),
    ):
        distinct = list(dict.fromkeys(text for text in texts if text))
        if distinct:
            more = f" and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else ""
            return [label(title, ", ".join(map(escape, distinct[:_NAMED])) + more)]
    return []
