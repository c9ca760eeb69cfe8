"""Runs every command that reads a recording on one file, in one process; a recorder comes last.

    python every_command.py FILE PROC PID [COMMAND ...]

PROC is a copy of a proc filesystem for the recorder. Prints one JSON object: the exit code and the
outputs of each command.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from pathlib import Path

READERS: dict[str, list[str]] = {
    "ls": ["ls", "FILE", "--json"],
    "ls as text": ["ls", "FILE"],
    "peak": ["peak", "FILE"],
    "peak of one": ["peak", "FILE", "--process-id", "1"],
    "explain": ["explain", "FILE", "--process-id", "1"],
    "kinds": ["kinds", "FILE", "--process-id", "1"],
    "kinds as JSON": ["kinds", "FILE", "--process-id", "1", "--json"],
    "explain all": ["explain", "FILE", "--json"],
    "mappings": ["peak", "FILE", "--process-id", "1", "--by", "mapping", "--json"],
    "replay": ["replay", "FILE", "--process-id", "1", "--plain"],
    "chart": ["chart", "FILE", "--process-id", "1", "-o", "chart.png"],
    "report": ["report", "FILE", "-o", "report.html"],
    "csv": ["export", "csv", "FILE", "-o", "-"],
    "fleet": ["fleet", "add", "dataset", "FILE"],
    "pprof": ["export", "pprof", "FILE", "--by", "name", "-o", "a.pb.gz"],
    "openmetrics": ["export", "openmetrics", "FILE", "-o", "a.om"],
    "verify": ["verify", "FILE"],
    "repair": ["repair", "FILE", "-o", "repaired.db"],
    "verify repaired": ["verify", "repaired.db"],
    "growth": ["growth", "FILE", "--json"],
    "budget": ["budget", "init", "FILE", "-o", "-"],
    "budget file": ["budget", "init", "FILE", "-o", "budget.toml"],
    "check": ["check", "--budget", "budget.toml", "FILE"],
    "diff": ["diff", "FILE", "repaired.db", "--json"],
}
ADDS = ["record", "--proc", "PROC", "-p", "PID", "-o", "FILE", "--duration", "1ms", "-q"]
AFTER = {
    "ls after": ["ls", "FILE", "--json"],
    "mappings after": ["peak", "FILE", "--process-id", "1", "--by", "mapping", "--json"],
    "verify after": ["verify", "FILE"],
}


def main(file: str, proc: str, pid: str, *chosen: str) -> None:
    """Run them where the file is; a path stands for its word."""
    from memory_watcher import cli

    words = {"FILE": file, "PROC": proc, "PID": pid}
    answers: dict[str, tuple[int, str, str]] = {}
    for name, arguments in {**READERS, "record": ADDS, **AFTER}.items():
        needed = {"chart": "matplotlib", "fleet": "pyarrow"}.get(name)
        if (chosen and name not in chosen) or (
            needed is not None and importlib.util.find_spec(needed) is None
        ):
            continue
        sys.argv = ["memory-watcher", *[words.get(word, word) for word in arguments]]
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main()
            except SystemExit as end:
                code = int(end.code or 0)
        out.flush()
        text = out.buffer.getvalue().decode("utf-8", "replace")
        answers[name] = code, text, err.getvalue()
    import memory_watcher

    package = str(Path(memory_watcher.__file__).parent)
    sys.stdout.write(json.dumps({"package": package, **answers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
