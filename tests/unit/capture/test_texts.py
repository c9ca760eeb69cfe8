"""Captured texts -> layouts, whatever was done to them; or a refusal that tells the line."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest

from memory_watcher.capture.texts import read
from memory_watcher.errors import SmapsFormatError
from memory_watcher.model import sum_totals
from tests.captures import KI, PROC, WHOLE, capture, load, parse_slowly, plain
from tests.unit.capture.shapes import COUNT, ROLLUP, SHAPES, TEXT, Shape


def test_final_newline_is_not_needed() -> None:
    """A capture that went through a clipboard lacks the last blank and newline: it loads.

    Not where the last line is of a kind that nobody knows: it could be cut.
    """
    for kernel in WHOLE:
        if kernel != "future":
            assert plain(load(capture(kernel).rstrip())) == parse_slowly(capture(kernel))


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(PROC.glob("broken/*")), ids=lambda path: path.name)
def test_no_whole_smaps_is_refused(path: object) -> None:
    """Empty, binary, cut or other text raises SmapsFormatError and yields nothing."""
    assert len(list(PROC.glob("broken/*"))) >= 9
    with pytest.raises(SmapsFormatError):
        load(path.read_bytes())  # type: ignore[attr-defined]


@pytest.mark.parametrize("kernel", ["2.6.32", "3.10", "6.1", "6.18-cat", "names"])
def test_cut_anywhere_in_the_last_mapping(kernel: str) -> None:
    """Wherever the last block is cut, up to its last line's value, the text is refused."""
    text = capture(kernel)
    last = text.rindex(b"\nSize:")
    start = text.rindex(b"\n", 0, last) + 1
    end = text.rindex(b": ") + 2
    for length in range(start + 1, end):
        with pytest.raises(SmapsFormatError):
            load(text[:length])


@pytest.mark.parametrize("kernel", ["2.6.32", "6.18-cat"])
def test_cut_number_is_not_a_smaller_number(kernel: str) -> None:
    """One mapping alone, cut within a figure: refused, not read as bytes or as fewer digits."""
    text = capture(kernel)
    block = text[: text.index(b"\n", text.index(b"Private_Dirty:")) + 1]
    assert load(block)[0].usage.private_dirty is not None
    for cut in range(1, 16):
        with pytest.raises(SmapsFormatError):
            load(block[:-1][:-cut])


@pytest.mark.parametrize("kernel", ["2.6.32", "6.18-cat"])
def test_one_mapping_cut_between_lines(kernel: str) -> None:
    """Refused unless it has what kernels of all versions print; blank lines at its end are none."""
    text = capture(kernel)
    lines = re.split(rb"(?<=\n)(?=[0-9a-f]+-)", text)[0].splitlines(keepends=True)
    whole = next(n for n, line in enumerate(lines) if line.startswith(b"Private_Dirty:")) + 1
    for count in range(1, whole):
        with pytest.raises(SmapsFormatError, match="cut in the middle"):
            load(b"".join(lines[:count]))
    for end in (b"", b"\n", b"\n\n"):
        assert len(load(b"".join(lines) + end)) == 1


def test_cr_in_the_last_name_does_not_hide_a_cut() -> None:
    """A carriage return in the last mapping's name is no line of its own."""
    text = capture("names").replace(b"[anon: glibc: malloc arena]", b"[anon:a\rb]")
    with pytest.raises(SmapsFormatError):
        load(text[: text.rindex(b"VmFlags")])


# -- shapes in which captures come --------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_shape(shape: Shape) -> None:
    """Each shape is read to the byte, or refused with the right reason."""
    if isinstance(shape.captures, str):
        with pytest.raises(SmapsFormatError, match=shape.captures):
            read(shape.data)
        return
    captured = read(shape.data)
    totals = [sum_totals(capture.entries) for capture in captured.captures]
    assert [
        (each.mappings, -1 if each.rss is None else each.rss // KI, (each.pss or 0) // KI)
        for each in totals
    ] == shape.captures
    if shape.pids is not None:
        assert [capture.pid for capture in captured.captures] == shape.pids
    names = {entry.mapping.pathname for entry in captured.captures[0].entries}
    assert names <= {
        *("/opt/demo/bin/demo", "[heap]", "", "/usr/lib/two words.so", "[stack]", "[rollup]")
    }


def test_what_is_left_out_is_told() -> None:
    """Lines around a capture are named by their numbers, blank ones are not worth it."""
    captured = read(b"$ cat smaps\n\n" + TEXT + b"$ exit\n")
    assert captured.left_out == (1, 3 + TEXT.count(b"\n"))
    assert captured.captures[0].line == 3


@pytest.mark.parametrize("kernel", WHOLE)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: re.sub(rb"(?m)^(?=.)", b"> ", text),
        gzip.compress,
        lambda text: b"$ cat smaps\n" + text + b"$ ",
    ],
    ids=["clean", "CRLF", "quoted", "gzip", "prompts"],
)
def test_every_byte_of_names_survives(kernel: str, wrap: Callable[[bytes], bytes]) -> None:
    """Whatever was done to a capture of any kernel, names and figures are those of the clean one.

    Names hold CR, tabs, trailing blanks, `>`, invalid UTF-8 and what looks like other lines.
    """
    assert plain(load(wrap(capture(kernel)))) == parse_slowly(capture(kernel))


def test_torn_reading_is_one_layout() -> None:
    """A mapping that overlaps the one before it and reaches beyond it was moved while read."""
    text = TEXT.replace(b"7f10aa000000-7f10aa021000", b"5581a5f00000-5581a5fa0000")
    (torn,) = read(text).captures
    assert torn.is_torn
    assert len(torn.entries) == COUNT
    assert not read(TEXT).captures[0].is_torn


def test_totals_behind_their_layout_belong_to_it() -> None:
    """smaps_rollup that begins at the same address is that layout's; another is a capture."""
    (both,) = read(TEXT + ROLLUP).captures
    assert both.rollup is not None
    assert both.rollup.pss == 4747 * KI
    other = ROLLUP.replace(b"5581a3c00000", b"5581a3c01000")
    assert [each.is_rollup for each in read(TEXT + other).captures] == [False, True]


@pytest.mark.parametrize("cut", [1, 4, 7])
def test_cut_in_its_first_address(cut: int) -> None:
    """What is left of the first address would be one, too, with a mapping of a wrong size."""
    text = capture("6.18-cat")
    with pytest.raises(SmapsFormatError, match="line 1: the addresses contradict the Size"):
        load(text[cut:])


def test_addresses_that_somebody_changed() -> None:
    """Sizes are what totals are made of: addresses of full length may contradict them.

    Some of an address that lost its begin has fewer digits than the kernel writes.
    """
    first, rest = TEXT.split(b"\n", 1)
    start, others = first.split(b"-", 1)
    changed = b"00400000-15000000 " + others.split(b" ", 1)[1]
    size = read(TEXT).captures[0]
    found = read(changed + b"\n" + rest).captures[0]
    assert sum_totals(found.entries).size == sum_totals(size.entries).size
    with pytest.raises(SmapsFormatError, match="the begin of the line may be missing"):
        read(start[3:] + b"-" + others + b"\n" + rest)
