"""Where a process ran: in which container or service, and what people call that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ..analysis.containers import Container, containers_in, unit_of
from ..procfs.cgroup import parse_memberships
from ..recorded import RecordedContainer, RecordedProcess

#: So much of an id is shown, as runtimes do.
_SHORT = 12


class Place(NamedTuple):
    """The innermost container of a process, what its runtime calls it, its unit of systemd.

    None: in none, or the runtime's files told nothing. A container is only one if the path of its
    cgroup says so.
    """

    container: Container | None
    told: RecordedContainer | None
    unit: str | None

    @property
    def container_text(self) -> str | None:
        """Namespace, pod and name as far as they are known, and what tells it apart; unescaped."""
        if self.container is None:
            return None
        told = self.told
        names = () if told is None else (told.namespace, told.pod, told.name)
        called = "/".join(name for name in names if name)
        identity = " ".join(
            word for word in (self.container.runtime, self.container.id[:_SHORT]) if word
        )
        if not called and self.container.pod is not None:
            identity += f", pod {self.container.pod}"
        return f"{called} ({identity})" if called else identity

    @property
    def service(self) -> str | None:
        """The unit, if it is a service."""
        return self.unit if self.unit is not None and self.unit.endswith(".service") else None


def place_of(process: RecordedProcess, containers: Mapping[str, RecordedContainer]) -> Place:
    """Where a process was when it was first seen; `containers` are those of its recording."""
    inner, unit = _placed(process.cgroup or "")
    return Place(inner, None if inner is None else containers.get(inner.id), unit)


@lru_cache(maxsize=4096)
def _placed(cgroup: str) -> tuple[Container | None, str | None]:
    """Container and unit: asked of the same few texts for each process of each pass."""
    memberships = parse_memberships(cgroup.encode("utf-8", "surrogateescape"))
    found = [each for one in memberships for each in containers_in(one.path) if each.is_sure]
    # A hierarchy of its own may show no more than the container's own part.
    inner = max(found, key=lambda each: each.path.count("/"), default=None)
    units = [unit for one in memberships if (unit := unit_of(one.path)) is not None]
    services = [unit for unit in units if not unit.endswith(".slice")]
    return inner, next(iter(services or units), None)
