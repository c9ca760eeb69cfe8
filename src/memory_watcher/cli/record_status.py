"""What `record` says on stderr while it records and when it is done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..units import format_duration, format_size, plural
from .console import show_status

if TYPE_CHECKING:
    from ..record.clock import Time
    from ..record.progress import Progress


class StatusLine:
    """One line on the terminal, rewritten at most twice a second."""

    def __init__(
        self, enabled: bool, time: Time = time, show: Callable[[str], None] = show_status
    ) -> None:
        self._enabled = enabled
        self._time = time
        self._write = show
        self._started = time.monotonic_ns()
        self._cpu_ns = time.process_time_ns()  # used by then, by imports for example
        self._shown = 0

    def show(self, progress: Progress) -> None:
        """Write it anew if that is due."""
        if not self._enabled:
            return
        now = self._time.monotonic_ns()
        if now - self._shown < 500_000_000:
            return
        self._shown = now
        latest = progress.latest
        elapsed = now - self._started
        what = (
            f"RSS {format_size(latest.rss)} · PSS {format_size(latest.pss)}"
            f" · {plural(latest.mappings, 'mapping', 'mappings')}"
            if latest and progress.processes == 1
            else f"{plural(progress.layouts, 'layout', 'layouts')} of"
            f" {plural(progress.processes, 'process', 'processes')}"
        )
        if progress.newcomers:
            living = progress.living
            what += f" · first layouts: {living - progress.newcomers} of {living}"
        share = 100 * (self._time.process_time_ns() - self._cpu_ns) / max(elapsed, 1)
        done = f"{format_duration(elapsed)} · {plural(progress.ticks, 'tick', 'ticks')}"
        self._write(f"{done} · {what} · recorder {share:.1f} % CPU")

    def clear(self) -> None:
        """Take it away."""
        if self._enabled and self._shown:
            self._write("")


def closing_line(progress: Progress, elapsed_ns: int, path: str, cpu_ns: int) -> str:
    """What was done, and what it cost."""
    ticks = _many(progress.ticks, "tick") + _of(("skipped, overloaded", progress.skipped))
    skipped = _list(
        ("unchanged", progress.unchanged),
        ("by rotation", progress.waiting),
        ("over budget", progress.not_taken - progress.waiting - progress.too_slow),
        ("over --max-stall", progress.too_slow),
    )
    read = _list(("torn", progress.torn), ("at RSS peaks", progress.peaks))
    about = "; ".join(filter(None, (read, skipped and f"skipped: {skipped}")))
    layouts = _many(progress.layouts, "layout") + (f" ({about})" if about else "")
    return (
        f"{ticks}, {layouts} in {format_duration(elapsed_ns)};"
        f" {path}: {format_size(os.path.getsize(path))};"
        f" CPU {format_duration(cpu_ns)};"
        f" highest RSS {format_size(progress.highest_rss)},"
        f" high-water mark {format_size(progress.high_water_mark)}"
        + (f"; {progress.missed}" if progress.missed else "")
    )


def _of(*counts: tuple[str, int]) -> str:
    """` (3 torn, 2 at peaks)`: what is not 0."""
    parts = _list(*counts)
    return f" ({parts})" if parts else ""


def _list(*counts: tuple[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts if count)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
