"""Programs that give their memory the shapes of runtimes and allocators, and are none of them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher.analysis.kinds import Kind, attribute

from ..captures import parse
from ..programs import layouts_by_pid, recorder, wait_until

pytestmark = pytest.mark.live

#: A chunk of V8's heap, an arena of Go's, Java's heap, jemalloc's extents, and so on, each in
#: several ways.
SHAPES = {
    "v8 chunk": ["10000400000,40000,rw,nd"],
    "v8 chunks": [f"{0x10000400000 + n * 0x1000000:x},40000,rw,nd" for n in range(50)],
    "v8 large page": ["2a0000000000,1665000,rw,nd"],
    "v8 read-only": ["24f7c8880000,d000,r,nd"],
    "v8 pooled": ["24f7c8880000,40000,-,nd"],
    "v8 code range": ["0,20000000,-,nd"],
    "v8 on arm64": ["3f00000000,40000,rw,nd"],
    "v8 buffer": ["0,7a2000,rw,nd", "0,3566000,-,nd"],
    "wasm": ["50000000000,280000000,-,nd", "50080000000,3200000,rw,ndo"],
    "v8 sandbox": ["100000000000,20000000000,-,nD", "101000000000,40000,rw,no"],
    "cppgc": ["c4c00000000,400000000,-,-", "c4c02000000,1360000,rw,o"],
    "cppgc at a multiple of 64 MiB": [
        *("c4c00000000,400000000,-,-", "c4c02000000,1360000,rw,o"),
        *("c4c08000000,1900000,rw,o", "c4c0c000000,20000,rw,o"),
    ],
    "partition pool": ["33a800000000,400000000,-,-", "33a800004000,1f8000,rw,o"],
    "two pools": ["33a800000000,800000000,-,-", "33ac00004000,1f8000,rw,o"],
    "old super page": ["33a800000000,400000000,-,-", "33a800001000,2000,rw,o"],
    "java heap at 4 GiB": ["f0000000,10000000,rw,-"],
    "java heap in parts": ["c0000000,40000000,-,n", "c0000000,8000000,rw,o", "f0000000,8000,rw,o"],
    "java heap at 32 GiB": ["700000000,100000000,-,n", "700000000,8000000,rw,o"],
    "small java heap": ["fc000000,4000000,rw,-"],
    "java code cache": ["0,f000000,-,n"],
    "metaspace": ["7c0000000,4000000,-,n", "7c0000000,40000,rw,o"],
    "go arena": ["c000000000,4000000,-,-", "c000000000,400000,rw,o"],
    "full go arena": ["c000000000,4000000,rw,-"],
    "go arenas": ["c000000000,10000000,-,-", "c000000000,8400000,rw,o", "c000400000,200000,rw,oh"],
    "go arena with nh": ["c000000000,4000000,-,-", "c000000000,400000,rw,oN"],
    "go on arm64": ["4000000000,4000000,-,-", "4000000000,400000,rw,o"],
    "jemalloc extent": ["0,200000,rw,n"],
    "jemalloc extents": ["0,d00000,rw,n", "0,2000000,rw,n", "0,800000,rw,n"],
    "jemalloc oversize": ["0,6800000,rw,n"],
    "mimalloc segment": ["0,40010000,rw,n"],
    "mimalloc arena": ["20000000000,40000000,rw,n"],
    "python arenas": ["0,400000,rw,-"],
    "numpy array": ["300000000000,1000,rw,-", "300000001000,400000,rw,h"],
    "numpy arrays": ["300000000000,401000,rw,-", "300000001000,400000,rw,oh"],
}


@pytest.fixture(name="program", scope="module")
def compile_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("shapes") / "shapes"
    source = Path(__file__).with_name("shapes.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-o", program, source], check=True)
    return program


@pytest.fixture(name="programs", scope="module")
def start_programs(program: Path) -> Iterator[dict[str, int]]:
    """One for each shape; by PID."""
    running = {
        name: subprocess.Popen(
            [program, *shapes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name, shapes in SHAPES.items()
    }
    try:
        for name, process in running.items():
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", name
        yield {name: process.pid for name, process in running.items()}
    finally:
        for process in running.values():
            process.communicate()


def test_no_false_names(programs: dict[str, int], tmp_path: Path) -> None:
    """A recorder sees all evidence there is: none of them has memory of a runtime's."""
    file = tmp_path / "a.db"
    pids = [argument for pid in programs.values() for argument in ("-p", pid)]
    with recorder(file, *pids, "--period", "200ms") as recording:
        recording.wait_for_ticks(3)
        wait_until(lambda: len(layouts_by_pid(file)) == len(programs), "a layout of each")
        code, said = recording.stop()
    assert code == 0, said
    assert len(programs) >= 30
    wrong: dict[str, set[str]] = {}
    seen = 0
    with memory_watcher.open(str(file)) as opened:
        for process in opened.processes():
            told = memory_watcher.attributed(opened, opened.peak(process.id))
            nameless = [kind for entry, (kind, _) in told if not entry.mapping.pathname]
            seen += Kind.ANONYMOUS in nameless or Kind.GUARD in nameless
            kinds = (Kind.RUNTIME, Kind.ALLOCATOR, Kind.ARENA)
            names = {what.name for _, what in told if what.kind in kinds}
            if names:
                wrong[next(name for name, pid in programs.items() if pid == process.pid)] = names
    assert seen == len(programs)
    assert not wrong


@pytest.mark.parametrize(
    ("runtime", "shape", "name"),
    [
        ("node", "v8 chunks", "V8 heap"),
        ("node", "wasm", "V8 other"),
        ("chromium", "v8 sandbox", "V8 heap"),
        ("chromium", "cppgc", "Blink heap"),
        ("chromium", "partition pool", "PartitionAlloc"),
        ("libjvm.so", "java heap in parts", "Java heap"),
        ("libjvm.so", "java heap at 32 GiB", "Java heap"),
        ("libjemalloc.so.2", "jemalloc extents", "jemalloc"),
        ("libmimalloc.so.2", "mimalloc segment", "mimalloc"),
        ("_multiarray_umath.so", "numpy arrays", "NumPy arrays"),
        ("python3.11", "python arenas", "Python heap"),
        ("luajit", "python arenas", "LuaJIT heap"),
    ],
)
def test_the_shapes_are_true(
    program: Path, tmp_path: Path, runtime: str, shape: str, name: str
) -> None:
    """Executed from a file of the runtime's name the same memory is what it looks like."""
    copy = tmp_path / runtime
    shutil.copy2(program, copy)
    with subprocess.Popen(
        [copy, *SHAPES[shape]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        entries = parse(Path(f"/proc/{process.pid}/smaps").read_bytes())
        process.communicate()
    assert name in {attribution.name for _, attribution in attribute(entries)}
