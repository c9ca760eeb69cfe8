"""What `check` says of what it found, and with which exit code it ends."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import CannotWrite
from . import check_outputs, say
from .console import write_text

if TYPE_CHECKING:
    from ..analysis.budgets.model import Checked

#: What every error exits with: 1 says that memory is over a budget, and nothing else.
ERROR_CODE = 2
_CODES = {"within": 0, "over": 1, "undecided": ERROR_CODE}


class Found(NamedTuple):
    """What a check found. `changes` are those of the baseline, a line each.

    `failed` is the exit code of a command that failed, else 0.
    """

    checked: Checked
    changes: Sequence[str] = ()
    failed: int = 0


def tell(args: argparse.Namespace, found: Found, duration_ns: int) -> int:
    """Say and write all that was asked for; gives the exit code.

    `duration_ns` is how long all took.
    """
    from ..render import check_json, check_text

    checked = found.checked
    would_be = found.failed or _CODES[checked.verdict.value]
    code = found.failed if args.report_only else would_be
    show = _say_lines if args.json else write_text
    show(check_text.render(checked, found.changes))
    if code != would_be:
        show(f"Only reported: without --report-only the exit code is {would_be}.\n")
    if args.json:
        write_text(check_json.render(checked))
    try:
        check_outputs.write(args, checked, duration_ns, show)
    except CannotWrite as error:
        args.wording.notice(error)
        code = code or ERROR_CODE
    return code


def _say_lines(text: str) -> None:
    for line in text.splitlines():
        say(line)
