"""Sums over processes against the truth: all stopped, and smaps_rollup of each added up."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.sums import ABOVE, BELOW, command, record


@pytest.mark.parametrize("name", ["prefork", "retitled", "memfd", "remapped"])
def test_every_sum_is_true(tmp_path: Path, name: str) -> None:
    """Of programs that share memory, no pass that views take for a sum is off.

    At most 2 % above and 5 % below, but for what moved between the pass and the truth. The peak is
    none that never was: a sum is never above the highest truth.
    """
    with command(name) as options:
        outcome = record(tmp_path, options)
    above, below = outcome.worst()
    assert above <= ABOVE, outcome.sums
    assert below <= BELOW, outcome.sums
    assert len(outcome.shown) >= 3, outcome.sums
    highest = max(each["truth"] + each["drift"] for each in outcome.sums)
    assert max(each["pss"] for each in outcome.shown) <= highest * 1.02
