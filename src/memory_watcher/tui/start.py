"""Starts the UI on a source, and ends it again."""

from __future__ import annotations

from .app import WatchApp
from .paint import Look, choose
from .view import Opener, Question
from .worker import Worker


def run(
    opener: Opener,
    question: Question,
    *,
    live: bool,
    rate: float | None = None,
    look: Look = "dark",
) -> None:
    """Show a source until the user quits, on a terminal of this look.

    Raises what opening it, reading it or writing a recording besides raises.
    """
    choose(look)
    worker = Worker(opener, question)
    worker.open()
    app = WatchApp(worker, question, live, rate)
    try:
        app.run()
    finally:
        worker.close()
    if app.return_code:
        raise RuntimeError(f"the terminal UI ended with code {app.return_code}")
