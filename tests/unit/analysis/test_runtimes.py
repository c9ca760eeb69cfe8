"""Whose memory is whose: in captures of real programs, beside what their runtimes said of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memory_watcher.analysis.kinds import (
    Attribution,
    Kind,
    KindHints,
    attribute,
    attributed_entries,
)
from memory_watcher.analysis.kinds_over_time import NO_EVIDENCE, KindsOverTime, attribute_lives
from memory_watcher.analysis.runtimes import RULES, find_runtimes
from memory_watcher.model import ElfSegment, KindEvidence, MappingUsage
from tests.captures import parse
from tests.unit.analysis.layouts import layout as written

DATA = Path(__file__).parents[2] / "data"

#: Kinds that only a rule of a runtime gives.
OF_RULES = {Kind.RUNTIME, Kind.ALLOCATOR}


def layout(name: str) -> list[MappingUsage]:
    return parse((DATA / f"{name}.smaps").read_bytes())


def told_of(entries: list[MappingUsage]) -> list[tuple[MappingUsage, Attribution]]:
    """With the marks that a recorder finds in the executed files."""
    marks = {
        (entry.mapping.dev, entry.mapping.inode): ["go"]
        for entry in entries
        if entry.mapping.pathname.endswith("/gomem") and entry.mapping.perms == "r-xp"
    }
    return attribute(entries, KindHints(marks=marks))


def resident(entries: list[MappingUsage], *names: str) -> int:
    """RSS of what is summed up under these names."""
    told = told_of(entries)
    return sum(entry.usage.rss or 0 for entry, (_, name) in told if name in names)


def share_of_anonymous(entries: list[MappingUsage]) -> float:
    told = told_of(entries)
    anonymous = sum(e.usage.pss or 0 for e, (kind, _) in told if kind is Kind.ANONYMOUS)
    return anonymous / sum(entry.usage.pss or 0 for entry in entries)


@pytest.mark.parametrize(
    ("name", "groups", "own"),
    [
        # process.memoryUsage().heapTotal, right before
        ("runtimes/node-20", ["V8 heap", "V8 code"], 99_516_416),
        # What the program filled: WebAssembly 900 pages of 64 KiB, buffers of 8 MB and 64 MiB
        ("runtimes/node-20-buffers", ["V8 other"], 900 * 65536 + 8_000_000 + (64 << 20)),
        # NMT, all touched before the program began
        ("runtimes/java-17-serial", ["Java heap"], 131072 << 10),
        ("runtimes/java-17-serial", ["JVM code cache"], 7548 << 10),
        # runtime.MemStats: HeapSys + StackSys - HeapReleased
        ("runtimes/go-1.19", ["Go heap"], 45_645_824 + 491_520 - 6_201_344),
        # memory-infra, of the same renderer: v8/main/heap, blink_gc
        ("runtimes/chromium-156", ["V8 heap"], 41_656_320),
        ("runtimes/chromium-156", ["Blink heap"], 42_956_624),
        # nbytes of its arrays
        ("runtimes/numpy-1.24", ["NumPy arrays"], 50_331_648),
        # sys._debugmallocstats: arenas; mallinfo2: hblkhd
        ("runtimes/python-3.11", ["Python heap"], 84_934_656 + 36_069_376),
        # collectgarbage("count")
        ("runtimes/luajit-2.1", ["LuaJIT heap"], 21_103_447),
        # INFO memory: allocator_resident
        ("runtimes/redis-7", ["jemalloc"], 62_144_512),
        # What the program filled: 2 threads with 70 MiB each
        ("malloc/jemalloc", ["jemalloc"], 140 << 20),
        ("malloc/mimalloc", ["mimalloc"], 140 << 20),
    ],
)
def test_against_the_figure_of_the_runtime(name: str, groups: list[str], own: int) -> None:
    """What is named is within 5 % of what the runtime says, and little is left as anonymous."""
    entries = layout(name)
    assert resident(entries, *groups) == pytest.approx(own, rel=0.05)


@pytest.mark.parametrize(
    "name",
    [
        *("node-20", "java-17", "java-17-serial", "redis-7", "go-1.19"),
        *("chromium-156", "numpy-1.24", "java-17-large", "python-3.11", "luajit-2.1"),
    ],
)
def test_share_that_is_left(name: str) -> None:
    """At most 15 % are anonymous."""
    assert share_of_anonymous(layout(f"runtimes/{name}")) <= 0.15


@pytest.mark.parametrize("name", ["java-17", "java-17-serial", "java-17-large", "java-17-no-coops"])
def test_only_what_hotspot_calls_so(name: str) -> None:
    """Each mapping lies inside of what native memory tracking calls Java Heap, or Code."""
    text = (DATA / "runtimes" / f"{name}.nmt").read_text()
    ranges: dict[str, list[tuple[int, int]]] = {}
    for start, end, what in re.findall(r"\[0x(\w+) - 0x(\w+)\] .*KB for (\w+)", text):
        ranges.setdefault(what, []).append((int(start, 16), int(end, 16)))
    told = attribute(layout(f"runtimes/{name}"))
    for entry, (_, group) in told:
        if group in ("Java heap", "JVM code cache"):
            inside = ranges["Java" if group == "Java heap" else "Code"]
            assert any(a <= entry.mapping.start and entry.mapping.end <= b for a, b in inside)
    space = sum(entry.mapping.size for entry, (_, group) in told if group == "Java heap")
    if name == "java-17-no-coops":
        assert not space, "where the kernel put it: nothing tells"
    else:
        archives = sum(
            entry.mapping.size
            for entry, _ in told
            if entry.mapping.pathname.endswith(".jsa") and entry.mapping.start < 32 << 30
        )
        assert space + archives == sum(end - start for start, end in ranges["Java"])


def test_buffers_are_not_the_heap() -> None:
    """V8 maps memories of WebAssembly and buffers with the flags of its heap."""
    entries = layout("runtimes/node-20-buffers")
    assert 0 < resident(entries, "V8 heap") < 4_694_016  # heapTotal
    assert not any(
        kind is Kind.ARENA and entry.mapping.size == 64 << 20
        for entry, (kind, _) in attribute(entries)
    )


def test_partition_alloc() -> None:
    """It says what it gave out and what it took: what is resident lies between."""
    assert 11_053_140 <= resident(layout("runtimes/chromium-156"), "PartitionAlloc") <= 14_131_200


# --- what has the shape, and is something else ----------------------------------------------

#: Every capture, with the file of the runtime under another name.
_RENAMED = [
    (path.stem, other)
    for path in sorted([*DATA.glob("runtimes/*.smaps"), *DATA.glob("malloc/*malloc.smaps")])
    if path.stem not in ("tcmalloc_minimal", "go-1.19")
    for other in ("/usr/bin/server", "/usr/bin/mynode", "/opt/a/node.bin")
]
_OF_RUNTIMES = re.compile(
    rb"/\S*/(node|libjvm\.so|libjemalloc\S*|libmimalloc\S*|chromium|_multiarray_umath\S*"
    rb"|python3\.11|luajit)$",
    re.MULTILINE,
)


@pytest.mark.parametrize(("name", "other"), _RENAMED)
def test_a_program_without_the_runtime(name: str, other: str) -> None:
    """The same addresses, sizes and flags in a program that executes no such file: no name."""
    (path,) = DATA.glob(f"*/{name}.smaps")
    text, changed = _OF_RUNTIMES.subn(other.encode(), path.read_bytes())
    assert changed
    assert {found.rule.key for found in find_runtimes(parse(text)).values()} <= {"jit"}
    assert not any(kind in OF_RULES for _, (kind, _) in attribute(parse(text)))


_CHROMIUM = "00400000-00500000 r-xp 0 08:01 15 /usr/lib/chromium/chromium"
_SANDBOX = """10000000000-10100000000 ---p 0 00:00 0 | mr mw me nr dd
    10100000000-10100040000 rw-p 0 00:00 0 | rd wr mr mw me nr
    10100040000-10200000000 ---p 0 00:00 0 | mr mw me nr dd
    10200000000-10200040000 rw-p 0 00:00 0 | rd wr mr mw me nr
    10200040000-30000000000 ---p 0 00:00 0 | mr mw me nr dd"""
_IN_SANDBOX = ["guard", "V8 heap", "V8 heap", "anonymous", "guard"]
_NOTHING_IN_IT = ["guard", "anonymous", "guard", "anonymous", "guard"]
_CPPGC = """c4c00000000-c4c02000000 ---p 0 00:00 0 | mr mw me
    c4c02000000-c4c02100000 rw-p 0 00:00 0
    c4c02100000-c5000000000 ---p 0 00:00 0 | mr mw me"""
_GLIBC = "7f0000000000-7f0000100000 r-xp 0 08:01 17 /usr/lib/libc.so.6"
_CPPGC_LIKE_ARENA = """c4c00000000-c4c02000000 ---p 0 00:00 0 | mr mw me
    c4c02000000-c4c02100000 rw-p 0 00:00 0
    c4c02100000-c4c04000000 ---p 0 00:00 0 | mr mw me
    c4c04000000-c4c04100000 rw-p 0 00:00 0
    c4c04100000-c4c05000000 ---p 0 00:00 0 | mr mw me
    c4c05000000-c4c05100000 rw-p 0 00:00 0
    c4c05100000-c4c08000000 ---p 0 00:00 0 | mr mw me
    c4c08000000-c4c08100000 rw-p 0 00:00 0
    c4c08100000-c5000000000 ---p 0 00:00 0 | mr mw me"""
_PLAIN_RESERVE = ["guard", "anonymous", "guard"]
_POOL = """33a800000000-33a800004000 ---p 0 00:00 0 | mr mw me
    33a800004000-33a8001fc000 rw-p 0 00:00 0
    33a8001fc000-33ac00000000 ---p 0 00:00 0 | mr mw me"""
_LARGE_HEAP = """7fb600000000-7fb680000000 rw-p 0 00:00 0
    7fb680000000-7fc000000000 ---p 0 00:00 0 | mr mw me nr"""
_NUMPY = (
    "7f0100000000-7f0100100000 r-xp 0 08:01 16"
    " /usr/lib/numpy/_multiarray_umath.cpython-311-x86_64-linux-gnu.so"
)
_BLOCK = """7f0000000000-7f0000001000 rw-p 0 00:00 0
    7f0000001000-7f0000401000 rw-p 0 00:00 0 | rd wr mr mw me ac hg"""
_STACK = "7ffd00000000-7ffd00021000 rw-p 0 00:00 0 [stack] | rd wr mr mw me gd ac"
_PYTHON = "00400000-00500000 r-xp 0 08:01 17 /usr/bin/python3.11"
_LUAJIT = "00400000-00500000 r-xp 0 08:01 18 /usr/bin/luajit"
_BLOCKS = "7f0000000000-7f0000300000 rw-p 0 00:00 0"


def _executed(*names: str) -> str:
    """These files, executed, each somewhere by itself."""
    return "".join(
        f"7e{number:02x}00000000-7e{number:02x}00001000 r-xp 0 08:01 {100 + number} {name}\n"
        for number, name in enumerate(names)
    )


_NODE = "00400000-00500000 r-xp 0 08:01 11 /usr/bin/node"
_JAVA = "7f0100000000-7f0100100000 r-xp 0 08:01 12 /usr/lib/jvm/lib/server/libjvm.so"
_JEMALLOC = "7f0100000000-7f0100100000 r-xp 0 08:01 13 /usr/lib/libjemalloc.so.2"
_V8 = "rd wr mr mw me dc nr"


@pytest.mark.parametrize(
    ("runtime", "text", "names"),
    [
        # A chunk; its flags, its place, and what touches it all count.
        (_NODE, f"1000400000-1000440000 rw-p 0 00:00 0 | {_V8}", ["V8 heap"]),
        (_NODE, "1000400000-1000440000 rw-p 0 00:00 0 | rd wr mr mw me nr", ["anonymous"]),
        (_NODE, "1000400000-1000440000 rw-p 0 00:00 0 | rd wr mr mw me ac dc", ["anonymous"]),
        (_NODE, "1000400000-1000440000 rw-p 0 00:00 0 | rd wr mr mw me ac dc nr", ["anonymous"]),
        (_NODE, "1000400000-1000440000 rw-p 0 00:00 0 | -", ["anonymous"]),
        (_NODE, f"1000401000-1000441000 rw-p 0 00:00 0 | {_V8}", ["V8 other"]),
        (_NODE, f"7f0000400000-7f0000440000 rw-p 0 00:00 0 | {_V8}", ["V8 other"]),
        (
            _NODE,
            f"1000400000-1000440000 rw-s 0 00:01 9 /dev/zero (deleted) | {_V8}",
            ["shared anonymous"],
        ),
        (_NODE, f"1000400000-1000440000 rw-p 0 08:01 9 /data | {_V8}", ["/data"]),
        (
            _NODE,
            f"1000400000-1000440000 rw-p 0 00:00 0 | {_V8}\n"
            "1000440000-1000450000 r--p 0 08:01 9 /data",
            ["V8 other", "/data"],
        ),
        # The file is there, but nothing of it is executed.
        (
            _NODE.replace("r-xp", "r--p"),
            f"1000400000-1000440000 rw-p 0 00:00 0 | {_V8}",
            ["anonymous"],
        ),
        (
            _NODE.replace("r-xp", "r-xs"),
            f"1000400000-1000440000 rw-p 0 00:00 0 | {_V8}",
            ["anonymous"],
        ),
        # Java's heap ends at 4 or 32 GiB.
        (_JAVA, "f0000000-100000000 rw-p 0 00:00 0", ["Java heap"]),
        (_JAVA, "7f0000000-800000000 rw-p 0 00:00 0", ["Java heap"]),
        (_JAVA, "f0000000-fffff000 rw-p 0 00:00 0", ["anonymous"]),
        (_JAVA, "f0000000-100001000 rw-p 0 00:00 0", ["anonymous"]),
        (_JAVA, "f0000000-100000000 rw-p 0 00:00 0 | -", ["anonymous"]),
        (_JAVA, "f0000000-100000000 rw-p 0 00:00 0 [heap]", ["heap"]),
        (
            _JAVA,
            "e0000000-e8000000 rw-p 0 00:00 0\nf0000000-100000000 rw-p 0 00:00 0",
            ["anonymous", "Java heap"],
        ),
        (
            _JAVA,
            "e0000000-f0000000 rw-p 0 00:00 0\nf0000000-f8000000 r--p 0 08:01 9 /data\n"
            "f8000000-100000000 rw-p 0 00:00 0",
            ["anonymous", "/data", "Java heap"],
        ),
        # Above 32 GiB it is known by its reserve.
        (_JAVA, _LARGE_HEAP, ["Java heap"] * 2),
        (_JAVA, _LARGE_HEAP.replace("7fc000000000", "7fb700000000"), ["anonymous", "guard"]),
        (_JAVA, _LARGE_HEAP.replace("7fb600000000", "7fb600001000"), ["anonymous", "guard"]),
        # What marks the objects of a heap of 300 GiB has a 64th of it, twice; ZGC's stacks of marks
        # have 8 GiB.
        (
            _JAVA,
            "7f2d39800000-7f2d3b900000 rw-p 0 00:00 0\n"
            "7f2d3b900000-7f2e67800000 ---p 0 00:00 0 | mr mw me nr\n"
            "7f3004000000-7f3008000000 rw-p 0 00:00 0\n"
            "7f3008000000-7f7b04000000 ---p 0 00:00 0 | mr mw me nr",
            ["anonymous", "guard", "Java heap", "Java heap"],
        ),
        (
            _JAVA,
            f"40000000000-40017a00000 rw-s 0 00:01 7 /memfd:java_heap (deleted)\n{_LARGE_HEAP}",
            ["/memfd:java_heap", "anonymous", "guard"],
        ),
        (_JAVA, _LARGE_HEAP.replace("mr mw me nr", "mr mw me"), ["anonymous", "guard"]),
        (_JAVA, _LARGE_HEAP.replace("0\n", "0 | rd wr mr mw me nr\n"), ["anonymous", "guard"]),
        # Executable memory is JIT code, whoever made it.
        (_JAVA, "7f0000000000-7f0000010000 rwxp 0 00:00 0 | rd wr ex mr mw me ac", ["JIT code"]),
        (
            _JAVA,
            "7f0000000000-7f0000010000 rwxp 0 00:00 0 | rd wr ex mr mw me ac\n"
            "7f0000010000-7f0000100000 ---p 0 00:00 0 | mr mw me",
            ["JIT code", "guard"],
        ),
        (_NODE, "7f0000000000-7f0000010000 r-xp 0 00:00 0 | rd ex mr mw me ac", ["JIT code"]),
        # V8's sandbox: its first 4 GiB are the heap.
        (_CHROMIUM, _SANDBOX, _IN_SANDBOX),
        (_CHROMIUM, _SANDBOX.replace("-30000000000", "-1f000000000"), _NOTHING_IN_IT),
        (_CHROMIUM, _SANDBOX.replace("nr dd", "nr"), _NOTHING_IN_IT),
        (
            _CHROMIUM,
            _SANDBOX.replace("me nr\n", "me ac\n"),
            ["guard", "anonymous", "V8 heap", "anonymous", "guard"],
        ),
        (_CHROMIUM, _SANDBOX.replace("101000", "100ff0"), _NOTHING_IN_IT),
        # Blink's cage, and PartitionAlloc's pool.
        (_CHROMIUM, _CPPGC, ["Blink heap"] * 3),
        # Its pages at a multiple of 64 MiB, with the rest of these as its reserve, are no heap of
        # malloc's, though glibc is there.
        (
            f"{_CHROMIUM}\n{_GLIBC}",
            _CPPGC_LIKE_ARENA,
            ["/usr/lib/libc.so.6", *["Blink heap"] * 9],
        ),
        # Nor where its program bears another name: what is used behind a reserve is no heap.
        (
            f"{_NODE}\n{_GLIBC}",
            _CPPGC_LIKE_ARENA,
            ["/usr/lib/libc.so.6", "guard", *["anonymous", "guard"] * 4],
        ),
        (_CHROMIUM, _CPPGC.replace("c4c02000000", "c4c01000000"), _PLAIN_RESERVE),
        (_CHROMIUM, _CPPGC.replace("c4c02100000", "c4c02101000"), _PLAIN_RESERVE),
        (_CHROMIUM, _CPPGC.replace("c5000000000", "c5400000000"), _PLAIN_RESERVE),
        (_CHROMIUM, _CPPGC.replace("mr mw me", "mr mw me nr"), _PLAIN_RESERVE),
        (_CHROMIUM, _POOL, ["PartitionAlloc"] * 3),
        (_CHROMIUM, _POOL.replace("33a800004000", "33a800008000"), _PLAIN_RESERVE),
        (_CHROMIUM, _POOL.replace("33ac00000000", "33ab00000000"), _PLAIN_RESERVE),
        # NumPy's blocks begin with a page without huge pages.
        (_NUMPY, _BLOCK, ["anonymous", "NumPy arrays"]),
        (_NUMPY, _BLOCK.replace("7f0000401000", "7f0000301000"), ["anonymous"] * 2),
        (_NUMPY, _BLOCK.replace("rw-p 0 00:00 0\n", "---p 0 00:00 0\n"), ["guard", "anonymous"]),
        (_NUMPY, _BLOCK.replace(" hg", ""), ["anonymous"] * 2),
        (_NUMPY, _BLOCK.replace("0\n", "0 | rd wr mr mw me ac hg\n"), ["anonymous"] * 2),
        (_NUMPY, _BLOCK.splitlines()[1], ["anonymous"]),
        # Huge pages that a program asks for itself, with a block of malloc's below, look so.
        (_NUMPY, _BLOCK.replace("7f0000000000", "7effffff0000"), ["anonymous"] * 2),
        # jemalloc's extents.
        (_JEMALLOC, "7f0000000000-7f0000200000 rw-p 0 00:00 0 | rd wr mr mw me nr", ["jemalloc"]),
        (_JEMALLOC, "7f0000000000-7f0000200000 rw-p 0 00:00 0", ["anonymous"]),
        (_JEMALLOC, "7f0000000000-7f0000201000 rw-p 0 00:00 0 | rd wr mr mw me nr", ["anonymous"]),
        (_JEMALLOC, f"7f0000000000-7f0000200000 rw-p 0 00:00 0 | {_V8}", ["anonymous"]),
        (
            _JEMALLOC,
            "7f0000000000-7f0000100000 rw-p 0 00:00 0 | rd wr mr mw me nr\n"
            "7f0000100000-7f0000200000 ---p 0 00:00 0 | mr mw me nr",
            ["anonymous", "guard"],
        ),
    ],
)
def test_shapes(runtime: str, text: str, names: list[str]) -> None:
    """In a process that has the runtime, only what has all of its shape is named."""
    (_, _, *told) = attribute(written(f"{_STACK}\n{runtime}\n{text}"))
    assert [attribution.name for _, attribution in told] == names


@pytest.mark.parametrize(
    "name",
    [
        *("redis-7", "java-17-serial", "java-17-large", "node-20", "chromium-156", "numpy-1.24"),
        *("python-3.11", "luajit-2.1"),
    ],
)
def test_between_keyframes(name: str) -> None:
    """Memory that appears then is told as in a whole layout: by a file far away, and the stack."""
    entries = layout(f"runtimes/{name}")
    births = [5 if entry.mapping.pathname == "" else 1 for entry in entries]
    order = sorted(range(len(entries)), key=lambda number: births[number])
    found: dict[int, Attribution] = attribute_lives(
        KindsOverTime([births[n] for n in order], [9] * len(order), order, order),
        [1],
        {number: entry.mapping for number, entry in enumerate(entries)},
        {number: entry.usage.vm_flags for number, entry in enumerate(entries)},
    )
    assert found == {number: told for number, (_, told) in enumerate(attribute(entries))}


_GO = "00400000-0049c000 r-xp 0 08:01 14 /srv/a"
_ARENA_OF_GO = """c000000000-c000400000 rw-p 0 00:00 0
    c000400000-c000800000 rw-p 0 00:00 0 | rd wr mr mw me ac nh
    c000800000-c004000000 ---p 0 00:00 0 | mr mw me"""


@pytest.mark.parametrize(
    ("mark", "text", "names"),
    [
        ("go", _ARENA_OF_GO, ["Go heap"] * 3),
        ("go", f"{_ARENA_OF_GO}\nc004000000-c008000000 rw-p 0 00:00 0", ["Go heap"] * 4),
        ("", _ARENA_OF_GO, ["anonymous", "anonymous", "guard"]),
        (
            "go",
            _ARENA_OF_GO.replace("c004000000", "c003f00000"),
            ["anonymous", "anonymous", "guard"],
        ),
        ("go", _ARENA_OF_GO.replace("c0", "7f"), ["anonymous", "anonymous", "guard"]),
        ("go", "c000000000-c000400000 rw-p 0 00:00 0", ["anonymous"]),
        ("go", "c000000000-c004000000 rw-s 0 00:01 9 /dev/zero (deleted)", ["shared anonymous"]),
    ],
)
def test_go(mark: str, text: str, names: list[str]) -> None:
    """Whole arenas at Go's addresses, in a program that Go's linker made."""
    entries = written(f"{_GO}\n{text}")
    marks = {(8 << 20 | 1, 14): [mark]}
    assert [told.name for _, told in attribute(entries, KindHints(marks=marks))][1:] == names
    evidence = NO_EVIDENCE._replace(marks=marks)
    rows = range(len(entries))
    lives = attribute_lives(
        KindsOverTime([1] + [5] * (len(entries) - 1), [9] * len(entries), rows, rows),
        [1],
        {number: entry.mapping for number, entry in enumerate(entries)},
        {number: entry.usage.vm_flags for number, entry in enumerate(entries)},
        lambda _: evidence,
    )
    assert [lives[number].name for number in rows[1:]] == names, "between keyframes"


@pytest.mark.parametrize(
    ("mark", "text", "name"),
    [
        ("v8", f"1000400000-1000440000 rw-p 0 00:00 0 | {_V8}", "V8 heap"),
        ("jemalloc", "7f0000000000-7f0000200000 rw-p 0 00:00 0 | rd wr mr mw me nr", "jemalloc"),
        ("go", f"1000400000-1000440000 rw-p 0 00:00 0 | {_V8}", "anonymous"),
    ],
)
def test_what_is_linked_into_a_program(mark: str, text: str, name: str) -> None:
    """It is known by its mark, whatever the program is called."""
    (_, (_, told)) = attribute(
        written(f"{_GO}\n{text}"), KindHints(marks={(8 << 20 | 1, 14): [mark]})
    )
    assert told.name == name


def test_rules() -> None:
    """Each has a key of its own, says whereby it is known, and its proof is within 5 %."""
    assert len({rule.key for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.evidence.endswith(".") and rule.contradiction.endswith(".")
        for proof in rule.proofs:
            assert proof.named == pytest.approx(proof.own, rel=0.05), rule.key


@pytest.mark.parametrize(
    ("runtime", "others", "name"),
    [
        (_PYTHON, [], "Python heap"),
        (
            _PYTHON,
            [
                "/usr/lib/x86_64-linux-gnu/libc.so.6",
                "/usr/lib/x86_64-linux-gnu/libc-2.31.so",
                "/usr/lib64/ld-linux-x86-64.so.2 (deleted)",
                "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
                "/usr/lib/x86_64-linux-gnu/libdb-5.3.so",
                "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30",
                "/usr/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so",
                "/srv/app/_rust.abi3.so",
                "/usr/local/lib/libpython3.11.so.1.0",
            ],
            "Python heap",
        ),
        # What may map memory by itself: then nothing tells whose it is.
        (_PYTHON, ["/srv/numpy.libs/libscipy_openblas64_-32a4b2a6.so"], "anonymous"),
        (_PYTHON, ["/usr/lib/libtorch_cpu.so"], "anonymous"),
        (_PYTHON, ["/usr/lib/libc.so.6.evil"], "anonymous"),
        (_PYTHON, ["/usr/sbin/uwsgi"], "anonymous"),
        (_PYTHON, ["/usr/bin/luajit"], "anonymous"),
        (_PYTHON, ["/usr/lib/libsslx.so.3"], "anonymous"),
        (_LUAJIT, ["/usr/lib/libm.so.6"], "LuaJIT heap"),
        (_LUAJIT, ["/usr/lib/libz.so.1"], "anonymous"),
        (_LUAJIT, ["/usr/bin/nginx"], "anonymous"),
        ("00400000-00500000 r--p 0 08:01 17 /usr/bin/python3.11", [], "anonymous"),
        ("00400000-00500000 r-xp 0 08:01 17 /usr/bin/python2.7", [], "anonymous"),
        ("00400000-00500000 r-xp 0 08:01 17 /usr/bin/python3.11-server", [], "anonymous"),
        ("00400000-00500000 r-xp 0 08:01 17 /srv/server", [], "anonymous"),
    ],
)
def test_by_elimination(runtime: str, others: list[str], name: str) -> None:
    """It is the interpreter's where nothing else is executed that could have mapped it.

    Memory that appears between two keyframes is told as in a whole layout.
    """
    entries = written(f"{_STACK}\n{runtime}\n{_executed(*others)}{_BLOCKS}")
    told = attribute(entries)
    assert told[-1][1].name == name
    rows = range(len(entries))
    lives = attribute_lives(
        KindsOverTime([1] * (len(entries) - 1) + [5], [9] * len(entries), rows, rows),
        [1],
        {number: entry.mapping for number, entry in enumerate(entries)},
        {number: entry.usage.vm_flags for number, entry in enumerate(entries)},
    )
    assert lives[rows[-1]].name == name, "between keyframes"


@pytest.mark.parametrize(
    ("runtime", "text", "names"),
    [
        (_PYTHON, _BLOCKS.replace("300000 rw", "020000 rw"), ["Python heap"]),
        (_PYTHON, _BLOCKS.replace("300000 rw", "01f000 rw"), ["anonymous"]),
        (_PYTHON, _BLOCKS.replace("rw-p", "r--p"), ["anonymous"]),
        (_PYTHON, f"{_BLOCKS} | rd wr mr mw me ac sd", ["Python heap"]),
        (_PYTHON, f"{_BLOCKS} | rd wr mr mw me nr", ["anonymous"]),
        (_PYTHON, f"{_BLOCKS} | rd wr mr mw me ac nh", ["anonymous"]),
        (_PYTHON, f"{_BLOCKS} | rd wr mr mw me ac dc", ["anonymous"]),
        (_PYTHON, f"{_BLOCKS} | -", ["anonymous"]),
        # A thread's stack before Linux 6.7: known by its guard alone.
        (
            _PYTHON,
            f"7effffff0000-7f0000000000 ---p 0 00:00 0 | mr mw me\n{_BLOCKS}",
            ["guard", "anonymous"],
        ),
        # A .bss may have merged with what lies behind.
        (
            _PYTHON,
            f"7effffff0000-7f0000000000 rw-p 0 08:01 19 /usr/lib/libz.so.1\n{_BLOCKS}",
            ["/usr/lib/libz.so.1", "anonymous"],
        ),
        # Code that the program made may do anything; LuaJIT makes its own.
        (
            _PYTHON,
            f"{_BLOCKS}\n7f1000000000-7f1000001000 r-xp 0 00:00 0",
            ["anonymous", "JIT code"],
        ),
        (
            _LUAJIT,
            f"{_BLOCKS}\n7f1000000000-7f1000001000 r-xp 0 00:00 0",
            ["LuaJIT heap", "JIT code"],
        ),
        # Code in shared memory is code, too.
        (
            _PYTHON,
            f"{_BLOCKS}\n7f1000000000-7f1000001000 r-xs 0 00:01 9 /memfd:code (deleted)",
            ["anonymous", "/memfd:code"],
        ),
    ],
)
def test_plain_memory(runtime: str, text: str, names: list[str]) -> None:
    """Only what can be nothing else is the heap of an interpreter."""
    (_, _, *told) = attribute(written(f"{_STACK}\n{runtime}\n{text}"))
    assert [attribution.name for _, attribution in told] == names


#: A module of which a part is executed and a part is data, and of which the data has .bss or not.
_MODULE = "/usr/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so"
_DATA = 0x7F0000000000 - 0x1000


@pytest.mark.parametrize(
    ("memory_size", "more", "names"),
    [
        (0x1000, "", ["Python heap"]),
        (0x1001, "", ["anonymous"]),  # the first page behind is .bss, the rest has merged with it
        # Mapped beside, where its headers say nothing of what lies behind.
        (0x1000, f"7d0000000000-7d0000001000 rw-p 0 08:01 20 {_MODULE}", ["anonymous"]),
    ],
)
def test_behind_a_file(memory_size: int, more: str, names: list[str]) -> None:
    """What touches a module is the heap where the module's headers say that it has no .bss."""
    segments = (
        ElfSegment(flags=5, offset=0, address=0, file_size=0x1000, memory_size=0x1000),
        ElfSegment(
            flags=6, offset=0x1000, address=0x1000, file_size=0x1000, memory_size=memory_size
        ),
    )
    entries = written(
        f"{_STACK}\n{_PYTHON}\n{more}\n"
        f"{_DATA - 0x1000:x}-{_DATA:x} r-xp 0 08:01 20 {_MODULE}\n"
        f"{_DATA:x}-{_DATA + 0x1000:x} rw-p 1000 08:01 20 {_MODULE}\n"
        f"{_BLOCKS}"
    )
    known = KindEvidence({}, {(8 << 20 | 1, 20): segments}, 4096)
    assert [told.name for _, told in attributed_entries(entries, known)][-1:] == names
    unknown = KindEvidence({}, {}, 4096)
    assert attributed_entries(entries, unknown)[-1][1].name == "anonymous"
