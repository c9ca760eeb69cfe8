"""Runs the application without a terminal, and tells what is on its screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot

from memory_watcher.model import LayoutState, Reading
from memory_watcher.render.colours import Shades
from memory_watcher.tui.app import WatchApp
from memory_watcher.tui.chart_widget import ChartView
from memory_watcher.tui.footer_widget import Footer
from memory_watcher.tui.lines_widget import Lines
from memory_watcher.tui.table_widget import Table
from memory_watcher.tui.view import (
    Band,
    Chart,
    Layer,
    Opener,
    Peak,
    Question,
    Row,
    Sizes,
    Snapshot,
)
from memory_watcher.tui.worker import Worker
from tests.programs import PATIENCE
from tests.recordings import MI, SECOND, START

_ORANGE = Shades("#aa5500", "#cc6600")


class Screen:
    """The application while it runs."""

    def __init__(self, app: WatchApp, pilot: Pilot[None]) -> None:
        self.app = app
        self._pilot = pilot

    def lines(self, part: str) -> list[str]:
        """The lines of one part as text."""
        widget = self.app.query_one(f"#{part}", Lines)
        return [widget.render_line(y).text for y in range(widget.size.height)]

    def text(self) -> str:
        """All that is on the screen."""
        parts = ("header", "chart", "legend", "table", "footer")
        return "\n".join("\n".join(self.lines(part)) for part in parts)

    def names(self) -> list[str]:
        """The names in the table, in order, without what stands around them."""
        return [
            line[2:].split("  ")[0].strip()
            for line in self.lines("table")[1:-1]
            if line[2:].strip()
        ]

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until all that they ask for is shown."""
        await self._pilot.press(*keys)
        await self.until(lambda: self.is_settled, f"an answer to {keys}")

    @property
    def is_settled(self) -> bool:
        snapshot = self.app.snapshot
        return (
            snapshot is not None
            and snapshot.question == self.app.question
            and snapshot.chart is not None
        )

    @property
    def is_empty(self) -> bool:
        return self.app.snapshot is not None and not self.app.snapshot.ticks

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something to be so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.text()}"
            await self._pilot.pause()
            await asyncio.sleep(0.002)

    async def resize(self, width: int, height: int) -> None:
        await self._pilot.resize_terminal(width, height)
        chart = self.app.query_one(ChartView)
        await self.until(
            lambda: (
                self.app.size == (width, height)
                and all(self.app.query_one(each).size.width == width for each in (Footer, Table))
                and self.app.question.columns == chart.columns
                and self.is_settled
            ),
            "the size",
        )

    async def click(self, part: str, x: int, y: int) -> None:
        await self._pilot.click(f"#{part}", offset=(x, y))
        await self._pilot.pause()


@asynccontextmanager
async def shown(
    opener: Opener,
    question: Question,
    *,
    live: bool = False,
    size: tuple[int, int] = (80, 24),
    rate: float | None = None,
) -> AsyncIterator[Screen]:
    """Show a source until the block ends."""
    worker = Worker(opener, question)
    worker.open()
    app = WatchApp(worker, question, live, rate)
    try:
        async with app.run_test(size=size) as pilot:
            screen = Screen(app, pilot)
            await screen.until(lambda: app.snapshot is not None, "a first picture")
            await screen.until(
                lambda: (
                    app.question.columns == app.query_one(ChartView).columns
                    and (screen.is_settled or screen.is_empty)
                ),
                "the first picture with its chart",
            )
            yield screen
    finally:
        worker.close()


def go(story: Coroutine[Any, Any, None]) -> None:
    """Run a story to its end."""
    asyncio.run(story)


class FakeLive:
    """A live source of one process whose heap grows by 1 MiB at each instant, when told."""

    def __init__(self, instants: int = 5, rows: Sequence[Row] = ()) -> None:
        self.instants = instants
        self.rows = tuple(rows)
        self.wake: Callable[[], None] = lambda: None
        self.closed = False
        self.error: Exception | None = None
        self.changes: dict[str, Any] = {}

    def open(self, wake: Callable[[], None]) -> FakeLive:
        self.wake = wake
        return self

    def tick(self) -> None:
        """Let a second pass."""
        self.instants += 1
        self.wake()

    def close(self) -> None:
        self.closed = True

    def snapshots(self, question: Question) -> Iterator[Snapshot]:
        if self.error is not None:
            raise self.error
        ticks = list(range(1, self.instants + 1))
        shown_tick = question.tick or self.instants
        size = shown_tick * MI
        sizes = Sizes(size, size, size, 0, 0)
        before = None
        if question.mark is not None:
            before = Sizes(*(question.mark * MI,) * 3, 0, 0)
        heap = Row("heap: heap", "heap", "heap", _ORANGE, sizes, size, 1, before)
        yield replace(
            Snapshot(
                question=question,
                title="fake (77)",
                process_count=1,
                ticks=ticks,
                times=[START + tick * SECOND for tick in ticks],
                tick=shown_tick,
                time=START + shown_tick * SECOND,
                mark_time=None if question.mark is None else START + question.mark * SECOND,
                state=LayoutState.EXACT,
                reading=Reading(resident=size, high_water_mark=9 * MI, threads=3),
                rows=self.rows or (heap,),
                total=heap._replace(name="sum"),
                notes=(),
                layers=(Layer("heap", _ORANGE, size),),
                chart=self._chart(question, ticks),
            ),
            **self.changes,
        )

    def _chart(self, question: Question, ticks: list[int]) -> Chart:
        last = ticks[-question.columns :]
        ahead = question.columns - len(last)
        empty: list[int | None] = [None] * ahead
        totals = empty + [tick * MI for tick in last]
        return Chart(
            figure=question.figure,
            bands=(Band("heap", _ORANGE, [total or 0 for total in totals]),),
            totals=totals,
            ticks=empty + list(last),
            times=[
                START + SECOND * (last[-1] - question.columns + column)
                for column in range(question.columns + 1)
            ],
            marks=[None] * question.columns,
            torn=[False] * question.columns,
            gaps=[False] * question.columns,
            peak=Peak(ticks[-1], START + ticks[-1] * SECOND, ticks[-1] * MI),
        )
