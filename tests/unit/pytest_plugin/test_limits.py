"""What a marker says, and what it may not say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from memory_watcher.pytest_plugin.limits import Limits, default_limit, limits_of

MI = 1 << 20


def limits(*args: Any, **words: Any) -> Limits:
    """What a marker with these arguments says; the marker itself is not known to this suite."""
    return limits_of(cast(pytest.Mark, SimpleNamespace(args=args, kwargs=words)), "a test")


def test_sizes_kinds_and_growth_are_understood() -> None:
    """Sizes are bytes; a kind is written as a keyword, in any case, under its own name then."""
    found = limits("200 MiB", heap="80 MiB", malloc_arena="1.5MiB", growth="1 MiB / run", at="end")
    assert (found.resident, found.growth, found.at) == (200 * MI, MI, "end")
    assert found.kinds == {"heap": 80 * MI, "malloc arena": 3 * MI // 2}
    assert limits(size="1M").resident == MI


@pytest.mark.parametrize("size", ["200", "-1 MiB", "x", "", 200, None, True, "9999999999 PiB"])
def test_a_size_that_is_none_is_refused(size: object) -> None:
    """The message names the test, the argument and how to write it."""
    with pytest.raises(pytest.UsageError, match=r"a test: limit_resident: heap: "):
        limits(heap=size)


def test_the_default_is_marked_as_one() -> None:
    """It is no test's own; none is no limit, and a wrong one names the ini option."""
    assert default_limit(" 1 GiB ") == Limits(resident=1 << 30, is_default=True)
    assert default_limit("  ") is None
    with pytest.raises(pytest.UsageError, match=r"memory_watcher_limit: .* has no unit"):
        default_limit("500")
