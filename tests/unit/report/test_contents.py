from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.analysis.identity import identify
from memory_watcher.analysis.kinds import attribute
from memory_watcher.answers.assurance import assurance_of
from memory_watcher.model import LayoutState, Mapping, Reading, Usage
from memory_watcher.render.assurance_text import missed
from memory_watcher.render.escape import escape
from memory_watcher.report.contents import contents
from memory_watcher.report.history import FIGURES, Histories, Ticks, read
from memory_watcher.report.packing import pack
from memory_watcher.report.ticks import read_what_fits
from memory_watcher.store.recording import Recording
from tests.browser.stories import family, one_process
from tests.recordings import KI, MI, RecordingBuilder

from .decoding import column, unpack


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return one_process(tmp_path / "one.db")


class Page:
    """What a page makes of the packed data, done in the plainest way."""

    def __init__(self, recording: Recording, held: Histories) -> None:
        header, columns = contents(recording, held, 0)
        self.header, self._block = unpack(pack(header, columns))

    def column(self, name: str) -> list[int | None]:
        return column(self.header, self._block, name)

    def wide(self, name: str) -> list[int]:
        high, low = self.column(f"{name}.high"), self.column(f"{name}.low")
        return [(h or 0) * 2**32 + (w or 0) for h, w in zip(high, low, strict=True)]

    def usages(self) -> dict[str, list[int | None]]:
        """All figures that are columns, with what they are relative to added."""
        told = {name: self.column(f"usage.{name}") for name in FIGURES}
        parts = ("shared_clean", "shared_dirty", "private_clean", "private_dirty")
        for name, bases in (
            ("rss", parts),
            ("pss", parts[2:]),
            ("pss_dirty", parts[3:]),
            ("referenced", ("rss",)),
            ("anonymous", parts[3:]),
        ):
            told[name] = [
                None if value is None else value + sum(told[base][row] or 0 for base in bases)
                for row, value in enumerate(told[name])
            ]
        return told

    def spans(self) -> list[tuple[int, int, int]]:
        """Mapping, first tick's position and the one behind the last, of each usage."""
        gaps, lengths = self.column("usage.gap"), self.column("usage.length")
        found = []
        row = 0
        for mapping, count in enumerate(self.column("mapping.usages")):
            end = 0
            for _ in range(count or 0):
                start = end + (gaps[row] or 0) - ((gaps[row - 1] or 0) if row else 0)
                end = start + (lengths[row] or 0) - ((lengths[row - 1] or 0) if row else 0)
                found.append((mapping, start, end))
                row += 1
        return found

    def layouts(self, position: int) -> list[tuple[int, int]]:
        """Mapping and usage of all that is there at a tick."""
        return [
            (mapping, row)
            for row, (mapping, start, end) in enumerate(self.spans())
            if start <= position < end
        ]


def all_of(recording: Recording) -> Histories:
    held = read_what_fits(recording, recording.processes())
    assert len(held.ticks) == len(recording.tick_rows())
    return held


def test_every_figure_of_every_mapping_at_every_tick(recorded: Path) -> None:
    """What the page rebuilds at any tick is the layout as the recording gives it."""
    with Recording(recorded) as recording:
        page = Page(recording, all_of(recording))
        starts, sizes = page.wide("mapping.start"), page.wide("mapping.size")
        inodes, paths = page.wide("mapping.inode"), page.column("mapping.path")
        usages, details = page.usages(), page.column("usage.detail")
        positions = page.column("reading.tick")
        measurements = list(recording.measurements(recording.processes()[0].id))
        assert len(measurements) == len(positions) == 40
        for position, measurement in zip(positions, measurements, strict=True):
            shown = page.layouts(position or 0)
            if not measurement.has_layout:
                assert shown == []
                continue
            layout = list(recording.layout(measurement.id))
            assert len(shown) == len(layout)
            for (number, row), (mapping, usage) in zip(
                shown, ((entry.mapping, entry.usage) for entry in layout), strict=True
            ):
                assert (starts[number], sizes[number]) == (mapping.start, mapping.size)
                assert inodes[number] == mapping.inode
                assert page.header["paths"][paths[number] or 0] == escape(mapping.pathname)
                figures = [usages[name][row] for name in FIGURES]
                assert figures == list(usage[: len(FIGURES)])
                assert page.header["details"][details[row] or 0] == list(usage[len(FIGURES) :])


def test_groups_are_those_of_the_other_outputs(recorded: Path) -> None:
    """Kind and name of each mapping are what analysis.kinds says of a layout."""
    with Recording(recorded) as recording:
        page = Page(recording, all_of(recording))
        starts, groups = page.wide("mapping.start"), page.column("mapping.group")
        kinds = page.header["kinds"]
        shown: dict[int, tuple[str, str, str]] = {}
        for start, number, part in zip(starts, groups, page.column("mapping.kind"), strict=True):
            group = page.header["groups"][number or 0]
            family = kinds[group["kind"]]["name"]
            shown[start] = kinds[part or 0]["name"], family, group["name"]
        measurement = recording.peak(recording.processes()[0].id)
        for entry, attribution in attribute(recording.layout(measurement.id)):
            name = escape(identify(entry.mapping, attribution, "name").name)
            kind = attribution.kind
            assert shown[entry.mapping.start] == (kind.value, kind.family.value, name)


def test_unchanged_usages_are_one_across_keyframes(tmp_path: Path) -> None:
    """A keyframe writes every mapping anew; the report does not hold it twice."""
    builder = RecordingBuilder(tmp_path / "flat.db")
    process = builder.process(1)
    header = Mapping(0x1000, 0x3000, "rw-p", 0, 0, 0, "")
    for _ in range(5):
        builder.tick()
        builder.layout(process, [(header, Usage(rss=4 * KI, pss=4 * KI))])
    with Recording(builder.close()) as recording:
        page = Page(recording, all_of(recording))
    assert page.spans() == [(0, 0, 5)]


def test_usages_of_a_killed_recorder_end_with_its_last_tick(tmp_path: Path) -> None:
    """What was never closed does not live on into the next run of the recorder."""
    builder = RecordingBuilder(tmp_path / "killed.db")
    process = builder.process(1)
    header = Mapping(0x1000, 0x3000, "rw-p", 0, 0, 0, "")
    builder.tick()
    number = builder.reading(process, state=LayoutState.EXACT)
    builder.execute("UPDATE readings SET keyframe = 1 WHERE id = ?", number)
    builder.usage(process, header, Usage(rss=4 * KI), 1, 2**31 - 1)
    builder.run()
    builder.tick()
    builder.tick()
    builder.layout(process, [])
    with Recording(builder.close()) as recording:
        page = Page(recording, all_of(recording))
    assert page.spans() == [(0, 0, 1)]


def test_what_was_not_told_is_not_0(tmp_path: Path) -> None:
    """An old kernel's lines lack figures: they stay absent all the way into the page."""
    builder = RecordingBuilder(tmp_path / "old.db")
    process = builder.process(1)
    builder.tick()
    builder.layout(
        process, [(Mapping(0x1000, 0x3000, "rw-p", 0, 0, 0, ""), Usage(rss=4 * KI))], Reading()
    )
    with Recording(builder.close()) as recording:
        page = Page(recording, all_of(recording))
    usages = page.usages()
    assert usages["rss"] == [4 * KI]
    assert all(usages[name] == [None] for name in FIGURES if name != "rss")
    assert page.column("reading.high_water_mark") == [None]
    assert page.column("total.pss") == [None]


class TestTooMuch:
    """Where all does not fit, ticks are left out, never figures."""

    def test_peaks_stay(self, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of each stretch of time the highest is kept, and it is exact."""
        monkeypatch.setattr("memory_watcher.report.ticks._COLUMNS", 8)
        monkeypatch.setattr("memory_watcher.report.ticks._FEWEST", 8)
        with Recording(recorded) as recording:
            held = read_what_fits(recording, recording.processes(), most=10)
            page = Page(recording, held)
            assert page.header["ticks"]["recorded"] == 40
            assert 8 <= page.header["ticks"]["held"] <= 13
            peaks = [recording.peak(1, "pss").tick, recording.peak(1, "rss").tick, 1, 40]
            assert set(peaks) <= held.ticks.position_of.keys()
            layout = list(recording.layout(recording.peak(1).id))
            position = held.ticks.position_of[peaks[0]]
            usages = page.usages()
            shown = [usages["pss"][row] for _, row in page.layouts(position)]
            assert shown == [entry.usage.pss for entry in layout]

    def test_the_highest_rss_between_stays(self, recorded: Path) -> None:
        """The kernel's figures of what is left out count for the tick before."""
        with Recording(recorded) as recording:
            ticks = Ticks(recording.tick_rows(), [1, 10, 40])
            held = read(recording, recording.processes(), ticks)
            assert held is not None
            (history,) = held.processes
            readings = [each.reading for each in recording.measurements(1)]
        between = [reading.resident or 0 for reading in readings[9:39]]
        assert history.highest.resident[1] == max(between)

    def test_what_was_missed_is_said_as_by_every_output(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of the highest layout that is not torn, be its tick in the page or left out."""
        monkeypatch.setattr("memory_watcher.report.ticks._COLUMNS", 2)
        monkeypatch.setattr("memory_watcher.report.ticks._FEWEST", 2)
        builder = RecordingBuilder(tmp_path / "torn.db")
        process = builder.process(1)
        heights = {2: (8 * MI, MI, LayoutState.TORN), 4: (6 * MI, MI, LayoutState.EXACT)}
        for tick in range(1, 9):
            rss, pss, state = heights.get(tick, (4 * MI, (4 + tick % 3) * MI, LayoutState.EXACT))
            builder.tick()
            entry = Mapping(0x1000, 0x2000, "rw-p", 0, 0, 0, ""), Usage(rss=rss, pss=pss)
            builder.layout(process, [entry], Reading(high_water_mark=7 * MI), state=state)
        with Recording(builder.close()) as recording:
            held = read_what_fits(recording, recording.processes(), most=1)
            found = assurance_of(recording, recording.processes()[0])
            (told,) = Page(recording, held).header["processes"]
        assert 4 not in held.ticks.position_of
        assert found.gap.size == MI
        assert told["highestRss"] == 6 * MI
        assert told["missed"] == missed(found.gap, found.known, found.mark)

    def test_more_than_may_be_is_none(self, recorded: Path) -> None:
        """The reader gives up rather than make a page too large."""
        with Recording(recorded) as recording:
            ticks = Ticks(recording.tick_rows())
            assert read(recording, recording.processes(), ticks, most=3) is None


class TestFamilies:
    def test_parents(self, tmp_path: Path) -> None:
        """Each process names its parent's place among those of the report."""
        with Recording(family(tmp_path / "family.db")) as recording:
            page = Page(recording, all_of(recording))
        assert [each["parent"] for each in page.header["processes"]] == [None, 0, 1, 2]

    def test_meminfo_ends_with_its_run(self, tmp_path: Path) -> None:
        """A value counts until the next, but not in a run that did not read it."""
        builder = RecordingBuilder(tmp_path / "runs.db")
        builder.process(1)
        builder.meminfo(builder.tick(), MemFree=MI)
        builder.tick()
        builder.end_run()
        builder.run()
        builder.tick()
        with Recording(builder.close()) as recording:
            page = Page(recording, all_of(recording))
        assert page.column("meminfo.MemFree") == [MI, MI, None]

    def test_an_empty_layout_and_no_layout(self, tmp_path: Path) -> None:
        """A process that was never read has readings, no mappings, and breaks nothing."""
        builder = RecordingBuilder(tmp_path / "none.db")
        process = builder.process(1)
        builder.tick()
        builder.reading(process, state=LayoutState.KERNEL_THREAD)
        with Recording(builder.close()) as recording:
            page = Page(recording, all_of(recording))
        assert page.column("mapping.usages") == []
        (told,) = page.header["processes"]
        assert told["readings"] == 1
        assert told["recorded"]["layouts"] == 0


@pytest.mark.parametrize(
    ("usage", "processes", "figure", "instead"),
    [
        (Usage(rss=KI, pss=KI), 1, "pss", None),
        (Usage(rss=KI), 1, "rss", "the kernel reports no PSS; RSS is shown"),
        (Usage(rss=KI, private_clean=0, private_dirty=KI), 2, "uss", "no PSS; USS is shown"),
        (Usage(rss=KI), 2, "rss", "the kernel reports no PSS; RSS is shown"),
    ],
)
def test_what_stands_for_pss(
    tmp_path: Path, usage: Usage, processes: int, figure: str, instead: str | None
) -> None:
    """The best figure there is, as in the other outputs: of several processes one that adds up."""
    builder = RecordingBuilder(tmp_path / "old.db")
    numbers = [builder.process(pid) for pid in range(10, 10 + processes)]
    builder.tick()
    for number in numbers:
        builder.layout(number, [(Mapping(0x1000, 0x2000, "rw-p", 0, 0, 0, "[heap]"), usage)])
    with Recording(builder.close()) as recording:
        header = Page(recording, all_of(recording)).header
    assert header["figure"] == figure
    assert (instead or "") in (header["instead"] or "")
    assert (header["instead"] is None) == (instead is None)
