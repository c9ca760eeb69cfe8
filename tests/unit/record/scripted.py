"""A process whose files answer as a script says: what a live one would not do when asked to."""

from __future__ import annotations

import os
from collections.abc import Sequence

from memory_watcher.errors import NoPermission, NoSuchProcess, SourceError
from memory_watcher.procfs.buffer import BorrowedText
from memory_watcher.procfs.process_files import ProcessFiles
from memory_watcher.procfs.resting import Still
from memory_watcher.procfs.source import ProcSource
from tests.fakeproc import Area, FakeProc, FakeProcess, smaps_of

GONE = NoSuchProcess("process 7: no such process")
REFUSED = NoPermission("process 7: no permission")
BROKEN = SourceError("process 7: Input/output error")

Answer = bytes | SourceError


class ScriptedFiles(ProcessFiles):
    """`script` holds answers to come, by file name; then a file says what `process` says."""

    def __init__(self, proc: FakeProc, process: FakeProcess) -> None:
        proc.put(process)
        directory = os.open(proc.root / str(process.pid), os.O_RDONLY | os.O_DIRECTORY)
        super().__init__(ProcSource(str(proc.root)), process.pid, directory, keep_open=False)
        self.process = process
        self.script: dict[str, list[Answer]] = {}
        self.reads: list[str] = []
        self.watching: dict[str, bytes] = {}
        self.rests_until: int | None = None

    def says(self, name: str, *answers: Answer) -> None:
        """Let a file give these answers first, one after the other."""
        self.script[name] = list(answers)

    def always(self, name: str, answer: Answer) -> None:
        """Let a file give this answer from now on."""
        self.script[name] = [answer] * 1000

    def count(self, name: str) -> int:
        """How often a file was read since this was last asked."""
        number = self.reads.count(name)
        self.reads = [each for each in self.reads if each != name]
        return number

    def _answer(self, name: str) -> bytes:
        self.reads.append(name)
        answers = self.script.get(name)
        answer = answers.pop(0) if answers else self.process.files()[name]
        if isinstance(answer, SourceError):
            raise type(answer)(*answer.args)
        return answer

    def small(self, name: str) -> bytes:
        return self._answer(name)

    def watch(self, statm: bytes, name: str, text: bytes) -> None:
        self.watching = {"statm": statm, name: text}

    def rest_until(self, time_ns: int) -> None:
        self.rests_until = time_ns

    def is_still(self) -> bool:
        try:
            watching = self.watching.items()
            return bool(watching) and all(self._answer(name) == text for name, text in watching)
        except SourceError:
            return False

    def is_as(self, still: Still) -> bool:
        try:
            return self._answer(still.name) == still.text and self._answer("statm") == still.statm
        except SourceError:
            return False

    def _fill(self, name: str, limit: int | None = None) -> BorrowedText:
        content = self._answer(name)
        return BorrowedText(bytearray(content), len(content))


def moved(areas: Sequence[Area], *, rss: int) -> bytes:
    """Smaps as it is torn: the last mapping shows another RSS than statm counts."""
    return smaps_of([*areas[:-1], areas[-1]._replace(rss=rss)])
