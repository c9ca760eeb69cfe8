"""The screen of a live source: following, freezing, marking, and what ends it."""

from __future__ import annotations

import re
from functools import partial

import pytest

from memory_watcher.errors import CannotWrite
from memory_watcher.model import Reading
from memory_watcher.record import notices
from memory_watcher.tui.app import WatchApp
from memory_watcher.tui.keys import KEYS, MORE_BINDINGS, keys_for
from memory_watcher.tui.view import Question
from memory_watcher.units import MILLISECOND
from tests.recordings import MI

from .screens import FakeLive, Screen, go, shown


def size(screen: Screen) -> int:
    """The heap that is shown, MiB."""
    assert screen.app.snapshot is not None
    return (screen.app.snapshot.rows[0].sizes.pss or 0) // MI


def is_shown(screen: Screen, heap: int) -> bool:
    return size(screen) == heap


def test_follows_what_comes() -> None:
    """Each new instant is shown as soon as it is there."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            assert "● LIVE" in screen.lines("header")[0]
            for expected in (6, 7, 8):
                source.tick()
                await screen.until(partial(is_shown, screen, expected), "the next")
            assert "▲" not in screen.lines("chart")[-1]
        assert source.closed

    go(story())


def test_one_of_each_is_said_as_one() -> None:
    """No `1 threads`."""

    async def story() -> None:
        source = FakeLive()
        source.changes = {"reading": Reading(threads=1, minor_faults=1, major_faults=0)}
        async with shown(source.open, Question(), live=True) as screen:
            header = screen.lines("header")[1]
            assert re.findall(r"\b1 [a-z]+", header) == ["1 mapping", "1 thread", "1 fault"]

    go(story())


def test_freezing() -> None:
    """Space holds the moment while the history goes on; space again follows."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            await screen.press("space")
            assert "FROZEN" in screen.lines("header")[0]
            assert "space go on" in screen.lines("footer")[0]
            source.tick()
            await screen.until(lambda: len(screen.app.snapshot.ticks) == 6, "the new instant")  # type: ignore[union-attr]
            assert size(screen) == 5
            assert "▲" in screen.lines("chart")[-1]
            await screen.press("space")
            await screen.until(lambda: size(screen) == 6, "what is now")
            assert "LIVE" in screen.lines("header")[0]

    go(story())


def test_going_back() -> None:
    """Arrows go back in time, which freezes; End is back to what is now; p to the peak."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            await screen.press("left")
            await screen.press("left")
            assert size(screen) == 3
            assert "FROZEN" in screen.lines("header")[0]
            await screen.press("home")
            assert size(screen) == 1
            await screen.press("p")
            assert size(screen) == 5
            await screen.press("end")
            assert "LIVE" in screen.lines("header")[0]

    go(story())


def test_marking_while_it_goes_on() -> None:
    """The difference since the mark grows with each instant."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            await screen.press("m")
            source.tick()
            source.tick()
            await screen.until(lambda: size(screen) == 7, "two more")
            assert "+2 MiB" in screen.lines("table")[1]
            assert "2.0 s after the mark" in screen.lines("footer")[0]

    go(story())


def test_the_end_is_told() -> None:
    """When nothing more comes, the last picture stays and says so."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            source.changes = {"ended": True}
            source.wake()
            await screen.until(lambda: "ENDED" in screen.lines("header")[0], "the end")
            assert size(screen) == 5

    go(story())


def test_an_error_ends_it() -> None:
    """What goes wrong in the source ends the application and is raised, to be told in a line."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            source.error = CannotWrite("disk full")
            source.wake()
            await screen.until(lambda: not screen.app.is_running, "the end")

    with pytest.raises(CannotWrite, match="disk full"):
        go(story())


def test_an_error_at_opening_is_raised() -> None:
    """What cannot be opened never shows a screen."""

    def opener(_: object) -> FakeLive:
        raise CannotWrite("no such folder")

    async def story() -> None:
        async with shown(opener, Question(), live=True):
            raise AssertionError("a screen was shown")

    with pytest.raises(CannotWrite, match="no such folder"):
        go(story())


def test_every_key_is_bound_and_explained() -> None:
    """Each key of the help does something in the application, and each action has a meaning."""
    actions = {key.action for key in KEYS} | {action for _, action in MORE_BINDINGS}
    for action in filter(None, actions):
        assert hasattr(WatchApp, f"action_{action.split('(')[0]}"), action
    assert all(key.meaning for key in KEYS)
    for live in (True, False):
        shown_keys = [key.shown for key in keys_for(live)]
        assert len(shown_keys) == len(set(shown_keys))


def test_bottom_line_is_never_too_long() -> None:
    """The keys at the bottom are as many as there is room for, the most needed ones first."""

    async def story() -> None:
        source = FakeLive()
        async with shown(source.open, Question(), live=True) as screen:
            for width in (30, 50, 70, 100, 140):
                await screen.resize(width, 24)
                line = screen.lines("footer")[0]
                assert len(line) == width
                assert "? help  q quit" in line
            assert "s sort" in screen.lines("footer")[0]

    go(story())


#: As the recorder says it.
LONG = str(notices.NoSecondLayout(4711, 30 * MILLISECOND, 0.1))


@pytest.mark.parametrize("size", [(80, 24), (50, 40), (120, 16), (80, 12), (40, 13)])
def test_a_long_note_leaves_the_keys_where_they_are(size: tuple[int, int]) -> None:
    """It has lines of its own above them, on a low screen its beginning beside them."""

    async def story() -> None:
        source = FakeLive()
        source.changes = {"notes": (LONG,)}
        async with shown(source.open, Question(), live=True, size=size) as screen:
            await screen.until(lambda: "process 4711" in screen.text(), "the note")
            *above, keys = screen.lines("footer")
            assert "? help  q quit" in keys
            assert all(len(line) == size[0] for line in (*above, keys))
            assert bool(above) == (size[1] >= 16)
            noted = " ".join(line.strip() for line in above)
            assert noted == LONG or "…" in noted + keys
            assert (noted == LONG) == (size in [(80, 24)])
            assert screen.app.query_one("#footer").region.bottom == size[1]

    go(story())


def test_lines_for_notes_go_with_them() -> None:
    """The table has its room back."""

    async def story() -> None:
        source = FakeLive()
        source.changes = {"notes": (LONG,)}
        async with shown(source.open, Question(), live=True) as screen:
            await screen.until(lambda: len(screen.lines("footer")) == 3, "lines for the note")
            rows = len(screen.lines("table"))
            source.changes = {"notes": ("a short one",)}
            source.tick()
            await screen.until(lambda: len(screen.lines("footer")) == 1, "one line again")
            await screen.until(lambda: len(screen.lines("table")) == rows + 2, "more rows")
            assert "a short one  space freeze" in screen.lines("footer")[0]

    go(story())
