"""Usages without the figures that equal rss, headers of mappings without the file's.

Usages of version 1 have every figure of their own, and NULL where it was not told.
"""

from __future__ import annotations

_MAPPINGS_1 = """CREATE TABLE mappings (
    id INTEGER PRIMARY KEY,
    process_id INTEGER NOT NULL REFERENCES processes(id),
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    perms TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    path_id INTEGER NOT NULL REFERENCES paths(id)
)"""

_USAGES_1 = """CREATE TABLE usages (
    process_id INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,
    mapping_id INTEGER NOT NULL REFERENCES mappings(id),
    last_tick INTEGER NOT NULL,
    detail_id INTEGER NOT NULL REFERENCES details(id),
    rss INTEGER,
    pss INTEGER,
    pss_dirty INTEGER,
    shared_clean INTEGER,
    shared_dirty INTEGER,
    private_clean INTEGER,
    private_dirty INTEGER,
    referenced INTEGER,
    anonymous INTEGER,
    PRIMARY KEY (process_id, first_tick, mapping_id)
) WITHOUT ROWID"""

BEFORE: dict[str, str | None] = {
    "mappings": _MAPPINGS_1,
    "usages": _USAGES_1,
    "files": None,
    "mapping_rows": None,
    "usage_rows": None,
}

ADDED = (("ticks", "unchanged"),)

_FIGURES = (
    *("pss", "pss_dirty", "shared_clean", "shared_dirty", "private_clean", "private_dirty"),
    *("referenced", "anonymous"),
)

STATEMENTS = (
    """CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    path_id INTEGER NOT NULL REFERENCES paths(id),
    UNIQUE (dev, inode, path_id)
)""",
    """CREATE TABLE mapping_rows (
    id INTEGER PRIMARY KEY,
    process_id INTEGER NOT NULL REFERENCES processes(id),
    "start" INTEGER NOT NULL,
    size INTEGER NOT NULL,
    perms TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    file_id INTEGER NOT NULL REFERENCES files(id)
)""",
    """CREATE TABLE usage_rows (
    process_id INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,
    mapping_id INTEGER NOT NULL REFERENCES mapping_rows(id),
    last_tick INTEGER NOT NULL,
    detail_id INTEGER NOT NULL REFERENCES details(id),
    rss INTEGER,
    pss INTEGER,
    pss_dirty INTEGER,
    shared_clean INTEGER,
    shared_dirty INTEGER,
    private_clean INTEGER,
    private_dirty INTEGER,
    referenced INTEGER,
    anonymous INTEGER,
    PRIMARY KEY (process_id, first_tick, mapping_id)
) WITHOUT ROWID""",
    "INSERT INTO files (dev, inode, path_id)"
    " SELECT dev, inode, path_id FROM mappings GROUP BY dev, inode, path_id ORDER BY min(id)",
    'INSERT INTO mapping_rows SELECT m.id, process_id, "start", "end" - "start", perms, "offset",'
    " f.id FROM mappings AS m JOIN files AS f USING (dev, inode, path_id)",
    "INSERT INTO usage_rows SELECT process_id, first_tick, mapping_id, last_tick, detail_id, rss, "
    + ", ".join(f"nullif(ifnull({name}, -1), rss)" for name in _FIGURES)
    + " FROM usages ORDER BY process_id, first_tick, mapping_id",
    "DROP TABLE mappings",
    "DROP TABLE usages",
    *(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER" for table, column in ADDED),
)
