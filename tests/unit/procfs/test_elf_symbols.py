"""Functions that programs offer, in programs that the compiler makes."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from memory_watcher.procfs import elf
from memory_watcher.procfs.elf_symbols import find_symbols

SOURCE = """
int used(void);
int mallctl(void) { return used(); }
%s
int main(void) { return mallctl(); }
"""
MANY = "\n".join(f"int function_{number}(void) {{ return {number}; }}" for number in range(500))


@pytest.fixture(name="build", scope="module")
def build_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    folder = tmp_path_factory.mktemp("symbols")
    library = folder / "libused.so"

    def compile_with(source: str, *options: str | Path) -> bytes:
        program = folder / "program"
        arguments = ["cc", "-x", "c", "-", "-o", program, *options]
        subprocess.run(list(map(str, arguments)), input=source, text=True, check=True)
        return program.read_bytes()

    subprocess.run(
        ["cc", "-shared", "-x", "c", "-", "-o", library],
        input="int used(void) { return 0; }",
        text=True,
        check=True,
    )
    return lambda source, *options: compile_with(
        source, "-x", "none", library, f"-Wl,-rpath,{folder}", *options
    )


def symbols(data: bytes, *names: str) -> list[str]:
    table = elf.find_table(data[: elf.HEAD_SIZE])
    if table is None:
        return []
    headers = data[table.offset : table.offset + table.size]
    segments = elf.parse_table(table, headers) or ()

    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    return find_symbols(table, headers, segments, read, names)


@pytest.mark.parametrize("more", ["", MANY])
@pytest.mark.parametrize("options", [["-rdynamic"], ["-rdynamic", "-no-pie"]])
def test_what_is_offered(build: Callable[..., bytes], more: str, options: list[str]) -> None:
    """A function that is defined and exported; not one that is only called, nor part of a name."""
    data = build(SOURCE % more, *options)
    asked = ["mallctl", "used", "mallct", "mallctlx", "je_mallctl", "main", "function_77"]
    assert symbols(data, *asked) == ["mallctl", "main", *(["function_77"] if more else [])]


def test_what_is_not_offered(build: Callable[..., bytes]) -> None:
    """Without -rdynamic it stays inside; a static program has no table."""
    assert symbols(build(SOURCE % ""), "mallctl", "main") == []
    assert symbols(Path("/proc/self/exe").read_bytes()[:4096], "mallctl") == []


def test_other_hash_tables(build: Callable[..., bytes]) -> None:
    """The old one is not read."""
    assert symbols(build(SOURCE % "", "-rdynamic", "-Wl,--hash-style=sysv"), "mallctl") == []


def test_damaged_files(build: Callable[..., bytes]) -> None:
    """Whatever stands in a file, it is an answer."""
    data = build(SOURCE % "", "-rdynamic")
    choose = random.Random(1)
    for cut in range(64, len(data), 97):
        assert symbols(data[:cut], "mallctl") in ([], ["mallctl"])
    for _ in range(500):
        spoilt = bytearray(data)
        for _ in range(choose.randrange(1, 40)):
            spoilt[choose.randrange(0x40, 0x1000)] = choose.choice((0, 1, 0x7F, 0xFF))
        assert symbols(bytes(spoilt), "mallctl") in ([], ["mallctl"])


def test_no_program_is_read_for_long() -> None:
    """A few reads of a few bytes for each name, in the largest file there is here."""
    table_reads: list[int] = []
    path = os.path.realpath("/proc/self/exe")
    with open(path, "rb") as file:
        head = file.read(elf.HEAD_SIZE)
        table = elf.find_table(head)
        assert table is not None
        headers = head[table.offset : table.offset + table.size]

        def read(offset: int, size: int) -> bytes:
            table_reads.append(size)
            file.seek(offset)
            return file.read(size)

        segments = elf.parse_table(table, headers) or ()
        find_symbols(table, headers, segments, read, ("mallctl", "je_mallctl"))
    assert len(table_reads) <= 12
    assert sum(table_reads) < 16384
