"""Texts of /proc/PID/smaps_rollup -> one measurement of each process in them: totals alone.

What there is of mappings is not told: the totals stand as one entry, `[rollup]`, of the kind
`totals`. A text says whose it is only where something (grep, head) put the file's name before it.
"""

from __future__ import annotations

import re
import sys

from ..errors import SmapsFormatError, SourceError
from ..message import Named, Setting
from ..model import Image, Machine, ProcessFacts, ProcessKey, Tick
from ..store.writer import Writer
from .loading import layout_of, sample_of
from .texts import Capture, read

_HEADER = re.compile(rb"^[^\n]*\b[0-9a-f]+-[0-9a-f]+ \S{4} [^\n]*\[rollup\]", re.MULTILINE)


def is_rollup(text: bytes) -> bool:
    """Whether the begin of a text shows that it holds smaps_rollup."""
    return _HEADER.search(text) is not None


def import_rollups(
    path: str, text: bytes, time_ns: int, owner: tuple[int, str], writer: Writer
) -> int:
    """Add the totals of a text to a recording that is being written, as a run; how many they are.

    `time_ns` is when they were read, UTC; `owner` the PID and name of what names no process. Raises
    SmapsFormatError or SourceError for what is no smaps_rollup, and the errors of Writer.
    """
    pid, name = owner
    found: dict[int, Capture] = {}
    try:
        captures = read(text).captures
    except SmapsFormatError as error:
        raise SmapsFormatError(f"{path}: {error}") from None
    for capture in captures:
        if not capture.is_rollup:
            raise SourceError(
                f"{path}: line {capture.line}: it holds mappings, too; ",
                Named(Setting.LOAD, "load it as smaps", "use {}"),
            )
        of = capture.pid or pid
        if of in found:
            raise SourceError(
                f"{path}: line {capture.line}: a second capture of PID {of}; import them one by one"
            )
        found[of] = capture
    writer.start_import(Machine(None, None, None, None), sys.argv, are_keys_told=False)
    writer.tick(Tick(time_ns))
    for of, capture in found.items():
        process = writer.add_process(ProcessFacts(ProcessKey(of, 0), Image(name)))
        writer.sample(process, sample_of(capture, layout_of(capture)), delay_ns=None)
    return len(found)
