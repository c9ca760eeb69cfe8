"""How long reading a layout will hold its process up, before it is read. Pure.

While the kernel prints mappings it holds the lock of the address space: who maps or unmaps memory
waits. (Page faults do not, since Linux 6.4.) What it takes grows with pages and mappings: by what
they take on this machine, as far as that can be measured.
"""

from __future__ import annotations

from collections.abc import Callable

from ...procfs.walk_costs import WalkCosts

#: What the kernel needs at least for a resident page and a mapping. Of pages that are in no cache
#: it is 60 ns rather than 45.
PAGE_NS, MAPPING_NS = 60, 2_700

#: Pages of a large process are in no cache: they take so much more than those of this one.
_OF_LARGE = 4 / 3

#: Layouts that should take less than this say nothing about the machine.
_TELLING_NS = 500_000
#: How fast it is forgotten that the machine was slow once.
_WEIGHT = 0.1


class StallForecast:
    """By what was measured on this machine, and what is learnt from all its layouts."""

    def __init__(
        self, measure: Callable[..., WalkCosts | None] = lambda now_ns, *, again: None
    ) -> None:
        """`measure` is that of a WalkMeter: it tells None where the rule has to do."""
        self._measure = measure
        self._page_ns, self._mapping_ns = float(PAGE_NS), float(MAPPING_NS)
        self._slowness = 1.0

    def measure(self, now_ns: int, *, again: bool) -> None:
        """Measure what a page and a mapping cost, if that was not done, or once more (`again`).

        What is below the rule is not trusted: this process may have what others have not.
        """
        if (costs := self._measure(now_ns, again=again)) is not None:
            self._page_ns = max(_OF_LARGE * costs.page_ns, PAGE_NS)
            self._mapping_ns = max(costs.mapping_ns, MAPPING_NS)

    def expected_ns(self, pages: int, mappings: int) -> int:
        """Time that the kernel needs for so many resident pages in so many mappings."""
        return round(self._slowness * self._measured_ns(pages, mappings))

    def _measured_ns(self, pages: int, mappings: int) -> float:
        return pages * self._page_ns + mappings * self._mapping_ns

    def learn(self, took_ns: int, pages: int, mappings: int) -> None:
        """Take account of what reading a layout took; huge pages take less, which is no rule."""
        expected_ns = self._measured_ns(pages, mappings)
        if expected_ns < _TELLING_NS:
            return
        by_rule_ns = pages * PAGE_NS + mappings * MAPPING_NS
        slowness = max(took_ns, by_rule_ns) / expected_ns
        if slowness < self._slowness:
            slowness = self._slowness + _WEIGHT * (slowness - self._slowness)
        self._slowness = slowness
