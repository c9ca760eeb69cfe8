"""Containers, pods and units, as runtimes and systemd write them into the path of a cgroup."""

from __future__ import annotations

import pytest

from memory_watcher.analysis.containers import containers_in, unit_of, unit_pattern, units_in

ID = "0123456789abcdef" * 4
UID = "8d6ae0a3-1b2c-4d5e-8f90-0123456789ab"
SLICE = "kubepods-burstable-pod" + UID.replace("-", "_")


@pytest.mark.parametrize(
    ("path", "runtime", "pod"),
    [
        (f"/docker/{ID}", "docker", None),
        (f"/system.slice/docker-{ID}.scope", "docker", None),
        (f"/system.slice/docker-{ID}.scope/init.scope", "docker", None),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman", None),
        (f"/libpod_parent/libpod-{ID}", "podman", None),
        (f"/system.slice/web.service/libpod-payload-{ID}", "podman", None),
        (
            f"/kubepods.slice/kubepods-burstable.slice/{SLICE}.slice/cri-containerd-{ID}.scope",
            "containerd",
            UID,
        ),
        (f"/kubepods.slice/{SLICE}.slice/crio-{ID}.scope/container", "cri-o", UID),
        (f"/kubepods/burstable/pod{UID}/{ID}", None, UID),
        (f"/system.slice/{SLICE}.slice:cri-containerd:{ID}", "containerd", UID),
        (f"/system.slice/containerd.service/{SLICE}.slice:cri-containerd:{ID}", "containerd", UID),
        (f"/kubelet.slice/kubelet-{SLICE}.slice/cri-containerd-{ID}.scope", "containerd", UID),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd", None),
        (f"/default/{ID}", None, None),
    ],
)
def test_ids(path: str, runtime: str | None, pod: str | None) -> None:
    """The id is found wherever it stands; the runtime only where the path tells it."""
    (found,) = containers_in(path)
    assert (found.id, found.runtime, found.pod) == (ID, runtime, pod)
    assert found.is_sure
    assert found.path == path[: path.index(ID)] + ID + found.path.partition(ID)[2]
    assert (path + "/").startswith(found.path + "/")


@pytest.mark.parametrize(
    ("path", "name", "runtime"),
    [
        ("/docker/buildkit/p3a2kq0z9x8w7v6u5t4s3r2q1", "p3a2kq0z9x8w7v6u5t4s3r2q1", "buildkit"),
        ("/lxc.payload.web", "web", "lxc"),
        ("/lxc/web/system.slice", "web", "lxc"),
        ("/machine.slice/systemd-nspawn@web.service/payload", "web", "nspawn"),
        ("/system.slice/crun-my-box.scope", "my-box", "crun"),
    ],
)
def test_names(path: str, name: str, runtime: str) -> None:
    """Some have no id but a name, or one in another form."""
    (found,) = containers_in(path)
    assert (found.id, found.runtime) == (name, runtime)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/system.slice/nginx.service",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/kubepods.slice/{SLICE}.slice/crio-conmon-{ID}.scope",
        f"/kubepods.slice/{SLICE}.slice",
        "/user.slice/user-1000.slice/session-3.scope",
        "/docker",
        "/docker/buildkit",
    ],
)
def test_no_container(path: str) -> None:
    """What watches over a container is not in it; a pod's slice is none."""
    assert containers_in(path) == ()


def test_what_is_not_sure() -> None:
    """A short word in hexadecimal may be a container, but nothing says so."""
    (found,) = containers_in("/jobs/0123456789ab")
    assert not found.is_sure


def test_containers_in_containers() -> None:
    """The outermost first: a node of Kubernetes in docker."""
    inner = ID[::-1]
    found = containers_in(f"/docker/{ID}/kubepods/besteffort/pod{UID}/{inner}")
    assert [each.id for each in found] == [ID, inner]


def test_units() -> None:
    """The innermost first; the service counts before the slices around it."""
    path = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/inner"
    assert [name for name, _ in units_in(path)] == [
        "web.service",
        "app.slice",
        "user@1000.service",
        "user-1000.slice",
        "user.slice",
    ]
    assert next(iter(units_in(path)))[1] == path.removesuffix("/inner")
    assert unit_of("/system.slice/system-getty.slice/getty@tty1.service") == "getty@tty1.service"
    assert unit_of("/user.slice") == "user.slice"
    assert unit_of("/_cgroup.service") == "cgroup.service"
    assert unit_of("/docker") is None


@pytest.mark.parametrize(
    ("text", "fits", "not_"),
    [
        ("nginx", "nginx.service", "nginx2.service"),
        ("nginx.service", "nginx.service", "nginx.slice"),
        ("user.slice", "user.slice", "user.slice.service"),
        ("getty@tty1", "getty@tty1.service", "getty@tty2.service"),
        ("getty@", "getty@tty1.service", "getty.service"),
        ("getty@.service", "getty@tty2.service", "getty@tty2.slice"),
        ("php*", "php8.2-fpm.service", "nginx.service"),
        ("session-*.scope", "session-3.scope", "session-3.service"),
        (r"a\x2db", r"a\x2db.service", "a-b.service"),
        ("my.app", "my.app.service", "my.app"),
    ],
)
def test_what_people_call_a_unit(text: str, fits: str, not_: str) -> None:
    """Without `.service`, as a template, as a pattern of a shell."""
    assert unit_pattern(text).fullmatch(fits)
    assert not unit_pattern(text).fullmatch(not_)
