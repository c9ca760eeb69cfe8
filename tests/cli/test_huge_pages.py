"""Huge pages (hugetlb) are in neither RSS nor PSS: each view shows them as what they are.

The capture is of a database server whose shared memory is in huge pages: 90,112 KiB that several
processes map, and 2,097,152 KiB that this one alone had touched.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_watcher.model import Reading, Usage

from ..programs import run
from ..recordings import MI, RecordingBuilder, mapping

CAPTURES = Path(__file__).parent.parent / "data" / "captures"
SHARED, PRIVATE = 90_112 * 1024, 2_097_152 * 1024


def loaded(name: str, folder: Path, text: str | None = None) -> Path:
    """A recording of a capture."""
    capture = folder / name
    capture.write_text((CAPTURES / name).read_text() if text is None else text)
    file = folder / "a.db"
    done = run("memory-load-smaps", "--database-file", file, capture)
    assert done.returncode == 0, done.stderr
    return file


def lines(*arguments: str | Path) -> list[str]:
    """What a command prints, with single blanks."""
    done = run(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("name", ["/SYSV00000000 0 Ki + 2 187 264 Ki hugetlb"]),
        ("kind", ["huge pages 0 Ki + 2 187 264 Ki hugetlb"]),
        (
            "mapping",
            [
                "60000000-65800000 rw-s /SYSV00000000 0 Ki + 90 112 Ki hugetlb",
                "65800000-e5800000 rw-s /SYSV00000000 0 Ki + 2 097 152 Ki hugetlb",
            ],
        ),
    ],
)
def test_peak(tmp_path: Path, by: str, expected: list[str]) -> None:
    """Lines of huge pages are among the biggest, and say what they have; the sum has none."""
    file = loaded("hugetlb.smaps", tmp_path)
    shown = lines("memory-peak", file, "--by", by, "--top", "3")
    assert [line for line in shown if " Ki + " in line] == expected
    assert "sum of PSS: 4 446 Ki" in shown
    assert "in huge pages (hugetlb), not in RSS: 2 187 264 Ki" in shown


def test_json(tmp_path: Path) -> None:
    """A figure of its own, of each group and in sum."""
    file = loaded("hugetlb.smaps", tmp_path)
    view = json.loads(run("memory-peak", file, "--json", "--by", "kind").stdout)
    figures = {group["name"]: group["figures"] for group in view["groups"]}
    assert figures["huge pages"]["hugetlb"] == view["sum"]["figures"]["hugetlb"]
    assert view["sum"]["figures"]["hugetlb"] == SHARED + PRIVATE
    assert view["sum"]["figures"]["uss"] - PRIVATE <= view["sum"]["figures"]["rss"]
    assert figures["library code"]["hugetlb"] == 0


def test_replay(tmp_path: Path) -> None:
    """USS is above RSS, and it is said why."""
    shown = lines("memory-replay", "--plain", loaded("hugetlb.smaps", tmp_path))
    assert "RSS 49 072 Ki USS with hugetlb 2 099 656 Ki" in shown[1]
    assert "/SYSV00000000 0 Ki + 2 187 264 Ki hugetlb" in shown
    assert "in huge pages (hugetlb), not in RSS: 2 187 264 Ki" in shown


def test_kinds(tmp_path: Path) -> None:
    """What is in huge pages stands beside PSS, and how they are known is said."""
    shown = lines("memory-watcher", "kinds", loaded("hugetlb.smaps", tmp_path))
    (line,) = [line for line in shown if "SYSV" in line]
    assert line.startswith("0 Ki + 2 187 264 Ki hugetlb 2 huge pages /SYSV00000000 Its pages are")


def test_nothing_is_0_that_does_not_exist(tmp_path: Path) -> None:
    """A program without [heap] has no line of it: Android's heap is called by its allocator."""
    shared = (CAPTURES / "android_names.smaps").read_text()
    figures = "".join(shared.splitlines(True)[1:11]).replace("rd wr sh mr mw me ms", "rd wr ac")
    names = ("scudo:primary", "scudo:secondary", "dalvik-main space", "dalvik-LinearAlloc")
    own = "".join(
        f"71{at:02x}000000-71{at:02x}400000 rw-p 00000000 00:00 0 [anon:{name}]\n{figures}"
        for at, name in enumerate(names)
    )
    shown = lines("memory-peak", loaded("android_names.smaps", tmp_path, shared + own))
    absent = ("heap:", "anonymous:", "thread stacks:")
    assert not any(line.startswith(absent) for line in shown)
    for line in (
        "scudo: 256 Ki",
        "ART heap: 128 Ki",
        "ART, beside its heap: 128 Ki",
        "/dev/__properties__/* 256 Ki",
        "/dev/ashmem/* 256 Ki",
        "/dev/ashmem/gralloc 256 Ki",
        "sum of PSS: 1 536 Ki",
    ):
        assert line in shown


def test_kernels_before_4_4(tmp_path: Path) -> None:
    """They report no figures of huge pages: what is mapped is the most that there can be."""
    text = (CAPTURES / "hugetlb.smaps").read_text()
    old = "".join(line for line in text.splitlines(True) if "_Hugetlb:" not in line)
    file = loaded("old.smaps", tmp_path, old)
    shown = lines("memory-peak", file, "--by", "kind")
    assert "huge pages 0 Ki + up to 2 187 264 Ki hugetlb" in shown
    assert "in huge pages (hugetlb), at most, not in RSS: 2 187 264 Ki" in shown
    view = json.loads(run("memory-peak", file, "--json").stdout)
    assert view["sum"]["figures"]["hugetlb"] is None


@pytest.fixture
def pooled(tmp_path: Path) -> Path:
    """A program that has most huge pages where its PSS is low."""
    builder = RecordingBuilder(tmp_path / "pool.db")
    process = builder.process(100, "server")
    segment = mapping(0x90000000, 128 * MI, "rw-s", "/anon_hugepage (deleted)", inode=5)
    heap = mapping(0x1000, 64 * MI, pathname="[heap]")
    for memory, huge in ((30, 10), (10, 90), (20, 40)):
        builder.tick()
        used = Usage(rss=memory * MI, pss=memory * MI, private_hugetlb=0, shared_hugetlb=0)
        pages = Usage(rss=0, pss=0, shared_hugetlb=huge * MI, private_hugetlb=0, vm_flags="rd ht")
        builder.layout(process, [(heap, used), (segment, pages)], Reading(hugetlb=huge * MI))
    builder.end_run()
    return builder.close()


def test_peak_of_huge_pages(pooled: Path) -> None:
    """Where they are compared or judged, the peak is theirs, and not that of PSS."""
    found = json.loads(
        run(
            *("memory-watcher", "diff", pooled, "--at", "start", "--at-b", "peak"),
            *("--process-memory", "hugetlb", "--json"),
        ).stdout
    )
    (changed,) = [group for group in found["groups"] if group["change"]]
    assert (changed["name"], changed["change"]) == ("/anon_hugepage", 80 * MI)


def test_budget_of_huge_pages(pooled: Path, tmp_path: Path) -> None:
    """They have a limit of their own, for they are in no other figure but USS and held."""
    file = tmp_path / "memory-budget.toml"
    for limit, code, word in (("90 MiB", 0, "within"), ("89 MiB", 1, "(limit 89.0)")):
        file.write_text(f'[[budget]]\nfigure = "hugetlb"\ntotal = "{limit}"\n')
        found = run("memory-watcher", "check", pooled, "--budget", file)
        assert found.returncode == code and word in found.stdout


def test_growth_of_huge_pages(pooled: Path) -> None:
    """It is asked for as any other figure, and says what it is outside of."""
    said = run("memory-watcher", "growth", pooled, "--process-memory", "hugetlb").stdout
    assert "outside RSS, PSS and swap" in said and "/anon_hugepage" in said
