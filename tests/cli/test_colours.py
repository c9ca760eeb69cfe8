"""NO_COLOR, and the colours for dark and for light terminals, as a terminal gets them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memory_watcher.model import Usage

from ..programs import run
from ..recordings import KI, SECOND, START, RecordingBuilder, mapping
from ..terminals import on_terminal

pytest.importorskip("textual")
USAGE = Usage(rss=4 * KI, pss=4 * KI, private_clean=0, private_dirty=4 * KI, swap=0, swap_pss=0)
#: The escapes of colours: of the 16, of the 256, and of all.
COLOURS = re.compile(rb"\x1b\[(?:[\d:;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:[;:][\d;:]*)?m")
GROUND = {"dark": b"48;2;15;19;24", "light": b"48;2;255;255;255"}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    builder = RecordingBuilder(tmp_path / "a.db")
    process = builder.process(1)
    for number in range(3):
        builder.tick(START + number * SECOND)
        builder.layout(process, [(mapping(1 << 20, pathname="[heap]"), USAGE)])
    builder.end_run()
    return builder.close()


def drawn(recording: Path, *options: str, **variables: str) -> bytes:
    """All that memory-replay draws, until it is told to quit when the heap is there."""
    pressed: list[bool] = []

    def keys(so_far: bytes) -> bytes:
        if b"heap" not in so_far or pressed:
            return b""
        pressed.append(True)
        return b"q"

    clean = {"NO_COLOR": "", "MEMORY_WATCHER_THEME": "", "COLORFGBG": "", "COLORTERM": "truecolor"}
    code, all_of_it = on_terminal(
        ["memory-replay", str(recording), *options], keys, variables={**clean, **variables}
    )
    assert code == 0
    return all_of_it


@pytest.mark.parametrize(
    ("options", "variables", "expected"),
    [
        ([], {}, "dark"),
        (["--theme", "light"], {}, "light"),
        ([], {"MEMORY_WATCHER_THEME": "light"}, "light"),
        ([], {"COLORFGBG": "0;15"}, "light"),
        ([], {"COLORFGBG": "15;0"}, "dark"),
        ([], {"COLORFGBG": "0;15", "MEMORY_WATCHER_THEME": "dark"}, "dark"),
        (["--theme", "dark"], {"MEMORY_WATCHER_THEME": "light"}, "dark"),
    ],
)
def test_theme(
    recording: Path, options: list[str], variables: dict[str, str], expected: str
) -> None:
    """What is asked for goes before what the terminal tells; an empty NO_COLOR is none."""
    found = drawn(recording, *options, **variables)
    assert GROUND[expected] in found
    assert all(ground not in found for name, ground in GROUND.items() if name != expected)


@pytest.mark.parametrize("options", [[], ["--theme", "light"]])
def test_no_color(recording: Path, options: list[str]) -> None:
    """Not a single colour, and not shades of grey either."""
    found = drawn(recording, *options, NO_COLOR="1")
    assert b"heap" in found
    assert COLOURS.findall(found) == []
    assert COLOURS.search(drawn(recording, *options)) is not None


def test_a_theme_that_is_none(recording: Path) -> None:
    code, said = on_terminal(
        ["memory-replay", str(recording)],
        variables={"MEMORY_WATCHER_THEME": "pink", "NO_COLOR": ""},
    )
    assert code == 2
    assert b"MEMORY_WATCHER_THEME: 'pink' is neither dark nor light" in said


def test_text_has_no_theme(recording: Path) -> None:
    done = run("memory-replay", str(recording), "--plain", "--theme", "light")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--theme: text has no colours" in done.stderr
