"""Writes down what the containers of recorded processes are called, as they come."""

from __future__ import annotations

from ..analysis.containers import containers_in
from ..model import ProcessFacts
from ..procfs.cgroup import parse_memberships
from ..procfs.container_names import ContainerNames
from ..store.writer import Writer
from .sink import Sink
from .tee import Tee

#: So many containers are looked up after a pass: reading their files takes a part of a millisecond.
_AT_ONCE = 2


class ContainerBook:
    """Containers that were seen, and are to be looked up."""

    def __init__(self, names: ContainerNames, writer: Writer) -> None:
        self._names = names
        self._writer = writer
        self._seen: set[str] = set()
        self._waiting: list[str] = []

    def see(self, facts: ProcessFacts) -> None:
        """Note the containers that a process is in."""
        if facts.cgroup is None:
            return
        for membership in parse_memberships(facts.cgroup.encode("utf-8", "surrogateescape")):
            for container in containers_in(membership.path):
                if container.id not in self._seen:
                    self._seen.add(container.id)
                    self._waiting.append(container.id)

    def after_pass(self) -> None:
        """Look some of them up."""
        now, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        for container_id in now:
            if (told := self._names.of(container_id)) is not None:
                self._writer.container(container_id, told)


class SeenByBook(Tee):
    """Passes all on to a sink; new processes to a book, too."""

    def __init__(self, sink: Sink, book: ContainerBook) -> None:
        super().__init__(sink)
        self._book = book

    def add_process(self, facts: ProcessFacts) -> int:
        """Take in a process."""
        self._book.see(facts)
        return super().add_process(facts)
