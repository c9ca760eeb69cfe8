"""memory-watcher check: exit codes, text, JSON, files for CI, and errors in one line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from memory_watcher.model import Reading, Usage

from ..programs import command, run
from ..recordings import KI, MI, RecordingBuilder, mapping

HOSTILE = "/a|b<b>\x1b[31m\n::error::`x`"


def private(size: int) -> Usage:
    """Memory that a process wrote to and shares with nobody."""
    dirty = Usage(rss=size, pss=size, private_dirty=size, pss_dirty=size)
    return dirty._replace(private_clean=0, private_hugetlb=0, swap=0)


def recorded(path: Path, heap: int, name: str = "server", extra: str = HOSTILE) -> Path:
    """A heap of some MiB, and a file of a hostile name."""
    builder = RecordingBuilder(path)
    process = builder.process(7, name)
    for _ in range(3):
        builder.tick()
        sizes = {"[heap]": heap * MI, extra: 64 * KI}
        builder.layout(
            process,
            [
                (mapping(at << 32, 1 << 31, pathname=pathname), private(size))
                for at, (pathname, size) in enumerate(sizes.items(), 1)
            ],
            Reading(resident=sum(sizes.values()), threads=1),
        )
    return builder.close()


@pytest.fixture(name="folder")
def folder_with_budget(tmp_path: Path) -> Path:
    """Two limits: of the heap 80 MiB, of all else 1 MiB; and a recording that is within."""
    (tmp_path / "memory-budget.toml").write_text(
        '[[budget]]\nkind.heap = "80 MiB"\nunlisted = "1 MiB"\n'
    )
    recorded(tmp_path / "within.db", 79)
    recorded(tmp_path / "over.db", 93)
    return tmp_path


def test_within(folder: Path) -> None:
    """0, and one line that names what is nearest to its limit."""
    done = run("memory-watcher", "check", "within.db", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 budgets within; nearest: heap 79.0 of 80.0 MiB\n"


def test_over(folder: Path) -> None:
    """1, and what took it."""
    done = run("memory-watcher", "check", "over.db", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("heap 93.0 MiB (limit 80.0): ")
    assert " in [heap]" in first
    assert second.startswith("1 budget within: unlisted ")


def test_several_runs(folder: Path) -> None:
    """The spread is shown; runs that disagree are no pass."""
    files = [folder / "within.db", recorded(folder / "other.db", 78)]
    done = run("memory-watcher", "check", *files, cwd=folder)
    assert done.returncode == 0
    assert "(2 runs: 78.0 to 79.0 MiB)" in done.stdout
    done = run("memory-watcher", "check", *files, "over.db", cwd=folder)
    assert done.returncode == 2
    assert "heap could not be judged" in done.stdout


def test_undecided(folder: Path) -> None:
    """2 for a pattern that matches nothing, with what to do about it."""
    budget = folder / "other.toml"
    budget.write_text('[[budget]]\nname."nothing*" = "1 MiB"\n')
    done = run("memory-watcher", "check", "within.db", "--budget", budget, cwd=folder)
    assert done.returncode == 2
    assert "nothing* could not be judged" in done.stdout


@pytest.mark.parametrize(("file", "code"), [("over.db", 1), ("within.db", 0)])
def test_report_only(folder: Path, file: str, code: int) -> None:
    """0, but what the exit code would be is said, if it is another."""
    done = run("memory-watcher", "check", file, "--report-only", cwd=folder)
    assert done.returncode == 0
    assert (f"without --report-only the exit code is {code}" in done.stdout) == (code != 0)


def test_json(folder: Path) -> None:
    """Stdout is JSON alone; the same text as always is on stderr."""
    done = run("memory-watcher", "check", "over.db", "--json", cwd=folder)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["format_version"], answer["verdict"]) == (1, "over")
    heap = answer["budgets"][0]
    assert (heap["name"], heap["limit"], heap["measured"]) == ("heap", 80 * MI, 93 * MI)
    assert heap["culprits"][0]["kind"] == "heap"
    assert answer["recordings"] == [
        {"path": "over.db", "report": None, "exit_code": None, "signal": None}
    ]
    assert done.stderr == run("memory-watcher", "check", "over.db", cwd=folder).stdout


def test_hostile_names(folder: Path) -> None:
    """A name makes no line of its own, no escape, and no command of GitHub's."""
    (folder / "memory-budget.toml").write_text('[[budget]]\ntotal = "1 MiB"\nunlisted = "1 KiB"\n')
    (folder / "step").touch()
    done = run(
        *("memory-watcher", "check", "over.db", "--github", "--junit", "junit.xml"),
        cwd=folder,
        GITHUB_STEP_SUMMARY=str(folder / "step"),
    )
    assert done.returncode == 1
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert [line[:8] for line in done.stdout.splitlines() if line.startswith("::")] == [
        "::error "
    ] * 2
    assert (folder / "step").read_text().lstrip().startswith("**Memory: over**")
    assert "\x1b" not in (folder / "junit.xml").read_text()


def test_output_that_cannot_be_written(folder: Path) -> None:
    """The verdict is said first; what was within exits with 2 then, what was over with 1."""
    folder_is_file = ("--junit", "within.db/x.xml")
    assert run("memory-watcher", "check", "within.db", *folder_is_file, cwd=folder).returncode == 2
    for file, code in (("within.db", 2), ("over.db", 1)):
        done = run("memory-watcher", "check", file, "--junit", "/dev/full", cwd=folder)
        assert done.returncode == code
        assert "budget" in done.stdout
        assert done.stderr.count("\n") == 1
        assert "/dev/full: cannot write" in done.stderr


def test_nobody_reads(folder: Path) -> None:
    """That stdout cannot be written is an error; no error is 1, which means over."""
    words = command("memory-watcher", "check", "within.db")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name a recording, or a command to launch after --"),
        (("missing.db",), "missing.db: no such recording"),
        (("memory-budget.toml",), "not a recording"),
        (("within.db", "--runs", "2"), "--runs has no effect without a command"),
        (("within.db", "--keep", "x"), "--keep has no effect without a command"),
        (("within.db", "--", "true"), "not both"),
        (("--runs", "0", "--", "true"), "--runs: give a number from 1"),
        (("--max-cpu", "x", "--", "true"), "--max-cpu: 'x' is not a percentage"),
        (("within.db", "--budget", "none.toml"), "none.toml: there is no such budget file"),
        (("within.db", "--junit", "none/x.xml"), "no folder none"),
        (("within.db", "--junit", "within.db"), "--junit: within.db is read"),
        (("--junit", "kept", "--", "touch", "launched"), "kept: it is a folder"),
        (("--junit", "-", "--", "touch", "launched"), "--junit: name a file; /dev/stdout is"),
        (("within.db", "--junit", "a", "--bmf", "./a"), "--bmf: ./a is written by --junit"),
        (("within.db", "./within.db"), "./within.db: this recording is named twice"),
        (("within.db", "node.db"), "name recordings of one program at a time"),
        (("within.db", "--update"), "--update needs --baseline"),
        (
            ("--budget", "above.toml", "--", "touch", "launched"),
            "above.toml: line 2: this limit is",
        ),
        (("within.db", "--baseline", "none.json"), "write it with --update"),
        (("within.db", "--baseline", "memory-budget.toml"), "no JSON"),
        (("within.db", "--baseline", "pipe"), "cannot read the baseline: it is not a regular file"),
        (("within.db", "--baseline", "pipe", "--update"), "it is not a regular file; save what"),
        (("within.db", "--baseline", "/dev/zero"), "it is not a regular file"),
        (("within.db", "--budget", "pipe"), "pipe: cannot read: it is not a regular file"),
        (("pipe",), "pipe: not a regular file"),
        (("within.db", "--baseline", "memory-budget.toml", "--update"), "not replaced"),
        (("within.db", "--baseline", "x.json", "--junit", "x.json", "--update"), "is read"),
        (("empty.db",), "nothing was recorded"),
        (("--",), "no command after --"),
    ],
)
def test_usage(folder: Path, arguments: tuple[str, ...], reason: str) -> None:
    """2, one line that says what to do, and nothing is written."""
    recorded(folder / "node.db", 1, "node")
    RecordingBuilder(folder / "empty.db").close()
    os.mkfifo(folder / "pipe")  # nobody writes to it
    (folder / "kept").mkdir()
    (folder / "above.toml").write_text('[[budget]]\ntotal.over-baseline = "2 %"\n')
    before = (folder / "within.db").read_bytes()
    done = run("memory-watcher", "check", *arguments, cwd=folder)
    assert done.returncode == 2, done.stdout
    assert reason in done.stderr + done.stdout
    assert done.stderr.count("\n") <= 1
    assert (folder / "within.db").read_bytes() == before
    assert not {"a", "-", "launched"} & {path.name for path in folder.iterdir()}


def test_baseline(folder: Path) -> None:
    """--update writes what is there now; what is above that is over, though within the budget."""
    (folder / "memory-budget.toml").unlink()
    words = ("memory-watcher", "check", "--baseline", "memory.json")
    done = run(*words, "--update", "within.db", cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("Baseline written: memory.json\nmemory.json is new: ")
    assert run(*words, "within.db", cwd=folder).returncode == 0
    before = (folder / "memory.json").read_text()
    over = run(*words, "over.db", cwd=folder)
    assert over.returncode == 1
    assert "79.0 → 93.0 MiB" in over.stdout
    assert (folder / "memory.json").read_text() == before
    done = run(*words, "over.db", "--update", cwd=folder)
    assert done.returncode == 0
    assert "heap (pss) at peak: 79 MiB → 93 MiB" in done.stdout
    assert run(*words, "over.db", cwd=folder).returncode == 0


def test_updated_baseline_and_a_budget(folder: Path) -> None:
    """Absolute limits are judged all the same."""
    words = ("memory-watcher", "check", "--baseline", "memory.json", "--update", "over.db")
    done = run(*words, cwd=folder)
    assert done.returncode == 1
    assert "heap 93.0 MiB (limit 80.0)" in done.stdout
    assert (folder / "memory.json").is_file()


def test_baseline_beside_absolute_limits(folder: Path) -> None:
    """It judges, unless a limit says how: who names one does not want it for nothing."""
    words = ("memory-watcher", "check", "--baseline", "memory.json")
    (folder / "memory-budget.toml").write_text('[[budget]]\ntotal = "4 GiB"\n')
    assert run(*words, "--update", "within.db", cwd=folder).returncode == 0
    over = run(*words, "over.db", cwd=folder)
    assert (over.returncode, "79.0 → 93.0 MiB" in over.stdout) == (1, True), over.stdout
    (folder / "memory-budget.toml").write_text('[[budget]]\ntotal.over-baseline = "50 %"\n')
    only = run(*words, "over.db", cwd=folder)
    assert (only.returncode, only.stdout[:9]) == (0, "1 budget "), only.stdout


def test_baseline_of_nothing(folder: Path) -> None:
    """Nothing is agreed to of a recording without layouts; the old baseline stays."""
    words = ("memory-watcher", "check", "--baseline", "memory.json", "--update")
    assert run(*words, "within.db", cwd=folder).returncode == 0
    before = (folder / "memory.json").read_bytes()
    RecordingBuilder(folder / "empty.db").close()
    done = run(*words, "empty.db", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert (folder / "memory.json").read_bytes() == before


def test_update_replaces_only_baselines(folder: Path) -> None:
    """Other JSON of ours stays as it is; a baseline with a conflict of a merge is written anew."""
    words = ("memory-watcher", "check", "within.db", "--baseline")
    told = folder / "told.json"
    told.write_text(run("memory-watcher", "check", "within.db", "--json", cwd=folder).stdout)
    before = told.read_text()
    done = run(*words, told.name, "--update", cwd=folder)
    assert (done.returncode, told.read_text()) == (2, before)
    assert "told.json is no baseline, so it is not replaced" in done.stderr
    memory = folder / "memory.json"
    assert run(*words, memory.name, "--update", cwd=folder).returncode == 0
    whole = memory.read_text()
    memory.write_text(f"<<<<<<< HEAD\n{whole}")
    assert run(*words, memory.name, "--update", cwd=folder).returncode == 0
    assert memory.read_text() == whole


def test_baseline_of_another_program(folder: Path) -> None:
    """It is refused."""
    words = ("memory-watcher", "check", "--baseline", "memory.json")
    assert run(*words, "--update", "within.db", cwd=folder).returncode == 0
    recorded(folder / "node.db", 79, "node")
    done = run(*words, "node.db", cwd=folder)
    assert done.returncode == 2
    assert "the baseline memory.json is of 'server', node.db is of 'node'" in done.stderr


def test_no_budget(tmp_path: Path) -> None:
    """One line says how to make one."""
    recorded(tmp_path / "within.db", 1)
    done = run("memory-watcher", "check", "within.db", cwd=tmp_path)
    assert done.returncode == 2
    assert "memory-watcher budget init" in done.stderr
    assert done.stderr.count("\n") == 1


def test_recording_without_layouts(folder: Path) -> None:
    """It is not judged, and never within."""
    builder = RecordingBuilder(folder / "bare.db")
    builder.process(7, "server")
    builder.tick()
    builder.close()
    done = run("memory-watcher", "check", "bare.db", cwd=folder)
    assert done.returncode == 2
    assert "could not be judged" in done.stdout
