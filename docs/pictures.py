"""Make the pictures of README.md and docs/formats.md, from a recording of the example program.

    python docs/pictures.py           write docs/images/report.png, chart.png, table.png and tui.png

The example is recorded as README.md says, in a temporary folder, so that no path of this machine
is in the pictures; they show what the commands show. It takes a quarter of a minute, and Chromium.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from memory_watcher.tui.app import WatchApp
from memory_watcher.tui.replay import ReplaySource
from memory_watcher.tui.view import Question
from memory_watcher.tui.worker import Worker

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
EXAMPLE = Path("examples") / "grow_free_spike.py"
#: The system's own: the paths of its libraries are in the pictures.
PYTHON = "/usr/bin/python3"
RECORDING = "demo.db"

REPORT_SIZE = (1200, 800)
CHART_SIZE = (1200, 600)
TABLE_SIZE = (900, 330)
TERMINAL_SIZE = (110, 32)  # columns and lines
TUI_WIDTH = 1200  # pixels
LARGEST = 250_000  # bytes of a picture
PATIENCE = 30.0


def command(name: str, *arguments: str, folder: Path) -> None:
    """Run a command of the package that this interpreter has."""
    program = Path(sys.executable).parent / "memory-watcher"
    subprocess.run([str(program), name, *arguments], cwd=folder, check=True)


def record(folder: Path) -> None:
    """Record the example, as README.md says."""
    (folder / EXAMPLE.parent).mkdir()
    shutil.copy(ROOT / EXAMPLE, folder / EXAMPLE)
    launched = ("--", PYTHON, str(EXAMPLE))
    command("record", "--period", "100ms", "--output", RECORDING, *launched, folder=folder)


def picture_report(browser: Browser, folder: Path) -> None:
    """The report as it opens."""
    command("report", RECORDING, "-o", "demo.html", folder=folder)
    page = browser.new_page(
        offline=True, viewport={"width": REPORT_SIZE[0], "height": REPORT_SIZE[1]}
    )
    page.goto((folder / "demo.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    page.screenshot(path=IMAGES / "report.png")
    page.close()


def picture_table(browser: Browser, folder: Path) -> None:
    """The table of the peak that `memory-watcher export html` writes, as a browser shows it."""
    command("export", "html", RECORDING, "-o", "table.html", folder=folder)
    page = browser.new_page(
        offline=True, viewport={"width": TABLE_SIZE[0], "height": TABLE_SIZE[1]}
    )
    page.goto((folder / "table.html").as_uri())
    page.screenshot(path=IMAGES / "table.png")
    page.close()


def picture_chart(folder: Path) -> None:
    """The chart as `memory-watcher chart` writes it."""
    width, height = (str(pixels) for pixels in CHART_SIZE)
    size = ("--width", width, "--height", height)
    command("chart", RECORDING, "-o", "chart.png", *size, folder=folder)
    shutil.copyfile(folder / "chart.png", IMAGES / "chart.png")


def picture_tui(browser: Browser, screen: str) -> None:
    """The terminal's screen, drawn by the browser, with the fonts of this machine."""
    page = browser.new_page(offline=True, viewport={"width": TUI_WIDTH, "height": TUI_WIDTH})
    # A font a little larger than textual's closes the gaps between blocks that touch in a terminal.
    style = (
        "body { margin: 0 } svg { display: block; width: 100vw; height: auto }"
        'svg text { font-family: "DejaVu Sans Mono", monospace !important }'
        "svg g[class$=-matrix] { font-size: 21px !important }"
    )
    page.set_content(f"<style>{style}</style>{screen}")
    page.locator("svg").first.screenshot(path=IMAGES / "tui.png")
    page.close()


async def _screen(recording: str) -> str:
    """`memory-replay` at the peak, with the change since a fifth of the history, as SVG."""
    question = Question(process_id=1, by="name")
    worker = Worker(lambda _: ReplaySource(recording), question)
    worker.open()
    app = WatchApp(worker, question, live=False)
    try:
        async with app.run_test(size=TERMINAL_SIZE) as pilot:
            await _settle(app)
            for key in ("home", *["shift+right"] * 4, "m", "p"):
                await pilot.press(key)
                await pilot.pause()
                await _settle(app)
            await pilot.pause()
            return app.export_screenshot(title="memory-replay demo.db")
    finally:
        worker.close()


async def _settle(app: WatchApp) -> None:
    """Wait until all that was asked for is on the screen."""
    deadline = time.monotonic() + PATIENCE
    while (
        app.snapshot is None or app.snapshot.question != app.question or app.snapshot.chart is None
    ):
        if time.monotonic() > deadline:
            raise TimeoutError("the terminal UI does not answer")
        await asyncio.sleep(0.01)


def main() -> int:
    """Make all of them; tells why if one cannot be made."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("docs/pictures.py: there is no Chromium; the pictures stay", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder)
        picture_chart(folder)
        # Outside of playwright's block: while it is open, this thread has a running event loop.
        svg = asyncio.run(_screen(str(folder / RECORDING)))
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=chromium, args=flags)
            picture_report(browser, folder)
            picture_table(browser, folder)
            picture_tui(browser, svg)
            browser.close()
    too_large = [path.name for path in IMAGES.glob("*.png") if path.stat().st_size > LARGEST]
    if too_large:
        print(f"larger than {LARGEST:,} bytes: {', '.join(too_large)}", file=sys.stderr)
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
