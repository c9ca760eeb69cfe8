"""What is doubtful in what was shown, told after it: warnings, in a few lines on stderr."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DamagedWarning
from .console import say

#: So many are told one by one: a damaged recording may have a hundred thousand.
_TOLD = 5


@contextmanager
def told_at_the_end(program: str) -> Iterator[None]:
    """Collect the warnings of a command, and tell them behind its output.

    Not at once: the terminal UI draws on stderr.
    """
    messages: dict[str, None] = {}

    def collect(message: Warning | str, *_: Any, **__: Any) -> None:
        messages[str(message)] = None

    with warnings.catch_warnings():
        warnings.simplefilter("always", DamagedWarning)
        warnings.showwarning = collect
        yield
    # Not after an error: that is one line, and says why there is nothing to doubt.
    for message in list(messages)[:_TOLD]:
        say(f"{program}: {message}")
    if len(messages) > _TOLD:
        say(f"{program}: and {len(messages) - _TOLD} more warnings like these")
