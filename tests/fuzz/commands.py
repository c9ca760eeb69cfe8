"""Runs commands on a recording as in a shell, but each in a fork of a process that is warm."""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from memory_watcher import cli

#: What every command may take at most: seconds, and bytes of memory.
SECONDS = 10
MEMORY = 500 << 20
#: Every command that reads a recording, in each of its forms.
_FORMS = (
    ("peak", "FILE"),
    ("peak", "FILE", "--by", "kind", "--process-id", "1"),
    ("peak", "FILE", "--by", "mapping", "--process-id", "1", "--process-memory", "statm"),
    ("peak", "FILE", "--json"),
    ("peak", "FILE", "--measurement-time", "2018-08-17T15:58:30"),
    ("ls", "FILE"),
    ("ls", "FILE", "--json", "--sort", "pss"),
    ("chart", "FILE", "-o", "a.png"),
    ("chart", "FILE", "-o", "a.svg", "--process-id", "1", "--by", "kind"),
    ("report", "FILE", "-o", "a.html"),
    ("replay", "FILE", "--plain", "--process-id", "1"),
    ("replay", "FILE"),
    ("explain", "FILE"),
    ("explain", "FILE", "--process-id", "1", "--json"),
    ("growth", "FILE"),
    ("growth", "FILE", "--by", "kind", "--process-id", "1", "--json"),
    ("kinds", "FILE"),
    ("kinds", "FILE", "--process-id", "1", "--json"),
    ("diff", "FILE", "--at", "start", "--at-b", "peak"),
    ("diff", "FILE", "--by", "process", "--json"),
    ("repair", "FILE", "-o", "b.db"),
    ("budget", "init", "FILE", "-o", "-"),
    ("export", "csv", "FILE", "-o", "a.csv"),
    ("export", "pprof", "FILE", "-o", "a.pb.gz"),
    ("export", "perfetto", "FILE", "-o", "a.pftrace"),
    ("fleet", "add", "a.fleet", "FILE"),
    ("top",),
    ("verify", "FILE"),
)
COMMANDS = tuple(words for words in _FORMS if words[0] in cli.COMMANDS)
_EXPECTED = {"a.png", "a.svg", "a.html", "a.csv", "a.pb.gz", "a.pftrace", "a.fleet", "b.db"}


class Outcome(NamedTuple):
    """What a command did. `wrong` says what it must never do; empty if it did nothing of that."""

    code: int
    out: str
    error: str
    seconds: float
    memory: int
    wrong: str


def warm_up() -> None:
    """Load what every fork needs, once; not matplotlib's fonts, which are looked for at first."""
    for module in cli.COMMANDS.values():
        importlib.import_module(f"memory_watcher.cli.{module}")
    for name in (
        "store.recording",
        "answers.usages",
        "analysis.kinds",
        "render.tree_text",
        "report",
    ):
        importlib.import_module(f"memory_watcher.{name}")
    for name in ("chart", "process_text", "process_json", "system_text", "moment_text"):
        importlib.import_module(f"memory_watcher.render.{name}")
    for name in ("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.font_manager"):
        importlib.import_module(name)


def run_in_fork(words: tuple[str, ...], file: Path, folder: Path) -> Outcome:
    """Run a command in an empty folder of its own."""
    before = file.read_bytes()
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(words, file, folder)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    out, error = ((folder / name).read_text(errors="surrogateescape") for name in ("out", "error"))
    code = os.waitstatus_to_exitcode(status)
    memory = usage.ru_maxrss * 1024
    cpu = usage.ru_utime + usage.ru_stime
    wrong = _wrong(code, out, error) or _too_much(min(cpu, seconds), memory)
    written = {path.name for path in folder.iterdir()} - {"out", "error"}
    if written - _EXPECTED or (code and written):
        wrong = wrong or f"wrote {written}"
    if file.read_bytes() != before or set(file.parent.glob(f"{file.name}*")) != {file}:
        wrong = wrong or "changed the recording"
    return Outcome(code, out, error, seconds, memory, wrong)


def _become(words: tuple[str, ...], file: Path, folder: Path) -> None:
    """Be the command, to the end."""
    code = 70
    try:
        os.chdir(folder)
        for name, number in (("out", 1), ("error", 2)):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS * 3, SECONDS * 3))
        signal.alarm(SECONDS * 6)
        os.environ.pop("DISPLAY", None)
        sys.argv = ["memory-watcher", *(str(file) if word == "FILE" else word for word in words)]
        code = cli.main()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _wrong(code: int, out: str, error: str) -> str:
    if code not in (0, 1, 2) or "Traceback" in error or "of memory-watcher itself" in error:
        return f"exit {code}: {error[-2000:]}"
    if code and (len(error.splitlines()) != 1 or not error.rstrip("\n").isprintable()):
        return f"not one line: {error!r:.2000}"
    if code == 2 and "damaged" in error:
        return f"a damaged file is no usage error: {error}"
    odd = [line for line in (out + error).split("\n") if not line.isprintable()]
    return f"not printable: {odd[0]!r:.400}" if odd else ""


def _too_much(seconds: float, memory: int) -> str:
    if seconds > SECONDS:
        return f"took {seconds:.1f} s"
    return f"took {memory >> 20} MiB" if memory > MEMORY else ""
