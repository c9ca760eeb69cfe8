"""A service of systemd and containers of podman, crun and runc: names, cgroups, exe, .bss."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import recorder, run, wait_until

MI = 1 << 20
SOURCE = Path(__file__).with_name("server.c")
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(name="root", scope="module")
def root_of_a_container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one static program: its path is nowhere else on the machine."""
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)  # another user's process is to run in it
    for name in ("app", "dev", "etc", "proc", "sys", "tmp", "run"):
        (root / name).mkdir()
    call("gcc", "-static", "-O1", "-o", root / "app/only-here", SOURCE)
    return root


def call(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def is_full(path: str) -> bool:
    """Whether all that the server writes counts in its cgroup."""
    try:
        return int((CGROUPS / path.lstrip("/") / "memory.current").read_text()) > 45 * MI
    except OSError:
        return False


def cgroup_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text().strip().partition("::")[2]


def recorded(file: Path, *options: str) -> dict[str, Any]:
    """Record until the headers of its files are read; what memory-peak says of the server."""
    with recorder(file, *options) as recording:
        recording.wait_for_headers()
        code, said = recording.stop()
    assert code == 0, said
    (pid,) = (
        each["pid"]
        for each in json.loads(run("memory-watcher", "ls", file, "--json").stdout)["processes"]
        if each["name"] == "only-here"
    )
    done = run("memory-watcher", "peak", file, "-p", str(pid), "--by", "kind", "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def check_memory(view: dict[str, Any], path: str) -> None:
    """Kinds from the file's own headers, and the cgroup's tmpfs that is in no layout."""
    kinds = {group["kind"]: group["bytes"] for group in view["groups"]}
    assert kinds["program .bss"] >= 20 * MI, kinds
    assert view["process"]["images"][-1]["exe"].endswith("/app/only-here")
    (cgroup,) = view["cgroups"]
    assert cgroup["path"] == path
    assert cgroup["stat.shmem"] >= 16 * MI
    assert cgroup["current"] >= 45 * MI


def test_a_service_that_is_killed(root: Path, tmp_path: Path) -> None:
    """For its slice's limit: the kill is in the recording, and whose limit it was.

    systemd removes the cgroup as soon as the service has ended.
    """
    limits = ("MemoryMax=24M", "MemorySwapMax=0")
    call("systemctl", "set-property", "--runtime", "tight.slice", *limits)
    file, gate = tmp_path / "killed.db", tmp_path / "gate"
    os.mkfifo(gate)
    script = f"read line < {gate}; exec {root}/app/only-here"
    call("systemd-run", "--unit=big", "--slice=tight.slice", "sh", "-c", script)
    with recorder(file, "--unit", "big", "--period", "1s") as recording:
        recording.wait_for_ticks(2)
        gate.write_text("go\n")
        code, said = recording.end()
    assert code == 0, said
    call("systemctl", "reset-failed", "big")
    told = run("memory-watcher", "peak", file, "--json").stdout
    (cgroup,) = json.loads(told)["cgroups"]
    assert (cgroup["limit"], cgroup["limit_of"]) == (24 * MI, "/tight.slice"), said
    found = json.loads(run("memory-watcher", "explain", file, "--json").stdout)["findings"]
    (kills,) = (each for each in found if each["id"] == "oom-kills")
    assert kills["figures"] == {"kills": 1, "reached": 0}


def test_a_service(root: Path, tmp_path: Path) -> None:
    """By its name without .service, with its limit."""
    limit = ("-p", "MemoryMax=200M", "-p", "MemoryHigh=150M", "--slice=shop.slice")
    call("systemd-run", "--unit=web", *limit, root / "app/only-here")
    try:
        path = "/shop.slice/web.service"
        wait_until(lambda: is_full(path), "the server's memory")
        view = recorded(tmp_path / "web.db", "--unit", "web")
        check_memory(view, path)
        assert view["process"]["unit"] == "web.service"
        assert view["cgroups"][0]["max"] == 200 * MI
        assert view["cgroups"][0]["high"] == 150 * MI
    finally:
        call("systemctl", "stop", "web")
        Path("/dev/shm/cache").unlink(missing_ok=True)


@pytest.fixture(params=["crun", "runc"])
def podman(request: pytest.FixtureRequest, root: Path) -> Iterator[tuple[str, str, int]]:
    """A container of podman: its name, id and first process as the machine knows it."""
    name = f"shop-{request.param}"
    options = ("--network", "none", "--cgroup-manager", "systemd")
    found = call(
        *("podman", *options[2:], "--runtime", request.param, "run", "-d", "--name", name),
        *(*options[:2], "--security-opt", "seccomp=unconfined", "--rootfs", root),
        "/app/only-here",
    )
    try:
        pid = int(call("podman", "inspect", "--format", "{{.State.Pid}}", name))
        wait_until(lambda: is_full(cgroup_of(pid)), "the server's memory")
        yield name, found, pid
    finally:
        call("podman", "rm", "-f", "-t", "0", name)


def test_podman(podman: tuple[str, str, int], tmp_path: Path) -> None:
    """By name and by id: a process of another PID and mount namespace, with the right names."""
    name, found, pid = podman
    for chosen in (name, found[:12]):
        view = recorded(tmp_path / f"{chosen}.db", "--container", chosen)
        path = view["process"]["container"] and view["cgroups"][0]["path"]
        assert view["process"]["pid"] == pid
        assert view["process"]["container"]["id"] == found
        assert view["process"]["container"]["name"] == name
        assert view["process"]["container"]["runtime"] == "podman"
        assert found in path
        check_memory(view, path)
    listed = run("memory-watcher", "ls", tmp_path / f"{name}.db").stdout
    assert f"{name} (podman {found[:12]})" in listed


@pytest.fixture(name="beside")
def root_of_the_recorder(tmp_path: Path) -> Path:
    """A root for a container in which the machine's programs and this project are mounted."""
    root = tmp_path / "beside"
    for name in ("usr", "project", "out", "dev", "etc", "proc", "sys", "tmp", "run"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    return root


@pytest.fixture
def target(request: pytest.FixtureRequest, root: Path) -> Iterator[str]:
    """The name of a container of podman whose process runs as this user."""
    name = f"target-{request.param}"
    call(
        *("podman", "--cgroup-manager", "systemd", "run", "-d", "--name", name),
        *("--network", "none", "--security-opt", "seccomp=unconfined"),
        *("--user", str(request.param), "--rootfs", root, "/app/only-here"),
    )
    try:
        pid = int(call("podman", "inspect", "--format", "{{.State.Pid}}", name))
        wait_until(lambda: is_full(cgroup_of(pid)), "the server's memory")
        yield name
    finally:
        call("podman", "rm", "-f", "-t", "0", name)


def contained(beside: Path, out: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run this project in a container of podman: `words` are its options, and what it records."""
    split = words.index("--")
    mounts = ("/usr:/usr:ro", "/project:/project:ro", f"{out}:/out")
    return subprocess.run(
        [
            *("podman", "--cgroup-manager", "systemd", "run", "--rm"),
            *("--network", "none", "--security-opt", "seccomp=unconfined"),
            *(f"--volume={mount}" for mount in mounts),
            *map(str, words[:split]),
            *("--rootfs", str(beside), "/project/.venv/bin/python", "-m", "memory_watcher"),
            *("record", "-o", "/out/it.db", *map(str, words[split + 1 :])),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def record_beside(
    target: str, beside: Path, out: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Record from a container that shares the PID namespace of the target's, and nothing else."""
    shared = f"--pid=container:{target}"
    return contained(beside, out, shared, *options, "--", "--name", "only-here", "--duration", "10")


def kinds_of(file: Path) -> dict[str, int]:
    done = run("memory-watcher", "peak", file, "--by", "kind", "--json")
    assert done.returncode == 0, done.stderr
    return {group["kind"]: group["bytes"] for group in json.loads(done.stdout)["groups"]}


@pytest.mark.parametrize("target", [1234], indirect=True)
def test_a_sidecar_without_the_capability(target: str, beside: Path, tmp_path: Path) -> None:
    """Another user's process: one line says what to add; with that it is recorded in full.

    What is known from its file is read below its own root: it is nowhere in the recorder's.
    """
    out = tmp_path / "out"
    out.mkdir()
    done = record_beside(target, beside, out)
    assert done.returncode == 1, done.stderr
    assert "cap-add SYS_PTRACE" in done.stderr
    assert "no layouts" in done.stderr
    (out / "it.db").unlink()
    done = record_beside(target, beside, out, "--cap-add", "SYS_PTRACE")
    assert done.returncode == 0, done.stderr
    assert "SYS_PTRACE" not in done.stderr
    assert kinds_of(out / "it.db")["program .bss"] >= 20 * MI


@pytest.mark.parametrize("target", [0], indirect=True)
def test_a_sidecar_of_the_same_user(target: str, beside: Path, tmp_path: Path) -> None:
    """A process with the same capabilities is recorded without any that containers lack."""
    out = tmp_path / "out"
    out.mkdir()
    done = record_beside(target, beside, out)
    assert done.returncode == 0, done.stderr
    assert kinds_of(out / "it.db")["program .bss"] >= 20 * MI


def test_inside_of_the_container(beside: Path, tmp_path: Path) -> None:
    """Its cgroup is called / there: its memory and its limit are recorded with its command."""
    out = tmp_path / "out"
    out.mkdir()
    script = "b = b'x' * (60 << 20); import time; time.sleep(4)"
    command = ("--period", "1s", "--", "python3", "-I", "-S", "-c", script)
    done = contained(beside, out, "--memory=200m", "--", *command)
    assert done.returncode == 0, done.stderr
    view = json.loads(run("memory-watcher", "peak", out / "it.db", "--json").stdout)
    (cgroup,) = view["cgroups"]
    assert (cgroup["path"], cgroup["limit"], cgroup["limit_of"]) == ("/", 200 * MI, "/")
    assert cgroup["current"] >= 60 * MI
