"""Groups of processes in the terminal UI: folded where the list is long, with sums of a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.model import Rollup, Usage
from memory_watcher.render.colours import Shades
from memory_watcher.tui.folding import LONG, fold, group_of, is_long
from memory_watcher.tui.replay import ReplaySource
from memory_watcher.tui.view import Question, Row, Sizes
from tests.recordings import MI, RecordingBuilder, mapping

from .screens import go, shown

RENDERERS = 30
WIDE = (120, 50)


def usage(size: int) -> Usage:
    return Usage(rss=size, pss=size, private_clean=0, private_dirty=size, swap=0, swap_pss=0)


def row(number: int, group: str, pss: int | None, before: int | None = None) -> Row:
    def part(size: int | None) -> Sizes | None:
        return None if size is None else Sizes(pss=size, uss=size // 2)

    sizes = Sizes(pss=999, rss=999)  # of another moment, say
    return Row(
        *(
            f"process {number}",
            f"{group} ({number})",
            "",
            Shades("#123456", "#123456"),
            sizes,
            4096,
            7,
        ),
        before=None if before is None else sizes,
        opens=number,
        group=group,
        part=part(pss),
        part_before=part(before),
    )


def test_a_group_has_what_its_members_have_at_the_pass() -> None:
    """Never what one had at another moment; RSS and address space are not added up."""
    single, group = fold([row(1, "a", 5), row(2, "b", 10), row(3, "b", 20)], ())
    assert single == row(1, "a", 5)
    assert (group.name, group.sizes) == ("b ×2", Sizes(pss=30, uss=15))
    assert (group.address_space, group.mappings, group.opens) == (None, None, None)
    assert (group_of(group), group_of(single)) == ("b", None)
    assert not group.lacking


def test_members_that_are_not_of_the_pass_are_missing() -> None:
    """The sum is of those that are, and marked; without any there is none."""
    (some,) = fold([row(1, "a", 5), row(2, "a", None)], ())
    assert (some.sizes.pss, some.lacking) == (5, True)
    (none,) = fold([row(1, "a", None), row(2, "a", None)], ())
    assert none.sizes == Sizes()


def test_changes_of_a_group() -> None:
    """They are of two passes."""
    (group,) = fold([row(1, "a", 5, 1), row(2, "a", 8, 2)], ())
    assert group.before == Sizes(pss=3, uss=1)
    assert group.change("pss") == 10


def test_unfolded_groups_stay_as_they_are() -> None:
    """One can be looked into while the others stay folded."""
    rows = [row(1, "a", 1), row(2, "a", 2), row(3, "b", 3), row(4, "b", 4)]
    assert [each.name for each in fold(rows, {"a"})] == ["a (1)", "a (2)", "b ×2"]


@pytest.mark.parametrize(
    ("rows", "long"),
    [
        ([row(number, "a", 1) for number in range(LONG)], False),
        ([row(number, "a", 1) for number in range(LONG + 1)], True),
        ([row(number, f"a {number}", 1) for number in range(LONG + 1)], False),
        ([row(number, "a", None) for number in range(LONG + 1)], False),
    ],
    ids=["short", "long", "all differ", "no pass"],
)
def test_which_lists_begin_folded(rows: list[Row], long: bool) -> None:
    """Those that are long, where some do the same, and their sums are known."""
    assert is_long(rows) == long


@pytest.fixture(name="browser")
def recording(tmp_path: Path) -> Path:
    """A browser and its renderers, of 1 to 30 MiB; at tick 2 without a pass all have grown."""
    builder = RecordingBuilder(tmp_path / "browser.db")
    processes = []
    for number in range(RENDERERS + 1):
        process = builder.process(100 + number, "shop")
        kind = f" --type=renderer --client-id={number}" if number else ""
        builder.command_line(process, f"shop{kind}")
        processes.append(process)
    for tick in range(2):
        builder.tick()
        for number, process in enumerate(processes):
            size = (number or 100) * MI
            builder.layout(process, [(mapping(0x1000, pathname="[heap]"), usage(size << tick))])
        if not tick:
            builder.take_pass(
                {
                    process: Rollup((number or 100) * MI, (number or 100) * MI, MI, 0)
                    for number, process in enumerate(processes)
                }
            )
    builder.end_run()
    return builder.close()


def test_on_the_screen(browser: Path) -> None:
    """A long list begins folded; z and Enter unfold, z folds again; the filter's sum stays."""
    total = sum(range(1, RENDERERS + 1))

    async def story() -> None:
        question = Question(by="process", tick=2)
        async with shown(lambda _: ReplaySource(str(browser)), question, size=WIDE) as screen:
            first, second = screen.names()
            assert "renderer ×30" in first
            assert second.startswith("shop")
            assert f"{total} MiB" in screen.lines("table")[1]  # and not what they had at tick 2
            await screen.press("z")
            assert len(screen.names()) > 20
            await screen.press("z")
            assert len(screen.names()) == 2
            await screen.press("enter")
            assert screen.app.question.process_id is None
            assert not any("×" in name for name in screen.names())
            await screen.press("z")
            await screen.press("slash", *"renderer", "enter")
            assert len(screen.names()) == 1
            last = screen.lines("table")[-1]
            assert "sum of 30 with" in last
            assert f"{total} MiB" in last

    go(story())
