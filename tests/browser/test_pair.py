"""The page of two recordings, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_watcher.answers.diff import At
from memory_watcher.report.pair import write_pair_report
from memory_watcher.store.recording import Recording
from tests.recordings import MI

from . import stories
from .conftest import Opener, Report


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the two recordings of stories.pair."""
    folder = tmp_path_factory.mktemp("pair")
    before, after = stories.pair(folder)
    with Recording(before) as one, Recording(after) as other:
        write_pair_report(At(one), At(other), str(folder / "pair.html"), 0)
    return folder / "pair.html"


@pytest.fixture(name="shown")
def open_pair(path: Path, open_report: Opener) -> Report:
    return open_report(path)


def cells(shown: Report, name: str) -> list[str]:
    found = shown.page.locator(f"section.tabs tbody td[data-column='{name}']").all_text_contents()
    return [cell.replace("\u202f", "").replace("−", "-") for cell in found]


def total(shown: Report, side: str) -> int:
    """What a legend says, MiB."""
    title = shown.page.locator(f"#side-{side} .legend .total").get_attribute("title") or ""
    return int(title.split()[0]) // MI


def pin(shown: Report, side: str) -> float:
    """How far a marker is along its plot, from 0 to 1."""
    box = shown.page.locator(f"#side-{side} .u-over").bounding_box()
    mark = shown.page.locator(f"#side-{side} .pin").bounding_box()
    assert box is not None
    assert mark is not None
    return (mark["x"] + 1 - box["x"]) / box["width"]


def click(shown: Report, side: str, share: float) -> None:
    box = shown.page.locator(f"#side-{side} .u-over").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * share, box["y"] + box["height"] / 2
    shown.page.mouse.move(x, y)
    shown.page.mouse.click(x, y)
    shown.page.mouse.move(5, 5)


def test_the_peaks_are_shown_first(shown: Report) -> None:
    """Markers, legends and table stand at the two peaks; the biggest change is first."""
    assert shown.page.locator("h1").text_content() == "before.db → after.db"
    assert "56 MiB → 45 MiB (−11 MiB)" in (
        shown.page.locator("section.tabs h2").text_content() or ""
    )
    assert (total(shown, "A"), total(shown, "B")) == (56, 45)
    assert cells(shown, "change") == ["-20480", "+8192", "+1024", "0"]
    assert cells(shown, "name") == [
        "heap",
        "libx.so.1.2 → 1.3",
        stories.HOSTILE[1],
        "unchanged (1)",
    ]
    assert cells(shown, "match") == ["by kind", "other version", "only after", ""]
    assert cells(shown, "before") == ["51200", "4096", "0", "2048"]
    about = shown.page.locator("section.tabs .about").text_content() or ""
    assert "A: before.db, peak (" in about
    assert "fire<fox> (200), measurement 3" in about
    assert "Matched by: " in about
    # 40 s are shown of either: the peaks are at 13 s and 2 s.
    assert pin(shown, "A") == pytest.approx(13 / 40, abs=0.01)
    assert pin(shown, "B") == pytest.approx(2 / 40, abs=0.01)


def test_a_click_shows_the_nearest_pair(shown: Report) -> None:
    """Both markers go to the pair, whichever timeline was clicked; arrows go to the next."""
    click(shown, "B", 19.2 / 40)
    said = shown.page.locator(".pins .shown").text_content()
    assert said in {"the end of each", "19.0 s after each start"}
    shown.page.click("[data-pair=end]")
    assert (total(shown, "A"), total(shown, "B")) == (26, 29)
    shown.page.click("[data-pair=start]")
    assert (total(shown, "A"), total(shown, "B")) == (16, 25)
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("ArrowRight")
    click(shown, "A", 8 / 40)
    assert pin(shown, "A") == pytest.approx(pin(shown, "B"), abs=0.03)
    assert (total(shown, "A"), total(shown, "B")) == (16, 29)


def test_aligned_by_time(shown: Report) -> None:
    """The second began a minute later and lasted 20 s: by time 80 s are shown of either."""
    shown.page.click("[data-align=time]")
    assert pin(shown, "A") == pytest.approx(13 / 80, abs=0.01)
    assert pin(shown, "B") == pytest.approx(62 / 80, abs=0.01)
    shown.page.keyboard.press("a")
    assert pin(shown, "A") == pytest.approx(13 / 40, abs=0.01)


def test_one_scale(shown: Report) -> None:
    """50 MiB are equally high in both, though only one comes to them."""
    heights = shown.page.evaluate(
        """() => [...document.querySelectorAll('.overlay .peak')].map(
             mark => mark.offsetTop / mark.parentElement.clientHeight)"""
    )
    from_below = [1 - height for height in heights]
    assert from_below[0] / from_below[1] == pytest.approx(56 / 45, rel=0.03)


def test_figures_and_groupings(shown: Report) -> None:
    """Other figures and groupings show their own tables, filtered by words."""
    shown.page.keyboard.press("k")
    assert cells(shown, "name") == ["heap", "file"]
    assert cells(shown, "change") == ["-20480", "+9216"]
    shown.page.keyboard.press("n")
    shown.page.keyboard.press("2")
    assert (shown.page.locator("section.tabs h2").text_content() or "").startswith(
        "RSS at the peak"
    )
    shown.page.fill("input[type=search]", "libx")
    assert cells(shown, "change") == ["+8192"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_stay_text(path: Path, open_report: Opener, scheme: str) -> None:
    """No name became markup or ran, in either theme; a narrow window has no scroll bar below."""
    shown = open_report(path, scheme, 500)  # type: ignore[arg-type]
    assert shown.page.evaluate("window.hacked") is None
    assert shown.page.locator("img").count() == 0
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 500
    shown.page.keyboard.press("t")
    shown.page.keyboard.press("?")
    assert "nearest" in (shown.page.locator("dialog").text_content() or "")
