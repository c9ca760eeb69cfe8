"""What HotSpot prints of its memory is read as it means it, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.analysis.runtimes.jvm_report import Amount, parse_report

DATA = Path(__file__).parents[2] / "data" / "runtimes"
KI, MI = 1 << 10, 1 << 20

SERIAL_17 = """\
 def new generation   total 61440K, used 21045K [0x00000000f3800000, 0x00000000f7aa0000, 0x00000000f7aa0000)
  eden space 54656K,  26% used [0x00000000f3800000, 0x00000000f461d1e8, 0x00000000f6d60000)
  from space 6784K,  97% used [0x00000000f7400000, 0x00000000f7a70458, 0x00000000f7aa0000)
  to   space 6784K,   0% used [0x00000000f6d60000, 0x00000000f6d60000, 0x00000000f7400000)
 tenured generation   total 136576K, used 46080K [0x00000000f7aa0000, 0x0000000100000000, 0x0000000100000000)
   the space 136576K,  33% used [0x00000000f7aa0000, 0x00000000fa7a02d0, 0x00000000fa7a0400, 0x0000000100000000)
"""  # noqa: E501
PARALLEL_25 = """\
PSYoungGen      total 59904K, used 26230K [0x00000000fbd80000, 0x0000000100000000, 0x0000000100000000)
 eden space 51712K, 36% used [0x00000000fbd80000,0x00000000fd001790,0x00000000ff000000)
ParOldGen       total 136704K, used 43151K [0x00000000f3800000, 0x00000000fbd80000, 0x00000000fbd80000)
 object space 136704K, 31% used [0x00000000f3800000,0x00000000f6223d48,0x00000000fbd80000)
"""  # noqa: E501


def part(text: str, name: str) -> Amount | None:
    return next((each for each in parse_report(text).parts if each.name == name), None)


@pytest.mark.parametrize(
    ("text", "committed", "used"),
    [
        # Of 200 MiB; a survivor space is no part of the totals.
        (SERIAL_17, 200 * MI, (21045 + 46080) * KI),
        (PARALLEL_25, 200 * MI, (26230 + 43151) * KI),
        (" ZHeap           used 132M, capacity 200M, max capacity 200M\n", 200 * MI, 132 * MI),
        (
            "Shenandoah Heap\n 200M max, 200M soft max, 100M committed, 66230K used\n",
            100 * MI,
            66230 * KI,
        ),
    ],
    ids=["serial 17", "parallel 25", "ZGC", "Shenandoah"],
)
def test_heaps_of_each_collector(text: str, committed: int, used: int) -> None:
    """All generations are one heap."""
    assert part(text, "Java heap") == Amount("Java heap", committed, used)


@pytest.mark.parametrize(
    ("name", "heap_used", "code", "tracked", "count"),
    [
        ("jcmd-17-g1", 136323, 348 + 1794 + 1136, "Shared class space", 20),
        ("jcmd-25-g1", 137966, 3469, "Tracing", 22),
    ],
)
def test_whole_answers(name: str, heap_used: int, code: int, tracked: str, count: int) -> None:
    """G1, with native memory tracking: of Java 25 the code cache's own sum counts, once."""
    report = parse_report((DATA / f"{name}.txt").read_text())
    assert report.parts[0] == Amount("Java heap", 204800 * KI, heap_used * KI)
    assert report.parts[-1] == Amount("code cache", None, code * KI)
    assert report.tracked is not None and not report.tracking_is_off
    first, heap, *rest = report.tracked
    assert (first.name, heap) == ("all of it", Amount("Java Heap", 204800 * KI, None))
    assert tracked in [each.name for each in rest]
    assert len(report.tracked) == count


def test_metaspace_of_17() -> None:
    """Of Java 17 heap_info tells it, too."""
    text = (DATA / "jcmd-17-g1.txt").read_text()
    assert part(text, "metaspace") == Amount("metaspace", 9344 * KI, 9140 * KI)


def test_without_tracking() -> None:
    """Off is said, and is no empty list."""
    report = parse_report(SERIAL_17 + "Native memory tracking is not enabled\n")
    assert (report.tracked, report.tracking_is_off) == (None, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "java.lang.IllegalArgumentException: Unknown diagnostic command",
        f" heap total {'9' * 400}K, used 1K",
        " heap total -5K, used 1K\n- <b>x</b> (reserved=1KB, committed=1KB)",
        "-" + " " * 1_000_000,
        "a " * 500_000,
        " " * 1_000_000 + "total",
        "1M max, " * 100_000,
    ],
    ids=range(8),
)
def test_nonsense_says_nothing(text: str) -> None:
    """Whatever a program prints: nothing is made up, and it takes no long time."""
    report = parse_report(text)
    assert (report.parts, report.tracked) == ((), None)


def test_no_more_than_a_jvm_has() -> None:
    """A list that a program makes long is cut."""
    line = "-  Class (reserved=1KB, committed=1KB)\n"
    assert len(parse_report(line * 5000).tracked or ()) == 100
