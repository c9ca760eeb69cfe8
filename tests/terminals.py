"""Runs a command on a terminal of its own, and tells all that it wrote there."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

from .programs import PATIENCE, command, environment

_SIZE = (32, 110)  # lines and columns


def on_terminal(
    words: Sequence[str],
    keys: Callable[[bytes], bytes] = lambda _: b"",
    stdout: int | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Run it with a terminal as all its streams; returns exit code and what it drew.

    `keys` is asked at each output, with all there is, what is typed now. `stdout` may be another
    file descriptor, for a command whose output goes elsewhere.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, _SIZE) if hasattr(termios, "tcsetwinsize") else None
    program, *arguments = words
    process = subprocess.Popen(
        command(program, *arguments),
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
        start_new_session=True,
        env=environment(TERM="xterm-256color", **(variables or {})),
    )
    os.close(theirs)
    try:
        return _read(process, ours, keys)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(
    process: subprocess.Popen[bytes], ours: int, keys: Callable[[bytes], bytes]
) -> tuple[int, bytes]:
    drawn = b""
    deadline = time.monotonic() + PATIENCE
    while True:
        ready, _, _ = select.select([ours], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"nothing came for {PATIENCE} s; last: {drawn[-500:]!r}"
        piece = b""
        with contextlib.suppress(OSError):  # EIO: nobody holds the other end any more
            piece = os.read(ours, 65536)
        if not piece:
            return process.wait(PATIENCE), drawn
        drawn += piece
        if typed := keys(drawn):
            os.write(ours, typed)
