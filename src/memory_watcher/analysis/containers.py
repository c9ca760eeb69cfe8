"""Containers, pods and systemd's units, as the path of a control group names them. Pure.

Runtimes write a container's id into the path of its cgroup, each in its own way, and systemd the
names of its units. Nothing else is told by a path, and what it does not tell stays unnamed.

    /system.slice/docker-ID.scope  /docker/ID  /docker/buildkit/ID               docker
    /machine.slice/libpod-ID.scope/container  /system.slice/a.service/libpod-payload-ID   podman
    /kubepods.slice/…/kubepods-burstable-podUID.slice/cri-containerd-ID.scope    Kubernetes: in the
    /kubepods/burstable/podUID/ID  …/crio-ID.scope             name of a slice `-` of the UID is `_`
    …/kubepods-burstable-podUID.slice:cri-containerd:ID  where only the kubelet uses systemd's names
    /kubelet.slice/…/kubelet-kubepods-podUID.slice/…     Kubernetes in a container (kind)
    /lxc.payload.NAME  /lxc/NAME  /machine.slice/machine-NAME.scope  …/systemd-nspawn@NAME.service
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import NamedTuple

#: One part of a path that is a container, and which runtime writes it so. `-conmon-` is the program
#: that watches over a container of podman or cri-o, not a part of it.
_ID = r"(?P<id>[0-9a-f]{64}|[0-9a-f]{32}(?:-\d+)?|[0-9a-f]{12})"
_FORMS = tuple(
    (re.compile(form), runtime)
    for form, runtime in (
        (rf"docker-{_ID}\.scope", "docker"),
        (rf"libpod-(?:payload-)?{_ID}(?:\.scope)?", "podman"),
        (rf"crio-{_ID}(?:\.scope)?", "cri-o"),
        (rf"(?:cri-containerd|nerdctl)-{_ID}\.scope", "containerd"),
        # What is meant for systemd, taken as a folder's name by a runtime that does not use it.
        (rf".+\.slice:cri-containerd:{_ID}", "containerd"),
        (rf".+\.slice:docker:{_ID}", "docker"),
        (rf".+\.slice:crio:{_ID}", "cri-o"),
        (r"buildkit-(?P<id>[0-9a-z]{25})(?:\.scope)?", "buildkit"),
        (r"(?:lxc\.payload\.)(?P<id>.+)", "lxc"),
        (r"systemd-nspawn@(?P<id>.+)\.service", "nspawn"),
        (r"machine-(?P<id>.+)\.scope", "machine"),
        (r"runc-(?P<id>.+)\.scope", "runc"),
        (r"crun-(?P<id>.+)\.scope", "crun"),
        (r"(?:[a-z]+-)?(?P<id>[0-9a-f]{12,64})(?:\.scope)?", None),
    )
)
#: Folders whose parts are containers, by the runtime.
_FOLDERS = {"docker": "docker", "buildkit": "buildkit", "lxc": "lxc", "libpod_parent": "podman"}
_BUILDKIT = re.compile(r"[0-9a-z]{25}")
_POD = re.compile(
    r"(?:(?:[a-z]+-)*kubepods(?:-[a-z]+)?-)?pod(?P<uid>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}"
    r"|[0-9a-f]{32})(?:\.slice(?::.+)?)?"
)
_SUFFIXES = (".service", ".scope", ".slice", ".socket", ".mount", ".swap")


class Container(NamedTuple):
    """A container: its id, or its name where a runtime has no other; the runtime, if it is told.

    `pod` is the uid of its pod in Kubernetes, `path` the part of the cgroup's path up to it.
    """

    id: str
    runtime: str | None
    pod: str | None
    path: str

    @property
    def is_sure(self) -> bool:
        """Whether the path says that it is one: others than runtimes name cgroups in hex, too."""
        return self.runtime is not None or self.pod is not None or len(self.id) == 64


def containers_in(path: str) -> tuple[Container, ...]:
    """The containers that a cgroup is in, the outermost first."""
    parts = path.split("/")
    pod = pod_in(path)
    found = []
    for index, part in enumerate(parts):
        told = _container(part, parts[index - 1] if index else "")
        if told is not None:
            found.append(Container(*told, pod, "/".join(parts[: index + 1])))
    return tuple(found)


def _container(part: str, above: str) -> tuple[str, str | None] | None:
    """Id and runtime."""
    if "conmon" in part:
        return None
    folder = _FOLDERS.get(above)
    if folder == "buildkit" and _BUILDKIT.fullmatch(part):
        return part, folder
    if folder == "lxc" and not part.startswith("lxc."):
        return part, folder
    for form, runtime in _FORMS:
        if match := form.fullmatch(part):
            return match["id"], runtime or folder
    return None


def pod_in(path: str) -> str | None:
    """The uid of a pod of Kubernetes, with `-` as Kubernetes itself writes it."""
    for part in path.split("/"):
        if match := _POD.fullmatch(part):
            return match["uid"].replace("_", "-")
    return None


def units_in(path: str) -> Iterator[tuple[str, str]]:
    """The units of systemd that a cgroup is in: name and path, the innermost first."""
    parts = path.split("/")
    for index in range(len(parts) - 1, 0, -1):
        if (name := _unit(parts[index])) is not None:
            yield name, "/".join(parts[: index + 1])


def _unit(part: str) -> str | None:
    # systemd puts a _ before what else could be a file of the kernel's: cgroup.x, _x, .x
    name = part[1:] if part.startswith("_") else part
    return name if name.endswith(_SUFFIXES) and not name.startswith(_SUFFIXES) else None


def unit_of(path: str) -> str | None:
    """The service or scope that a cgroup belongs to; the slice if there is none."""
    units = [name for name, _ in units_in(path)]
    inner = [name for name in units if not name.endswith(".slice")]
    return next(iter(inner or units), None)


def unit_pattern(text: str) -> re.Pattern[str]:
    r"""What a person calls a unit, as a pattern of its full name.

    `nginx` is nginx.service, `getty@` and `getty@.service` are all instances of the template, and
    `*`, `?` and `[…]` stand for what they do in a shell. A \ stands for itself: systemd writes
    `\x2d` for a `-` within a name.
    """
    name = text if text.endswith(_SUFFIXES) else f"{text}.service"
    template, at, suffix = name.partition("@.")
    if at and template:
        name = f"{template}@*.{suffix}"
    return re.compile(fnmatch.translate(name.replace("\\", "[\\]")))
