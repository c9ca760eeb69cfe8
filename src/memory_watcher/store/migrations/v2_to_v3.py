"""Sums over processes; CPU time, sleep of the machine; distinct command lines stored once."""

from __future__ import annotations

_IMAGES_2 = """CREATE TABLE images (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    name TEXT NOT NULL,
    command_line TEXT,
    exe TEXT,
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID"""

BEFORE: dict[str, str | None] = {
    "images": _IMAGES_2,
    **dict.fromkeys(("passes", "rollups", "group_marks", "command_lines", "image_rows")),
}

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
    """CREATE TABLE command_lines (
    id INTEGER PRIMARY KEY,
    command_line TEXT NOT NULL UNIQUE
)""",
    """CREATE TABLE image_rows (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    name TEXT NOT NULL,
    command_line_id INTEGER REFERENCES command_lines(id),
    exe_id INTEGER REFERENCES paths(id),
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID""",
    "INSERT INTO command_lines (command_line) SELECT command_line FROM images"
    " WHERE command_line IS NOT NULL GROUP BY command_line ORDER BY min(first_tick)",
    "INSERT OR IGNORE INTO paths (pathname) SELECT exe FROM images WHERE exe IS NOT NULL",
    "INSERT INTO image_rows SELECT i.process_id, i.first_tick, i.name, c.id, p.id"
    " FROM images AS i LEFT JOIN command_lines AS c ON c.command_line = i.command_line"
    " LEFT JOIN paths AS p ON p.pathname = i.exe",
    "DROP TABLE images",
    *(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER" for table, column in ADDED),
)
