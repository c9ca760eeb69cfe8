"""What the commands with a terminal UI have in common."""

from __future__ import annotations

import sys
from importlib import import_module


def require_textual() -> None:
    """Raises MissingExtra."""
    from ..errors import MissingExtra

    try:
        import_module("textual")
    except ImportError:
        raise MissingExtra("the terminal UI needs textual", "tui") from None


def require_terminal(remedy: str = "") -> None:
    """Raises UsageError. Textual draws on stderr, which therefore must be the terminal as well."""
    from ..errors import UsageError

    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output"), (sys.stderr, "stderr")):
        if not stream.isatty():
            raise UsageError(f"a terminal is needed, but {name} is none{remedy}")
