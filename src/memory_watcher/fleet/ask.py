"""Asks a dataset: the files that can be read go to an engine, and those that cannot are named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .engines.base import Answer, Engine, UnreadablePart
from .parts import damaged, tables


class Asked(NamedTuple):
    """An answer, and the files that are left out of it, with what is wrong with them."""

    answer: Answer
    left_out: Mapping[str, str]


def ask(
    folder: str,
    engine: Engine,
    sql: str,
    values: Mapping[str, object],
) -> Asked:
    """The answer of an engine to one SELECT about a dataset.

    Files whose end is damaged are left out from the start. If the engine fails at what another file
    holds, all files are read through, and it is asked once more without those that are damaged.
    Raises QueryFailed, StoreError if there is no dataset.
    """
    found, left_out = tables(folder, sql)
    try:
        return Asked(engine.ask(found, sql, values), left_out)
    except UnreadablePart:
        broken = dict(damaged(path for each in found for path in (*each.files, *each.partly)))
        if not broken:
            raise
    sound = [table.without(broken) for table in found]
    return Asked(engine.ask(sound, sql, values), {**left_out, **broken})
