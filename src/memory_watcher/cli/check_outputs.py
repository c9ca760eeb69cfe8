"""What a check found, for programs: options that name a file, and the environment of GitHub."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..analysis.budgets.model import Checked


class _File(NamedTuple):
    option: str
    help: str
    render: Callable[[Checked, int, bool], str]


def _junit(checked: Checked, duration_ns: int, report_only: bool) -> str:
    from ..render.check_junit import render

    return render(checked, duration_ns, report_only=report_only)


def _markdown(checked: Checked, _: int, report_only: bool) -> str:
    from ..render.check_md import render

    return render(checked, report_only=report_only)


def _bmf(checked: Checked, _: int, __: bool) -> str:
    from ..render.check_bmf import render

    return render(checked)


def _benchmark(checked: Checked, _: int, __: bool) -> str:
    from ..render.check_benchmark import render

    return render(checked)


#: What other commands take for standard output; here it would be a file of that name.
_STDOUT = "-"

_FILES = (
    _File("--junit", "a test case for each budget as JUnit XML, for GitLab and Jenkins", _junit),
    _File("--markdown", "a table for a comment in a pull request", _markdown),
    _File("--bmf", "the measured values in Bencher's form (adapter json)", _bmf),
    _File(
        "--benchmark-json",
        "the measured values for github-action-benchmark (tool customSmallerIsBetter)",
        _benchmark,
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("for CI")
    group.add_argument(
        "--github",
        action="store_true",
        help="annotations for GitHub Actions, and a table in the job's summary",
    )
    for file in _FILES:
        group.add_argument(file.option, metavar="FILE", help=f"write {file.help}")


def require_places(args: argparse.Namespace, read: Sequence[str | None]) -> None:
    """Refuse what cannot be written, is `read`, or is named twice, before anything is launched.

    Raises CannotWrite, UsageError.
    """
    from ..errors import CannotWrite, UsageError

    taken = {os.path.realpath(path): "is read" for path in read if path is not None}
    for file, path in _named(args):
        folder = os.path.dirname(path) or "."
        if path == _STDOUT:
            raise UsageError(f"{file.option}: name a file; /dev/stdout is standard output")
        if os.path.isdir(path):
            raise CannotWrite(f"{path}: it is a folder; name a file in it")
        if not os.path.isdir(folder):
            raise CannotWrite(f"{path}: no folder {folder}; create it, or choose another")
        where = os.path.realpath(path)
        if where in taken:
            raise UsageError(f"{file.option}: {path} {taken[where]}; choose another file")
        taken[where] = f"is written by {file.option}"


def write(
    args: argparse.Namespace, checked: Checked, duration_ns: int, show: Callable[[str], None]
) -> None:
    """Write all that was asked for; `show` gets lines for the log. Raises CannotWrite."""
    from ..render.output import write_whole

    for file, path in _named(args):
        text = file.render(checked, duration_ns, args.report_only)
        write_whole(path, text.encode())
    if args.github:
        _github(checked, args.report_only, show)


def _named(args: argparse.Namespace) -> Iterator[tuple[_File, str]]:
    for file in _FILES:
        path = getattr(args, file.option.strip("-").replace("-", "_"))
        if path is not None:
            yield file, path


def _github(checked: Checked, report_only: bool, show: Callable[[str], None]) -> None:
    from ..render import check_github, check_md
    from ..render.output import append

    workspace = os.environ.get("GITHUB_WORKSPACE")
    if text := check_github.render(checked, workspace, report_only=report_only):
        show(text)

    def table(room: int) -> str:
        rendered = check_md.render(checked, room - 1, report_only=report_only)
        return rendered and f"\n{rendered}"  # ends whatever line stands above

    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        append(summary, check_github.SUMMARY_BYTES, table)
