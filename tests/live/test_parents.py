"""A real server's processes: the same tree however they were chosen, whatever was read first."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.procfs.process import parse_stat

from ..programs import command, recorder, rows, run, wait_until

pytestmark = pytest.mark.live

CLIENTS = 3
#: What the server starts by itself, at least: checkpointer, background writer, walwriter…
HELPERS = 4


def program(name: str) -> str:
    """A program of PostgreSQL, which Debian does not put into the path."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def without_root() -> list[str]:
    """Put before a command: the server refuses to be run by root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("there is no user to run the server as")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


@pytest.fixture(name="cluster", scope="module")
def database_cluster() -> Iterator[Path]:
    """A folder with an empty cluster in it; its socket lies there, too."""
    before = without_root()
    with tempfile.TemporaryDirectory(prefix="mw-pg-") as name:
        folder = Path(name)
        if before:
            shutil.chown(folder, "postgres", "postgres")
        made = subprocess.run(
            [*before, program("initdb"), "-D", folder / "data", "-A", "trust", "-N"],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        yield folder


def server(cluster: Path) -> list[str]:
    """The server's command line: only a socket, no port."""
    options = ["-k", str(cluster), "-c", "listen_addresses=", "-c", "autovacuum_naptime=1h"]
    return [*without_root(), program("postgres"), "-D", str(cluster / "data"), *options]


def children(pid: int) -> dict[int, int]:
    """The living children of a process, with their parent: what is true now."""
    found = {}
    for folder in Path("/proc").glob("[1-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if parse_stat((folder / "stat").read_bytes()).parent_pid == pid:
                found[int(folder.name)] = pid
    return found


@contextmanager
def clients(cluster: Path) -> Iterator[None]:
    """Connections that stay open."""
    connect = [program("psql"), "-h", str(cluster), "-U", "postgres", "-X", "-q", "postgres"]
    if os.geteuid() != 0:
        connect[4] = pwd.getpwuid(os.geteuid()).pw_name
    opened = [
        subprocess.Popen(
            connect,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(CLIENTS)
    ]
    try:
        yield
    finally:
        for each in opened:
            assert each.stdin is not None
            each.stdin.close()
            each.wait()


def listed(file: Path) -> list[dict[str, Any]]:
    done = run("memory-watcher", "ls", file, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["processes"]
    return found


def parents_in(file: Path, of: set[int]) -> dict[int, int | None]:
    """The parent's PID that a recording tells of these processes."""
    found = listed(file)
    pid_of = {each["id"]: each["pid"] for each in found}
    return {each["pid"]: pid_of.get(each["parent_id"]) for each in found if each["pid"] in of}


@contextmanager
def running(cluster: Path) -> Iterator[dict[int, int | None]]:
    """The server with its clients; tells who is whose child. The server itself is a root."""
    process = subprocess.Popen(server(cluster), stderr=subprocess.DEVNULL)
    try:
        wait_until((cluster / ".s.PGSQL.5432").exists, "the server's socket")
        wait_until(lambda: len(children(process.pid)) >= HELPERS, "the server's helpers")
        with clients(cluster):
            ready = HELPERS + CLIENTS
            wait_until(lambda: len(children(process.pid)) >= ready, "a process for each client")
            yield {**children(process.pid), process.pid: None}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def has_all(file: Path, wanted: Collection[int]) -> bool:
    return set(wanted) <= {pid for (pid,) in rows(file, "SELECT pid FROM processes")}


def test_parents_however_they_were_chosen(cluster: Path, tmp_path: Path) -> None:
    """With --children and with --name the server's tree is the one that the kernel tells."""
    with running(cluster) as true:
        (root,) = (pid for pid, parent in true.items() if parent is None)
        for options in (("-p", root, "--children"), ("--name", "postgres")):
            file = tmp_path / f"{len(options)}.db"
            check_tree(file, true, options)


def check_tree(file: Path, true: dict[int, int | None], options: tuple[str | int, ...]) -> None:
    """Record the server and compare its tree, in `ls` and in `peak`, with the true one."""
    with recorder(file, *options) as recording:
        recording.wait_for_ticks(1)
        wait_until(partial(has_all, file, true), "all of them in the recording")
        code, said = recording.stop()
    assert code == 0, said
    assert parents_in(file, set(true)) == true, options
    labels = {each["role"] or "" for each in listed(file) if each["pid"] in true}
    assert "postgres: checkpointer" in labels
    assert sum(each.startswith("-D ") for each in labels) == 1  # the server itself
    tree = json.loads(run("memory-watcher", "peak", file, "--json").stdout)
    depth = {each["process"]["pid"]: each["depth"] for each in tree["processes"]}
    assert {pid: depth[pid] for pid in true if pid in depth} == {
        pid: int(parent is not None) for pid, parent in true.items() if pid in depth
    }


@contextmanager
def control_group(pids: Callable[[], Collection[int]]) -> Iterator[str]:
    """A cgroup for these processes alone, as --cgroup takes it; skipped where none can be made."""
    name = f"mw-parents-{os.getpid()}"
    tops = {"": Path("/sys/fs/cgroup"), "memory:": Path("/sys/fs/cgroup/memory")}
    version = next((each for each, top in tops.items() if (top / "cgroup.procs").exists()), None)
    if version is None:
        pytest.skip("there are no cgroups here")
    folder = tops[version] / name
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no cgroup can be made here")
    try:
        wait_until(lambda: has_moved(folder, pids()), "all of them in the cgroup")
        yield f"{version}/{name}"
    finally:
        wait_until(lambda: is_empty(folder), "the cgroup without processes")
        folder.rmdir()


def has_moved(folder: Path, pids: Collection[int]) -> bool:
    """Move these into a cgroup; whether all were in it already: none was started outside."""
    procs = folder / "cgroup.procs"
    outside = set(pids) - set(map(int, procs.read_text().split()))
    for pid in outside:
        with contextlib.suppress(OSError):  # it has ended
            procs.write_text(str(pid))
    return not outside


def is_empty(folder: Path) -> bool:
    """Move all out of a cgroup, also those that were started in it meanwhile."""
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):  # it has ended
            (folder.parent / "cgroup.procs").write_text(pid)
    return not (folder / "cgroup.procs").read_text()


def test_parents_in_a_cgroup(cluster: Path, tmp_path: Path) -> None:
    """With --cgroup, too, whichever of them is read first."""
    with running(cluster) as true, control_group(lambda: true) as name:
        check_tree(tmp_path / "cgroup.db", true, ("--cgroup", name))


def test_parents_of_a_launched_server(cluster: Path, tmp_path: Path) -> None:
    """A launched server: its own children below it, and it below what started it."""
    file = tmp_path / "launched.db"
    done = subprocess.Popen(
        command("memory-watcher", "record", "-o", file, "--", *server(cluster)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((cluster / ".s.PGSQL.5432").exists, "the server's socket")
        root = wait_until(lambda: next(iter(children(done.pid)), None), "the server")
        with clients(cluster):
            ready = HELPERS + CLIENTS
            wait_until(lambda: len(children(root)) >= ready, "a process for each client")
            true: dict[int, int | None] = {**children(root), root: None}
            wait_until(partial(has_all, file, true), "all of them in the recording")
            os.kill(root, signal.SIGINT)
            assert done.wait() == 0
    finally:
        done.kill()
        done.wait()
    assert parents_in(file, set(true)) == true


# -- a browser: zygotes that fork for others, and children of children ----------------------------


def descendants(root: int) -> dict[int, int | None]:
    """All that descend from it, with their parents; it is a root."""
    found: dict[int, int | None] = {root: None}
    new = children(root)
    while new:
        found |= new
        new = {pid: parent for each in new for pid, parent in children(each).items()}
    return found


def browser(folder: Path) -> list[str]:
    """Chromium's command line; it shows a page and stays."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium on this machine")
        pytest.skip("there is no Chromium on this machine")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    folder.mkdir()
    page = "data:text/html,<title>a page</title>"
    debugging = "--remote-debugging-port=0"  # without it the page is shown and all is over
    return [found, *flags.split(), debugging, f"--user-data-dir={folder}", page]


def has_renderer(root: int) -> bool:
    """Whether the page is there, and all that it takes."""
    pids = descendants(root)
    texts = []
    for pid in pids:
        with contextlib.suppress(OSError):
            texts.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return any(b"--type=renderer" in text for text in texts)


@contextmanager
def browsing(arguments: list[str]) -> Iterator[int]:
    """Run it, and end all of it in the end."""
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def check_browser(file: Path, root: int) -> None:
    """The recorded tree is the kernel's, for all that were there all the time."""
    before = descendants(root)
    wait_until(lambda: has_all(file, descendants(root)), "all of them in the recording")
    after = descendants(root)
    true = {pid: parent for pid, parent in after.items() if before.get(pid, -1) == parent}
    assert len(true) >= 4
    assert parents_in(file, set(true)) == true
    labels = {each["role"] or "" for each in listed(file) if each["pid"] in true}
    assert any("renderer" in label for label in labels), labels
    assert any("zygote" in label for label in labels), labels


@pytest.mark.parametrize("how", ["children", "name", "cgroup"])
def test_parents_of_a_browser(how: str, tmp_path: Path) -> None:
    """Chromium's tree is the one that the kernel tells, however it was chosen; each has a role."""
    with browsing(browser(tmp_path / "profile")) as root, contextlib.ExitStack() as stack:
        wait_until(lambda: has_renderer(root), "the page")
        options: tuple[str | int, ...] = ("-p", root, "--children")
        if how == "name":
            options = ("--name", Path(f"/proc/{root}/comm").read_text().strip())
        elif how == "cgroup":
            options = ("--cgroup", stack.enter_context(control_group(lambda: descendants(root))))
        file = tmp_path / "browser.db"
        with recorder(file, *options) as recording:
            recording.wait_for_ticks(1)
            check_browser(file, root)
            code, said = recording.stop()
        assert code == 0, said


def test_parents_of_a_launched_browser(tmp_path: Path) -> None:
    """Launched by the recorder, from its first process on."""
    file = tmp_path / "browser.db"
    arguments = command("memory-watcher", "record", "-o", file, "--", *browser(tmp_path / "p"))
    with browsing(arguments) as recording:
        root = wait_until(lambda: next(iter(children(recording)), None), "the browser")
        wait_until(lambda: has_renderer(root), "the page")
        check_browser(file, root)
