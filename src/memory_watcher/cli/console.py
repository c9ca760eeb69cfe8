r"""The one place where text leaves for a stream: nothing else writes to stdout or stderr.

Names, and whatever a recording's sender wrote, are foreign text. What is not printable leaves as
\xNN, a message is one line of bounded length, and what the stream's encoding cannot hold leaves as
an escape. The terminal UI draws by itself; `render.escape` makes its texts harmless.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO

from ..render.escape import escape

#: A longer message is cut in its middle: what happened stands in front, the remedy at the end.
LONGEST_MESSAGE = 4000
_CLEAR_LINE = "\r\x1b[K"
_CLEAR_SCREEN = "\x1b[H\x1b[2J"


def say(message: str) -> None:
    """Tell something on stderr, as one line. Once nobody can read it any more, it goes nowhere."""
    _tell(f"{one_line(message)}\n")


def show_status(line: str) -> None:
    """Write over the terminal's line on stderr; an empty one takes it away."""
    _tell(f"{_CLEAR_LINE}{one_line(line)}")


def write_text(text: str, clear_screen: bool = False) -> None:
    """Write lines to stdout, on a terminal to a clear screen if wanted.

    Raises OSError if they cannot be written.
    """
    cleaned = "\n".join(map(escape, text.split("\n")))
    stream = sys.stdout
    stream.write((_CLEAR_SCREEN if clear_screen else "") + _fit(cleaned, stream))
    stream.flush()


def write_piece(text: str) -> None:
    """Write a part of what is too large to be held whole; who writes the last one flushes at exit.

    Raises OSError if it cannot be written.
    """
    sys.stdout.write(_fit("\n".join(map(escape, text.split("\n"))), sys.stdout))


def one_line(message: str) -> str:
    """Make a message harmless, one line, and no longer than LONGEST_MESSAGE."""
    message = message.removesuffix("\n")
    # Cut first: what is cut away need not be escaped, be it a gigabyte.
    line = escape(_cut(message))
    return line if len(line) <= LONGEST_MESSAGE else _cut(line)


def _cut(text: str) -> str:
    if len(text) <= LONGEST_MESSAGE:
        return text
    half = LONGEST_MESSAGE // 2 - 1
    return f"{text[:half]} … {text[-half + 1 :]}"[:LONGEST_MESSAGE]


def open_streams() -> None:
    """Open standard streams that were closed from the start (`>&-`): what is said goes nowhere.

    A file that is opened later must never get their numbers: it would be written to as a stream.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is what open gives: all below are open by now.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def silence(stream: IO[str]) -> None:
    """Send what is left in a stream's buffer nowhere: Python would complain of it at exit."""
    with contextlib.suppress(OSError):  # no descriptor is left for it
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _tell(text: str) -> None:
    try:
        sys.stderr.write(_fit(text, sys.stderr))
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def _fit(text: str, stream: IO[str]) -> str:
    """What a stream's encoding cannot hold, as an escape."""
    encoding: str = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
