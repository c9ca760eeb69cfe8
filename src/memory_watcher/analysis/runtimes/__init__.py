"""Whose memory without a name is: rules of language runtimes and allocators, as data with proof."""

from __future__ import annotations

from .base import Found, Proof, Rule
from .find import RULES, find_runtimes, is_compared, runtimes_present, tells_runtime

__all__ = [
    "RULES",
    "Found",
    "Proof",
    "Rule",
    "find_runtimes",
    "is_compared",
    "runtimes_present",
    "tells_runtime",
]
