"""What every rule asks of every mapping, answered once: a layout may have 65,000 of them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache

from ..model import MappingUsage


def by_address(entries: Sequence[MappingUsage]) -> Sequence[int]:
    """Positions by address; a layout that is not torn is in this order already."""
    starts = [entry.mapping.start for entry in entries]
    if all(map(operator.le, starts, starts[1:])):
        return range(len(starts))
    return sorted(range(len(starts)), key=starts.__getitem__)


@lru_cache(maxsize=1024)
def flags_of(text: str | None) -> frozenset[str]:
    """The flags of a mapping (VmFlags): few texts differ. Empty where none was reported."""
    return frozenset((text or "").split())
