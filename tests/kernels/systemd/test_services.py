"""A service of systemd on cgroup v2: its name, its cgroup with limits, exe, .bss."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.programs import run, wait_until

MI = 1 << 20
SOURCE = Path(__file__).with_name("server.c")
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(name="root", scope="module")
def root_with_one_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one static program: its path is nowhere else on the machine."""
    root = tmp_path_factory.mktemp("root")
    (root / "app").mkdir()
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
