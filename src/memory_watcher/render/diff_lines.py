"""Which lines of a difference are shown, and what the others come to: the same in every form."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.diff import USUAL_SPREAD, Group, Side, change_of, total
from ..answers.diff import DiffView, RunFacts
from ..units import format_size, format_time, plural
from .escape import escape


@dataclass(frozen=True, slots=True)
class Rest:
    """Groups that have no line of their own: what they are, how many, and their sums."""

    title: str
    groups: int
    before: Side
    after: Side

    @property
    def change(self) -> int | None:
        """Bytes after less bytes before; None if one of them was not reported."""
        return change_of(self.before.sum.size, self.after.sum.size)


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference as it is shown: `groups` and `rests` add up to the totals of `view`."""

    view: DiffView
    groups: tuple[Group, ...]
    rests: tuple[Rest, ...]


def shorten(view: DiffView, top: int | None, *, everything: bool = False) -> Shown:
    """Keep the `top` changes (None: all); what did not change has a line only with `everything`."""
    rows = [group for group in view.groups if everything or group.change != 0]
    kept = rows[:top]
    left = view.groups[len(kept) :]  # what did not change stands last
    rests = (
        _rest("other changes", [each for each in left if each.change != 0 and not each.noise]),
        _rest("other noise", [each for each in left if each.noise]),
        _rest("unchanged", [each for each in left if each.change == 0]),
    )
    return Shown(view, tuple(kept), tuple(each for each in rests if each.groups))


def _rest(title: str, groups: list[Group]) -> Rest:
    return Rest(
        title,
        len(groups),
        total(group.before for group in groups),
        total(group.after for group in groups),
    )


def counts(before: int, after: int, what: str = "mapping") -> str:
    """`12 → 15 mappings`, `3 mappings`."""
    many = plural(after, what, f"{what}s")
    return many if before == after else f"{before} → {many}"


def matched(group: Group) -> str:
    """By which rule it was matched, how many mappings it has, and whether it is noise."""
    parts = [
        group.match.value,
        counts(group.before.mappings, group.after.mappings),
        *(["noise"] if group.noise else []),
    ]
    return ", ".join(parts)


def about(runs: tuple[RunFacts, ...]) -> str:
    """One side: file, moment, time, and whose it is; of several runs how many."""
    first = runs[0]
    if len(runs) > 1:
        return f"{len(runs)} runs ({escape(first.file)}, …), each at {escape(first.moment)}"
    return (
        f"{escape(first.file)}, {escape(first.moment)} ({format_time(first.time)}), {whose(first)}"
    )


def whose(run: RunFacts) -> str:
    """The process with its measurement, or how many processes."""
    if len(run.processes) > 1:
        return f"{len(run.processes)} processes"
    ((pid, label),) = run.processes
    return f"{escape(label)} ({pid}), measurement {run.measurement}"


def notes(view: DiffView) -> list[str]:
    """What a reader has to know of the figures, one sentence each."""
    runs = (*view.before, *view.after)
    found = [f"{view.instead[0].upper()}{view.instead[1:]}."] if view.instead else []
    if torn := sum(run.torn for run in runs):
        what = plural(torn, "layout is", "layouts are")
        found.append(f"{what} torn: mappings moved while they were read, so sizes may be wrong.")
    if without := sum(run.without for run in runs):
        what = plural(without, "process has no layout then", "processes have no layout then")
        found.append(f"{what}: no line holds their memory.")
    if lacking := sum(side.sum.lacking for side in view.totals):
        what = plural(lacking, "mapping", "mappings")
        found.append(f"The size of {what} was not reported; the sums lack them.")
    if any(group.noise for group in view.groups):
        found.append(_about_noise(view))
    return found


def _about_noise(view: DiffView) -> str:
    if len(view.before) > 1 or len(view.after) > 1:
        return "Noise: a change no bigger than the runs of one side differ by."
    return (
        f"Noise: at most {format_size(USUAL_SPREAD)}, as two runs of one program may differ."
        " Several runs on each side would measure that."
    )
