"""The application: keys and messages to questions, snapshots to widgets."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from bisect import bisect_right
from dataclasses import replace
from typing import ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from ..analysis.figures import best, explain
from ..analysis.identity import By
from ..answers.moment import Moment, parse, place
from ..errors import UsageError
from ..units import format_duration
from .cgroup_line import legend as cgroup_legend
from .chart_widget import ChartView, Legend
from .folding import group_of
from .footer_widget import Footer
from .header_widget import ENDED, FROZEN, LIVE, PAUSED, Header, Transport, playing
from .help_screen import HelpScreen
from .keys import KEYS, MORE_BINDINGS
from .paint import BACKGROUND, RAISED, TEXT, look, shade
from .table_widget import Order, Table
from .view import FIGURES, GROUPINGS, Question, ShownFigure, Snapshot, figures_of
from .worker import Worker

#: Instants a second, from slow to fast; from the frame rate on, instants are left out.
RATES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_FRAMES = 20
#: A jump is this part of the history.
_JUMP = 20
_FILTER, _TIME = "filter", "time"


class Arrived(Message):
    """An answer from the worker, or why there will be none."""

    def __init__(self, answer: Snapshot | Exception) -> None:
        super().__init__()
        self.answer = answer


class WatchApp(App[None]):
    """Shows a source: the chart on top, the table below."""

    TITLE = "memory-watcher"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    CSS = """
    Screen { layout: vertical; background: $ground; color: $ink; overflow: hidden; }
    Header { height: 2; }
    ChartView { height: 36%; min-height: 5; max-height: 20; }
    Legend { height: 1; }
    Table { height: 1fr; min-height: 3; }
    Footer { height: 1; }
    Input { height: 1; border: none; padding: 0 1; background: $raised; display: none; }
    Input:focus { border: none; }
    Input.asking { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.keys, key.action, key.meaning) for key in KEYS if key.action),
        *(Binding(keys, action, "") for keys, action in MORE_BINDINGS),
    ]

    def __init__(
        self, worker: Worker, question: Question, live: bool, rate: float | None = None
    ) -> None:
        """`rate` (instants a second) starts playing at once."""
        # With its own colours off, textual takes away what is left of them if NO_COLOR is set.
        super().__init__(ansi_color=True if look() == "plain" else None)
        if look() == "light":
            self.theme = "textual-light"
        self.question = question
        self.snapshot: Snapshot | None = None
        self.live = live
        self.playing = rate is not None
        self.rate = rate or 5.0
        self._worker = worker
        self._timer: Timer | None = None
        self._waiting = True
        self._asking = ""
        self._is_figure_chosen = False
        self._instead: str | None = None
        self._back: list[tuple[Question, Order]] = []

    def get_css_variables(self) -> dict[str, str]:
        """Textual's own, and the colours of paint.py."""
        own = {"ground": shade(BACKGROUND), "raised": shade(RAISED), "ink": shade(TEXT)}
        return {**super().get_css_variables(), **own}

    def compose(self) -> ComposeResult:
        """All parts of the screen, from above."""
        yield Header(id="header")
        yield ChartView(id="chart")
        yield Legend(id="legend")
        yield Table(id="table")
        yield Input(id="prompt", select_on_focus=False)
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Begin to listen."""
        self.query_one(Header).is_live = self.live
        self.query_one(Footer).live = self.live
        self.query_one(Table).order = Order(self.question.figure)
        self.query_one(Input).cursor_blink = False
        self._worker.post_to(self._post)
        if self.playing:
            self._play()
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)

    def _post(self, answer: Snapshot | Exception) -> None:
        self.post_message(Arrived(answer))

    def on_chart_view_widened(self, message: ChartView.Widened) -> None:
        """Ask for a chart of the new width."""
        if message.columns != self.question.columns:
            self._ask(columns=message.columns)

    # -- asking and showing -----------------------------------------------------------------------

    def _ask(self, **changes: object) -> None:
        self.question = replace(self.question, **changes)  # type: ignore[arg-type]
        if self.question.process_id is None and self.question.figure not in FIGURES:
            self.question = replace(self.question, figure=FIGURES[0])
        self._waiting = True
        self._worker.ask(self.question)

    def on_arrived(self, message: Arrived) -> None:
        """Show an answer, unless it answers what is no longer asked."""
        if isinstance(message.answer, Exception):
            self.exit()
            return
        snapshot = message.answer
        if snapshot.question != self.question:
            return
        if snapshot.chart is None and self._is_same_history():
            # The one before stays until there is one of the new width.
            snapshot = replace(snapshot, chart=self.query_one(ChartView).chart)
        self._waiting = False
        self.snapshot = snapshot
        self._show(snapshot)
        self._stand_in(snapshot)

    def _stand_in(self, snapshot: Snapshot) -> None:
        """Show the figure that stands for one that the kernel does not report; not against a key.

        As long as no layout has been read there is nothing to choose from.
        """
        asked = self.question.figure
        sizes = snapshot.total.sizes._asdict()
        figure = best(asked, [name for name in FIGURES if sizes[name] is not None])
        if self._is_figure_chosen or snapshot.total.mappings is None or figure in (None, asked):
            return
        self._instead = explain(asked, str(figure))
        self._change_figure(cast(ShownFigure, figure))

    def _is_same_history(self) -> bool:
        if self.snapshot is None:
            return False
        before, now = self.snapshot.question, self.question
        return (before.process_id, before.figure) == (now.process_id, now.figure)

    def _show(self, snapshot: Snapshot) -> None:
        self.query_one(Table).show(snapshot)
        chart = self.query_one(ChartView)
        legend = self.query_one(Legend)
        chart.chart = snapshot.chart
        chart.tick = snapshot.tick
        legend.entries = snapshot.layers
        figure = snapshot.question.figure if snapshot.chart is None else snapshot.chart.figure
        legend.lines = cgroup_legend(snapshot.cgroup, figure)
        chart.mark = self.question.mark
        chart.follows = self.live and self.question.tick is None
        chart.redraw()
        legend.redraw()
        self._show_state()

    def _show_state(self) -> None:
        header, footer = self.query_one(Header), self.query_one(Footer)
        header.snapshot = self.snapshot
        header.transport = self._transport()
        header.redraw()
        footer.playing = self.playing if not self.live else self.question.tick is not None
        footer.notes = self._notes()
        footer.redraw()

    def _transport(self) -> Transport:
        if self.playing:
            return playing(self.rate)
        if not self.live:
            return PAUSED
        if self.question.tick is not None:
            return FROZEN
        return ENDED if self.snapshot is not None and self.snapshot.ended else LIVE

    def _notes(self) -> tuple[str, ...]:
        snapshot = self.snapshot
        if snapshot is None:
            return ()
        notes = list(snapshot.notes)
        if snapshot.mark_time is not None and snapshot.time is not None:
            apart = snapshot.time - snapshot.mark_time
            word = "after" if apart >= 0 else "before"
            notes.insert(0, f"◆ {format_duration(abs(apart))} {word} the mark")
        if self._instead:
            notes.append(self._instead)
        asked = self.question.figure
        if snapshot.chart is not None and snapshot.chart.figure != asked:
            notes.append(f"{asked.upper()} of several processes cannot be added up")
        return tuple(notes)

    # -- time -------------------------------------------------------------------------------------

    def _go_to(self, position: int) -> None:
        snapshot = self.snapshot
        if snapshot is None or not snapshot.ticks:
            return
        position = max(min(position, len(snapshot.ticks) - 1), 0)
        self._ask(tick=snapshot.ticks[position])
        self._show_state()

    def _position(self) -> int:
        """Where in time we are going to be once all that was asked is answered."""
        assert self.snapshot is not None
        tick = self.question.tick if self.question.tick is not None else self.snapshot.tick
        if tick not in self.snapshot.ticks:
            tick = self.snapshot.tick
        return 0 if tick is None else self.snapshot.ticks.index(tick)

    def action_toggle_time(self) -> None:
        """Freeze or follow; play or pause."""
        if self.snapshot is None:
            return
        if self.live:
            self._ask(tick=None if self.question.tick is not None else self.snapshot.tick)
        elif self.playing:
            self._pause()
        else:
            if self._position() >= len(self.snapshot.ticks) - 1:
                self._go_to(0)
            self.playing = True
            self._play()
        self._show_state()

    def _play(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(1 / min(self.rate, _FRAMES), self._advance)

    def _pause(self) -> None:
        self.playing = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _advance(self) -> None:
        """Play on, unless the last step has not even been shown."""
        if self._waiting or self.snapshot is None:
            return
        position = self._position() + max(round(self.rate / _FRAMES), 1)
        if self._position() >= len(self.snapshot.ticks) - 1:
            self._pause()
            self._show_state()
            return
        self._go_to(position)

    def action_step(self, instants: int) -> None:
        """Go one instant back or forth; playing ends."""
        if self.snapshot is not None:
            self._pause()
            self._go_to(self._position() + instants)

    def action_jump(self, direction: int) -> None:
        """Go far back or forth."""
        if self.snapshot is not None:
            self._pause()
            far = max(len(self.snapshot.ticks) // _JUMP, 1)
            self._go_to(self._position() + direction * far)

    def action_first(self) -> None:
        """Go to the first instant."""
        self._pause()
        self._go_to(0)

    def action_last(self) -> None:
        """Go to the last instant; live, follow what comes."""
        self._pause()
        if self.live:
            self._ask(tick=None)
            self._show_state()
        elif self.snapshot is not None:
            self._go_to(len(self.snapshot.ticks) - 1)

    def action_peak(self) -> None:
        """Go to the highest total."""
        if self.snapshot is None or self.snapshot.chart is None:
            return
        peak = self.snapshot.chart.peak
        if peak is not None:
            self._pause()
            self._ask(tick=peak.tick)
            self._show_state()

    def on_chart_view_pointed(self, message: ChartView.Pointed) -> None:
        """Go to where the mouse pointed."""
        self._pause()
        self._go_to_time(message.time_ns)

    def _go_to_time(self, time_ns: int) -> None:
        if self.snapshot is not None:
            self._go_to(bisect_right(self.snapshot.times, time_ns) - 1)

    def _change_rate(self, step: int) -> None:
        nearest = min(range(len(RATES)), key=lambda each: abs(RATES[each] - self.rate))
        self.rate = RATES[max(min(nearest + step, len(RATES) - 1), 0)]
        if self.playing:
            self._play()
        self._show_state()

    def action_faster(self) -> None:
        """Play faster."""
        self._change_rate(1)

    def action_slower(self) -> None:
        """Play slower."""
        self._change_rate(-1)

    # -- what is compared, grouped, sorted --------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the moment that is shown; if it is the mark already, mark nothing."""
        if self.snapshot is None:
            return
        table = self.query_one(Table)
        if self.question.mark == self.snapshot.tick:
            table.order = Order(self.question.figure)
            self._ask(mark=None)
        else:
            table.order = Order("change")
            self._ask(mark=self.snapshot.tick)

    def action_group(self, by: By) -> None:
        """Group by something else."""
        if by != self.question.by:
            self.query_one(Table).reset_cursor()
            self._ask(by=by)

    def action_next_grouping(self) -> None:
        """Group by the next."""
        place = GROUPINGS.index(self.question.by)
        self.action_group(GROUPINGS[(place + 1) % len(GROUPINGS)])

    def action_next_figure(self, step: int) -> None:
        """Show another figure; a table sorted by the one before follows."""
        figures, shown = figures_of(self.snapshot), self.question.figure
        place = figures.index(shown) + step if shown in figures else 0
        figure = figures[place % len(figures)]
        self._is_figure_chosen, self._instead = True, None
        self._change_figure(figure)

    def _change_figure(self, figure: ShownFigure) -> None:
        before = self.question.figure
        table = self.query_one(Table)
        if table.order.key == before:
            table.order = Order(figure)
        self._ask(figure=figure)

    def action_sort(self, step: int) -> None:
        """Sort by a column beside."""
        self.query_one(Table).sort_by_next(step)

    def action_reverse(self) -> None:
        """Sort the other way round."""
        table = self.query_one(Table)
        table.sort_by(table.order.key)

    def action_row(self, rows: int) -> None:
        """Move the cursor."""
        self.query_one(Table).move(rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor far."""
        self.query_one(Table).page(pages)

    def action_open(self) -> None:
        """Look into the process under the cursor."""
        row = self.query_one(Table).current
        if row is not None and (group := group_of(row)) is not None:
            self.query_one(Table).unfold(group)
        if row is None or row.opens is None:
            return
        if row.opens == self.question.process_id:
            self.action_group("name")
            return
        table = self.query_one(Table)
        self._back.append((self.question, table.order))
        self._set_filter("")
        table.reset_cursor()
        self._ask(process_id=row.opens, by="name")

    def action_fold(self) -> None:
        """Let processes that do the same share a row, or not."""
        self.query_one(Table).toggle_folds()

    def on_table_opened(self, _: Table.Opened) -> None:
        """The mouse chose a row twice."""
        self.action_open()

    def action_leave(self) -> None:
        """Drop the filter; without one, go back to all processes."""
        table = self.query_one(Table)
        if table.filter:
            self._set_filter("")
        elif self._back:
            before, table.order = self._back.pop()
            table.reset_cursor()
            self._ask(process_id=before.process_id, by=before.by)

    # -- prompts ----------------------------------------------------------------------------------

    def action_ask_filter(self) -> None:
        """Let a filter be typed; it counts at once."""
        self._open_prompt(_FILTER, "filter, Enter keeps it, Esc drops it", self._filter)

    def action_ask_time(self) -> None:
        """Let a time be typed."""
        self._open_prompt(_TIME, "go to: 15:58:03, +90s from the start, 50%, end, peak", "")

    @property
    def _filter(self) -> str:
        return self.query_one(Table).filter

    def _set_filter(self, text: str) -> None:
        table = self.query_one(Table)
        table.filter = text
        table.sort_and_filter()
        if not self._asking:
            self._show_filter(text)

    def _show_filter(self, text: str) -> None:
        """In the line at the bottom, when it is not in the prompt."""
        footer = self.query_one(Footer)
        footer.filter = text
        footer.redraw()

    def _open_prompt(self, what: str, hint: str, text: str) -> None:
        self._asking = what
        self._show_filter("")
        prompt = self.query_one(Input)
        prompt.placeholder = hint
        prompt.value = text
        prompt.cursor_position = len(text)
        prompt.add_class("asking")
        prompt.focus()

    def _close_prompt(self) -> None:
        self._asking = ""
        self._show_filter(self._filter)
        prompt = self.query_one(Input)
        prompt.remove_class("asking")
        self.set_focus(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is being typed."""
        if self._asking == _FILTER:
            self._set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter; go to the time."""
        asked = self._asking
        if asked == _TIME and self.snapshot is not None and self.snapshot.times and event.value:
            try:
                if self._went_to_peak(event.value):
                    self._close_prompt()
                    return
                moment = self._place_of(parse(event.value, "time"), self.snapshot)
            except UsageError as error:
                self.query_one(Input).value = ""
                self.query_one(Input).placeholder = str(error)
                return
            self._pause()
            self._go_to_time(moment)
        self._close_prompt()

    def _place_of(self, moment: Moment, snapshot: Snapshot) -> int:
        """Where it is in the history; a clock that was set shows some times twice: the last one."""
        begin, end, clock = snapshot.times[0], snapshot.times[-1], snapshot.clock
        if not moment.is_time:
            return place(moment, begin, end)
        return clock.end(place(moment, clock.wall(begin), clock.wall(end)))

    def _went_to_peak(self, text: str) -> bool:
        """Whether the peak was typed: the chart knows where it is."""
        if parse(text, "time").kind != "peak":
            return False
        self.action_peak()
        return True

    def on_key(self, event: object) -> None:
        """Leave the prompt on Esc."""
        if self._asking and getattr(event, "key", "") == "escape":
            if self._asking == _FILTER:
                self._set_filter("")
            self._close_prompt()
            event.stop()  # type: ignore[attr-defined]
            event.prevent_default()  # type: ignore[attr-defined]

    def action_help(self) -> None:
        """Say what the keys do."""
        self.push_screen(HelpScreen(self.live))
