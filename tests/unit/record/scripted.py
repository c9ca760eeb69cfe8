"""A process whose files answer as a script says: what a live one would not do when asked to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import cast

import pytest

from memory_watcher.errors import NoPermission, NoSuchProcess, SourceError
from memory_watcher.procfs.buffer import BorrowedText, TextBuffer
from memory_watcher.procfs.held import HeldFiles
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.procfs.resting import RestingTable, Still, Watched
from memory_watcher.procfs.source import ProcSource
from tests.fakeproc import Area, FakeProc, FakeProcess, smaps_of

from .faketime import FakeTime

GONE = NoSuchProcess("process 7: no such process")
REFUSED = NoPermission("process 7: no permission")
BROKEN = SourceError("process 7: Input/output error")

Answer = bytes | SourceError


class ScriptedHeld:
    """What is read by name is what the script says; all else is in the folder."""

    def __init__(self, folder: HeldFiles, process: FakeProcess) -> None:
        self._folder = folder
        self.pid, self.directory = folder.pid, folder.directory
        self.kept: dict[str, int] = {}  # nothing: each reading asks the script
        self.thread: int | None = None
        self.process = process
        self.script: dict[str, list[Answer]] = {}
        self.reads: list[str] = []
        self.watching: dict[str, bytes] = {}

    def answer(self, name: str) -> bytes:
        self.reads.append(name)
        answers = self.script.get(name)
        answer = answers.pop(0) if answers else self.process.files()[name]
        if isinstance(answer, SourceError):
            raise type(answer)(*answer.args)
        return answer

    def small(self, name: str) -> bytes:
        return self.answer(name)

    def fill(self, buffer: TextBuffer, name: str, limit: int | None) -> BorrowedText:
        content = self.answer(name)
        return BorrowedText(bytearray(content), len(content))

    def watch(self, statm: bytes, name: str, text: bytes) -> Watched:
        self.watching = {"statm": statm, name: text}
        return cast(Watched, self)

    def is_still(self) -> bool:
        """Whether what is watched is said still."""
        with contextlib.suppress(SourceError):
            return all(self.answer(name) == text for name, text in self.watching.items())
        return False

    def says(self, still: Still) -> bool:
        with contextlib.suppress(SourceError):
            return self.answer(still.name) == still.text and self.answer("statm") == still.statm
        return False

    def close(self) -> None:
        self._folder.close()

    def close_kept(self) -> None:
        """Nothing is kept."""

    def lacks(self, name: str) -> bool:
        return self._folder.lacks(name)

    def lacks_rollup(self) -> bool:
        return self._folder.lacks_rollup()

    def threads(self) -> list[int]:
        return self._folder.threads()

    def thread_file(self, tid: int, name: str) -> bytes:
        return self._folder.thread_file(tid, name)

    def write(self, name: str, data: bytes) -> None:
        self._folder.write(name, data)


class NotedRests:
    """Notes until when a process rests, in the place of the table of all that do."""

    def __init__(self) -> None:
        self.until: int | None = None

    def put(self, pid: int, until_ns: int, watched: Watched) -> None:
        self.until = until_ns

    def drop(self, pid: int) -> None:
        self.until = None


class ScriptedFiles(ProcessFiles):
    """`script` holds answers to come, by file name; then a file says what `process` says."""

    def __init__(self, proc: FakeProc, process: FakeProcess) -> None:
        proc.put(process)
        directory = os.open(proc.root / str(process.pid), os.O_RDONLY | os.O_DIRECTORY)
        source = ProcSource(str(proc.root))
        self.rests = NotedRests()
        source.resting = cast(RestingTable, self.rests)
        folder = HeldFiles(process.pid, directory, keep_open=False)
        self._scripted = ScriptedHeld(folder, process)
        super().__init__(source, cast(HeldFiles, self._scripted))

    @property
    def process(self) -> FakeProcess:
        return self._scripted.process

    @process.setter
    def process(self, process: FakeProcess) -> None:
        self._scripted.process = process

    @property
    def script(self) -> dict[str, list[Answer]]:
        return self._scripted.script

    @property
    def reads(self) -> list[str]:
        return self._scripted.reads

    @property
    def watching(self) -> dict[str, bytes]:
        return self._scripted.watching

    def says(self, name: str, *answers: Answer) -> None:
        """Let a file give these answers first, one after the other."""
        self.script[name] = list(answers)

    def always(self, name: str, answer: Answer) -> None:
        """Let a file give this answer from now on."""
        self.script[name] = [answer] * 1000

    def count(self, name: str) -> int:
        """How often a file was read since this was last asked."""
        number = self.reads.count(name)
        self.reads[:] = [each for each in self.reads if each != name]
        return number


def smaps_takes(
    monkeypatch: pytest.MonkeyPatch, time: FakeTime, *, now: int = 0, cpu: int = 0
) -> None:
    """Let each reading of a smaps take so long, and so much CPU time, in ns."""
    real = ScriptedFiles.smaps

    def slow(files: ScriptedFiles, limit: int | None = None) -> BorrowedText:
        time.now += now
        time.cpu += cpu
        return real(files, limit)

    monkeypatch.setattr(ScriptedFiles, "smaps", slow)


def moved(areas: Sequence[Area], *, rss: int) -> bytes:
    """Smaps as it is torn: the last mapping shows another RSS than statm counts."""
    return smaps_of([*areas[:-1], areas[-1]._replace(rss=rss)])
