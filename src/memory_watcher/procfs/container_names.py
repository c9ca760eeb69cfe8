"""What container runtimes' own files say of a container: its name, its pod, its image.

Nothing is asked of a runtime: no socket is opened, no program is run. Read are the files that its
daemon keeps, which belong to root. Those below the home of a user (rootless podman) are read only
if the recorder runs as this user: whoever else could put a pipe or a hung mount there.

    docker                 /var/lib/docker/containers/ID/config.v2.json
    podman, cri-o          /var/lib/containers/storage/overlay-containers/containers.json
    cri-o                  /run/containers/storage/overlay-containers/ID/userdata/config.json
    containerd, nerdctl    /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..recorded import RecordedContainer
from .files import NO_WAITING

#: What is longer is no file of a runtime's.
_LARGEST = 4 << 20
#: A container that was not found is looked for again after so long: it may be starting.
_AGAIN_S = 2.0
_ID = re.compile(r"[0-9a-f]{12,64}")
_DRIVERS = ("overlay", "vfs", "btrfs", "zfs")
_TASKS = "run/containerd/io.containerd.runtime.v2.task"
#: Annotations that tell name, pod, namespace and image: of cri-o, of containerd, of nerdctl.
_ANNOTATIONS = (
    *("io.kubernetes.container.name", "io.kubernetes.pod.name", "io.kubernetes.pod.namespace"),
    "io.kubernetes.cri-o.ImageName",
), (
    *("io.kubernetes.cri.container-name", "io.kubernetes.cri.sandbox-name"),
    *("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.image-name"),
), ("nerdctl/name", "", "", "")  # fmt: skip


class ContainerNames:
    """Finds what containers are called, and remembers it."""

    def __init__(self, root: str | None = "/", home: str | None = None) -> None:
        """`root` is where the runtimes' files are, `home` that of the user who records.

        Without a root nothing is found.
        """
        self._root = root
        self._home = home
        self._known: dict[str, RecordedContainer] = {}
        self._missing: dict[str, float] = {}  # when it was looked for, seconds

    def of(self, container_id: str) -> RecordedContainer | None:
        """What is known of a container by its id; None if no runtime's file tells."""
        known = self._known.get(container_id)
        if known is not None or self._root is None or not _ID.fullmatch(container_id):
            return known
        now = time.monotonic()
        if now - self._missing.get(container_id, -_AGAIN_S) < _AGAIN_S:
            return None
        places = self._look(self._root.rstrip("/"), container_id)
        found = next((each for each in places if each is not None), None)
        if found is None:
            self._missing[container_id] = now
        else:
            self._known[container_id] = found
        return found

    def _look(self, root: str, container_id: str) -> Iterator[RecordedContainer | None]:
        docker = f"{root}/var/lib/docker/containers/{container_id}/config.v2.json"
        yield _of_docker(_json(docker))
        with contextlib.suppress(OSError):
            for namespace in os.listdir(f"{root}/{_TASKS}"):
                yield _of_bundle(_json(f"{root}/{_TASKS}/{namespace}/{container_id}/config.json"))
        for driver in _DRIVERS:
            folder = f"containers/storage/{driver}-containers"
            for top in (f"{root}/run", f"{root}/var/lib"):
                bundle = f"{top}/{folder}/{container_id}/userdata/config.json"
                yield _of_bundle(_json(bundle))
            yield _of_storage(_json(f"{root}/var/lib/{folder}/containers.json"), container_id)
            if self._home is not None:
                listed = f"{self._home}/.local/share/{folder}/containers.json"
                yield _of_storage(_json(listed), container_id)


def labels(told: RecordedContainer) -> frozenset[str]:
    """By which words a person may call it: NAME, POD, NAMESPACE/POD, POD/NAME, all three."""
    name, pod, namespace, _ = told
    found = {name, pod}
    if pod is not None:
        found |= {f"{pod}/{name}"} if name is not None else set()
        if namespace is not None:
            found |= {f"{namespace}/{pod}", f"{namespace}/{pod}/{name}"}
    return frozenset(each for each in found if each)


def _json(path: str) -> Any:
    """What a file holds; None if there is none, or it is no file, too long or no JSON."""
    import json  # noqa: PLC0415

    try:
        descriptor = os.open(path, NO_WAITING | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return None
        return json.loads(os.read(descriptor, _LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    finally:
        os.close(descriptor)


def _text(value: Any) -> str | None:
    """A text of a file; None for what is no text, or none that could be stored."""
    if not isinstance(value, str) or not value:
        return None
    return value.encode("utf-8", "replace").decode("utf-8")


def _part(value: Any, key: str) -> Mapping[str, Any]:
    """An object within another; empty if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _of_docker(told: Any) -> RecordedContainer | None:
    """`Name` is /web; Kubernetes with dockershim has its own names in labels."""
    if not isinstance(told, dict) or (name := _text(told.get("Name"))) is None:
        return None
    config = _part(told, "Config")
    label = _part(config, "Labels").get
    return RecordedContainer(
        _text(label("io.kubernetes.container.name")) or name.lstrip("/"),
        _text(label("io.kubernetes.pod.name")),
        _text(label("io.kubernetes.pod.namespace")),
        _text(config.get("Image")),
    )


def _of_bundle(told: Any) -> RecordedContainer | None:
    """The annotations of an OCI bundle."""
    annotations = _part(told, "annotations")
    for names in _ANNOTATIONS:
        found = [_text(annotations.get(name)) for name in names]
        if found[0] or found[1]:
            return RecordedContainer(*found)
    return None


def _of_storage(told: Any, container_id: str) -> RecordedContainer | None:
    """The list that podman and cri-o share: ids, names, and metadata as JSON in a text."""
    import json  # noqa: PLC0415

    for entry in told if isinstance(told, list) else ():
        if not isinstance(entry, dict) or not str(entry.get("id", "")).startswith(container_id):
            continue
        names = entry.get("names")
        metadata: Any = None
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            metadata = json.loads(str(entry.get("metadata")))
        image = _text(metadata.get("image-name")) if isinstance(metadata, dict) else None
        name = _text(names[0]) if isinstance(names, list) and names else None
        return RecordedContainer(name, None, None, image) if name or image else None
    return None
