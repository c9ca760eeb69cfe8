"""Two recordings over time, and the picture of them."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from memory_watcher.answers.compared import compare_histories
from memory_watcher.answers.diff import At
from memory_watcher.errors import SelectionError, UsageError
from memory_watcher.model import Usage
from memory_watcher.store.recording import Recording

from ...recordings import MI, SECOND, START, RecordingBuilder, mapping

HOSTILE = "$x^2$ <b>\x1b[2J\n_a"


def make(path: Path, sizes: Sequence[int], begin: int, *, is_rss: bool = False) -> Path:
    """One process with so many MiB at each tick, a second apart; half of it of a hostile name."""
    builder = RecordingBuilder(path)
    process = builder.process(3, "app")
    for number, size in enumerate(sizes):
        builder.tick(begin + number * SECOND)
        half = Usage(rss=size * MI // 2) if is_rss else Usage(pss=size * MI // 2)
        file = mapping(0x9000000, pathname=f"/{HOSTILE}", inode=4)
        builder.layout(process, [(mapping(0x1000), half), (file, half)])
    builder.end_run()
    return builder.close()


@pytest.fixture(name="two")
def two_recordings(tmp_path: Path) -> Iterator[tuple[At, At]]:
    """The second began 1 s after the first."""
    with ExitStack() as opened:
        files = (
            make(tmp_path / "a.db", (10, 20, 30, 20), START),
            make(tmp_path / "b.db", (12, 20, 50), START + SECOND),
        )
        before, after = (At(opened.enter_context(Recording(file))) for file in files)
        yield before, after


def test_by_age(two: tuple[At, At]) -> None:
    """Times count from each one's own start; what differs at the peaks is diff's answer."""
    found = compare_histories(*two)
    assert list(found.before.times_ns) == [0, SECOND, 2 * SECOND, 3 * SECOND]
    assert list(found.after.values) == [12 * MI, 20 * MI, 50 * MI]
    assert found.difference.times_ns[0] == 0
    assert list(found.difference.values)[:3] == [2 * MI, 0, 20 * MI]
    assert found.peaks.total_change == 20 * MI


def test_by_time(two: tuple[At, At]) -> None:
    """Times are those of the clock: only where both were recorded something lies between."""
    found = compare_histories(*two, align="time")
    assert found.difference.times_ns[0] == START + SECOND
    assert list(found.difference.values)[:3] == [-8 * MI, -10 * MI, 30 * MI]


def test_what_cannot_be_compared(two: tuple[At, At], tmp_path: Path) -> None:
    """Words that are no choice, and kernels that report different figures, are clear errors."""
    with pytest.raises(UsageError, match=r"align: 'size' .* one of age, time"):
        compare_histories(*two, align="size")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"figure: 'held' .* one of pss, rss"):
        compare_histories(*two, figure="held")
    with (
        Recording(make(tmp_path / "c.db", (1, 2), START, is_rss=True)) as other,
        pytest.raises(SelectionError, match=r"c\.db: PSS was not reported"),
    ):
        compare_histories(two[0], At(other))


@pytest.mark.parametrize("align", ["age", "time"])
def test_the_picture(two: tuple[At, At], align: str) -> None:
    """Both files, the change and the names stand in it as text; nothing is a formula."""
    pytest.importorskip("matplotlib")
    from memory_watcher.render.compare_chart import render

    found = compare_histories(*two, align=align)  # type: ignore[arg-type]
    picture = render(found, "svg", 1200, 600)
    assert picture == render(found, "svg", 1200, 600)
    text = picture.decode()
    assert ET.parse(io.BytesIO(picture)).getroot().tag.endswith("svg")
    for shown in ("before: a.db", "after: b.db", "At the two peaks, by name", "+20 MiB"):
        assert shown in text
    assert "\x1b" not in text
    assert r"$x^2$ &lt;b&gt;\x1b[2J\x0a_a" in text
    assert render(found, "png", 400, 240).startswith(b"\x89PNG")
