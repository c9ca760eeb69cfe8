"""The fast way through texts as kernels print them: the same as line by line, in little memory."""

from __future__ import annotations

import random
import re
import tracemalloc
from pathlib import Path

import pytest

from memory_watcher.capture import texts
from memory_watcher.capture.kernel_text import KernelText
from memory_watcher.capture.loading import Told, load
from memory_watcher.errors import SmapsFormatError
from memory_watcher.model import sum_totals
from tests.captures import WHOLE, capture, plain


def _told(text: bytes, line_by_line: bool) -> object:
    """All that is read of a text, or the error."""
    try:
        captured = texts._read_lines(text) if line_by_line else texts.read(text)
    except SmapsFormatError as error:
        return str(error)
    return captured.left_out, [
        (each.line, each.pid, each.is_torn, each.is_rollup, each.rollup, plain(each.entries))
        for each in captured.captures
    ]


def _beginning(text: bytes, mappings: int = 30) -> bytes:
    """The first mappings of a text: the line reader is slow."""
    begins = [each.start() for each in re.finditer(rb"(?m)^[0-9a-f]+-[0-9a-f]+ ", text)]
    return text if len(begins) <= mappings else text[: begins[mappings]]


@pytest.mark.parametrize("kernel", WHOLE)
def test_same_as_line_by_line(kernel: str) -> None:
    """What kernels print, once or twice, is read as line by line, and so is each damage."""
    text = _beginning(capture(kernel))
    choose = random.Random(kernel)
    lines = text.split(b"\n")
    at = [choose.randrange(len(lines)) for _ in range(6)]
    shapes = [
        text,
        text + text,
        text[: choose.randrange(len(text))],
        b"\n".join(lines[: at[0]]) + b"\n",
        b"\n".join([*lines[: at[1]], *lines[at[1] + 1 :]]),
        b"\n".join([*lines[: at[2]], lines[at[2]], *lines[at[2] :]]),
        b"\n".join([*lines[: at[3]], b"noise", *lines[at[3] :]]),
        text.replace(b"kB", b"MB", 1),
        text.replace(b"\n", b"\r\n"),
        text.replace(b"Rss:  ", b"Rss: -", 1),
    ]
    for shape in shapes:
        assert _told(shape, line_by_line=False) == _told(shape, line_by_line=True)


def _wide(mappings: int) -> bytes:
    return b"".join(
        b"%012x-%012x rw-p 00000000 00:00 0 \nSize:                  4 kB\n"
        b"Rss:            %8d kB\nPss:            %8d kB\nShared_Clean:          0 kB\n"
        b"Shared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
        b"Private_Dirty:  %8d kB\nVmFlags: rd wr mr mw me ac \n"
        % (start, start + 0x1000, number, number, number)
        for number in range(mappings)
        for start in (0x7F0000000000 + number * 0x2000,)
    )


def test_plain_text_is_not_kept_as_objects() -> None:
    """A plain text's layout is walked along: its sums are known, its mappings made when asked."""
    (one,) = texts.read(_wide(9000)).captures
    assert isinstance(one.entries, KernelText)
    assert len(one.entries) == 9000
    assert one.entries.totals == sum_totals(list(one.entries))


def test_memory_of_loading(tmp_path: Path) -> None:
    """Loading takes memory for some thousand mappings, however many there are."""
    told = Told(1, "wide", "wide", 0, is_last=True, period_ns=None)
    used = []
    for mappings in (6_000, 12_000):
        text = _wide(mappings)
        tracemalloc.start()
        (loaded,) = load(str(tmp_path / f"{mappings}.db"), texts.read(text).captures, told)
        used.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert loaded.totals.mappings == mappings
    assert used[1] < used[0] * 1.3
