"""The recorded process's side: starts it, asks it, ends it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from ..unfaked import Real

#: A recorder that does not answer for so long is given up; reading a layout takes milliseconds.
_PATIENCE = 20.0

_START = (
    "import sys; sys.path.append(sys.argv[1])\n"
    "from memory_watcher.recorder_process.serve import main\n"
    "main(sys.argv[2:])"
)


class NoAnswer(Exception):
    """The recorder is gone, or could not do what was asked."""


class Link:
    """One recorder process, of this process and its children."""

    def __init__(self, file: str) -> None:
        """Start it; `file` is the recording. Raises NoAnswer."""
        self.file = os.path.abspath(file)
        self._pid = os.getpid()
        self._rest = b""
        self._broken: str | None = None
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(_PATIENCE)
        self._identity = os.fstat(self._socket.fileno())[1:3]
        # Bound now: what is recorded may be a test that fakes them.
        self._send, self._receive = self._socket.sendall, self._socket.recv
        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        # -I -S: neither what lies in the current folder nor what a venv adds is of use to it.
        command = [sys.executable, "-I", "-S", "-c", _START, package]
        try:
            with theirs:
                self._starting: subprocess.Popen[bytes] | None = subprocess.Popen(
                    [*command, str(theirs.fileno()), str(self._pid), self.file],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
        except OSError as error:
            self._socket.close()
            raise NoAnswer(f"the recorder cannot be started: {error}") from None

    def settle(self) -> None:
        """Wait until the recorder is nobody's child: what starts it ends at once."""
        if self._starting is not None and self._is_mine():
            if self._starting.wait() and self._broken is None:
                self._broken = "the recorder could not be started"
            self._starting = None

    def tell(self, do: str) -> None:
        """Send a request that has no answer; whether it arrives shows at the next question."""
        if self._is_mine() and self._broken is None:
            try:
                self._say({"do": do})
            except OSError as error:
                self._broken = str(error)

    def ask(self, do: str, **details: int) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises NoAnswer."""
        if not self._is_mine():
            raise NoAnswer("this is a child of the process that is recorded")
        if self._broken is None:
            try:
                self._say({"do": do, **details})
                answer: dict[str, Any] = Real.decode(self._line().decode())
            except (OSError, ValueError) as error:
                self._broken = f"the recorder does not answer: {error}"
        if self._broken is not None:
            raise NoAnswer(self._broken)
        if "error" in answer:
            raise NoAnswer(answer["error"])
        return answer

    def close(self) -> None:
        """Let go of it: it ends by itself."""
        self.settle()
        if self._has_connection():
            self._socket.close()
        else:
            self._socket.detach()

    def _say(self, request: dict[str, Any]) -> None:
        if not self._has_connection():
            raise OSError("its connection was closed by a test")
        # Not even if a test has SIGPIPE end this process.
        self._send(Real.encode(request).encode() + b"\n", socket.MSG_NOSIGNAL)

    def _has_connection(self) -> bool:
        """Whether it is still there: a test may close all, and another file get its number."""
        try:
            return Real.fstat(self._socket.fileno())[1:3] == self._identity
        except OSError:
            return False

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            text = self._receive(1 << 16)
            if not text:
                raise OSError("it is gone")
            self._rest += text
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def _is_mine(self) -> bool:
        """Whether this is no fork of the process that started it."""
        return Real.getpid() == self._pid
