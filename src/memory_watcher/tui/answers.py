"""Turns what is known of some processes at a moment into the rows of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..analysis.identity import By
from ..analysis.kinds import Kind
from ..analysis.matching import Item, pair_identical
from ..analysis.passes import Figures, Share, is_of_pass
from ..analysis.roles import Role
from ..metrics import over_processes
from ..model import LayoutState, Reading, Totals
from ..render.colours import GREY, Shades, kind_colours
from ..units import format_duration, format_time, plural
from .folding import sum_of
from .grouping import GroupedLayout, GroupSum, add_told, merge
from .process_colours import ProcessColours
from .view import RARE, Layer, Row, ShownFigure, Sizes

_ALONE = 1


class ProcessNow(NamedTuple):
    """One process at a moment.

    `command` is its command line. `state` and `reading` are of its latest reading; `totals` and
    `layout` of the latest layout, None if there is none, `layout_time` when that was read. `layout`
    is called only when needed. `share` is what it has at the pass whose sums are shown, if it is a
    member. `sums` are over the mappings of its layout, where that is compared with another.
    """

    id: int
    pid: int
    role: Role
    command: str
    state: LayoutState
    reading: Reading
    totals: Totals | None
    layout: Callable[[], GroupedLayout | None]
    layout_time: int | None = None
    share: Share | None = None
    sums: Sizes | None = None

    @property
    def title(self) -> str:
        """Role and PID."""
        return f"{self.role.label} ({self.pid})"

    @property
    def sizes(self) -> Sizes:
        """What it has at the pass; else sums over the layout; else what statm and status tell."""
        if self.sums is not None:
            return self.sums
        totals = self.totals
        if self.share is not None:
            figures = self.share.figures
            swap = self.reading.swap if totals is None else totals.swap
            return Sizes(
                pss=figures.pss,
                rss=figures.rss,
                uss=figures.uss,
                swap=swap,
                swap_pss=figures.swap_pss,
                hugetlb=self.reading.hugetlb,
            )
        if totals is None:
            found = Sizes(rss=self.reading.resident, swap=self.reading.swap)
        else:
            found = _of_totals(totals)
        return found._replace(hugetlb=self.reading.hugetlb)

    @property
    def part(self) -> Sizes | None:
        """What it adds to the sums of the pass; None if it is not a member of it."""
        if self.share is None:
            return None
        part = self.share.part if self.sums is None else self.sums
        return Sizes(pss=part.pss, uss=part.uss, swap_pss=part.swap_pss)


class Together(NamedTuple):
    """What all processes come to at the last pass: `sizes` without RSS and swap.

    It was at `time` (as layout times are), `age_ns` before what is shown. `why`: there is no sum.
    """

    sizes: Sizes = Sizes()
    shares: Mapping[int, Share] = {}
    time: int = 0
    age_ns: int = 0
    wall_ns: int = 0
    lacking: int = 0
    why: str | None = None


def together_of(
    sums: Figures, shares: Mapping[int, Share], time: int, wall_ns: int, lacking: int
) -> Together:
    """Make it of a pass."""
    sizes = Sizes(pss=sums.pss, uss=sums.uss, swap_pss=sums.swap_pss)
    return Together(sizes, shares, time, 0, wall_ns, lacking)


def kind_colour(kind: Kind | None) -> Shades:
    """The colour of a kind; of a group of several kinds, grey."""
    return GREY if kind is None else kind_colours(kind)


class Seen(NamedTuple):
    """Some processes at a moment, and what they come to; for a single one that is its own."""

    presents: Sequence[ProcessNow]
    together: Together


def rows_of(
    now: Seen, before: Seen | None, by: By, colours: ProcessColours
) -> tuple[tuple[Row, ...], Row]:
    """Make all rows and their sum; with `before`, also of groups that were there only then.

    Where there is no sum nothing is added up: then the rows are processes.
    """
    then = None if before is None else before.presents
    apart = len(now.presents) != _ALONE and now.together.why is not None
    if by == "process" or apart:
        rows = _process_rows(now.presents, then, colours)
    else:
        rows = _group_rows(now.presents, then, by)
    return rows, _total(now, before)


def compared(now: Seen, before: Seen, *, several: bool) -> tuple[Seen, Seen | None]:
    """What two moments have that can be compared, added up as answers.diff does: over mappings.

    Of several processes these are the counted members of a pass that have a layout. Without a pass
    each process has its own figures. None: a single process has no layout at one of the moments.
    """
    sides = now, before
    if several and any(side.together.why is not None for side in sides):
        return sides
    if several:
        return _members(now), _members(before)
    if any(present.totals is None for side in sides for present in side.presents):
        return now, None
    one, other = (Seen([_with_sums(each) for each in side.presents], Together()) for side in sides)
    return one, other


def _members(seen: Seen) -> Seen:
    counted = [each for each in seen.presents if each.share is not None and each.share.counted]
    members = [_with_sums(each) for each in counted if each.totals is not None]
    sizes = sum_of([each.part for each in members])
    lacking = len(counted) - len(members)
    return Seen(members, seen.together._replace(sizes=sizes, lacking=lacking))


def _with_sums(present: ProcessNow) -> ProcessNow:
    """Its figures are sums over its mappings, as stored totals are unless a mapping lacks one."""
    totals = present.totals
    assert totals is not None
    sums = _of_totals(totals)
    is_whole = None not in sums[: -len(RARE)]
    sums = sums._replace(hugetlb=present.reading.hugetlb)
    if not is_whole and (layout := present.layout()) is not None:
        sums = sum_of([group.sizes for group in layout.sums("kind").values()])
    return present._replace(sums=sums)


def _of_totals(totals: Totals) -> Sizes:
    return Sizes(totals.pss, totals.rss, totals.uss, totals.swap, totals.swap_pss)


def _process_rows(
    now: Sequence[ProcessNow], before: Sequence[ProcessNow] | None, colours: ProcessColours
) -> tuple[Row, ...]:
    if before is None:
        return tuple(_process_row(present, colours) for present in now)
    after, old = ({_process_item(each): each for each in side} for side in (now, before))
    rows = []
    for pair in pair_identical("process", old, after):
        then = [old[item] for item in pair.before]
        rows += [_compared_row(after[item], then, colours) for item in pair.after]
        rows += [_ended_row(each, colours) for each in then if not pair.after]
    return tuple(rows)


def _process_item(present: ProcessNow) -> Item:
    return Item(None, present.role.label, present.role.group, str(present.id))


def _compared_row(present: ProcessNow, then: Sequence[ProcessNow], colours: ProcessColours) -> Row:
    """A process beside what it had at the mark; one that was not there had nothing."""
    row = _process_row(present, colours)
    if not then:
        return row._replace(before=_nothing(), part_before=Sizes(pss=0, uss=0, swap_pss=0))
    (former,) = then
    return row._replace(before=former.sizes, part_before=former.part)


def _ended_row(gone: ProcessNow, colours: ProcessColours) -> Row:
    return _process_row(gone, colours)._replace(
        label="ended",
        sizes=_nothing(),
        address_space=0,
        mappings=0,
        part=None,
        group="",
        before=gone.sizes,
        part_before=gone.part,
    )


def _process_row(present: ProcessNow, colours: ProcessColours) -> Row:
    totals = present.totals
    good = present.state.is_sound or present.state is LayoutState.NOT_TAKEN
    return Row(
        key=f"process {present.id}",
        name=present.title,
        label="" if good else present.state.label,
        colour=colours.of(present.id),
        sizes=present.sizes,
        address_space=totals.size if totals else present.reading.size,
        mappings=totals.mappings if totals else None,
        opens=present.id,
        detail=present.command,
        group=present.role.group,
        part=present.part,
    )


def _group_rows(
    now: Sequence[ProcessNow], before: Sequence[ProcessNow] | None, by: By
) -> tuple[Row, ...]:
    groups = _groups(now, by)
    if before is None:
        return tuple(_group_row(key, group, None) for key, group in groups.items())
    old = _groups(before, by)
    rows = []
    for pair in pair_identical(by, _items_of(old), _items_of(groups)):
        then = [(item.key, old[item.key]) for item in pair.before]
        sizes = then[0][1].sizes if then else _nothing()
        rows += [_group_row(item.key, groups[item.key], sizes) for item in pair.after]
        rows += [_vanished_row(key, group) for key, group in then if not pair.after]
    return tuple(rows)


def _vanished_row(key: str, group: GroupSum) -> Row:
    return _group_row(key, group, group.sizes)._replace(
        sizes=_nothing(), address_space=0, mappings=0, lacking=False
    )


def _items_of(groups: Mapping[str, GroupSum]) -> list[Item]:
    return [
        Item(group.identity.kind, group.identity.name, "", key) for key, group in groups.items()
    ]


def _groups(presents: Sequence[ProcessNow], by: By) -> dict[str, GroupSum]:
    layouts = [layout for present in presents if (layout := present.layout()) is not None]
    if len(layouts) == _ALONE:
        return layouts[0].sums(by)
    return merge(layout.sums(by) for layout in layouts)


def _group_row(key: str, group: GroupSum, before: Sizes | None) -> Row:
    kind = group.identity.kind
    return Row(
        key,
        group.identity.name,
        kind.value if kind is not None else "",
        kind_colour(kind),
        group.sizes,
        group.address_space,
        group.mappings,
        before,
        group.lacking,
    )


def _nothing() -> Sizes:
    return Sizes(**dict.fromkeys(Sizes._fields, 0))


def _total(now: Seen, before: Seen | None) -> Row:
    sizes, lacking = _sum(now)
    space: int | None = None
    mappings: int | None = None
    for present in now.presents:
        if present.totals is not None:
            space = add_told(space, present.totals.size)
            mappings = add_told(mappings, present.totals.mappings)
    then = None if before is None else _sum(before)[0]
    return Row("", "sum", "", None, sizes, space, mappings, then, lacking)


def _sum(seen: Seen) -> tuple[Sizes, bool]:
    """What a single process has, or what several come to at a pass: nothing else is a sum."""
    if len(seen.presents) == _ALONE:
        return seen.presents[0].sizes, False
    return seen.together.sizes, seen.together.lacking > 0


def top_of(presents: Sequence[ProcessNow], figure: ShownFigure) -> list[int]:
    """The numbers of processes, the biggest first."""
    place = Sizes._fields.index(over_processes(figure))
    return [each.id for each in sorted(presents, key=lambda each: -(each.sizes[place] or 0))]


def layers_of(
    presents: Sequence[ProcessNow], figure: ShownFigure, colours: ProcessColours
) -> tuple[Layer, ...]:
    """What the layers of the chart are at this moment: kinds of one process, or processes."""
    place = Sizes._fields.index(figure)
    if len(presents) == _ALONE:
        layout = presents[0].layout()
        groups = layout.sums("kind").values() if layout is not None else ()
        layers = [
            Layer(group.identity.name, kind_colour(group.identity.kind), group.sizes[place] or 0)
            for group in groups
        ]
    else:
        place = Sizes._fields.index(over_processes(figure))
        layers = [
            Layer(present.title, colours.of(present.id), present.sizes[place] or 0)
            for present in presents
        ]
    layers = [layer for layer in layers if layer.size]
    return tuple(sorted(layers, key=lambda layer: -layer.size))


def notes_of(seen: Seen, by: By) -> tuple[str, ...]:
    """Say what a reader of the figures has to know of their quality."""
    presents = seen.presents
    if len(presents) == _ALONE:
        present = presents[0]
        if present.state is LayoutState.NOT_TAKEN and present.layout_time is not None:
            when = format_time(present.layout_time)[11:19]
            return (f"layout of {when}: only the summary figures were read at this instant",)
        return () if present.state is LayoutState.EXACT else (present.state.meaning,)
    notes = list(_about_sums(seen, by))
    unreadable = sum(present.state.is_unreadable for present in presents)
    torn = sum(present.state is LayoutState.TORN for present in presents)
    if unreadable:
        notes.append(f"{unreadable} of {len(presents)} processes: their layouts cannot be read")
    if torn:
        notes.append(f"{plural(torn, 'layout is', 'layouts are')} torn")
    return tuple(notes)


def about_comparison(now: Seen, before: Seen | None, mark_time: int | None) -> Iterator[str]:
    """What is left out of a comparison with the mark, as `compared` gave both sides."""
    if mark_time is None:
        return
    if before is None:
        yield "not compared: there is no layout at one of the two moments"
        return
    left_out = [side.together.lacking for side in (now, before) if side.together.why is None]
    if many := max(left_out, default=0):
        what = plural(many, "process has", "processes have")
        yield f"{what} no layout, and cannot be compared"


def _about_sums(seen: Seen, by: By) -> Iterator[str]:
    together = seen.together
    if together.why is not None:
        yield together.why
        return
    if together.age_ns:
        yield f"sums of a pass {format_duration(together.age_ns)} before"
    older = max(
        (
            together.time - present.layout_time
            for present in seen.presents
            if present.layout_time is not None and present.share is not None and _is_older(present)
        ),
        default=0,
    )
    if older > 0 and by != "process":
        yield f"layouts up to {format_duration(older)} older than the sums"


def _is_older(present: ProcessNow) -> bool:
    totals, share = present.totals, present.share
    if totals is None or share is None:
        return False
    return not is_of_pass(Figures(totals.rss, totals.pss, totals.uss, totals.swap_pss), share)
