"""Bounds of .bss from PT_LOAD headers, checked against where the file is mapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.bss import Bss, bss_parts, bss_ranges, find_bss
from memory_watcher.model import ElfSegment, Mapping

from .layouts import layout

#: A library as linkers make them today: text, relro and data, 0x2800 bytes of .bss.
TEXT = ElfSegment(0, 0, 0x1800, 0x1800, 5)
DATA = ElfSegment(0x1800, 0x2800, 0x900, 0x900 + 0x2800, 6)
LIBRARY = (TEXT, DATA)
LOADED = """
    7f0000000000-7f0000002000 r-xp 00000000 fe:01 7 /lib/a.so | rd ex mr mw me
    7f0000002000-7f0000003000 r--p 00001000 fe:01 7 /lib/a.so | rd mr mw me ac
    7f0000003000-7f0000004000 rw-p 00002000 fe:01 7 /lib/a.so
    7f0000004000-7f0000006000 rw-p 00000000 00:00 0
"""
BOUNDS = [Bss(0x7F0000004000, 0x7F0000006000, "/lib/a.so")]


def mappings(text: str) -> list[Mapping]:
    return [entry.mapping for entry in layout(text) if entry.mapping.inode]


def test_bounds_are_whole_pages_behind_the_data() -> None:
    """From page_up(p_vaddr + p_filesz) to page_up(p_vaddr + p_memsz), although relro is split."""
    assert bss_ranges(mappings(LOADED), LIBRARY) == BOUNDS
    assert find_bss(layout(LOADED), {(0xFE << 20 | 1, 7): LIBRARY}) == tuple(BOUNDS)


def test_file_without_known_segments() -> None:
    """Nothing is known of a file whose headers were not read."""
    assert find_bss(layout(LOADED), {(0xFE << 20 | 1, 8): LIBRARY}) == ()
    assert bss_ranges(mappings(LOADED), ()) == []


def test_program_with_fixed_addresses() -> None:
    """A program that is not position-independent has base 0."""
    text = """
        400000-401000 r-xp 00000000 fe:01 9 /bin/a | rd ex mr mw me
        401000-402000 rw-p 00001000 fe:01 9 /bin/a
    """
    segments = (
        ElfSegment(0, 0x400000, 0x1000, 0x1000, 5),
        ElfSegment(0x1000, 0x401000, 0x10, 0x1F00, 6),
    )
    assert bss_ranges(mappings(text), segments) == [Bss(0x402000, 0x403000, "/bin/a")]


def test_bss_that_fits_into_the_last_page_of_data() -> None:
    """No whole page, no bounds: those bytes are in the file's own mapping."""
    small = (TEXT, DATA._replace(memory_size=0x1000))
    assert bss_ranges(mappings(LOADED), small) == []


def test_segment_that_is_nothing_but_bss() -> None:
    """A PT_LOAD without bytes in the file is .bss from its own address on."""
    segments = (*LIBRARY, ElfSegment(0x2100, 0x9000, 0, 0x1001, 6))
    with_offset = segments[2]._replace(offset=0x2000)
    found = bss_ranges(mappings(LOADED), (*LIBRARY, with_offset))
    assert found == [*BOUNDS, Bss(0x7F0000009000, 0x7F000000B000, "/lib/a.so")]
    assert bss_ranges(mappings(LOADED), segments) == [], "offset and address do not fit a page"


def test_library_loaded_twice() -> None:
    """Each instance (dlmopen) has its own .bss."""
    second = LOADED.replace("7f00000", "7f00001")
    assert bss_ranges(mappings(LOADED + second), LIBRARY) == [
        *BOUNDS,
        Bss(0x7F0000104000, 0x7F0000106000, "/lib/a.so"),
    ]


def test_file_that_is_also_mapped_to_be_read() -> None:
    """A plain view of the file (a profiler's, a debugger's) has no .bss, even a writable one."""
    plain = "7e0000000000-7e0000010000 rw-p 00000000 fe:01 7 /lib/a.so"
    assert bss_ranges(mappings(plain), LIBRARY) == []
    assert bss_ranges(mappings(plain + LOADED), LIBRARY) == BOUNDS
    # Without a shift between offsets and addresses only the missing x tells the view from a load.
    linear = (TEXT, ElfSegment(0x1800, 0x1800, 0x900, 0x4000, 6))
    assert bss_ranges(mappings("7e0000000000-7e0000003000 r--p 0 fe:01 7 /a"), linear) == []


@pytest.mark.parametrize(
    "segments",
    [
        (TEXT, DATA._replace(address=0x12800)),
        (TEXT, DATA._replace(offset=0x4800)),
        (TEXT, DATA._replace(file_size=0x1900, memory_size=0x9000)),
        (TEXT._replace(offset=0x10000), DATA),
        (TEXT._replace(flags=4), DATA._replace(flags=7)),
    ],
)
def test_headers_that_do_not_fit_the_mappings(segments: tuple[ElfSegment, ...]) -> None:
    """Headers of another file (replaced, inode used again, hostile) yield nothing."""
    assert bss_ranges(mappings(LOADED), segments) == []


def test_other_page_sizes() -> None:
    """Pages are those of the machine that was recorded."""
    text = """
        7f0000000000-7f0000010000 r-xp 00000000 fe:01 7 /lib/a.so | rd ex mr mw me
        7f0000010000-7f0000020000 rw-p 00000000 fe:01 7 /lib/a.so
    """
    segments = (TEXT, ElfSegment(0x1800, 0x11800, 0x900, 0x20000, 6))
    assert bss_ranges(mappings(text), segments, 65536) == [
        Bss(0x7F0000020000, 0x7F0000040000, "/lib/a.so")
    ]


def test_parts_of_merged_mappings() -> None:
    """How much of a mapping's address space is .bss: exact, also where its figures are not."""
    entries = layout(
        """
        7f0000003000-7f0000004000 rw-p 00002000 fe:01 7 /lib/a.so
        7f0000004000-7f0000005000 rw-p 00000000 00:00 0
        7f0000005000-7f0000009000 rw-p 00000000 00:00 0
        7f0000009000-7f000000a000 rw-p 00000000 00:00 0
        """
    )
    parts = bss_parts(entries, BOUNDS)
    assert [(part.position, part.size, part.is_whole) for part in parts] == [
        (1, 0x1000, True),
        (2, 0x1000, False),
    ]


_NUMBERS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.integers(0, 0x8000),
    st.sampled_from([0, 0x1000, 0x1800, 0x2000, 0x2800]),
)


@given(
    st.lists(
        st.builds(ElfSegment, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, st.integers(0, 7)),
        max_size=6,
    )
)
def test_any_segments(segments: list[ElfSegment]) -> None:
    """Whatever headers say, bounds are whole pages, never empty, and never inside the file part."""
    for bss in bss_ranges(mappings(LOADED), segments):
        assert bss.start < bss.end
        assert bss.start % 4096 == bss.end % 4096 == 0
