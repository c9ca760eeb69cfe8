"""Processes to record, started for a benchmark and ended with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

_CHROMIUM_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
]

_BUSY_PAGE = """<!doctype html><title>busy</title><canvas id=c width=800 height=600></canvas>
<div id=d></div><script>
const kept = [], context = document.getElementById("c").getContext("2d")
const rows = document.getElementById("d")
let step = 0
setInterval(() => {
  step++
  kept.push(Array.from({length: 20000}, (_, k) => ({k, text: "x" + k + step})))
  if (kept.length > 30) kept.shift()
  for (let k = 0; k < 50; k++) {
    context.fillStyle = `hsl(${(step * 7 + k * 5) % 360} 80% 50%)`
    context.fillRect(Math.random() * 800, Math.random() * 600, 40, 40)
  }
  rows.append(Object.assign(document.createElement("p"), {textContent: "row " + step}))
  if (step % 50 == 0) rows.textContent = ""
  if (step % 20 == 0) new Uint8Array(new ArrayBuffer(8 << 20)).fill(step)
}, 30)
</script>
"""


class CommandedTarget:
    """A target that does something when told, and answers when it is done."""

    def __init__(self, script: str, *arguments: str) -> None:
        path = os.path.join(os.path.dirname(__file__), script)
        self._process = subprocess.Popen(
            [sys.executable, path, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._wait()

    def step(self) -> None:
        """Let it change its memory once."""
        assert self._process.stdin is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError("the benchmark's target ended early")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def churn() -> Iterator[CommandedTarget]:
    """About 2,100 mappings; each step changes 20 and, at times, makes or removes one."""
    target = CommandedTarget("churn_target.py")
    try:
        yield target
    finally:
        target.close()


@contextlib.contextmanager
def big() -> Iterator[CommandedTarget]:
    """2 GiB resident in 4 KiB pages; each step touches one page more."""
    target = CommandedTarget("big_target.py")
    try:
        yield target
    finally:
        target.close()


def sleepers(count: int) -> AbstractContextManager[list[int]]:
    """So many idle processes."""
    return _running(["sleep", "100000"], count)


def busy(count: int) -> AbstractContextManager[list[int]]:
    """So many processes that take and free memory all the time."""
    path = os.path.join(os.path.dirname(__file__), "busy_target.py")
    return _running([sys.executable, path], count)


@contextlib.contextmanager
def _running(command: list[str], count: int) -> Iterator[list[int]]:
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


@contextlib.contextmanager
def chromium() -> Iterator[tuple[int, int]]:
    """A headless Chromium with a busy page: the PIDs of the browser and of its busiest renderer."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = os.path.join(folder, "busy.html")
        with open(page, "w", encoding="utf-8") as file:
            file.write(_BUSY_PAGE)
        browser = subprocess.Popen(
            [
                CHROMIUM,
                *_CHROMIUM_FLAGS,
                f"--user-data-dir={folder}/profile",
                "--remote-debugging-port=0",
                f"file://{page}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield browser.pid, _busiest_renderer(browser)
        finally:
            browser.terminate()
            browser.wait()


def _busiest_renderer(browser: subprocess.Popen[bytes]) -> int:
    """Wait until a renderer has used more than a second of CPU."""
    while browser.poll() is None:
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if b"--type=renderer" not in file.read():
                        continue
                with open(f"/proc/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                if int(fields[11]) + int(fields[12]) > os.sysconf("SC_CLK_TCK"):
                    return int(pid)
        os.sched_yield()
    raise RuntimeError("Chromium ended early")
