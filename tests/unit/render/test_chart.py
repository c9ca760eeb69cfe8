"""The chart: what is plotted is what was recorded."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_watcher.analysis.kinds import Kind
from memory_watcher.analysis.timeline import Timeline
from memory_watcher.answers.cgroups import stories
from memory_watcher.answers.usages import load
from memory_watcher.errors import MissingExtra
from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.render import chart
from memory_watcher.render.chart import ChartView, Grid, render, steps
from memory_watcher.render.colours import GREY, kind_colours
from memory_watcher.render.elide import elide, elide_process
from memory_watcher.store.recording import Recording
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

mpl = pytest.importorskip("matplotlib")

WIDTH, HEIGHT = 1200, 500
HOSTILE = [
    "_first",
    "$x^2$ \\frac{1}{2}",
    "<script>alert(1)</script>",
    "a\x1b[31m\nb\udcff",
    "日本",
]


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Timeline, list[int | None]]:
    """A long recording with one short spike, a gap, and a torn layout; its totals by reading."""
    builder = RecordingBuilder(tmp_path_factory.mktemp("chart") / "a.db")
    builder.connection.execute("BEGIN")
    process = builder.process(7)
    for tick in range(3000):
        builder.tick()
        if 1000 <= tick < 1200:
            builder.reading(process, Reading(resident=MI), state=LayoutState.NO_PERMISSION)
            continue
        size = 90 * MI if tick == 2001 else (10 + tick % 7) * MI
        entries = [
            (mapping(0x1000, 64 * MI, pathname="[heap]"), Usage(pss=size, rss=size)),
            (mapping(0x8000000, 64 * MI, pathname="/f", inode=1), Usage(pss=3 * MI, rss=9 * MI)),
        ]
        state = LayoutState.TORN if tick == 500 else LayoutState.EXACT
        builder.layout(process, entries, Reading(resident=120 * MI), state=state)
    builder.connection.execute("COMMIT")
    with Recording(builder.close()) as recording:
        totals = [m.totals and m.totals.pss for m in recording.measurements(process)]
        return load(recording, recording.processes()).timeline("pss"), totals


def drawn(timeline: Timeline, title: str = "title") -> tuple[Any, Any, bytes]:
    """Draw, and keep matplotlib's figure and axes to look into."""
    return drawn_view(ChartView(timeline, title))


def drawn_view(view: ChartView) -> tuple[Any, Any, bytes]:
    """The same, of more than a timeline."""
    kept = []
    original = chart._Chart.draw

    def keep(self: Any) -> None:
        original(self)
        kept.append(self)

    with mock.patch.object(chart._Chart, "draw", keep):
        picture = render(view, "png", WIDTH, HEIGHT)
    return kept[0]._figure, kept[0]._axes, picture


def areas(axes: Any) -> list[Any]:
    """The vertices of each stacked area, the topmost first."""
    from matplotlib.collections import FillBetweenPolyCollection

    return [
        [path.vertices for path in each.get_paths()]
        for each in axes.collections
        if isinstance(each, FillBetweenPolyCollection)
    ]


def drawn_heights(area: Any) -> dict[int, float]:
    """How high an area is in each column of pixels, from the corners of its outline."""
    heights = {}
    for path in area:
        top = [(x, y) for x, y in path.tolist() if y > 0]
        for (left, y), (right, other) in pairwise(top):
            if y == other:
                low, high = sorted((round(left), round(right)))
                heights.update(dict.fromkeys(range(low, high), y))
    return heights


def columns_of(axes: Any, totals: list[int | None]) -> dict[int, list[int | None]]:
    """The totals that lie in each column of pixels; a tick is a second."""
    count = round(axes.get_xlim()[1])
    found: dict[int, list[int | None]] = {}
    for tick, total in enumerate(totals):
        found.setdefault(tick * count // len(totals), []).append(total)
    return found


def test_plotted_sums_are_the_recorded(recorded: tuple[Timeline, list[int | None]]) -> None:
    """In each column of pixels the top of the stack is the highest sum that was recorded in it."""
    timeline, totals = recorded
    _, axes, _ = drawn(timeline)
    heights = drawn_heights(areas(axes)[0])
    columns = columns_of(axes, totals)
    assert len(columns) > 500
    for column, inside in columns.items():
        told = [total for total in inside if total is not None]
        if told:
            assert heights[column] == max(told)
        elif None not in columns[column - 1]:
            continue  # what stands until the gap begins may end in this column
        else:
            assert column not in heights


def test_peak_column_holds_the_peak(recorded: tuple[Timeline, list[int | None]]) -> None:
    """The one reading of 3,000 that is highest is drawn, in its column, and marked there."""
    timeline, totals = recorded
    figure, axes, _ = drawn(timeline)
    column = 2001 * round(axes.get_xlim()[1]) // len(totals)
    assert drawn_heights(areas(axes)[0])[column] == 93 * MI
    assert any(
        line.get_marker() == "o"
        and (line.get_xdata()[0], line.get_ydata()[0]) == (column + 0.5, 93 * MI)
        for line in axes.lines
    )
    texts = [text.get_text() for text in figure.texts]
    assert any(text.startswith("peak 93 MiB") for text in texts)


def test_peak_pixels(recorded: tuple[Timeline, list[int | None]]) -> None:
    """In the picture itself the column of the peak is coloured up to its height."""
    import numpy as np
    from matplotlib.image import imread

    timeline, totals = recorded
    _, axes, picture = drawn(timeline)
    image = np.asarray(imread(io.BytesIO(picture)))
    assert image.shape[:2] == (HEIGHT, WIDTH)
    box = axes.get_window_extent()
    x = round(box.x0) + 2001 * round(axes.get_xlim()[1]) // len(totals)
    y = round(HEIGHT - (box.y0 + 50 * MI / axes.get_ylim()[1] * box.height))
    heap = [int(kind_colours(Kind.HEAP).light[n : n + 2], 16) for n in (1, 3, 5)]
    assert np.allclose(image[y, x, :3] * 255, heap, atol=1), "as dark as a wide area"
    for column in (*range(x - 9, x), *range(x + 1, x + 10)):
        assert np.ptp(image[y, column, :3]) < 0.05


def test_gaps_are_not_interpolated(recorded: tuple[Timeline, list[int | None]]) -> None:
    """Where there was no layout nothing is drawn, and it is said why."""
    timeline, _ = recorded
    figure, axes, _ = drawn(timeline)
    columns = round(axes.get_xlim()[1])
    assert not set(range(1010 * columns // 3000, 1190 * columns // 3000)) & set(
        drawn_heights(areas(axes)[0])
    )
    texts = [text.get_text() for text in figure.texts]
    assert "no layout (no permission)" in texts and "200" in texts
    assert "torn layouts" in texts and "1" in texts


def test_same_picture_twice(recorded: tuple[Timeline, list[int | None]]) -> None:
    """The same data give the same bytes, in each format."""
    view = ChartView(recorded[0], "title")
    for file_format in chart.FORMATS:
        assert render(view, file_format) == render(view, file_format), file_format


def hostile(builder: RecordingBuilder) -> Timeline:
    process = builder.process(7)
    for _ in range(3):
        builder.tick()
        builder.layout(
            process,
            [
                (mapping(0x10000000 * number, pathname=name, inode=number), Usage(pss=number * MI))
                for number, name in enumerate([*HOSTILE, "/long" * 200], 1)
            ],
        )
    with Recording(builder.close()) as recording:
        return load(recording, recording.processes()).timeline("pss")


def test_hostile_names_show_as_they_are(builder: RecordingBuilder) -> None:
    """Names that mean something to matplotlib, XML or a terminal are text; long ones are elided."""
    timeline = hostile(builder)
    figure, _, _ = drawn(timeline, title="_$t$\x1b[2J" + "t" * 900)
    texts = [text.get_text() for text in figure.texts]
    for shown in (
        "_first",
        "$x^2$ \\frac{1}{2}",
        "<script>alert(1)</script>",
        "a\\x1b[31m\\x0ab\\xff",
    ):
        assert shown in texts
    assert any("…" in text and text.startswith("/long") for text in texts)
    assert all(text.isprintable() for text in texts)
    assert not any(text.get_parse_math() for text in figure.texts)
    picture = render(ChartView(timeline, "a\x00b\udcff"), "svg")
    assert ET.fromstring(picture).tag.endswith("svg")


def test_no_text_overlaps_or_leaves_the_picture(builder: RecordingBuilder) -> None:
    """At every usual size all texts lie within the picture, and none on another."""
    timeline = hostile(builder)
    for width, height in ((1200, 600), (700, 400), chart.SMALLEST, (3000, 1500)):
        kept: list[Any] = []
        original = chart._Chart.draw

        def keep(self: Any, original: Any = original, kept: list[Any] = kept) -> None:
            original(self)
            kept.append(self._figure)

        with mock.patch.object(chart._Chart, "draw", keep):
            render(ChartView(timeline, "title"), "png", width, height)
        boxes = [text.get_window_extent() for text in kept[0].texts if text.get_text()]
        for number, box in enumerate(boxes):
            assert box.x0 >= 0 and box.x1 <= width + 1, (width, kept[0].texts[number].get_text())
            for other in boxes[number + 1 :]:
                inside = min(box.x1, other.x1) - max(box.x0, other.x0)
                down = min(box.y1, other.y1) - max(box.y0, other.y0)
                assert inside <= 1 or down <= 3, (width, height)


def test_user_settings_do_not_matter(recorded: tuple[Timeline, list[int | None]]) -> None:
    """A user's matplotlibrc changes nothing, and drawing leaves it as it was."""
    view = ChartView(recorded[0], "title")
    plain = render(view, "png")
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "path.simplify": True}):
        before = dict(mpl.rcParams)
        assert render(view, "png") == plain
        assert dict(mpl.rcParams) == before


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """Importing the chart's module does not import matplotlib or numpy."""
    code = (
        "import sys, memory_watcher.render.chart, memory_watcher.cli.chart\n"
        "assert not {'matplotlib', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_matplotlib(recorded: tuple[Timeline, list[int | None]]) -> None:
    """Without the extra one line says which pip install brings it."""
    with mock.patch.dict(sys.modules, {"matplotlib": None}), pytest.raises(MissingExtra) as error:
        render(ChartView(recorded[0], "title"), "png")
    assert "pip install 'memory-watcher[chart]'" in str(error.value)


def test_steps() -> None:
    """A value is a level from its time until it no longer stands; holes break the line."""
    grid = Grid(0, 6 * SECOND, 12)
    x, y = steps([0, SECOND, 5 * SECOND], [SECOND, 2 * SECOND, 6 * SECOND], [1, 2, 3], grid)
    points = [(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True) if not math.isnan(a)]
    assert list(dict.fromkeys(points)) == [(0, 1), (2, 1), (2, 2), (4, 2), (10, 3), (12, 3)]
    assert sum(map(math.isnan, x.tolist())) == 2, "one hole, and the end"
    assert len(steps([0], [1], [None], grid)[0]) == 0
    x, _ = steps([SECOND], [SECOND + 1], [1], grid)
    assert x[:2].tolist() == [2, 3], "however short, it is a pixel wide"


# -- elide and colours --------------------------------------------------------------------------


@given(st.text(max_size=60), st.integers(1, 40))
def test_elided_fits(text: str, width: int) -> None:
    """What is elided fits (if anything does), keeps what fits, and shows that it was cut."""
    short = elide(text, width)
    assert short == text if len(text) <= width else "…" in short
    assert len(short) <= max(width, 3)


def test_elided_paths_keep_the_file() -> None:
    """Of a path the file's name is kept, then the beginning."""
    assert elide("/usr/lib/x86_64-linux-gnu/libc.so.6", 20) == "/usr/lib/…/libc.so.6"
    assert elide("/usr/lib/libverylongname.so.1.2.3", 14) == "…/libver…1.2.3"


def test_elided_processes_keep_their_role() -> None:
    """First the program's name goes; then the middle, as elsewhere."""
    title = "chromium utility NetworkService (12)"
    assert elide_process(title, 40) == title
    assert elide_process(title, 30) == "…utility NetworkService (12)"
    assert elide_process(title, 20) == "…utility N…vice (12)"
    assert elide_process("a-very-long-program (12)", 16) == "a-very-l…am (12)"
    assert elide_process("postgres: walwriter (7)", 14) == "…walwriter (7)"


def test_not_all_of_it_fits(builder: RecordingBuilder) -> None:
    """Groups for which the legend has no room are among the others, there and in the stack."""
    process = builder.process(7)
    builder.tick()
    builder.layout(
        process,
        [
            (mapping(0x10000000 * n, pathname=f"/f{n}", inode=n), Usage(pss=n * KI))
            for n in range(1, 40)
        ],
    )
    with Recording(builder.close()) as recording:
        timeline = load(recording, recording.processes()).timeline("pss", top=30)
    figure, _, _ = drawn(timeline)
    figure_texts = [text.get_text() for text in figure.texts]
    (others,) = [text for text in figure_texts if text.endswith(" others")]
    shown = [text for text in figure_texts if text.startswith("/f")]
    assert int(others.split()[0]) + len(shown) == 39
    assert shown == [f"/f{n}" for n in range(39, 39 - len(shown), -1)]
    assert timeline.times_ns[0] == START


def test_mappings_that_have_no_place_are_a_band_of_their_kind(builder: RecordingBuilder) -> None:
    """Hundreds of mappings are no grey picture: the legend counts them by kind, in its colour."""
    process = builder.process(7)
    builder.tick()
    files = [
        (mapping(0x10000000 * n, pathname=f"/f{n}", inode=n), Usage(pss=MI)) for n in range(1, 300)
    ]
    blocks = [(mapping(0x7F0000000000 + 0x10000000 * n), Usage(pss=KI)) for n in range(200)]
    builder.layout(process, [*files, *blocks])
    with Recording(builder.close()) as recording:
        timeline = load(recording, recording.processes()).timeline("pss", "mapping", top=10)
    figure, axes, _ = drawn(timeline)
    texts = [text.get_text() for text in figure.texts]
    shown = [text for text in texts if re.search(r"^[0-9a-f]{8}|other", text)]
    assert (shown[0], shown[-1]) == ("289 others: file", "200 others: anonymous")
    assert len(shown) == 12
    painted = {mpl.colors.to_hex(each.get_facecolor()[0]) for each in axes.collections}
    assert {kind_colours(kind).light for kind in (Kind.FILE, Kind.ANONYMOUS)} <= painted
    assert GREY.light not in painted


def lines_of(axes: Any, colour: str) -> list[list[float]]:
    """The values of each line that has this colour."""
    return [
        [value for value in line.get_ydata() if not math.isnan(value)]
        for line in axes.lines
        if line.get_color() == colour
    ]


def with_cgroup(builder: RecordingBuilder, current: int) -> tuple[ChartView, Any]:
    process = builder.process(7)
    builder.execute("UPDATE processes SET cgroup = '0::/a.service'")
    for _ in range(4):
        builder.tick()
        builder.layout(process, [(mapping(0x1000), Usage(pss=10 * MI, rss=10 * MI))])
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a.service')")
    fields = ("current", "stat.anon", "stat.file", "max")
    for number, (name, size) in enumerate(zip(fields, (0, 8 * MI, 6 * MI, 25 * MI), strict=True)):
        builder.execute("INSERT INTO cgroup_fields VALUES (?, ?)", number, name)
        builder.execute("INSERT INTO cgroup_readings VALUES (1, ?, 1, ?)", number, size or current)
    builder.execute("INSERT INTO cgroup_readings VALUES (1, 0, 3, ?)", current - MI)
    builder.end_run()
    with Recording(builder.close()) as recording:
        (shown,) = recording.processes()
        timeline = load(recording, [shown]).timeline("pss")
        (story,) = stories(recording, shown)
    return ChartView(timeline, "title", cgroup=story), story


def test_a_cgroup_beside_its_process(builder: RecordingBuilder) -> None:
    """Its memory in use, the same without page cache, and its limit are lines over the stack."""
    view, story = with_cgroup(builder, 20 * MI)
    assert story.current == (20 * MI, 19 * MI)
    assert story.kept == (14 * MI, 13 * MI)
    _, axes, _ = drawn_view(view)
    current, kept = lines_of(axes, chart._CGROUP)
    assert (max(current), min(current)) == (20 * MI, 19 * MI)
    assert max(kept) == 14 * MI
    assert any(set(values) == {25 * MI} for values in lines_of(axes, chart._TORN))


def test_a_cgroup_far_above_its_process(builder: RecordingBuilder) -> None:
    """It would press the process flat: only the legend says how much it was."""
    view, _ = with_cgroup(builder, 500 * MI)
    _, axes, _ = drawn_view(view)
    assert lines_of(axes, chart._CGROUP) == []
    assert axes.get_ylim()[1] < 30 * MI
    assert "cgroup /a.service" in render(view, "svg", 1200, 500).decode()
    assert "500" in render(view, "svg", 1200, 500).decode()
