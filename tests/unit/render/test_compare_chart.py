"""The picture of two recordings: all that stands in it is what was recorded, at any size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.analysis.curves import Curve
from memory_watcher.answers.compared import Compared, compare_histories
from memory_watcher.answers.diff import At
from memory_watcher.model import Usage
from memory_watcher.render import picture
from memory_watcher.render.chart import Grid
from memory_watcher.render.compare_chart import Column, columns, outline, render
from memory_watcher.store.recording import Recording

from ...recordings import KI, MI, RecordingBuilder, mapping

pytest.importorskip("matplotlib")

HOSTILE = "/$x^2$ <b>\x1b[2J\n" + "very-long-" * 30 + "日本"


def make(path: Path, heaps: tuple[int, ...], shared: int, libraries: int) -> Path:
    """A heap of so many MiB at each tick, shared memory, and KiB of many libraries."""
    builder = RecordingBuilder(path)
    process = builder.process(3, HOSTILE[:15])
    for heap in heaps:
        builder.tick()
        sizes = [("[heap]", heap * MI), ("/dev/shm/x", shared * MI)]
        sizes += [(f"/lib/{name}{HOSTILE}.so", libraries * KI) for name in range(9)]
        builder.layout(
            process,
            [
                (mapping(start << 24, pathname=name, inode=start - 1), Usage(pss=size, rss=size))
                for start, (name, size) in enumerate(sizes, 1)
            ],
        )
    builder.end_run()
    return builder.close()


@pytest.fixture(name="compared", scope="module")
def two_recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """The heap grows by 30 MiB, shared memory shrinks by 10 MiB, the libraries make noise."""
    folder = tmp_path_factory.mktemp("two")
    with ExitStack() as opened:
        before, after = (
            At(opened.enter_context(Recording(file)))
            for file in (
                make(folder / "a.db", (10, 20, 15), 40, 100),
                make(folder / "b.db", (10, 50), 30, 150),
            )
        )
        yield compare_histories(before, after)


def figure_of(
    monkeypatch: pytest.MonkeyPatch, compared: Compared, width: int = 1200, height: int = 600
) -> Any:
    """What matplotlib was told to draw."""
    kept = []
    original = picture.Sheet.__init__

    def keep(self: Any, figure: Any, *size: int) -> None:
        kept.append(figure)
        original(self, figure, *size)

    monkeypatch.setattr(picture.Sheet, "__init__", keep)
    render(compared, "png", width, height)
    (figure,) = kept
    return figure


def texts(figure: Any) -> list[str]:
    return [each.get_text() for each in figure.texts]


def test_columns_hold_what_is_shorter_than_a_pixel() -> None:
    """A value that stands for a thousandth of a column is its highest or lowest all the same."""
    curve = Curve([0, 1000, 1001, 1002, 7000], [1000, 1001, 1002, 5000, 8000], [3, 90, -8, 4, None])
    assert columns(curve, Grid(0, 10_000, 10)) == [
        Column(3, 3), Column(-8, 90), *[Column(4, 4)] * 3, *[Column()] * 5,
    ]  # fmt: skip


def test_an_outline_is_level_over_each_column() -> None:
    """And it breaks where nothing is known."""
    x, y = outline([5, None, 7])
    assert x == [0, 1, 1, 2, 2, 3]
    assert [None if math.isnan(each) else each for each in y] == [5, 5, None, None, 7, 7]


def test_both_have_one_scale(monkeypatch: pytest.MonkeyPatch, compared: Compared) -> None:
    """Each line is as high as the sum over its layouts; the dots are at the peaks."""
    upper, lower = figure_of(monkeypatch, compared).axes
    before, dot, after, other_dot = upper.lines
    assert max(filter(lambda y: not math.isnan(y), before.get_ydata())) == 60 * MI + 900 * KI
    assert max(filter(lambda y: not math.isnan(y), after.get_ydata())) == 80 * MI + 1350 * KI
    assert list(dot.get_ydata()) == [60 * MI + 900 * KI]
    assert list(other_dot.get_ydata()) == [80 * MI + 1350 * KI]
    assert upper.get_ylim()[1] > 80 * MI + 1350 * KI
    low, high = lower.get_ylim()
    assert low < -10 * MI + 450 * KI
    assert high > 20 * MI + 450 * KI
    assert all(low <= place <= high for place in lower.get_yticks())


def test_the_biggest_changes_have_bars(monkeypatch: pytest.MonkeyPatch, compared: Compared) -> None:
    """In proportion, more to the right and less to the left of one zero; noise has none."""
    figure = figure_of(monkeypatch, compared)
    boxes = [(each.get_x() * 1200, each.get_width() * 1200) for each in figure.artists]
    (more, width), (zero, _), (less, other_width), (other_zero, _) = boxes
    assert zero == pytest.approx(other_zero)
    assert more == pytest.approx(zero)
    assert less + other_width == pytest.approx(zero)
    assert width == pytest.approx(3 * other_width)


def test_all_lines_add_up(monkeypatch: pytest.MonkeyPatch, compared: Compared) -> None:
    """The changes, then what the others come to, then the sum; each with its size."""
    found = texts(figure_of(monkeypatch, compared, height=260))
    for shown in (
        *("heap", "+30 MiB", "20 MiB → 50 MiB", "/dev/shm/x", "-10 MiB", "40 MiB → 30 MiB"),
        *("+50 KiB, noise", "other noise (4)", "+200 KiB"),
        *("sum: 60.9 MiB → 81.3 MiB", "+20.4 MiB", "At the two peaks, by name"),
    ):
        assert shown in found, found
    assert any(each.startswith("Noise: at most 256 KiB") for each in found)


@pytest.mark.parametrize("size", [(400, 240), (700, 400), (1200, 600), (3000, 300)])
def test_nothing_stands_over_the_edges(
    monkeypatch: pytest.MonkeyPatch, compared: Compared, size: tuple[int, int]
) -> None:
    """Long and hostile names are shortened to the room there is; no two texts meet."""
    width, height = size
    figure = figure_of(monkeypatch, compared, width, height)
    renderer = figure.canvas.get_renderer()
    boxes = [each.get_window_extent(renderer) for each in figure.texts if each.get_text()]
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0
            assert apart or one.y1 <= other.y0 + 3 or other.y1 <= one.y0 + 3
    assert not any("\x1b" in each or "\n" in each for each in texts(figure))
