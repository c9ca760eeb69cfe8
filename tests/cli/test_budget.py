"""memory-watcher budget init: what is written, and what is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from memory_watcher.answers.budget_file import read
from memory_watcher.model import LayoutState, Reading, Usage

from ..programs import run
from ..recordings import KI, MI, RecordingBuilder, mapping

HOSTILE = '/srv/a"b\\|[x]*?\n\x1b[2J\u202e<b>\udcff.bin'


def make(
    path: Path,
    heap: int = 80 * MI,
    state: LayoutState = LayoutState.EXACT,
    threads: int | None = 1,
) -> Path:
    """One process with a heap, and a file of a hostile name."""
    builder = RecordingBuilder(path)
    process = builder.process(7, "app")
    builder.tick()
    sizes = {"[heap]": heap, HOSTILE: 40 * MI, "": 3 * MI}
    builder.layout(
        process,
        [
            (
                mapping(0x1000 + at * 0x10000000, size, pathname=name, inode=7 * (name[:1] == "/")),
                Usage(rss=size, pss=size),
            )
            for at, (name, size) in enumerate(sizes.items())
        ],
        Reading(resident=heap + 43 * MI, threads=threads),
        state=state,
    )
    builder.end_run()
    return builder.close()


@pytest.fixture(name="folder")
def one_recording(tmp_path: Path) -> Path:
    make(tmp_path / "a.db")
    return tmp_path


def budget(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run("memory-watcher", "budget", *words, cwd=folder)


def refused(folder: Path, *words: str, code: int = 2) -> str:
    before = sorted(folder.iterdir())
    done = budget(folder, *words)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (code, "", 1)
    assert sorted(folder.iterdir()) == before
    return done.stderr


WRITTEN = """\
# How much memory there may be. `memory-watcher check` judges by this file. PSS at the peak, of 1
# process, measured in 1 recording: a.db.
#
# Beside each limit stands what was measured. The limit adds room for noise, and is rounded up.
# Make limits tighter, delete what does not matter, add what does.
#
# One recording shows no noise. If checks fail without a reason, make this file from several.

[[budget]]
at = "peak"
figure = "pss"
total = "130 MiB"                       # 123 MiB
kind.heap = "84 MiB"                    # 80 MiB
kind.file = "44 MiB"                    # 40 MiB
kind.anonymous = "3.5 MiB"              # 3 MiB
unlisted = "260 KiB"                    # 0 B
mappings = 8                            # 3
threads = 1                             # 1
processes = 1                           # 1
"""
WRITTEN_OF_T = WRITTEN.replace("a.db", "t.db").replace(f"{'threads = 1':<39} # 1\n", "")


def test_what_is_written(folder: Path) -> None:
    """A file that a person goes on with, in the current folder; and it is read as a budget."""
    done = budget(folder, "init", "a.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "memory-budget.toml: 8 limits; change them as you like\n"
    path = folder / "memory-budget.toml"
    assert path.read_text() == WRITTEN
    assert len(read(str(path)).budgets[0].lines) == 8


def test_to_standard_output(folder: Path) -> None:
    """The same, and no file."""
    done = budget(folder, "init", "a.db", "-o", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, WRITTEN, "")
    assert not (folder / "memory-budget.toml").exists()


def test_several_recordings(folder: Path) -> None:
    """Their spread makes the room; the comment shows it."""
    make(folder / "b.db", 81 * MI)
    done = budget(folder, "init", "a.db", "b.db", "-o", "-")
    assert 'kind.heap = "83 MiB"                    # 80 MiB to 81 MiB\n' in done.stdout
    assert "2 recordings: a.db, b.db." in done.stdout
    assert "no noise" not in done.stdout


def test_what_was_not_reported(tmp_path: Path) -> None:
    """A recording that does not say how many threads there were has no limit of them."""
    make(tmp_path / "t.db", threads=None)
    done = budget(tmp_path, "init", "t.db", "-o", "-")
    assert (done.returncode, done.stdout) == (0, WRITTEN_OF_T)


def test_hostile_names(tmp_path: Path) -> None:
    """No name breaks the file or reaches a terminal, and its pattern matches it."""
    builder = RecordingBuilder(tmp_path / "x\n].db")
    process = builder.process(7, "a\x1b[2J")
    builder.tick()
    entries = [
        (mapping(0x1000, 40 * MI, pathname=HOSTILE, inode=7), Usage(rss=9 * MI, pss=9 * MI)),
        (mapping(0x9000000, 40 * MI, pathname="/b", inode=8), Usage(rss=4 * MI, pss=4 * MI)),
    ]
    builder.layout(process, entries)
    builder.end_run()
    builder.close()
    done = budget(tmp_path, "init", "x\n].db", "-o", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    (tmp_path / "b.toml").write_text(done.stdout)
    (found,) = read(str(tmp_path / "b.toml")).budgets
    names = [line.pattern for line in found.lines if line.what == "name"]
    assert names == ['a"b\\|[[]x]*?\n\x1b[[]2J\u202e<b>?.bin', "b"]


def test_a_file_that_is_there(folder: Path) -> None:
    """It is kept, unless --force says otherwise; a link is never followed."""
    path = folder / "memory-budget.toml"
    path.write_text("mine")
    message = refused(folder, "init", "a.db")
    assert "memory-budget.toml: it is there already; give --force" in message
    assert path.read_text() == "mine"
    assert budget(folder, "init", "a.db", "--force").returncode == 0
    assert path.read_text() == WRITTEN
    path.unlink()
    path.symlink_to("elsewhere")
    assert "symbolic link" in refused(folder, "init", "a.db", "--force", code=1)


def test_what_is_refused(folder: Path) -> None:
    """One line that names what is wrong and what helps; nothing is written."""
    make(folder / "torn.db", state=LayoutState.TORN)
    (folder / "no.db").write_text("no recording at all, and long enough to be looked into")
    assert "no process is called 'x*'; there is: 'app'" in refused(
        folder, "init", "a.db", "--process", "x*", code=1
    )
    assert "torn" in refused(folder, "init", "a.db", "torn.db", code=1)
    assert "no.db" in refused(folder, "init", "no.db", code=1)
    assert "none.db" in refused(folder, "init", "none.db", code=1)
    growth = refused(folder, "init", "a.db", "--at", "growth", code=1)
    assert growth.startswith("memory-watcher budget: a.db: only one layout was recorded")
    assert "[[tool.memory-watcher.budget]]" in refused(
        folder, "init", "a.db", "-o", "pyproject.toml"
    )
    assert "named twice" in refused(folder, "init", "a.db", "./a.db")
    assert "FILE" in refused(folder, "init")
    assert "invalid choice: 'check'" in refused(folder, "check", "a.db")
    assert "--figure" in refused(folder, "init", "a.db", "--figure", "vsz")


def test_sizes_below_a_mebibyte(tmp_path: Path) -> None:
    """A small program has a budget of small sizes."""
    make(tmp_path / "s.db", 132 * KI)
    done = budget(tmp_path, "init", "s.db", "-o", "-")
    assert "kind.heap" not in done.stdout
    assert 'unlisted = "390 KiB"' in done.stdout
