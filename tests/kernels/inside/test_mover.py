"""A block of 16 MiB that moves about while its process is read, on any kernel."""

from __future__ import annotations

import logging
from pathlib import Path

from memory_watcher.model import LayoutState

from ...live.targets import Ticks, recorded
from ...live.test_consistency import mover, statm_is_exact, totals

log = logging.getLogger(__name__)


def test_no_wrong_total_is_marked_exact(tmp_path: Path) -> None:
    """Of 40 layouts none that is marked exact has a wrong total.

    Where statm is exact, none is unchecked; where it is not, the share that is unchecked is told.
    """
    file = tmp_path / "mover.db"
    with mover() as target:
        with Ticks(file, [target.pid]) as recording:
            for _ in range(40):
                recording.tick()
        found = recorded(file, target.pid)
    assert target.has_kept, "the target's totals changed, so that nothing can be told from them"
    states = [measurement.state for measurement, _ in found]
    told = {state.name.lower(): states.count(state) for state in sorted(set(states))}
    log.info("mover: %s", told)
    for measurement, layout in found:
        if measurement.state is LayoutState.EXACT:
            assert layout is not None
            assert totals(layout) == target.truth
    if statm_is_exact():
        assert LayoutState.UNCHECKED not in states
        assert states.count(LayoutState.EXACT) > 20
