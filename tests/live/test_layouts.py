"""Real processes do something to their memory, and exactly that stands in the recording."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import Layout, LayoutState, Usage, is_gate

from ..programs import one, wait_until
from .targets import (
    PAGE,
    Block,
    Target,
    Ticks,
    entry_at,
    layouts,
    quiet_processes,
    recorded,
    smaps_of,
    statm_of,
    usage_at,
)

pytestmark = pytest.mark.live


@pytest.fixture(name="target")
def start_target() -> Iterator[Target]:
    with Target() as target:
        yield target


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


def growth(before: Usage, after: Usage) -> dict[str, int]:
    """The figures that changed, and by how much."""
    sizes = {
        name: (value, getattr(after, name))
        for name, value in before._asdict().items()
        if isinstance(value, int)
    }
    return {name: new - old for name, (old, new) in sizes.items() if new != old}


def test_pages_touched(target: Target, file: Path) -> None:
    """1000 pages written are 1000 pages more in each figure of private memory, nowhere else."""
    start = target.reserve(2000)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        target.touch(start, 1000)
        recording.tick()
        target.touch(start, 1, first=1999)
        recording.tick()
    before, after, last = layouts(file, target.pid)
    mapping = entry_at(after, start).mapping
    assert (mapping.size, mapping.perms, mapping.pathname) == (2000 * PAGE, "rw-p", "")
    assert usage_at(before, start).rss == 0
    figures = ("rss", "pss", "pss_dirty", "private_dirty", "referenced", "anonymous")
    assert growth(usage_at(before, start), usage_at(after, start)) == dict.fromkeys(
        figures, 1000 * PAGE
    )
    assert growth(usage_at(after, start), usage_at(last, start)) == dict.fromkeys(figures, PAGE)


def its_own(
    blocks: dict[tuple[int, int], Block], folder: Path
) -> dict[tuple[int, int], dict[str, int | None]]:
    """The figures of mappings that no other process can change, by the names of Usage.

    All of what is anonymous or maps a file of `folder`; of libraries not those that tell how pages
    are shared.
    """
    return {
        place: {
            name: block.sizes.get(key)
            for name, key in FIGURES.items()
            if is_its_own(block, folder) or name not in OTHERS_CHANGE
        }
        for place, block in blocks.items()
    }


def is_its_own(block: Block, folder: Path) -> bool:
    return block.header[4] == b"0" or block.header[5].startswith(os.fsencode(folder))


def test_every_figure_of_every_mapping(target: Target, file: Path, tmp_path: Path) -> None:
    """Each mapping's header and figures are those of the same smaps read line by line.

    But for how libraries are shared: that, programs that come and go change at any time.
    """
    target.touch(target.reserve(50), 7)
    for name, shared in (("shared", True), ("private", False)):
        path = tmp_path / name
        path.write_bytes(b"x" * 20 * PAGE)
        start = target.map_file(os.fsencode(path), 20, shared=shared)
        target.ask("look", start, 0, 9)
        target.touch(start, 4)

    def undisturbed() -> dict[tuple[int, int], Block] | None:
        before = smaps_of(target.pid)
        file.unlink(missing_ok=True)
        with Ticks(file, [target.pid]) as recording:
            recording.tick()
        # What is written to a file becomes clean at a time of the kernel's choice.
        is_same = its_own(before, tmp_path) == its_own(smaps_of(target.pid), tmp_path)
        return before if is_same else None

    truth = wait_until(undisturbed, "a tick during which the kernel changes nothing")
    expected = its_own(truth, tmp_path)
    (layout,) = layouts(file, target.pid)
    assert {(entry.mapping.start, entry.mapping.end) for entry in layout} == truth.keys()
    for mapping, usage in ((entry.mapping, entry.usage) for entry in layout):
        place = mapping.start, mapping.end
        header, sizes = truth[place]
        assert mapping.perms.encode() == header[1]
        assert mapping.offset == int(header[2], 16)
        assert f"{mapping.dev >> 20:02x}:{mapping.dev & 0xFFFFF:02x}".encode() == header[3]
        assert mapping.inode == int(header[4])
        assert os.fsencode(mapping.pathname) == (header[5] if len(header) > 5 else b"")
        assert sizes["Size"] == mapping.size
        assert {name: getattr(usage, name) for name in expected[place]} == expected[place]
        assert (usage.pss is None) == ("Pss" not in sizes)
    files = [usage for name, usage in pairs(layout) if name.startswith(str(tmp_path))]
    assert len(files) == 2
    assert all(usage.rss and usage.pss and usage.private_dirty is not None for usage in files)
    assert any(usage.vm_flags and "rd" in usage.vm_flags for _, usage in pairs(layout))


#: Usage's field -> the line of smaps, written by hand: metrics.py is under test.
FIGURES = {
    "rss": "Rss",
    "pss": "Pss",
    "pss_dirty": "Pss_Dirty",
    "shared_clean": "Shared_Clean",
    "shared_dirty": "Shared_Dirty",
    "private_clean": "Private_Clean",
    "private_dirty": "Private_Dirty",
    "referenced": "Referenced",
    "anonymous": "Anonymous",
    "ksm": "KSM",
    "lazy_free": "LazyFree",
    "anon_huge_pages": "AnonHugePages",
    "shmem_pmd_mapped": "ShmemPmdMapped",
    "file_pmd_mapped": "FilePmdMapped",
    "shared_hugetlb": "Shared_Hugetlb",
    "private_hugetlb": "Private_Hugetlb",
    "swap": "Swap",
    "swap_pss": "SwapPss",
    "locked": "Locked",
    "kernel_page_size": "KernelPageSize",
    "mmu_page_size": "MMUPageSize",
}


#: What changes when others map the same file, or use it.
OTHERS_CHANGE = {
    *("pss", "pss_dirty", "shared_clean", "shared_dirty", "private_clean", "private_dirty"),
    *("referenced", "locked"),
}


def pairs(layout: Layout) -> list[tuple[str, Usage]]:
    return [(entry.mapping.pathname, entry.usage) for entry in layout]


def test_frees(target: Target, file: Path) -> None:
    """Pages given back are missing exactly; a mapping unmapped is no more in the next layout."""
    start = target.reserve(300)
    target.touch(start, 300)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        target.ask("drop", start, 100, 120)
        recording.tick()
        target.ask("unmap", start, 300)
        recording.tick()
    full, dropped, unmapped = layouts(file, target.pid)
    assert usage_at(full, start).rss == 300 * PAGE
    assert usage_at(dropped, start).rss == usage_at(dropped, start).anonymous == 180 * PAGE
    assert start not in {entry.mapping.start for entry in unmapped}


def test_sums_equal_statm(target: Target, file: Path) -> None:
    """The sums of an exact layout are statm's resident and size, to the byte."""
    target.touch(target.reserve(400), 399)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
    size, resident = statm_of(target.pid)
    ((measurement, layout),) = recorded(file, target.pid)
    assert layout
    if measurement.state is not LayoutState.EXACT:
        assert measurement.state is LayoutState.UNCHECKED
        pytest.skip("this kernel's statm is approximate")
    assert sum(usage.rss or 0 for _, usage in pairs(layout)) == resident
    assert sum(entry.mapping.size for entry in layout if not is_gate(entry.mapping)) == size
    assert (measurement.reading.size, measurement.reading.resident) == (size, resident)
    assert measurement.totals
    assert (measurement.totals.size, measurement.totals.rss) == (size, resident)
    assert measurement.reading.high_water_mark


def test_pss_of_the_rollup(target: Target, file: Path) -> None:
    """smaps_rollup's PSS stands beside the sum over mappings, each of which is cut to KiB.

    Between the two others change the PSS of libraries: it holds where nobody did.
    """

    def agree() -> bool:
        file.unlink(missing_ok=True)
        with Ticks(file, [target.pid]) as recording:
            recording.tick()
        ((measurement, layout),) = recorded(file, target.pid)
        assert layout
        assert measurement.totals
        assert measurement.totals.pss
        assert measurement.rollup_pss
        return 0 <= measurement.rollup_pss - measurement.totals.pss < 1024 * len(layout)

    wait_until(agree, "a tick at which both are of one moment")


NAMES = {
    "blanks": b"  two  blanks \t tab ",
    "newline": b"new\nline",
    "carriage return": b"r\rn",
    "invalid UTF-8": b"\xff\xfe caf\xe9",
    "markup": b"[red]<b>\x1b[31m",
    "really called deleted": b"x (deleted)",
    "like a header": b"7f00-7f01 rw-p 00000000 00:00 0",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_file_names(target: Target, tmp_path: Path, file: Path, name: bytes) -> None:
    """The bytes of a mapped file's name are in the recording, a newline as the kernel writes it."""
    path = os.fsencode(tmp_path) + b"/" + name
    with open(path, "wb") as mapped:
        mapped.write(bytes(5 * PAGE))
    start = target.map_file(path, 5, shared=True)
    target.touch(start, 5)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        recording.tick()
    for layout in layouts(file, target.pid):
        mapping, usage = entry_at(layout, start).mapping, usage_at(layout, start)
        assert os.fsencode(mapping.pathname) == path.replace(b"\n", rb"\012")
        assert (mapping.perms, mapping.inode) == ("rw-s", os.stat(path).st_ino)
        assert usage.rss == usage.pss == 5 * PAGE
        assert usage.anonymous == 0
        assert usage.private_clean == 0
        assert usage.private_dirty == 5 * PAGE


def test_deleted_file_and_another_of_its_name(target: Target, tmp_path: Path, file: Path) -> None:
    """A file removed keeps its mapping apart from that of the file that took over its name."""
    path = tmp_path / "library.so"
    path.write_bytes(bytes(3 * PAGE))
    old = target.map_file(os.fsencode(path), 3, shared=True)
    target.touch(old, 3)
    old_inode = path.stat().st_ino
    with path.open("rb"):
        path.unlink()
        path.write_bytes(bytes(4 * PAGE))
    new = target.map_file(os.fsencode(path), 4, shared=True)
    target.touch(new, 4)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
    (layout,) = layouts(file, target.pid)
    gone, living = entry_at(layout, old), entry_at(layout, new)
    assert gone.mapping.pathname == f"{path} (deleted)"
    assert living.mapping.pathname == str(path)
    assert (gone.mapping.inode, living.mapping.inode) == (old_inode, path.stat().st_ino)
    assert old_inode != path.stat().st_ino
    assert (gone.usage.rss, living.usage.rss) == (3 * PAGE, 4 * PAGE)


def test_private_file_mapping(target: Target, tmp_path: Path, file: Path) -> None:
    """Pages of a private file mapping that were written are anonymous, the others are the file's.

    Whoever else has the file mapped shares the latter with it.
    """
    path = tmp_path / "data"
    path.write_bytes(bytes(8 * PAGE))
    start = target.map_file(os.fsencode(path), 8, shared=False)
    target.ask("look", start, 0, 8)
    target.touch(start, 3)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
    (layout,) = layouts(file, target.pid)
    usage = usage_at(layout, start)
    assert usage.rss == usage.pss == 8 * PAGE
    assert usage.anonymous == 3 * PAGE
    assert (usage.private_dirty or 0) + (usage.private_clean or 0) == 8 * PAGE


READ_AT_LAST_TICK = "SELECT count(keyframe) FROM readings WHERE tick = (SELECT max(id) FROM ticks)"


def tick_until_read(recording: Ticks, file: Path, processes: int) -> None:
    """Until a tick read all: a busy machine does not read all first layouts at the first tick."""

    def all_are_read() -> bool:
        recording.tick()
        return one(file, READ_AT_LAST_TICK) == (processes,)

    wait_until(all_are_read, "a tick that reads all")


def test_shared_memory_is_halved_between_two(target: Target, file: Path) -> None:
    """Pages that parent and child share count whole in RSS and half in PSS of each."""
    start = target.ask("share", 100)
    target.touch(start, 100)
    child = target.ask("fork")
    with Ticks(file, [target.pid, child]) as recording:
        tick_until_read(recording, file, 2)
        target.ask("tell_child", "touch", start, 0, 60)
        recording.tick()
    for pid in (target.pid, child):
        *_, untouched, both = (layout for _, layout in recorded(file, pid) if layout)
        usage = usage_at(both, start)
        assert usage.shared_dirty == 60 * PAGE
        assert entry_at(both, start).mapping.perms == "rw-s"
        mine = 100 if pid == target.pid else 60
        assert usage.rss == mine * PAGE
        assert usage.pss == (mine - 60) * PAGE + 30 * PAGE
        before = usage_at(untouched, start)
        # The kernel may copy shared page tables at fork or let the child find its pages later.
        assert before.pss in ({50 * PAGE, 100 * PAGE} if pid == target.pid else {50 * PAGE, 0})


def test_fork_halves_and_writing_doubles(target: Target, file: Path) -> None:
    """After fork all pages are shared; each page the child writes is one of its own again."""
    start = target.reserve(200)
    target.touch(start, 200)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
        child = target.ask("fork")
        recording.tick()
    with Ticks(file, [target.pid, child]) as recording:
        tick_until_read(recording, file, 2)
        target.ask("tell_child", "touch", start, 0, 50)
        recording.tick()
        target.ask("end_child")
        recording.tick()
    found = (layout for _, layout in recorded(file, target.pid) if layout)
    alone, forked, *_, written, alone_again = found
    assert usage_at(alone, start).private_dirty == 200 * PAGE
    assert usage_at(forked, start).pss == 100 * PAGE
    assert usage_at(forked, start).shared_dirty == 200 * PAGE
    assert usage_at(alone_again, start).private_dirty == 200 * PAGE
    of_child = [layout for _, layout in recorded(file, child) if layout]
    for usage in (usage_at(written, start), usage_at(of_child[-1], start)):
        assert usage.rss == 200 * PAGE
        assert usage.pss == (50 + 75) * PAGE
        assert usage.private_dirty == 50 * PAGE
        assert usage.shared_dirty == 150 * PAGE


def test_memfd(target: Target, file: Path) -> None:
    """A memfd bears its name; pages that nobody mapped in count nowhere."""
    start = target.ask("memfd", "frame buffer", 64)
    target.touch(start, 10)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
    (layout,) = layouts(file, target.pid)
    assert entry_at(layout, start).mapping.pathname == "/memfd:frame buffer (deleted)"
    assert usage_at(layout, start).rss == usage_at(layout, start).pss == 10 * PAGE


def test_system_v_segment(target: Target, file: Path) -> None:
    """A System V segment bears its key, and its number as inode."""
    key = 0x4D570000 | os.getpid() & 0xFFFF
    start, number = target.ask("sysv", key, 20)
    target.touch(start, 20)
    with Ticks(file, [target.pid]) as recording:
        recording.tick()
    (layout,) = layouts(file, target.pid)
    mapping = entry_at(layout, start).mapping
    assert mapping.pathname == f"/SYSV{key:08x} (deleted)"
    assert (mapping.inode, mapping.perms) == (number, "rw-s")
    assert usage_at(layout, start).rss == 20 * PAGE


def test_quiet_processes_are_never_torn(file: Path) -> None:
    """40 processes that do nothing have a whole layout each at every tick.

    From when all have their first one: a busy machine does not read so many at the first tick.
    """
    with quiet_processes(40) as pids:
        with Ticks(file, pids) as recording:
            tick_until_read(recording, file, 40)
            (first,) = one(file, "SELECT max(id) FROM ticks")
            for _ in range(5):
                recording.tick()
        for pid in pids:
            found = recorded(file, pid)
            states = [measurement.state for measurement, _ in found if measurement.tick > first]
            assert len(states) == 5
            assert set(states) <= {LayoutState.EXACT, LayoutState.UNCHECKED}
            assert LayoutState.TORN not in {measurement.state for measurement, _ in found}
            layout = found[-1][1]
            assert layout
            assert [entry.mapping.start for entry in layout] == [
                start for start, _ in sorted(smaps_of(pid))
            ]
