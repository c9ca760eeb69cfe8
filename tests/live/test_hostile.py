"""Twenty hostile processes of an ordinary user against root's recorder of the whole machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState

from .hostile import KINDS
from .hostile_run import python_of_nobody, run

pytestmark = pytest.mark.live


@pytest.mark.skipif(os.geteuid() != 0, reason="only root records other users' processes")
@pytest.mark.timeout(300)  # on a busy machine the first layouts take their turn for a minute
def test_all_at_once() -> None:
    """The recorder lives on, small; who does nothing wrong is recorded; a signal ends it.

    `make hostile` measures the bars over 5 minutes: lateness and CPU need a machine of one's own.
    """
    if python_of_nobody() is None:
        pytest.skip("there is no Python here that an ordinary user may run")
    # Not in pytest's folder: another run of pytest shuts that to others, and they could not go on.
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), 20)
    assert found.code == 0, found.said
    assert "Traceback" not in found.said
    assert "unexpected" not in found.said
    assert all(line.isprintable() for line in found.said.splitlines())
    assert found.lived >= len(KINDS) - 1
    assert found.peak_rss < 100e6
    assert found.size < 50 << 20
    assert LayoutState.EXACT in found.good_states
    assert set(found.good_states) <= {LayoutState.EXACT, LayoutState.NOT_TAKEN}
    assert found.end_s < 5
