"""Containers and services of a machine whose every file the test chooses: cgroups of version 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..fakeproc import FakeProc, FakeProcess
from ..programs import rows, run

WEB, APP = "0123456789abcdef" * 4, "fedcba9876543210" * 4
POD = "8d6ae0a3-1b2c-4d5e-8f90-0123456789ab"
KUBE = f"/kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{APP}.scope"
CGROUPS = {
    10: f"/system.slice/docker-{WEB}.scope",
    11: f"/system.slice/docker-{WEB}.scope/below",
    20: KUBE,
    30: "/system.slice/nginx.service",
    31: "/system.slice/nginx.service",
    40: "/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service",
    50: "/system.slice/system-getty.slice/getty@tty1.service",
    51: "/system.slice/system-getty.slice/getty@tty2.service",
    60: f"/machine.slice/libpod-conmon-{WEB}.scope",
}


@pytest.fixture(name="machine")
def made_up_machine(tmp_path: Path) -> Path:
    """A machine's root: proc, the cgroup hierarchy, what docker and containerd keep."""
    fake = FakeProc(tmp_path / "proc")
    for pid, path in CGROUPS.items():
        fake.put(FakeProcess(pid, f"p{pid}", changed={"cgroup": f"0::{path}\n".encode()}))
        folder = tmp_path / "cgroup" / path.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("current", f"{pid << 20}"), ("max", "max"), ("stat", "anon 5")):
            (folder / f"memory.{name}").write_text(text + "\n")
    point = tmp_path / "cgroup"
    fake.write("self/mountinfo", f"35 1 0:32 / {point} rw - cgroup2 cgroup2 rw\n".encode())
    docker = tmp_path / "var/lib/docker/containers" / WEB / "config.v2.json"
    docker.parent.mkdir(parents=True)
    docker.write_text(json.dumps({"Name": "/web", "Config": {"Image": "nginx:1"}}))
    task = tmp_path / "run/containerd/io.containerd.runtime.v2.task/k8s.io" / APP / "config.json"
    task.parent.mkdir(parents=True)
    names = {"container-name": "app", "sandbox-name": "shop-7d4", "sandbox-namespace": "prod"}
    annotations = {f"io.kubernetes.cri.{name}": value for name, value in names.items()}
    task.write_text(json.dumps({"annotations": annotations}))
    return tmp_path


def recorded(machine: Path, *options: str) -> Path:
    file = machine / "test.db"
    file.unlink(missing_ok=True)
    done = run(
        *("memory-watcher", "record", "--proc", machine / "proc", "-o", file),
        *("--period", "20ms", "--duration", "0.3", *options),
    )
    assert done.returncode == 0, done.stderr
    return file


@pytest.mark.parametrize(
    ("options", "pids", "cgroup"),
    [
        (("--container", WEB[:12]), {10, 11}, 10),
        (("--container", "web"), {10, 11}, 10),
        (("--container", WEB), {10, 11}, 10),
        (("--container", "app"), {20}, 20),
        (("--container", "shop-7d4/app"), {20}, 20),
        (("--container", "prod/shop-7d4"), {20}, 20),
        (("--container", POD), {20}, 20),
        (("--unit", "getty@tty2"), {51}, 51),
        (("--unit", "getty@"), {50, 51}, 50),
        (("--unit", "nginx"), {30, 31, 40}, 31),
        (("--unit", "nginx.service", "--name", "p40"), {40}, 40),
        (("--cgroup", "system.slice/nginx.service"), {30, 31}, 31),
    ],
)
def test_who_is_recorded(
    options: tuple[str, ...], pids: set[int], cgroup: int, machine: Path
) -> None:
    """By id, name, pod and unit; and beside them the figures of the cgroup that was meant."""
    file = recorded(machine, *options)
    assert {pid for (pid,) in rows(file, "SELECT pid FROM processes")} == pids
    current = rows(
        file,
        "SELECT c.path, r.value FROM cgroup_readings AS r JOIN cgroups AS c ON c.id = r.cgroup_id"
        " JOIN cgroup_fields AS f ON f.id = r.field_id WHERE f.name IN ('current', 'max')"
        " ORDER BY f.name",
    )
    path = CGROUPS[cgroup]  # whose figure in the made-up files is its PID in MiB
    assert current == [(path, cgroup << 20), (path, -1)]


def test_of_one_process(machine: Path) -> None:
    """Its cgroup's figures, though nobody asked for them."""
    file = recorded(machine, "-p", "20")
    done = run("memory-watcher", "peak", file, "--process-memory", "cgroup")
    assert f"cgroup {KUBE} memory in use:" in done.stdout
    assert "container:" in done.stdout
    assert "prod/shop-7d4/app (containerd fedcba987654)" in done.stdout


def facts(file: Path) -> dict[int, Any]:
    listed = json.loads(run("memory-watcher", "ls", file, "--json").stdout)["processes"]
    return {each["pid"]: each for each in listed}


def test_what_they_are_called(machine: Path) -> None:
    """In ls, as text and JSON, in peak, and in the report."""
    file = recorded(machine)
    found = facts(file)
    assert found[11]["container"] == {
        "id": WEB,
        "runtime": "docker",
        "name": "web",
        "pod": None,
        "pod_uid": None,
        "namespace": None,
        "image": "nginx:1",
    }
    assert found[20]["container"]["pod_uid"] == POD
    assert found[20]["container"]["namespace"] == "prod"
    assert (found[30]["container"], found[30]["unit"]) == (None, "nginx.service")
    assert found[60]["container"] is None
    text = run("memory-watcher", "ls", file).stdout
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "web (docker 0123456789ab)" in lines["10"]
    assert "prod/shop-7d4/app (containerd fedcba987654)" in lines["20"]
    assert "nginx.service" in lines["31"]
    report = machine / "report.html"
    assert run("memory-watcher", "chart", file, "-o", report).returncode == 0


def test_a_name_that_nobody_has(machine: Path) -> None:
    """An error in one line."""
    done = run(
        *("memory-watcher", "record", "--proc", machine / "proc"),
        *("-o", machine / "no.db", "--container", "nobody"),
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "--container nobody: no running process matches" in done.stderr


@pytest.mark.parametrize(
    "options", [("--container", "we b"), ("--container", "../x"), ("--unit", "a/b"), ("--unit", "")]
)
def test_what_is_no_name(options: tuple[str, str], machine: Path) -> None:
    """A usage error in one line."""
    done = run("memory-watcher", "record", "--proc", machine / "proc", *options)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert options[0] in done.stderr
