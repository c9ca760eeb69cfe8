"""Launches a command, has what was recorded judged, and keeps it where somebody wants to look."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace

from ..analysis.budgets.model import Checked, RunFile, Word
from ..errors import MemoryWatcherError
from ..record.launch import find_command
from ..record.policy import FOR_NAMED
from ..record.session import Plan
from ..units import parse_duration
from .check_limits import Limits, judge
from .check_said import Found
from .launching import Job, Launch, launch
from .policy_options import percent
from .progress import ProgressLine
from .run_folder import RunFolder
from .wording import Wording

_DEFAULT_PERIOD = "500"
#: More than `record` takes: a command may be over before much was earned.
_DEFAULT_CPU = "25"


def check_command(args: argparse.Namespace, limits: Limits) -> Found:
    """Launch it as often as asked, and judge it. Raises MemoryWatcherError."""
    runs = args.runs or 1
    job = _job(args)
    with RunFolder(args.keep, args.command_line[0]) as folder:
        try:
            launches = _launch_all(job, folder, runs)
            args.file = launches[-1].path
            found = _judged(launches, limits, runs)
        except Exception:
            if folder.has_files:
                args.wording.say(f"what was recorded stays in {folder.path}")
            raise
        files = _kept(found.checked, folder, launches, args.wording)
    return found._replace(checked=replace(found.checked, recordings=files))


def _job(args: argparse.Namespace) -> Job:
    find_command(args.command_line[0])  # before anything is made for it
    max_cpu = percent(args.max_cpu or _DEFAULT_CPU, "--max-cpu") or None
    plan = Plan(
        policy=replace(FOR_NAMED, free_firsts=True, max_cpu=max_cpu),
        period_ns=parse_duration(args.period or _DEFAULT_PERIOD, "--period"),
        command=sys.argv,
        kind="command",
        description=shlex.join(args.command_line),
        own_cgroup=True,
    )
    return Job(args.command_line, plan, is_aside=args.json, wording=args.wording)


def _launch_all(job: Job, folder: RunFolder, runs: int) -> list[Launch]:
    """Launch it so often, or until one fails or somebody asks to end."""
    launches: list[Launch] = []
    for _ in range(runs):
        launches.append(launch(job, folder.new_file(), _prepare))
        last = launches[-1]
        if last.exit_code or last.problem or last.interrupted:
            break
    return launches


def _prepare() -> None:
    """Load what judges and shows while the command runs: nobody waits for it then."""
    from ..answers import check  # noqa: F401
    from ..render import check_json, check_text  # noqa: F401
    from ..store import recording  # noqa: F401


def _judged(launches: Sequence[Launch], limits: Limits, runs: int) -> Found:
    """Nothing is judged, and no baseline written, if a launch failed, lacks or is not whole."""
    last = launches[-1]
    notes = list(last.notes)
    if len(launches) < runs:
        why = f"stopped by {last.interrupted.name}" if last.interrupted else "the last one failed"
        notes.append(f"Launched {len(launches)} of {runs} times: {why}.")
    if last.problem:
        notes.append(f"The recording is not whole: {last.problem}.")
    elif last.interrupted and not last.exit_code:
        notes.append(f"The command was asked to end by {last.interrupted.name}.")
    if last.exit_code or last.problem or len(launches) < runs:
        if limits.update is not None:
            notes.append("The baseline was not written.")
        return Found(Checked((), notes=tuple(notes)), failed=last.exit_code)
    found = judge([each.path for each in launches], limits)
    return found._replace(checked=replace(found.checked, notes=(*notes, *found.checked.notes)))


def _kept(
    checked: Checked, folder: RunFolder, launches: Sequence[Launch], wording: Wording
) -> tuple[RunFile, ...]:
    """The recordings that stay, with a report beside each if something is to be seen in it."""
    is_within = checked.verdict is Word.WITHIN
    if is_within and not folder.is_named:
        folder.remove()
        return ()
    wants_report = bool(checked.budgets) and not is_within
    return tuple(
        RunFile(
            each.path,
            _report(each.path, wording) if wants_report else None,
            each.exit_code,
            each.ended_by,
        )
        for each in launches
    )


def _report(recording_path: str, wording: Wording) -> str | None:
    """Write the report beside a recording; None if that is impossible, which is said."""
    from ..report import write_report
    from ..store.recording import Recording

    path = f"{recording_path.removesuffix('.db')}.html"
    try:
        with Recording(recording_path) as recording, ProgressLine(f"report {path}") as progress:
            write_report(recording, path, tell=progress.step)
    except MemoryWatcherError as error:
        wording.say(f"no report: {wording.of(error)}")
        return None
    return path
