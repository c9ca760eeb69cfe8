"""Which limit holds for a cgroup, and whose it is."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.cgroup_limits import Limit, limit_of, path_above

NONE = "stat.hierarchical_memory_limit"


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, None),
        ({"max": None}, None),
        ({"max": 5}, Limit(5)),
        ({"max": 5, "above.max": 5, "above.max_levels": 1}, Limit(5)),
        ({"max": 5, "above.max": 9, "above.max_levels": 1}, Limit(5)),
        ({"max": 5, "above.max": 4, "above.max_levels": 2}, Limit(4, 2)),
        ({"max": None, "above.max": 4, "above.max_levels": 1}, Limit(4, 1)),
        ({"max": None, "above.max": None, "above.max_levels": None}, None),
        # Version 1 says itself what holds: of one that is not seen, too.
        ({"max": None, NONE: 7, "above.max": 7, "above.max_levels": 3}, Limit(7, 3)),
        ({"max": None, NONE: 7}, Limit(7, None)),
        ({"max": 9, NONE: 7, "above.max": 8, "above.max_levels": 1}, Limit(7, None)),
        ({"max": 7, NONE: 7}, Limit(7)),
        ({"max": 7, NONE: 7, "above.max": 2, "above.max_levels": 1}, Limit(7)),
        ({"max": None, NONE: None, "above.max": 2, "above.max_levels": 1}, None),
    ],
)
def test_the_least_holds(figures: dict[str, int | None], expected: Limit | None) -> None:
    """Of its own and those above; of two that are the same it is its own."""
    assert limit_of(figures) == expected


def test_each_limit_has_its_own() -> None:
    """What is told of one limit says nothing of another."""
    told = {"max": 5, "high": None, "above.high": 3, "above.high_levels": 1}
    assert limit_of(told, "high") == Limit(3, 1)
    assert limit_of(told) == Limit(5)
    assert limit_of(told, "swap_max") is None


def test_owners() -> None:
    """The path of the one above; its own limit needs no name."""
    assert Limit(1, 1).owner("/a/b/c") == "/a/b"
    assert Limit(1, 2).owner("memory:/a/b/c") == "memory:/a"
    assert Limit(1, 0).owner("/a") is None
    assert Limit(1, None).owner("/a") is None
    assert path_above("/a", 1) == "/"
    assert path_above("/a", 9) == "/"
