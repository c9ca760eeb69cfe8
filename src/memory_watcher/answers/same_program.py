"""Whether recordings are of the same program: their processes have a name in common.

A name is one that a process had at any time: a launcher, or what it was before its last execve,
counts too. What has no name at all is no other program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..errors import OtherPrograms
from ..message import Part
from ..recorded import RecordedProcess
from ..store.recording import Recording

#: What separates names where many are one text.
_BETWEEN = ", "


class Programs(NamedTuple):
    """What messages call something, and the names of the processes that it is of."""

    called: str
    names: frozenset[str]


def of_processes(called: str, processes: Iterable[RecordedProcess]) -> Programs:
    """Name some processes of a recording."""
    names = {image.name for process in processes for image in process.images}
    return Programs(called, frozenset(name for name in names if name))


def of_recording(recording: Recording) -> Programs:
    """Name all processes of a recording."""
    return of_processes(recording.path, recording.processes())


def one_text(processes: Iterable[RecordedProcess]) -> str:
    """The last names of processes as one text that is the same for each run, for a file."""
    return _BETWEEN.join(sorted({process.name for process in processes}))


def of_text(called: str, text: str) -> Programs:
    """Name what such a text is of."""
    return Programs(called, frozenset(filter(None, text.split(_BETWEEN))))


def refuse_others(every: Sequence[Programs], *remedy: Part) -> None:
    """Refuse what is of another program than the first. Raises OtherPrograms."""
    told = [each for each in every if each.names]
    for other in told[1:]:
        one = told[0]
        if not one.names & other.names:
            raise OtherPrograms((one.called, one.names), (other.called, other.names), *remedy)


def refuse_other_runs(recordings: Sequence[Recording]) -> None:
    """Refuse runs of which one is of another program. Raises OtherPrograms."""
    if len(recordings) > 1:
        refuse_others(
            [of_recording(each) for each in recordings],
            "name recordings of one program at a time",
        )
