"""An option that has no effect is an error: every option, with every command and view.

A table says of each option of each command, for each view that has views, whether it is used or
refused. What the table lacks fails: a new option has to be thought about.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import pytest

from memory_watcher import cli
from memory_watcher.model import Usage

from ..programs import run
from ..recordings import KI, MI, START, RecordingBuilder, mapping

USAGE = Usage(rss=4 * KI, pss=4 * KI, private_clean=0, private_dirty=4 * KI, swap=0, swap_pss=0)
VIEWS = ("process", "tree", "machine")
PICTURES = ("--process-memory", "--by", "--top", "--from", "--to", "--width", "--height")

#: Option and value -> the views (of peak) or forms (of chart) in which it has an effect.
PEAK = {
    ("--pid", "1"): VIEWS,
    ("--process-id", "1"): VIEWS,
    ("--process-memory", "rss"): ("process", "machine"),
    ("--process-memory", "statm"): ("process", "machine"),
    ("--measurement-time", "2018-08-17T23:59:59"): VIEWS,
    ("--system-memory", "MemAvailable"): ("machine",),
    ("--by", "name"): VIEWS,
    ("--by", "kind"): ("process", "tree"),
    ("--by", "mapping"): ("process", "tree"),
    ("--by", "user"): ("machine",),
    ("--top", "3"): VIEWS,
    ("--json", ""): VIEWS,
}
CHART = {
    ("--pid", "1"): ("png", "html"),
    ("--process-id", "1"): ("png", "html"),
    ("--process-memory", "uss"): ("png",),
    ("--by", "kind"): ("png",),
    ("--top", "3"): ("png",),
    ("--from", "2018-08-17T00:00"): ("png",),
    ("--to", "2018-08-19T00:00"): ("png",),
    ("--compare", "OTHER"): ("png",),
    ("--width", "800"): ("png",),
    ("--height", "500"): ("png",),
}
#: Always of use, or refused by what record finds: see REFUSED.
OTHERS = {
    "diff": {
        *("--runs", "--at", "--at-b", "--by", "--process", "--process-b", "--process-memory"),
        *("--top", "--all", "--json", "--md"),
    },
    "ls": {"--sort", "--json"},
    "report": {"--output", "--pid", "--process", "--process-b"},
    "replay": {"--pid", "--process-id", "--interval", "--plain", "--database-file", "--theme"},
}
REFUSED = [
    (["record", "--wait", "-p", "1"], "--wait"),
    (["record", "--wait-all", "-p", "1"], "--wait-all"),
    (["record", "--children"], "--children"),
    (["record", "--children", "--", "true"], "--children"),
    (["record", "--proc", ".", "--", "true"], "."),
    (["top", "-p", "1", "--name", "x"], "--name"),
]


@pytest.fixture(name="recordings", scope="module")
def make_recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One recording for each view of memory-peak."""
    folder = tmp_path_factory.mktemp("recordings")
    found = {}
    for view in VIEWS:
        builder = RecordingBuilder(folder / f"{view}.db")
        processes = [
            builder.process(pid, start_time=pid) for pid in (1, 2, 3)[: 1 + 2 * (view != "process")]
        ]
        for number in range(3):
            tick = builder.tick(START + number * 10**9)
            builder.meminfo(tick, MemTotal=8 * MI, MemAvailable=(9 - number) * MI, MemFree=MI)
            for process in processes:
                builder.layout(process, [(mapping(1 << 20, pathname="/a"), USAGE)])
        if view == "tree":
            builder.execute("INSERT INTO selections VALUES (1, 'selection', '--name x', NULL, 0)")
        builder.end_run()
        found[view] = builder.close()
    return found


@pytest.mark.parametrize("option", PEAK, ids=" ".join)
@pytest.mark.parametrize("view", VIEWS)
def test_peak(recordings: dict[str, Path], view: str, option: tuple[str, str]) -> None:
    """Used, or refused in one line that names it, with exit code 2."""
    done = run("memory-peak", recordings[view], *filter(None, option))
    check(done.returncode, done.stdout, done.stderr, option[0], view in PEAK[option])


@pytest.mark.parametrize("option", CHART, ids=" ".join)
@pytest.mark.parametrize("ending", ["png", "html"])
def test_chart(
    recordings: dict[str, Path], tmp_path: Path, ending: str, option: tuple[str, str]
) -> None:
    """A report has no use for what says how a picture is drawn."""
    picture = tmp_path / f"a.{ending}"
    words = [str(recordings["tree"]) if word == "OTHER" else word for word in option]
    done = run("memory-chart", recordings["process"], "-o", picture, *words)
    used = ending in CHART[option]
    check(done.returncode, "written" if picture.exists() else "", done.stderr, option[0], used)


@pytest.mark.parametrize("option", [*CHART, ("--align", "age")], ids=" ".join)
def test_chart_of_two(recordings: dict[str, Path], tmp_path: Path, option: tuple[str, str]) -> None:
    """Of two recordings each is one line of all of its time; alignment is of two."""
    picture = tmp_path / "a.png"
    words = [str(recordings["tree"]) if word == "OTHER" else word for word in option]
    both: list[str | Path] = [] if option[0] == "--compare" else ["--compare", recordings["tree"]]
    done = run("memory-chart", recordings["process"], "-o", picture, *words, *both)
    used = option[0] not in ("--by", "--top", "--from", "--to")
    check(done.returncode, "written" if picture.exists() else "", done.stderr, option[0], used)


def test_alignment_is_of_two(recordings: dict[str, Path], tmp_path: Path) -> None:
    """--align without --compare is refused."""
    picture = tmp_path / "a.png"
    done = run("memory-chart", recordings["process"], "-o", picture, "--align", "age")
    check(done.returncode, "written" if picture.exists() else "", done.stderr, "--align", False)


def check(code: int, out: str, error: str, option: str, used: bool) -> None:
    if used:
        assert code == 0, error
        return
    assert (code, out, len(error.splitlines())) == (2, "", 1), error
    assert option in error


@pytest.mark.parametrize(("words", "named"), REFUSED, ids=str)
def test_record_and_top(tmp_path: Path, words: list[str], named: str) -> None:
    """What cannot have an effect is refused before anything is written."""
    done = run("memory-watcher", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert named in done.stderr
    assert not list(tmp_path.iterdir())


def test_two_ways_to_name_a_moment(recordings: dict[str, Path]) -> None:
    """--system-memory and --measurement-time each choose the moment: not both."""
    done = run(
        *("memory-peak", recordings["machine"], "--measurement-time", "2018-08-17T23:59:59"),
        *("--system-memory", "MemAvailable"),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "--system-memory" in done.stderr


@pytest.mark.parametrize("name", ["peak", "chart", *OTHERS])
def test_the_table_is_complete(name: str) -> None:
    """Every option of every command that reads a recording stands in it."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"memory_watcher.cli.{cli.COMMANDS[name]}").add_arguments(parser)
    options = {
        action.option_strings[-1]
        for action in parser._actions
        if action.option_strings and action.dest != "help"
    }
    tables = {"peak": {option for option, _ in PEAK}, "chart": {option for option, _ in CHART}}
    known = tables.get(name, OTHERS.get(name, set())) | {"--database-file", "--align"}
    assert options - known - {"--output"} == set()
