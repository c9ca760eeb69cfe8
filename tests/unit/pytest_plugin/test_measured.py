"""Whether what was measured is within the limits."""

from __future__ import annotations

from typing import Any

import pytest

from memory_watcher.pytest_plugin.failure import explain
from memory_watcher.pytest_plugin.hooks import outliving
from memory_watcher.pytest_plugin.limits import At, Limits
from memory_watcher.pytest_plugin.measured import Growth, Measured, Over, exceeded

MI = 1 << 20
SECOND = 10**9


def measured(limits: Limits, *, mark: int = 120, facts: dict[str, Any] | None = None) -> Measured:
    """100 MiB when it began, so many at the peak, 110 at the end."""
    found = Measured(SECOND, 100 * MI, limits, facts=facts)
    found.finish(mark * MI, 110 * MI, 2 * SECOND)
    return found


@pytest.mark.parametrize(("at", "size"), [("peak", 120), ("end", 110), ("rise", 20)])
def test_resident_memory_at_each_moment(at: At, size: int) -> None:
    """A limit as high as what was measured holds, a byte less does not."""
    assert not list(exceeded(measured(Limits(size * MI, at=at))))
    (over,) = exceeded(measured(Limits(size * MI - 1, at=at)))
    assert isinstance(over, Over)
    assert (over.measured, over.limit) == (size * MI, size * MI - 1)


@pytest.mark.parametrize(("at", "size"), [("peak", 60), ("end", 30), ("rise", 50)])
def test_kinds_at_each_moment(at: At, size: int) -> None:
    """The highest of all layouts, the last one, or the highest less the one before."""
    facts = {
        "before": 100 * MI,
        "highest": 120 * MI,
        "kinds": {"heap": [10 * MI, 60 * MI, 30 * MI]},
    }
    limits = Limits(kinds={"heap": size * MI}, at=at)
    assert not list(exceeded(measured(limits, facts=facts)))
    (over,) = exceeded(measured(Limits(kinds={"heap": size * MI - 1}, at=at), facts=facts))
    assert isinstance(over, Over)


def test_what_no_layout_shows_is_not_within() -> None:
    """A peak above all layouts may have been of any kind; a kind that was never there is 0."""
    facts = {"before": 100 * MI, "highest": 100 * MI, "kinds": {"heap": [0, 0, 0]}}
    assert not list(exceeded(measured(Limits(kinds={"heap": 20 * MI}), facts=facts)))
    (why,) = exceeded(measured(Limits(kinds={"heap": 20 * MI - 1}), facts=facts))
    assert isinstance(why, str) and "20 MiB higher" in why
    assert not list(exceeded(measured(Limits(kinds={"malloc arena": 20 * MI}), facts=facts)))
    (why,) = exceeded(measured(Limits(kinds={"heap": MI})))
    assert why == "heap (peak): no layout was read"


def test_a_mark_that_could_not_be_reset_tells_only_what_is_above_it() -> None:
    """An old mark is no peak of this test: then the peak is what is known at least."""
    old = Measured(SECOND, 100 * MI, is_exact=False, mark_before=500 * MI)
    old.finish(500 * MI, 110 * MI, 2 * SECOND)
    assert (old.peak, old.is_exact) == (110 * MI, False)
    higher = Measured(SECOND, 100 * MI, is_exact=False, mark_before=500 * MI)
    higher.finish(501 * MI, 110 * MI, 2 * SECOND)
    assert (higher.peak, higher.is_exact) == (501 * MI, True)


@pytest.mark.parametrize(("at", "limit"), [("peak", 499), ("rise", 399)])
def test_a_limit_below_an_old_mark_cannot_be_judged(at: At, limit: int) -> None:
    """The peak may have been as high as the old mark: a limit above that holds, another may not."""

    def found(limit: int) -> list[Over | str]:
        old = Measured(SECOND, 100 * MI, Limits(limit * MI, at=at), False, mark_before=500 * MI)
        old.finish(500 * MI, 110 * MI, 2 * SECOND)
        return list(exceeded(old))

    assert found(limit + 1) == []
    (why,) = found(limit)
    assert isinstance(why, str) and "the kernel did not reset its mark" in why
    assert isinstance(found(9)[0], Over)


@pytest.mark.parametrize("at", ["peak", "end", "rise"])
def test_a_process_that_cannot_read_its_figures_is_not_within(at: At) -> None:
    """Where no descriptor is left, say: then it is not for want of a layout."""
    blind = Measured(SECOND, None, Limits(500 * MI, at=at), is_exact=False)
    blind.finish(None, None, 2 * SECOND)
    (why,) = exceeded(blind)
    assert isinstance(why, str) and "could not read its own figures" in why


def test_a_failure_has_15_lines_whatever_there_is_to_say() -> None:
    """Many limits, many changes and names with newlines and escapes do not make it longer."""
    changes = [["anonymous", f"/evil\n\x1b[31m{n}" * 50, 0, MI, MI] for n in range(8)]
    facts = {"before": 1, "highest": 2, "layouts": 9, "kinds": {}, "changes": changes, "others": 5}
    found = measured(Limits(), facts=facts)
    found.over = [Over(f"kind {n}", 2 * MI, MI) for n in range(20)]
    found.undecided, found.modules, found.threads = "why\nnot", 3, ("a\nb",) * 9
    found.set_up = found.peak
    lines = explain(found, "/tmp/x\n.db").split("\n")
    assert len(lines) <= 15
    assert lines[0] == "over its memory limit: kind 0: 2 MiB, limit 1 MiB (+1 MiB)"
    assert not any("\x1b" in line for line in lines)


def test_growth_is_that_of_the_weakest_round() -> None:
    """One round that grew is a cache that was filled; all three are a leak."""
    leak, cache = (measured(Limits(growth=MI)) for _ in range(2))
    leak.growth, cache.growth = Growth((9 * MI, 2 * MI, 3 * MI), 4), Growth((9 * MI, 0, 3 * MI), 4)
    (over,) = exceeded(leak)
    assert isinstance(over, Over) and over.measured == 2 * MI
    assert not list(exceeded(cache))


def test_a_process_belongs_to_the_test_in_which_it_was_started() -> None:
    """It is told if it lived on; of short tests all that may have started it are named."""
    ms = 10**6
    intervals = [
        (1000 * ms, 1500 * ms, "a"),
        (1501 * ms, 1503 * ms, "b"),
        (1504 * ms, 9000 * ms, "c"),
    ]

    def process(started: int, last: int, lives: bool = False) -> dict[str, Any]:
        return {"pid": 7, "name": "x", "started": started * ms, "last": last * ms, "lives": lives}

    def tests(*processes: dict[str, Any]) -> list[list[str]]:
        return [each["tests"] for each in outliving(intervals, list(processes))]

    assert tests(process(1200, 2500)) == [["a"]]
    assert tests(process(1200, 1500)) == []
    assert tests(process(1200, 1501)) == [["a"]]
    assert tests(process(1200, 1200, lives=True)) == [["a"]]
    assert tests(process(1498, 1200, lives=True)) == [["a", "b", "c"]]
    assert tests(process(500, 9999, lives=True)) == []  # before all tests
