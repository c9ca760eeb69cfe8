"""Budgets: how much memory a program may have, how that is written down, and what was judged."""
