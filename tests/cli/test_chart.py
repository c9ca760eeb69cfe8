"""memory-chart: arguments to files, messages and exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from memory_watcher import cli
from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.store.steps import Steps
from tests.programs import run
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

pytest.importorskip("matplotlib")

#: How files of each kind begin.
BEGINNINGS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


class Result(NamedTuple):
    code: int
    out: str
    err: str


Chart = Callable[..., Result]


@pytest.fixture
def chart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Chart]:
    """Run memory-chart in a folder, without a display."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    time.tzset()

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["memory-chart", *map(str, arguments)])
        try:
            code = cli.main_chart()
        except SystemExit as end:
            code = int(str(end.code))
        return Result(code, *capsys.readouterr())

    yield run
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Two processes, PID 7 and 8, five ticks each; 8 cannot be read at the last."""
    builder = RecordingBuilder(tmp_path / "measurement.db")
    processes = [builder.process(7, "one"), builder.process(8, "_two$")]
    for tick in range(5):
        builder.tick()
        for number, process in enumerate(processes, 1):
            if (tick, number) == (4, 2):
                builder.reading(process, Reading(), state=LayoutState.NO_PERMISSION)
                continue
            size = number * (tick + 1) * MI
            usage = Usage(
                pss=size, rss=2 * size, private_clean=0, private_dirty=size, swap=KI, swap_pss=KI
            )
            builder.layout(process, [(mapping(0x1000, pathname="[heap]"), usage)])
    return builder.close()


def views(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keep what would be drawn."""
    kept: list[Any] = []

    def keep(*drawn: Any) -> bytes:
        kept.append(drawn)
        return b"picture"

    monkeypatch.setattr("memory_watcher.render.chart.render", keep)
    return kept


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "PNG"])
def test_the_ending_tells_the_format(chart: Chart, recorded: Path, ending: str) -> None:
    """A picture is written, readable by its owner only, and nothing is said."""
    assert chart(recorded, "-p", 7, "-o", f"a.{ending}") == Result(0, "", "")
    picture = Path(f"a.{ending}")
    assert picture.read_bytes().startswith(BEGINNINGS[ending.lower()])
    assert picture.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir()) == sorted([picture.name, "measurement.db"])


def test_size_in_pixels(chart: Chart, recorded: Path) -> None:
    """--width and --height are the pixels of the picture."""
    from matplotlib.image import imread

    assert chart("-p", 7, "-o", "a.png", "--width", 801, "--height", 333).code == 0
    assert imread("a.png").shape[:2] == (333, 801)


def test_matplotlib_says_nothing(recorded: Path, tmp_path: Path) -> None:
    """Where it keeps its cache is no matter of whoever wants a chart."""
    done = run("memory-chart", recorded, "-o", tmp_path / "a.png", MPLCONFIGDIR="/proc/nothing")
    assert (done.returncode, done.stderr) == (0, "")


def test_defaults_of_one_process(
    chart: Chart, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process: PSS by name, 1200 x 600, its name and PID in the title."""
    kept = views(monkeypatch)
    assert chart("--process-id", 2, "-o", "a.png").code == 0
    ((view, file_format, width, height),) = kept
    assert (file_format, width, height) == ("png", 1200, 600)
    assert (view.timeline.figure, view.timeline.by) == ("pss", "name")
    assert view.title == "_two$ (8): PSS"
    assert list(view.timeline.total) == [2 * MI, 4 * MI, 6 * MI, 8 * MI, None]
    assert Path("a.png").read_bytes() == b"picture"


def test_all_processes(chart: Chart, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes and no -p: all of them, by process; what cannot be read is lacking."""
    kept = views(monkeypatch)
    assert chart("-o", "a.png").code == 0
    assert chart("-o", "a.png", "--by", "kind", "--process-memory", "swap").code == 0
    view, swap = (row[0] for row in kept)
    assert view.timeline.by == "process"
    assert {series.name for series in view.timeline.groups} == {"one (7)", "_two$ (8)"}
    assert list(view.timeline.total) == [3 * MI, 6 * MI, 9 * MI, 12 * MI, 5 * MI]
    assert list(view.timeline.lacking) == [0, 0, 0, 0, 1]
    assert (swap.timeline.figure, swap.timeline.by) == ("swap_pss", "kind")


def test_rss_is_not_summed(chart: Chart, recorded: Path) -> None:
    """RSS of several processes is refused, in one line that says what to choose."""
    result = chart("-o", "a.png", "--process-memory", "rss")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1 and "--pid" in result.err
    assert not Path("a.png").exists()


def test_span(chart: Chart, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--from and --to take in all of the seconds that they name."""
    kept = views(monkeypatch)
    times = ["--from", "2018-08-17T13:58:04", "--to", "2018-08-17T13:58:05"]
    assert START // SECOND % 60 == 3
    assert chart("-p", 7, "-o", "a.png", *times).code == 0
    assert list(kept[0][0].timeline.total) == [2 * MI, 3 * MI]
    result = chart("-p", 7, "-o", "a.png", "--from", "2030-01-01T00:00")
    assert result.code == 1 and "--from" in result.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["-o", "a.gif"], "-o"),
        (["-o", "a"], "-o"),
        (["-o", "a.png", "--width", "10"], "--width"),
        (["-o", "a.png", "--height", "99999999"], "--height"),
        (["-o", "a.png", "--from", "yesterday"], "--from"),
        (["-o", "a.png", "--to", "x"], "--to"),
        (["-o", "a.png", "--top", "-1"], "--top"),
        (["-o", "a.png", "--by", "colour"], "--by"),
        (["-o", "a.png", "other.db", "--database-file", "x.db"], "--database-file"),
    ],
)
def test_wrong_use(chart: Chart, recorded: Path, arguments: list[str], word: str) -> None:
    """What is wrong is named in one line; exit code 2 and no file."""
    result = chart("-p", 7, *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert word in result.err
    assert os.listdir() == ["measurement.db"]


def test_nothing_but_statm(chart: Chart, tmp_path: Path) -> None:
    """A process of which no layout could be read is drawn all the same: its RSS is known."""
    builder = RecordingBuilder(tmp_path / "measurement.db")
    process = builder.process(7)
    for _ in range(3):
        builder.tick()
        builder.reading(process, Reading(resident=MI), state=LayoutState.NO_PERMISSION)
    builder.close()
    assert chart("-o", "a.png") == Result(0, "", "")
    assert Path("a.png").exists()


def test_missing_recording(chart: Chart) -> None:
    """A file that is not there is not created."""
    result = chart("none.db", "-o", "a.png")
    assert result.code == 1 and "none.db" in result.err
    assert os.listdir() == []


def test_recording_is_not_overwritten(chart: Chart, recorded: Path) -> None:
    """-o never names the recording itself, not by another name either."""
    os.link(recorded, "same.png")
    before = recorded.read_bytes()
    result = chart("-p", 7, "-o", "same.png")
    assert result.code == 2 and "recording itself" in result.err
    assert recorded.read_bytes() == before


def test_folder_that_is_not_there(chart: Chart, recorded: Path) -> None:
    """A picture that cannot be written: one line, exit code 1."""
    result = chart("-p", 7, "-o", "none/a.png")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "none/a.png" in result.err


def test_half_written_file_is_removed(chart: Chart, recorded: Path) -> None:
    """When the disk refuses, nothing is left behind and an older picture is kept."""
    Path("a.png").write_bytes(b"older")
    with mock.patch("os.replace", side_effect=OSError(28, "No space left on device")):
        result = chart("-p", 7, "-o", "a.png")
    assert result.code == 1 and "No space left" in result.err
    assert Path("a.png").read_bytes() == b"older"
    assert sorted(os.listdir()) == ["a.png", "measurement.db"]


def test_missing_extra(chart: Chart, recorded: Path) -> None:
    """Without matplotlib: one line with the pip install that brings it, and no file."""
    with mock.patch.dict(sys.modules, {"matplotlib": None}):
        result = chart("-p", 7, "-o", "a.png")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "pip install 'memory-watcher[chart]'" in result.err
    assert os.listdir() == ["measurement.db"]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """Keep which reports would be written."""
    kept: list[tuple[str, list[int]]] = []

    def write(recording: Any, path: str, processes: Any, tell: Steps) -> int:
        tell("process", 1, 1)
        kept.append((path, [process.pid for process in processes]))
        return 1

    report = pytest.importorskip("memory_watcher.report")
    monkeypatch.setattr(report, "write_report", write)
    return kept


def test_without_output_and_display(
    chart: Chart, recorded: Path, reports: list[tuple[str, list[int]]]
) -> None:
    """Without -o and without a display the report is written beside the recording, and said so."""
    result = chart()
    assert reports == [("measurement.html", [7, 8])]
    assert (result.code, result.out) == (0, "")
    assert "measurement.html" in result.err


def test_without_output_with_display(
    chart: Chart,
    recorded: Path,
    reports: list[tuple[str, list[int]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a display the report is opened in the browser."""
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")

    def show(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", show)
    assert chart("-p", 8) == Result(0, "", "")
    assert reports == [("measurement.html", [8])]
    assert opened == [(recorded.parent / "measurement.html").as_uri()]


def test_html_output(chart: Chart, recorded: Path, reports: list[tuple[str, list[int]]]) -> None:
    """-o x.html is the report, of the chosen process."""
    assert chart("-p", 7, "-o", "x.html") == Result(0, "", "")
    assert reports == [("x.html", [7])]


def test_subcommand_and_help(recorded: Path) -> None:
    """It is also a subcommand; its help names each option."""
    command = [sys.executable, "-m", "memory_watcher", "chart", "--help"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for option in ("-o", "--process-memory", "--by", "--top", "--from", "--to", "--width"):
        assert option in text


@pytest.mark.parametrize(
    ("told", "processes", "expected"),
    [
        (Usage(rss=8 * MI, private_clean=0, private_dirty=MI), 1, "peak 8 MiB"),
        (Usage(rss=8 * MI, private_clean=0, private_dirty=MI), 2, "2 processes: USS"),
        (Usage(pss=5 * MI), 1, "peak 5 MiB"),
    ],
    ids=["2.6.18", "two of 2.6.18", "WSL 1"],
)
def test_figure_that_the_kernel_lacks(
    chart: Chart, tmp_path: Path, told: Usage, processes: int, expected: str
) -> None:
    """The best figure there is stands for one that is not reported, and the picture says so."""
    builder = RecordingBuilder(tmp_path / "measurement.db")
    numbers = [builder.process(7 + number, "old") for number in range(processes)]
    for _ in range(3):
        builder.tick()
        for number in numbers:
            builder.layout(number, [(mapping(0x10_0000, 64 * MI, pathname="[heap]"), told)])
    builder.close()
    assert chart("-o", "a.svg").code == 0
    picture = (tmp_path / "a.svg").read_text()
    assert expected in picture
    assert ("the kernel reports no PSS" in picture) == (told.pss is None)


def test_huge_pages(chart: Chart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are drawn by themselves; where USS has them, above RSS, that is said."""
    kept = views(monkeypatch)
    builder = RecordingBuilder(tmp_path / "measurement.db")
    process = builder.process(7, "postgres")
    own = Usage(rss=MI, pss=MI, private_clean=0, private_dirty=MI, private_hugetlb=0)
    huge = own._replace(rss=0, pss=0, private_dirty=0, private_hugetlb=6 * MI, shared_hugetlb=MI)
    segment = mapping(0x7F00_0000_0000, 8 * MI, "rw-s", "/SYSV00000000 (deleted)", inode=5)
    for _ in range(3):
        builder.tick()
        layout = [(mapping(0x10_0000, MI, pathname="[heap]"), own), (segment, huge)]
        builder.layout(process, layout, Reading(resident=MI, hugetlb=7 * MI))
    builder.close()
    assert chart("-o", "a.svg", "--process-memory", "hugetlb").code == 0
    timeline = kept[-1][0].timeline
    assert list(timeline.total) == [7 * MI] * 3
    assert [series.name for series in timeline.groups] == ["/SYSV00000000"]
    assert chart("-o", "a.svg", "--process-memory", "uss").code == 0
    view = kept[-1][0]
    assert list(view.timeline.total) == [7 * MI] * 3
    assert "USS has private huge pages (hugetlb)" in " ".join(map(str, view.notes))
    assert chart("-o", "a.svg", "--process-memory", "pss").code == 0
    assert "USS has" not in " ".join(map(str, kept[-1][0].notes))


def test_figure_that_nothing_stands_for(chart: Chart, tmp_path: Path) -> None:
    """Swap is no other figure: where it is not reported, one line names what is."""
    builder = RecordingBuilder(tmp_path / "measurement.db")
    process = builder.process(7, "old")
    builder.tick()
    builder.layout(process, [(mapping(0x10_0000, MI), Usage(rss=MI, pss=MI))])
    builder.close()
    result = chart("-o", "a.svg", "--process-memory", "hugetlb")
    assert (result.code, "the kernel reports no hugetlb; choose" in result.err) == (1, True)
    result = chart("-o", "a.svg", "--process-memory", "swap")
    assert result.code == 1
    assert result.err == (
        "memory-chart: measurement.db: the kernel reports no swap; choose another figure with"
        " --process-memory: pss, rss\n"
    )
