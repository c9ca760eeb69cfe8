"""A real JVM is asked about its memory, and none is harmed by that."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..programs import rows, run, wait_until
from ..rights import NOBODY

pytestmark = pytest.mark.live

PROGRAM = """\
public class Held {
    static byte[][] kept = new byte[40][];
    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 40; i++) kept[i] = new byte[1 << 20];
        System.out.println("ready");
        System.in.read();
    }
}
"""
HEAP = 128 << 20


@pytest.fixture(name="classes", scope="module")
def compiled_program() -> Iterator[Path]:
    """Where the program's class is; without a JDK the test is skipped, in CI that is a failure."""
    if shutil.which("javac") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no JDK")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are for root alone
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "Held.java").write_text(PROGRAM)
        subprocess.run(["javac", "-d", folder, folder / "Held.java"], check=True)
        yield folder


@contextmanager
def java(classes: Path, *options: str, user: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """A JVM that holds 40 MiB, from when it does; its output is the test's."""
    program = subprocess.Popen(
        [
            *("java", f"-Xmx{HEAP}", f"-Xms{HEAP}", "-XX:+UseSerialGC", *options),
            *("-cp", str(classes), "Held"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        user=user,
        group=user,
    )
    assert program.stdout is not None and program.stdin is not None
    try:
        assert program.stdout.readline() == "ready\n"
        yield program
    finally:
        program.send_signal(signal.SIGCONT)
        program.kill()
        program.wait()
        program.stdin.close()
        program.stdout.close()


def recorded(program: subprocess.Popen[str], file: Path, seconds: float = 6) -> str:
    """Record it for a while; gives what was said on stderr."""
    done = run(
        *("memory-record", "--ask-runtime", "-p", str(program.pid), "-o", file),
        *("--period", "100ms", "--duration", str(seconds)),
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def said(file: Path) -> Any:
    return json.loads(run("memory-watcher", "kinds", file, "--json").stdout)["runtime_says"]


def end(program: subprocess.Popen[str]) -> str:
    """Let it end; gives all that it has printed since."""
    output, _ = program.communicate("\n", timeout=60)
    assert program.returncode == 0
    return output


@pytest.mark.parametrize("user", [None, NOBODY], ids=["own", "another user's"])
def test_it_says_what_its_heap_is(classes: Path, tmp_path: Path, user: int | None) -> None:
    """As large as it was made, with what it holds; another user's is asked as that user, by root.

    It prints nothing because of that.
    """
    if user is not None and os.geteuid() != 0:
        pytest.skip("only root may ask another user's")
    file = tmp_path / "a.db"
    with java(classes, "-XX:NativeMemoryTracking=summary", user=user) as program:
        words = recorded(program, file)
        assert end(program) == ""
    assert "nothing from its JVM" not in words
    told = said(file)
    heap = next(part for part in told["parts"] if part["name"] == "Java heap")
    assert heap["committed"] == HEAP
    assert 40 << 20 <= heap["used"] <= 60 << 20
    tracked = {each["name"]: each["committed"] for each in told["native_memory_tracking"]}
    assert tracked["Java Heap"] == HEAP
    text = run("memory-watcher", "kinds", file).stdout
    assert re.search(r"^  Java heap +committed 131 072 Ki, used \d\d \d{3} Ki$", text, re.MULTILINE)
    reports = "SELECT count(*) FROM runtime_reports AS r JOIN ticks AS t ON t.id = r.tick"
    [(count,)] = rows(file, f"{reports} WHERE r.time_ns > 1e18")
    assert count >= 1
    assert run("memory-watcher", "verify", file).returncode == 0


def test_its_cost_is_the_recorders(classes: Path, tmp_path: Path) -> None:
    """Jcmd is a JVM: it takes more CPU than all that the recorder does in one tick."""
    file = tmp_path / "a.db"
    with java(classes) as program:
        recorded(program, file)
    costs = [cpu for (cpu,) in rows(file, "SELECT cpu_ns FROM ticks ORDER BY id")]
    steps = [after - before for before, after in itertools.pairwise(costs)]
    assert max(steps) > 30_000_000
    assert rows(file, "SELECT count(*) FROM processes") == [(1,)]


def test_one_that_is_stopped_is_left_alone(classes: Path, tmp_path: Path) -> None:
    """One notice; no signal waits for it, so it prints no list of threads once it goes on."""
    with java(classes) as program:
        program.send_signal(signal.SIGSTOP)
        stat = Path(f"/proc/{program.pid}/stat")
        wait_until(lambda: " T " in stat.read_text(), "it is stopped")
        words = recorded(program, tmp_path / "a.db", seconds=3)
        pending = re.search(r"ShdPnd:\t(\w+)", Path(f"/proc/{program.pid}/status").read_text())
        assert pending is not None and not int(pending[1], 16) >> (signal.SIGQUIT - 1) & 1
        program.send_signal(signal.SIGCONT)
        assert end(program) == ""
    assert words.count("nothing from its JVM: it is stopped. It is asked again every minute") == 1
    assert said(tmp_path / "a.db") is None


@pytest.mark.parametrize(
    ("option", "why"),
    [("-Xrs", "does not catch SIGQUIT"), ("-XX:+DisableAttachMechanism", "DisableAttachMechanism")],
)
def test_one_that_must_not_be_asked_lives(
    classes: Path, tmp_path: Path, option: str, why: str
) -> None:
    """SIGQUIT would end it, or make it print all of its threads."""
    with java(classes, option) as program:
        words = recorded(program, tmp_path / "a.db", seconds=14 if option == "-Xrs" else 3)
        assert end(program) == ""
    assert words.count("nothing from its JVM") == 1 and why in words


def test_without_the_option_nothing_is_asked(classes: Path, tmp_path: Path) -> None:
    """Its attach listener was not even started."""
    file = tmp_path / "a.db"
    with java(classes) as program:
        done = run(
            *("memory-record", "-p", str(program.pid), "-o", file),
            *("--period", "100ms", "--duration", "2"),
        )
        assert done.returncode == 0
        assert not Path(f"/tmp/.java_pid{program.pid}").exists()
        assert "Attach Listener" not in [
            (task / "comm").read_text().strip()
            for task in Path(f"/proc/{program.pid}/task").iterdir()
        ]
    assert said(file) is None


def test_of_another_machine_none_can_be_asked(tmp_path: Path) -> None:
    """A usage error, that names the option."""
    done = run("memory-record", "--ask-runtime", "--proc", tmp_path, "-p", "1")
    assert done.returncode == 2
    assert "--ask-runtime" in done.stderr and len(done.stderr.splitlines()) == 1
