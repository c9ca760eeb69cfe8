"""The HTML report in a real browser, from file:// and with the network off."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from memory_watcher.analysis.diff import Owner, Part, compare
from memory_watcher.analysis.identity import OTHER, By, identify
from memory_watcher.analysis.kinds import attribute
from memory_watcher.analysis.timeline import Figure
from memory_watcher.answers.growth import growth
from memory_watcher.answers.usages import load
from memory_watcher.model import LayoutState, MappingUsage, Reading, Usage
from memory_watcher.render.escape import escape
from memory_watcher.render.growth_words import note, rate
from memory_watcher.store.recording import Recording
from memory_watcher.units import format_time

from ..recordings import MI, SECOND, START, RecordingBuilder, mapping
from .conftest import Opener, Report, report_of
from .stories import (
    HOSTILE,
    PEAK,
    SUMS,
    TICKS,
    TORN,
    UNREADABLE,
    apart,
    chromium,
    fork,
    layout_at,
    time_of,
    unread,
)

FIGURES: tuple[Figure, ...] = ("pss", "rss", "uss", "swap")


def entries_at(recorded: Path, tick: int) -> list[MappingUsage]:
    """The layout of the only process at a tick, as the recording tells it."""
    with Recording(recorded) as recording:
        (process,) = recording.processes()
        measurement = recording.at(process.id, time_of(tick))
        assert measurement.tick == tick
        return list(recording.layout(measurement.id))


def groups_of(entries: Iterable[MappingUsage], figure: str, by: By = "name") -> dict[str, int]:
    """Sum up a layout by group: names as a renderer writes them."""
    sums: dict[str, int] = defaultdict(int)
    for entry, attribution in attribute(entries):
        name = escape(identify(entry.mapping, attribution, by).name)
        sums[name] += getattr(entry.usage, figure) or 0
    return {name: size for name, size in sums.items() if size}


def shown(groups: dict[str, int]) -> dict[str, int]:
    """Groups that have something."""
    return {name: size for name, size in groups.items() if size}


def test_a_report_opens_with_its_peak_pinned_and_marked(recorded: Path, report: Report) -> None:
    """The first thing seen is the peak: its time and size, and the groups at that moment."""
    entries = entries_at(recorded, PEAK)
    assert report.total() == sum(entry.usage.pss or 0 for entry in entries)
    assert shown(report.groups()) == groups_of(entries, "pss")
    clock = format_time(time_of(PEAK))
    assert clock in (report.page.locator(".legend .when").text_content() or "")
    mark = report.page.locator(".overlay .peak")
    assert clock[11:] in (mark.text_content() or "")
    pin = report.page.locator(".overlay .pin-A").bounding_box()
    assert pin is not None
    x, _ = report.plot_point((PEAK - 1) / TICKS)
    assert abs(pin["x"] - x) < 3


@pytest.mark.parametrize("figure", FIGURES)
def test_hovering_shows_the_figures_of_that_instant(
    recorded: Path, report: Report, figure: str
) -> None:
    """Wherever the pointer is, total and groups are those of the layout recorded at that tick."""
    report.page.click(f"[data-figure={figure}]")
    seen = set()
    for step in range(1, 20):
        tick = report.hover(step / 20) + 1
        seen.add(tick)
        entries = entries_at(recorded, tick)
        assert report.total() == sum(getattr(entry.usage, figure) or 0 for entry in entries)
        assert shown(report.groups()) == groups_of(entries, figure)
        when = report.page.locator(".legend .when").text_content() or ""
        assert format_time(time_of(tick)) in when
    assert len(seen) > 15
    assert not seen & set(UNREADABLE)


@pytest.mark.parametrize("by", ["kind", "name", "mapping"])
def test_the_page_sums_up_as_the_other_outputs_do(recorded: Path, report: Report, by: By) -> None:
    """Groups and their values are those of analysis.timeline at every instant, by size."""
    with Recording(recorded) as recording:
        timeline = load(recording, recording.processes(), figures=("pss",)).timeline("pss", by, 20)
    report.page.click(f"[data-by={by}]")
    by_size = sorted(timeline.groups, key=lambda group: (group.key == OTHER, -group.peak))
    names = [escape(group.name) for group in by_size]
    for step in range(1, 12):
        position = timeline.ticks.index(report.hover(step / 12) + 1)
        groups = report.groups()
        assert list(groups) == names
        assert list(groups.values()) == [group.values[position] for group in by_size]


def test_a_torn_layout_is_said_to_be_torn(report: Report) -> None:
    """Under the pointer it is named, and its totals are not shown as if they were sure."""
    for step in range(200):
        if report.hover(step / 200) + 1 == TORN:
            break
    assert "torn" in (report.page.locator(".legend .note").text_content() or "")


def test_where_nothing_could_be_read_nothing_is_drawn(report: Report) -> None:
    """A gap is empty at its place, not filled by what was before or after it."""
    share = (UNREADABLE[0] - 1 + 1) / TICKS
    paints = report.page.evaluate(
        """share => {
          const canvas = document.querySelector('.timeline canvas')
          const over = document.querySelector('.timeline .u-over').getBoundingClientRect()
          const box = canvas.getBoundingClientRect()
          const scale = canvas.width / box.width
          const copy = Object.assign(document.createElement('canvas'),
            {width: canvas.width, height: canvas.height})
          const context = copy.getContext('2d', {willReadFrequently: true})
          context.drawImage(canvas, 0, 0)
          const colour = s => [...context.getImageData(
            (over.left - box.left + over.width * s) * scale,
            (over.bottom - box.top - 12) * scale, 1, 1).data]
          return [colour(share), colour(share - 0.1)]
        }""",
        share,
    )
    gap, filled = paints
    assert filled[3] == 255
    assert gap != filled
    assert gap[3] < 128


def test_a_click_on_the_legend_isolates_a_group(recorded: Path, report: Report) -> None:
    """Only this group counts then; a second click brings all back."""
    row = report.page.locator(".legend .groups button", has_text="heap")
    heap = groups_of(entries_at(recorded, PEAK), "pss")["heap"]
    row.click()
    assert row.get_attribute("aria-pressed") == "true"
    assert report.total() == heap
    row.click()
    assert report.total() == sum(groups_of(entries_at(recorded, PEAK), "pss").values())


def test_wheel_drag_and_reset(report: Report) -> None:
    """The wheel zooms around the pointer, dragging to what was marked, a double click shows all."""
    report.tab("growth")
    whole = report.visible_span()
    report.page.mouse.move(*report.plot_point(0.5))
    report.page.mouse.wheel(0, -300)
    report.page.wait_for_function(
        "before => document.querySelector('#panel-growth .about').textContent !== before", arg=whole
    )
    zoomed = report.visible_span()
    assert layouts(zoomed) < layouts(whole)
    report.page.mouse.dblclick(*report.plot_point(0.5))
    assert report.visible_span() == whole

    report.page.mouse.move(*report.plot_point(0.25))
    report.page.mouse.down()
    report.page.mouse.move(*report.plot_point(0.5), steps=5)
    report.page.mouse.up()
    assert 8 <= layouts(report.visible_span()) <= 12
    report.page.click("text=Whole time")
    assert report.visible_span() == whole


def layouts(about: str) -> int:
    """How many layouts the visible span has, as the panel of growth says."""
    match = re.search(r"(\d+) layouts", about)
    assert match is not None, about
    return int(match[1])


def test_the_table_shows_every_figure_of_every_mapping(recorded: Path, report: Report) -> None:
    """At the pinned moment, in KiB, sorted by PSS at first; its foot adds up."""
    entries = entries_at(recorded, PEAK)
    report.page.check("text=show empty columns")
    entries.sort(key=lambda entry: -(entry.usage.pss or 0))
    figures = ("pss", "rss", "uss", "pss_dirty", "shared_clean", "private_dirty", "anonymous")
    for figure in (*figures, "referenced", "swap", "locked", "kernel_page_size"):
        cells = report.column("moment", figure)
        told = [getattr(entry.usage, figure) for entry in entries]
        assert cells == ["–" if value is None else str(value // 1024) for value in told], figure
    starts = [cell.split("-")[0] for cell in report.column("moment", "start")]
    assert starts == [f"{entry.mapping.start:08x}" for entry in entries]
    assert report.column("moment", "inode") == [str(entry.mapping.inode) for entry in entries]
    foot = report.page.locator("#panel-moment tfoot").text_content() or ""
    assert str(sum(entry.usage.pss or 0 for entry in entries) // 1024) in foot.replace("\u202f", "")


def test_the_table_sorts_and_filters(recorded: Path, report: Report) -> None:
    """A click on a head sorts, another turns it round; words narrow the table to what has all."""
    starts = [entry.mapping.start for entry in entries_at(recorded, PEAK)]
    report.page.click("#panel-moment th [data-column=start]")
    ascending = [int(cell.split("-")[0], 16) for cell in report.column("moment", "start")]
    assert ascending == sorted(starts)
    report.page.click("#panel-moment th [data-column=start]")
    descending = [int(cell.split("-")[0], 16) for cell in report.column("moment", "start")]
    assert descending == sorted(starts, reverse=True)

    report.page.keyboard.press("/")
    report.page.keyboard.type("script r--p")
    assert sorted(report.column("moment", "name")) == sorted(escape(name) for name in HOSTILE[:2])
    assert "2 of" in (report.page.locator("#panel-moment .count").text_content() or "")


def test_two_pinned_moments_show_their_difference(recorded: Path, report: Report) -> None:
    """Lines, changes and sums are those of analysis.diff, the biggest first."""
    ticks = []
    for share, modifiers in ((0.05, []), (0.95, ["Shift"])):
        ticks.append(report.hover(share) + 1)
        for key in modifiers:
            report.page.keyboard.down(key)
        report.page.mouse.click(*report.plot_point(share))
        for key in modifiers:
            report.page.keyboard.up(key)
    assert report.page.locator("#tab-difference").get_attribute("aria-selected") == "true"
    before, after = (attribute(entries_at(recorded, tick)) for tick in ticks)
    groupings: tuple[By, ...] = ("name", "kind", "mapping")
    for by in groupings:
        one, other = ([[Part(Owner(), layout)]] for layout in (before, after))
        groups = compare(one, other, lambda entry: entry.usage.pss, by, same_run=True)
        expected = [each for each in groups if each.change != 0]
        report.page.select_option("#panel-difference select", by)
        changes = [int(cell) * 1024 for cell in report.column("difference", "size")]
        assert changes == [each.change for each in expected]
        if by == "name":
            names = report.column("difference", "name")
            assert sorted(names) == sorted(escape(each.name) for each in expected)
    assert "new" in report.column("difference", "what")


@pytest.mark.parametrize("by", ["kind", "name"])
def test_what_grew_is_judged_by_growth(recorded: Path, report: Report, by: By) -> None:
    """Verdicts, rates and order are those of `growth`; a change is last less first."""
    with Recording(recorded) as recording:
        found = growth(recording, by=by)
    report.page.click(f"[data-by={by}]")
    report.tab("growth")
    assert report.column("growth", "name") == [escape(group.name) for group in found.groups]
    assert report.column("growth", "verdict") == [g.verdict.word.value for g in found.groups]
    assert "growing" in report.column("growth", "verdict")
    rates = [rate(group.verdict).removeprefix("+") for group in found.groups]
    assert report.column("growth", "rate") == rates
    assert report.column("growth", "note") == [note(group, found.span) for group in found.groups]
    changes = [(group.last or 0) - (group.first or 0) for group in found.groups]
    assert [int(cell) * 1024 for cell in report.column("growth", "change")] == changes
    assert report.page.locator("#panel-growth svg").count() == len(found.groups)
    about = report.page.locator("#panel-growth .about").text_content() or ""
    assert f"All of it: {found.total.verdict.word.value}" in about


def test_a_part_of_the_time_is_not_judged(recorded: Path, report: Report) -> None:
    """Of a part, another figure or mappings the change is told, and why there is no verdict."""
    with Recording(recorded) as recording:
        process = recording.processes()[0]
        timeline = load(recording, [process], figures=("pss", "uss")).timeline("uss", "name", None)

    def unjudged(why: str) -> None:
        assert why in (report.page.locator("#panel-growth .about").text_content() or "")
        assert report.page.locator("#panel-growth [data-column=verdict]").count() == 0

    report.tab("growth")
    report.page.click("[data-figure=uss]")
    unjudged("Verdicts are of PSS only.")
    changes = [int(cell) * 1024 for cell in report.column("growth", "change")]
    ends = [(group.values[0], group.values[-1]) for group in timeline.groups]
    assert changes == sorted(((last or 0) - (first or 0) for first, last in ends), reverse=True)
    report.page.click("[data-figure=pss]")
    report.page.click("[data-by=mapping]")
    unjudged("by kind or by name")
    report.page.click("[data-by=name]")
    assert "growing" in report.column("growth", "verdict")
    report.page.keyboard.press("+")
    unjudged("of the whole time only")
    report.page.keyboard.press("0")
    assert "growing" in report.column("growth", "verdict")


def test_processes_are_judged_one_by_one(recorded_family: Path, family_report: Report) -> None:
    """By process the verdicts are those of `growth` on all of them."""
    with Recording(recorded_family) as recording:
        found = growth(recording, by="process")
    family_report.page.click("[data-by=process]")
    family_report.tab("growth")
    words = dict(
        zip(
            family_report.column("growth", "name"),
            family_report.column("growth", "verdict"),
            strict=True,
        )
    )
    assert words == {group.name: group.verdict.word.value for group in found.groups}
    family_report.page.click("[data-by=kind]")
    about = family_report.page.locator("#panel-growth .about").text_content() or ""
    assert "group by process" in about


def test_names_are_text(recorded: Path, report: Report) -> None:
    """Nothing that a process chose to call itself becomes markup, runs, or steers the page."""
    report.page.evaluate("document.body.append(document.createElement('i'))")  # the page lives
    names = report.column("moment", "name")
    for name in HOSTILE:
        assert escape(name) in names
    for tab in ("growth", "facts", "difference", "moment"):
        report.tab(tab)
    assert report.page.evaluate("window.hacked") is None
    assert report.page.locator("img, script[src], iframe").count() == 0
    assert "fire<fox>" in report.page.title()
    assert "fire<fox>" in (report.page.locator("h1").text_content() or "")
    text = report_of(recorded).read_text()
    for name in HOSTILE[:-1]:
        assert name not in text


def test_keys(recorded: Path, report: Report) -> None:
    """The pinned moment steps from layout to layout over gaps, and goes back to the peak."""
    report.page.keyboard.press("ArrowLeft")
    assert report.page.locator(".legend").get_attribute("data-tick") == str(PEAK - 2)
    for _ in range(PEAK - UNREADABLE[1] - 1):
        report.page.keyboard.press("ArrowLeft")
    tick = int(report.page.locator(".legend").get_attribute("data-tick") or 0) + 1
    assert tick == UNREADABLE[0] - 1
    report.page.keyboard.press("p")
    assert report.page.locator(".legend").get_attribute("data-tick") == str(PEAK - 1)
    report.page.keyboard.press("2")
    assert report.total() == sum(entry.usage.rss or 0 for entry in entries_at(recorded, PEAK))
    report.page.keyboard.press("k")
    assert "library code" in report.groups()
    report.page.keyboard.press("?")
    assert report.page.locator("dialog").is_visible()


def test_light_and_dark(recorded: Path, open_report: Opener) -> None:
    """It follows what the system wants, and the reader's choice above that."""
    grounds = {}
    for scheme in ("light", "dark"):
        report = open_report(report_of(recorded), scheme=scheme)
        ground = "getComputedStyle(document.body).backgroundColor"
        grounds[scheme] = report.page.evaluate(ground)
        report.page.keyboard.press("t")
        assert report.page.evaluate(ground) != grounds[scheme]
    assert brightness(grounds["light"]) > 200
    assert brightness(grounds["dark"]) < 60


def brightness(colour: str) -> float:
    """The mean of red, green and blue."""
    parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
    return sum(parts) / 3


def test_a_narrow_window_needs_no_sideways_scrolling(
    recorded: Path, recorded_family: Path, open_report: Opener
) -> None:
    """On a phone the page is as wide as the window; only tables scroll in themselves."""
    for recording in (recorded, recorded_family):
        report = open_report(report_of(recording), width=390)
        assert report.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_strip_names_what_lies_under_the_pointer(report: Report) -> None:
    """The address space is a row of mappings; a click finds the one in the table."""
    box = report.page.locator(".strip canvas").bounding_box()
    assert box is not None
    report.page.mouse.move(box["x"] + 4, box["y"] + 8)
    assert "heap" in (report.page.locator(".strip .tip").text_content() or "")
    report.page.mouse.click(box["x"] + 4, box["y"] + 8)
    picked = report.page.locator("#panel-moment tr.picked td[data-column=name]")
    assert picked.text_content() == "[heap]"


def test_several_processes(recorded_family: Path, family_report: Report) -> None:
    """Their PSS adds up, RSS is refused; one of them, or one with descendants, can be chosen."""
    with Recording(recorded_family) as recording:
        processes = recording.processes()
        last = {process.pid: list(recording.measurements(process.id))[-1] for process in processes}
    pss = {pid: each.totals.pss or 0 for pid, each in last.items() if each.totals}
    page = family_report.page
    page.keyboard.press("ArrowRight")
    assert family_report.total() == sum(pss.values())
    assert family_report.groups() == {f"part{pid - 100} ({pid})": pss[pid] for pid in pss}
    assert page.locator("[data-figure=rss]").is_disabled()

    page.click("[data-process='1']")
    assert family_report.total() == pss[101]
    assert page.locator("[data-figure=rss]").is_enabled()
    page.check("text=with descendants")
    assert family_report.total() == sum(pss[pid] for pid in (101, 102, 103))


def test_roles(tmp_path: Path, open_report: Opener) -> None:
    """Each process is called by its role; of many, those alike share a line that opens."""
    report = open_report(report_of(chromium(tmp_path / "browser.db")))
    tree = report.page.locator(".processes .tree")
    shown = tree.locator("bdi").all_text_contents()
    assert shown[:4] == ["All processes", "shop main", "zygote", "renderer"]
    group = tree.locator("[data-group]")
    assert group.locator("small").text_content() == "×14"
    lines = tree.locator("button:visible")
    assert lines.count() == 4
    group.click()
    assert group.get_attribute("aria-expanded") == "true"
    assert lines.count() == 18
    names = report.page.locator("td.process bdi").all_text_contents()
    assert "shop zygote (101)" in names
    assert sum(name.startswith("shop renderer (") for name in names) == 14
    report.page.fill(".processes input[type=search]", "zygote")
    assert tree.locator("button:visible bdi").all_text_contents() == ["zygote"]


def test_the_machines_memory(family_report: Report) -> None:
    """Where /proc/meminfo was recorded, it is shown at the pinned moment."""
    family_report.tab("system")
    row = family_report.page.locator("#panel-system tr", has_text="MemAvailable")
    assert (row.text_content() or "").replace("\u202f", "") == f"MemAvailable{890 * 1024}"


def test_the_recording_itself(report: Report) -> None:
    """Host, kernel, command line, ticks, torn layouts and the high-water mark are told."""
    report.tab("facts")
    text = report.page.locator("#panel-facts").inner_text()
    for fact in ("host", "6.1", "memory-record 1 1000", f"all {TICKS} ticks", "1 of them torn"):
        assert fact in text
    assert "RSS was up to 5 120 Ki higher" in text.replace("\u202f", " ")


def test_mappings_over_time(report: Report) -> None:
    """How many there were is drawn over time, and the machine's limit said beside it."""
    report.tab("facts")
    counts = report.page.locator("#panel-facts .counts")
    assert "Mappings over time" in counts.inner_text()
    assert re.search(r"At most \d+", counts.inner_text())
    report.page.wait_for_selector("#panel-facts .counts canvas")


def test_no_mappings_over_time_of_several(family_report: Report) -> None:
    """Theirs are not of one moment."""
    family_report.tab("facts")
    assert not family_report.page.locator("#panel-facts .counts").is_visible()


def test_a_single_capture(tmp_path: Path, open_report: Opener) -> None:
    """One layout without any time around it: its table is there, and nothing divides by 0."""
    builder = RecordingBuilder(tmp_path / "capture.db")
    process = builder.process(1)
    builder.tick()
    builder.layout(process, layout_at(1))
    report = open_report(report_of(builder.close()))
    assert len(report.column("moment", "pss")) == len(layout_at(1))
    for tab in ("difference", "growth", "facts"):
        report.tab(tab)
    report.page.mouse.move(*report.plot_point(0.5))
    report.page.mouse.wheel(0, -300)
    assert report.total() == sum(figures.pss or 0 for _, figures in layout_at(1))


def test_without_any_layout(tmp_path: Path, open_report: Opener) -> None:
    """A process that could never be read: the page says so, and the facts are there."""
    builder = RecordingBuilder(tmp_path / "none.db")
    process = builder.process(1, "kthreadd")
    for _ in range(3):
        builder.tick()
        builder.reading(process, state=LayoutState.KERNEL_THREAD)
    report = open_report(report_of(builder.close()))
    assert "No layout was recorded" in report.page.locator("#panel-moment").inner_text()
    report.page.keyboard.press("p")
    report.page.keyboard.press("ArrowLeft")
    report.tab("growth")
    report.tab("facts")
    assert "0 with a layout" in report.page.locator("#panel-facts").inner_text()


def test_between_two_runs_nothing_is_drawn(tmp_path: Path, open_report: Opener) -> None:
    """Nobody looked for an hour: no layout stands there, and stepping goes over it."""
    builder = RecordingBuilder(tmp_path / "runs.db")
    process = builder.process(1)
    for run in range(2):
        builder.run()
        for step in range(4):
            tick = builder.tick(START + run * 3600 * SECOND + step * SECOND)
            builder.layout(process, layout_at(tick))
        builder.end_run()
    report = open_report(report_of(builder.close()))
    first = report.hover(0.0)
    assert first >= 0
    report.page.mouse.move(*report.plot_point(0.5))
    assert (report.page.locator(".legend .when").text_content() or "").startswith("A ")
    report.page.mouse.move(0, 0)
    for _ in range(8):
        report.page.keyboard.press("ArrowLeft")
    assert report.page.locator(".legend").get_attribute("data-tick") == "0"
    for _ in range(8):
        report.page.keyboard.press("ArrowRight")
    assert report.page.locator(".legend").get_attribute("data-tick") == "7"


@pytest.mark.parametrize("by", ["process", "kind"])
def test_sums_are_those_of_passes(tmp_path: Path, open_report: Opener, by: str) -> None:
    """At each moment that can be gone to the total is that of the pass: no spike, no notch.

    By process the groups add up to it. By kind they are those of the last pass with all layouts.
    """
    recorded = fork(tmp_path / "fork.db")
    with Recording(recorded) as recording:
        made = load(recording, recording.processes(), figures=("pss",)).timeline("pss", by, None)  # type: ignore[arg-type]
    assert dict(zip(made.ticks, made.sums, strict=True)) == {t: s * MI for t, s in SUMS.items()}
    report = open_report(report_of(recorded))
    page = report.page
    page.keyboard.press("c" if by == "process" else "k")
    for _ in SUMS:
        page.keyboard.press("ArrowLeft")
    for position, tick in enumerate(SUMS):
        assert report.page.locator(".legend").get_attribute("data-tick") == str(tick - 1)
        assert report.total() == made.sums[position]
        there = made.standing(position)
        assert there is not None
        groups = [series.values[there] or 0 for series in made.groups]
        assert sum(report.groups().values()) == sum(groups)
        page.keyboard.press("ArrowRight")
    assert "peak 102 MiB" in page.locator(".timeline .peak").inner_text()
    assert "without 1 that could not be read" in page.locator(".legend .note").inner_text()


def test_processes_at_a_pass(tmp_path: Path, open_report: Opener) -> None:
    """Each process has what it has at the pass; a state that few recordings have is told."""
    report = open_report(report_of(fork(tmp_path / "fork.db")))
    report.tab("processes")
    assert report.column("processes", "pss") == [str(53 * 1024), str(49 * 1024), "–"]
    assert report.column("processes", "state")[2] == LayoutState.UNREADABLE.label
    total = report.page.locator("#panel-processes tfoot").inner_text().replace("\u202f", "")
    assert str(102 * 1024) in total
    every = report.page.locator("[data-process=all] .value")
    assert every.inner_text() == "102 MiB"


def test_one_rss_of_each_process(tmp_path: Path, open_report: Opener) -> None:
    """There is no second one beside it from statm, but where nothing else was read that stands."""
    builder = RecordingBuilder(tmp_path / "a.db")
    first, second = builder.process(1, "server"), builder.process(2, "secret")
    builder.tick()
    heap = Usage(rss=8 * MI, pss=8 * MI, private_clean=0, private_dirty=8 * MI, swap=0, swap_pss=0)
    reading = Reading(resident=9 * MI, hugetlb=2 * MI)
    builder.layout(first, [(mapping(0x1000, 16 * MI, pathname="[heap]"), heap)], reading)
    builder.reading(second, Reading(resident=7 * MI), state=LayoutState.NO_PERMISSION)
    builder.end_run()
    report = open_report(report_of(builder.close()))
    report.tab("processes")
    assert report.column("processes", "rss") == [str(8 * 1024), str(7 * 1024)]
    assert report.column("processes", "read hugetlb") == [str(2 * 1024), "–"]
    titles = report.page.locator("#panel-processes thead").inner_text().lower()
    assert "hugetlb" in titles
    assert "resident" not in titles


def test_swap_of_several_processes(tmp_path: Path, open_report: Opener) -> None:
    """Swap is chosen as it is of one process; no sum of it stands beside the tree."""
    report = open_report(report_of(fork(tmp_path / "fork.db")))
    report.page.keyboard.press("4")
    assert report.page.locator("[data-figure=swap]").get_attribute("aria-pressed") == "true"
    assert report.page.locator("[data-process=all] .value").inner_text() == ""
    assert report.said == []


def test_members_that_only_passes_read(tmp_path: Path, open_report: Opener) -> None:
    """A process without a layout or a reading has a row, too: the rows come to the sum."""
    report = open_report(report_of(unread(tmp_path / "unread.db")))
    report.tab("processes")
    assert report.column("processes", "pss") == [str(60 * 1024), str(30 * 1024)]
    total = report.page.locator("#panel-processes tfoot").inner_text().replace("\u202f", "")
    assert str(90 * 1024) in total


def test_without_any_sum(tmp_path: Path, open_report: Opener) -> None:
    """Processes with their own figures, nothing added up, and one sentence why."""
    report = open_report(report_of(apart(tmp_path / "apart.db")))
    page = report.page
    assert page.locator(".legend .total").inner_text() == "no sum"
    assert (
        "at no moment were all of them read in one pass"
        in page.locator(".legend .note").inner_text()
    )
    assert page.locator(".timeline .peak").count() == 0
    assert page.locator("[data-process=all] .value").inner_text() == ""
    report.tab("processes")
    sizes = report.column("processes", "pss")
    assert sizes
    assert "–" not in sizes


def test_without_pss(tmp_path: Path, open_report: Opener) -> None:
    """Where a kernel reports none, RSS is shown, and a sentence says so, as long as it is."""
    builder = RecordingBuilder(tmp_path / "old.db")
    process = builder.process(7)
    for size in (1, 3, 2):
        builder.tick()
        usage = Usage(rss=size * MI, swap=0, private_clean=0, private_dirty=size * MI)
        builder.layout(process, [(mapping(0x1000, pathname="[heap]"), usage)])
    builder.end_run()
    report = open_report(report_of(builder.close()))
    assert report.total() == 3 * MI
    note = report.page.locator(".legend .note")
    assert note.inner_text() == "the kernel reports no PSS; RSS is shown"
    report.page.locator("[data-figure=uss]").click()
    assert note.inner_text() == ""


def test_every_state_of_a_layout_is_told(tmp_path: Path, open_report: Opener) -> None:
    """Whatever is said of a layout by a number, the page has its words and knows how it counts."""
    for state in LayoutState:
        builder = RecordingBuilder(tmp_path / f"{state}.db")
        process, other = builder.process(300, "one"), builder.process(301, "two")
        for _ in range(3):
            builder.tick()
            builder.layout(other, layout_at(1))
            if state.has_layout:
                builder.layout(process, layout_at(1), state=state)
            else:
                builder.reading(process, state=state)
        report = open_report(report_of(builder.close()))
        report.tab("processes")
        shown = report.column("processes", "state")
        if state.has_memory:
            assert state.label in shown, state
        lacks = (
            "without 1 that could not be read" in report.page.locator(".legend .note").inner_text()
        )
        assert lacks == state.is_unreadable, state


def test_a_control_group(tmp_path: Path, open_report: Opener) -> None:
    """Its memory over time and at A; a limit that there is not, and lost figures, are no 0."""
    builder = RecordingBuilder(tmp_path / "cgroup.db")
    process = builder.process(100, "server")
    for _ in range(3):
        builder.tick()
        builder.layout(process, [(mapping(0x1000, pathname="[heap]"), Usage(pss=MI, rss=MI))])
    builder.execute("UPDATE processes SET cgroup = '0::/<b>.service'")
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/<b>.service')")
    figures = {"current": 300 * MI, "stat.file": 200 * MI, "max": -1, "events.oom": 3}
    for number, (name, size) in enumerate(figures.items(), 1):
        builder.execute("INSERT INTO cgroup_fields VALUES (?, ?)", number, name)
        builder.execute("INSERT INTO cgroup_readings VALUES (1, ?, 1, ?)", number, size)
    builder.end_run()
    report = open_report(report_of(builder.close()))
    report.tab("cgroup")
    rows = report.page.locator("#panel-cgroup tbody tr")
    told = [" ".join(text.split()) for text in rows.all_text_contents()]
    assert told == ["memory in use307 200", "limit–", "page cache204 800"]
    assert report.page.locator("#panel-cgroup canvas").count() == 1
    assert report.said == []


def test_a_limit_of_a_cgroup_above(tmp_path: Path, open_report: Opener) -> None:
    """The line of the limit that holds says whose it is; its own is not drawn then."""
    builder = RecordingBuilder(tmp_path / "above.db")
    process = builder.process(100, "server")
    builder.tick()
    builder.layout(process, [(mapping(0x1000, pathname="[heap]"), Usage(pss=MI, rss=MI))])
    builder.execute("UPDATE processes SET cgroup = '0::/pod/<b>'")
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/pod/<b>')")
    sizes = {"current": 300 * MI, "max": 900 * MI, "above.max": 512 * MI}
    # As older recordings of version 1 have it: of the cgroup alone, and with those below.
    sizes |= {"stat.shmem": MI, "stat.total_shmem": 7 * MI}
    for number, (name, size) in enumerate({**sizes, "above.max_levels": 1}.items(), 1):
        builder.execute("INSERT INTO cgroup_fields VALUES (?, ?)", number, name)
        builder.execute("INSERT INTO cgroup_readings VALUES (1, ?, 1, ?)", number, size)
    builder.end_run()
    report = open_report(report_of(builder.close()))
    report.tab("cgroup")
    panel = report.page.locator("#panel-cgroup")
    assert panel.locator(".key span").filter(has_text="limit").all_text_contents() == [
        "limit of /pod, above it"
    ]
    told = [" ".join(text.split()) for text in panel.locator("tbody tr").all_text_contents()]
    assert "limit of /pod, above it524 288" in told
    assert [line for line in told if "shared" in line] == ["shared memory7 168"]
    assert report.said == []


def test_without_a_control_group(report: Report) -> None:
    """No tab for what was not recorded."""
    assert report.page.locator("#tab-cgroup").count() == 0
