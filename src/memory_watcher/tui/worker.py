"""The thread that asks a source, so that the UI never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import MemoryWatcherError
from .view import Opener, Question, Snapshot, Source


class Worker:
    """Answers the newest question, and answers it again when the source has something new.

    Questions never queue: one that was replaced before its turn is never answered.
    """

    def __init__(self, opener: Opener, question: Question) -> None:
        self._opener = opener
        self._question = question
        self._post: Callable[[Snapshot | Exception], None] = lambda _: None
        self._news = threading.Event()
        self._news.set()
        self._stopping = False
        self._opened = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="asker", daemon=True)

    def open(self) -> None:
        """Start, and wait until the source is open. Raises what opening it raises."""
        self._thread.start()
        self._opened.wait()
        self._raise()

    def post_to(self, post: Callable[[Snapshot | Exception], None]) -> None:
        """Tell where answers go; called from the worker's thread."""
        self._post = post
        self._news.set()

    def ask(self, question: Question) -> None:
        """Want this to be answered from now on."""
        self._question = question
        self._news.set()

    def close(self) -> None:
        """End the thread and close the source. Raises what went wrong meanwhile."""
        self._stopping = True
        self._news.set()
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        try:
            source = self._opener(self._news.set)
        except Exception as error:
            self._error = error
            return
        finally:
            self._opened.set()
        try:
            self._answer(source)
        except Exception as error:
            self._error = error
            self._post(error)
        finally:
            try:
                source.close()
            except MemoryWatcherError as error:
                self._error = self._error or error

    def _answer(self, source: Source) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            if self._stopping:
                return
            question = self._question
            for snapshot in source.snapshots(question):
                self._post(snapshot)
                if self._stopping:
                    return
