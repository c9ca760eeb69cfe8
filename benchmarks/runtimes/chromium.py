"""A renderer of Chromium with a large page, and what its memory-infra says of it.

It is asked over a pipe in the DevTools protocol: JSON, each message ended by a zero byte.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .base import PATIENCE, SOURCES, Claim, Missing, Owned, Program, Running, said_by

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    "--remote-debugging-pipe",
)
#: The allocators' dumps that are compared, and the names under which they are summed up.
_DUMPS = {"v8/main/heap": "V8 heap", "blink_gc": "Blink heap"}


class _Browser:
    """A browser that is asked, with its page; the process is the page's renderer."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._number = 0
        self._text = b""
        self._events: list[dict[str, Any]] = []
        self.pid = 0
        self.version = ""

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """One command, and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._events.append(answer)

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._text:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            part = os.read(self._read, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError("Chromium does not answer")
            self._text += part
        message, _, self._text = self._text.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def open(self, page: Path) -> None:
        """Show a page, wait until its script has run, and find its renderer."""
        target = self.call("Target.createTarget", url=page.as_uri())["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        end = time.monotonic() + PATIENCE
        while True:
            said = self.call("Runtime.evaluate", session, expression="document.title")
            if said["result"].get("value") == "ready":
                break
            if time.monotonic() > end:
                raise RuntimeError("the page did not become ready")
            time.sleep(0.05)
        self.call("HeapProfiler.collectGarbage", session)
        self.call("Target.detachFromTarget", sessionId=session)
        found = self.call("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [each["id"] for each in found if each["type"] == "renderer"]
        self.pid = max(renderers, key=_resident)

    def claims(self) -> list[Claim]:
        """See Running."""
        config = {
            "includedCategories": ["disabled-by-default-memory-infra"],
            "memoryDumpConfig": {"triggers": []},
        }
        self.call("Tracing.start", traceConfig=config, transferMode="ReportEvents")
        dumped = self.call("Tracing.requestMemoryDump", levelOfDetail="light")
        assert dumped["success"]
        self._events.clear()
        self.call("Tracing.end")
        while not any(each.get("method") == "Tracing.tracingComplete" for each in self._events):
            self._events.append(self._next())
        found: dict[str, int] = {}
        for event in self._events:
            for each in event.get("params", {}).get("value", []):
                if event.get("method") == "Tracing.dataCollected" and each.get("pid") == self.pid:
                    found |= _sizes(each)
        return [
            Claim((name,), f"memory-infra: {dump}", found[dump]) for dump, name in _DUMPS.items()
        ]

    def owned(self) -> Owned:
        """See Running: it tells no addresses."""
        return {}


def _sizes(event: dict[str, Any]) -> dict[str, int]:
    """Of one process's dump, the sizes that are compared."""
    dumps = event.get("args", {}).get("dumps", {}).get("allocators", {})
    return {
        name: int(dumps[name]["attrs"]["size"]["value"], 16)
        for name in _DUMPS
        if "size" in dumps.get(name, {}).get("attrs", {})
    }


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


@contextmanager
def _start(folder: Path) -> Iterator[Running]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise Missing("chromium is not installed (Debian: chromium)")
    to_read, write = os.pipe()
    read, to_write = os.pipe()
    # Chromium reads commands from descriptor 3 and answers on 4.
    script = f'exec 3<&{to_read} 4>&{to_write}; exec "$@"'
    arguments = ["bash", "-c", script, "-", found, *_FLAGS, f"--user-data-dir={folder / 'profile'}"]
    process = subprocess.Popen(
        arguments,
        pass_fds=(to_read, to_write),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(to_read)
    os.close(to_write)
    try:
        browser = _Browser(write, read)
        browser.version = said_by([found, "--version"])
        browser.open(SOURCES / "page.html")
        yield browser
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(write)
        os.close(read)


PROGRAM = Program(
    "chromium",
    "Chromium's renderer",
    "60 000 paragraphs and 1.5 million objects",
    _start,
)
