"""What grew: ranks, slopes and sparklines."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.analysis.growth import Growth, rank_growth
from memory_watcher.analysis.timeline import Timeline
from memory_watcher.answers.usages import load
from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.store.recording import Recording
from tests.recordings import KI, MI, SECOND, START, RecordingBuilder, mapping

TICKS = 41


def size_of(name: str, tick: int) -> int:
    """Grows steadily, shrinks, stands still, goes up and down."""
    return {
        "/grows": MI + tick * 10 * KI,
        "/shrinks": 3 * MI - tick * 20 * KI,
        "/still": MI,
        "/saw": MI + (tick % 8) * 100 * KI,
    }[name]


@pytest.fixture
def grown(tmp_path: Path) -> Timeline:
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(7)
    for tick in range(TICKS):
        builder.tick()
        if tick == 5:
            builder.reading(process, Reading(), state=LayoutState.NO_PERMISSION)
            continue
        builder.layout(
            process,
            [
                (
                    mapping(0x10000000 * number, pathname=name, inode=number),
                    Usage(pss=size_of(name, tick)),
                )
                for number, name in enumerate(("/grows", "/shrinks", "/still", "/saw"), 1)
            ],
        )
    with Recording(builder.close()) as recording:
        return load(recording, recording.processes()).timeline("pss", "name", None)


def by_name(ranked: list[Growth]) -> dict[str, Growth]:
    return {growth.name: growth for growth in ranked}


def test_biggest_growth_first(grown: Timeline) -> None:
    """Ranked by what was gained between the first and the last instant; the shrunk come last."""
    ranked = rank_growth(grown)
    assert [growth.name for growth in ranked] == ["/grows", "/saw", "/still", "/shrinks"] or [
        growth.name for growth in ranked
    ] == ["/grows", "/still", "/saw", "/shrinks"]
    found = by_name(ranked)
    assert found["/grows"].change == 400 * KI
    assert found["/shrinks"].change == -800 * KI
    assert (found["/grows"].first, found["/grows"].last) == (MI, MI + 400 * KI)


def test_slope_is_least_squares(grown: Timeline) -> None:
    """A straight line has its own slope, in bytes per second, whatever is missing of it."""
    found = by_name(rank_growth(grown))
    assert found["/grows"].slope == pytest.approx(10 * KI)
    assert found["/shrinks"].slope == pytest.approx(-20 * KI)
    assert found["/still"].slope == pytest.approx(0, abs=1e-6)
    times = [tick for tick in range(TICKS) if tick != 5]
    middle = sum(times) / len(times)
    slope = sum((t - middle) * size_of("/saw", t) for t in times) / sum(
        (t - middle) ** 2 for t in times
    )
    assert found["/saw"].slope == pytest.approx(slope)


def test_span(grown: Timeline) -> None:
    """Only instants within the span count."""
    found = by_name(rank_growth(grown, START + 10 * SECOND, START + 12 * SECOND))
    assert found["/grows"].change == 20 * KI
    assert found["/saw"].change == 200 * KI
    assert rank_growth(grown, START - 9 * SECOND, START - 5 * SECOND) == []
    (single,) = {g.slope for g in rank_growth(grown, START + SECOND, START + SECOND)}
    assert single is None, "one instant has no slope"


def test_sparks_are_at_the_same_instants(grown: Timeline) -> None:
    """The values of all small pictures are real values of shared instants."""
    found = by_name(rank_growth(grown, spark=8))
    assert {len(growth.spark) for growth in found.values()} == {8}
    for index in range(8):
        grows = found["/grows"].spark[index]
        assert grows is not None
        tick = (grows - MI) // (10 * KI)
        assert found["/shrinks"].spark[index] == size_of("/shrinks", tick)
        assert found["/saw"].spark[index] == size_of("/saw", tick)
