"""What a limit allows, as it is written: sizes, sizes per hour, counts and percentages. Pure."""

from __future__ import annotations

import re

from ...errors import BudgetFormatError, UsageError
from ...units import parse_size
from .model import Limit, Unit
from .toml_text import Node, name, shown

#: More than that is no tolerance, but a slip.
LARGEST_PERCENT = 1000.0
_LARGEST_COUNT = 2**62
_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?)\s*%\s*")
_BARE_NUMBER = re.compile(r"\s*[0-9]+(?:\.[0-9]*)?\s*")
#: As units.parse_size takes it, however large the number is.
_SIZE = re.compile(r"\s*[0-9]+(?:\.[0-9]*)?\s*[KMGTP]?(?:i?B)?\s*", re.IGNORECASE)
_RATE = re.compile(r"\s*/\s*h\s*$")
_EXAMPLES = {"bytes": '"80 MiB"', "bytes/h": '"1 MiB/h"', "count": "12"}


def limit_of(node: Node, unit: Unit) -> Limit:
    """A limit: an amount, or a table of `max` and `over-baseline`. Raises BudgetFormatError."""
    if not isinstance(node.value, dict):
        return Limit(maximum=_amount(node, unit))
    node.refuse_other_keys(("max", "over-baseline"))
    if not node.value:
        raise node.error(f"{name(node)}: no limit; give max, over-baseline, or both")
    maximum = _amount(node["max"], unit) if "max" in node.value else None
    if "over-baseline" not in node.value:
        return Limit(maximum)
    share, least = _tolerance(node["over-baseline"], unit)
    return Limit(maximum, share, least)


def _tolerance(node: Node, unit: Unit) -> tuple[float | None, int | None]:
    """A share of the baseline's value, an amount, or one of each."""
    parts = node.elements() if isinstance(node.value, list) else [node]
    shares = [_share(part) for part in parts if _is_percent(part)]
    amounts = [_amount(part, unit) for part in parts if not _is_percent(part)]
    if not parts or len(shares) > 1 or len(amounts) > 1:
        raise node.error(
            f'{name(node)}: write one percentage, one amount, or both: ["2 %", {_EXAMPLES[unit]}]'
        )
    return (shares[0] if shares else None), (amounts[0] if amounts else None)


def _is_percent(node: Node) -> bool:
    return isinstance(node.value, str) and "%" in node.value


def _share(node: Node) -> float:
    match = _PERCENT.fullmatch(node.value)
    if match is None:
        raise _refused(node, 'is not a percentage; write "2 %"')
    percent = float(match[1])
    if percent > LARGEST_PERCENT:
        raise _refused(node, f"is too much; write {LARGEST_PERCENT:.0f} % at most")
    return percent / 100


def _amount(node: Node, unit: Unit) -> int:
    return _count(node) if unit == "count" else _size(node, unit)


def _count(node: Node) -> int:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused(node, "is not a count; write a whole number, as 12")
    if not 0 <= value < _LARGEST_COUNT:
        raise _refused(node, "is not a count; it must be from 0 to 2^62")
    return value


def _size(node: Node, unit: Unit) -> int:
    text, example = node.value, _EXAMPLES[unit]
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise _refused(node, f"has no unit; write {example}, in quotes")
    if not isinstance(text, str):
        raise _refused(node, f"is not a size; write {example}")
    size = _RATE.sub("", text)
    if unit == "bytes/h" and size == text:
        raise _refused(node, f'is not a size per hour, as at = "growth" needs; write {example}')
    if unit == "bytes" and size != text:
        raise _refused(node, f'is a size per hour; write {example}, or at = "growth"')
    if size.lstrip().startswith("-"):
        raise _refused(node, f"is negative; write {example}")
    if _BARE_NUMBER.fullmatch(size):
        raise _refused(node, f"has no unit; write {example}")
    try:
        return parse_size(size, name(node))
    except (UsageError, OverflowError):
        what = "is too large" if _SIZE.fullmatch(size) else "is not a size"
        raise _refused(node, f"{what}; write {example}") from None


def _refused(node: Node, why: str) -> BudgetFormatError:
    """Say what is wrong with a value; `why` goes on from the value itself."""
    return node.error(f"{name(node)}: {shown(node.value)} {why}")
