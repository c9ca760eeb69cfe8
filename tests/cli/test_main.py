"""What all commands have in common: help, version, streams that close, documentation."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

import memory_watcher
from memory_watcher import cli

from ..programs import PATIENCE, command, environment, run

ROOT = Path(__file__).resolve().parents[2]


def forms(name: str) -> list[list[str]]:
    """Tell the command line of a command in each of its forms: some have a script of their own."""
    own = hasattr(cli, f"main_{name.replace('-', '_')}")
    return [*([[f"memory-{name}"]] if own else []), ["memory-watcher", name]]


FORMS = {name: forms(name) for name in cli.COMMANDS}
ALL = [form for forms in FORMS.values() for form in forms]

#: What must stand in a command's help, from the issue: not from the parser.
OPTIONS = {
    "record": [
        *("-p", "--pid", "--period", "--database-file", "--proc", "--quiet", "PROCFS"),
        *("-o", "--output", "--name", "--cmdline", "--user", "--port", "--container", "--cgroup"),
        *("--children", "--wait", "--wait-all", "--duration", "--max-size", "--max-cpu"),
        *("--max-stall", "--fast-period", "--full-every", "--peak-step", "--reset-peak"),
    ],
    "peak": [
        *("-p", "--pid", "--process-id", "--process-memory", "pss", "rss", "statm"),
        *("--measurement-time", "--database-file", "--top", "--json", "FILE"),
        *("--system-memory", "MemAvailable", "MemAvailableComputed"),
    ],
    "explain": [
        *("FILE", "-p", "--pid", "--process-id", "--measurement-time", "--json"),
        "--database-file",
    ],
    "kinds": [
        *("FILE", "-p", "--pid", "--process-id", "--measurement-time", "--json", "--why"),
        *("ADDRESS", "--database-file", "--by", "reservation"),
    ],
    "export": [
        *("FORMAT", "FILE", "-o", "--output", "-p", "--pid", "--from", "--to", "--by", "--at"),
        *("--base", "--changes", "--ticks", "--redact"),
        *(
            "csv",
            "jsonl",
            "html",
            "folded",
            "pprof",
            "openmetrics",
            "perfetto",
            "parquet",
            "datasette-metadata",
            "influx",
        ),
    ],
    "fleet": ["ACTION", "add", "ls", "compact", "forget"],
    "import": ["FILE", "-o", "--output", "--timezone", "-p", "--pid", "--name"],
    "load-smaps": ["-p", "--pid", "--name", "--time", "--database-file", "smaps-file"],
    "top": ["-p", "--pid", "--name", "--period", "-o", "--output", "--proc", "PROCFS"],
    "replay": ["FILE", "-p", "--pid", "--process-id", "--interval", "--plain", "--database-file"],
    "report": [
        *("FILE", "FILE_B", "-o", "--output", "-p", "--pid", "--process", "--process-b"),
    ],
    "chart": [
        *("FILE", "-o", "--output", "-p", "--pid", "--process-id", "--process-memory", "--by"),
        *("--top", "--from", "--to", "--width", "--height", "--database-file"),
        *("--compare", "--align", "age", "time"),
    ],
    "growth": [
        *("FILE", "-p", "--pid", "--process-id", "--process-memory", "held", "--by", "--from"),
        *("--to", "--top", "--json", "--md", "--database-file"),
    ],
    "check": [
        *(
            "FILE",
            "--budget",
            "--baseline",
            "--update",
            "--report-only",
            "--runs",
            "--keep",
            "--period",
            "--max-cpu",
        ),
        *("--json", "--github", "--junit", "--markdown", "--bmf", "--benchmark-json"),
    ],
    "ls": ["FILE", "--sort", "--json"],
    "diff": [
        *("A.db", "B.db", "--at", "--at-b", "--by", "kind", "name", "mapping", "process"),
        *("--process", "--process-memory", "pss", "rss", "uss", "swap", "held", "--runs"),
        *("--top", "--all", "--json", "--md"),
    ],
    "budget": [
        *("init", "FILE", "-o", "--output", "--force", "--process", "--at", "peak", "growth"),
        *("--figure", "pss", "rss", "uss", "held"),
    ],
    "show": ["PID", "--by", "--top", "--json", "--proc", "PROCFS"],
    "verify": ["FILE", "--database-file"],
    "repair": ["FILE", "-o", "--output", "--database-file"],
}


@pytest.mark.parametrize("form", ALL, ids=" ".join)
def test_help(form: list[str]) -> None:
    """Help names every option and ends well, with nothing on stderr."""
    done = run(form[0], *form[1:], "--help")
    assert (done.returncode, done.stderr) == (0, "")
    name = form[-1].removeprefix("memory-")
    for option in [*OPTIONS[name], "--help", "--version"]:
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", done.stdout), option
    usage = done.stdout.partition("\n\n")[0]
    assert usage.endswith("[-- COMMAND ...]") == (name in ("record", "check"))


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_shows_examples(name: str) -> None:
    """Help shows at least one command line to copy."""
    shown = run(*FORMS[name][0], "--help").stdout
    examples = re.findall(rf"^ .*\bmemory-(?:watcher )?{name}\b.*$", shown, re.MULTILINE)
    assert examples, f"memory-{name} --help shows no example; its module's docstring should"


def test_every_option_is_explained() -> None:
    """No option stands in the help without a word on what it does."""
    for name in cli.COMMANDS:
        shown = run(*FORMS[name][0], "--help").stdout
        described = shown[re.search(r"^(positional arguments|options):$", shown, re.M).start() :]  # type: ignore[union-attr]
        for entry in re.split(r"\n(?=  \S)", described)[1:]:
            first, *more = entry.strip().splitlines()
            assert more or re.search(r"\S {2,}\S", first), f"memory-{name}: {first}"


def test_overview() -> None:
    """`memory-watcher --help` lists every command with its first line."""
    done = run("memory-watcher", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name in cli.COMMANDS:
        assert re.search(rf"^ +{name} +[A-Z]", done.stdout, re.MULTILINE), name


@pytest.mark.parametrize("option", ["--version", "-v"])
@pytest.mark.parametrize("form", [["memory-watcher"], *ALL], ids=" ".join)
def test_version(form: list[str], option: str) -> None:
    """The command's name and the package's version, on one line of stdout."""
    done = run(form[0], *form[1:], option)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{' '.join(form)} {memory_watcher.__version__}\n"


@pytest.mark.parametrize("number", ["1_0", " 4", "4 ", "+4", "٤", "1e3", "0x10", "", "9" * 30])
@pytest.mark.parametrize("command", ["peak", "chart", "replay", "report"])
def test_numbers_are_digits(command: str, number: str, tmp_path: Path) -> None:
    """What Python reads as a number besides is none that anybody means."""
    done = run("memory-watcher", command, "a.db", f"--pid={number}", cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "--pid" in done.stderr
    assert "not a whole number" in done.stderr


def test_a_file_of_the_kernel_is_no_recording() -> None:
    """Files of proc have no size: they are not empty for that."""
    done = run("memory-peak", "/proc/self/mem")
    assert done.returncode == 1
    assert done.stderr == "memory-peak: /proc/self/mem: a file of the kernel, not a recording\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["--nonsense"], ["record", "--nonsense"], ["peak", "--top", "many"]],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    """One line that says where help is, exit code 2, nothing created."""
    done = run("memory-watcher", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"memory-watcher( \w+)?: .* \(see memory-watcher( \w+)? --help\)\n", done.stderr
    )
    assert os.listdir(tmp_path) == []


def test_documented() -> None:
    """Every command stands in README.md and in docs/, by one of its two names."""
    pages = {
        "README.md": (ROOT / "README.md").read_text(),
        "docs/": "\n".join(page.read_text() for page in (ROOT / "docs").glob("**/*.md")),
    }
    missing = [
        f"memory-{name} is not in {where}"
        for name in cli.COMMANDS
        for where, text in pages.items()
        if not re.search(rf"\bmemory-(watcher )?{name}\b", text)
    ]
    assert not missing, "; ".join(missing) + ": document it there"


# Streams that close


CAPTURE = b"""\
00400000-00401000 r-xp 00000000 08:01 1                                  /bin/a
Size:                  4 kB
Rss:                   4 kB
Pss:                   4 kB
Shared_Clean:          4 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
"""


@pytest.fixture(name="loaded")
def load_capture(tmp_path: Path) -> Path:
    file = tmp_path / "loaded.db"
    done = run("memory-load-smaps", "--database-file", file, "-", stdin=CAPTURE)
    assert done.returncode == 0, done.stderr
    return file


OUTPUTS = [
    ["memory-peak"],
    ["memory-peak", "--json"],
    ["memory-peak", "--version"],
    ["memory-peak", "--help"],
    ["memory-watcher", "--help"],
    ["memory-record", "--version"],
]


@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
def test_reader_has_gone(loaded: Path, words: list[str]) -> None:
    """`… | head -1`: when nobody reads on, the command ends without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command(*words, *([str(loaded)] if words[0] == "memory-peak" else [])),
            stdout=writing,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.stderr == b""
    assert done.returncode in (0, 1)


@pytest.mark.parametrize(
    "words",
    [["memory-peak"], ["memory-peak", "--json"], ["memory-record", "--version"]],
    ids=" ".join,
)
def test_output_on_a_full_disk(loaded: Path, words: list[str]) -> None:
    """Output that cannot be written is told in one line, exit code 1."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command(*words, *([str(loaded)] if words[0] == "memory-peak" else [])),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert re.fullmatch(
        r"memory-\w+: cannot write the output: No space left on device\n", done.stderr.decode()
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams(loaded: Path, closed: str) -> None:
    """A command started with closed standard streams does its work."""
    done = subprocess.run(
        ["sh", "-c", f'"$0" "$@" {closed}', *command("memory-peak", loaded)],
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(done.stdout) is not closed.startswith(">")
