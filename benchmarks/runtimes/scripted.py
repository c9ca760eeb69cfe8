"""Programs in the runtime's own language: each says when it is ready, and then answers in JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .base import PATIENCE, SOURCES, Claim, Missing, Owned, Program, Running, said_by, tool

Answer = Mapping[str, Any]


class Answering:
    """A program that answers each line with one line of JSON, and ends with its input."""

    def __init__(
        self,
        process: subprocess.Popen[str],
        version: str,
        claims: Callable[[Answer], list[Claim]],
    ) -> None:
        self._process = process
        self._claims = claims
        self.version = version

    @property
    def pid(self) -> int:
        """Its PID."""
        return self._process.pid

    def ask(self) -> Answer:
        """What it says of its memory now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer: Answer = json.loads(self._process.stdout.readline())
        return answer

    def claims(self) -> list[Claim]:
        """See Running."""
        return self._claims(self.ask())

    def owned(self) -> Owned:
        """See Running."""
        found: Owned = self.ask().get("owned", {})
        return found


@contextmanager
def answering(
    command: Sequence[str],
    version: str,
    claims: Callable[[Answer], list[Claim]],
    **variables: str,
) -> Iterator[Running]:
    """Start it, and wait until it is ready."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{command[0]} did not start")
            yield Answering(process, version, claims)
        finally:
            process.kill()


@contextmanager
def _node(_: Path) -> Iterator[Running]:
    node = tool("node", "nodejs")
    command = [node, str(SOURCES / "objects.js")]

    def claims(answer: Answer) -> list[Claim]:
        return [Claim(("V8 heap", "V8 code"), "heapTotal", answer["heapTotal"])]

    with answering(command, said_by([node, "--version"]), claims) as running:
        yield running


@contextmanager
def _go(folder: Path) -> Iterator[Running]:
    go = tool("go", "golang-go")
    program = folder / "objects"
    subprocess.run(
        [go, "build", "-o", program, SOURCES / "objects.go"],
        env={**os.environ, "GOCACHE": str(folder / "cache"), "GO111MODULE": "off"},
        timeout=PATIENCE,
        check=True,
    )

    def claims(answer: Answer) -> list[Claim]:
        own = answer["HeapSys"] + answer["StackSys"] - answer["HeapReleased"]
        return [Claim(("Go heap",), "HeapSys + StackSys - HeapReleased", own)]

    with answering([str(program)], said_by([go, "version"]), claims) as running:
        yield running


@contextmanager
def _numpy(_: Path) -> Iterator[Running]:
    found = said_by(
        [sys.executable, "-c", "try: import numpy; print(numpy.__version__)\nexcept ImportError: 0"]
    )
    if not found:
        raise Missing("NumPy is not installed (PyPI: numpy)")

    def claims(answer: Answer) -> list[Claim]:
        return [Claim(("NumPy arrays",), "nbytes", answer["nbytes"])]

    # One thread of OpenBLAS: its number is the machine's, and so would be what is measured.
    command = [sys.executable, str(SOURCES / "arrays.py")]
    with answering(command, found, claims, OPENBLAS_NUM_THREADS="1") as running:
        yield running


@contextmanager
def _python(_: Path) -> Iterator[Running]:
    def claims(answer: Answer) -> list[Claim]:
        own = answer["arenas"] + answer["blocks"]
        return [Claim(("Python heap",), "arenas of pymalloc + hblkhd of malloc", own)]

    version = said_by([sys.executable, "--version"])
    with answering([sys.executable, str(SOURCES / "objects.py")], version, claims) as running:
        yield running


@contextmanager
def _luajit(_: Path) -> Iterator[Running]:
    luajit = tool("luajit", "luajit")

    def claims(answer: Answer) -> list[Claim]:
        return [Claim(("LuaJIT heap",), 'collectgarbage("count")', answer["count"])]

    version = said_by([luajit, "-v"])
    with answering([luajit, str(SOURCES / "objects.lua")], version, claims) as running:
        yield running


NODE = Program("node", "Node.js", "2 million objects", _node)
GO = Program("go", "Go", "2 million objects", _go)
NUMPY = Program("numpy", "NumPy", "24 arrays of 4 MiB", _numpy)
PYTHON = Program(
    "python", "Python", "1 million tuples and strings, 30 MiB of bytes, 20 threads", _python
)
LUAJIT = Program("luajit", "LuaJIT", "100 000 strings of 1 KB", _luajit)
