"""Record where the memory of processes goes, into one SQLite file.

Each tick reads the complete layout (every mapping of smaps with all its figures) of each process,
from outside. With no PID, all processes of the machine are recorded, new ones included.
Recording ends when the last process has gone, or on Ctrl+C, SIGTERM, SIGHUP or SIGQUIT. An existing
recording is added to.

  memory-record -p 1234                        one process, every second, into measurement.db
  memory-record -p 1234 --period 200ms --database-file server.db
  memory-record 1234 200                       the classic form: PID and period in ms
  PROCFS=./proc memory-record 1234 1000        another machine's processes, over sshfs -o direct_io
  memory-record                                the whole machine
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..units import format_duration, format_size, parse_duration
from . import parse_pid, policy_options, say

if TYPE_CHECKING:
    from ..record.recorder import Progress

_DEFAULT_PERIOD = "1000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("classic", nargs="*", metavar="PID [PERIOD]", help="the classic form")
    parser.add_argument(
        "-p", "--pid", action="append", default=[], metavar="PID", help="a process; repeatable"
    )
    parser.add_argument(
        "--period",
        metavar="TIME",
        help="from one layout to the next: ms, or with a unit as 200ms, 1s (default 1s)",
    )
    parser.add_argument(
        "--database-file",
        default="measurement.db",
        metavar="FILE",
        help="the recording; added to if it exists (default %(default)s)",
    )
    parser.add_argument(
        "--proc",
        metavar="DIR",
        help="another proc filesystem (default: the variable PROCFS, else /proc)",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no status line, no closing line"
    )
    policy_options.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Record; 0 when the targets have gone or a signal said so."""
    pids, period_ns = _what_and_how_often(args)
    policy = policy_options.policy_of(args, whole_machine=not pids)

    from ..procfs.source import ProcSource
    from ..record.clock import Clock
    from ..record.recorder import Recorder
    from ..record.targets import NamedTargets, WholeMachine
    from ..store.writer import Writer

    stop = _StopOnSignal()
    source = ProcSource(args.proc or os.environ.get("PROCFS") or "/proc")
    targets = NamedTargets(source, pids) if pids else WholeMachine(source)
    for problem in targets.problems if isinstance(targets, NamedTargets) else ():
        _note(str(problem))
    writer = Writer(args.database_file)
    recorder = Recorder(source, targets, writer, policy, _note)
    status = _StatusLine(enabled=not args.quiet and sys.stderr.isatty())
    reason = None
    started = time.monotonic_ns()
    try:
        writer.start_run(source.machine(), period_ns, sys.argv, policy.as_json())
        gone = recorder.run(Clock(period_ns, policy.fast_period_ns), stop.event, status.show)
        reason = "targets gone" if gone else stop.signal_name
    finally:
        status.clear()
        recorder.close()
        folded = writer.close(reason, time.process_time_ns(), _own_peak_rss())
    if not args.quiet:
        _say(_closing_line(recorder.progress, time.monotonic_ns() - started, args.database_file))
        if not folded:
            _note(f"a reader still has {args.database_file} open: keep its -wal file")
    return 0


def _what_and_how_often(args: argparse.Namespace) -> tuple[list[int], int]:
    """PIDs and period, from the options or the classic form."""
    classic = list(args.classic)
    if len(classic) > 2:
        raise UsageError(
            f"{classic[2]!r}: too many arguments; give PID and period, or -p and --period"
        )
    if args.pid and classic:
        raise UsageError(f"{classic[0]!r}: give PIDs either with -p or as the classic form")
    if args.period and len(classic) == 2:
        raise UsageError(f"{classic[1]!r}: give the period either with --period or behind the PID")
    period = args.period or (classic[1] if len(classic) == 2 else _DEFAULT_PERIOD)
    pids = [parse_pid(text) for text in args.pid or classic[:1]]
    return pids, parse_duration(period, "--period")


class _StopOnSignal:
    """An event that the signals set which end a recording cleanly."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.signal_name = "stopped"
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, self._stop)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.signal_name = signal.Signals(number).name
        self.event.set()


class _StatusLine:
    """One line on the terminal, rewritten at most twice a second."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._started = time.monotonic_ns()
        self._shown = 0

    def show(self, progress: Progress) -> None:
        now = time.monotonic_ns()
        if not self._enabled or now - self._shown < 500_000_000:
            return
        self._shown = now
        latest = progress.latest
        elapsed = now - self._started
        what = (
            f"RSS {format_size(latest.rss)} · PSS {format_size(latest.pss)}"
            f" · {latest.mappings} mappings"
            if latest and progress.processes == 1
            else f"{progress.layouts} layouts of {progress.processes} processes"
        )
        share = 100 * time.process_time_ns() / max(elapsed, 1)
        done = f"{format_duration(elapsed)} · {progress.ticks} ticks"
        line = f"{done} · {what} · recorder {share:.1f} % CPU"
        say(f"\r{line}\x1b[K")

    def clear(self) -> None:
        if self._enabled and self._shown:
            say("\r\x1b[K")


def _closing_line(progress: Progress, elapsed_ns: int, path: str) -> str:
    ticks = f"{progress.ticks} ticks{_of(('skipped, overloaded', progress.skipped))}"
    layouts = f"{progress.layouts} layouts" + _of(
        ("torn", progress.torn),
        ("at peaks", progress.peaks),
        ("not read: unchanged", progress.unchanged),
        ("not read: over budget", progress.not_taken),
    )
    return (
        f"{ticks}, {layouts} in {format_duration(elapsed_ns)};"
        f" {path}: {format_size(os.path.getsize(path))};"
        f" CPU {format_duration(time.process_time_ns())};"
        f" highest RSS {format_size(progress.highest_rss)},"
        f" high-water mark {format_size(progress.high_water_mark)}"
    )


def _of(*counts: tuple[str, int]) -> str:
    """` (3 torn, 2 at peaks)`: what is not 0."""
    parts = [f"{count} {what}" for what, count in counts if count]
    return f" ({', '.join(parts)})" if parts else ""


def _own_peak_rss() -> int | None:
    """The recorder's own VmHWM, bytes: ru_maxrss would carry that of the program before exec."""
    from ..procfs.process import parse_status

    try:
        with open("/proc/self/status", "rb") as status:
            return parse_status(status.read()).high_water_mark
    except OSError:
        return None


def _note(message: str) -> None:
    _say(f"memory-record: {message}")


def _say(line: str) -> None:
    say(f"{line}\n")
