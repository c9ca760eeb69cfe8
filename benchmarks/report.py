"""What a report of a long recording costs: to build, to send, to open, and to move over."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from .commands import console_script, median_wall
from .timeline import write_long_recording

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
#: From the start of the navigation until what is ready has been painted.
_LOADED = """
() => new Promise(done => {
  const painted = () => requestAnimationFrame(() => setTimeout(() => done(performance.now())))
  const wait = () => 'ready' in document.documentElement.dataset ? painted() : setTimeout(wait, 2)
  wait()
})
"""
#: From a movement of the pointer until the figures that it changed have been painted.
_HOVERED = """
share => new Promise(done => {
  const over = document.querySelector('.timeline .u-over')
  const box = over.getBoundingClientRect()
  const begin = performance.now()
  over.dispatchEvent(new MouseEvent('mousemove', {
    bubbles: true, clientX: box.left + box.width * share, clientY: box.top + 100,
  }))
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)))
})
"""


class ReportCost(NamedTuple):
    """Wall time of the whole command in seconds, and the size of what it wrote in bytes."""

    build_seconds: float
    size: int


class PageCost(NamedTuple):
    """In headless Chromium: seconds until the page is painted, milliseconds of a slow hover."""

    load_seconds: float
    hover_ms: float
    groups: int


def report_cost(recording: str, page: str, runs: int = 5) -> ReportCost:
    """Write the report of a recording some times; the median."""
    command = [console_script("memory-watcher"), "report", recording, "-o", page]
    return ReportCost(median_wall(command, runs), os.path.getsize(page))


def page_cost(page: str, runs: int = 5) -> PageCost | None:
    """Open a report some times and move the pointer over it; None without a Chromium.

    The load is the median, the hover the slowest of 50 in the median run.
    """
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        return None
    loads, hovers, groups = [], [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=_FLAGS)
        for _ in range(runs):
            context = browser.new_context(offline=True, viewport={"width": 1500, "height": 1000})
            tab = context.new_page()
            tab.goto(Path(page).as_uri(), wait_until="commit")
            loads.append(tab.evaluate(_LOADED) / 1000)
            tab.evaluate(_HOVERED, 0.5)
            hovers.append(max(tab.evaluate(_HOVERED, step / 50) for step in range(50)))
            groups = tab.locator(".legend .groups button").count()
            context.close()
        browser.close()
    return PageCost(statistics.median(loads), statistics.median(hovers), groups)


def main() -> None:
    """Print it for a recording that is written for it."""
    with tempfile.TemporaryDirectory() as folder:
        path, page = os.path.join(folder, "long.db"), os.path.join(folder, "long.html")
        write_long_recording(path)
        cost = report_cost(path, page)
        print(f"report: {cost.build_seconds:.2f} s (bar 5), {cost.size / 1e6:.2f} MB (bar 3)")
        shown = page_cost(page)
        if shown is None:
            print("there is no Chromium here")
            return
        print(
            f"page: painted after {shown.load_seconds:.2f} s (bar 1), slowest hover"
            f" {shown.hover_ms:.0f} ms (bar 100), {shown.groups} groups"
        )


if __name__ == "__main__":
    main()
