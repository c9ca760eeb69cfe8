"""Names of containers, from the files that each runtime keeps; strangers' files are harmless."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from memory_watcher.procfs.container_names import ContainerNames, labels
from memory_watcher.recorded import RecordedContainer

ID = "0123456789abcdef" * 4
LIST = "var/lib/containers/storage/overlay-containers/containers.json"
TASK = "run/containerd/io.containerd.runtime.v2.task"
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"


def write(root: Path, name: str, content: Any) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


FILES = {
    "docker": (
        DOCKER,
        {"Name": "/web", "Config": {"Image": "nginx:1.27", "Labels": {}}},
        RecordedContainer("web", None, None, "nginx:1.27"),
    ),
    "dockershim": (
        DOCKER,
        {
            "Name": "/k8s_app_web-7d4_shop_0",
            "Config": {
                "Image": "sha256:12",
                "Labels": {
                    "io.kubernetes.container.name": "app",
                    "io.kubernetes.pod.name": "web-7d4",
                    "io.kubernetes.pod.namespace": "shop",
                },
            },
        },
        RecordedContainer("app", "web-7d4", "shop", "sha256:12"),
    ),
    "podman": (
        LIST,
        [{"id": "ff"}, {"id": ID, "names": ["db"], "metadata": '{"image-name": "pg:17"}'}],
        RecordedContainer("db", None, None, "pg:17"),
    ),
    "cri-o": (
        f"run/containers/storage/overlay-containers/{ID}/userdata/config.json",
        {
            "annotations": {
                "io.kubernetes.container.name": "app",
                "io.kubernetes.pod.name": "web-7d4",
                "io.kubernetes.pod.namespace": "shop",
                "io.kubernetes.cri-o.ImageName": "registry/app:1",
            }
        },
        RecordedContainer("app", "web-7d4", "shop", "registry/app:1"),
    ),
    "containerd": (
        f"{TASK}/k8s.io/{ID}/config.json",
        {
            "annotations": {
                "io.kubernetes.cri.container-name": "app",
                "io.kubernetes.cri.sandbox-name": "web-7d4",
                "io.kubernetes.cri.sandbox-namespace": "shop",
                "io.kubernetes.cri.image-name": "registry/app:1",
            }
        },
        RecordedContainer("app", "web-7d4", "shop", "registry/app:1"),
    ),
    "nerdctl": (
        f"{TASK}/default/{ID}/config.json",
        {"annotations": {"nerdctl/name": "cache"}},
        RecordedContainer("cache", None, None, None),
    ),
}


@pytest.mark.parametrize("runtime", FILES)
def test_each_runtime(runtime: str, tmp_path: Path) -> None:
    """Name, pod, namespace, image."""
    name, content, expected = FILES[runtime]
    write(tmp_path, name, content)
    assert ContainerNames(str(tmp_path)).of(ID) == expected


@pytest.mark.parametrize(
    "content",
    ["", "no JSON", "[]", "null", '{"Name": 5}', '{"Name": ""}', "[" * 100_000, '{"Config": []}'],
)
def test_what_makes_no_sense_tells_nothing(content: str, tmp_path: Path) -> None:
    """Files that are cut, or something else."""
    write(tmp_path, DOCKER, content)
    write(tmp_path, LIST, content)
    write(tmp_path, f"{TASK}/x/{ID}/config.json", content)
    assert ContainerNames(str(tmp_path)).of(ID) is None


def test_no_link_is_followed_and_no_pipe_waited_for(tmp_path: Path) -> None:
    """A planted link to another file, and a pipe that nobody writes to."""
    write(tmp_path, "elsewhere", FILES["docker"][1])
    (tmp_path / DOCKER).parent.mkdir(parents=True)
    (tmp_path / DOCKER).symlink_to(tmp_path / "elsewhere")
    (tmp_path / LIST).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / LIST)
    assert ContainerNames(str(tmp_path)).of(ID) is None


@pytest.mark.parametrize("name", ["../../../etc", "a/b", "", "web", "0123"])
def test_what_is_no_id_is_not_looked_up(name: str, tmp_path: Path) -> None:
    """It comes from the path of a cgroup, which anybody may have made."""
    write(tmp_path, f"var/lib/docker/containers/{name or 'x'}/config.v2.json", FILES["docker"][1])
    assert ContainerNames(str(tmp_path)).of(name) is None


def test_texts_that_cannot_be_stored(tmp_path: Path) -> None:
    """Half a surrogate is no character."""
    write(tmp_path, DOCKER, r'{"Name": "/we\ud800b"}')
    told = ContainerNames(str(tmp_path)).of(ID)
    assert told is not None
    assert told.name == "we?b"


def test_rootless_podman_only_of_the_own_home(tmp_path: Path) -> None:
    """Its list is below the home of whoever records."""
    write(tmp_path / "home", ".local/share/" + LIST.removeprefix("var/lib/"), FILES["podman"][1])
    assert ContainerNames(str(tmp_path)).of(ID) is None
    found = ContainerNames(str(tmp_path), str(tmp_path / "home")).of(ID)
    assert found == FILES["podman"][2]


def test_labels() -> None:
    """What people write for it."""
    assert labels(RecordedContainer("app", "web-7d4", "shop", None)) == {
        *("app", "web-7d4", "web-7d4/app", "shop/web-7d4", "shop/web-7d4/app")
    }
    assert labels(RecordedContainer("web", None, None, "nginx")) == {"web"}
