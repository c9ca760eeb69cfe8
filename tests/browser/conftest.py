"""A real browser, and pages that must not ask for anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from memory_watcher.report import write_report
from memory_watcher.store.recording import Recording

from . import stories

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]


# For a module only: while it is open, this thread has a running event loop, which tests of asyncio
# elsewhere would stumble over.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; skipped where there is none, but in CI that is a failure."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "there is no Chromium on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Report:
    """One report in the browser: what it said, and what it asked for."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        self.own = path.as_uri()

    def plot_point(self, share: float, height: float = 0.5) -> tuple[float, float]:
        """A point of the plot, as shares of its width and height."""
        box = self.page.locator(".timeline .u-over").bounding_box()
        assert box is not None
        return box["x"] + box["width"] * share, box["y"] + box["height"] * height

    def hover(self, share: float) -> int:
        """Move the pointer there; returns the position of the tick that is shown."""
        self.page.mouse.move(*self.plot_point(share))
        return int(self.page.locator(".legend").get_attribute("data-tick") or -1)

    def groups(self) -> dict[str, int]:
        """What the legend shows: bytes of each group by its name."""
        found = self.page.eval_on_selector_all(
            ".legend .groups button",
            "all => all.map(e => [e.querySelector('.name').textContent, +e.dataset.bytes])",
        )
        return {name: int(size) for name, size in found}

    def total(self) -> int:
        """The total that the legend shows, in bytes."""
        return int((self.page.locator(".legend .total").get_attribute("title") or "").split()[0])

    def column(self, panel: str, name: str) -> list[str]:
        """The cells of a column of a table, top down; digits are not grouped."""
        cells = self.page.locator(f"#panel-{panel} tbody td[data-column='{name}']")
        return [
            cell.replace("\u202f", "").replace("−", "-").removeprefix("+")
            for cell in cells.all_text_contents()
        ]

    def tab(self, name: str) -> None:
        """Bring a panel to the front; tables have their rows when they have been given a size."""
        self.page.click(f"#tab-{name}")
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def visible_span(self) -> str:
        """The labels of the time axis stand for what is visible."""
        return self.page.locator("#panel-growth .about").text_content() or ""


class Opener:
    """Opens reports; at the end none may have complained or asked for anything."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.reports: list[Report] = []

    def __call__(
        self, path: Path, scheme: Literal["light", "dark"] = "light", width: int = 1400
    ) -> Report:
        context = self._browser.new_context(
            offline=True, color_scheme=scheme, viewport={"width": width, "height": 1000}
        )
        report = Report(context.new_page(), path)
        self.reports.append(report)
        return report

    def close(self) -> None:
        for report in self.reports:
            report.page.context.close()


@pytest.fixture
def open_report(browser: Browser) -> Iterator[Opener]:
    """Open a report from file:// with the network off."""
    opener = Opener(browser)
    yield opener
    opener.close()
    for report in opener.reports:
        assert report.said == []
        assert {url for url in report.asked if not url.startswith("data:")} == {report.own}


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of one process."""
    return stories.one_process(tmp_path_factory.mktemp("one") / "one.db")


@pytest.fixture(scope="session")
def recorded_family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of several processes."""
    return stories.family(tmp_path_factory.mktemp("family") / "family.db")


def report_of(recording: Path) -> Path:
    """Write a report beside its recording."""
    path = recording.with_suffix(".html")
    with Recording(recording) as opened:
        write_report(opened, str(path))
    return path


@pytest.fixture
def report(recorded: Path, open_report: Opener) -> Report:
    """The report of one process, open."""
    return open_report(report_of(recorded))


@pytest.fixture
def family_report(recorded_family: Path, open_report: Opener) -> Report:
    """The report of several processes, open."""
    return open_report(report_of(recorded_family))
