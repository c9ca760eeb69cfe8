r"""A profile as pprof has it (profile.proto, gzipped): stacks of process, kind, name and mapping.

Its samples are PSS, RSS, USS and swap in bytes; of several processes those that may be added up
over them. With a base it holds the differences. What is not printable is written as \xNN.
https://github.com/google/pprof/blob/main/proto/profile.proto has the numbers of the fields.
"""

from __future__ import annotations

import gzip
from typing import BinaryIO

from ..analysis.figures import best
from ..model import Mapping
from ..render.escape import escape
from .protobuf import data, number, packed
from .request import Request
from .stacks import Frame, Stack, stacks

_SAMPLE_TYPE, _SAMPLE, _MAPPING, _LOCATION, _FUNCTION, _STRING = 1, 2, 3, 4, 5, 6
_TIME_NANOS, _DEFAULT_TYPE = 9, 14


def write(request: Request, out: BinaryIO) -> None:
    """Write the profile at the moment, or what differs from its base."""
    profile = _Profile(request)
    after = stacks(request, request.at)
    sizes = {stack: [size or 0 for size in row] for stack, row in after.sizes.items()}
    if request.base is not None:
        before = stacks(request, request.base)
        for stack, row in before.sizes.items():
            told = sizes.setdefault(stack, [0] * len(after.figures))
            for position, figure in enumerate(after.figures):
                if figure in before.figures:
                    told[position] -= row[before.figures.index(figure)] or 0
    for stack, values in sizes.items():
        if any(values):
            profile.sample(stack, values)
    shown = best("pss", after.figures, summed=len(request.processes) > 1)
    # Neither a name nor a time in its header: the same layout gives the same bytes.
    with gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packer:
        packer.write(profile.message(after.figures, shown, after.time_ns))


class _Profile:
    """The tables of a profile: what is the same has one number, counted from 1 (texts from 0)."""

    def __init__(self, request: Request) -> None:
        self._build_ids = {
            process.id: request.recording.build_ids(process.id) for process in request.processes
        }
        self._names = request.names
        self._texts = {"": 0}
        self._functions: dict[tuple[str, str], int] = {}
        self._mappings: dict[Mapping, int] = {}
        self._locations: dict[Frame, int] = {}
        self._samples: list[bytes] = []

    def sample(self, stack: Stack, values: list[int]) -> None:
        """Add a stack; pprof has the innermost frame first."""
        locations = [self._location(frame) for frame in reversed(stack)]
        self._samples.append(packed(1, locations) + packed(2, values))

    def message(self, figures: tuple[str, ...], shown: str | None, time_ns: int) -> bytes:
        """The whole profile; `shown` is the figure that is meant when none is asked for."""
        unit = self._text("bytes")
        types = [number(1, self._text(figure)) + number(2, unit) for figure in figures]
        parts = [data(_SAMPLE_TYPE, each) for each in types]
        parts += [data(_SAMPLE, each) for each in self._samples]
        parts += [data(_MAPPING, self._mapping(*each)) for each in self._mappings.items()]
        parts += [data(_LOCATION, self._place(*each)) for each in self._locations.items()]
        for (text, file), function in self._functions.items():
            name = number(2, self._text(text)) + number(3, self._text(text))
            parts.append(data(_FUNCTION, number(1, function) + name + number(4, self._text(file))))
        parts.append(number(_TIME_NANOS, time_ns))
        parts.append(number(_DEFAULT_TYPE, self._text(shown or "")))
        parts += [data(_STRING, text) for text in self._texts]
        return b"".join(parts)

    def _text(self, text: str) -> int:
        return self._texts.setdefault(escape(text), len(self._texts))

    def _location(self, frame: Frame) -> int:
        self._functions.setdefault((frame.text, frame.file), len(self._functions) + 1)
        if frame.mapping is not None:
            self._mappings.setdefault(frame.mapping, len(self._mappings) + 1)
        return self._locations.setdefault(frame, len(self._locations) + 1)

    def _place(self, frame: Frame, location: int) -> bytes:
        line = data(4, number(1, self._functions[frame.text, frame.file]))
        if frame.mapping is None:
            return number(1, location) + line
        mapped = number(2, self._mappings[frame.mapping]) + number(3, frame.mapping.start)
        return number(1, location) + mapped + line

    def _mapping(self, header: Mapping, position: int) -> bytes:
        build_id = None
        for known in self._build_ids.values():
            build_id = known.get((header.dev, header.inode), build_id)
        path = self._names.path(header.pathname)
        return b"".join(
            [
                *(number(1, position), number(2, header.start), number(3, header.end)),
                *(number(4, header.offset), number(5, self._text(path))),
                number(6, self._text(self._names.build_id(build_id) or "")),
                # The names are here: nobody has to look for the file's symbols.
                *(number(field, True) for field in (7, 8, 9, 10)),
            ]
        )
