"""The programs whose budgets are tested, and the ways in which they get worse."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
_REDIS = (
    "redis-server --port 0 --unixsocket redis.sock --save '' >/dev/null & sleep 1.5; kill $!; wait"
)


def commands(folder: Path) -> dict[str, list[str]]:
    """Each program's command line; those that this machine cannot run are left out."""
    found = {"python": [sys.executable, str(HERE / "work.py")]}
    if compiler := shutil.which("cc") or shutil.which("gcc"):
        program, library = folder / "work", folder / "libbudget-work.so"
        subprocess.run(
            [compiler, "-O1", "-fPIC", "-shared", "-o", library, HERE / "library.c"], check=True
        )
        subprocess.run(
            [compiler, "-O1", "-pthread", "-o", program, HERE / "work.c", library], check=True
        )
        found["c"] = [str(program)]
    if node := shutil.which("node"):
        found["node"] = [node, str(HERE / "work.js")]
    if shutil.which("redis-server"):
        found["redis"] = ["sh", "-c", _REDIS]
    return found
