"""How long reading a layout will hold its process up, before it is read. Pure.

While the kernel prints mappings it holds the lock of the address space: who maps or unmaps memory
waits. (Page faults do not, since Linux 6.4.) What it takes grows with pages and mappings.
"""

from __future__ import annotations

#: What the kernel needs for a resident page and a mapping where measured; slower machines are
#: learnt from what their layouts take. Of pages that are in no cache it is 60 ns rather than 45.
PAGE_NS, MAPPING_NS = 60, 2_700

#: Layouts that should take less than this say nothing about the machine.
_TELLING_NS = 500_000
#: How fast it is forgotten that the machine was slow once.
_WEIGHT = 0.1


class StallForecast:
    """What is learnt from all layouts of a machine."""

    def __init__(self) -> None:
        self._slowness = 1.0

    def expected_ns(self, pages: int, mappings: int) -> int:
        """Time that the kernel needs for so many resident pages in so many mappings."""
        return round(self._slowness * (pages * PAGE_NS + mappings * MAPPING_NS))

    def learn(self, took_ns: int, pages: int, mappings: int) -> None:
        """Take account of what reading a layout took; huge pages take less, which is no rule."""
        by_rule_ns = pages * PAGE_NS + mappings * MAPPING_NS
        if by_rule_ns < _TELLING_NS:
            return
        slowness = max(took_ns / by_rule_ns, 1.0)
        if slowness < self._slowness:
            slowness = self._slowness + _WEIGHT * (slowness - self._slowness)
        self._slowness = slowness
