"""The limits of all tests that have some, when tests are collected."""

from __future__ import annotations

import pytest

from . import MARKER
from .limits import Limits, limits_of


def limits_by_test(
    config: pytest.Config, items: list[pytest.Item], asking: list[pytest.Item]
) -> dict[str, Limits | None]:
    """What the markers of those that ask say, by node id; None of those without one.

    Raises pytest.UsageError. A worker of xdist would not bear that: there the wrong ones become
    errors of the collection, and are taken out of `items`.
    """
    found: dict[str, Limits | None] = {}
    for item in asking:
        mark = item.get_closest_marker(MARKER)
        try:
            found[item.nodeid] = None if mark is None else limits_of(mark, item.nodeid)
        except pytest.UsageError as error:
            if not hasattr(config, "workerinput"):
                raise
            report = pytest.CollectReport(item.nodeid, "failed", str(error), [])
            config.hook.pytest_collectreport(report=report)
            items.remove(item)
    return found
