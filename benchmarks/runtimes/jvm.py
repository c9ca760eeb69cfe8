"""A Java program with 300 threads, and what HotSpot's native memory tracking says of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .base import PATIENCE, SOURCES, Claim, Owned, Program, Running, said_by, tool

#: All is touched at the start: what is committed, as NMT counts, then is resident.
_OPTIONS = (
    *("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch"),
    *("-XX:NativeMemoryTracking=detail", "-XX:ReservedCodeCacheSize=32m"),
)
#: What NMT calls them.
_WORDS = {"Java heap": "Java Heap", "JVM code cache": "Code"}


class _Jvm:
    def __init__(self, pid: int, version: str) -> None:
        self.pid = pid
        self.version = version
        self._jcmd = tool("jcmd", "default-jdk-headless")

    def _ask(self, how: str) -> str:
        return subprocess.run(
            [self._jcmd, str(self.pid), "VM.native_memory", how],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout

    def claims(self) -> list[Claim]:
        """See Running."""
        text = self._ask("summary")
        found = []
        for name, word in _WORDS.items():
            match = re.search(rf"- +{word} \(reserved=\d+KB, committed=(\d+)KB\)", text)
            mapped = re.search(rf"- +{word} .*\n(?:.+\n)*? +\(mmap: .*committed=(\d+)KB", text)
            assert match, text
            size = int((mapped or match)[1])
            found.append(Claim((name,), f"NMT: {word}", size << 10))
        return found

    def owned(self) -> Owned:
        """See Running."""
        text = self._ask("detail")
        return {
            name: [
                (int(start, 16), int(end, 16))
                for start, end in re.findall(
                    rf"\[0x(\w+) - 0x(\w+)\] reserved (?:and committed )?\d+KB for {word}\b", text
                )
            ]
            for name, word in _WORDS.items()
        }


@contextmanager
def _start(folder: Path) -> Iterator[Running]:
    java = tool("java", "default-jdk-headless")
    javac = tool("javac", "default-jdk-headless")
    source = SOURCES / "Objects.java"
    subprocess.run([javac, "-d", folder, source], timeout=PATIENCE, check=True)
    with subprocess.Popen(
        [java, *_OPTIONS, "-cp", folder, "Objects"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the Java program did not start")
            yield _Jvm(process.pid, said_by([java, "-version"]))
        finally:
            process.kill()


PROGRAM = Program("jvm", "Java", "300 threads, heap of 512 MiB", _start)
