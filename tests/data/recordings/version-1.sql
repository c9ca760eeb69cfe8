BEGIN TRANSACTION;
CREATE TABLE cgroup_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE   -- current, peak, swap_current, stat.anon…, events.oom_kill…
);
CREATE TABLE cgroup_readings (
    cgroup_id INTEGER NOT NULL REFERENCES cgroups(id),
    field_id INTEGER NOT NULL REFERENCES cgroup_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; counts under events.
    PRIMARY KEY (cgroup_id, field_id, first_tick)
) WITHOUT ROWID;
CREATE TABLE cgroups (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,   -- 1 or 2
    path TEXT NOT NULL UNIQUE   -- below the root: /system.slice/a.service; memory:/… for version 1
);
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
INSERT INTO "details" VALUES(1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,4096,4096,NULL,NULL,NULL,NULL);
INSERT INTO "details" VALUES(2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,65536,NULL,NULL,4096,4096,NULL,NULL,NULL,NULL);
INSERT INTO "details" VALUES(3,NULL,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd ex mr mw me',NULL);
INSERT INTO "details" VALUES(4,NULL,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd wr mr mw me ac',NULL);
INSERT INTO "details" VALUES(5,NULL,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd wr mr mw me gd ac',NULL);
INSERT INTO "details" VALUES(6,NULL,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd ex mr mw me de',NULL);
INSERT INTO "details" VALUES(7,NULL,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd ex',NULL);
CREATE TABLE elf_segments (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    number INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,  -- in the file, bytes
    address INTEGER NOT NULL,   -- p_vaddr; above 2^63 as address - 2^64
    file_size INTEGER NOT NULL,
    memory_size INTEGER NOT NULL,
    flags INTEGER NOT NULL,     -- 1 execute, 2 write, 4 read
    PRIMARY KEY (machine_id, dev, inode, number)
) WITHOUT ROWID;
CREATE TABLE exits (
    process_id INTEGER PRIMARY KEY REFERENCES processes(id),
    exit_code INTEGER,          -- NULL: it was ended by a signal
    signal INTEGER,
    max_rss INTEGER NOT NULL    -- bytes, ru_maxrss: the highest RSS from fork to end, be it
                                -- of what ran before an execve, or of a child it waited for
);
CREATE TABLE fast_readings (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    time_ns INTEGER NOT NULL,   -- UTC
    since_ns INTEGER NOT NULL,  -- time since the reading before it, stored or not
    resident INTEGER NOT NULL,  -- statm
    high_water_mark INTEGER,    -- status VmHWM
    PRIMARY KEY (process_id, time_ns)
) WITHOUT ROWID;
CREATE TABLE images (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    name TEXT NOT NULL,         -- comm: at most 15 bytes, may be set by the program
    command_line TEXT,          -- quoted as for a shell
    exe TEXT,                   -- readlink of /proc/PID/exe, ' (deleted)' included
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID;
INSERT INTO "images" VALUES(1,1,'old',NULL,NULL);
CREATE TABLE layout_states (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    meaning TEXT NOT NULL
);
INSERT INTO "layout_states" VALUES(1,'exact','The mappings add up to statm as read right before or right after.');
INSERT INTO "layout_states" VALUES(2,'torn','Mappings moved while they were read, in every attempt: totals may be wrong.');
INSERT INTO "layout_states" VALUES(3,'unchecked','Complete as far as can be told; this kernel''s statm is approximate, or there was none to compare with.');
INSERT INTO "layout_states" VALUES(4,'not taken','Only the cheap figures were read at this tick.');
INSERT INTO "layout_states" VALUES(5,'no permission','The kernel refused to show the mappings.');
INSERT INTO "layout_states" VALUES(6,'gone','The process ended before its mappings were read.');
INSERT INTO "layout_states" VALUES(7,'kernel thread','A kernel thread: it has no mappings.');
INSERT INTO "layout_states" VALUES(8,'zombie','Ended but not yet reaped by its parent: it has no mappings any more.');
INSERT INTO "layout_states" VALUES(9,'unreadable','Reading failed (I/O error, or text without sense); tried again at the next tick.');
CREATE TABLE machines (
    id INTEGER PRIMARY KEY,
    boot_id TEXT,               -- kernel.random.boot_id: PIDs and start times belong to a boot
    hostname TEXT,
    kernel TEXT,                -- release, as uname -r
    page_size INTEGER,          -- bytes; told by the target's own files, not by this machine
    cpus INTEGER                -- how many are online: the kernel's counters are per CPU
);
INSERT INTO "machines" VALUES(1,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE mappings (
    id INTEGER PRIMARY KEY,
    process_id INTEGER NOT NULL REFERENCES processes(id),
    "start" INTEGER NOT NULL,   -- address; above 2^63 ([vsyscall]) it reads as start - 2^64
    "end" INTEGER NOT NULL,
    perms TEXT NOT NULL,        -- r w x, then p private or s shared
    "offset" INTEGER NOT NULL,  -- into the file, bytes; above 2^63 as offset - 2^64
    dev INTEGER NOT NULL,       -- major << 20 | minor
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    path_id INTEGER NOT NULL REFERENCES paths(id)
);
INSERT INTO "mappings" VALUES(1,1,4194304,5062656,'r-xp',0,265289728,1835040,1);
INSERT INTO "mappings" VALUES(2,1,7155712,7196672,'rw-p',864256,265289728,1835040,1);
INSERT INTO "mappings" VALUES(3,1,7196672,7217152,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(4,1,25673728,26214400,'rw-p',0,0,0,3);
INSERT INTO "mappings" VALUES(5,1,250655801344,250657415168,'r-xp',0,265289728,131101,4);
INSERT INTO "mappings" VALUES(6,1,250657415168,250659512320,'---p',1613824,265289728,131101,4);
INSERT INTO "mappings" VALUES(7,1,139840320180224,139840419319808,'r--p',0,265289728,393862,5);
INSERT INTO "mappings" VALUES(8,1,140736693850112,140736693936128,'rw-p',0,0,0,6);
INSERT INTO "mappings" VALUES(9,1,140736695627776,140736695631872,'r-xp',0,0,0,7);
INSERT INTO "mappings" VALUES(10,1,-10485760,-10481664,'r-xp',0,0,0,8);
INSERT INTO "mappings" VALUES(11,1,65536,622592,'r-xp',0,187695106,1234,9);
INSERT INTO "mappings" VALUES(12,1,688128,692224,'rw-p',557056,187695106,1234,9);
INSERT INTO "mappings" VALUES(13,1,16039936,16175104,'rw-p',0,0,0,3);
INSERT INTO "mappings" VALUES(14,1,3068477440,3068481536,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(15,1,3198103552,3198238720,'rw-p',0,0,0,6);
INSERT INTO "mappings" VALUES(16,1,3202342912,3202347008,'r-xp',0,0,0,10);
INSERT INTO "mappings" VALUES(17,1,4294901760,4294905856,'r-xp',0,0,0,11);
CREATE TABLE meminfo (
    field_id INTEGER NOT NULL REFERENCES meminfo_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; a plain count for HugePages_*
    PRIMARY KEY (field_id, first_tick)
) WITHOUT ROWID;
CREATE TABLE meminfo_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE paths (
    id INTEGER PRIMARY KEY,
    pathname TEXT NOT NULL UNIQUE -- the kernel's bytes, which need not be valid UTF-8
);
INSERT INTO "paths" VALUES(1,'/bin/bash');
INSERT INTO "paths" VALUES(2,'');
INSERT INTO "paths" VALUES(3,'[heap]');
INSERT INTO "paths" VALUES(4,'/lib64/libc-2.12.so');
INSERT INTO "paths" VALUES(5,'/usr/lib/locale/locale-archive');
INSERT INTO "paths" VALUES(6,'[stack]');
INSERT INTO "paths" VALUES(7,'[vdso]');
INSERT INTO "paths" VALUES(8,'[vsyscall]');
INSERT INTO "paths" VALUES(9,'/bin/busybox');
INSERT INTO "paths" VALUES(10,'[sigpage]');
INSERT INTO "paths" VALUES(11,'[vectors]');
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
INSERT INTO "processes" VALUES(1,1,7,0,NULL,NULL,NULL,NULL);
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
    oom_score_adj INTEGER
);
INSERT INTO "readings" VALUES(1,1,1,NULL,3,1,NULL,NULL,10,104411136,1662976,689152,524288,65536,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(2,1,2,NULL,3,2,NULL,NULL,7,839680,458752,249856,45056,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    first_tick INTEGER NOT NULL,
    last_tick INTEGER,          -- NULL: it still runs, or did not end cleanly
    end_reason TEXT,            -- 'targets gone', 'SIGINT', 'loaded'; 'killed' by the next run
    period_ns INTEGER,          -- asked for; NULL for a loaded capture
    command_line TEXT NOT NULL, -- the recorder's own, quoted as for a shell
    version TEXT NOT NULL,      -- of memory-watcher
    policy TEXT,                -- JSON: fast period, budgets… (see docs/recording.md)
    cpu_ns INTEGER,             -- what the recorder itself used, user and system
    peak_rss INTEGER            -- of the recorder itself, bytes
);
INSERT INTO "runs" VALUES(1,1,1,1,'loaded',NULL,'memory-load-smaps -p 7 --name old --database-file old.db tests/data/proc/2.6.32/smaps','0.1.0',NULL,NULL,NULL);
INSERT INTO "runs" VALUES(2,1,2,2,'loaded',NULL,'memory-load-smaps -p 7 --name old --database-file old.db tests/data/proc/5.4-arm32/smaps','0.1.0',NULL,NULL,NULL);
CREATE TABLE selections (
    run_id INTEGER PRIMARY KEY REFERENCES runs(id),
    kind TEXT NOT NULL,         -- 'command', 'children', 'selection'
    description TEXT NOT NULL,  -- the command, or the options: --name 'postgres*'
    root_pid INTEGER,           -- of the launched command
    too_short INTEGER           -- processes that were seen, but had ended before anything could be
                                -- read; NULL: the run did not end cleanly
);
CREATE TABLE stack_pointers (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tid INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,    -- when the thread was first seen, though it may have run then
    stack_pointer INTEGER NOT NULL, -- address; above 2^63 as address - 2^64
    last_tick INTEGER,              -- the last before the thread's end or execve; NULL: it lives
    PRIMARY KEY (process_id, tid, first_tick)
) WITHOUT ROWID;
CREATE TABLE ticks (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs(id),
    time_ns INTEGER NOT NULL,   -- UTC, nanoseconds since 1970
    monotonic_ns INTEGER,       -- CLOCK_MONOTONIC of the recorder: differences survive clock jumps
    late_ns INTEGER,            -- how long after its deadline the tick began
    skipped INTEGER NOT NULL,   -- deadlines before this one that were given up as overloaded
    cause TEXT                  -- NULL: a deadline; 'peak': RSS rose above the highest layout;
                                -- 'start', 'exit': a process came or was found to have ended
);
INSERT INTO "ticks" VALUES(1,1,1795404246319607946,NULL,NULL,0,NULL);
INSERT INTO "ticks" VALUES(2,2,1795404246319607946,NULL,NULL,0,NULL);
CREATE TABLE usages (
    process_id INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,
    mapping_id INTEGER NOT NULL REFERENCES mappings(id),
    last_tick INTEGER NOT NULL, -- 2147483647: valid until the next keyframe
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
) WITHOUT ROWID;
INSERT INTO "usages" VALUES(1,1,1,1,1,614400,153600,NULL,614400,0,0,0,614400,NULL);
INSERT INTO "usages" VALUES(1,1,2,1,1,40960,40960,NULL,0,0,0,40960,40960,NULL);
INSERT INTO "usages" VALUES(1,1,3,1,1,20480,20480,NULL,0,0,0,20480,20480,NULL);
INSERT INTO "usages" VALUES(1,1,4,1,2,446464,446464,NULL,0,0,0,446464,430080,NULL);
INSERT INTO "usages" VALUES(1,1,5,1,1,471040,9216,NULL,471040,0,0,0,471040,NULL);
INSERT INTO "usages" VALUES(1,1,6,1,1,0,0,NULL,0,0,0,0,0,NULL);
INSERT INTO "usages" VALUES(1,1,7,1,1,49152,2048,NULL,49152,0,0,0,49152,NULL);
INSERT INTO "usages" VALUES(1,1,8,1,1,16384,16384,NULL,0,0,0,16384,16384,NULL);
INSERT INTO "usages" VALUES(1,1,9,1,1,4096,0,NULL,4096,0,0,0,4096,NULL);
INSERT INTO "usages" VALUES(1,1,10,1,1,0,0,NULL,0,0,0,0,0,NULL);
INSERT INTO "usages" VALUES(1,2,11,2,3,409600,204800,NULL,409600,0,0,0,409600,0);
INSERT INTO "usages" VALUES(1,2,12,2,4,4096,4096,NULL,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,2,13,2,4,24576,24576,NULL,0,0,0,24576,24576,24576);
INSERT INTO "usages" VALUES(1,2,14,2,4,4096,4096,NULL,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,2,15,2,5,12288,12288,NULL,0,0,0,12288,12288,12288);
INSERT INTO "usages" VALUES(1,2,16,2,6,4096,0,NULL,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(1,2,17,2,7,0,0,NULL,0,0,0,0,0,0);
CREATE UNIQUE INDEX readings_by_process ON readings (process_id, tick);
CREATE VIEW layouts AS
SELECT r.id AS measurement_id, r.process_id, r.tick, u.mapping_id, m."start", m."end", m.perms,
       m."offset", m.dev, m.inode, p.pathname, u.rss, u.pss, u.pss_dirty, u.shared_clean,
       u.shared_dirty, u.private_clean, u.private_dirty, u.referenced, u.anonymous, d.ksm,
       d.lazy_free, d.anon_huge_pages, d.shmem_pmd_mapped, d.file_pmd_mapped, d.shared_hugetlb,
       d.private_hugetlb, d.swap, d.swap_pss, d.locked, d.kernel_page_size, d.mmu_page_size,
       d.thp_eligible, d.protection_key, d.vm_flags, d.other
FROM readings AS r
CROSS JOIN usages AS u ON u.process_id = r.process_id
    AND u.first_tick BETWEEN r.keyframe AND r.tick AND u.last_tick >= r.tick
CROSS JOIN mappings AS m ON m.id = u.mapping_id
CROSS JOIN paths AS p ON p.id = m.path_id
CROSS JOIN details AS d ON d.id = u.detail_id;
CREATE VIEW process AS
SELECT p.id, p.pid, p.start_time,
       (SELECT name FROM images AS i WHERE i.process_id = p.id
        ORDER BY first_tick DESC LIMIT 1) AS name
FROM processes AS p;
CREATE VIEW memory_range AS
SELECT m.id, m.process_id, m."start" AS "from", m."end" AS "to", m.perms AS permission,
       p.pathname AS name
FROM mappings AS m JOIN paths AS p ON p.id = m.path_id;
CREATE VIEW measurement AS
SELECT r.id, r.process_id,
       strftime('%Y-%m-%dT%H:%M:%f', (t.time_ns + ifnull(r.delay_ns, 0)) / 1000000 / 1000.0, 'unixepoch', 'localtime') AS time,
       r.rss / 1024 AS rss_sum, r.pss / 1024 AS pss_sum,
       NULL AS oom_adj, r.oom_score, r.oom_score_adj,
       r.size / 1024 AS statm_size, r.resident / 1024 AS statm_resident,
       r.shared / 1024 AS statm_shared, r.text / 1024 AS statm_text, 0 AS statm_lib,
       r.data / 1024 AS statm_data, 0 AS statm_dt
FROM readings AS r JOIN ticks AS t ON t.id = r.tick
WHERE r.keyframe IS NOT NULL;
CREATE VIEW data AS
SELECT u.mapping_id AS range_id, r.id AS measurement_id, u.rss / 1024 AS rss, u.pss / 1024 AS pss
FROM readings AS r
CROSS JOIN usages AS u ON u.process_id = r.process_id
    AND u.first_tick BETWEEN r.keyframe AND r.tick AND u.last_tick >= r.tick;
CREATE VIEW system_memory AS
SELECT strftime('%Y-%m-%dT%H:%M:%f', (t.time_ns) / 1000000 / 1000.0, 'unixepoch', 'localtime') AS time,

    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'MemTotal')
     ORDER BY first_tick DESC LIMIT 1) AS mem_total,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'MemFree')
     ORDER BY first_tick DESC LIMIT 1) AS mem_free,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'MemAvailable')
     ORDER BY first_tick DESC LIMIT 1) AS mem_available,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'Buffers')
     ORDER BY first_tick DESC LIMIT 1) AS buffers,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'Cached')
     ORDER BY first_tick DESC LIMIT 1) AS cached,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'SwapCached')
     ORDER BY first_tick DESC LIMIT 1) AS swap_cache,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'SwapTotal')
     ORDER BY first_tick DESC LIMIT 1) AS swap_total,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'SwapFree')
     ORDER BY first_tick DESC LIMIT 1) AS swap_free,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'AnonPages')
     ORDER BY first_tick DESC LIMIT 1) AS anon_pages,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'Mapped')
     ORDER BY first_tick DESC LIMIT 1) AS mapped,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'Shmem')
     ORDER BY first_tick DESC LIMIT 1) AS shmem,
    (SELECT value / 1024 FROM meminfo WHERE first_tick <= t.id AND field_id =
        (SELECT id FROM meminfo_fields WHERE name = 'SReclaimable')
     ORDER BY first_tick DESC LIMIT 1) AS s_reclaimable
FROM ticks AS t WHERE t.monotonic_ns IS NOT NULL AND t.cause IS NULL;
PRAGMA application_id = 1297572212;
PRAGMA user_version = 1;
COMMIT;
