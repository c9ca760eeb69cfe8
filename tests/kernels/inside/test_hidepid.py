"""/proc mounted with hidepid: a user sees only its own processes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from ...live.targets import Target, Ticks
from ...programs import rows, run
from ...rights import NOBODY
from .machine import hidden_processes

AS_NOBODY = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")


@pytest.mark.parametrize("how", [1, 2])
def test_processes_of_others(how: int) -> None:
    """Another user's process is refused in one line; the whole machine is what one may see."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Target() as roots,
        Target(AS_NOBODY) as own,
        hidden_processes(how),
    ):
        Path(folder).chmod(0o777)
        options = ("--period", "500ms", "--duration", "1", "--max-cpu", "0")
        refused = run(
            "memory-record",
            *("-p", str(roots.pid), *options, "--database-file", f"{folder}/refused.db"),
            before=AS_NOBODY,
        )
        assert refused.returncode == 1, refused.stderr
        assert refused.stderr.count("\n") == 1, refused.stderr
        assert str(roots.pid) in refused.stderr
        if how == 1:
            return  # what is listed is the same for both
        file = Path(folder) / "seen.db"
        seen = run("memory-record", *options, "--database-file", file, before=AS_NOBODY)
        assert seen.returncode == 0, seen.stderr
        found = {pid for (pid,) in rows(file, "SELECT pid FROM processes")}
        assert own.pid in found
        assert not {1, roots.pid} & found


def test_root_sees_all(tmp_path: Path) -> None:
    """For root nothing is hidden."""
    file = tmp_path / "all.db"
    with Target(AS_NOBODY) as target, hidden_processes(2), Ticks(file, [target.pid]) as recording:
        recording.tick()
    assert rows(file, "SELECT count(*) FROM readings WHERE rss IS NOT NULL") == [(1,)]
