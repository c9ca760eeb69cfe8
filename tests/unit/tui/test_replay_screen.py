"""The screen of a recording: what the keys do, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_watcher.model import LayoutState, Reading, Usage
from memory_watcher.tui.replay import ReplaySource
from memory_watcher.tui.table_widget import Table
from memory_watcher.tui.view import Opener, Question
from tests.recordings import MI, SECOND, START, Entry, RecordingBuilder, mapping

from .screens import Screen, go, shown

TICKS = 40
PEAK = 30  # the tick of it


def usage(size: int, swap: int = 0) -> Usage:
    return Usage(
        rss=2 * size,
        pss=size,
        private_clean=0,
        private_dirty=size // 2,
        private_hugetlb=0,
        swap=swap,
        swap_pss=swap,
    )


def layout(heap: int) -> list[Entry]:
    return [
        (mapping(0x10_0000, 64 * MI, pathname="[heap]"), usage(heap)),
        (mapping(0x7F00_0000_0000, 8 * MI, "r-xp", "/usr/lib/libbig.so", inode=5), usage(6 * MI)),
        (mapping(0x7F00_1000_0000, 8 * MI, "r-xp", "/usr/lib/libsmall.so", inode=6), usage(MI)),
        (mapping(0x7F00_2000_0000, 8 * MI), usage(3 * MI, swap=2 * MI)),
    ]


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[RecordingBuilder]:
    made = RecordingBuilder(tmp_path / "a.db")
    yield made
    made.close()


@pytest.fixture
def one(builder: RecordingBuilder) -> Opener:
    """One process; its heap grows by 1 MiB a second, and is 100 MiB at the peak."""
    process = builder.process(77, "server")
    for tick in range(1, TICKS + 1):
        builder.tick()
        state = LayoutState.TORN if tick == 10 else LayoutState.EXACT
        if tick == 20:
            builder.reading(process, Reading(resident=5 * MI), state=LayoutState.NO_PERMISSION)
        else:
            size = 100 * MI if tick == PEAK else tick * MI
            reading = Reading(resident=size, high_water_mark=size + MI, threads=4)
            builder.layout(process, layout(size), reading, state=state)
    return lambda _: ReplaySource(str(builder.path))


@pytest.fixture
def two(builder: RecordingBuilder) -> Opener:
    """Two processes, one of which ends after three ticks."""
    first, second = builder.process(77, "server"), builder.process(78, "worker")
    for tick in range(1, 7):
        builder.tick()
        builder.layout(first, layout(tick * MI))
        if tick < 4:
            builder.layout(second, layout(50 * MI))
        elif tick == 4:
            builder.reading(second, state=LayoutState.GONE)
            builder.end(second, tick)
    return lambda _: ReplaySource(str(builder.path))


BY_NAME = Question(process_id=1, by="name")


def position(screen: Screen) -> int:
    """The instant that is shown, from 1."""
    assert screen.app.snapshot is not None
    assert screen.app.snapshot.tick is not None
    return screen.app.snapshot.tick


def table(screen: Screen) -> Table:
    return screen.app.query_one(Table)


def test_first_picture(one: Opener) -> None:
    """A recording opens at its first instant, paused, with its figures, kinds and peak."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            assert position(screen) == 1
            header = screen.lines("header")
            assert header[0].startswith(" server (77) ")
            assert "PAUSED" in header[0]
            assert header[0].rstrip().endswith(f"1/{TICKS}")
            assert "PSS 11 MiB  RSS 22 MiB  USS 5.5 MiB  swap 2 MiB  VmHWM 2 MiB" in header[1]
            assert header[1].rstrip().endswith("exact")
            assert screen.names() == [
                "/usr/lib/libbig.so",
                "anonymous",
                "/usr/lib/libsmall.so",
                "heap",
            ]
            assert "sum of 4" in screen.lines("table")[-1]
            assert "peak 110 MiB at" in screen.lines("chart")[0]
            assert "library code 7 MiB" in screen.lines("legend")[0]

    go(story())


@pytest.mark.parametrize(
    ("keys", "tick"),
    [
        (["right"], 2),
        (["right", "right", "left"], 2),
        (["left"], 1),
        (["shift+right"], 3),
        (["shift+right", "shift+left"], 1),
        (["end"], TICKS),
        (["end", "right"], TICKS),
        (["end", "home"], 1),
        (["p"], PEAK),
        (["g", "5", "0", "%", "enter"], 20),
        (["g", "plus", "1", "2", "enter"], 13),
        (["g", "enter"], 1),
        (["g", "plus", "5", "escape"], 1),
    ],
    ids=str,
)
def test_going_through_time(one: Opener, keys: list[str], tick: int) -> None:
    """Arrows step, shift-arrows jump, home and end, p and g go where they say; never beyond."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            for key in keys:
                await screen.press(key)
            await screen.until(lambda: position(screen) == tick, f"tick {tick}")

    go(story())


def test_time_of_day(one: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time of day goes to the last instant at or before it; nonsense says what is understood."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("end")
            assert screen.app.snapshot is not None
            first = screen.app.snapshot.times[0]
            from memory_watcher.tui.paint import clock

            await screen.press("g", *clock(first + 4 * SECOND), "enter")
            await screen.until(lambda: position(screen) == 5, "the fifth tick")
            await screen.press("g", *"nonsense", "enter")
            prompt = screen.app.query_one("#prompt")
            assert "is not a time" in prompt.placeholder  # type: ignore[attr-defined]
            await screen.press("escape")
            assert not prompt.has_class("asking")
            assert position(screen) == 5

    go(story())


def test_playing(one: Opener) -> None:
    """Space plays to the end and stops there; + and - change how fast."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("plus", "plus", "plus", "minus")
            assert screen.app.rate == 20
            await screen.press(*["minus"] * 9)  # slow, lest it be at the end unseen
            await screen.press("space")
            assert screen.app.playing
            assert "▶ 0.5/s" in screen.lines("header")[0]
            assert "space pause" in screen.lines("footer")[0]
            await screen.press(*["plus"] * 8)
            assert screen.app.rate == 200
            await screen.until(lambda: not screen.app.playing, "the end")
            assert position(screen) == TICKS
            await screen.press(*["minus"] * 9)  # slow, lest it be at the end again unseen
            await screen.press("space")
            await screen.until(lambda: position(screen) < TICKS, "the start again")
            await screen.press("space")
            assert not screen.app.playing

    go(story())


def test_plays_at_once_at_a_rate(one: Opener) -> None:
    """With a rate it plays from the start; a step ends that."""

    async def story() -> None:
        async with shown(one, BY_NAME, rate=20) as screen:
            await screen.until(lambda: position(screen) > 1, "it to play")
            await screen.press("left")
            assert not screen.app.playing

    go(story())


def test_groupings(one: Opener) -> None:
    """1 to 4 group by kind, name, mapping and process; b goes through them."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("1")
            assert screen.names() == ["library code", "anonymous", "heap"]
            assert "KIND" in screen.lines("table")[0]
            await screen.press("3")
            assert any(name.startswith("7f0000000000 r-xp /") for name in screen.names())
            await screen.resize(140, 24)
            assert "7f0000000000-7f0000800000 r-xp /usr/lib/libbig.so" in screen.names()
            await screen.press("4")
            assert screen.names() == ["server (77)"]
            await screen.press("b")
            assert screen.app.question.by == "kind"
            await screen.press("2")
            assert "/usr/lib/libbig.so" in screen.names()

    go(story())


def test_figures(one: Opener) -> None:
    """The figure decides the chart, the bars and, where sorted by it, the order."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            for key, figure, title in (
                ("f", "rss", "RSS"),
                ("f", "uss", "USS"),
                ("f", "swap", "swap"),
                ("F", "uss", "USS"),
            ):
                await screen.press(key)
                assert screen.app.question.figure == figure
                assert screen.lines("chart")[0].split()[0] == title
                assert table(screen).order.key == figure
            await screen.press("f")
            assert screen.names()[0] == "anonymous"

    go(story())


def test_sorting(one: Opener) -> None:
    """S and S sort by the columns beside, r turns the order round; a click on a title sorts."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("r")
            assert screen.names()[-1] == "/usr/lib/libbig.so"
            assert "PSS▲" in screen.lines("table")[0]
            await screen.press("S")
            assert table(screen).order.key == "name"
            assert screen.names() == sorted(screen.names())
            for expected in ("pss", "rss", "uss", "swap", "mappings", "name"):
                await screen.press("s")
                assert table(screen).order.key == expected
            await screen.click("table", 79 - 8, 0)
            assert table(screen).order.key == "swap"
            await screen.click("table", 4, 0)
            assert table(screen).order.key == "name"

    go(story())


def test_filter(one: Opener) -> None:
    """What is typed after / leaves only rows with it; the sum is theirs; Esc drops it."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("slash", *"LIB")
            assert screen.names() == ["/usr/lib/libbig.so", "/usr/lib/libsmall.so"]
            await screen.press("enter", "right")
            assert position(screen) == 2
            assert screen.names() == ["/usr/lib/libbig.so", "/usr/lib/libsmall.so"]
            assert "sum of 2 with 'LIB'" in screen.lines("table")[-1]
            assert "7 MiB" in screen.lines("table")[-1]
            assert "/LIB" in screen.lines("footer")[0]
            await screen.press("escape")
            assert len(screen.names()) == 4
            await screen.press("slash", *"q[/]", "enter")
            assert any("nothing matches 'q[/]'" in line for line in screen.lines("table"))
            await screen.press("slash", "escape")
            assert len(screen.names()) == 4

    go(story())


def test_mark(one: Opener) -> None:
    """From a mark on, the table shows what changed, the most changed first; m again ends that."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("m", "p")
            first = screen.lines("table")[1]
            assert "heap" in first
            assert "+99 MiB" in first
            assert "29.0 s after the mark" in screen.lines("footer")[0]
            assert "◆" in screen.lines("chart")[-1]
            assert "▲" in screen.lines("chart")[-1]
            await screen.press("home")
            assert "+" not in screen.lines("table")[1]
            await screen.press("m")
            assert "CHANGE" not in screen.lines("table")[0]
            assert table(screen).order.key == "pss"

    go(story())


def test_what_is_gone_since_the_mark_is_shown(builder: RecordingBuilder) -> None:
    """A mapping of the mark that is no more stands there with what it lost."""
    process = builder.process(77, "server")
    builder.tick()
    builder.layout(process, layout(MI))
    builder.tick()
    builder.layout(process, layout(MI)[:2])

    async def story() -> None:
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME) as screen:
            await screen.press("m", "right")
            assert screen.names()[:2] == ["anonymous", "/usr/lib/libsmall.so"]
            assert "−3 MiB" in screen.lines("table")[1]

    go(story())


def test_torn_and_unread_are_said(one: Opener) -> None:
    """A torn layout and one that could not be read are named, and marked under the chart."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            assert "!" in screen.lines("chart")[-1]
            assert "·" in screen.lines("chart")[-1]
            await screen.press("g", *"+9", "enter")
            await screen.until(lambda: position(screen) == 10, "the torn one")
            assert screen.lines("header")[1].rstrip().endswith("torn")
            assert "Mappings moved while they were read" in screen.lines("footer")[0]
            await screen.press("g", *"+19", "enter")
            await screen.until(lambda: position(screen) == 20, "the refused one")
            assert screen.lines("header")[1].rstrip().endswith("no permission")
            assert "RSS 5 MiB" in screen.lines("header")[1]
            assert screen.names() == ["no mappings: The kernel refused to show the mappings."]

    go(story())


def test_only_cheap_figures(builder: RecordingBuilder) -> None:
    """Where only cheap figures were read, the layout before is shown, and that it is older."""
    process = builder.process(77, "server")
    builder.tick()
    builder.layout(process, layout(MI))
    builder.tick()
    builder.reading(process, Reading(resident=99 * MI))

    async def story() -> None:
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME) as screen:
            await screen.press("right")
            assert "heap" in screen.names()
            assert "not taken" in screen.lines("header")[1]
            assert "only the summary figures" in screen.lines("footer")[0]

    go(story())


def test_not_told_is_no_zero(builder: RecordingBuilder) -> None:
    """A figure that the kernel did not tell is a dash, a partial sum has a question mark."""
    process = builder.process(77, "server")
    builder.tick()
    old = mapping(0x1000, pathname="/a", inode=1), Usage(rss=MI)
    part = mapping(0x2000_0000, pathname="/b", inode=2), usage(MI)
    other = mapping(0x3000_0000, pathname="/b", inode=2), Usage(rss=MI)
    builder.layout(process, [old, part, other])

    async def story() -> None:
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME) as screen:
            rows = {line[2:4]: line for line in screen.lines("table")}
            assert rows["/a"].split()[2:5] == ["–", "1", "MiB?"]
            assert rows["/b"].split()[2:6] == ["1", "MiB?", "3", "MiB?"]

    go(story())


def figure_of(screen: Screen) -> str:
    """The figure that is shown."""
    return screen.app.question.figure


def test_huge_pages_and_what_was_freed_lazily(builder: RecordingBuilder) -> None:
    """They have columns where there are any, and only there; USS above RSS is so explained."""
    process = builder.process(77, "server")
    huge = usage(0)._replace(private_hugetlb=90 * MI, shared_hugetlb=10 * MI, lazy_free=0)
    heap = usage(8 * MI)._replace(shared_hugetlb=0, lazy_free=3 * MI)
    builder.tick()
    builder.layout(
        process,
        [
            (mapping(0x10_0000, 64 * MI, pathname="[heap]"), heap),
            (mapping(0x7F00_0000_0000, 128 * MI, "rw-s", "/SYSV00000000 (deleted)", inode=5), huge),
        ],
    )
    builder.tick()
    builder.layout(process, [(mapping(0x10_0000, 64 * MI, pathname="[heap]"), usage(MI))])

    async def story() -> None:
        source, size = (lambda _: ReplaySource(str(builder.path))), (110, 30)
        async with shown(source, BY_NAME, size=size) as screen:
            assert "USS 94 MiB" in screen.lines("header")[1]
            assert "hugetlb 100 MiB" in screen.lines("header")[1]
            lines = screen.lines("table")
            titles = lines[0].split()
            assert titles[titles.index("SWAP") + 1 :][:2] == ["HUGETLB", "LAZY"]
            (segment,) = [line for line in lines if "SYSV" in line]
            assert "100 MiB" in " ".join(segment.split())
            assert "100 MiB" in " ".join(lines[-1].split())
            assert "3 MiB" in " ".join(lines[-1].split())
            await screen.press("F")
            assert figure_of(screen) == "hugetlb"
            assert screen.lines("chart")[0].split()[0] == "hugetlb"
            assert "SYSV" in screen.names()[0], "sorted by it"
            await screen.press("F", "f", "f")
            assert figure_of(screen) == "pss", "and round again"
            await screen.press("right")
            assert not {"HUGETLB", "LAZY"} & set(screen.lines("table")[0].split())
            await screen.press("F")
            assert figure_of(screen) == "swap", "no choice where there are none"

    go(story())


def test_cursor_and_pages(builder: RecordingBuilder) -> None:
    """The cursor moves by rows and pages, stays with its row, and never leaves the table."""
    process = builder.process(77, "server")
    for tick in (1, 2):
        builder.tick()
        builder.layout(
            process,
            [
                (
                    mapping(0x1000_0000 * number, pathname=f"/file{number:03}", inode=number),
                    usage((number if tick == 1 else 200 - number) * MI),
                )
                for number in range(1, 101)
            ],
        )

    async def story() -> None:
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME) as screen:
            assert screen.names()[0] == "/file100"
            await screen.press("down", "j", "k")
            current = table(screen).current
            assert current is not None
            assert current.name == "/file099"
            await screen.press("right")
            current = table(screen).current
            assert current is not None
            assert current.name == "/file099"
            assert "/file099" in screen.names()
            await screen.press("pageup", "pageup", *["pageup"] * 10, "up")
            assert table(screen).cursor == 0
            await screen.press(*["pagedown"] * 20, "down")
            assert table(screen).cursor == 99
            assert screen.names()[-1] == "/file100"
            await screen.click("table", 5, 2)
            assert table(screen).cursor == 99 - len(screen.names()) + 2

    go(story())


def test_several_processes(two: Opener) -> None:
    """All processes stand in a table; Enter looks into one, Esc comes back."""

    async def story() -> None:
        async with shown(two, Question(by="process")) as screen:
            assert screen.names() == ["worker (78)", "server (77)"]
            assert "2 processes" in screen.lines("header")[1]
            assert "RSS" not in screen.lines("header")[1]
            await screen.press("enter")
            assert screen.lines("header")[0].startswith(" worker (78)")
            assert "heap" in screen.names()
            await screen.press("enter")
            await screen.press("escape")
            assert screen.names() == ["worker (78)", "server (77)"]
            await screen.press("down", "enter", "end")
            assert screen.lines("header")[0].startswith(" server (77)")
            await screen.press("escape")

    go(story())


def test_several_processes_over_time(two: Opener) -> None:
    """Who ended is gone from the table, and since a mark is said to have ended."""

    async def story() -> None:
        async with shown(two, Question(by="process"), size=(130, 30)) as screen:
            await screen.press("m", "end")
            assert screen.names() == ["worker (78)", "server (77)"]
            worker = screen.lines("table")[1]
            assert "ended" in worker
            assert "−60 MiB" in worker
            await screen.press("m", "m")
            assert screen.names() == ["server (77)"]

    go(story())


def test_groups_over_several_processes(two: Opener) -> None:
    """PSS of a group is added up over processes; RSS is not, and the chart says so."""

    async def story() -> None:
        async with shown(two, Question(by="name")) as screen:
            heap = next(line for line in screen.lines("table") if line[2:6] == "heap")
            assert heap.split()[2:5] == ["51", "MiB", "–"]
            await screen.press("f")
            assert screen.lines("chart")[0].split()[0] == "PSS"
            assert "RSS of several processes cannot be added up" in screen.lines("footer")[0]

    go(story())


HOSTILE = ["[bold red]x[/]", "a\x1b[31mred", "line\nbreak", "bad\udcff", "[/]", "日本語" * 20, ""]


def test_hostile_names(builder: RecordingBuilder) -> None:
    """Markup is text, controls are escaped, wide names keep the columns where they are."""
    process = builder.process(77, "[b]e\x1bvil")
    builder.tick()
    builder.layout(
        process,
        [
            (mapping(0x1000_0000 * place, pathname=name, inode=place), usage(place * MI))
            for place, name in enumerate(HOSTILE, start=1)
        ],
    )

    async def story() -> None:
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME) as screen:
            text = screen.text()
            assert " [b]e\\x1bvil (77)" in text
            for expected in ("[bold red]x[/]", "a\\x1b[31mred", "line\\x0abreak", "bad\\xff"):
                assert expected in screen.names()
            assert "\x1b" not in text
            ends = {_cells(line[: line.index("MiB")]) for line in screen.lines("table")[1:8]}
            assert len(ends) == 1
            await screen.press("slash", *"[/]", "enter")
            assert screen.names() == ["[/]", "[bold red]x[/]"]

    go(story())


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


@pytest.mark.parametrize("size", [(20, 8), (40, 12), (60, 16), (200, 60), (1, 1)])
def test_any_size(one: Opener, size: tuple[int, int]) -> None:
    """The screen can be of any size; every line is exactly as wide as it."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("m", "right")
            await screen.resize(*size)
            for part in ("header", "chart", "legend", "table", "footer"):
                assert {_cells(line) for line in screen.lines(part)} <= {size[0]}
            await screen.press("3", "p", "pagedown")
            await screen.resize(80, 24)
            assert "peak" in screen.text()

    go(story())


def test_wide_screens_show_more(one: Opener) -> None:
    """On a wide screen there are columns for the kind and the address space."""

    async def story() -> None:
        async with shown(one, BY_NAME, size=(140, 45)) as screen:
            titles = screen.lines("table")[0].split()
            assert titles == ["NAME", "KIND", "PSS▼", "RSS", "USS", "SWAP", "SIZE", "MAPS"]
            assert any("library" in line for line in screen.lines("table"))

    go(story())


def test_chart_click(one: Opener) -> None:
    """A click into the chart goes to that time."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.click("chart", 78, 4)
            await screen.until(lambda: position(screen) == TICKS, "the last one")
            await screen.click("chart", 9, 4)
            await screen.until(lambda: position(screen) == 1, "the first one")

    go(story())


def test_help_and_quit(one: Opener) -> None:
    """? tells every key; any of the usual keys closes it; q quits."""

    async def story() -> None:
        async with shown(one, BY_NAME) as screen:
            await screen.press("question_mark")
            assert len(screen.app.screen_stack) == 2
            await screen.press("escape")
            assert len(screen.app.screen_stack) == 1
            await screen._pilot.press("q")
            await screen.until(lambda: not screen.app.is_running, "the end")

    go(story())


def test_empty_recording(builder: RecordingBuilder) -> None:
    """A recording without a single instant says so, and keys do no harm."""
    builder.run()

    async def story() -> None:
        async with shown(lambda _: ReplaySource(str(builder.path)), Question()) as screen:
            assert "nothing recorded" in screen.lines("header")[0]
            for key in ("space", "right", "p", "m", "end", "1", "f"):
                await screen._pilot.press(key)
            await screen._pilot.press("g", "5", "enter")

    go(story())


def test_the_peak_survives_a_narrow_chart(builder: RecordingBuilder) -> None:
    """However many instants a column stands for, the peak is its height."""
    process = builder.process(77, "server")
    for tick in range(1, 301):
        builder.tick()
        builder.layout(process, [(mapping(0x1000), usage((64 if tick == 177 else 1) * MI))])

    async def story() -> None:
        def opener(_: object) -> ReplaySource:
            return ReplaySource(str(builder.path))

        async with shown(opener, BY_NAME, size=(40, 20)) as screen:
            assert screen.app.snapshot is not None
            chart = screen.app.snapshot.chart
            assert chart is not None
            assert max(total or 0 for total in chart.totals) == 64 * MI
            assert chart.peak == (177, START + 176 * SECOND, 64 * MI)
            await screen.press("p")
            assert position(screen) == 177

    go(story())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            Usage(rss=8 * MI, private_clean=0, private_dirty=MI),
            ("peak 8 MiB at", "the kernel reports no PSS; RSS is shown"),
        ),
        (Usage(pss=5 * MI), ("peak 5 MiB at", "heap")),
    ],
    ids=["2.6.18", "WSL 1"],
)
def test_figure_that_the_kernel_lacks(
    builder: RecordingBuilder, told: Usage, expected: tuple[str, ...]
) -> None:
    """Where the kernel reports no PSS, the best figure there is stands for it, and that is said.

    A figure that the user chooses is shown whatever it is.
    """
    process = builder.process(7, "old")
    for _ in range(3):
        builder.tick()
        builder.layout(process, [(mapping(0x10_0000, 64 * MI, pathname="[heap]"), told)])

    async def story() -> None:
        opener: Opener = lambda _: ReplaySource(str(builder.path))  # noqa: E731
        async with shown(opener, Question(process_id=1)) as screen:
            await screen.until(lambda: screen.is_settled and expected[0] in screen.text(), "figure")
            for part in expected:
                assert part in screen.text()
            figure = screen.app.question.figure
            await screen.press("f")
            assert screen.app.question.figure != figure
            assert "is shown" not in screen.text()

    go(story())


def test_a_control_group(builder: RecordingBuilder) -> None:
    """Beside its process: its memory in use, the limit, and what no process need map."""
    process = builder.process(77, "server")
    builder.execute("UPDATE processes SET cgroup = '0::/a.service'")
    for _ in range(2):
        builder.tick()
        builder.layout(process, layout(MI))
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/a.service')")
    names = ("current", "max", "stat.anon", "stat.file", "stat.shmem")
    for number, (name, size) in enumerate(zip(names, (300, 512, 50, 200, 80), strict=True)):
        builder.execute("INSERT INTO cgroup_fields VALUES (?, ?)", number, name)
        builder.execute("INSERT INTO cgroup_readings VALUES (1, ?, 1, ?)", number, size * MI)

    async def story() -> None:
        size = (140, 24)
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME, size=size) as screen:
            header = screen.lines("header")[1]
            assert "cgroup 300 MiB of 512 MiB  page cache 120 MiB  tmpfs 80 MiB" in header
            # Far above its process, it would press that flat: only the legend tells it.
            assert "━" not in "".join(screen.lines("chart"))
            assert "━ cgroup 300 MiB  ┅ limit 512 MiB" in screen.lines("legend")[0]

    go(story())


def test_a_control_group_near_its_process(builder: RecordingBuilder) -> None:
    """Its memory and the limit are lines in the chart at their heights; beside swap there are none.

    The limit is that of a cgroup above, and the legend says so.
    """
    process = builder.process(77, "server")
    builder.execute("UPDATE processes SET cgroup = '0::/pod/a.service'")
    for _ in range(2):
        builder.tick()
        builder.layout(process, layout(200 * MI))
    builder.execute("INSERT INTO cgroups VALUES (1, 2, '/pod/a.service')")
    figures = {"current": 300 * MI, "max": -1, "above.max": 400 * MI, "above.max_levels": 1}
    for number, (name, size) in enumerate(figures.items()):
        builder.execute("INSERT INTO cgroup_fields VALUES (?, ?)", number, name)
        builder.execute("INSERT INTO cgroup_readings VALUES (1, ?, 1, ?)", number, size)

    async def story() -> None:
        size = (100, 40)
        async with shown(lambda _: ReplaySource(str(builder.path)), BY_NAME, size=size) as screen:
            chart = screen.lines("chart")
            (current,) = (number for number, text in enumerate(chart) if "━" in text)
            (limit,) = (number for number, text in enumerate(chart) if "┅" in text)
            full = next(number for number, text in enumerate(chart) if "█" in text)
            assert limit < current < full
            assert chart[current].count("━") == screen.app.question.columns
            assert "━ cgroup 300 MiB  ┅ limit above it 400 MiB" in screen.lines("legend")[0]
            while screen.app.question.figure != "swap":
                await screen.press("f")
            assert "━" not in screen.text()

    go(story())
