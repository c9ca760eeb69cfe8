"""Odd surroundings: closed and full streams, odd locales, zones and terminals, few descriptors.

Whatever they are, a command does its work, or says in one line why not; there is no traceback.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..programs import PATIENCE, command, environment
from .test_main import CAPTURE

#: Every command at work: FILE is a recording, OUT a folder.
COMMANDS = {
    "overview": ["memory-watcher", "--help"],
    "help": ["memory-watcher", "record", "--help"],
    "version": ["memory-watcher", "--version"],
    "peak": ["memory-peak", "FILE"],
    "json": ["memory-peak", "FILE", "--json"],
    "ls": ["memory-watcher", "ls", "FILE"],
    "chart": ["memory-chart", "FILE", "-o", "OUT/a.svg"],
    "report": ["memory-watcher", "report", "FILE", "-o", "OUT/a.html"],
    "replay": ["memory-replay", "FILE", "--plain"],
    "top": ["memory-watcher", "top"],
    "load": ["memory-load-smaps", "--database-file", "OUT/b.db", "CAPTURE"],
    "record": [
        *("memory-record", "--duration", "50ms", "--period", "50ms", "--max-cpu", "0"),
        *("-o", "OUT/c.db", "--", "sleep", "0.1"),
    ],
}
NEEDS_A_TERMINAL = ("top",)


@pytest.fixture(name="words", params=COMMANDS)
def words_of(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The command line of each command, with a recording to read."""
    capture, file = tmp_path / "capture", tmp_path / "a.db"
    capture.write_bytes(CAPTURE)
    done = run(["memory-load-smaps", "--database-file", str(file), str(capture)])
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    out.mkdir()
    name, *arguments = COMMANDS[request.param]
    given = {"FILE": str(file), "CAPTURE": str(capture)}
    return [name, *(given.get(word, word.replace("OUT", str(out))) for word in arguments)]


def run(
    words: list[str], shell: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command by a shell that sets its streams and limits up."""
    before, _, behind = shell.rpartition(";")
    return subprocess.run(
        ["sh", "-c", f'{before or ":"}; exec "$0" "$@" {behind}', *command(words[0], *words[1:])],
        capture_output=True,
        env=environment() if env is None else env,
        timeout=PATIENCE,
        check=False,
    )


def check(done: subprocess.CompletedProcess[bytes], codes: tuple[int, ...]) -> None:
    """No traceback, at most one line of error, one of these exit codes."""
    said = done.stderr.decode()
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    assert done.returncode in codes, (done.returncode, said)
    if done.returncode:
        assert len(said.splitlines()) <= 1, said


@pytest.mark.parametrize("streams", ["<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams(words: list[str], streams: str) -> None:
    """What a closed stream would get goes nowhere; no file is ever taken for a stream."""
    done = run(words, streams)
    check(done, (2,) if words[-1] in NEEDS_A_TERMINAL else (0,))


@pytest.mark.parametrize("streams", [">/dev/full", ">/dev/full 2>/dev/full"])
def test_full_streams(words: list[str], streams: str) -> None:
    """Output that could not be written is never a success; a lost message changes nothing."""
    plain = run(words)
    check(plain, (0, 2))
    for file in Path(words[-1]).parent.glob("out/*"):
        file.unlink()
    done = run(words, streams)
    lost = plain.stdout and streams.startswith(">")
    check(done, (1,) if lost else (plain.returncode,))


#: Variables that have nothing to do with each other go together: each costs a run of every command.
ENVIRONMENTS = {
    "wide zone, C": {
        "TZ": "XXX-25:99",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "COLUMNS": "0",
        "LINES": "0",
        "TERM": "nonsense",
    },
    "no such zone, no such locale": {
        "TZ": "No/Such",
        "LC_ALL": "xx_YY.nonsense",
        "LANG": "\xff",
        "COLUMNS": "1",
    },
    "hostile zone, no home": {
        "TZ": ":../../../etc/passwd",
        "HOME": "/nonexistent",
        "TERM": "",
        "COLUMNS": "-7",
        "PYTHONIOENCODING": "latin-1",
        "PYTHONWARNINGS": "default",
    },
    "optimized, ascii": {
        "PYTHONOPTIMIZE": "2",
        "PYTHONIOENCODING": "ascii",
        "TZ": "",
        "COLUMNS": "99999999999999999999",
    },
}


@pytest.mark.parametrize("variables", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_environments(words: list[str], variables: dict[str, str]) -> None:
    """No variable keeps a command from its work."""
    done = run(words, env=environment(**variables))
    check(done, (2,) if words[-1] in NEEDS_A_TERMINAL else (0,))


def test_an_empty_environment(words: list[str]) -> None:
    """Not even HOME, PATH and TERM are needed, but for finding a command by its name."""
    words = ["/bin/sleep" if word == "sleep" else word for word in words]
    check(run(words, env={}), (2,) if words[-1] in NEEDS_A_TERMINAL else (0,))


@pytest.mark.parametrize("limit", [5, 8, 10])
def test_few_descriptors(words: list[str], limit: int) -> None:
    """That no file can be opened any more is what is said: no recording is to blame."""
    done = run(words, f"ulimit -n {limit};")
    check(done, (0, 1, 2))
    if done.returncode == 1:
        assert b"oo many" in done.stderr or b"oo few" in done.stderr, done.stderr


def test_optimized_help_still_names_the_options() -> None:
    """PYTHONOPTIMIZE=2 takes docstrings away, not the options."""
    done = run(["memory-watcher", "peak", "--help"], env=environment(PYTHONOPTIMIZE="2"))
    assert b"--measurement-time" in done.stdout


@pytest.mark.parametrize("zone", ["Europe/Berlin", "XXX-25:99", "UTC"])
@pytest.mark.parametrize("hour", range(-2, 3))
def test_a_printed_time_finds_its_measurement(tmp_path: Path, zone: str, hour: int) -> None:
    """Also in the hour that comes twice when summer time ends (2018-10-28 01:00 UTC)."""
    file, capture = tmp_path / "a.db", tmp_path / "capture"
    capture.write_bytes(CAPTURE)
    os.utime(capture, (1_540_688_400 + hour * 3600 + 60, 1_540_688_400 + hour * 3600 + 60))
    env = environment(TZ=zone)
    assert run(["memory-load-smaps", "--database-file", str(file), str(capture)], env=env)
    shown = run(["memory-peak", str(file)], env=env).stdout.decode()
    (time,) = (line.split()[1] for line in shown.splitlines() if line.startswith("time:"))
    again = run(["memory-peak", str(file), "--measurement-time", time], env=env)
    assert again.returncode == 0, again.stderr
    assert f"time:             {time}" in again.stdout.decode()
