"""Whose memory without a name is: rules of language runtimes and allocators, as data with proof."""

from __future__ import annotations

from .base import Found, Proof, Rule, Witnesses
from .find import RULES, find_runtimes, tells_runtime, witnesses_of

__all__ = [
    "RULES",
    "Found",
    "Proof",
    "Rule",
    "Witnesses",
    "find_runtimes",
    "tells_runtime",
    "witnesses_of",
]
