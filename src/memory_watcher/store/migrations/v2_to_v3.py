"""Sums over processes; CPU time, sleep of the machine, what an exit's max_rss may be of."""

from __future__ import annotations

BEFORE: dict[str, str | None] = {"passes": None, "rollups": None, "group_marks": None}

ADDED = (
    ("ticks", "suspended_ns"),
    ("runs", "max_map_count"),
    ("readings", "user_time"),
    ("readings", "system_time"),
    ("readings", "voluntary_switches"),
    ("readings", "involuntary_switches"),
    ("fast_readings", "tick"),
    ("exits", "inherited"),
)

STATEMENTS = (
    """CREATE TABLE passes (
    tick INTEGER PRIMARY KEY REFERENCES ticks(id),
    wall_ns INTEGER NOT NULL,
    processes INTEGER NOT NULL,
    lacking INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    layouts INTEGER NOT NULL,
    private INTEGER,
    rss INTEGER,
    pss INTEGER,
    uss INTEGER,
    swap_pss INTEGER
)""",
    """CREATE TABLE rollups (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    rss INTEGER,
    pss INTEGER,
    uss INTEGER,
    swap_pss INTEGER,
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID""",
    """CREATE TABLE group_marks (
    time_ns INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs(id),
    private INTEGER NOT NULL,
    processes INTEGER NOT NULL
)""",
    *(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER" for table, column in ADDED),
)
