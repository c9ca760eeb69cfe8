"""What a person should know of a recording: findings with figures, the most important first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from ..analysis.figures import best
from ..analysis.findings import find_all
from ..analysis.findings.base import Finding, Grown, Member, Scene
from ..analysis.passes import read
from ..analysis.roles import roles_at
from ..errors import SelectionError
from ..message import Named, Setting
from ..model import LayoutState
from .assurance import Assurance, assurance_of
from .cgroups import risen, run_of
from .group import Branch, members_at, pss_of
from .growth import growth
from .layouts import attributed
from .moment import PEAK, Moment, measurement_of, pass_of, understood
from .no_sum import why_no_sum

if TYPE_CHECKING:
    from ..recorded import Measurement, PeakFigure, RecordedProcess
    from ..store.recording import Recording

#: Of so many processes, the biggest, it is asked whether a higher RSS was missed.
_JUDGED = 30


class Explanation(NamedTuple):
    """Findings about one process, or about all of a recording together, at one moment.

    `who` names the process, or what was selected; `is_one` tells which. `time` is the moment, which
    was written as `moment`; `span_ns` is how long was recorded, `ticks` how often. `memory` is the
    sum of `figure`, bytes. `state` and `measurement` are those of the layout, None for several
    processes. `assurances` say of processes, by name, whether a higher RSS was missed.
    """

    who: str
    is_one: bool
    processes: int
    moment: str
    tick: int
    time: int
    span_ns: int
    ticks: int
    figure: str
    memory: int
    state: LayoutState | None
    measurement: int | None
    findings: tuple[Finding, ...]
    assurances: Mapping[str, Assurance]


class _At(NamedTuple):
    """Whom and what an explanation is of, before anything is found."""

    who: str
    tick: int
    time: int
    measurement: Measurement | None
    scene: Scene
    judged: tuple[tuple[str, RecordedProcess], ...]


def explain(
    recording: Recording,
    process: RecordedProcess | None = None,
    moment: Moment | str | int = PEAK,
) -> Explanation:
    """What is worth knowing of a process, or of all of a recording together, at a moment.

    Of several processes the peak is the highest sum of PSS.

    Raises SelectionError, UsageError.
    """
    moment = understood(moment)
    if process is None and recording.process_count() == 1:
        process = recording.process()
    at = _of_all(recording, moment) if process is None else _of_one(recording, process, moment)
    found = {name: assurance_of(recording, each) for name, each in at.judged}
    rows = recording.tick_rows()
    scene = at.scene._replace(
        max_map_count=recording.max_map_count(at.tick),
        cgroups=tuple(_cgroups(recording, at.tick)),
        grown=tuple(_grown(recording, process)),
        gaps=tuple((name, _highest(each), each.gap) for name, each in found.items()),
        pool=_free_pool(recording, at.tick),
    )
    return Explanation(
        who=at.who,
        is_one=process is not None,
        processes=len(scene.members),
        moment=moment.text,
        tick=at.tick,
        time=at.time,
        span_ns=rows[-1].time - rows[0].time,
        ticks=len(rows),
        figure=scene.figure,
        memory=scene.memory,
        state=at.measurement.state if at.measurement else None,
        measurement=at.measurement.id if at.measurement else None,
        findings=find_all(scene),
        assurances=found,
    )


def _of_one(recording: Recording, process: RecordedProcess, moment: Moment) -> _At:
    told = recording.told_figures(process.id) - {"statm"}
    chosen = cast("PeakFigure", best("pss", told) or "pss")
    measurement = measurement_of(moment, recording, process.id, chosen)
    role = roles_at(recording.processes(), measurement.tick)[process.id]
    name = f"{role.label} ({process.pid})"
    totals = measurement.totals
    sizes = totals._asdict() if totals else {}
    memory = sizes.get(chosen)
    if memory is None:
        raise SelectionError(f"{recording.path}: no size was reported at that moment")
    member = Member(
        name,
        tuple(attributed(recording, measurement)),
        memory,
        measurement.reading.threads,
        recording.build_ids(process.id),
    )
    peaks = recording.peaks().get(process.id)
    scene = Scene(
        (member,), chosen, memory, sizes.get("rss"), highest_swap=peaks.swap if peaks else None
    )
    judged = ((name, process),)
    return _At(name, measurement.tick, measurement.time, measurement, scene, judged)


def _of_all(recording: Recording, moment: Moment) -> _At:
    selection = recording.selection()
    passes = read(recording)
    found = pass_of(moment, recording, passes, selection.run_id if selection else None)
    if found is None or found.sums.pss is None:
        raise SelectionError(
            f"{recording.path}: {why_no_sum(passes)}; choose one process",
            Named(Setting.PID, "", " with {}"),
        )
    branches = members_at(recording, recording.processes(), passes, found, found.tick)
    counted = [branch for branch in branches if branch.share and branch.share.counted]
    members = tuple(_member(recording, branch) for branch in counted)
    scene = Scene(members, "pss", found.sums.pss, found.sums.rss)
    who = selection.description if selection else "the whole machine"
    time = recording.tick_time(found.tick)
    return _At(who, found.tick, time, None, scene, _biggest(counted))


def _name(branch: Branch) -> str:
    return f"{branch.role.label} ({branch.process.pid})"


def _member(recording: Recording, branch: Branch) -> Member:
    return Member(
        _name(branch),
        tuple(attributed(recording, branch.layout)) if branch.layout else (),
        pss_of(branch),
        branch.latest.reading.threads if branch.latest else None,
        recording.build_ids(branch.process.id),
    )


def _biggest(branches: Sequence[Branch]) -> tuple[tuple[str, RecordedProcess], ...]:
    order = sorted(branches, key=lambda branch: -(pss_of(branch) or 0))[:_JUDGED]
    return tuple((_name(branch), branch.process) for branch in order)


def _highest(found: Assurance) -> int | None:
    totals = found.highest.totals if found.highest else None
    return totals.rss if totals else None


def _cgroups(recording: Recording, tick: int) -> Iterable[tuple[str, Mapping[str, int]]]:
    """Figures of cgroups at a tick; of events, how many came while its run recorded."""
    run = run_of(recording, tick)
    for number, _, path in recording.cgroups():
        then = _told(recording.cgroup_figures(number, run.first_tick, tick))
        if figures := {**then, **risen(recording, number, run)}:
            yield path, figures


def _told(figures: Mapping[str, int | None]) -> dict[str, int]:
    return {name: value for name, value in figures.items() if value is not None}


def _grown(recording: Recording, process: RecordedProcess | None) -> Iterator[Grown]:
    """All together, then each group of the mappings, or each process; nothing of one layout."""
    try:
        if process is None:
            found = growth(recording, by="process")
        else:
            found = growth(recording, [process], by="name")
    except SelectionError:
        return
    for group in (found.total, *found.groups):
        yield Grown(group.name, group.verdict, group.since_ns)


def _free_pool(recording: Recording, tick: int) -> int | None:
    """Bytes of huge pages that the machine set aside, and that nobody uses or was promised."""
    memory = recording.system_memory(tick)
    if memory is None:
        return None
    free, size = memory.values.get("HugePages_Free"), memory.values.get("Hugepagesize")
    if free is None or size is None:
        return None
    return max(free - (memory.values.get("HugePages_Rsvd") or 0), 0) * size
