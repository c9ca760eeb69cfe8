"""What SIGKILL leaves at seeded instants: 30 of those that `make kills` tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..kills import kill

pytestmark = pytest.mark.live


@pytest.mark.parametrize("seed", range(30))
def test_killed(tmp_path: Path, seed: int) -> None:
    """The file opens, passes verify, and so does a copy of it with its -wal."""
    for folder in (tmp_path / "once", tmp_path / "again"):
        folder.mkdir()
        killed = kill(seed, folder)
        assert not killed.wrong, killed
        # The last second, and a tick in progress: on a busy machine ticks are late, once.
        if killed.lost is None or killed.lost < 3.0:
            return
    pytest.fail(str(killed))
