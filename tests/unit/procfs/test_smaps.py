"""smaps of every kernel -> mappings and usages, whole and as what changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_watcher.capture.texts import read
from memory_watcher.errors import SmapsFormatError
from memory_watcher.model import Mapping, MappingUsage, Totals, Usage, sum_totals
from memory_watcher.procfs.smaps import LayoutTracker, TrackedLayout
from memory_watcher.procfs.smaps_blocks import BlockParser
from tests.captures import KI, WHOLE, Entry, capture, load, parse, parse_slowly, plain

# -- whole texts: known answers -----------------------------------------------------------------


def named(kernel: str, pathname: str) -> list[MappingUsage]:
    """The mappings of a capture that bear this name."""
    return [entry for entry in parse(capture(kernel)) if entry.mapping.pathname == pathname]


def the(kernel: str, pathname: str) -> tuple[Mapping, Usage]:
    """The only mapping of that name."""
    (entry,) = named(kernel, pathname)
    return entry.mapping, entry.usage


@pytest.mark.parametrize("kernel", WHOLE)
def test_every_figure_of_every_capture(kernel: str) -> None:
    """Each mapping of each kernel's format is read as a line-by-line reading of it says."""
    assert plain(parse(capture(kernel))) == parse_slowly(capture(kernel))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("2.6.32", Totals(10, 101964, 1624, 673, 512, 64, None)),
        ("3.10", Totals(11, 82248, 2212, 2208, 2208, 8, None)),
        ("4.4", Totals(9, 151272, 10560, 3867, 4740, 40, 20)),
        ("5.4", Totals(8, 74036, 11452, 9320, 7192, 4, 4)),
        ("5.4-arm32", Totals(7, 820, 448, 244, 44, 0, 0)),
        ("6.1", Totals(9, 4256, 1524, 768, 56, 0, 0)),
        ("6.12-16k", Totals(7, 7312, 4176, 4160, 4160, 0, 0)),
        ("6.18-cat", Totals(38, 3060, 1748, 332, 160, 0, 0)),
        ("6.18-python", Totals(94, 25532, 14668, 12689, 12136, 0, 0)),
        ("future", Totals(2, 1049600, 1049600, 1049088, 1048576, 0, 0)),
    ],
)
def test_totals_of_each_kernel(kernel: str, expected: Totals) -> None:
    """The sums (KiB here, as awk adds them up) are right; None for what a kernel does not tell."""
    totals = sum_totals(parse(capture(kernel)))
    sizes = [None if size is None else size // KI for size in totals[1:]]
    assert Totals(totals.mappings, *sizes) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "page"), [("6.18-python", 4096), ("6.12-16k-python", 16384)])
def test_captured_process_agrees_with_its_statm(name: str, page: int) -> None:
    """The captured mappings add up to the statm captured with them, to the page."""
    totals = sum_totals(parse(capture(name)))
    size, resident = capture(name, "statm").split()[:2]
    assert (totals.size, totals.rss) == (int(size) * page, int(resident) * page)


def test_kernel_without_newer_fields() -> None:
    """2.6.32: no flags, no Anonymous…: None, never 0; page sizes behind Swap are found."""
    mapping, usage = the("2.6.32", "[heap]")
    assert mapping == Mapping(0x187C000, 0x1900000, "rw-p", 0, 0, 0, "[heap]")
    assert usage == Usage(
        rss=436 * KI,
        pss=436 * KI,
        shared_clean=0,
        shared_dirty=0,
        private_clean=0,
        private_dirty=436 * KI,
        referenced=420 * KI,
        swap=64 * KI,
        kernel_page_size=4 * KI,
        mmu_page_size=4 * KI,
    )


def test_stacks_of_threads_by_name() -> None:
    """3.10: [stack:TID] stays as the kernel writes it, with its figures."""
    mapping, usage = the("3.10", "[stack:2210]")
    assert mapping.size == 8192 * KI
    assert (usage.anon_huge_pages, usage.locked) == (2048 * KI, 2056 * KI)
    assert usage.vm_flags == "rd wr mr mw me lo ac sd"
    assert usage.swap_pss is None


def test_huge_pages_are_private_memory_outside_rss() -> None:
    """4.4: hugetlb pages are in no RSS, and count as memory that would be free."""
    _, usage = the("4.4", "/anon_hugepage (deleted)")
    assert (usage.rss, usage.shared_hugetlb, usage.private_hugetlb) == (0, 2048 * KI, 4096 * KI)
    assert usage.uss == 4096 * KI
    assert usage.kernel_page_size == 2048 * KI


def test_flags_that_are_numbers() -> None:
    """5.4: THPeligible and ProtectionKey have no unit: plain numbers."""
    assert the("5.4", "[heap]")[1].thp_eligible == 1
    mapping, usage = the("5.4", "/dev/shm/pool")
    assert (usage.thp_eligible, usage.protection_key) == (0, 3)
    assert mapping.dev == 0x2D


def test_device_and_offset() -> None:
    """Major, minor and offset are hexadecimal and may be long; the inode is decimal."""
    assert the("5.4", "/usr/bin/node")[0].dev == 0x103 << 20 | 2
    mapping, _ = the("6.12-16k", "/dev/dri/renderD128")
    assert (mapping.offset, mapping.dev, mapping.inode) == (0x100000000, 6, 412)


def test_names_that_the_kernel_or_a_program_gives() -> None:
    """6.1: names in brackets, of sockets and inodes are kept whole, blanks included."""
    assert {entry.mapping.pathname for entry in parse(capture("6.1"))} == {
        "/usr/sbin/nginx",
        "[heap]",
        "/dev/zero (deleted)",
        "[anon:nginx pool]",
        "[anon_shmem:zone one]",
        "/memfd:ring buffer (deleted)",
        "anon_inode:[io_uring]",
        "socket:[88121]",
        "[stack]",
    }


def test_pages_of_16_kib_and_unnamed_flags() -> None:
    """6.12 on arm64: sizes are kB whatever the page size; `??` and new flags are kept."""
    _, usage = the("6.12-16k", "[vdso]")
    assert (usage.kernel_page_size, usage.vm_flags) == (16 * KI, "rd ex mr mw me de sl ??")
    assert the("6.12-16k", "[heap]")[1].ksm == 96 * KI


def test_32_bit_columns() -> None:
    """32-bit ARM: the name begins at another column; [vectors] counts in no total."""
    mapping, usage = the("5.4-arm32", "[vectors]")
    assert (mapping.start, mapping.end, usage.rss) == (0xFFFF0000, 0xFFFF1000, 0)
    assert sum_totals([MappingUsage(mapping, usage)]).size == 0


def test_gate_above_half_of_the_address_space() -> None:
    """[vsyscall] is at ffffffffff600000: unsigned, last, and counted in no size."""
    last = parse(capture("6.18-cat"))[-1]
    assert last.mapping.start == 0xFFFFFFFFFF600000
    assert last.mapping.pathname == "[vsyscall]"
    assert sum_totals([last]).size == 0


def test_captured_names() -> None:
    r"""Blanks at the end, tabs, CR, `\012`, invalid UTF-8, escapes, HTML: every byte survives."""
    names = {
        entry.mapping.pathname.encode("utf-8", "surrogateescape").removeprefix(b"/srv/odd/")
        for entry in parse(capture("6.18-python"))
        if entry.mapping.pathname.startswith("/srv/odd/")
    }
    assert names == {
        b"two  blanks",
        b"trailing blanks  ",
        b"tab\there",
        b"cr\rhere",
        b"new\\012line",
        b"lit\\012eral",
        b"in\xffvalid\xc3",
        b"\x1b[31mred\x07",
        b"<b>bold&amp;",
        b"x (deleted) (deleted)",
        b"gone (deleted)",
    }


def test_names_that_look_like_something_else() -> None:
    """A file may be called as a field, a header, or hold bytes that split lines elsewhere."""
    names = [entry.mapping.pathname for entry in parse(capture("names"))]
    assert len(names) == 18
    assert {"/srv/odd/Rss:          9999 kB", "/srv/odd/[heap]", "[anon:a] [stack]"} < set(names)
    assert any(name.startswith("/srv/odd/ff-") and "\x0c" in name for name in names)
    assert "/srv/odd/größe→日本" in names


def test_lines_that_nobody_knows_yet() -> None:
    """Unknown lines, also behind VmFlags, are kept as read and cost no known figure."""
    first, second = parse(capture("future"))
    assert first.usage.rss == 1024 * KI
    assert first.usage.vm_flags == "rd ex mr mw me zz q1"
    assert first.usage.other == "Tiered:              512 kB\nPss_Tier1:            64 kB"
    assert second.usage.private_dirty == 1048576 * KI
    assert second.usage.other == (
        "Tiered:                0 kB\nTemperature:    warm: 3\nSealed_By:      some text"
    )


def test_figures_wider_than_their_column() -> None:
    """More than eight digits shift the line; the mappings before and after are right too."""
    reserved, big, small, gate = parse(capture("wide"))
    assert reserved.usage.rss == 0
    assert big.usage.rss == big.usage.private_dirty == 122070312 * KI
    assert big.usage.anon_huge_pages == 104857600 * KI
    assert (small.usage.rss, small.usage.anon_huge_pages) == (4 * KI, 0)
    assert gate.usage.vm_flags == "ex"


# -- what is refused ----------------------------------------------------------------------------

HEADER = b"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"


@pytest.mark.parametrize(
    "header",
    [
        b"7f0000000000-17f0000000000000f rw-p 00000000 00:00 0 \n",
        b"17f0000000000000f-17f00000000000010 rw-p 00000000 00:00 0 \n",
        b"7f0000000000-7f0000001000 rw-p 10000000000000000 00:00 0 \n",
        b"7f0000000000-7f0000001000 rw-p 00000000 123456789:00 0 \n",
        b"7f0000000000-7f0000001000 rw-p 00000000 00:00 " + b"9" * 5000 + b" \n",
        b"7f0000000000-7f0000001000 rw-p 00000000 00:00 " + b"9" * 20 + b" \n",
    ],
)
def test_numbers_that_no_kernel_has(header: bytes) -> None:
    """Addresses, offsets, devices and inodes beyond 64 bits are no header."""
    with pytest.raises(SmapsFormatError):
        parse(header + b"Rss: 4 kB\n")


def test_largest_numbers_that_a_kernel_may_have() -> None:
    """Offsets and inodes up to 2^64-1 are read: device and network file systems have such."""
    header = b"7f0000000000-7f0000001000 rw-p ffffffffffffe000 fff:fffff 18446744073709551615 /x\n"
    entry, _ = parse((header + b"Rss: 4 kB\n") * 2)
    assert (entry.mapping.offset, entry.mapping.inode) == (2**64 - 0x2000, 2**64 - 1)


@pytest.mark.parametrize("digits", [17, 5000])
def test_figure_too_large_to_be_one(digits: int) -> None:
    """A size beyond any machine's is kept as text, and does not fail."""
    entry, _ = parse((HEADER + b"Rss: 4 kB\nPss: " + b"9" * digits + b" kB\n") * 2)
    assert (entry.usage.rss, entry.usage.pss) == (4 * KI, None)
    assert entry.usage.other == "Pss: " + "9" * digits + " kB"


@pytest.mark.parametrize(
    "value",
    [b"-4 kB", b"+4 kB", b"4_0 kB", b"4", b"4 MB", b"4 KB", b"0x4 kB", b"", b"9007199254740992 kB"],
)
def test_what_is_no_figure_costs_only_itself(value: bytes) -> None:
    """Negative, too large, of another unit: no figure, kept as text, also in columns learnt."""
    lines = b"Rss:                 4 kB\nPss: %20b\nSwap:                8 kB\n"
    text = b"".join(HEADER + lines % figure for figure in (b"4 kB", value, b"4 kB"))
    first, second, third = parse(text)
    assert first.usage == third.usage == Usage(rss=4 * KI, pss=4 * KI, swap=8 * KI)
    assert second.usage[:-1] == Usage(rss=4 * KI, swap=8 * KI)[:-1]
    assert second.usage.other == (b"Pss: %20b" % value).decode()


@pytest.mark.parametrize("figure", [9007199254740991, 1234567890123456, 1000000000000001])
def test_largest_figures(figure: int) -> None:
    """Up to 2^63-1 bytes a figure is read, whatever was learnt from the block before it."""
    lines = [b"Rss: %8d kB\nPss: %8d kB\n" % pair for pair in ((4, 4), (figure, 4), (2, figure))]
    for one, two in permutations(lines, 2):
        parser = BlockParser()
        for block in (HEADER + one, HEADER + two):
            assert plain([parser.parse(block)]) == parse_slowly(block)


def test_sums_that_nothing_can_hold() -> None:
    """Figures that add up to 2^63 bytes or more are no layout: refused, not stored as something."""
    text = b"".join(HEADER + b"Rss: %d kB\n" % figure for figure in (9007199254740991, 1, 0))
    with pytest.raises(SmapsFormatError, match="more than 2\\^63 bytes"):
        parse(text)


@pytest.mark.parametrize(
    ("span", "fault"),
    [
        (b"00002000-00001000", "ends before it starts"),
        (b"00002000-00002000", "ends before it starts"),
        (b"00000000-ffffffffffffffff", "is too long for a mapping"),
        (b"00000000-8000000000000000", "is too long for a mapping"),
    ],
)
def test_addresses_that_no_mapping_has(span: bytes, fault: str) -> None:
    """An end at or before the start, or a length beyond 63 bits, is no header."""
    text = span + b" rw-p 00000000 00:00 0 \nRss: 4 kB\nVmFlags: rd\n"
    with pytest.raises(SmapsFormatError, match=fault):
        parse(text)


def test_empty_line_in_a_block() -> None:
    """An empty line, as a mail program may add, changes nothing."""
    text = HEADER + b"Rss: 4 kB\n\nPss: 4 kB\n"
    assert (
        plain(parse(text * 2))
        == [
            (
                Mapping(0x7F0000000000, 0x7F0000001000, "rw-p", 0, 0, 0, ""),
                Usage(rss=4096, pss=4096),
            )
        ]
        * 2
    )


def test_same_length_other_fields() -> None:
    """Blocks of equal length whose fields differ, as from two kernels, are each read right."""
    one = b"Rss:           4 kB\nPss:           3 kB\nSwap:          2 kB\n"
    for two in (
        b"Pss:           4 kB\nRss:           3 kB\nSwap:          2 kB\n",
        b"Rss:           3 kB\nSwap:          2 kB\nPss:           4 kB\n",
    ):
        first, second, third = parse(HEADER + one + HEADER + two + HEADER + one)
        assert first.usage == third.usage == Usage(rss=4 * KI, pss=3 * KI, swap=2 * KI)
        assert second.usage == Usage(rss=3 * KI, pss=4 * KI, swap=2 * KI)


def test_wide_figures_at_different_places() -> None:
    """Two blocks of one length may be wide in different lines: columns are not mixed up."""
    lines = b"".join(b"%s: %%8d kB\n" % key for key in (b"Rss", b"Pss", b"Swap", b"Locked"))
    one = (12345678901234, 1, 2, 3)
    two = (4, 123456789012, 5, 1234567890123)
    three = (6, 7, 8, 12345678901234)
    text = b"".join(HEADER + lines % figures for figures in (one, three, one, two, three))
    assert [
        (entry.usage.rss, entry.usage.pss, entry.usage.swap, entry.usage.locked)
        for entry in parse(text)
    ] == [tuple(figure * KI for figure in figures) for figures in (one, three, one, two, three)]


# -- anything at all ----------------------------------------------------------------------------

SMALL = [capture("2.6.32"), capture("5.4-arm32"), capture("future"), capture("names")]
PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b":", b" ", b"-", b"0", b"9" * 20, b"_", b"ff-", b"\x00", b"\xff"),
        *(b"VmFlags:", b"\nVmFlags: 12\n", b"Rss: 12 kB\n", b"Size:", b"Size: x\n"),
        *(b"0-1 rw-p 0 0:0 0 \n", HEADER),
    ]
) | st.binary(max_size=6)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A text that was one of smaps before bytes were put into, taken from or moved in it."""
    text = draw(st.sampled_from(SMALL))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from([0, 0, 1, 3, 30, 300]))
        text = text[:at] + draw(PIECES) + text[at + length :]
    return text


#: A text as a kernel prints it: nothing but headers and their lines, each at its line's begin.
CLEAN = re.compile(rb"(?:[0-9a-f]+-[0-9a-f]+ \S{4} [^\n]*\n(?:[A-Z]\w*:[^\n]*[^\r\n]\n)+)+")


def refused_or(parse_it: object, *arguments: object) -> list[Entry] | None:
    """What a parser answers, None if it refuses; any other exception is a failure."""
    try:
        return plain(parse_it(*arguments))  # type: ignore[operator]
    except SmapsFormatError:
        return None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
@example(HEADER)
@example(HEADER + b"\n")
@example(HEADER + b"Rss: 1_0 kB\n")
@example(HEADER + b"VmFlags: 12\nRss: 4 kB\n" + HEADER + b"VmFlags: 13\nRss: 4 kB\n")
def test_any_bytes(text: bytes) -> None:
    """Whatever the bytes are, they are parsed or refused by SmapsFormatError."""
    refused_or(parse, text)
    refused_or(load, text)


@settings(max_examples=300, deadline=None)
@given(damaged())
def test_damaged_texts(text: bytes) -> None:
    """Damaged text is read or refused; what of it is taken as whole, the recorder reads so too."""
    try:
        captured = read(text)
    except SmapsFormatError:
        return
    if len(captured.captures) == 1 and not captured.left_out and CLEAN.fullmatch(text):
        assert plain(captured.captures[0].entries) == refused_or(parse, text)


# -- what changed -------------------------------------------------------------------------------


class Block(NamedTuple):
    """One mapping of a made-up process; `number` stands for its header, `figures` for its lines."""

    number: int
    figures: int
    lines: int = 0  # which set of lines it has, see LINES


#: Lines by key; {0} is the figure, {3} the header's length.
#: With and without VmFlags, with fewer fields, with unknown ones.
LINES = [
    "Size: {3:14d} kB\nRss: {0:15d} kB\nPss: {1:15d} kB\nSwap: {0:14d} kB\nVmFlags: rd f{2} \n",
    "Size: {0:14d} kB\nRss: {0:15d} kB\nPss: {1:15d} kB\nSwap: {0:14d} kB\nLocked: {1:12d} kB\n",
    "Rss: {0:15d} kB\nPss: {1:15d} kB\nPrivate_Clean: {1:5d} kB\nPrivate_Dirty: {0:5d} kB\n",
    "Rss: {0:15d} kB\nSwapPss: {1:11d} kB\nNew: {2}\nVmFlags: rd \nBehind: it\n",
    "Rss: {0:15d} kB\n",
]
FIGURES = [0, 4, 8, 99999996, 100000000, 1234567890, 12345678901]


def text_of(block: Block) -> bytes:
    start = 0x7F0000000000 + block.number * 0x10000
    name = ["", "/lib/a b", "[heap]", "/x\r\tü", "[vsyscall]"][block.number % 5]
    header = f"{start:x}-{start + 0x8000:x} rw-p 00000000 00:00 {block.number} "
    lines = LINES[block.lines].format(
        FIGURES[block.figures], FIGURES[block.figures] // 2, block.figures, 0x8000 // KI
    )
    return f"{header:<73}{name}\n".encode() + lines.encode()


class Process:
    """A tracker with the buffer it is given texts in, which keeps the end of longer texts."""

    def __init__(self) -> None:
        self.tracker = LayoutTracker(BlockParser())
        self.buffer = bytearray(64)
        self.accepted: list[MappingUsage] = []

    def read(self, blocks: Iterable[Block]) -> TrackedLayout:
        """Diff a layout and check all that a diff promises."""
        text = b"".join(map(text_of, blocks))
        self.buffer.extend(bytes(max(0, len(text) - len(self.buffer))))
        self.buffer[: len(text)] = text
        layout = self.tracker.diff(self.buffer, len(text))
        now = list(layout.entries())
        assert plain(now) == parse_slowly(text)
        assert layout.totals == sum_totals(now)
        # The objects: what was there, less what went, and what came, is what is there.
        before = Counter(map(id, self.accepted))
        removed, added = Counter(map(id, layout.removed)), Counter(map(id, layout.added))
        assert not removed - before
        assert not added & before
        assert before - removed + added == Counter(map(id, now))
        # What they say: nothing comes or goes that did not.
        came = Counter(plain(layout.added))
        went = Counter(plain(layout.removed))
        old, new = Counter(plain(self.accepted)), Counter(plain(now))
        assert came - went == new - old
        assert went - came == old - new
        return layout

    def accept(self, layout: TrackedLayout) -> None:
        self.tracker.accept(layout)
        self.accepted = list(layout.entries())


BLOCKS = st.builds(Block, st.integers(0, 40), st.integers(0, 6))
ANY_BLOCKS = st.builds(Block, st.integers(0, 12), st.integers(0, 6), st.integers(0, 4))
#: Layouts in any order, with duplicates; and layouts as a kernel prints them.
WILD = st.lists(ANY_BLOCKS, max_size=30)
ORDERED = st.dictionaries(st.integers(0, 60), st.integers(0, 2), max_size=60).map(
    lambda figures: [Block(number, figures[number]) for number in sorted(figures)]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(WILD, st.booleans()), max_size=6))
def test_any_layouts_one_after_the_other(layouts: list[tuple[list[Block], bool]]) -> None:
    """Whatever comes (duplicates, backwards, moved, other fields, empty), the diff is right.

    Also when a diff is not accepted, as with a torn reading that is tried again.
    """
    process = Process()
    for blocks, accept in layouts:
        layout = process.read(blocks)
        if accept:
            process.accept(layout)


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[Block], list[list[Block]]]:
    """A layout of up to 60 blocks, and layouts that come of it by small edits."""
    blocks = first = draw(ORDERED)
    layouts = []
    for _ in range(draw(st.integers(1, 5))):
        for _ in range(draw(st.integers(0, 6))):
            at = draw(st.integers(0, len(blocks)))
            what = draw(st.sampled_from(["change", "insert", "remove", "double", "move", "cut"]))
            block = blocks[at] if at < len(blocks) else Block(99, 0)
            if what == "change":
                blocks = [*blocks[:at], block._replace(figures=5), *blocks[at + 1 :]]
            elif what == "insert":
                new = [Block(100 + at + n, 1) for n in range(draw(st.integers(1, 20)))]
                blocks = [*blocks[:at], *new, *blocks[at:]]
            elif what == "remove":
                blocks = [*blocks[:at], *blocks[at + draw(st.integers(1, 20)) :]]
            elif what == "double":
                blocks = [*blocks[:at], block, *blocks[at:]]
            elif what == "move":
                blocks = [*blocks[at:], *blocks[:at]]
            else:
                blocks = blocks[:at]
        layouts.append(blocks)
    return first, layouts


@settings(max_examples=150, deadline=None)
@given(edits())
def test_small_edits_of_a_long_layout(case: tuple[list[Block], list[list[Block]]]) -> None:
    """Changed, inserted, removed, doubled, moved and cut off: the diff is right at each step."""
    first, layouts = case
    process = Process()
    process.accept(process.read(first))
    for blocks in layouts:
        process.accept(process.read(blocks))


@settings(max_examples=100, deadline=None)
@given(ORDERED, ORDERED)
def test_nothing_else_comes_or_goes(before: list[Block], after: list[Block]) -> None:
    """In a layout as kernels print it, only blocks that differ come and go: others stay."""
    process = Process()
    process.accept(process.read(before))
    layout = process.read(after)
    kept = set(before) & set(after)
    assert len(layout.removed) == len(before) - len(kept)
    assert len(layout.added) == len(after) - len(kept)


def test_unchanged_layout_changes_nothing() -> None:
    """The same text again: nothing comes or goes, every entry is the same object."""
    process = Process()
    blocks = [Block(number, number % 3) for number in range(50)]
    process.accept(process.read(blocks))
    layout = process.read(blocks)
    assert (layout.added, layout.removed) == ([], [])
    assert [*map(id, layout.entries())] == [*map(id, process.accepted)]


def test_text_that_ends_early_is_not_completed_by_what_the_buffer_held() -> None:
    """A read cut short by an exit: blocks of the longer text before it do not count as read."""
    process = Process()
    blocks = [Block(number, 1) for number in range(20)]
    process.accept(process.read(blocks))
    for length in range(20):
        layout = process.read(blocks[:length])
        assert len(list(layout.entries())) == length


def test_figure_that_a_gone_mapping_lacked_is_known_again() -> None:
    """A total is None only as long as a mapping that lacks the figure is there."""
    process = Process()
    process.accept(process.read([Block(1, 1), Block(2, 1, lines=4)]))
    assert process.read([Block(1, 1), Block(2, 1, lines=4)]).totals.pss is None
    assert process.read([Block(1, 1), Block(2, 1)]).totals.pss == 4 * KI


def test_neighbours_that_grow_and_shrink_alike() -> None:
    """One block becomes longer by what another loses, so that all others are where they were."""

    def text(flags: Sequence[str]) -> bytes:
        """Six mappings: one run and the begin of the next."""
        return b"".join(
            b"%x-%x rw-p 0 0:0 0 \nRss:  4 kB\nVmFlags: rd%s\n"
            % (start, start + 4096, flag.encode())
            for start, flag in zip(range(0x10000, 0x70000, 0x10000), flags, strict=True)
        )

    base = ["", " sd", "", " nr", "", ""]
    for swapped in permutations(range(4)):
        tracker = LayoutTracker(BlockParser())
        before, after = text(base), text([*(base[place] for place in swapped), "", ""])
        tracker.accept(tracker.diff(bytearray(before), len(before)))
        layout = tracker.diff(bytearray(after), len(after))
        assert plain(layout.entries()) == parse_slowly(after)


def test_two_mappings_that_take_the_place_of_one() -> None:
    """Two blocks with the length of the one before them, at its address, are two."""

    def block(start: int, name: bytes, flags: bytes = b"rd") -> bytes:
        header = b"%x-%x rw-p 0 0:0 0 %s\n" % (start, start + 4096, name)
        return header + b"Rss:  4 kB\nVmFlags: %s\n" % flags

    two = block(0x10000, b"") + block(0x11000, b"")
    one = block(0x10000, b"x" * (len(two) - len(block(0x10000, b""))))
    rest = block(0x80000, b"")
    tracker = LayoutTracker(BlockParser())
    for text in (rest * 4 + one + rest, rest * 4 + two + rest, rest * 4 + one + rest):
        layout = tracker.diff(bytearray(text), len(text))
        assert plain(layout.entries()) == parse_slowly(text)
        tracker.accept(layout)


def test_captures_one_after_the_other() -> None:
    """One parser for processes of different kernels (a test's own case): all are read right."""
    tracker = LayoutTracker(BlockParser())
    for kernel in (*WHOLE, *reversed(WHOLE), *WHOLE):
        text = capture(kernel)
        layout = tracker.diff(bytearray(text), len(text))
        assert plain(layout.entries()) == parse_slowly(text)
        assert layout.totals == sum_totals(list(layout.entries()))
        tracker.accept(layout)


@pytest.mark.parametrize("text", [b"no smaps\n", b"\x00\x01", b"7f00-7f01 rw-p 0 0:0\n"])
def test_tracker_refuses_what_is_no_smaps(text: bytes) -> None:
    """Other text raises SmapsFormatError, and the layout accepted before still counts."""
    process = Process()
    process.accept(process.read([Block(1, 1)]))
    with pytest.raises(SmapsFormatError):
        process.tracker.diff(bytearray(text), len(text))
    assert process.read([Block(1, 1)]).added == []


def test_line_that_often_changes_among_those_that_seldom_do() -> None:
    """A figure that stands elsewhere than in the block learnt is read there, each time."""
    lines = b"Size: 4 kB\nRss: %d kB\nSwap: 0 kB\n%sVmFlags: rd\n"
    plain_block, other_block = lines % (4, b""), lines % (4, b"Pss: 3 kB\n")
    start, text = 0x7F0000000000, b""
    for number in range(8):
        header = b"%x-%x rw-p 00000000 00:00 0 \n" % (start, start + 0x1000)
        text += header + (other_block if number % 2 else plain_block)
        start += 0x10000
    pss = [entry.usage.pss for entry in parse(text)]
    assert pss == [None, 3 * KI] * 4
