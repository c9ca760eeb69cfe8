"""The recorder's process: records one process and its children until that ends or says so.

It is nobody's child, so that the recorded process may wait for all its children, and no signal
from the terminal reaches it. It ends when its socket closes or the recorded process is gone,
whatever comes first.

Requests and answers are JSON lines on one socket; each request has a word `do`:

    watch    what was a peak before is none any more; no answer
    layout   read the layout now                     {"layout": whether there is one}
    judge    what was between two times              see facts.facts
    commit   make all safe, for a reader of the file {}
    finish   end the recording                       {"processes": …}, see others.processes
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..units import MILLISECOND

Request = dict[str, Any]

#: A layout of a process that runs tests takes 1 to 5 ms.
PERIOD_NS = 500 * MILLISECOND
#: A cheap reading takes up to 0.5 ms while another program has the caches: at 20 ms that is felt by
#: tests that run on a core's other thread. The peaks of tests are exact without them.
FAST_PERIOD_NS = 50 * MILLISECOND


def main(arguments: list[str]) -> None:
    """Record the process of a PID into a file; the socket is a descriptor that was handed down."""
    descriptor, pid, file = int(arguments[0]), int(arguments[1]), arguments[2]
    link = socket.socket(fileno=descriptor)
    target = _pidfd(pid)
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    control = Control(link, target)
    signal.signal(signal.SIGTERM, lambda _number, _frame: control.set("SIGTERM"))
    try:
        _record(control, pid, file)
    except Exception as error:
        control.refuse_all(f"{type(error).__name__}: {error}")


def _pidfd(pid: int) -> int | None:
    """A descriptor that tells the end of a process; None on kernels before 5.3."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


class _AskedEvent(threading.Event):
    """Set when the recording is to end; who waits for it serves requests meanwhile."""

    def __init__(self, serve: Callable[[float], None]) -> None:
        super().__init__()
        self._serve = serve
        self._ends = False

    def is_set(self) -> bool:
        return self._ends

    def set(self) -> None:
        self._ends = True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait so long at most, less if a request comes; tells whether the recording is to end."""
        if not self._ends:
            self._serve(3600 if timeout is None else timeout)
        return self._ends


class Control:
    """What ends the recording, and what is asked of it meanwhile: a session's Stop."""

    def __init__(self, link: socket.socket, target: int | None) -> None:
        self.event: threading.Event = _AskedEvent(self._serve)
        self.reason = "stopped"
        self.answer: Callable[[Request], Request | None] = lambda request: {}
        self.asks_for_end = False
        self._link, self._target = link, target
        self._rest = b""

    def set(self, reason: str) -> None:
        """End it; the first reason counts."""
        if not self.event.is_set():
            self.reason = reason
            self.event.set()

    def say(self, answer: Request) -> None:
        """Answer a request; nobody may be there any more."""
        try:
            self._link.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            self.set("recorded process gone")

    def refuse_all(self, why: str) -> None:
        """Nothing can be recorded: say so to whatever is asked."""
        self.answer = lambda request: None if request["do"] == "watch" else {"error": why}
        if self.asks_for_end:
            self.say({"error": why})
        while not self.event.is_set():
            self.event.wait()
        if self.asks_for_end:
            self.say({"error": why})

    def _serve(self, timeout: float) -> None:
        poll = select.poll()
        for descriptor in (self._link.fileno(), self._target):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        for descriptor, _ in poll.poll(timeout * 1000):
            if descriptor == self._target:
                self.set("recorded process gone")
            else:
                self._take_requests()

    def _take_requests(self) -> None:
        try:
            text = self._link.recv(1 << 16)
        except OSError:
            text = b""
        if not text:
            self.set("recorded process gone")
            return
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            request: Request = json.loads(line)
            if request["do"] == "finish":
                self.asks_for_end = True
                self.set("finished")
            elif (answer := self._answered(request)) is not None:
                self.say(answer)

    def _answered(self, request: Request) -> Request | None:
        """What one comes to: a mistake in it is told, and the recording goes on."""
        try:
            return self.answer(request)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}


def _record(control: Control, pid: int, file: str) -> None:
    from dataclasses import replace  # noqa: PLC0415 - the intermediate process has ended

    from ..procfs.source import ProcSource  # noqa: PLC0415
    from ..record.discovery import DiscoveredTargets  # noqa: PLC0415
    from ..record.family import Family  # noqa: PLC0415
    from ..record.policy import FOR_NAMED  # noqa: PLC0415
    from ..record.session import Plan, Session  # noqa: PLC0415
    from ..record.targets import NamedTargets  # noqa: PLC0415
    from ..store.writer import Writer  # noqa: PLC0415
    from .others import processes  # noqa: PLC0415 - now, and not when somebody waits for it

    source = ProcSource("/proc")
    source.mapped_files.prepare()
    targets = DiscoveredTargets(source, named=NamedTargets(source, [pid]), family=Family())
    policy = replace(FOR_NAMED, fast_period_ns=FAST_PERIOD_NS)
    plan = Plan(policy, PERIOD_NS, sys.argv, "children", f"process {pid} and its children")
    writer = Writer(file)
    session = Session(source, targets, plan, lambda notice: None, writer=writer)
    control.answer = _Answers(session, pid, file)  # asked only between two passes
    session.record(control)
    if control.asks_for_end:
        several = session.progress.processes > 1
        control.say({"processes": processes(source, file, pid) if several else []})


class _Answers:
    """Answers requests, between two passes of the recorder."""

    def __init__(self, session: Any, pid: int, file: str) -> None:
        self._session, self._pid, self._file = session, pid, file

    def __call__(self, request: Request) -> Request | None:
        session = self._session
        what = request["do"]
        if what == "watch":
            session.watch_anew(self._pid)
            return None
        if what == "layout":
            return {"layout": session.look_at(self._pid)}
        session.commit()
        if what == "commit":
            return {}
        from .facts import facts  # noqa: PLC0415

        return facts(self._file, self._pid, request["since"], request["until"])
