"""StallForecast: how long a process will be held up."""

from __future__ import annotations

import pytest

from memory_watcher.procfs.walk_costs import WalkCosts
from memory_watcher.record.throttle.stall import MAPPING_NS, PAGE_NS, StallForecast

PAGES = 256_000  # 1,000 MiB
BY_RULE = PAGES * PAGE_NS + 20 * MAPPING_NS


def test_by_pages_and_mappings() -> None:
    """1,000 MiB take some 15 ms, 65,530 mappings 177 ms."""
    forecast = StallForecast()
    assert 10_000_000 < forecast.expected_ns(PAGES, 20) < 20_000_000
    assert forecast.expected_ns(0, 65_530) == pytest.approx(177_000_000, rel=0.01)


def test_a_slow_machine_is_learnt_at_once() -> None:
    """One layout that took ten times as long tells of all others; it is forgotten slowly."""
    forecast = StallForecast()
    forecast.learn(10 * BY_RULE, PAGES, 20)
    assert forecast.expected_ns(PAGES, 20) == 10 * BY_RULE
    forecast.learn(BY_RULE, PAGES, 20)
    assert 8 * BY_RULE < forecast.expected_ns(PAGES, 20) < 10 * BY_RULE
    for _ in range(100):
        forecast.learn(BY_RULE, PAGES, 20)
    assert forecast.expected_ns(PAGES, 20) == pytest.approx(BY_RULE, rel=0.01)


def test_what_is_small_or_in_huge_pages_tells_nothing() -> None:
    """Of the first all is overhead; the next process may have small pages."""
    forecast = StallForecast()
    forecast.learn(1_000_000, 1000, 20)
    forecast.learn(BY_RULE // 100, PAGES, 20)
    assert forecast.expected_ns(PAGES, 20) == BY_RULE


def measured(*costs: WalkCosts | None) -> StallForecast:
    """One that was told what pages and mappings cost, the latest last."""
    told = iter(costs)
    forecast = StallForecast(lambda now_ns, *, again: next(told))
    for _ in costs:
        forecast.measure(0, again=False)
    return forecast


def test_what_was_measured_on_this_machine_counts_before_the_first_layout() -> None:
    """Pages of a large process, which are in no cache, cost a third more than those measured."""
    forecast = measured(WalkCosts(90, 9_000))
    assert forecast.expected_ns(PAGES, 0) == PAGES * 120
    assert forecast.expected_ns(0, 1000) == 9_000_000


@pytest.mark.parametrize("costs", [None, WalkCosts(1, 1)])
def test_no_machine_is_taken_to_be_faster_than_the_rule(costs: WalkCosts | None) -> None:
    """What could not be measured, or was made up by an emulator, makes no layout cheap."""
    assert measured(costs).expected_ns(PAGES, 20) == BY_RULE


def test_a_later_measurement_takes_the_place_of_the_first() -> None:
    """The machine was busy at first: what was refused then is not refused for ever."""
    forecast = measured(WalkCosts(500, 9_000), WalkCosts(90, 2_700))
    assert forecast.expected_ns(PAGES, 20) == PAGES * 120 + 20 * MAPPING_NS


def test_layouts_tell_that_too_much_was_measured() -> None:
    """It is learnt little by little, and never that a machine is faster than the rule."""
    forecast = measured(WalkCosts(200, MAPPING_NS))
    before = forecast.expected_ns(PAGES, 20)
    forecast.learn(BY_RULE // 2, PAGES, 20)
    assert BY_RULE < forecast.expected_ns(PAGES, 20) < before
    for _ in range(200):
        forecast.learn(BY_RULE // 2, PAGES, 20)
    assert forecast.expected_ns(PAGES, 20) == pytest.approx(BY_RULE, rel=0.01)
