"""A service of systemd and containers of podman, crun and runc: names, cgroups, exe, .bss."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import run, wait_until

MI = 1 << 20
SOURCE = Path(__file__).with_name("server.c")
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(name="root", scope="module")
def root_of_a_container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one static program: its path is nowhere else on the machine."""
    root = tmp_path_factory.mktemp("root")
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
    """Record for some seconds; what memory-peak says of the server."""
    done = run("memory-watcher", "record", "-o", file, "--duration", "4", *options)
    assert done.returncode == 0, done.stderr
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
