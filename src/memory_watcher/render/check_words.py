"""The sentences of a check, for a terminal and every output of CI alike.

Names are put in as they are: who shows the text escapes it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from ..analysis.budgets.model import Checked, Culprit, Judged, Unit, Word
from ..units import KIB, SECOND, group_digits, plural
from .elide import elide
from .escape import escape

#: So many culprits are named; of more, only how many there are.
CULPRITS = 3
_LONGEST_NAME = 100
#: Digits behind the point, at most: enough for a page in a TiB.
_MOST_DIGITS = 9


class Shown(NamedTuple):
    """A value as text: its number, and its unit with a blank before it (none for a count)."""

    number: str
    unit: str

    @property
    def text(self) -> str:
        """With its unit."""
        return self.number + self.unit

    def beside(self, other: Shown) -> str:
        """Without its unit, if another one's that stands beside it is the same."""
        return self.number if self.unit == other.unit else self.text


def scaled(values: Sequence[int | None], unit: Unit) -> list[Shown]:
    """Values as people compare them: in the unit of the largest, but for what is 0.0 in that.

    They have as many digits as show which differ, so 82.04 above a limit of 82.00 is seen to be.
    """
    if unit == "count":
        return [Shown(_number(value, 1, 0), "") for value in values]
    per_hour = unit.removeprefix("bytes")
    known = {value for value in values if value is not None}
    largest = _largest_unit(max(map(abs, known), default=0))

    def shown(value: int | None, digits: int) -> Shown:
        if value is None:
            return Shown("–", "")
        is_lost = 0 < 10 * abs(value) < largest[1]
        word, size = _largest_unit(abs(value)) if is_lost else largest
        return Shown(_number(value, size, digits), f" {word}{per_hour}")

    digits = 1
    while len({shown(value, digits) for value in known}) < len(known) and digits < _MOST_DIGITS:
        digits += 1
    return [shown(value, digits) for value in values]


def _largest_unit(value: int) -> tuple[str, int]:
    size = 1
    for word in ("B", "KiB", "MiB", "GiB"):
        if value < 1000 * size:
            return word, size
        size *= KIB
    return "TiB", size


def _number(value: int | None, size: int, digits: int) -> str:
    if value is None:
        return "–"
    return group_digits(value) if size == 1 else f"{value / size:.{digits}f}"


def amount(value: int | None, unit: Unit) -> str:
    """One value with its unit: `93.1 MiB`, `1.0 MiB/h`, `12`; `–` if there is none."""
    (shown,) = scaled([value], unit)
    return shown.text


def spread(judged: Judged) -> str:
    """`92.8 to 93.4 MiB`: the lowest and the highest of several runs; empty for one run."""
    if judged.spread is None or len(judged.values) < 2:
        return ""
    lowest, highest = scaled(judged.spread, judged.unit)
    return highest.text if lowest == highest else f"{lowest.beside(highest)} to {highest.text}"


def sentence(judged: Judged) -> str:
    """What became of a budget, with all that explains it."""
    if judged.verdict is Word.UNDECIDED:
        known = None not in (judged.measured, judged.limit)
        seen = f", with {_of_limit(judged)}" if known else ""
        return f"{judged.name} could not be judged{seen}: {judged.why or 'nothing was measured'}"
    if judged.verdict is Word.WITHIN:
        return f"{judged.name} {_of_limit(judged)}"
    parts = [*culprit_phrases(judged), *_rest(judged)]
    return _measured(judged) + (f": {'; '.join(parts)}" if parts else "")


def _of_limit(judged: Judged) -> str:
    """`79.0 of 82.0 MiB`, and of several runs the spread."""
    measured, limit = scaled([judged.measured, judged.limit], judged.unit)
    return f"{measured.beside(limit)} of {limit.text}{_runs(judged)}"


def _measured(judged: Judged) -> str:
    """`heap 80.0 → 93.1 MiB (limit 82.0)`."""
    values = [judged.measured, judged.limit, judged.baseline]
    measured, limit, before = scaled(values, judged.unit)
    since = "" if judged.baseline is None else f"{before.beside(measured)} → "
    said = f"{limit.beside(measured)}{_runs(judged, '; ', '')}"
    return f"{judged.name} {since}{measured.text} (limit {said})"


def _runs(judged: Judged, before: str = " (", after: str = ")") -> str:
    between = spread(judged)
    return f"{before}{len(judged.values)} runs: {between}{after}" if between else ""


def culprit_phrases(judged: Judged) -> list[str]:
    """One phrase for each of the first culprits, and how many there are besides."""
    shown = [culprit(each, judged.unit) for each in judged.culprits[:CULPRITS]]
    if (more := len(judged.culprits) - CULPRITS) > 0:
        shown.append(plural(more, "other group", "other groups"))
    return shown


def culprit(each: Culprit, unit: Unit) -> str:
    """`+12.8 MiB in [heap] of server, growing since 00:41, still held at the end`."""
    if each.change is None:
        value = amount(each.after, unit)
    else:
        value = f"{'+' if each.change > 0 else ''}{amount(each.change, unit)}"
    return f"{value} in {''.join(_culprit_parts(each))}"


def _culprit_parts(each: Culprit) -> Iterator[str]:
    yield elide(each.name or each.kind, _LONGEST_NAME)
    if each.process:
        yield f" of {elide(each.process, _LONGEST_NAME)}"
    if each.where:
        yield f" ({elide(each.where, _LONGEST_NAME)})"
    if each.since_ns is not None:
        yield f", growing since {clock(each.since_ns)}"
    if each.is_held is not None:
        yield f", {'still held' if each.is_held else 'no longer held'} at the end"


def clock(since_start_ns: int) -> str:
    """`00:41`, `1:02:03`: minutes and seconds after the start."""
    minutes, seconds = divmod(since_start_ns // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def _rest(judged: Judged) -> Iterator[str]:
    if judged.others == 0:
        yield "nothing else changed"
    elif judged.others is not None:
        yield f"nothing else changed by more than {amount(judged.others, judged.unit)}"


def headline(checked: Checked) -> str:
    """`1 of 12 budgets over, 2 could not be judged`."""
    words = [each.verdict for each in checked.budgets]
    if not words:
        return unjudged(checked)
    over, undecided = words.count(Word.OVER), words.count(Word.UNDECIDED)
    of = f" of {plural(len(words), 'budget', 'budgets')}"
    if not over and not undecided:
        return f"{len(words)}{of} within"
    if not over:
        return f"{undecided}{of} could not be judged"
    return f"{over}{of} over" + (f", {undecided} could not be judged" if undecided else "")


def unjudged(checked: Checked) -> str:
    """Why nothing was judged."""
    for run in checked.recordings:
        if run.exit_code:
            how = f"failed with exit code {run.exit_code}"
            if run.signal is not None:
                how = f"was ended by {_signal_name(run.signal)} (exit code {run.exit_code})"
            return f"The command {how}; its memory was not judged"
    return "Nothing was judged"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def named(checked: Checked, longest: int | None = None) -> Iterator[tuple[str, Judged]]:
    """Each budget with its name, escaped, and made unique: programs drop the second of one name."""
    taken: set[str] = set()
    for judged in checked.budgets:
        name = shown = escape(judged.name)[:longest]
        for number in count(2):
            if shown not in taken:
                break
            ending = f" ({number})"
            shown = name[: longest and longest - len(ending)] + ending
        taken.add(shown)
        yield shown, judged


#: What there is more of explains what memory grew (2); more mappings follow from both.
_RANKS = {"processes": 0, "threads": 1, "mappings": 3}


def worst_first(checked: Checked) -> list[Judged]:
    """The budgets as people want to read them: over, undecided, within; else in their order.

    Of those that are over, processes and threads come first, then sizes, the most above its limit
    first, and mappings last.
    """
    order = (Word.OVER, Word.UNDECIDED, Word.WITHIN)

    def rank(each: Judged) -> tuple[int, int, int]:
        if each.verdict is not Word.OVER:
            return order.index(each.verdict), 0, 0
        excess = (each.measured or 0) - (each.limit or 0)
        return 0, _RANKS.get(each.line.what, 2), -excess

    return sorted(checked.budgets, key=rank)
