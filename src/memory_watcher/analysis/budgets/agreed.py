"""What a baseline says of a line of a budget. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .baseline import Baseline, Entry
from .kind_words import kind_named
from .model import COUNTS, Budget, Line
from .patterns import fits, fits_path


class Agreed(NamedTuple):
    """What was agreed to: bytes, or a count; None if the baseline does not say, and `why`."""

    value: int | None
    why: str = ""


def agreed_to(baseline: Baseline, budget: Budget, line: Line) -> Agreed:
    """What the baseline has of a line.

    A kind that it does not have is 0, if it has the total of the same processes, figure and moment.
    """
    mine = entries_of(baseline, budget)
    total = mine.get(("total", ""))
    if total is None:
        return Agreed(
            None,
            f"{baseline.path} has nothing of this process, figure and moment; update the baseline",
        )
    if line.what in ("total", *COUNTS):
        entry = mine.get((line.what, ""))
        return Agreed(entry.value) if entry else Agreed(None, f"{baseline.path} has no {line.what}")
    if line.what == "unlisted":
        return _unlisted(budget, mine)
    keys = _keys(line, mine)
    if not keys and _lacks_parts(line, mine):
        return Agreed(
            None,
            f"{baseline.path} was written before libraries were divided into code, data and .bss;"
            " update the baseline, or limit kind.library",
        )
    if line.what == "name" and not keys:
        return Agreed(None, f"{baseline.path} names nothing like {line.pattern!r}")
    return Agreed(sum(mine[key].value for key in keys))


def _unlisted(budget: Budget, mine: dict[tuple[str, str], Entry]) -> Agreed:
    """What is left of all kinds."""
    listed = {key for each in budget.lines for key in _keys(each, mine)}
    if _overlap(listed):
        return Agreed(
            None,
            "a baseline has names of whole libraries, not of their parts;"
            " limit names or parts of libraries, not both",
        )
    kinds = sum(
        entry.value
        for (kind, name), entry in mine.items()
        if not name and kind not in ("total", *COUNTS) and not is_part(kind)
    )
    return Agreed(max(kinds - sum(mine[key].value for key in _once(listed)), 0))


def is_part(word: str) -> bool:
    """Whether a kind is part of another that the baseline has, too."""
    kind = kind_named(word)
    return kind is not None and kind is not kind.family


def _lacks_parts(line: Line, mine: dict[tuple[str, str], Entry]) -> bool:
    """Whether a line is of a part, and the baseline knows of no parts at all."""
    kind = kind_named(line.pattern) if line.what == "kind" else None
    if kind is None or kind is kind.family or (kind.family.value, "") not in mine:
        return False
    return not any(is_part(word) for word, _ in mine)


def entries_of(baseline: Baseline, budget: Budget) -> dict[tuple[str, str], Entry]:
    """The entries of a budget's processes, figure and moment, by kind and name."""
    process = _process(baseline, budget)
    return {
        (key.kind, key.name): entry
        for key, entry in baseline.entries.items()
        if (key.process, key.figure, key.at) == (process, budget.figure, budget.at)
    }


def _process(baseline: Baseline, budget: Budget) -> str | None:
    """How the baseline calls a budget's processes; None if it has none, or several."""
    pattern = budget.process
    if pattern is None:
        return ""
    names = {key.process for key in baseline.entries if key.process}
    if pattern in names:
        return pattern
    fitting = [name for name in names if fits(pattern, name)]
    return fitting[0] if len(fitting) == 1 else None


def _keys(line: Line, mine: dict[tuple[str, str], Entry]) -> list[tuple[str, str]]:
    if line.what == "kind":
        kind = kind_named(line.pattern)
        return [key for key in mine if kind is not None and key == (kind.value, "")]
    if line.what == "name":
        return [key for key in mine if _is_group(key) and fits_path(line.pattern, key[1])]
    return []


def _is_group(key: tuple[str, str]) -> bool:
    return bool(key[1]) and key[0] not in COUNTS


def mappings_by_kind(baseline: Baseline, budget: Budget) -> dict[str, int]:
    """How many mappings of each kind were agreed to; empty if the baseline does not tell."""
    mine = entries_of(baseline, budget)
    return {
        name: entry.value for (kind, name), entry in mine.items() if kind == "mappings" and name
    }


def _once(keys: Sequence[tuple[str, str]] | set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without names of kinds that are listed as a whole."""
    whole = {kind for kind, name in keys if not name}
    return [
        (kind, name)
        for kind, name in keys
        if (not name or kind not in whole) and (not is_part(kind) or _family(kind) not in whole)
    ]


def _overlap(keys: set[tuple[str, str]]) -> bool:
    """Whether parts of a family are listed, and names in it that have some of the same memory."""
    families = {_family(kind) for kind, _ in keys if is_part(kind)}
    return any(name and kind in families and (kind, "") not in keys for kind, name in keys)


def _family(word: str) -> str:
    kind = kind_named(word)
    return word if kind is None else kind.family.value
