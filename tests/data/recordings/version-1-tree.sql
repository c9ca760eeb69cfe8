BEGIN TRANSACTION;
CREATE TABLE cgroup_fields (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE   -- current, peak, swap_current, stat.anon…, events.oom_kill…
);
INSERT INTO "cgroup_fields" VALUES(1,'current');
INSERT INTO "cgroup_fields" VALUES(2,'peak');
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
CREATE TABLE cgroups (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,   -- 1 or 2
    path TEXT NOT NULL UNIQUE   -- below the root: /system.slice/a.service; memory:/… for version 1
);
INSERT INTO "cgroups" VALUES(1,2,'/server.scope');
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
    inode INTEGER NOT NULL,
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
CREATE TABLE exits (
    process_id INTEGER PRIMARY KEY REFERENCES processes(id),
    exit_code INTEGER,          -- NULL: it was ended by a signal
    signal INTEGER,
    max_rss INTEGER NOT NULL    -- bytes, ru_maxrss: the highest RSS from fork to end, be it
                                -- of what ran before an execve, or of a child it waited for
);
INSERT INTO "exits" VALUES(1,0,NULL,41943040);
INSERT INTO "exits" VALUES(2,3,NULL,12582912);
CREATE TABLE fast_readings (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    time_ns INTEGER NOT NULL,   -- UTC
    since_ns INTEGER NOT NULL,  -- time since the reading before it, stored or not
    resident INTEGER NOT NULL,  -- statm
    high_water_mark INTEGER,    -- status VmHWM
    PRIMARY KEY (process_id, time_ns)
) WITHOUT ROWID;
INSERT INTO "fast_readings" VALUES(1,1534514283962000000,20000000,14843904,14843904);
INSERT INTO "fast_readings" VALUES(1,1534514283982000000,20000000,14057472,14843904);
CREATE TABLE images (
    process_id INTEGER NOT NULL REFERENCES processes(id),
    first_tick INTEGER NOT NULL,
    name TEXT NOT NULL,         -- comm: at most 15 bytes, may be set by the program
    command_line TEXT,          -- quoted as for a shell
    exe TEXT,                   -- readlink of /proc/PID/exe, ' (deleted)' included
    PRIMARY KEY (process_id, first_tick)
) WITHOUT ROWID;
INSERT INTO "images" VALUES(1,1,'server','./server --port 80','/srv/server');
INSERT INTO "images" VALUES(2,2,'server','./server --port 80','/srv/server');
INSERT INTO "images" VALUES(2,3,'worker','''worker: idle''','/srv/server');
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
INSERT INTO "machines" VALUES(1,'boot','host','6.18',4096,2);
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
INSERT INTO "mappings" VALUES(1,1,4194304,4321280,'r--p',0,266338304,260811,1);
INSERT INTO "mappings" VALUES(2,1,4321280,7151616,'r-xp',126976,266338304,260811,1);
INSERT INTO "mappings" VALUES(3,1,7151616,9719808,'r--p',2957312,266338304,260811,1);
INSERT INTO "mappings" VALUES(4,1,9719808,9723904,'r--p',5521408,266338304,260811,1);
INSERT INTO "mappings" VALUES(5,1,9723904,11030528,'rw-p',5525504,266338304,260811,1);
INSERT INTO "mappings" VALUES(6,1,11030528,11313152,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(7,1,140959744,142163968,'rw-p',0,0,0,3);
INSERT INTO "mappings" VALUES(8,1,139780511760384,139780520148992,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(9,1,139780520235008,139780520300544,'rw-s',0,1,8717,4);
INSERT INTO "mappings" VALUES(10,1,139780520300544,139780521349120,'rw-s',0,1,8716,5);
INSERT INTO "mappings" VALUES(11,1,139780521349120,139780521365504,'r--s',0,266338304,2154811,6);
INSERT INTO "mappings" VALUES(12,1,139780521365504,139780521381888,'r--s',0,266338304,2154812,7);
INSERT INTO "mappings" VALUES(13,1,139780521381888,139780521398272,'r--s',0,266338304,2154811,6);
INSERT INTO "mappings" VALUES(14,1,139780521398272,139780521414656,'r--s',0,266338304,2154810,8);
INSERT INTO "mappings" VALUES(15,1,139780521447424,139780521463808,'r--s',0,266338304,2154807,9);
INSERT INTO "mappings" VALUES(16,1,139780521463808,139780521480192,'r--s',0,266338304,2154806,10);
INSERT INTO "mappings" VALUES(17,1,139780521512960,139780521529344,'r--p',0,266338304,339700,11);
INSERT INTO "mappings" VALUES(18,1,139780521529344,139780521648128,'r-xp',16384,266338304,339700,11);
INSERT INTO "mappings" VALUES(19,1,139780521648128,139780521697280,'r--p',135168,266338304,339700,11);
INSERT INTO "mappings" VALUES(20,1,139780521697280,139780521701376,'r--p',184320,266338304,339700,11);
INSERT INTO "mappings" VALUES(21,1,139780521701376,139780521705472,'rw-p',188416,266338304,339700,11);
INSERT INTO "mappings" VALUES(22,1,139780521705472,139780521717760,'r--p',0,266338304,337407,12);
INSERT INTO "mappings" VALUES(23,1,139780521717760,139780521734144,'r-xp',12288,266338304,337407,12);
INSERT INTO "mappings" VALUES(24,1,139780521734144,139780521746432,'r--p',28672,266338304,337407,12);
INSERT INTO "mappings" VALUES(25,1,139780521746432,139780521750528,'r--p',36864,266338304,337407,12);
INSERT INTO "mappings" VALUES(26,1,139780521750528,139780521754624,'rw-p',40960,266338304,337407,12);
INSERT INTO "mappings" VALUES(27,1,139780521754624,139780521762816,'r--p',0,266338304,339377,13);
INSERT INTO "mappings" VALUES(28,1,139780521762816,139780521816064,'r-xp',8192,266338304,339377,13);
INSERT INTO "mappings" VALUES(29,1,139780521816064,139780521824256,'r--p',61440,266338304,339377,13);
INSERT INTO "mappings" VALUES(30,1,139780521824256,139780521828352,'r--p',65536,266338304,339377,13);
INSERT INTO "mappings" VALUES(31,1,139780521828352,139780521832448,'rw-p',69632,266338304,339377,13);
INSERT INTO "mappings" VALUES(32,1,139780521840640,139780521857024,'r--s',0,266338304,2154803,14);
INSERT INTO "mappings" VALUES(33,1,139780521857024,139780521873408,'r--s',0,266338304,2154721,15);
INSERT INTO "mappings" VALUES(34,1,139780521873408,139780522921984,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(35,1,139780522921984,139780522930176,'r--p',0,266338304,339490,16);
INSERT INTO "mappings" VALUES(36,1,139780522930176,139780522954752,'r-xp',8192,266338304,339490,16);
INSERT INTO "mappings" VALUES(37,1,139780522954752,139780522962944,'r--p',32768,266338304,339490,16);
INSERT INTO "mappings" VALUES(38,1,139780522962944,139780522967040,'r--p',36864,266338304,339490,16);
INSERT INTO "mappings" VALUES(39,1,139780522967040,139780522971136,'rw-p',40960,266338304,339490,16);
INSERT INTO "mappings" VALUES(40,1,139780522979328,139780522987520,'r--p',0,266338304,337389,17);
INSERT INTO "mappings" VALUES(41,1,139780522987520,139780522995712,'r-xp',8192,266338304,337389,17);
INSERT INTO "mappings" VALUES(42,1,139780522995712,139780523003904,'r--p',16384,266338304,337389,17);
INSERT INTO "mappings" VALUES(43,1,139780523003904,139780523008000,'r--p',20480,266338304,337389,17);
INSERT INTO "mappings" VALUES(44,1,139780523008000,139780523012096,'rw-p',24576,266338304,337389,17);
INSERT INTO "mappings" VALUES(45,1,139780523012096,139780523036672,'r--p',0,266338304,337398,18);
INSERT INTO "mappings" VALUES(46,1,139780523036672,139780523106304,'r-xp',24576,266338304,337398,18);
INSERT INTO "mappings" VALUES(47,1,139780523106304,139780523130880,'r--p',94208,266338304,337398,18);
INSERT INTO "mappings" VALUES(48,1,139780523130880,139780523134976,'r--p',114688,266338304,337398,18);
INSERT INTO "mappings" VALUES(49,1,139780523134976,139780523151360,'rw-p',118784,266338304,337398,18);
INSERT INTO "mappings" VALUES(50,1,139780523151360,139780523159552,'r--p',0,266338304,337426,19);
INSERT INTO "mappings" VALUES(51,1,139780523159552,139780523171840,'r-xp',8192,266338304,337426,19);
INSERT INTO "mappings" VALUES(52,1,139780523171840,139780523180032,'r--p',20480,266338304,337426,19);
INSERT INTO "mappings" VALUES(53,1,139780523180032,139780523184128,'r--p',24576,266338304,337426,19);
INSERT INTO "mappings" VALUES(54,1,139780523184128,139780523188224,'rw-p',28672,266338304,337426,19);
INSERT INTO "mappings" VALUES(55,1,139780523188224,139780525703168,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(56,1,139780525703168,139780526059520,'r--p',0,266338304,329635,20);
INSERT INTO "mappings" VALUES(57,1,139780526059520,139780526067712,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(58,1,139780526067712,139780526223360,'r--p',0,266338304,339380,21);
INSERT INTO "mappings" VALUES(59,1,139780526223360,139780527624192,'r-xp',155648,266338304,339380,21);
INSERT INTO "mappings" VALUES(60,1,139780527624192,139780527964160,'r--p',1556480,266338304,339380,21);
INSERT INTO "mappings" VALUES(61,2,93996506599424,93996506607616,'r--p',0,266338304,260131,22);
INSERT INTO "mappings" VALUES(62,2,93996506607616,93996506628096,'r-xp',8192,266338304,260131,22);
INSERT INTO "mappings" VALUES(63,2,93996506628096,93996506640384,'r--p',28672,266338304,260131,22);
INSERT INTO "mappings" VALUES(64,2,93996506640384,93996506644480,'r--p',36864,266338304,260131,22);
INSERT INTO "mappings" VALUES(65,2,93996506644480,93996506648576,'rw-p',40960,266338304,260131,22);
INSERT INTO "mappings" VALUES(66,2,93996544471040,93996544606208,'rw-p',0,0,0,3);
INSERT INTO "mappings" VALUES(67,2,139685515952128,139685516091392,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(68,2,139685516091392,139685516447744,'r--p',0,266338304,329635,20);
INSERT INTO "mappings" VALUES(69,2,139685516447744,139685516451840,'r--p',0,266338304,329642,23);
INSERT INTO "mappings" VALUES(70,2,139685516451840,139685516455936,'r--p',0,266338304,329645,24);
INSERT INTO "mappings" VALUES(71,2,139685516455936,139685516460032,'r--p',0,266338304,329634,25);
INSERT INTO "mappings" VALUES(72,2,139685516460032,139685516464128,'r--p',0,266338304,329640,26);
INSERT INTO "mappings" VALUES(73,2,139685516464128,139685516468224,'r--p',0,266338304,329639,27);
INSERT INTO "mappings" VALUES(74,2,139685516468224,139685516472320,'r--p',0,266338304,329643,28);
INSERT INTO "mappings" VALUES(75,2,139685516472320,139685516476416,'r--p',0,266338304,329641,29);
INSERT INTO "mappings" VALUES(76,2,139685516476416,139685516480512,'r--p',0,266338304,329633,30);
INSERT INTO "mappings" VALUES(77,2,139685516480512,139685516492800,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(78,2,139685516492800,139685516648448,'r--p',0,266338304,339380,21);
INSERT INTO "mappings" VALUES(79,2,139685516648448,139685518049280,'r-xp',155648,266338304,339380,21);
INSERT INTO "mappings" VALUES(80,2,139685518049280,139685518389248,'r--p',1556480,266338304,339380,21);
INSERT INTO "mappings" VALUES(81,2,139685518389248,139685518405632,'r--p',1896448,266338304,339380,21);
INSERT INTO "mappings" VALUES(82,2,139685518405632,139685518413824,'rw-p',1912832,266338304,339380,21);
INSERT INTO "mappings" VALUES(83,2,139685518413824,139685518467072,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(84,2,139685518467072,139685518471168,'r--p',0,266338304,329644,31);
INSERT INTO "mappings" VALUES(85,2,139685518471168,139685518475264,'r--p',0,266338304,329637,32);
INSERT INTO "mappings" VALUES(86,2,139685518475264,139685518503936,'r--s',0,266338304,338846,33);
INSERT INTO "mappings" VALUES(87,2,139685518503936,139685518508032,'r--p',0,266338304,329636,34);
INSERT INTO "mappings" VALUES(88,2,139685518508032,139685518516224,'rw-p',0,0,0,2);
INSERT INTO "mappings" VALUES(89,2,139685518516224,139685518532608,'r--p',0,0,0,35);
INSERT INTO "mappings" VALUES(90,2,139685518532608,139685518540800,'r--p',0,0,0,36);
INSERT INTO "mappings" VALUES(91,2,139685518540800,139685518548992,'r-xp',0,0,0,37);
INSERT INTO "mappings" VALUES(92,2,139685518548992,139685518553088,'r--p',0,266338304,338944,38);
INSERT INTO "mappings" VALUES(93,2,139685518553088,139685518708736,'r-xp',4096,266338304,338944,38);
INSERT INTO "mappings" VALUES(94,2,139685518708736,139685518749696,'r--p',159744,266338304,338944,38);
INSERT INTO "mappings" VALUES(95,2,139685518749696,139685518757888,'r--p',200704,266338304,338944,38);
INSERT INTO "mappings" VALUES(96,2,139685518757888,139685518766080,'rw-p',208896,266338304,338944,38);
INSERT INTO "mappings" VALUES(97,2,140735695511552,140735695646720,'rw-p',0,0,0,39);
INSERT INTO "mappings" VALUES(98,2,-10485760,-10481664,'--xp',0,0,0,40);
CREATE TABLE meminfo (
    field_id INTEGER NOT NULL REFERENCES meminfo_fields(id),
    first_tick INTEGER NOT NULL,
    value INTEGER NOT NULL,     -- bytes; a plain count for HugePages_*
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
CREATE TABLE paths (
    id INTEGER PRIMARY KEY,
    pathname TEXT NOT NULL UNIQUE -- the kernel's bytes, which need not be valid UTF-8
);
INSERT INTO "paths" VALUES(1,'/usr/bin/python3.11');
INSERT INTO "paths" VALUES(2,'');
INSERT INTO "paths" VALUES(3,'[heap]');
INSERT INTO "paths" VALUES(4,'/memfd:my mem fd (deleted)');
INSERT INTO "paths" VALUES(5,'/dev/zero (deleted)');
INSERT INTO "paths" VALUES(6,'/srv/odd/x (deleted) (deleted)');
INSERT INTO "paths" VALUES(7,'/srv/odd/gone (deleted)');
INSERT INTO "paths" VALUES(8,'/srv/odd/<b>bold&amp;');
INSERT INTO "paths" VALUES(9,'/srv/odd/lit\012eral');
INSERT INTO "paths" VALUES(10,'/srv/odd/new\012line');
INSERT INTO "paths" VALUES(11,'/usr/lib/x86_64-linux-gnu/liblzma.so.5.4.1');
INSERT INTO "paths" VALUES(12,'/usr/lib/python3.11/lib-dynload/_lzma.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(13,'/usr/lib/x86_64-linux-gnu/libbz2.so.1.0.4');
INSERT INTO "paths" VALUES(14,'/srv/odd/trailing blanks  ');
INSERT INTO "paths" VALUES(15,'/srv/odd/two  blanks');
INSERT INTO "paths" VALUES(16,'/usr/lib/x86_64-linux-gnu/libffi.so.8.1.2');
INSERT INTO "paths" VALUES(17,'/usr/lib/python3.11/lib-dynload/_bz2.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(18,'/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(19,'/usr/lib/python3.11/lib-dynload/mmap.cpython-311-x86_64-linux-gnu.so');
INSERT INTO "paths" VALUES(20,'/usr/lib/locale/C.utf8/LC_CTYPE');
INSERT INTO "paths" VALUES(21,'/usr/lib/x86_64-linux-gnu/libc.so.6');
INSERT INTO "paths" VALUES(22,'/usr/bin/cat');
INSERT INTO "paths" VALUES(23,'/usr/lib/locale/C.utf8/LC_NUMERIC');
INSERT INTO "paths" VALUES(24,'/usr/lib/locale/C.utf8/LC_TIME');
INSERT INTO "paths" VALUES(25,'/usr/lib/locale/C.utf8/LC_COLLATE');
INSERT INTO "paths" VALUES(26,'/usr/lib/locale/C.utf8/LC_MONETARY');
INSERT INTO "paths" VALUES(27,'/usr/lib/locale/C.utf8/LC_MESSAGES/SYS_LC_MESSAGES');
INSERT INTO "paths" VALUES(28,'/usr/lib/locale/C.utf8/LC_PAPER');
INSERT INTO "paths" VALUES(29,'/usr/lib/locale/C.utf8/LC_NAME');
INSERT INTO "paths" VALUES(30,'/usr/lib/locale/C.utf8/LC_ADDRESS');
INSERT INTO "paths" VALUES(31,'/usr/lib/locale/C.utf8/LC_TELEPHONE');
INSERT INTO "paths" VALUES(32,'/usr/lib/locale/C.utf8/LC_MEASUREMENT');
INSERT INTO "paths" VALUES(33,'/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache');
INSERT INTO "paths" VALUES(34,'/usr/lib/locale/C.utf8/LC_IDENTIFICATION');
INSERT INTO "paths" VALUES(35,'[vvar]');
INSERT INTO "paths" VALUES(36,'[vvar_vclock]');
INSERT INTO "paths" VALUES(37,'[vdso]');
INSERT INTO "paths" VALUES(38,'/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
INSERT INTO "paths" VALUES(39,'[stack]');
INSERT INTO "paths" VALUES(40,'[vsyscall]');
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
    oom_score_adj INTEGER
);
INSERT INTO "readings" VALUES(1,1,1,20000,1,1,400000,500000,60,24358912,13795328,12281856,12042240,0,0,NULL,24358912,13795328,1048576,4096,8192,13795328,0,0,2,10,1,'S',666,0);
INSERT INTO "readings" VALUES(2,2,2,10000,1,2,400000,500000,38,3133440,1789952,339968,163840,0,0,NULL,3133440,1789952,1048576,4096,8192,1789952,0,0,2,10,1,'S',666,0);
INSERT INTO "readings" VALUES(3,1,3,15000,1,1,300000,310000,60,24358912,15892480,14379008,14139392,0,0,NULL,24358912,15892480,1048576,4096,8192,15892480,0,0,2,30,3,'S',666,0);
INSERT INTO "readings" VALUES(4,2,3,700000,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3133440,1789952,1048576,4096,8192,1789952,0,0,2,30,3,'S',666,0);
INSERT INTO "readings" VALUES(5,1,4,11000,2,1,900000,990000,60,24358912,19038208,17524736,17285120,0,0,NULL,24358912,19038208,1048576,4096,8192,20086784,0,0,2,40,4,'S',666,0);
INSERT INTO "readings" VALUES(6,2,5,9000,6,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "readings" VALUES(7,1,6,12000,1,1,200000,210000,60,24358912,13795328,12281856,12042240,0,0,NULL,24358912,13795328,1048576,4096,8192,20086784,0,0,2,60,6,'S',666,0);
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
INSERT INTO "runs" VALUES(1,1,1,6,'targets gone',1000000000,'memory-watcher record -- ./server','0.1.0','{"max_cpu": 0.1}',12345678,20971520);
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
    cause TEXT                  -- NULL: a deadline; 'peak': RSS rose above the highest layout;
                                -- 'start', 'exit': a process came or was found to have ended
);
INSERT INTO "ticks" VALUES(1,1,1534514283942000000,5000000000,1000,0,NULL);
INSERT INTO "ticks" VALUES(2,1,1534514284002000000,5060000000,NULL,0,'start');
INSERT INTO "ticks" VALUES(3,1,1534514284942000000,6000000000,2000,0,NULL);
INSERT INTO "ticks" VALUES(4,1,1534514285242000000,6300000000,NULL,0,'peak');
INSERT INTO "ticks" VALUES(5,1,1534514285842000000,6900000000,NULL,0,'exit');
INSERT INTO "ticks" VALUES(6,1,1534514285942000000,7000000000,0,1,NULL);
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
INSERT INTO "usages" VALUES(1,1,1,6,1,126976,126976,0,0,0,126976,0,126976,0);
INSERT INTO "usages" VALUES(1,1,2,6,2,2424832,2424832,0,0,0,2424832,0,2424832,0);
INSERT INTO "usages" VALUES(1,1,3,6,1,1105920,1105920,0,0,0,1105920,0,1105920,0);
INSERT INTO "usages" VALUES(1,1,4,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,5,6,4,1306624,1306624,1216512,0,0,90112,1216512,1306624,1216512);
INSERT INTO "usages" VALUES(1,1,6,2,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(1,1,7,6,4,1200128,1200128,1200128,0,0,0,1200128,1200128,1200128);
INSERT INTO "usages" VALUES(1,1,8,6,5,3145728,3145728,2097152,0,0,1048576,2097152,2097152,3145728);
INSERT INTO "usages" VALUES(1,1,9,6,6,4096,4096,4096,0,0,0,4096,4096,0);
INSERT INTO "usages" VALUES(1,1,10,6,6,8192,8192,8192,0,0,0,8192,8192,0);
INSERT INTO "usages" VALUES(1,1,11,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,12,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,13,6,7,0,0,0,0,0,0,0,0,0);
INSERT INTO "usages" VALUES(1,1,14,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,15,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,16,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,17,6,1,16384,8192,0,16384,0,0,0,16384,0);
INSERT INTO "usages" VALUES(1,1,18,6,2,65536,32768,0,65536,0,0,0,65536,0);
INSERT INTO "usages" VALUES(1,1,19,6,1,0,0,0,0,0,0,0,0,0);
INSERT INTO "usages" VALUES(1,1,20,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,21,6,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,22,6,1,12288,12288,0,0,0,12288,0,12288,0);
INSERT INTO "usages" VALUES(1,1,23,6,2,16384,16384,0,0,0,16384,0,16384,0);
INSERT INTO "usages" VALUES(1,1,24,6,1,12288,12288,0,0,0,12288,0,12288,0);
INSERT INTO "usages" VALUES(1,1,25,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,26,6,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,27,6,1,8192,4096,0,8192,0,0,0,8192,0);
INSERT INTO "usages" VALUES(1,1,28,6,2,53248,26624,0,53248,0,0,0,53248,0);
INSERT INTO "usages" VALUES(1,1,29,6,1,0,0,0,0,0,0,0,0,0);
INSERT INTO "usages" VALUES(1,1,30,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,31,6,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,32,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,33,6,7,16384,16384,16384,0,0,0,16384,16384,0);
INSERT INTO "usages" VALUES(1,1,34,6,4,208896,208896,208896,0,0,0,208896,208896,208896);
INSERT INTO "usages" VALUES(1,1,35,6,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,36,6,2,24576,24576,0,0,0,24576,0,24576,0);
INSERT INTO "usages" VALUES(1,1,37,6,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,38,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,39,6,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,40,6,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,41,6,2,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,42,6,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,43,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,44,6,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,45,6,1,24576,24576,0,0,0,24576,0,24576,0);
INSERT INTO "usages" VALUES(1,1,46,6,2,65536,65536,0,0,0,65536,0,65536,0);
INSERT INTO "usages" VALUES(1,1,47,6,1,24576,24576,0,0,0,24576,0,24576,0);
INSERT INTO "usages" VALUES(1,1,48,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,49,6,4,16384,16384,16384,0,0,0,16384,16384,16384);
INSERT INTO "usages" VALUES(1,1,50,6,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,51,6,2,12288,12288,0,0,0,12288,0,12288,0);
INSERT INTO "usages" VALUES(1,1,52,6,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(1,1,53,6,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,54,6,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(1,1,55,6,4,2052096,2052096,2052096,0,0,0,2052096,2052096,2052096);
INSERT INTO "usages" VALUES(1,1,56,6,1,131072,20480,0,131072,0,0,0,131072,0);
INSERT INTO "usages" VALUES(1,1,57,6,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(1,1,58,6,1,155648,16384,0,155648,0,0,0,155648,0);
INSERT INTO "usages" VALUES(1,1,59,6,2,1134592,112640,0,1134592,0,0,0,1134592,0);
INSERT INTO "usages" VALUES(1,1,60,6,1,192512,22528,0,188416,0,4096,0,192512,0);
INSERT INTO "usages" VALUES(1,3,6,3,4,2105344,2105344,8192,0,0,0,2105344,2105344,2105344);
INSERT INTO "usages" VALUES(1,4,6,5,4,5251072,5251072,8192,0,0,0,5251072,5251072,5251072);
INSERT INTO "usages" VALUES(1,6,6,6,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(2,2,61,4,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(2,2,62,4,2,20480,20480,0,0,0,20480,0,20480,0);
INSERT INTO "usages" VALUES(2,2,63,4,1,8192,8192,0,0,0,8192,0,8192,0);
INSERT INTO "usages" VALUES(2,2,64,4,3,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(2,2,65,4,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(2,2,66,4,4,16384,16384,16384,0,0,0,16384,16384,16384);
INSERT INTO "usages" VALUES(2,2,67,4,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(2,2,68,4,1,131072,17408,0,131072,0,0,0,131072,0);
INSERT INTO "usages" VALUES(2,2,69,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,70,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,71,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,72,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,73,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,74,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,75,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,76,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,77,4,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(2,2,78,4,1,155648,19456,0,155648,0,0,0,155648,0);
INSERT INTO "usages" VALUES(2,2,79,4,2,876544,92160,0,876544,0,0,0,876544,0);
INSERT INTO "usages" VALUES(2,2,80,4,1,196608,28672,0,188416,0,8192,0,196608,0);
INSERT INTO "usages" VALUES(2,2,81,4,3,16384,16384,16384,0,0,0,16384,16384,16384);
INSERT INTO "usages" VALUES(2,2,82,4,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(2,2,83,4,4,20480,20480,20480,0,0,0,20480,20480,20480);
INSERT INTO "usages" VALUES(2,2,84,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,85,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,86,4,8,28672,3072,0,28672,0,0,0,28672,0);
INSERT INTO "usages" VALUES(2,2,87,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,88,4,4,4096,4096,4096,0,0,0,4096,4096,4096);
INSERT INTO "usages" VALUES(2,2,89,4,9,0,0,0,0,0,0,0,0,0);
INSERT INTO "usages" VALUES(2,2,90,4,9,0,0,0,0,0,0,0,0,0);
INSERT INTO "usages" VALUES(2,2,91,4,10,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,92,4,1,4096,0,0,4096,0,0,0,4096,0);
INSERT INTO "usages" VALUES(2,2,93,4,2,151552,18432,0,151552,0,0,0,151552,0);
INSERT INTO "usages" VALUES(2,2,94,4,1,40960,5120,0,40960,0,0,0,40960,0);
INSERT INTO "usages" VALUES(2,2,95,4,3,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(2,2,96,4,4,8192,8192,8192,0,0,0,8192,8192,8192);
INSERT INTO "usages" VALUES(2,2,97,4,11,12288,12288,12288,0,0,0,12288,12288,12288);
INSERT INTO "usages" VALUES(2,2,98,4,12,0,0,0,0,0,0,0,0,0);
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
COMMIT;
PRAGMA application_id = 1297572212;
PRAGMA user_version = 1;
