"""Heaps of malloc's arenas, found with other C libraries: of Debian's suites, and musl.

    python -m tests.libcs [SUITE…]        exit code 1 if one is missed, or something else is named

Fetches each suite's glibc, links tests/data/malloc/heaps.c with it, and runs that through its own
loader, on this machine's kernel. The program says where its heaps are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from memory_watcher.analysis.kinds import Kind, attribute
from tests.captures import parse
from tests.kernels import cache
from tests.kernels.archive import Suite

SOURCE = Path(__file__).parent / "data" / "malloc" / "heaps.c"
SUITES = ("bullseye", "bookworm", "trixie", "sid")
_MUSL = "musl"
_PACKAGES = ("libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1", "libcrypt1")
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_LOADER = "ld-linux-x86-64.so.2"
_HEAP = 64 << 20
#: Threads, and the MiB that each fills: a piece of a heap, more than one heap, several.
_LOADS = ((6, 3), (2, 70), (3, 150), (40, 1))


def with_glibc(suite: str, folder: Path) -> tuple[str, list[str]]:
    """Its version, and the command that runs the program with it."""
    root = Suite(suite).fetch(*_PACKAGES)
    for name in ("lib", "lib64"):  # a merged /usr is made of links that belong to no package
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}" if (root / "usr" / name).exists() else "usr/lib")
    program = folder / f"heaps-{suite}"
    compiler = cache.require("gcc", "gcc")
    linked = root / _LIBRARIES
    headers = (root / "usr/include", root / "usr/include/x86_64-linux-gnu", own_headers(compiler))
    options = ["-O1", "-nostdinc", "-nostdlib", "-no-pie"]
    options += [option for each in headers for option in ("-isystem", str(each))]
    before, after = (linked / "crt1.o", linked / "crti.o"), (linked / "crtn.o",)
    parts = [*before, SOURCE, *shared(root), "-lgcc", *after]
    subprocess.run([compiler, *options, "-o", program, *map(str, parts)], check=True)
    folders = [root / "lib/x86_64-linux-gnu", root / _LIBRARIES]
    loader = next(each / _LOADER for each in folders if (each / _LOADER).exists())
    places = ":".join(map(str, folders))
    said = subprocess.run(
        [loader, "--library-path", places, loader.with_name("libc.so.6")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    version = said.split("version ")[1].split(".\n")[0].rstrip(".")
    return f"glibc {version}", [str(loader), "--library-path", places, str(program)]


def own_headers(compiler: str) -> str:
    """The folder of the compiler's own headers, as stddef.h."""
    return subprocess.run(
        [compiler, "-print-file-name=include"], capture_output=True, text=True, check=True
    ).stdout.strip()


def shared(root: Path) -> list[Path]:
    """The libraries of threads (empty from 2.34 on) and of C, with what belongs to them."""
    folders = [root / "lib/x86_64-linux-gnu", root / _LIBRARIES]
    names = ("libpthread.so.0", "libc.so.6", "libc_nonshared.a", _LOADER)
    return [next(each / name for each in folders if (each / name).exists()) for name in names]


def with_musl(folder: Path) -> tuple[str, list[str]]:
    """The program with this machine's musl."""
    program = folder / "heaps-musl"
    subprocess.run(
        [cache.require("musl-gcc", "musl-tools"), "-O1", "-o", program, SOURCE], check=True
    )
    return "musl", [str(program)]


def problems(command: Sequence[str], threads: int, mib: int, *, has_arenas: bool) -> list[str]:
    """What is wrong in a layout of the program: heaps that are missed, and what is none."""
    with subprocess.Popen(
        [*command, str(threads), str(mib)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            lines = []
            while (line := process.stdout.readline()) != "ready\n":
                assert line, "the program ended"
                lines.append(line)
            entries = parse(Path(f"/proc/{process.pid}/smaps").read_bytes())
        finally:
            process.kill()
    # Threads share arenas when there are more of them, also the first, which is [heap].
    main = [entry.mapping for entry in entries if entry.mapping.pathname == "[heap]"]
    places = {int(line, 16) for line in lines} if has_arenas else set()
    true = {
        place
        for place in places
        if not any(each.start < place + _HEAP and place < each.end for each in main)
    }
    found = [entry.mapping for entry, (kind, _) in attribute(entries) if kind is Kind.ARENA]
    starts = {
        start
        for mapping in found
        for start in range(-(-mapping.start // _HEAP) * _HEAP, mapping.end, _HEAP)
    }
    size = sum(mapping.size for mapping in found)
    wrong = [f"missed {start:x}" for start in sorted(true - starts)]
    wrong += [f"no heap of malloc's at {start:x}" for start in sorted(starts - true)]
    if size != len(starts) * _HEAP:
        wrong.append(f"{size} bytes of address space for {len(starts)} heaps")
    return wrong


def main(names: list[str]) -> int:
    """Try each, and say what was found."""
    unknown = set(names) - {*SUITES, _MUSL}
    if unknown:
        print(f"no such suite: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    is_failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in names or (*SUITES, _MUSL):
            is_musl = name == _MUSL
            try:
                version, command = (
                    with_musl(Path(folder)) if is_musl else with_glibc(name, Path(folder))
                )
            except cache.MissingToolError as error:
                print(f"{name}: {error}", file=sys.stderr)
                is_failed |= bool(os.environ.get("CI"))
                continue
            for threads, mib in _LOADS:
                wrong = problems(command, threads, mib, has_arenas=not is_musl)
                is_failed |= bool(wrong)
                told = "; ".join(wrong) or "all heaps found, and nothing else"
                print(f"{name:9} {version:22} {threads:3} threads, {mib:3} MiB each: {told}")
    return int(is_failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
