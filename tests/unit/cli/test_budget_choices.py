"""What `budget init` offers is what a budget file may say."""

from __future__ import annotations

import argparse
from typing import get_args

from memory_watcher.analysis.budgets.model import At, Figure
from memory_watcher.cli import budget


def test_all_moments_and_figures_are_offered() -> None:
    parser = argparse.ArgumentParser()
    budget.add_arguments(parser)
    choices = {action.dest: action.choices for action in parser._actions}
    assert choices["at"] == get_args(At)
    assert choices["figure"] == get_args(Figure)
