"""The recorder's own cost in words."""

from __future__ import annotations

import pytest

from memory_watcher.answers.cost import RunCost
from memory_watcher.render.cost_text import cost_text
from memory_watcher.units import MILLISECOND, SECOND


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.00123, "0.12 %"), (0.0523, "5.2 %"), (0.1, "10 %"), (0.996, "100 %"), (1.02, "102 %")],
)
def test_shares_read_as_people_write_them(share: float, text: str) -> None:
    """Two digits, but never a power of ten: short recordings use a core for their start."""
    cost = RunCost(1, 410 * MILLISECOND, SECOND, share, None, (), None, None, 0)
    assert cost_text(cost) == f"{text} of one core: 410 ms in 1.0 s"
