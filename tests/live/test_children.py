"""What a recorded process starts is found, whatever becomes of its parents; and what it sums to."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any

import pytest

from memory_watcher.model import LayoutState
from memory_watcher.store.recording import Recording

from ..programs import PATIENCE, command, environment, one, recorder, rows, run, wait_until
from ..rights import NOBODY
from .targets import Target
from .test_permissions import WITHOUT_RIGHTS

pytestmark = pytest.mark.live

MI = 1 << 20
PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.fixture(name="file")
def recording_file(tmp_path: Path) -> Path:
    return tmp_path / "children.db"


def launch(
    file: Path, *words: str, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Record a command to its end, as a user would: with the period that is the default."""
    done = run("memory-watcher", "record", "-o", file, *options, "--", *words)
    assert "Traceback" not in done.stderr
    return done


@contextmanager
def launched(
    file: Path, *words: str, options: tuple[str, ...] = (), code: int = 0
) -> Iterator[subprocess.Popen[bytes]]:
    """Record a command that waits for its input, which ends with `with`; it ends with this code."""
    line = command("memory-watcher", "record", "-o", file, *options, "--", *words)
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        try:
            yield process
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == code


def lines_so_far(file: Path) -> list[str]:
    """The command lines of all images that are in a recording."""
    try:
        return [line for (line,) in rows(file, "SELECT command_line FROM images")]
    except OperationalError:
        return []  # it is not there yet


def names(file: Path) -> list[str]:
    """The last name of each process, sorted."""
    with Recording(file) as recording:
        return sorted(process.name for process in recording.processes())


def peak(file: Path, *options: str) -> Any:
    done = run("memory-watcher", "peak", file, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ancestors(file: Path) -> dict[str, str | None]:
    """The command line of each process -> its parent's."""
    listed = json.loads(run("memory-watcher", "ls", file, "--json").stdout)["processes"]
    lines = {each["id"]: each["images"][-1]["command_line"] for each in listed}
    return {lines[each["id"]]: lines.get(each["parent_id"]) for each in listed}


def test_pipeline(file: Path) -> None:
    """Every part of a pipeline is there, below the shell that started it."""
    parts = ("cat -b", "cat -n", "cat -u")
    with launched(file, "sh", "-c", f"{' | '.join(parts)}; :"):
        wait_until(lambda: set(parts) <= set(lines_so_far(file)), "all parts")
    parents = ancestors(file)
    for part in parts:
        assert (parents[part] or "").startswith("sh -c")


def test_double_fork(file: Path) -> None:
    """A daemon (own session, parents ended) belongs to the command; the command's end ends it."""
    script = "(setsid sh -c 'sleep 100.5 & echo $!' 2>&1 &); read line; exit 3"
    words = command("memory-watcher", "record", "-o", file, "--", "sh", "-c", script)
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        daemon = int(process.stdout.readline())
        try:
            wait_until(lambda: "sleep 100.5" in lines_so_far(file), "the daemon")
            process.stdin.close()
            assert process.wait(PATIENCE) == 3
            said = process.stderr.read().decode()
        finally:
            os.kill(daemon, 9)
    assert one(file, "SELECT count(*) FROM processes WHERE pid = ?", daemon) == (1,)
    words_of_it = f"1 process it started is still running and no longer recorded: {daemon}."
    assert words_of_it in said


def test_wait_all(file: Path) -> None:
    """With it the recording goes on until the daemon has ended; orphans' exit codes are known."""
    daemon = "cat >/dev/null; exit 8"
    script = f"exec 3<&0; (setsid sh -c '{daemon}' <&3 &); exit 3"
    with launched(file, "sh", "-c", script, options=("--wait-all",), code=3):
        wait_until(lambda: f"sh -c '{daemon}'" in lines_so_far(file), "the daemon")
        first = "SELECT count(*) FROM exits WHERE exit_code = 3"
        wait_until(lambda: one(file, first) == (1,), "the end of the command")
    codes = sorted(rows(file, "SELECT exit_code FROM exits WHERE exit_code != 0"))
    assert codes == [(3,), (8,)]
    assert rows(file, "SELECT pid FROM processes WHERE end_tick IS NULL") == []


def test_orphans_whose_parents_came_and_went(file: Path) -> None:
    """Ten grandchildren whose parents ended at once are found: they are handed to the recorder."""
    script = (
        "import os, sys\n"
        "for _ in range(10):\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0:\n"
        "            os.execv('/bin/cat', ['cat'])\n"
        "        os._exit(0)\n"
        "sys.stdin.read()"
    )
    with launched(file, *PYTHON, script):
        wait_until(lambda: lines_so_far(file).count("cat") == 10, "all ten")
    assert names(file).count("cat") == 10


def test_chain_of_execs(file: Path) -> None:
    """One process, several programs: an image each, and no second process."""
    inner = "read line; exec cat"
    chain = f"read line; exec sh -c {shlex.quote(inner)}"
    images = [shlex.join(["sh", "-c", chain]), shlex.join(["sh", "-c", inner]), "cat"]
    with launched(
        file, "sh", "-c", chain, options=("--period", "50ms", "--max-cpu", "0")
    ) as process:
        assert process.stdin
        for image in images[:2]:
            wait_until(lambda: image in lines_so_far(file), "an image")  # noqa: B023
            process.stdin.write(b"\n")
            process.stdin.flush()
        wait_until(lambda: "cat" in lines_so_far(file), "the last image")
    with Recording(file) as recording:
        (only,) = recording.processes()
        root = recording.selection()
    assert [image.command_line for image in only.images] == images
    assert root is not None
    assert root.root_pid == only.pid


def test_loop_of_short_commands(file: Path) -> None:
    """500 short commands in a row: no crash, and no process held up.

    Those of them that last are all recorded. Each that was seen is in the recording or counted as
    too short, and none is counted twice.
    """
    script = (
        "i=0; while [ $i -lt 500 ]; do /bin/true;"
        " [ $((i % 50)) -eq 49 ] && sleep 0.15; i=$((i+1)); done"
    )
    done = launch(file, "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    recorded = names(file)
    (too_short,) = one(file, "SELECT too_short FROM selections")
    assert recorded.count("sleep") == 10
    assert len(recorded) + too_short <= 1 + 500 + 10
    assert not too_short or f"{too_short} process" in done.stderr


def test_every_process_longer_than_100_ms(file: Path) -> None:
    """Among many short ones, all that live for 110 ms are in the recording."""
    script = "i=0; while [ $i -lt 30 ]; do /bin/true; sleep 0.11; /bin/true; i=$((i+1)); done"
    launch(file, "sh", "-c", script)
    assert names(file).count("sleep") == 30


@pytest.mark.timing
def test_found_within_50_ms(file: Path) -> None:
    """From fork to the first reading of a child: at most 50 ms, in nine of ten cases."""
    script = (
        "import os, time\n"
        "for _ in range(20):\n"
        "    began = time.time_ns()\n"
        "    pid = os.spawnv(os.P_NOWAIT, '/bin/sleep', ['sleep', '0.12'])\n"
        "    print(pid, began, flush=True)\n"
        "    os.waitpid(pid, 0)"
    )
    done = launch(file, *PYTHON, script)
    delays = []
    for line in done.stdout.splitlines():
        pid, began = map(int, line.split())
        (first,) = one(
            file,
            "SELECT min(t.time_ns + r.delay_ns) FROM processes AS p"
            " JOIN readings AS r ON r.process_id = p.id JOIN ticks AS t ON t.id = r.tick"
            " WHERE p.pid = ?",
            pid,
        )
        delays.append((first - began) / 1e6)
    assert sorted(delays)[17] < 50, delays


def test_no_descriptor_is_lost(file: Path) -> None:
    """After hundreds of processes the recorder has as many files open as after the first ones."""

    def open_files(pid: int) -> list[str]:
        found = []
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed just now
                found.append(str(link.readlink()))
        return found

    script = (
        "import os, sys, time\n"
        "def spawn(count):\n"
        "    for _ in range(count):\n"
        "        os.waitpid(os.spawnv(os.P_NOWAIT, '/bin/sleep', ['sleep', '0.03']), 0)\n"
        "    print('done', flush=True); sys.stdin.readline()\n"
        "spawn(10); spawn(100)"
    )
    with (
        subprocess.Popen(
            [*PYTHON, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
        recorder(file, "-p", process.pid, "--children", "--max-cpu", "0") as recording,
    ):
        assert process.stdin
        assert process.stdout
        counts = []
        recording.wait_for_ticks(1)
        for _ in range(2):
            process.stdout.readline()

            def only_root_left() -> bool:
                # One that came last may be held before there is a row of it, and while that ends.
                held = re.findall(r"^/proc/([0-9]+)", "\n".join(open_files(recording.pid)), re.M)
                living = rows(file, "SELECT count(*) FROM processes WHERE end_tick IS NULL")
                return living == [(1,)] and set(map(int, held)) == {process.pid}

            wait_until(only_root_left, "the ends of all children, and their files closed")
            counts.append(len(open_files(recording.pid)))
            process.stdin.write(b"\n")
            process.stdin.flush()
        code, said = recording.end()
    assert code == 0, said
    assert abs(counts[1] - counts[0]) <= 1  # SQLite opens its files as it needs them


def test_children_of_a_running_process(file: Path) -> None:
    """With -p and --children: those it has already, those it starts, and those they leave."""
    script = (
        "sleep 60.1 & old=$!; echo ready; read line;"
        " sh -c 'sleep 60.2 & echo $!'; sleep 60.3 & new=$!; echo $old $new; read line;"
        " kill $old $new"
    )
    with subprocess.Popen(
        ["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as shell:
        assert shell.stdin
        assert shell.stdout
        orphan = 0
        try:
            shell.stdout.readline()
            with recorder(file, "-p", shell.pid, "--children") as recording:
                recording.wait_for_ticks(1)
                shell.stdin.write(b"\n")
                shell.stdin.flush()
                orphan = int(shell.stdout.readline())
                old, new = map(int, shell.stdout.readline().split())

                def all_there() -> bool:
                    found = {pid for (pid,) in rows(file, "SELECT pid FROM processes")}
                    return {shell.pid, old, new, orphan} <= found

                wait_until(all_there, "the children and the orphan in the recording")
                shell.stdin.write(b"\n")
                shell.stdin.flush()
                code, said = recording.stop()
        finally:
            if orphan:
                os.kill(orphan, 9)
    assert code == 0, said
    assert one(file, "SELECT kind, description FROM selections") == (
        "children",
        f"-p {shell.pid} --children",
    )
    strangers = rows(file, "SELECT pid FROM processes WHERE pid = ?", os.getpid())
    assert strangers == []


def test_children_of_another_users_process(file: Path) -> None:
    """What all may see is recorded; one line names the remedy, as without --children."""
    if os.geteuid() != 0:
        pytest.skip("only root can start another user's process")
    with Target() as target:
        target.ask("become", NOBODY)
        options = ("-o", file, "-p", str(target.pid), "--children", "--duration", "1", "--quiet")
        done = run("memory-watcher", "record", *options, before=WITHOUT_RIGHTS)
    assert done.returncode == 1
    assert "no permission" in done.stderr
    assert done.stderr.count("\n") == 1
    states = rows(file, "SELECT DISTINCT layout_state FROM readings")
    assert states == [(int(LayoutState.NO_PERMISSION),)]


@contextmanager
def preforking_server(workers: int, size: int) -> Iterator[list[int]]:
    """A parent that fills some memory and forks workers that read it; tells all PIDs."""
    script = (
        "import mmap, os, sys\n"
        f"block = mmap.mmap(-1, {size})\n"
        f"block.write(os.urandom(1 << 20) * {size >> 20})\n"
        "pids = [os.getpid()]\n"
        "ready, tell = os.pipe()\n"
        f"for _ in range({workers}):\n"
        "    if (pid := os.fork()) == 0:\n"
        "        sum(block[::4096]); own = b'x' * (3 << 20)\n"
        "        os.write(tell, b'r'); sys.stdin.readline(); os._exit(0)\n"
        "    pids.append(pid)\n"
        f"got = 0\n"
        f"while got < {workers}: got += len(os.read(ready, 100))\n"
        "print(*pids, flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [*PYTHON, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield list(map(int, process.stdout.readline().split()))
        finally:
            process.stdin.close()


def rollup_pss(pids: list[int]) -> int:
    """The sum of PSS as smaps_rollup tells it at this instant, bytes."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(text.split("Pss:")[1].split()[0]) * 1024
    return total


def shared_memory(view: Any) -> int:
    """What is in shared memory, by the layouts of a view; bytes of PSS."""
    (group,) = [each for each in view["groups"] if each["kind"] == "shared memory"]
    return int(group["bytes"])


def test_sum_of_a_preforking_server(file: Path) -> None:
    """8 workers that share 200 MB: the sum of PSS is within 2 % of smaps_rollup's, taken at once.

    RSS of all would come to nine times as much. A busy machine may not have read all layouts by the
    peak: then what the mappings come to is short by what those have, and it is said how many lack.
    """
    with preforking_server(8, 200 * MI) as pids:
        with recorder(
            file, "-p", pids[0], "--children", "--period", "100ms", "--max-cpu", "0"
        ) as recording:
            recording.wait_for_ticks(4)

            def is_whole() -> bool:
                return rows(file, "SELECT 1 FROM passes WHERE layouts = 9") != []

            wait_until(is_whole, "a pass beside which all nine layouts stand")
            expected = rollup_pss(pids)
            code, said = recording.stop()
        assert code == 0, said
    view = peak(file)
    assert view["view"] == "tree"
    assert len(view["processes"]) == 9
    assert view["sums"]["pss"]["lacking"] == 0
    assert abs(view["sums"]["pss"]["bytes"] - expected) <= expected * 0.02
    assert expected > 200 * MI
    read = 9 - view["layouts"]["without"]
    assert abs(shared_memory(view) - read / 9 * 200 * MI) < 2 * MI
    assert view["layouts"]["difference"] == view["sums"]["pss"]["bytes"] - view["sum"]["bytes"]
    end = peak(file, "--measurement-time", "end")
    assert end["layouts"]["without"] == 0
    assert abs(shared_memory(end) - 200 * MI) < 2 * MI
    # The breakdown is that of the layouts, where the kernel cuts the PSS of each mapping to KiB.
    assert 0 <= end["layouts"]["difference"] <= expected * 0.005
    assert {each["depth"] for each in view["processes"]} == {0, 1}
    text = run("memory-watcher", "peak", file).stdout
    assert "sum of PSS" in text
    one_of_them = peak(file, "-p", str(pids[1]))
    assert one_of_them["view"] == "process"


def passes_above(file: Path, size: int, processes: int) -> int:
    """How many passes so far read at least so many processes, and more PSS than that in sum.

    Those in which memory moved while it was read are no sums.
    """
    query = "SELECT count(*) FROM passes WHERE processes >= ? AND pss > ? AND moved * 100 < pss"
    try:
        return int(one(file, query, processes, size)[0])
    except OperationalError:
        return 0  # it is not there yet


def test_spawning_from_a_large_process(file: Path) -> None:
    """posix_spawn shares the parent's 120 MB until execve: the sum never shows them twice."""
    script = (
        "import os, select, sys\n"
        "block = b'x' * (120 << 20)\n"
        "while not select.select([sys.stdin], [], [], 0)[0]:\n"
        "    pid = os.posix_spawn('/bin/sleep', ['sleep', '0.01'], {})\n"
        "    os.waitpid(pid, 0)"
    )
    with launched(file, *PYTHON, script, options=("--period", "20ms", "--max-cpu", "0")):
        wait_until(lambda: passes_above(file, 120 * MI, 1) >= 50, "50 sums")
    assert 120 * MI < peak(file)["sums"]["pss"]["bytes"] < 150 * MI


def test_forking_from_a_large_process(file: Path) -> None:
    """A fork's child has half of each page: the sum stays, though RSS doubles."""
    script = (
        "import os, sys\n"
        "block = bytearray(120 << 20)\n"
        "for at in range(0, len(block), 4096): block[at] = 1\n"
        "for _ in range(5):\n"
        "    hold, release = os.pipe()\n"
        "    if (pid := os.fork()) == 0: os.read(hold, 1); os._exit(0)\n"
        "    sys.stdin.readline()\n"
        "    os.write(release, b'x'); os.waitpid(pid, 0)"
    )
    with launched(file, *PYTHON, script, options=("--max-cpu", "0")) as process:
        assert process.stdin
        for _ in range(5):
            # One that is under way may still read the child before.
            enough = passes_above(file, 120 * MI, 2) + 2
            wait_until(lambda: passes_above(file, 120 * MI, 2) >= enough, "sums of both")  # noqa: B023
            process.stdin.write(b"\n")
            process.stdin.flush()
    assert len(names(file)) == 6
    assert 120 * MI < peak(file)["sums"]["pss"]["bytes"] < 150 * MI


def test_multiprocessing(file: Path, tmp_path: Path) -> None:
    """A pool of Python's multiprocessing: its workers are there, at the peak all together."""
    seen = tmp_path / "seen"
    script = (
        "import multiprocessing, os, time\n"
        "def work(_):\n"
        "    block = b'x' * (20 << 20)\n"
        f"    while not os.path.exists({str(seen)!r}): time.sleep(0.01)\n"
        "    return len(block)\n"
        "with multiprocessing.get_context('fork').Pool(4) as pool:\n"
        "    pool.map(work, range(4), 1)\n"
    )
    with launched(file, *PYTHON, script, options=("--period", "100ms", "--max-cpu", "0")):
        wait_until(lambda: passes_above(file, 4 * 20 * MI, 5), "a sum of all")
        seen.touch()
    view = peak(file)
    assert len(view["processes"]) >= 5
    assert view["sums"]["pss"]["bytes"] > 4 * 20 * MI


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make(file: Path, tmp_path: Path) -> None:
    """`make -j2` of a small C project: no crash; make, the compiler and its parts are recorded."""
    for number in range(6):
        functions = "".join(f"int f{number}_{i}(int a) {{ return a * {i}; }}\n" for i in range(300))
        (tmp_path / f"f{number}.c").write_text(functions)
    (tmp_path / "Makefile").write_text(
        "all: $(patsubst %.c,%.o,$(wildcard *.c))\n%.o: %.c\n\tcc -O2 -c -o $@ $<\n"
    )
    done = launch(file, "make", "-s", "-j2", "-C", str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = names(file)
    assert "make" in found
    assert found.count("cc1") == 6
