"""Recordings with a known course, to look at in a browser."""

from __future__ import annotations

from pathlib import Path

from memory_watcher.model import LayoutState, Mapping, Reading, Rollup, Usage
from tests.recordings import KI, MI, SECOND, START, Entry, RecordingBuilder, mapping

TICKS = 40
PEAK = 30
TORN = 15
UNREADABLE = (20, 21)

#: Names that mean something to HTML, JavaScript, terminals or bidirectional text.
HOSTILE = (
    "/tmp/<script>window.hacked = 1</script>.so",
    "/tmp/</script><img src=x onerror='window.hacked = 2'>",
    "/tmp/\"quoted' & <b>bold</b> `tick` ${window.hacked = 3}",
    "/tmp/line\x01\x1b[31mred\u202egnp.exe \udcff",
    "/tmp/--></style><!--",
    "__proto__",
)


def usage(rss: int, *, shared: int = 0, swap: int = 0, flags: str = "rd wr mr mw me ac") -> Usage:
    """A usage of which `shared` is mapped by two processes, the rest private and dirty."""
    return Usage(
        rss=rss,
        pss=rss - shared // 2,
        pss_dirty=rss - shared,
        shared_clean=shared,
        shared_dirty=0,
        private_clean=0,
        private_dirty=rss - shared,
        referenced=rss,
        anonymous=rss - shared,
        swap=swap,
        swap_pss=swap,
        kernel_page_size=4096,
        vm_flags=flags,
    )


def layout_at(tick: int) -> list[Entry]:
    """A heap that grows by its end, memory that spikes, files with dangerous names."""
    heap = 4 * MI + tick * 128 * KI
    spike = 64 * MI if tick == PEAK else 2 * MI
    entries: list[Entry] = [
        (Mapping(0x10000000, 0x10000000 + heap, "rw-p", 0, 0, 0, "[heap]"), usage(heap // 2)),
        (
            Mapping(0x7F0000000000, 0x7F0008000000, "rw-p", 0, 0, 0, ""),
            usage(spike, swap=tick * 4 * KI),
        ),
        (
            Mapping(0x7F1000000000, 0x7F1000400000, "r-xp", 0, 0x800001, 2**62 + 5, "/lib/a.so"),
            usage(1 * MI, shared=512 * KI),
        ),
    ]
    for number, name in enumerate(HOSTILE):
        start = 0x7F2000000000 + number * 0x100000
        entries.append(
            (
                Mapping(start, start + 256 * KI, "r--p", 0, 0x800001, 100 + number, name),
                usage((number + 1) * 16 * KI, shared=8 * KI),
            )
        )
    if tick > TICKS // 2:
        entries.append(
            (
                Mapping(0x7F3000000000, 0x7F3000100000, "rw-s", 0, 1, 9, "/dev/shm/x"),
                usage(512 * KI),
            )
        )
    entries.append(
        (Mapping(2**64 - 0xA00000, 2**64 - 0x9FF000, "--xp", 0, 0, 0, "[vsyscall]"), usage(0))
    )
    return entries


def one_process(path: Path) -> Path:
    """One process over TICKS ticks, one of them torn and two without permission."""
    builder = RecordingBuilder(path)
    process = builder.process(100, "fire<fox>")
    for _ in range(TICKS):
        tick = builder.tick()
        if tick in UNREADABLE:
            builder.reading(process, state=LayoutState.NO_PERMISSION)
            continue
        entries = layout_at(tick)
        rss = sum(figures.rss or 0 for _, figures in entries)
        builder.layout(
            process,
            entries,
            Reading(size=rss * 3, resident=rss, high_water_mark=rss + 5 * MI, threads=4),
            state=LayoutState.TORN if tick == TORN else LayoutState.EXACT,
            delay_ns=1_250_000,
        )
    builder.end_run()
    return builder.close()


def family(path: Path) -> Path:
    """Four processes, each with a child but the last, and a machine with memory."""
    builder = RecordingBuilder(path)
    processes = []
    for number in range(4):
        process = builder.process(100 + number, f"part{number}")
        builder.execute("UPDATE processes SET parent_pid = ? WHERE id = ?", 99 + number, process)
        processes.append(process)
    for _ in range(10):
        tick = builder.tick()
        builder.meminfo(tick, MemTotal=1 << 30, MemAvailable=(900 - tick) * MI, MemFree=100 * MI)
        for number, process in enumerate(processes):
            size = (number + 1) * MI + tick * 64 * KI
            header = Mapping(0x10000000, 0x20000000, "rw-p", 0, 0, 0, "[heap]")
            builder.layout(process, [(header, usage(size, shared=256 * KI))])
    builder.end_run()
    return builder.close()


def chromium(path: Path) -> Path:
    """A browser: its main process, a zygote, and 14 renderers below that."""
    builder = RecordingBuilder(path)
    lines = ["shop", "shop --type=zygote"]
    lines += [f"shop --type=renderer --client-id={number}" for number in range(14)]
    processes = []
    for pid, line in enumerate(lines, 100):
        process = builder.process(pid, "shop")
        parent = {100: 1, 101: 100}.get(pid, 101)
        builder.execute("UPDATE processes SET parent_pid = ? WHERE id = ?", parent, process)
        builder.command_line(process, line)
        processes.append(process)
    for _ in range(3):
        builder.tick()
        for number, process in enumerate(processes):
            header = Mapping(0x10000000, 0x20000000, "rw-p", 0, 0, 0, "[heap]")
            builder.layout(process, [(header, usage((20 - number) * MI))])
    builder.end_run()
    return builder.close()


def time_of(tick: int) -> int:
    """When a tick of `one_process` was read, UTC nanoseconds."""
    return START + (tick - 1) * SECOND + 1_250_000


def fork(path: Path) -> Path:
    """100 MiB are shared by a fork at an extra tick; the sums are those of passes (MiB): SUMS.

    At the extra tick only the child's layout is read, which would come to 150 MiB with the
    parent's of before. Layouts of both are of the passes at ticks 1 and 5 only. A third process
    cannot be read for a reason that nobody expects.
    """
    builder = RecordingBuilder(path)
    parent, child, secret = (builder.process(200 + number, f"f{number}") for number in range(3))
    builder.execute("UPDATE processes SET parent_pid = 200 WHERE id = ?", child)
    header = Mapping(0x10000000, 0x20000000, "rw-p", 0, 0, 0, "[heap]")

    def shared(size: int) -> Rollup:
        return Rollup(rss=100 * MI, pss=size * MI, uss=0, swap_pss=0)

    def half(size: int) -> Usage:
        return usage(2 * size * MI, shared=2 * size * MI)

    for tick in range(1, 6):
        builder.tick()
        builder.reading(secret, state=LayoutState.UNREADABLE)
        if tick == 2:
            builder.execute("UPDATE ticks SET cause = 'start' WHERE id = 2")
            builder.layout(child, [(header, half(50))])
            continue
        members: dict[int, Rollup | None] = {parent: shared(100), secret: None}
        if tick > 1:
            members |= {parent: shared(48 + tick), child: shared(49)}
        builder.take_pass(members, layouts=None if tick in (1, 5) else 0, wall_ns=2_000_000)
        if tick in (1, 5):
            for process in members.keys() - {secret}:
                figures = members[process]
                assert figures is not None
                builder.layout(process, [(header, half((figures.pss or 0) // MI))])
    builder.end_run()
    return builder.close()


#: By tick of `fork`.
SUMS = {1: 100, 3: 100, 4: 101, 5: 102}


def unread(path: Path) -> Path:
    """Two processes at one pass; only of the first is there anything else."""
    builder = RecordingBuilder(path)
    one, two = builder.process(400, "one"), builder.process(401, "two")
    header = Mapping(0x10000000, 0x20000000, "rw-p", 0, 0, 0, "[heap]")
    builder.tick()
    builder.layout(one, [(header, usage(60 * MI))])
    figures = {one: Rollup(60 * MI, 60 * MI, 0, 0), two: Rollup(30 * MI, 30 * MI, 0, 0)}
    builder.take_pass(figures, layouts=1)
    builder.end_run()
    return builder.close()


def apart(path: Path) -> Path:
    """Two processes of which never both are read at one tick: there is no sum."""
    builder = RecordingBuilder(path)
    one, two = builder.process(300, "one"), builder.process(301, "two")
    header = Mapping(0x10000000, 0x20000000, "rw-p", 0, 0, 0, "[heap]")
    for process, other in ((one, two), (two, one), (one, two)):
        builder.tick()
        builder.layout(process, [(header, usage(8 * MI))])
        builder.reading(other)
    builder.end_run()
    return builder.close()


def pair(folder: Path) -> tuple[Path, Path]:
    """Two runs of one process, the second a minute later and of half the time.

    Heap (MiB) at each tick: HEAPS. The second has another version of a library, 8 MiB more of its
    data, and a file of a hostile name; everything else is the same.
    """
    found = []
    for name, start, sizes, library, data in (
        ("before", START, HEAPS[0], "/a/libx.so.1.2", 4),
        ("after", START + 60 * SECOND, HEAPS[1], "/b/libx.so.1.3", 12),
    ):
        builder = RecordingBuilder(folder / f"{name}.db")
        process = builder.process(100 if name == "before" else 200, "fire<fox>")
        for number, size in enumerate(sizes):
            builder.tick(start + number * SECOND)
            entries = [
                (mapping(0x10000000, 64 * MI, pathname="[heap]"), usage(size * MI)),
                (mapping(0x20000000, 64 * MI, pathname=library, inode=5), usage(data * MI)),
                (mapping(0x30000000, 64 * MI, pathname="/lib/same", inode=6), usage(2 * MI)),
            ]
            if name == "after":
                hostile = mapping(0x40000000, 64 * MI, pathname=HOSTILE[1], inode=7)
                entries.append((hostile, usage(MI)))
            rss = sum(figures.rss or 0 for _, figures in entries)
            builder.layout(process, entries, Reading(rss, rss, high_water_mark=rss))
        builder.end_run()
        found.append(builder.close())
    return found[0], found[1]


#: By tick of both recordings of `pair`, MiB; the peaks are at 13 s and 2 s.
HEAPS = ([10] * 13 + [50] + [20] * 26, [10, 12, 30, *[14] * 17])
