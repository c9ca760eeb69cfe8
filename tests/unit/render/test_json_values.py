"""JSON in pieces: what is written of a million groups is never held as one text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from memory_watcher.render.json_values import dump, pieces


@pytest.mark.parametrize("items", [[], [1], [{"a": None}, {"b": "\x7f"}]])
def test_an_iterator_is_written_as_a_list(items: list[Any]) -> None:
    """The same text, to the byte."""
    whole = {"before": 1, "list": items, "after": "x"}
    assert "".join(pieces({**whole, "list": iter(items)})) == dump(whole)
    assert json.loads(dump(whole)) == {"format_version": 1, **whole}


def test_items_are_asked_for_one_by_one() -> None:
    """The first is written before the second is made."""
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    told = pieces({"list": items()})
    while not made:
        next(told)
    assert made == [0]
