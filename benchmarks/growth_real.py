"""Verdicts on real programs whose growth is known, each recorded for some minutes.

    python -m benchmarks.growth_real [SECONDS [RUNS]]      exit code 1 if a verdict is wrong

All programs of a run are recorded at once, at 1 s: a C compiler, Java, Node and Redis are used if
they are installed. Where something grows, that group has to come first, with the right word; and
nothing else may be called growing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

from .commands import console_script

SECONDS, RUNS = 240, 3
_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "growth")
_PORT = "7391"


class Program(NamedTuple):
    """A command, and the right verdict on the group in which it keeps its memory.

    A server goes on until it is told to end: it is recorded by its PID.
    """

    title: str
    command: list[str]
    group: str
    verdict: str
    is_server: bool = False


def programs(folder: str, seconds: int) -> Iterator[Program]:
    """All that can be run here."""
    time, script = str(seconds), os.path.join(_HERE, "programs.py")
    if shutil.which("gcc"):
        leaks = os.path.join(folder, "leaks")
        source = os.path.join(_HERE, "leaks.c")
        subprocess.run(["gcc", "-O1", "-pthread", "-o", leaks, source], check=True)
        yield Program("C heap leak", [leaks, "heap", time], "heap", "growing")
        yield Program("mmap leak", [leaks, "mmap", time], "anonymous", "growing")
        yield Program("thread stacks", [leaks, "threads", time], "thread stacks", "growing")
        yield Program("arenas after a burst", [leaks, "arenas", time], "malloc arenas", "step")
    python = [sys.executable, script]
    yield Program("Python list leak", [*python, "list_leak", time], "Python heap", "growing")
    yield Program("cache that fills", [*python, "cache", time], "heap", "saturating")
    yield Program("idle Python", [*python, "idle", time], "heap", "flat")
    if shutil.which("javac"):
        source = os.path.join(_HERE, "Garbage.java")
        subprocess.run(["javac", "-d", folder, source], check=True)
        java = ["java", "-Xms32m", "-Xmx32m", "-XX:+UseSerialGC", "-cp", folder, "Garbage", time]
        yield Program("Java's collector", java, "Java heap", "flat")
    if shutil.which("node"):
        limits = ["--max-old-space-size=64", "--max-semi-space-size=2"]
        node = ["node", *limits, os.path.join(_HERE, "garbage.js"), time]
        yield Program("Node's collector", node, "V8 heap", "flat")
    if shutil.which("redis-server"):
        redis = ["redis-server", "--port", _PORT, "--save", ""]
        yield Program("idle Redis", redis, "jemalloc", "flat", is_server=True)


def record_all(every: list[Program], folder: str, seconds: int) -> list[str]:
    """Record them at once; the paths of the recordings."""
    paths = [os.path.join(folder, f"{number}.db") for number in range(len(every))]
    servers = [start(each.command) for each in every if each.is_server]
    pids = iter([server.pid for server in servers])
    record = [console_script("memory-watcher"), "record", "-q", "--period", "1s"]
    record += ["--duration", f"{seconds}s"]
    recorders = [
        start([*record, "-o", path, "-p", str(next(pids))])
        if program.is_server
        else start([*record, "-o", path, "--", *program.command])
        for program, path in zip(every, paths, strict=True)
    ]
    for recorder in recorders:
        recorder.wait()
    for server in servers:
        server.terminate()
        server.wait()
    return paths


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Run it, and let it say nothing."""
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def judged(path: str) -> Any:
    """What `memory-watcher growth` says of a recording, with all its defaults."""
    command = [console_script("memory-watcher"), "growth", path, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def words_of(found: Any) -> dict[str, str]:
    """The verdict on each group."""
    return {group["name"]: group["verdict"] for group in found["groups"]}


def is_right(program: Program, found: Any) -> bool:
    """The right word for the group that matters, first if it grew, and nothing else growing."""
    words = words_of(found)
    first = program.verdict == "flat" or found["groups"][0]["name"] == program.group
    others = [word for name, word in words.items() if name != program.group]
    return words.get(program.group) == program.verdict and first and "growing" not in others


def main() -> int:
    """Print a line for each program and run."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    wrong = 0
    for run in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            every = list(programs(folder, seconds))
            for program, path in zip(every, record_all(every, folder, seconds), strict=True):
                found = judged(path)
                right = is_right(program, found)
                wrong += not right
                print(
                    f"run {run}  {program.title:22}  {program.group:14}"
                    f" {words_of(found).get(program.group, '-'):12} (should be {program.verdict})"
                    f"  total {found['total']['verdict']:12} {'' if right else 'WRONG'}",
                    flush=True,
                )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
