"""StallForecast: how long a process will be held up."""

from __future__ import annotations

import pytest

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
