"""A layout as stacks: process, kind, name, mapping; and what differs between two moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..analysis.breakdown import OWN_LINES
from ..answers.moment import Moment
from ..answers.standing import StandingLayout, layouts_at
from ..metrics import LAYOUT, OFFERED, adds_up, over_processes
from ..model import Mapping, MappingUsage
from .request import Request


class Frame(NamedTuple):
    """One step of a stack: a text with any bytes in it, and the mapping that it is, if it is one.

    `file` is the name of the file that a name or a mapping is of, as it is shown; "" of none.
    """

    text: str
    file: str = ""
    mapping: Mapping | None = None


Stack = tuple[Frame, ...]


class Stacks(NamedTuple):
    """What is known of each stack, the outermost frame first: bytes in the order of `figures`.

    None is what no mapping of it reports. `time_ns` is when the first layout was read, UTC.
    """

    figures: tuple[str, ...]
    sizes: dict[Stack, tuple[int | None, ...]]
    time_ns: int


def stacks(request: Request, moment: Moment) -> Stacks:
    """The layouts at a moment as stacks, with the figures that may be added up over them."""
    layouts = layouts_at(request.recording, request.processes, moment)
    several = len(request.processes) > 1
    offered = dict.fromkeys(over_processes(each) if several else each for each in OFFERED)
    wanted = [figure for figure in offered if not several or adds_up(figure)]
    sizes: dict[Stack, list[int | None]] = {}
    for stack, entry in _entries(request, layouts):
        told = sizes.setdefault(stack, [None] * len(wanted))
        for position, figure in enumerate(wanted):
            size = getattr(entry.usage, figure)
            if size is not None:
                told[position] = (told[position] or 0) + size
    known = [at for at in range(len(wanted)) if any(row[at] is not None for row in sizes.values())]
    return Stacks(
        tuple(wanted[at] for at in known),
        {stack: tuple(row[at] for at in known) for stack, row in sizes.items()},
        min(layout.measurement.time for layout in layouts),
    )


def title(figure: str) -> str:
    """What people call a figure."""
    return LAYOUT[figure].title


def _entries(
    request: Request, layouts: Iterable[StandingLayout]
) -> Iterator[tuple[Stack, MappingUsage]]:
    names = request.names
    for layout in layouts:
        image = layout.process.image_at(layout.measurement.tick)
        program = "" if image is None else names.program(image.name)
        first = Frame(f"{program} ({layout.process.pid})")
        for entry, (kind, called) in layout.entries:
            shown = kind.family if request.by == "name" else kind
            stack = [first, Frame(shown.value)]
            header = entry.mapping
            path = names.path(header.pathname) if header.pathname.startswith("/") else ""
            if request.by != "kind":
                stack.append(Frame(names.group(kind, OWN_LINES.get(kind, called)), path))
            if request.by == "mapping":
                text = f"{header.start:08x}-{header.end:08x} {header.perms}"
                stack.append(Frame(text, path, header))
            yield tuple(stack), entry
