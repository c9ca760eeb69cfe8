BEGIN TRANSACTION;
CREATE TABLE build_ids (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    build_id TEXT NOT NULL,     -- hexadecimal
    PRIMARY KEY (machine_id, dev, inode)
) WITHOUT ROWID;
INSERT INTO "build_ids" VALUES(1,8388609,77,'0102030405060708090a0b0c0d0e0f1011121314');
CREATE TABLE cgroup_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE   -- current, peak, swap_current, stat.anon…, events.oom_kill…
);
INSERT INTO "cgroup_fields" VALUES(1,'current');
INSERT INTO "cgroup_fields" VALUES(2,'peak');
INSERT INTO "cgroup_fields" VALUES(3,'max');
CREATE TABLE cgroup_readings (
    cgroup_id INTEGER NOT NULL REFERENCES cgroups(id),
    field_id INTEGER NOT NULL REFERENCES cgroup_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; counts under events.
    PRIMARY KEY (cgroup_id, field_id, first_tick)
) WITHOUT ROWID;
INSERT INTO "cgroup_readings" VALUES(1,1,1,31457280);
INSERT INTO "cgroup_readings" VALUES(1,1,3,34603008);
INSERT INTO "cgroup_readings" VALUES(1,2,1,32505856);
INSERT INTO "cgroup_readings" VALUES(1,2,3,34603008);
INSERT INTO "cgroup_readings" VALUES(1,3,1,-1);
INSERT INTO "cgroup_readings" VALUES(1,3,3,536870912);
CREATE TABLE cgroups (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,   -- 1 or 2
    path TEXT NOT NULL UNIQUE   -- below the root: /system.slice/a.service; memory:/… for version 1
);
INSERT INTO "cgroups" VALUES(1,2,'/server.scope');
CREATE TABLE command_lines (
    id INTEGER PRIMARY KEY,
    command_line TEXT NOT NULL UNIQUE -- quoted as for a shell; cut after 4096 bytes, and says so
);
INSERT INTO "command_lines" VALUES(1,'./server --port 80');
INSERT INTO "command_lines" VALUES(2,'''worker: idle''');
CREATE TABLE containers (
    container_id TEXT NOT NULL,
    name TEXT,
    pod TEXT,
    namespace TEXT,
    image TEXT,
    PRIMARY KEY (container_id)
) WITHOUT ROWID;
INSERT INTO "containers" VALUES('0123456789ab','web','web-7d4','shop','registry/web:1');
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
INSERT INTO "details" VALUES(1,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd mr mw me',NULL);
INSERT INTO "details" VALUES(2,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd ex mr mw me',NULL);
INSERT INTO "details" VALUES(3,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd mr mw me ac',NULL);
INSERT INTO "details" VALUES(4,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd wr mr mw me ac',NULL);
INSERT INTO "details" VALUES(5,0,1048576,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd wr mr mw me ac',NULL);
INSERT INTO "details" VALUES(6,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd wr sh mr mw me ms',NULL);
INSERT INTO "details" VALUES(7,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd sh mr mw me ms',NULL);
INSERT INTO "details" VALUES(8,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd mr me ms',NULL);
INSERT INTO "details" VALUES(9,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd mr pf io de dd',NULL);
INSERT INTO "details" VALUES(10,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd ex mr mw me de',NULL);
INSERT INTO "details" VALUES(11,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'rd wr mr mw me gd ac',NULL);
INSERT INTO "details" VALUES(12,0,0,0,0,0,0,0,0,0,0,4096,4096,0,NULL,'ex',NULL);
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
INSERT INTO "elf_segments" VALUES(1,8388609,77,0,0,0,4096,4096,5);
INSERT INTO "elf_segments" VALUES(1,8388609,77,1,4096,8192,512,9000,6);
CREATE TABLE escaped_texts (
    raw TEXT NOT NULL,          -- the bytes as they stand in the other tables
    shown TEXT NOT NULL,        -- each byte that is not UTF-8 as \xNN
    PRIMARY KEY (raw)
) WITHOUT ROWID;
CREATE TABLE exits (
    process_id INTEGER PRIMARY KEY REFERENCES processes(id),
    exit_code INTEGER,          -- NULL: it was ended by a signal
    signal INTEGER,
    max_rss INTEGER NOT NULL,   -- bytes, ru_maxrss: the highest RSS from fork to end, be it
                                -- of what ran before an execve, or of a child it waited for
    inherited INTEGER           -- bytes: highest RSS before its first execve; NULL: not reported
);
INSERT INTO "exits" VALUES(1,0,NULL,41943040,8388608);
INSERT INTO "exits" VALUES(2,3,NULL,12582912,NULL);
CREATE TABLE fast_readings (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    time_ns INTEGER NOT NULL,   -- UTC
    since_ns INTEGER NOT NULL,  -- time since the reading before it, stored or not
    resident INTEGER NOT NULL,  -- statm
    high_water_mark INTEGER,    -- status VmHWM
    tick INTEGER,               -- the tick before it; NULL: the last one up to its time
    PRIMARY KEY (process_id, time_ns)
) WITHOUT ROWID;
INSERT INTO "fast_readings" VALUES(1,1534514283962000000,20000000,14843904,14843904,NULL);
INSERT INTO "fast_readings" VALUES(1,1534514283982000000,20000000,14057472,14843904,NULL);
CREATE TABLE file_marks (
    machine_id INTEGER NOT NULL REFERENCES machines(id),
    dev INTEGER NOT NULL,
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    mark TEXT NOT NULL,
    PRIMARY KEY (machine_id, dev, inode, mark)
) WITHOUT ROWID;
INSERT INTO "file_marks" VALUES(1,8388609,77,'go');
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    dev INTEGER NOT NULL,       -- major << 20 | minor
    inode INTEGER NOT NULL,     -- above 2^63 as inode - 2^64
    path_id INTEGER NOT NULL REFERENCES paths(id),
    UNIQUE (dev, inode, path_id)
);
INSERT INTO "files" VALUES(1,266338304,260811,2);
INSERT INTO "files" VALUES(2,0,0,3);
INSERT INTO "files" VALUES(3,0,0,4);
INSERT INTO "files" VALUES(4,1,8717,5);
INSERT INTO "files" VALUES(5,1,8716,6);
INSERT INTO "files" VALUES(6,266338304,2154811,7);
INSERT INTO "files" VALUES(7,266338304,2154812,8);
INSERT INTO "files" VALUES(8,266338304,2154810,9);
INSERT INTO "files" VALUES(9,266338304,2154807,10);
INSERT INTO "files" VALUES(10,266338304,2154806,11);
INSERT INTO "files" VALUES(11,266338304,339700,12);
INSERT INTO "files" VALUES(12,266338304,337407,13);
INSERT INTO "files" VALUES(13,266338304,339377,14);
INSERT INTO "files" VALUES(14,266338304,2154803,15);
INSERT INTO "files" VALUES(15,266338304,2154721,16);
INSERT INTO "files" VALUES(16,266338304,339490,17);
INSERT INTO "files" VALUES(17,266338304,337389,18);
INSERT INTO "files" VALUES(18,266338304,337398,19);
INSERT INTO "files" VALUES(19,266338304,337426,20);
INSERT INTO "files" VALUES(20,266338304,329635,21);
INSERT INTO "files" VALUES(21,266338304,339380,22);
INSERT INTO "files" VALUES(22,266338304,260131,23);
INSERT INTO "files" VALUES(23,266338304,329642,24);
INSERT INTO "files" VALUES(24,266338304,329645,25);
INSERT INTO "files" VALUES(25,266338304,329634,26);
INSERT INTO "files" VALUES(26,266338304,329640,27);
INSERT INTO "files" VALUES(27,266338304,329639,28);
INSERT INTO "files" VALUES(28,266338304,329643,29);
INSERT INTO "files" VALUES(29,266338304,329641,30);
INSERT INTO "files" VALUES(30,266338304,329633,31);
INSERT INTO "files" VALUES(31,266338304,329644,32);
INSERT INTO "files" VALUES(32,266338304,329637,33);
INSERT INTO "files" VALUES(33,266338304,338846,34);
INSERT INTO "files" VALUES(34,266338304,329636,35);
INSERT INTO "files" VALUES(35,0,0,36);
INSERT INTO "files" VALUES(36,0,0,37);
INSERT INTO "files" VALUES(37,0,0,38);
INSERT INTO "files" VALUES(38,266338304,338944,39);
INSERT INTO "files" VALUES(39,0,0,40);
INSERT INTO "files" VALUES(40,0,0,41);
CREATE TABLE group_marks (
    time_ns INTEGER PRIMARY KEY, -- UTC
    run_id INTEGER NOT NULL REFERENCES runs(id),
    private INTEGER NOT NULL,   -- bytes: sum of statm resident - shared
    processes INTEGER NOT NULL  -- over how many
);
INSERT INTO "group_marks" VALUES(1534514283962000000,1,13795328,1);
CREATE TABLE image_rows (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    name TEXT NOT NULL,         -- comm: at most 15 bytes, may be set by the program
    command_line_id INTEGER REFERENCES command_lines(id), -- NULL: not reported
    exe_id INTEGER REFERENCES paths(id), -- readlink of /proc/PID/exe, ' (deleted)' included
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID;
INSERT INTO "image_rows" VALUES(1,1,'server',1,1);
INSERT INTO "image_rows" VALUES(2,2,'server',1,1);
INSERT INTO "image_rows" VALUES(2,3,'worker',2,1);
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
INSERT INTO "layout_states" VALUES(10,'no smaps','This kernel, or this copy of /proc, has no smaps: only the cheap figures can be read.');
CREATE TABLE machines (
    id INTEGER PRIMARY KEY,
    boot_id TEXT,               -- kernel.random.boot_id: PIDs and start times belong to a boot
    hostname TEXT,
    kernel TEXT,                -- release, as uname -r
    page_size INTEGER,          -- bytes; from the target's own files, not by this machine
    cpus INTEGER                -- how many are online: the kernel's counters are per CPU
);
INSERT INTO "machines" VALUES(1,'boot','host','6.18',4096,2);
CREATE TABLE mapping_rows (
    id INTEGER PRIMARY KEY,
    process_id INTEGER NOT NULL REFERENCES processes(id),
    "start" INTEGER NOT NULL,   -- address; above 2^63 ([vsyscall]) it reads as start - 2^64
    size INTEGER NOT NULL,      -- bytes, up to the end
    perms TEXT NOT NULL,        -- r w x, then p private or s shared
    "offset" INTEGER NOT NULL,  -- into the file, bytes; above 2^63 as offset - 2^64
    file_id INTEGER NOT NULL REFERENCES files(id)
);
INSERT INTO "mapping_rows" VALUES(1,1,4194304,126976,'r--p',0,1);
INSERT INTO "mapping_rows" VALUES(2,1,4321280,2830336,'r-xp',126976,1);
INSERT INTO "mapping_rows" VALUES(3,1,7151616,2568192,'r--p',2957312,1);
INSERT INTO "mapping_rows" VALUES(4,1,9719808,4096,'r--p',5521408,1);
INSERT INTO "mapping_rows" VALUES(5,1,9723904,1306624,'rw-p',5525504,1);
INSERT INTO "mapping_rows" VALUES(6,1,11030528,282624,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(7,1,140959744,1204224,'rw-p',0,3);
INSERT INTO "mapping_rows" VALUES(8,1,139780511760384,8388608,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(9,1,139780520235008,65536,'rw-s',0,4);
INSERT INTO "mapping_rows" VALUES(10,1,139780520300544,1048576,'rw-s',0,5);
INSERT INTO "mapping_rows" VALUES(11,1,139780521349120,16384,'r--s',0,6);
INSERT INTO "mapping_rows" VALUES(12,1,139780521365504,16384,'r--s',0,7);
INSERT INTO "mapping_rows" VALUES(13,1,139780521381888,16384,'r--s',0,6);
INSERT INTO "mapping_rows" VALUES(14,1,139780521398272,16384,'r--s',0,8);
INSERT INTO "mapping_rows" VALUES(15,1,139780521447424,16384,'r--s',0,9);
INSERT INTO "mapping_rows" VALUES(16,1,139780521463808,16384,'r--s',0,10);
INSERT INTO "mapping_rows" VALUES(17,1,139780521512960,16384,'r--p',0,11);
INSERT INTO "mapping_rows" VALUES(18,1,139780521529344,118784,'r-xp',16384,11);
INSERT INTO "mapping_rows" VALUES(19,1,139780521648128,49152,'r--p',135168,11);
INSERT INTO "mapping_rows" VALUES(20,1,139780521697280,4096,'r--p',184320,11);
INSERT INTO "mapping_rows" VALUES(21,1,139780521701376,4096,'rw-p',188416,11);
INSERT INTO "mapping_rows" VALUES(22,1,139780521705472,12288,'r--p',0,12);
INSERT INTO "mapping_rows" VALUES(23,1,139780521717760,16384,'r-xp',12288,12);
INSERT INTO "mapping_rows" VALUES(24,1,139780521734144,12288,'r--p',28672,12);
INSERT INTO "mapping_rows" VALUES(25,1,139780521746432,4096,'r--p',36864,12);
INSERT INTO "mapping_rows" VALUES(26,1,139780521750528,4096,'rw-p',40960,12);
INSERT INTO "mapping_rows" VALUES(27,1,139780521754624,8192,'r--p',0,13);
INSERT INTO "mapping_rows" VALUES(28,1,139780521762816,53248,'r-xp',8192,13);
INSERT INTO "mapping_rows" VALUES(29,1,139780521816064,8192,'r--p',61440,13);
INSERT INTO "mapping_rows" VALUES(30,1,139780521824256,4096,'r--p',65536,13);
INSERT INTO "mapping_rows" VALUES(31,1,139780521828352,4096,'rw-p',69632,13);
INSERT INTO "mapping_rows" VALUES(32,1,139780521840640,16384,'r--s',0,14);
INSERT INTO "mapping_rows" VALUES(33,1,139780521857024,16384,'r--s',0,15);
INSERT INTO "mapping_rows" VALUES(34,1,139780521873408,1048576,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(35,1,139780522921984,8192,'r--p',0,16);
INSERT INTO "mapping_rows" VALUES(36,1,139780522930176,24576,'r-xp',8192,16);
INSERT INTO "mapping_rows" VALUES(37,1,139780522954752,8192,'r--p',32768,16);
INSERT INTO "mapping_rows" VALUES(38,1,139780522962944,4096,'r--p',36864,16);
INSERT INTO "mapping_rows" VALUES(39,1,139780522967040,4096,'rw-p',40960,16);
INSERT INTO "mapping_rows" VALUES(40,1,139780522979328,8192,'r--p',0,17);
INSERT INTO "mapping_rows" VALUES(41,1,139780522987520,8192,'r-xp',8192,17);
INSERT INTO "mapping_rows" VALUES(42,1,139780522995712,8192,'r--p',16384,17);
INSERT INTO "mapping_rows" VALUES(43,1,139780523003904,4096,'r--p',20480,17);
INSERT INTO "mapping_rows" VALUES(44,1,139780523008000,4096,'rw-p',24576,17);
INSERT INTO "mapping_rows" VALUES(45,1,139780523012096,24576,'r--p',0,18);
INSERT INTO "mapping_rows" VALUES(46,1,139780523036672,69632,'r-xp',24576,18);
INSERT INTO "mapping_rows" VALUES(47,1,139780523106304,24576,'r--p',94208,18);
INSERT INTO "mapping_rows" VALUES(48,1,139780523130880,4096,'r--p',114688,18);
INSERT INTO "mapping_rows" VALUES(49,1,139780523134976,16384,'rw-p',118784,18);
INSERT INTO "mapping_rows" VALUES(50,1,139780523151360,8192,'r--p',0,19);
INSERT INTO "mapping_rows" VALUES(51,1,139780523159552,12288,'r-xp',8192,19);
INSERT INTO "mapping_rows" VALUES(52,1,139780523171840,8192,'r--p',20480,19);
INSERT INTO "mapping_rows" VALUES(53,1,139780523180032,4096,'r--p',24576,19);
INSERT INTO "mapping_rows" VALUES(54,1,139780523184128,4096,'rw-p',28672,19);
INSERT INTO "mapping_rows" VALUES(55,1,139780523188224,2514944,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(56,1,139780525703168,356352,'r--p',0,20);
INSERT INTO "mapping_rows" VALUES(57,1,139780526059520,8192,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(58,1,139780526067712,155648,'r--p',0,21);
INSERT INTO "mapping_rows" VALUES(59,1,139780526223360,1400832,'r-xp',155648,21);
INSERT INTO "mapping_rows" VALUES(60,1,139780527624192,339968,'r--p',1556480,21);
INSERT INTO "mapping_rows" VALUES(61,2,93996506599424,8192,'r--p',0,22);
INSERT INTO "mapping_rows" VALUES(62,2,93996506607616,20480,'r-xp',8192,22);
INSERT INTO "mapping_rows" VALUES(63,2,93996506628096,12288,'r--p',28672,22);
INSERT INTO "mapping_rows" VALUES(64,2,93996506640384,4096,'r--p',36864,22);
INSERT INTO "mapping_rows" VALUES(65,2,93996506644480,4096,'rw-p',40960,22);
INSERT INTO "mapping_rows" VALUES(66,2,93996544471040,135168,'rw-p',0,3);
INSERT INTO "mapping_rows" VALUES(67,2,139685515952128,139264,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(68,2,139685516091392,356352,'r--p',0,20);
INSERT INTO "mapping_rows" VALUES(69,2,139685516447744,4096,'r--p',0,23);
INSERT INTO "mapping_rows" VALUES(70,2,139685516451840,4096,'r--p',0,24);
INSERT INTO "mapping_rows" VALUES(71,2,139685516455936,4096,'r--p',0,25);
INSERT INTO "mapping_rows" VALUES(72,2,139685516460032,4096,'r--p',0,26);
INSERT INTO "mapping_rows" VALUES(73,2,139685516464128,4096,'r--p',0,27);
INSERT INTO "mapping_rows" VALUES(74,2,139685516468224,4096,'r--p',0,28);
INSERT INTO "mapping_rows" VALUES(75,2,139685516472320,4096,'r--p',0,29);
INSERT INTO "mapping_rows" VALUES(76,2,139685516476416,4096,'r--p',0,30);
INSERT INTO "mapping_rows" VALUES(77,2,139685516480512,12288,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(78,2,139685516492800,155648,'r--p',0,21);
INSERT INTO "mapping_rows" VALUES(79,2,139685516648448,1400832,'r-xp',155648,21);
INSERT INTO "mapping_rows" VALUES(80,2,139685518049280,339968,'r--p',1556480,21);
INSERT INTO "mapping_rows" VALUES(81,2,139685518389248,16384,'r--p',1896448,21);
INSERT INTO "mapping_rows" VALUES(82,2,139685518405632,8192,'rw-p',1912832,21);
INSERT INTO "mapping_rows" VALUES(83,2,139685518413824,53248,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(84,2,139685518467072,4096,'r--p',0,31);
INSERT INTO "mapping_rows" VALUES(85,2,139685518471168,4096,'r--p',0,32);
INSERT INTO "mapping_rows" VALUES(86,2,139685518475264,28672,'r--s',0,33);
INSERT INTO "mapping_rows" VALUES(87,2,139685518503936,4096,'r--p',0,34);
INSERT INTO "mapping_rows" VALUES(88,2,139685518508032,8192,'rw-p',0,2);
INSERT INTO "mapping_rows" VALUES(89,2,139685518516224,16384,'r--p',0,35);
INSERT INTO "mapping_rows" VALUES(90,2,139685518532608,8192,'r--p',0,36);
INSERT INTO "mapping_rows" VALUES(91,2,139685518540800,8192,'r-xp',0,37);
INSERT INTO "mapping_rows" VALUES(92,2,139685518548992,4096,'r--p',0,38);
INSERT INTO "mapping_rows" VALUES(93,2,139685518553088,155648,'r-xp',4096,38);
INSERT INTO "mapping_rows" VALUES(94,2,139685518708736,40960,'r--p',159744,38);
INSERT INTO "mapping_rows" VALUES(95,2,139685518749696,8192,'r--p',200704,38);
INSERT INTO "mapping_rows" VALUES(96,2,139685518757888,8192,'rw-p',208896,38);
INSERT INTO "mapping_rows" VALUES(97,2,140735695511552,135168,'rw-p',0,39);
INSERT INTO "mapping_rows" VALUES(98,2,-10485760,4096,'--xp',0,40);
CREATE TABLE meminfo (
    field_id INTEGER NOT NULL REFERENCES meminfo_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; a plain count for HugePages_*; -1: it was no figure
    PRIMARY KEY (field_id, first_tick)
) WITHOUT ROWID;
INSERT INTO "meminfo" VALUES(1,1,8589934592);
INSERT INTO "meminfo" VALUES(2,1,4294967296);
INSERT INTO "meminfo" VALUES(2,3,4292870144);
INSERT INTO "meminfo" VALUES(3,1,6442450944);
INSERT INTO "meminfo" VALUES(4,1,1048576);
INSERT INTO "meminfo" VALUES(5,1,1073741824);
INSERT INTO "meminfo" VALUES(6,1,0);
INSERT INTO "meminfo" VALUES(7,1,0);
INSERT INTO "meminfo" VALUES(8,1,536870912);
INSERT INTO "meminfo" VALUES(8,3,538968064);
INSERT INTO "meminfo" VALUES(9,1,268435456);
INSERT INTO "meminfo" VALUES(10,1,1048576);
INSERT INTO "meminfo" VALUES(11,1,67108864);
INSERT INTO "meminfo" VALUES(12,1,33554432);
INSERT INTO "meminfo" VALUES(13,1,33554432);
INSERT INTO "meminfo" VALUES(14,1,1048576);
INSERT INTO "meminfo" VALUES(15,1,2097152);
CREATE TABLE meminfo_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO "meminfo_fields" VALUES(1,'MemTotal');
INSERT INTO "meminfo_fields" VALUES(2,'MemFree');
INSERT INTO "meminfo_fields" VALUES(3,'MemAvailable');
INSERT INTO "meminfo_fields" VALUES(4,'Buffers');
INSERT INTO "meminfo_fields" VALUES(5,'Cached');
INSERT INTO "meminfo_fields" VALUES(6,'SwapTotal');
INSERT INTO "meminfo_fields" VALUES(7,'SwapFree');
INSERT INTO "meminfo_fields" VALUES(8,'AnonPages');
INSERT INTO "meminfo_fields" VALUES(9,'Mapped');
INSERT INTO "meminfo_fields" VALUES(10,'Shmem');
INSERT INTO "meminfo_fields" VALUES(11,'Slab');
INSERT INTO "meminfo_fields" VALUES(12,'SReclaimable');
INSERT INTO "meminfo_fields" VALUES(13,'SUnreclaim');
INSERT INTO "meminfo_fields" VALUES(14,'KernelStack');
INSERT INTO "meminfo_fields" VALUES(15,'PageTables');
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
INSERT INTO "passes" VALUES(1,900000,1,0,0,1,12746752,13795328,12281856,12042240,0);
INSERT INTO "passes" VALUES(3,900000,2,0,0,2,15585280,17682432,14718976,14303232,0);
INSERT INTO "passes" VALUES(6,900000,1,0,0,1,12746752,13795328,12281856,12042240,0);
CREATE TABLE paths (
    id INTEGER PRIMARY KEY,
    pathname TEXT NOT NULL UNIQUE -- the kernel's bytes, which need not be valid UTF-8
);
INSERT INTO "paths" VALUES(1,'/srv/server');
INSERT INTO "paths" VALUES(2,'/usr/bin/python3.11');
INSERT INTO "paths" VALUES(3,'');
INSERT INTO "paths" VALUES(4,'[heap]');
INSERT INTO "paths" VALUES(5,'/memfd:my mem fd (deleted)');
INSERT INTO "paths" VALUES(6,'/dev/zero (deleted)');
INSERT INTO "paths" VALUES(7,'/srv/odd/x (deleted) (deleted)');
INSERT INTO "paths" VALUES(8,'/srv/odd/gone (deleted)');
INSERT INTO "paths" VALUES(9,'/srv/odd/<b>bold&amp;');
INSERT INTO "paths" VALUES(10,'/srv/odd/lit\012eral');
INSERT INTO "paths" VALUES(11,'/srv/odd/new\012line');
INSERT INTO "paths" VALUES(12,'/usr/lib/x86_64-linux-gnu/liblzma.so.5.4.1');
INSERT INTO "paths" VALUES(13,'/usr/lib/python3.11/lib-dynload/_lzma.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(14,'/usr/lib/x86_64-linux-gnu/libbz2.so.1.0.4');
INSERT INTO "paths" VALUES(15,'/srv/odd/trailing blanks  ');
INSERT INTO "paths" VALUES(16,'/srv/odd/two  blanks');
INSERT INTO "paths" VALUES(17,'/usr/lib/x86_64-linux-gnu/libffi.so.8.1.2');
INSERT INTO "paths" VALUES(18,'/usr/lib/python3.11/lib-dynload/_bz2.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(19,'/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(20,'/usr/lib/python3.11/lib-dynload/mmap.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(21,'/usr/lib/locale/C.utf8/LC_CTYPE');
INSERT INTO "paths" VALUES(22,'/usr/lib/x86_64-linux-gnu/libc.so.6');
INSERT INTO "paths" VALUES(23,'/usr/bin/cat');
INSERT INTO "paths" VALUES(24,'/usr/lib/locale/C.utf8/LC_NUMERIC');
INSERT INTO "paths" VALUES(25,'/usr/lib/locale/C.utf8/LC_TIME');
INSERT INTO "paths" VALUES(26,'/usr/lib/locale/C.utf8/LC_COLLATE');
INSERT INTO "paths" VALUES(27,'/usr/lib/locale/C.utf8/LC_MONETARY');
INSERT INTO "paths" VALUES(28,'/usr/lib/locale/C.utf8/LC_MESSAGES/SYS_LC_MESSAGES');
INSERT INTO "paths" VALUES(29,'/usr/lib/locale/C.utf8/LC_PAPER');
INSERT INTO "paths" VALUES(30,'/usr/lib/locale/C.utf8/LC_NAME');
INSERT INTO "paths" VALUES(31,'/usr/lib/locale/C.utf8/LC_ADDRESS');
INSERT INTO "paths" VALUES(32,'/usr/lib/locale/C.utf8/LC_TELEPHONE');
INSERT INTO "paths" VALUES(33,'/usr/lib/locale/C.utf8/LC_MEASUREMENT');
INSERT INTO "paths" VALUES(34,'/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache');
INSERT INTO "paths" VALUES(35,'/usr/lib/locale/C.utf8/LC_IDENTIFICATION');
INSERT INTO "paths" VALUES(36,'[vvar]');
INSERT INTO "paths" VALUES(37,'[vvar_vclock]');
INSERT INTO "paths" VALUES(38,'[vdso]');
INSERT INTO "paths" VALUES(39,'/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
INSERT INTO "paths" VALUES(40,'[stack]');
INSERT INTO "paths" VALUES(41,'[vsyscall]');
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
INSERT INTO "processes" VALUES(1,1,7,100,1,1000,'0::/server.scope',NULL);
INSERT INTO "processes" VALUES(2,1,9,106,7,1000,'0::/server.scope',5);
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
INSERT INTO "readings" VALUES(1,1,1,20000,1,1,400000,500000,60,24358912,13795328,12281856,12042240,0,0,12281856,24358912,13795328,1048576,4096,8192,13795328,0,0,2,10,1,'S',666,0,10,3,7,1,12746752,983040,65536);
INSERT INTO "readings" VALUES(2,2,2,10000,1,2,400000,500000,38,3133440,1789952,339968,163840,0,0,NULL,3133440,1789952,1048576,4096,8192,1789952,0,0,2,10,1,'S',666,0,10,3,7,1,741376,983040,65536);
INSERT INTO "readings" VALUES(3,1,3,15000,1,1,300000,310000,60,24358912,15892480,14379008,14139392,0,0,NULL,24358912,15892480,1048576,4096,8192,15892480,0,0,2,30,3,'S',666,0,30,9,21,3,14843904,983040,65536);
INSERT INTO "readings" VALUES(4,2,3,700000,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3133440,1789952,1048576,4096,8192,1789952,0,0,2,30,3,'S',666,0,30,9,21,3,741376,983040,65536);
INSERT INTO "readings" VALUES(5,1,4,11000,2,1,900000,990000,60,24358912,19038208,17524736,17285120,0,0,NULL,24358912,19038208,1048576,4096,8192,20086784,0,0,2,40,4,'S',666,0,40,12,28,4,17989632,983040,65536);
INSERT INTO "readings" VALUES(6,2,5,9000,6,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(7,1,6,12000,1,1,200000,210000,60,24358912,13795328,12281856,12042240,0,0,NULL,24358912,13795328,1048576,4096,8192,20086784,0,0,2,60,6,'S',666,0,60,18,42,6,12746752,983040,65536);
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
INSERT INTO "rollups" VALUES(1,1,1,13795328,12281856,12042240,0);
INSERT INTO "rollups" VALUES(1,3,1,15892480,14379008,14139392,0);
INSERT INTO "rollups" VALUES(1,6,1,13795328,12281856,12042240,0);
INSERT INTO "rollups" VALUES(2,3,1,1789952,339968,163840,0);
CREATE TABLE runtime_reports (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tick INTEGER NOT NULL,
    source TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (process_id, tick, source)
);
INSERT INTO "runtime_reports" VALUES(1,2,'jcmd',1534514284942000000,' def new generation   total 9216K, used 1024K
');
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
INSERT INTO "runs" VALUES(1,1,1,6,'targets gone',1000000000,'memory-watcher record -- ./server','0.1.0','{"max_cpu": 0.1}',12345678,20971520,65530);
CREATE TABLE selections (
    run_id INTEGER PRIMARY KEY REFERENCES runs(id),
    kind TEXT NOT NULL,         -- 'command', 'children', 'selection'
    description TEXT NOT NULL,  -- the command, or the options: --name 'postgres*'
    root_pid INTEGER,           -- of the launched command
    too_short INTEGER           -- processes that were seen, but had ended before anything could be
                                -- read; NULL: the run did not end cleanly
);
INSERT INTO "selections" VALUES(1,'command','./server',7,2);
CREATE TABLE stack_pointers (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    tid INTEGER NOT NULL,
    first_tick INTEGER NOT NULL,    -- when the thread was first seen, though it may have run then
    stack_pointer INTEGER NOT NULL, -- address; above 2^63 as address - 2^64
    last_tick INTEGER,              -- the last before the thread's end or execve; NULL: it lives
    PRIMARY KEY (process_id, tid, first_tick)
) WITHOUT ROWID;
INSERT INTO "stack_pointers" VALUES(1,7,1,140720308486160,NULL);
INSERT INTO "stack_pointers" VALUES(1,8,1,139637976731648,4);
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
INSERT INTO "ticks" VALUES(1,1,1534514283942000000,5000000000,1000,0,NULL,NULL,NULL,4000000,0,NULL);
INSERT INTO "ticks" VALUES(2,1,1534514284002000000,5060000000,NULL,0,'start',NULL,NULL,4600000,2,NULL);
INSERT INTO "ticks" VALUES(3,1,1534514284942000000,6000000000,2000,0,NULL,NULL,NULL,7000000,40,NULL);
INSERT INTO "ticks" VALUES(4,1,1534514285242000000,6300000000,NULL,0,'peak',NULL,NULL,8200000,52,NULL);
INSERT INTO "ticks" VALUES(5,1,1534514285842000000,6900000000,NULL,0,'exit',NULL,NULL,9900000,77,NULL);
INSERT INTO "ticks" VALUES(6,1,1534514285942000000,7000000000,0,1,NULL,1,NULL,10500000,80,1);
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
INSERT INTO "usage_rows" VALUES(1,1,1,6,1,126976,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,2,6,2,2424832,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,3,6,1,1105920,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,4,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,5,6,4,1306624,NULL,1216512,0,0,90112,1216512,NULL,1216512);
INSERT INTO "usage_rows" VALUES(1,1,6,2,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,7,6,4,1200128,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,8,6,5,3145728,NULL,2097152,0,0,1048576,2097152,2097152,NULL);
INSERT INTO "usage_rows" VALUES(1,1,9,6,6,4096,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,10,6,6,8192,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,11,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,12,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,13,6,7,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,14,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,15,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,16,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,17,6,1,16384,8192,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,18,6,2,65536,32768,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,19,6,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,20,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,21,6,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,22,6,1,12288,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,23,6,2,16384,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,24,6,1,12288,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,25,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,26,6,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,27,6,1,8192,4096,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,28,6,2,53248,26624,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,29,6,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,30,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,31,6,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,32,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,33,6,7,16384,NULL,NULL,0,0,0,NULL,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,34,6,4,208896,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,35,6,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,36,6,2,24576,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,37,6,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,38,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,39,6,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,40,6,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,41,6,2,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,42,6,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,43,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,44,6,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,45,6,1,24576,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,46,6,2,65536,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,47,6,1,24576,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,48,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,49,6,4,16384,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,50,6,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,51,6,2,12288,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,52,6,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,53,6,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,54,6,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,55,6,4,2052096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,56,6,1,131072,20480,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,57,6,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,1,58,6,1,155648,16384,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,59,6,2,1134592,112640,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,1,60,6,1,192512,22528,0,188416,0,4096,0,NULL,0);
INSERT INTO "usage_rows" VALUES(1,3,6,3,4,2105344,NULL,8192,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,4,6,5,4,5251072,NULL,8192,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(1,6,6,6,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,61,4,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,62,4,2,20480,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,63,4,1,8192,NULL,0,0,0,NULL,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,64,4,3,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,65,4,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,66,4,4,16384,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,67,4,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,68,4,1,131072,17408,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,69,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,70,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,71,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,72,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,73,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,74,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,75,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,76,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,77,4,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,78,4,1,155648,19456,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,79,4,2,876544,92160,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,80,4,1,196608,28672,0,188416,0,8192,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,81,4,3,16384,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,82,4,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,83,4,4,20480,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,84,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,85,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,86,4,8,28672,3072,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,87,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,88,4,4,4096,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,89,4,9,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,90,4,9,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,91,4,10,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,92,4,1,4096,0,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,93,4,2,151552,18432,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,94,4,1,40960,5120,0,NULL,0,0,0,NULL,0);
INSERT INTO "usage_rows" VALUES(2,2,95,4,3,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,96,4,4,8192,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,97,4,11,12288,NULL,NULL,0,0,0,NULL,NULL,NULL);
INSERT INTO "usage_rows" VALUES(2,2,98,4,12,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE UNIQUE INDEX readings_by_process ON readings (process_id, tick);
CREATE VIEW images AS
SELECT i.process_id, i.first_tick, CAST(ifnull((SELECT e.shown FROM escaped_texts AS e WHERE e.raw = i.name), i.name) AS TEXT) AS name,
       CAST(ifnull((SELECT e.shown FROM escaped_texts AS e WHERE e.raw = c.command_line), c.command_line) AS TEXT) AS command_line,
       CAST(ifnull((SELECT e.shown FROM escaped_texts AS e WHERE e.raw = p.pathname), p.pathname) AS TEXT) AS exe
FROM image_rows AS i LEFT JOIN command_lines AS c ON c.id = i.command_line_id
    LEFT JOIN paths AS p ON p.id = i.exe_id;
CREATE VIEW mappings AS
SELECT m.id, m.process_id, m."start", CAST(m."start" + m.size AS BIGINT) AS "end", m.perms,
       m."offset", f.dev, f.inode, f.path_id,
       CAST((SELECT b.build_id FROM processes AS p
        JOIN build_ids AS b ON b.machine_id = p.machine_id
        WHERE p.id = m.process_id AND b.dev = f.dev AND b.inode = f.inode) AS TEXT) AS build_id
FROM mapping_rows AS m JOIN files AS f ON f.id = m.file_id;
CREATE VIEW usages AS
SELECT process_id, first_tick, mapping_id, last_tick, detail_id, rss,
       CAST(nullif(ifnull(pss, rss), -1) AS BIGINT) AS pss, CAST(nullif(ifnull(pss_dirty, rss), -1) AS BIGINT) AS pss_dirty, CAST(nullif(ifnull(shared_clean, rss), -1) AS BIGINT) AS shared_clean, CAST(nullif(ifnull(shared_dirty, rss), -1) AS BIGINT) AS shared_dirty, CAST(nullif(ifnull(private_clean, rss), -1) AS BIGINT) AS private_clean, CAST(nullif(ifnull(private_dirty, rss), -1) AS BIGINT) AS private_dirty, CAST(nullif(ifnull(referenced, rss), -1) AS BIGINT) AS referenced, CAST(nullif(ifnull(anonymous, rss), -1) AS BIGINT) AS anonymous
FROM usage_rows;
CREATE VIEW layouts AS
SELECT r.id AS measurement_id, r.process_id, r.tick, u.mapping_id, m."start", m."end", m.perms,
       m."offset", m.dev, m.inode, CAST(ifnull((SELECT e.shown FROM escaped_texts AS e WHERE e.raw = p.pathname), p.pathname) AS TEXT) AS pathname, m.build_id,
       u.rss, u.pss, u.pss_dirty, u.shared_clean, u.shared_dirty, u.private_clean, u.private_dirty, u.referenced, u.anonymous,
       d.ksm, d.lazy_free, d.anon_huge_pages, d.shmem_pmd_mapped, d.file_pmd_mapped, d.shared_hugetlb, d.private_hugetlb, d.swap, d.swap_pss, d.locked, d.kernel_page_size, d.mmu_page_size, d.thp_eligible, d.protection_key, d.vm_flags,
       CAST(ifnull((SELECT e.shown FROM escaped_texts AS e WHERE e.raw = d.other), d.other) AS TEXT) AS other
FROM readings AS r CROSS JOIN usages AS u CROSS JOIN mappings AS m CROSS JOIN paths AS p
    CROSS JOIN details AS d
WHERE u.process_id = r.process_id AND u.first_tick BETWEEN r.keyframe AND r.tick
    AND u.last_tick >= r.tick AND m.id = u.mapping_id AND p.id = m.path_id AND d.id = u.detail_id;
CREATE VIEW process AS
SELECT p.id, p.pid, p.start_time,
       CAST((SELECT i.name FROM images AS i WHERE i.process_id = p.id
             ORDER BY i.first_tick DESC LIMIT 1) AS TEXT) AS name
FROM processes AS p;
CREATE VIEW memory_range AS
SELECT m.id, m.process_id, m."start" AS "from", m."end" AS "to", m.perms AS permission,
       CAST(ifnull((SELECT e.shown FROM escaped_texts AS e WHERE e.raw = p.pathname), p.pathname) AS TEXT) AS name
FROM mappings AS m JOIN paths AS p ON p.id = m.path_id;
CREATE VIEW local_times_of_measurements AS
SELECT r.id AS measurement_id,
       strftime('%Y-%m-%dT%H:%M:%f', (t.time_ns + ifnull(r.delay_ns, 0)) / 1000000 / 1000.0, 'unixepoch', 'localtime') AS time
FROM readings AS r JOIN ticks AS t ON t.id = r.tick;
CREATE VIEW local_times_of_ticks AS
SELECT t.id AS tick, strftime('%Y-%m-%dT%H:%M:%f', (t.time_ns) / 1000000 / 1000.0, 'unixepoch', 'localtime') AS time
FROM ticks AS t;
CREATE VIEW measurement AS
SELECT r.id, r.process_id,
       CAST((SELECT l.time FROM local_times_of_measurements AS l
             WHERE l.measurement_id = CAST(r.id AS TEXT)) AS TEXT) AS time,
       CAST(r.rss >> 10 AS BIGINT) AS rss_sum, CAST(r.pss >> 10 AS BIGINT) AS pss_sum,
       CAST(NULL AS BIGINT) AS oom_adj, r.oom_score, r.oom_score_adj,
       CAST(r.size >> 10 AS BIGINT) AS statm_size, CAST(r.resident >> 10 AS BIGINT) AS statm_resident,
       CAST(r.shared >> 10 AS BIGINT) AS statm_shared, CAST(r.text >> 10 AS BIGINT) AS statm_text,
       CAST(0 AS BIGINT) AS statm_lib, CAST(r.data >> 10 AS BIGINT) AS statm_data, CAST(0 AS BIGINT) AS statm_dt
FROM readings AS r
WHERE r.keyframe IS NOT NULL;
CREATE VIEW data AS
SELECT u.mapping_id AS range_id, r.id AS measurement_id, CAST(u.rss >> 10 AS BIGINT) AS rss,
       CAST(u.pss >> 10 AS BIGINT) AS pss
FROM readings AS r CROSS JOIN usages AS u
WHERE u.process_id = r.process_id AND u.first_tick BETWEEN r.keyframe AND r.tick
    AND u.last_tick >= r.tick;
CREATE VIEW system_memory AS
SELECT CAST((SELECT l.time FROM local_times_of_ticks AS l
             WHERE l.tick = CAST(t.id AS TEXT)) AS TEXT) AS time,

    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'MemTotal')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS mem_total,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'MemFree')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS mem_free,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'MemAvailable')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS mem_available,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'Buffers')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS buffers,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'Cached')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS cached,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'SwapCached')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS swap_cache,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'SwapTotal')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS swap_total,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'SwapFree')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS swap_free,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'AnonPages')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS anon_pages,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'Mapped')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS mapped,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'Shmem')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS shmem,
    CAST((SELECT nullif(m.value, -1) >> 10 FROM meminfo AS m
     WHERE m.first_tick <= t.id AND m.field_id =
        (SELECT f.id FROM meminfo_fields AS f WHERE f.name = 'SReclaimable')
     ORDER BY m.first_tick DESC LIMIT 1) AS BIGINT) AS s_reclaimable
FROM ticks AS t WHERE t.monotonic_ns IS NOT NULL AND t.cause IS NULL;
COMMIT;
PRAGMA application_id = 1297572212;
PRAGMA user_version = 7;
