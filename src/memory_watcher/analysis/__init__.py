"""Pure functions over what was read or recorded: no files, no SQL, no clock.

What each mapping is for, and by which evidence: kinds, kinds_over_time, arenas,
stacks, bss, placement.
Which mappings and processes are the same thing, and what they are called: identity, matching,
same_memory, roles, scripts.
Who belongs together, and at which moments figures may be added up: parents, passes.
What a layout consists of, in lines that add up: breakdown, ranking, figures.
The same over time, and where nothing was seen: timeline, group_timeline, curves, reduce, observed,
coverage.
What grew, what differs and what is worth knowing: verdicts, diff, findings, budgets. What is
proven, and what cannot be: assurance, contradictions.
"""
