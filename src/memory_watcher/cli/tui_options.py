"""What the commands with a terminal UI have in common."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tui.paint import Look

#: In the environment: what --theme is without it.
THEME = "MEMORY_WATCHER_THEME"
_THEMES = ("dark", "light")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the terminal is like."""
    parser.add_argument(
        "--theme",
        choices=_THEMES,
        help=f"colours for a dark or a light terminal (default: the variable {THEME}, else what the"
        " terminal reports in COLORFGBG, else dark); with NO_COLOR set there are none",
    )


def look(theme: str | None) -> Look:
    """What to draw for: `theme` if given, else what the environment tells. Raises UsageError."""
    from ..errors import UsageError

    if os.environ.get("NO_COLOR"):
        return "plain"
    os.environ.pop("NO_COLOR", None)  # empty is as good as not set, but not for textual
    theme = theme or os.environ.get(THEME)
    if theme and theme not in _THEMES:
        raise UsageError(f"{THEME}: {theme!r} is neither dark nor light")
    # "foreground;background", as numbers of the 16 colours: 7 and 15 are the whites.
    white = os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
    return "light" if theme == "light" or (not theme and white) else "dark"


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
