"""What recording cost: shares of one core over time, of each run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from memory_watcher.answers.cost import RunCost, costs
from memory_watcher.render.cost_text import cost_notes, cost_text
from memory_watcher.store import schema
from memory_watcher.store.recording import Recording

SECOND = 1_000_000_000
POLICY = json.dumps({"fast_period_ns": 20_000_000})


class Builder:
    """A recording of ticks alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path)
        schema.create(self.connection)
        self.connection.execute("INSERT INTO machines VALUES (1, 'boot', 'host', '6.18', 4096, 2)")
        self.tick = 0

    def run(self, number: int, seconds: int, cpu: float, policy: str | None = POLICY) -> None:
        """One of a tick a second, that used so much of a core after 0.2 s of start-up."""
        first = self.tick + 1
        for second in range(seconds + 1):
            self.tick += 1
            self.connection.execute(
                "INSERT INTO ticks (id, run_id, time_ns, monotonic_ns, skipped, cpu_ns,"
                " fast_passes) VALUES (?, ?, ?, ?, 0, ?, ?)",
                (
                    *(self.tick, number, self.tick * SECOND, (1000 + self.tick) * SECOND),
                    *(round(0.2 * SECOND + second * cpu * SECOND), 49 * second),
                ),
            )
        self.connection.execute(
            "INSERT INTO runs (id, machine_id, first_tick, last_tick, period_ns, command_line,"
            " version, policy, cpu_ns) VALUES (?, 1, ?, ?, ?, '', '', ?, ?)",
            (number, first, self.tick, SECOND, policy, round((0.2 + seconds * cpu) * SECOND)),
        )

    def sql(self, statement: str) -> None:
        """Change what stands there."""
        self.connection.execute(statement)

    def answer(self) -> list[RunCost]:
        """What a reader finds."""
        self.connection.commit()
        with Recording(str(self.path)) as recording:
            return costs(recording)


@pytest.fixture(name="builder")
def empty_recording(tmp_path: Path) -> Iterator[Builder]:
    builder = Builder(tmp_path / "a.db")
    with closing(builder.connection):
        yield builder


def test_share_over_time(builder: Builder) -> None:
    """Of the whole run, of start-up, and of each ten seconds."""
    builder.run(1, 60, 0.05)
    builder.sql("UPDATE ticks SET cpu_ns = cpu_ns + 400000000 WHERE id > 32")
    builder.sql("UPDATE runs SET cpu_ns = cpu_ns + 400000000")
    (cost,) = builder.answer()
    assert cost.share == pytest.approx((0.2 + 3 + 0.4) / 60)
    assert cost.start_ns == SECOND // 5
    assert sum(span.lasted_ns for span in cost.spans) == 60 * SECOND
    assert cost.highest is not None
    assert cost.highest.share == pytest.approx(0.09)
    assert cost.highest.time <= 32 * SECOND <= cost.highest.time + 10 * SECOND
    shares = [span.share for span in cost.spans if span is not cost.highest]
    assert shares == pytest.approx([0.05] * len(shares))
    assert cost_text(cost) == (
        "6 % of one core: 3.6 s in 1 min 00 s, 200 ms of it until the first tick; at most 9 % in"
        " 10.0 s"
    )


def test_runs_are_apart(builder: Builder) -> None:
    """Counters begin anew with each; the later one is told by its number."""
    builder.run(1, 30, 0.05)
    builder.run(2, 30, 0.01)
    first, second = builder.answer()
    assert [round(span.share, 3) for span in first.spans] == [0.05] * len(first.spans)
    assert [round(span.share, 3) for span in second.spans] == [0.01] * len(second.spans)
    assert [note.split(" the ")[0] for note in cost_notes([first, second])] == ["Run 1:", "Run 2:"]


def test_what_was_killed_tells_its_last_tick(builder: Builder) -> None:
    """Its run has no sum; the ticks have."""
    builder.run(1, 30, 0.05)
    builder.sql("UPDATE runs SET cpu_ns = NULL, last_tick = NULL")
    (cost,) = builder.answer()
    assert cost.cpu_ns == pytest.approx(1.7 * SECOND)
    assert cost.share == pytest.approx(1.7 / 30)


def test_what_was_read_less_often(builder: Builder) -> None:
    """The time from one fast reading to the next, beside what was asked for."""
    builder.run(1, 30, 0.05)
    assert builder.answer()[0].fast_apart_ns is None
    builder.sql("UPDATE ticks SET fast_passes = fast_passes / 5, too_slow = (id = 7) * 2")
    (cost,) = builder.answer()
    assert cost.fast_apart_ns == pytest.approx(SECOND / 9.8, rel=0.01)
    assert cost.too_slow == 2
    (note,) = cost_notes([cost])
    assert "RSS between layouts was read every 102 ms, not every 20 ms." in note
    assert "2 layouts were left out, which would have held a process up for too long." in note


@pytest.mark.parametrize(
    "policy",
    [
        *(None, "", "[", "[1]", '{"fast_period_ns": "x"}', "{}"),
        *("[" * 100_000, f'{{"fast_period_ns": 1{"0" * 400}}}'),
    ],
    ids=lambda policy: str(policy)[:20],
)
def test_any_policy_may_stand_there(builder: Builder, policy: str | None) -> None:
    """A file sent by a stranger: nothing is told of a fast period."""
    builder.run(1, 30, 0.05, policy)
    builder.sql("UPDATE ticks SET fast_passes = 0")
    assert builder.answer()[0].fast_apart_ns is None


def test_an_older_recording_tells_the_sum(builder: Builder) -> None:
    """Before format 7 ticks told nothing; a capture tells nothing at all."""
    builder.run(1, 30, 0.05)
    builder.sql("UPDATE ticks SET cpu_ns = NULL, fast_passes = NULL")
    (cost,) = builder.answer()
    assert (cost.start_ns, cost.spans, cost.fast_apart_ns) == (None, (), None)
    assert cost_text(cost) == "5.7 % of one core: 1.7 s in 30.0 s"
    builder.sql("UPDATE runs SET cpu_ns = NULL")
    assert builder.answer() == []


def test_counters_that_make_no_sense(builder: Builder) -> None:
    """Time that stands still, or a counter that falls, is in no share."""
    builder.run(1, 30, 0.05)
    builder.sql("UPDATE ticks SET cpu_ns = 5 WHERE id > 15")
    assert all(span.share >= 0 for span in builder.answer()[0].spans)
    builder.sql("UPDATE ticks SET monotonic_ns = 7")
    (cost,) = builder.answer()
    assert cost.spans == ()
