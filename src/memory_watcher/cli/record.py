"""Record where the memory of processes goes, into one SQLite file.

Each tick reads the complete layout (every mapping of smaps with all its figures) of each process,
from outside. A command after -- is launched and recorded with all that it starts; its exit code is
returned. With nothing named, all processes of the machine are recorded, new ones included.
Recording ends when the command or the last process has exited, or on Ctrl+C, SIGTERM, SIGHUP or
SIGQUIT (which a launched command gets first). An existing recording is added to.

  memory-watcher record -- ./server --port 80  a command, from its first instruction to its end
  memory-record -p 1234                        one process, every second, into measurement.db
  memory-record -p 1234 --children             and what it starts
  memory-record --name 'postgres*'             by name; --wait waits until one appears
  memory-record --cgroup system.slice/nginx.service
  memory-record -p 1234 --period 200ms --output server.db
  memory-record 1234 200                       the classic form: PID and period in ms
  PROCFS=./proc memory-record 1234 1000        another machine's processes, over sshfs -o direct_io
  memory-record                                the whole machine
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import MemoryWatcherError, UsageError
from ..units import format_size, parse_duration, parse_size
from . import policy_options, proc_option, say, target_options
from .progress import ProgressLine
from .record_status import StatusLine, closing_line
from .stopping import Stop, StopWithCommand

if TYPE_CHECKING:
    from ..record.launch import Launched
    from ..record.policy import Policy
    from ..record.progress import Progress
    from ..record.session import Plan, Session
    from .target_options import Request
    from .wording import Wording

#: `-- COMMAND …` is not for argparse: cli splits it off and gives it as `args.command_line`.
TAKES_COMMAND = True

_DEFAULT_PERIOD = "1000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    target_options.add_arguments(parser)
    parser.add_argument(
        "--period",
        metavar="TIME",
        help="time from one layout to the next: in ms, or with a unit: 200ms, 1s (default 1s)",
    )
    parser.add_argument(
        "--duration",
        metavar="TIME",
        help="end the recording after this time: in seconds, or with a unit: 90s, 5m; a launched"
        " command goes on, and is waited for",
    )
    parser.add_argument(
        "-o",
        "--output",
        "--database-file",
        dest="database_file",
        default="measurement.db",
        metavar="FILE",
        help="the recording; added to if it exists; {name}, {pid} and {time} are filled in"
        " (default %(default)s)",
    )
    proc_option.add_argument(parser)
    parser.add_argument(
        "--ask-runtime",
        action="store_true",
        help="ask each JVM about its own memory: at first, 10 s later, then every minute, by"
        " running its JDK's jcmd as its user. This is not from outside: the JVM answers, and jcmd"
        " sends it SIGQUIT the first time. What it says is shown by `kinds` (default: off)",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no status line, no closing line"
    )
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        help="end the recording before the file exceeds this size, for example 500M or 2GiB, with"
        " exit code 1 (default: no limit); a launched command goes on, and its exit code is"
        " returned",
    )
    policy_options.add_arguments(parser)


#: The least --max-size: an empty recording takes a sixth of it.
_LEAST_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class _Job:
    """What was asked for, understood."""

    request: Request
    plan: Plan
    duration_ns: int | None
    proc: str
    file: str
    quiet: bool
    wording: Wording
    launched: Launched | None = None


def run(args: argparse.Namespace) -> int:
    """Record; 0 when the targets have gone or a signal said so.

    1 if no layout could be read, or --max-size was reached. A launched command's exit code is its
    own.
    """
    pids, period_ns = _what_and_how_often(args)
    request = target_options.request_of(args, pids)
    policy = policy_options.policy_of(args, whole_machine=request.is_whole_machine)
    if request.command:
        policy = replace(policy, free_firsts=True)
    duration_ns = None
    if args.duration is not None:
        duration_ns = parse_duration(args.duration, "--duration", default_unit="s")
    proc = proc_option.root_of(args)
    if args.ask_runtime and proc != "/proc":
        raise UsageError(f"--ask-runtime: runtimes of {proc} cannot be asked, only those of /proc")
    launched = None
    if request.command:
        launched = _launch(request, proc)
    try:
        file = target_options.file_name(
            args.database_file, request, launched.pid if launched else None, proc
        )
        plan = _plan(request, policy, period_ns, args)
        job = _Job(request, plan, duration_ns, proc, file, args.quiet, args.wording, launched)
        if launched is None:
            return _record(job, Stop().on_signals())
        return _record_command(job, launched)
    finally:
        if launched is not None:
            launched.abandon()


def _plan(request: Request, policy: Policy, period_ns: int, args: argparse.Namespace) -> Plan:
    from ..record.session import Plan

    return Plan(
        policy=policy,
        period_ns=period_ns,
        command=sys.argv,
        kind=request.kind,
        description=request.description,
        selection=request.selection,
        own_cgroup=bool(request.command),
        cgroup_of=request.pids[0] if len(request.pids) == 1 else None,
        max_size=_max_size(args.max_size),
        cpu_from_ns=0,  # all that this process has done was for the recording: imports, too
        ask_runtime=args.ask_runtime,
    )


def _max_size(text: str | None) -> int | None:
    """Bytes. Raises UsageError."""
    if text is None:
        return None
    size = parse_size(text, "--max-size")
    if size < _LEAST_SIZE:
        raise UsageError(f"--max-size: {text!r} is too small; give at least {_LEAST_SIZE >> 20}M")
    return size


def _what_and_how_often(args: argparse.Namespace) -> tuple[list[str], int]:
    """PIDs and period, from the options or the classic form."""
    classic = list(args.classic)
    if classic and not classic[0].isdecimal() and not args.pid:
        raise UsageError(f"{classic[0]!r} is not a PID; to launch a command, put -- in front of it")
    if len(classic) > 2:
        raise UsageError(
            f"{classic[2]!r}: too many arguments; give PID and period, or -p and --period"
        )
    if args.pid and classic:
        raise UsageError(f"{classic[0]!r}: give PIDs either with -p or as the classic form")
    if args.period and len(classic) == 2:
        raise UsageError(f"{classic[1]!r}: give the period either with --period or after the PID")
    period = args.period or (classic[1] if len(classic) == 2 else _DEFAULT_PERIOD)
    return args.pid or classic[:1], parse_duration(period, "--period")


# -- a launched command -------------------------------------------------------------------------


def _launch(request: Request, proc: str) -> Launched:
    from ..record.launch import Launched

    if proc != "/proc":
        raise UsageError(f"{proc}: a command is launched here, on the machine of /proc")
    sys.stdout.flush()
    sys.stderr.flush()
    return Launched(request.command)


def _record_command(job: _Job, launched: Launched) -> int:
    """Whatever happens to the recording, the command goes on, and is waited for."""
    from ..record.measured_run import outlasting

    stop = StopWithCommand(launched, job.request.wait_all).on_signals()
    if (error := outlasting(launched, lambda: _record(job, stop))) is not None:
        job.wording.say(f"{job.wording.of(error)}; the command goes on, unrecorded")
    return launched.wait().shell_code


# -- recording ----------------------------------------------------------------------------------


def _record(job: _Job, stop: Stop) -> int:
    """Record until something ends it; 1 if no layout at all could be read."""
    from ..procfs.source import ProcSource
    from ..record import measured_run
    from ..record.session import TOO_LARGE, Session
    from ..store.writer import Writer

    source = ProcSource(job.proc)
    source.mapped_files.prepare()
    targets = None if job.launched else target_options.targets_of(job.request, source)
    with ProgressLine(f"opening {job.file}", wanted=not job.quiet) as progress:
        writer = Writer(job.file, progress.step)
    if job.launched is not None:
        targets = measured_run.targets_of(
            source, job.launched, writer, wait_for_all=job.request.wait_all
        )
    assert targets is not None
    say_notice = job.wording.notice
    session = Session(source, targets, job.plan, say_notice, writer=writer, launched=job.launched)
    started = time.monotonic_ns()
    reason = _loop(job, stop, session)
    if not job.quiet:
        session.progress.missed = _missed(job, session.progress)
        cpu_ns = session.used_cpu_ns
        say(closing_line(session.progress, time.monotonic_ns() - started, job.file, cpu_ns) + "\n")
        session.tell_what_was_missed()
        if writer.why_wal_is_kept is not None:
            job.wording.say(writer.why_wal_is_kept)
    if reason == TOO_LARGE:
        job.wording.say(
            f"{job.file}: ended at --max-size {format_size(job.plan.max_size)}; raise it, or use a"
            " longer --period"
        )
    if session.progress.lacks_all_layouts and not session.problems:
        job.wording.say("no layout could be read; the recording says why for each process")
    return int(session.progress.lacks_all_layouts or reason == TOO_LARGE)


def _loop(job: _Job, stop: Stop, session: Session) -> str:
    """Record until something ends it; tells what."""
    # A launched command has the terminal for itself.
    status = StatusLine(enabled=not job.quiet and job.launched is None and sys.stderr.isatty())
    if job.duration_ns is not None:
        stop.after(job.duration_ns)
    try:
        return session.record(stop, status.show, meanwhile=status.show)
    finally:
        status.clear()


def _missed(job: _Job, progress: Progress) -> str | None:
    """What the only process had at its end beyond all readings, as its exit tells."""
    from ..answers.assurance import assurance_of
    from ..render.assurance_text import certainly_missed
    from ..store.recording import Recording

    if job.launched is None or progress.processes != 1:
        return None
    try:
        with Recording(job.file) as recording:
            process = recording.process(pid=job.launched.pid)
            return certainly_missed(assurance_of(recording, process))
    except MemoryWatcherError:
        return None  # no layout, or the recording holds other runs, too
