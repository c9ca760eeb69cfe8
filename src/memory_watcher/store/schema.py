"""The layout of a recording file: one commented, versioned constant.

docs/schema.md is generated from it (`python docs/generate.py`).

Version history:
    1  the first. Read as it is, and migrated when a recorder adds to it.
    2  usages are stored without the figures that equal rss, and headers of mappings without the
       file's: usage_rows, mapping_rows and files, with usages and mappings as views;
       ticks.unchanged.
    3  sums over processes, each of one moment: passes, rollups, group_marks. Of processes the CPU
       time and context switches (readings), what an exit's max_rss may be of something else; of a
       run max_map_count; for clocks that jump ticks.suspended_ns and fast_readings.tick. Distinct
       command lines are stored once: command_lines and image_rows, with images as a view.
    4  escaped_texts, so that all text in views is valid UTF-8; views that other engines take, too.
    5  build_ids, also as a column of the views mappings and layouts; of readings what RSS consists
       of: rss_anon, rss_file, rss_shmem.
    6  file_marks.
    7  containers; a limit of a cgroup that there is not, and a figure that was lost: -1.
       What runtimes said of their memory: runtime_reports.
       What the recorder itself did, tick by tick: ticks.cpu_ns, fast_passes, too_slow.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from ..model import VOLATILE_FIELDS, LayoutState, Usage

#: "MWat" in ASCII: PRAGMA application_id of every recording.
APPLICATION_ID = 0x4D576174
VERSION = 7

#: SQL for the states of readings: all, and those of readings that have a layout.
STATES = f"({', '.join(str(int(state)) for state in LayoutState)})"
STATES_WITH_LAYOUT = f"({', '.join(str(int(each)) for each in LayoutState if each.has_layout)})"

#: The columns of readings that hold model.Totals, in its order.
TOTALS_COLUMNS = ("mappings", "layout_size", "rss", "pss", "uss", "layout_swap", "swap_pss")

#: `last_tick` of a usage that is still valid: the largest number that SQLite keeps in 4 bytes, so
#: that writing the real one later never makes the row grow.
STILL_VALID = 2**31 - 1

TABLES = """
-- Where recordings were made. A capture that was loaded has NULL for what it does not report.
CREATE TABLE machines (
    id INTEGER PRIMARY KEY,
    boot_id TEXT,               -- kernel.random.boot_id: PIDs and start times belong to a boot
    hostname TEXT,
    kernel TEXT,                -- release, as uname -r
    page_size INTEGER,          -- bytes; from the target's own files, not by this machine
    cpus INTEGER                -- how many are online: the kernel's counters are per CPU
);

-- One row per start of a recorder on this file.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    first_tick INTEGER NOT NULL,
    last_tick INTEGER,          -- NULL: it still runs, or did not end cleanly
    end_reason TEXT,            -- 'targets gone', 'SIGINT', 'max size', 'loaded', 'killed'…
    period_ns INTEGER,          -- asked for; NULL for a loaded capture
    command_line TEXT NOT NULL, -- the recorder's own, quoted as for a shell
    version TEXT NOT NULL,      -- of memory-watcher
    policy TEXT,                -- JSON: fast period, budgets… (see docs/recording.md)
    cpu_ns INTEGER,             -- what the recorder itself used, user and system
    peak_rss INTEGER,           -- of the recorder itself, bytes
    max_map_count INTEGER       -- vm.max_map_count: more mappings than that no process may have
);

-- One row per tick: one pass of the recorder over its targets.
CREATE TABLE ticks (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs(id),
    time_ns INTEGER NOT NULL,   -- UTC, nanoseconds since 1970
    monotonic_ns INTEGER,       -- CLOCK_MONOTONIC of the recorder: differences survive clock jumps
    late_ns INTEGER,            -- how long after its deadline the tick began
    skipped INTEGER NOT NULL,   -- deadlines before this one that were given up as overloaded
    cause TEXT,                 -- NULL: a deadline; 'peak': memory rose above all before; 'start',
                                -- 'exec', 'exit': a process came, changed or had ended;
                                -- 'asked': a program waited for it, as the pytest plugin does
    unchanged INTEGER,          -- processes that were not read, because nothing showed a change:
                                -- their last layouts stay valid; NULL: none was left out
    suspended_ns INTEGER,       -- sleep of the machine since the last tick; NULL: not reported
    cpu_ns INTEGER,             -- CPU time that the recorder had used by then since its start, user
                                -- and system, that of its helpers included; NULL: not reported
    fast_passes INTEGER,        -- how often it had read RSS between ticks by then, since its start
    too_slow INTEGER            -- processes whose layouts were not read, because that would hold
                                -- them up for longer than --max-stall; NULL: none
);

-- One row per process: a PID alone is used again.
CREATE TABLE processes (
    id INTEGER PRIMARY KEY,
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL, -- stat field 22, clock ticks since boot; a capture counts up from
                                -- 0: those of one PID and name are one process
    parent_pid INTEGER,         -- when first seen
    uid INTEGER,                -- real user id when first seen
    cgroup TEXT,                -- /proc/PID/cgroup when first seen
    end_tick INTEGER,           -- the tick at which it was found to have ended; NULL: not seen
    UNIQUE (machine_id, pid, start_time)
);

-- One row per distinct command line: a process may set its own, and go back and forth.
CREATE TABLE command_lines (
    id INTEGER PRIMARY KEY,
    command_line TEXT NOT NULL UNIQUE -- quoted as for a shell; cut after 4096 bytes, and says so
);

-- What execve put into a process, as it is stored: ask the view `images` instead. A second row of a
-- process is a later execve (or a new name).
CREATE TABLE image_rows (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    name TEXT NOT NULL,         -- comm: at most 15 bytes, may be set by the program
    command_line_id INTEGER REFERENCES command_lines(id), -- NULL: not reported
    exe_id INTEGER REFERENCES paths(id), -- readlink of /proc/PID/exe, ' (deleted)' included
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID;

-- One row per distinct path or name of a mapping, or path of what a process executes; '' for
-- mappings without one.
CREATE TABLE paths (
    id INTEGER PRIMARY KEY,
    pathname TEXT NOT NULL UNIQUE -- the kernel's bytes, which need not be valid UTF-8
);

-- How the views show texts that are not valid UTF-8: paths, command lines, names of processes,
-- unknown lines of smaps. The other tables keep the bytes.
CREATE TABLE escaped_texts (
    raw TEXT NOT NULL,          -- the bytes as they are in the other tables
    shown TEXT NOT NULL,        -- each byte that is not UTF-8 as \\xNN
    PRIMARY KEY (raw)
) WITHOUT ROWID;

-- What mappings are of: one row per distinct device, inode and path.
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    dev INTEGER NOT NULL,       -- major << 20 | minor
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    path_id INTEGER NOT NULL REFERENCES paths(id),
    UNIQUE (dev, inode, path_id)
);

-- Headers of mappings, as they are stored: ask the view `mappings` instead. A header that comes
-- back after thousands of others, or in another run of the recorder, has another row; so has one
-- that a torn layout shows twice.
CREATE TABLE mapping_rows (
    id INTEGER PRIMARY KEY,
    process_id INTEGER NOT NULL REFERENCES processes(id),
    "start" INTEGER NOT NULL,   -- address; above 2^63 ([vsyscall]) it reads as start - 2^64
    size INTEGER NOT NULL,      -- bytes, up to the end
    perms TEXT NOT NULL,        -- r w x, then p private or s shared
    "offset" INTEGER NOT NULL,  -- into the file, bytes; above 2^63 as offset - 2^64
    file_id INTEGER NOT NULL REFERENCES files(id)
);

-- Figures that rarely change or are mostly 0: one row per distinct set. Bytes; NULL: not reported.
CREATE TABLE details (
    id INTEGER PRIMARY KEY,
    ksm INTEGER,
    lazy_free INTEGER,
    anon_huge_pages INTEGER,
    shmem_pmd_mapped INTEGER,
    file_pmd_mapped INTEGER,
    shared_hugetlb INTEGER,
    private_hugetlb INTEGER,
    swap INTEGER,
    swap_pss INTEGER,
    locked INTEGER,
    kernel_page_size INTEGER,
    mmu_page_size INTEGER,
    thp_eligible INTEGER,       -- 0 or 1
    protection_key INTEGER,
    vm_flags TEXT,
    other TEXT                  -- lines that this version does not know, as read
);

-- The usages of mappings, as they are stored: ask the view `usages` instead. Most figures of most
-- mappings equal rss, and take no room here: NULL is "the same as rss", -1 is "not reported".
CREATE TABLE usage_rows (
    process_id INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,
    mapping_id INTEGER NOT NULL REFERENCES mapping_rows(id),
    last_tick INTEGER NOT NULL, -- 2147483647: valid until the next keyframe
    detail_id INTEGER NOT NULL REFERENCES details(id),
    rss INTEGER,                -- NULL: not reported
    pss INTEGER,
    pss_dirty INTEGER,
    shared_clean INTEGER,
    shared_dirty INTEGER,
    private_clean INTEGER,
    private_dirty INTEGER,
    referenced INTEGER,
    anonymous INTEGER,
    PRIMARY KEY (process_id, first_tick, mapping_id)
) WITHOUT ROWID;

-- What the numbers in readings.layout_state mean.
CREATE TABLE layout_states (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    meaning TEXT NOT NULL
);

-- One row per process and tick: the summary figures (RSS, swap, faults), and the sums of the layout
-- if there is one. Bytes; NULL: not reported or not read.
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,     -- the number of the measurement
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tick INTEGER NOT NULL REFERENCES ticks(id),
    delay_ns INTEGER,           -- from the tick's time to this process's reading
    layout_state INTEGER NOT NULL REFERENCES layout_states(id),
    keyframe INTEGER,           -- usages of this layout have first_tick >= it; NULL: no layout
    cpu_ns INTEGER,             -- what reading and parsing the layout cost the recorder
    wall_ns INTEGER,            -- how long reading the layout took
    mappings INTEGER,           -- how many the layout has
    layout_size INTEGER,        -- sum over the layout: address space without [vsyscall]
    rss INTEGER,                -- sum over the layout
    pss INTEGER,                -- sum; the kernel cuts each mapping's PSS to KiB: see rollup_pss
    uss INTEGER,                -- sum: Private_Clean + Private_Dirty + Private_Hugetlb
    layout_swap INTEGER,        -- sum over the layout
    swap_pss INTEGER,           -- sum over the layout
    rollup_pss INTEGER,         -- smaps_rollup: PSS without rounding; read now and then
    size INTEGER,               -- statm
    resident INTEGER,           -- statm
    shared INTEGER,             -- statm
    text INTEGER,               -- statm
    data INTEGER,               -- statm
    high_water_mark INTEGER,    -- status VmHWM
    swap INTEGER,               -- status VmSwap
    hugetlb INTEGER,            -- status HugetlbPages
    threads INTEGER,            -- status Threads
    minor_faults INTEGER,       -- stat minflt
    major_faults INTEGER,       -- stat majflt
    state TEXT,                 -- stat state
    oom_score INTEGER,
    oom_score_adj INTEGER,
    user_time INTEGER,          -- stat utime, 1/100 s since the start
    system_time INTEGER,        -- stat stime, 1/100 s since the start
    voluntary_switches INTEGER, -- status, of the first thread alone
    involuntary_switches INTEGER, -- status, of the first thread alone
    rss_anon INTEGER,           -- status RssAnon, since Linux 4.5
    rss_file INTEGER,           -- status RssFile
    rss_shmem INTEGER           -- status RssShmem
);
CREATE UNIQUE INDEX readings_by_process ON readings (process_id, tick);

-- RSS between the layouts, read at a fast period: a row when a figure changes, valid until the
-- process's next row or reading. Bytes.
CREATE TABLE fast_readings (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    time_ns INTEGER NOT NULL,   -- UTC
    since_ns INTEGER NOT NULL,  -- time since the reading before it, stored or not
    resident INTEGER NOT NULL,  -- statm
    high_water_mark INTEGER,    -- status VmHWM
    tick INTEGER,               -- the tick before it; NULL: the last one up to its time
    PRIMARY KEY (process_id, time_ns)
) WITHOUT ROWID;

-- Sums over processes: one row per pass, a tight round that reads smaps_rollup of all members of a
-- run that can be of more than one process. Nothing else gives a sum. Bytes; NULL: not reported.
CREATE TABLE passes (
    tick INTEGER PRIMARY KEY REFERENCES ticks(id),
    wall_ns INTEGER NOT NULL,   -- from the first process read to the last
    processes INTEGER NOT NULL, -- members counted in the sums
    lacking INTEGER NOT NULL,   -- members that live but could not be read: the sums lack them
    moved INTEGER NOT NULL,     -- bytes by which figures changed during the round: the most that
                                -- the sums may be off
    layouts INTEGER NOT NULL,   -- members whose standing layout was read at this tick, or confirmed
                                -- unchanged by this round
    private INTEGER,            -- sum of statm resident - shared
    rss INTEGER,                -- sum: a bound to check PSS by, never the memory that is used
    pss INTEGER,                -- sum
    uss INTEGER,                -- sum
    swap_pss INTEGER            -- sum
);

-- Figures of a process at a pass, from smaps_rollup: a row when one changed and at its first pass
-- of a run, valid until its next row, its end, or the end of the run. It always has one at the
-- tick of its end if it ended after that tick's pass: it was in it. Bytes.
CREATE TABLE rollups (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    counted INTEGER NOT NULL,   -- 0: its memory is another member's (vfork), and counted there
    rss INTEGER,                -- NULL: could not be read
    pss INTEGER,                -- without the rounding of each mapping
    uss INTEGER,                -- with Private_Hugetlb, which rss and pss do not count
    swap_pss INTEGER,
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID;

-- The highest sum of private memory seen between two passes, where it was above that of both.
CREATE TABLE group_marks (
    time_ns INTEGER PRIMARY KEY, -- UTC
    run_id INTEGER NOT NULL REFERENCES runs(id),
    private INTEGER NOT NULL,   -- bytes: sum of statm resident - shared
    processes INTEGER NOT NULL  -- over how many
);

-- Where the stacks of threads are: a stack does not move, so there is one row per thread and image.
-- A row is valid from first_tick to last_tick: later, something else may lie at that address.
CREATE TABLE stack_pointers (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tid INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,    -- when the thread was first seen, though it may have run then
    stack_pointer INTEGER NOT NULL, -- address; above 2^63 as address - 2^64
    last_tick INTEGER,              -- the last before the thread's end or execve; NULL: it lives
    PRIMARY KEY (process_id, tid, first_tick)
) WITHOUT ROWID;

-- The PT_LOAD program headers of files that were executed: they show where .bss is.
CREATE TABLE elf_segments (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    number INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,  -- in the file, bytes
    address INTEGER NOT NULL,   -- p_vaddr; above 2^63 as address - 2^64
    file_size INTEGER NOT NULL,
    memory_size INTEGER NOT NULL,
    flags INTEGER NOT NULL,     -- 1 execute, 2 write, 4 read
    PRIMARY KEY (machine_id, dev, inode, number)
) WITHOUT ROWID;

-- Which build of a file was executed: the content of its NT_GNU_BUILD_ID note. Files of
-- the same ID are the same build, on whatever machine, and under whatever path.
CREATE TABLE build_ids (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    build_id TEXT NOT NULL,     -- hexadecimal
    PRIMARY KEY (machine_id, dev, inode)
) WITHOUT ROWID;

-- What shows a language runtime or an allocator in a file that was executed: 'go' the note of Go's
-- linker, 'v8' and 'jemalloc' functions of theirs that the program offers to its plug-ins.
CREATE TABLE file_marks (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    mark TEXT NOT NULL,
    PRIMARY KEY (machine_id, dev, inode, mark)
) WITHOUT ROWID;

-- What a run recorded, if that is several processes that belong together: a launched command with
-- all it starts, a process with its children, processes that match a selection.
CREATE TABLE selections (
    run_id INTEGER PRIMARY KEY REFERENCES runs(id),
    kind TEXT NOT NULL,         -- 'command', 'children', 'selection'
    description TEXT NOT NULL,  -- the command, or the options: --name 'postgres*'
    root_pid INTEGER,           -- of the launched command
    too_short INTEGER           -- processes that were seen, but had ended before anything could be
                                -- read; NULL: the run did not end cleanly
);

-- How processes ended that were the recorder's own children: a launched command, and its orphans.
CREATE TABLE exits (
    process_id INTEGER PRIMARY KEY REFERENCES processes(id),
    exit_code INTEGER,          -- NULL: it was ended by a signal
    signal INTEGER,
    max_rss INTEGER NOT NULL,   -- bytes, ru_maxrss: the highest RSS from fork to end, be it
                                -- of what ran before an execve, or of a child it waited for
    inherited INTEGER           -- bytes: highest RSS before its first execve; NULL: not reported
);

-- Control groups whose memory is recorded.
CREATE TABLE cgroups (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,   -- 1 or 2
    path TEXT NOT NULL UNIQUE   -- below the root: /system.slice/a.service; memory:/… for version 1
);

-- The names of a cgroup's figures.
CREATE TABLE cgroup_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE   -- current, peak, max, swap_current, stat.anon…, events.oom_kill…
);

-- Figures of a cgroup: a row when one changes, valid until the field's next row. It is not the sum
-- of the processes' PSS: page cache and kernel memory are in it, shared pages count in one cgroup.
CREATE TABLE cgroup_readings (
    cgroup_id INTEGER NOT NULL REFERENCES cgroups(id),
    field_id INTEGER NOT NULL REFERENCES cgroup_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; counts under events.; -1: there is no such limit, or the
                                -- figure could not be read any more
    PRIMARY KEY (cgroup_id, field_id, first_tick)
) WITHOUT ROWID;

-- What a runtime calls a container, as the recorder read it in the runtime's own files.
CREATE TABLE containers (
    container_id TEXT NOT NULL, -- as in the path of the cgroup of its processes
    name TEXT,                  -- NULL, here and below: not found
    pod TEXT,                   -- of Kubernetes: the pod's name
    namespace TEXT,
    image TEXT,                 -- what it was made of
    PRIMARY KEY (container_id)
) WITHOUT ROWID;

-- What runtimes said of their own memory, where the recorder was to ask them (--ask-runtime).
CREATE TABLE runtime_reports (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tick INTEGER NOT NULL,      -- the last one before it
    source TEXT NOT NULL,       -- what was asked: 'jcmd'
    time_ns INTEGER NOT NULL,   -- UTC, when it had answered
    report TEXT NOT NULL,       -- as it was said, at most 64 KiB of it
    PRIMARY KEY (process_id, tick, source)
);

-- The names of /proc/meminfo's lines.
CREATE TABLE meminfo_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- /proc/meminfo: a row when a field changes, valid until the field's next row.
CREATE TABLE meminfo (
    field_id INTEGER NOT NULL REFERENCES meminfo_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; a plain count for HugePages_*; -1: it was no figure
    PRIMARY KEY (field_id, first_tick)
) WITHOUT ROWID;
"""


def _number(sql: str, name: str) -> str:
    """SQL for a computed number: other engines know its type by the CAST."""
    return f"CAST({sql} AS BIGINT) AS {name}"


def _text(column: str, name: str) -> str:
    """SQL for a text that is valid UTF-8, whatever bytes the column holds."""
    shown = f"(SELECT e.shown FROM escaped_texts AS e WHERE e.raw = {column})"
    return f"CAST(ifnull({shown}, {column}) AS TEXT) AS {name}"


def _kib(column: str, name: str) -> str:
    """SQL for bytes as KiB; `/` would give fractions in other engines."""
    return _number(f"{column} >> 10", name)


def _meminfo_column(field: str, name: str) -> str:
    """SQL for one field of meminfo at tick t.id, in KiB."""
    return "\n    " + _number(
        f"""(SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = '{field}')
     ORDER BY m.first_tick DESC LIMIT 1)""",
        name,
    )


#: SQL for the build ID of the file `f` that a process maps by the header `m`.
_BUILD_ID = """CAST((SELECT b.build_id FROM processes AS p
        JOIN build_ids AS b ON b.machine_id = p.machine_id
        WHERE p.id = m.process_id AND b.dev = f.dev AND b.inode = f.inode) AS TEXT) AS build_id"""

_LOCAL_TIME = "strftime('%Y-%m-%dT%H:%M:%f', ({}) / 1000000 / 1000.0, 'unixepoch', 'localtime')"


def _usage_value(name: str) -> str:
    """SQL for a figure of usage_rows as it was read."""
    return f"nullif(ifnull({name}, rss), -1)"


_CHANGING = Usage._fields[1:VOLATILE_FIELDS]

#: What this program itself asks: as the views of that name, but with texts as they were read.
READ_VIEWS = {
    "images": """
SELECT i.process_id, i.first_tick, i.name, c.command_line, p.pathname AS exe
FROM image_rows AS i LEFT JOIN command_lines AS c ON c.id = i.command_line_id
    LEFT JOIN paths AS p ON p.id = i.exe_id""",
    "mappings": """
SELECT m.id, m.process_id, m."start", m."start" + m.size AS "end", m.perms, m."offset", f.dev,
       f.inode, f.path_id
FROM mapping_rows AS m JOIN files AS f ON f.id = m.file_id""",
}


def usages_as_read(columns: Collection[str], table: str) -> str:
    """SQL for the view `usages` over a table that may lack some columns: they were not told.

    In `usages`, the table of version 1, each figure is as it was read.
    """
    value = _usage_value if table == "usage_rows" else str
    figures = (f"{value(name) if name in columns else 'NULL'} AS {name}" for name in _CHANGING)
    return (
        "SELECT process_id, first_tick, mapping_id, last_tick, detail_id, rss,"
        f" {', '.join(figures)} FROM main.{table}"
    )


# For people and other programs. Other engines run them too: they take no `CROSS JOIN ... ON`, know
# the type of a column of a table, or of a CAST, and have no strftime as SQLite's: it stands apart.
VIEWS = f"""
-- What execve put into a process. A second row of a process is a later execve (or a new name).
CREATE VIEW images AS
SELECT i.process_id, i.first_tick, {_text("i.name", "name")},
       {_text("c.command_line", "command_line")},
       {_text("p.pathname", "exe")}
FROM image_rows AS i LEFT JOIN command_lines AS c ON c.id = i.command_line_id
    LEFT JOIN paths AS p ON p.id = i.exe_id;

-- One row per mapping header of a process. Addresses are bytes, above 2^63 as address - 2^64.
CREATE VIEW mappings AS
SELECT m.id, m.process_id, m."start", {_number('m."start" + m.size', '"end"')}, m.perms,
       m."offset", f.dev, f.inode, f.path_id,
       {_BUILD_ID}
FROM mapping_rows AS m JOIN files AS f ON f.id = m.file_id;

-- The usage of a mapping, valid from first_tick to last_tick. Bytes; NULL: not reported.
-- A row is written when figures change, and for all mappings at a keyframe, so that a layout is
-- found between its keyframe and its tick: see readings.keyframe.
CREATE VIEW usages AS
SELECT process_id, first_tick, mapping_id, last_tick, detail_id, rss,
       {", ".join(_number(_usage_value(name), name) for name in _CHANGING)}
FROM usage_rows;

-- Every mapping of every layout with all its figures, in bytes. Ask for one measurement, or for one
-- process and tick: the whole is as large as one row per mapping and tick.
CREATE VIEW layouts AS
SELECT r.id AS measurement_id, r.process_id, r.tick, u.mapping_id, m."start", m."end", m.perms,
       m."offset", m.dev, m.inode, {_text("p.pathname", "pathname")}, m.build_id,
       {", ".join(f"u.{name}" for name in Usage._fields[:VOLATILE_FIELDS])},
       {", ".join(f"d.{name}" for name in Usage._fields[VOLATILE_FIELDS:-1])},
       {_text("d.other", "other")}
FROM readings AS r CROSS JOIN usages AS u CROSS JOIN mappings AS m CROSS JOIN paths AS p
    CROSS JOIN details AS d
WHERE u.process_id = r.process_id AND u.first_tick BETWEEN r.keyframe AND r.tick
    AND u.last_tick >= r.tick AND m.id = u.mapping_id AND p.id = m.path_id AND d.id = u.detail_id;

-- The original memory-watcher's table of processes, with the last name of each.
CREATE VIEW process AS
SELECT p.id, p.pid, p.start_time,
       CAST((SELECT i.name FROM images AS i WHERE i.process_id = p.id
             ORDER BY i.first_tick DESC LIMIT 1) AS TEXT) AS name
FROM processes AS p;

-- The original's table of mappings. Addresses are bytes, above 2^63 as address - 2^64.
CREATE VIEW memory_range AS
SELECT m.id, m.process_id, m."start" AS "from", m."end" AS "to", m.perms AS permission,
       {_text("p.pathname", "name")}
FROM mappings AS m JOIN paths AS p ON p.id = m.path_id;

-- When a measurement was read, in local time: for the view `measurement`.
CREATE VIEW local_times_of_measurements AS
SELECT r.id AS measurement_id,
       {_LOCAL_TIME.format("t.time_ns + ifnull(r.delay_ns, 0)")} AS time
FROM readings AS r JOIN ticks AS t ON t.id = r.tick;

-- When a tick began, in local time: for the view `system_memory`.
CREATE VIEW local_times_of_ticks AS
SELECT t.id AS tick, {_LOCAL_TIME.format("t.time_ns")} AS time
FROM ticks AS t;

-- The original's table of measurements: readings with a layout, in KiB, local time as text.
-- oom_adj is not recorded (a deprecated alias of oom_score_adj): NULL.
-- statm_lib and statm_dt are 0 in every kernel since 2.6.
CREATE VIEW measurement AS
SELECT r.id, r.process_id,
       CAST((SELECT l.time FROM local_times_of_measurements AS l
             WHERE l.measurement_id = CAST(r.id AS TEXT)) AS TEXT) AS time,
       {_kib("r.rss", "rss_sum")}, {_kib("r.pss", "pss_sum")},
       {_number("NULL", "oom_adj")}, r.oom_score, r.oom_score_adj,
       {_kib("r.size", "statm_size")}, {_kib("r.resident", "statm_resident")},
       {_kib("r.shared", "statm_shared")}, {_kib("r.text", "statm_text")},
       {_number("0", "statm_lib")}, {_kib("r.data", "statm_data")}, {_number("0", "statm_dt")}
FROM readings AS r
WHERE r.keyframe IS NOT NULL;

-- The original's table of figures, one row per mapping and measurement, in KiB. Ask for one
-- measurement_id: the whole is as large as the original's.
CREATE VIEW data AS
SELECT u.mapping_id AS range_id, r.id AS measurement_id, {_kib("u.rss", "rss")},
       {_kib("u.pss", "pss")}
FROM readings AS r CROSS JOIN usages AS u
WHERE u.process_id = r.process_id AND u.first_tick BETWEEN r.keyframe AND r.tick
    AND u.last_tick >= r.tick;

-- The original's table of /proc/meminfo, one row per tick at which it was read (those of a
-- deadline), in KiB, local time as text.
CREATE VIEW system_memory AS
SELECT CAST((SELECT l.time FROM local_times_of_ticks AS l
             WHERE l.tick = CAST(t.id AS TEXT)) AS TEXT) AS time,
{
    ",".join(
        _meminfo_column(field, name)
        for field, name in [
            ("MemTotal", "mem_total"),
            ("MemFree", "mem_free"),
            ("MemAvailable", "mem_available"),
            ("Buffers", "buffers"),
            ("Cached", "cached"),
            ("SwapCached", "swap_cache"),
            ("SwapTotal", "swap_total"),
            ("SwapFree", "swap_free"),
            ("AnonPages", "anon_pages"),
            ("Mapped", "mapped"),
            ("Shmem", "shmem"),
            ("SReclaimable", "s_reclaimable"),
        ]
    )
}
FROM ticks AS t WHERE t.monotonic_ns IS NOT NULL AND t.cause IS NULL;
"""


def create(connection: sqlite3.Connection) -> None:
    """Lay out an empty database as a recording of this version, in one transaction."""
    states = "".join(
        f"INSERT INTO layout_states VALUES ({state.value}, '{state.label}', '{_quote(state)}');\n"
        for state in LayoutState
    )
    connection.executescript(
        f"BEGIN IMMEDIATE; {TABLES} {VIEWS} {states}"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    )


def table_names() -> list[str]:
    """The names of all tables, in the order in which they are made."""
    start = "CREATE TABLE "
    return [
        line[len(start) : line.index(" (")]
        for line in TABLES.splitlines()
        if line.startswith(start)
    ]


def view_names() -> list[str]:
    """The names of all views, in the order in which they are made."""
    start = "CREATE VIEW "
    return [line.split()[2] for line in VIEWS.splitlines() if line.startswith(start)]


def _quote(state: LayoutState) -> str:
    return state.meaning.replace("'", "''")
