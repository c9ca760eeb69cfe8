"""Pure functions over what was read or recorded: no files, no SQL, no clock.

What each mapping is for, and by which evidence: kinds, arenas, stacks, bss.
Which mappings and processes are the same thing, and what they are called: identity, lives, roles.
Who belongs together, and at which moments figures may be added up: parents, tree, passes.
What a layout consists of, in lines that add up: peak, ranking, figures.
The same over time, and where nothing was seen: timeline, group_timeline, reduce, watch, presence.
What grew and what differs: growth, diff. What is proven, and what cannot be: assurance,
contradictions.
"""
