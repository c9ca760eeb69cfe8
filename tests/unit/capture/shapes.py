"""Captures in the shapes in which people post, mail and log them, with figures of our own.

Each shape is made of the same small process; `EXPECTED` says what must become of it: its captures
as (RSS, PSS) in KiB with the number of mappings, or what a refusal must say.
"""

from __future__ import annotations

import gzip
import json
import re
from typing import NamedTuple

#: (header, Rss, Pss, Private_Dirty, flags)
_MAPPINGS: list[tuple[str, str, int, int, int]] = [
    ("5581a3c00000-5581a3c28000 r--p 00000000 fd:01 920114", "/opt/demo/bin/demo", 112, 56, 0),
    ("5581a3c28000-5581a3cf0000 r-xp 00028000 fd:01 920114", "/opt/demo/bin/demo", 640, 320, 0),
    ("5581a5b41000-5581a5f90000 rw-p 00000000 00:00 0", "[heap]", 4300, 4300, 4300),
    ("7f10aa000000-7f10aa021000 rw-p 00000000 00:00 0", "", 36, 36, 36),
    ("7f10b2e00000-7f10b2e28000 r--p 00000000 fd:01 131", "/usr/lib/two words.so", 152, 4, 0),
    ("7ffd3ab10000-7ffd3ab31000 rw-p 00000000 00:00 0", "[stack]", 28, 28, 28),
]
RSS = sum(mapping[2] for mapping in _MAPPINGS)
PSS = sum(mapping[3] for mapping in _MAPPINGS)
COUNT = len(_MAPPINGS)


def smaps(flags: bool = True, more: int = 0, base: int = 0) -> bytes:
    """The process's smaps; `more` KiB are added to its heap, `base` to all of its addresses."""
    blocks = []
    for header, name, *sizes in _MAPPINGS:
        rss, pss, dirty = (size + (more if name == "[heap]" else 0) for size in sizes)
        span, rest = header.split(" ", 1)
        start, end = (int(part, 16) + base for part in span.split("-"))
        lines = [
            f"{start:x}-{end:x} {rest} ".ljust(73) + name if name else f"{start:x}-{end:x} {rest} "
        ]
        figures = {
            "Size": (end - start) // 1024,
            "Rss": rss,
            "Pss": pss,
            "Shared_Clean": rss - dirty,
            "Shared_Dirty": 0,
            "Private_Clean": 0,
            "Private_Dirty": dirty,
            "Referenced": rss,
            "Anonymous": dirty,
            "Swap": 0,
            "KernelPageSize": 4,
            "MMUPageSize": 4,
        }
        lines += [f"{key + ':':<16}{figure:8d} kB" for key, figure in figures.items()]
        lines += ["VmFlags: rd wr mr mw me ac "] if flags else []
        blocks.append("".join(line + "\n" for line in lines))
    return "".join(blocks).encode()


ROLLUP = b"""\
5581a3c00000-7ffd3ab31000 ---p 00000000 00:00 0                          [rollup]
Rss:                5268 kB
Pss:                4747 kB
Pss_Anon:           4364 kB
Pss_File:            383 kB
Pss_Shmem:             0 kB
Shared_Clean:        904 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:      4364 kB
Referenced:         5268 kB
Swap:                  0 kB
SwapPss:               0 kB
Locked:                0 kB
"""

TEXT = smaps()
LATER = smaps(more=100)
FIRST = TEXT[: TEXT.index(b"5581a3c28000-5581a3cf0000")]
HEAP = TEXT[TEXT.index(b"5581a5b41000") : TEXT.index(b"7f10aa000000")]
LINES = TEXT.splitlines(keepends=True)
HEADER = LINES[0].rstrip()


class Shape(NamedTuple):
    """A file's bytes, and what must become of it: captures as (mappings, RSS, PSS), or an error."""

    data: bytes
    captures: list[tuple[int, int, int]] | str
    pids: list[int | None] | None = None


ONE = [(COUNT, RSS, PSS)]
TWO = [*ONE, (COUNT, RSS + 100, PSS + 100)]


def _each_line(begin: bytes = b"", end: bytes = b"") -> bytes:
    return b"".join(begin + line[:-1] + end + b"\n" for line in LINES)


def _numbered(form: str) -> bytes:
    return b"".join((form % number).encode() + line for number, line in enumerate(LINES, 1))


def _grep(path: str) -> bytes:
    return b"".join(path.encode() + b":" + line for line in LINES)


def _folded(width: int) -> bytes:
    """Header lines broken before their name, as mail programs do."""
    return re.sub(rb"(?m)^(\S+ \S{4} .{%d,}?) {2,}(\S.*)$" % width, rb"\1\n\2", TEXT)


def _without(line: bytes, mapping: int) -> bytes:
    """The text without a line of one mapping."""
    blocks = re.split(rb"(?m)(?=^[0-9a-f]+-[0-9a-f]+ )", TEXT)[1:]
    blocks[mapping] = re.sub(rb"(?m)^" + line + rb":.*\n", b"", blocks[mapping])
    return b"".join(blocks)


SHAPES: dict[str, Shape] = {
    # line ends and encodings
    "as the kernel prints it": Shape(TEXT, ONE),
    "CRLF": Shape(TEXT.replace(b"\n", b"\r\n"), ONE),
    "CR CR LF, an old adb shell": Shape(TEXT.replace(b"\n", b"\r\r\n"), ONE),
    "CR alone": Shape(TEXT.replace(b"\n", b"\r"), ONE),
    "CRLF from the second mapping on": Shape(
        FIRST + TEXT[len(FIRST) :].replace(b"\n", b"\r\n"), ONE
    ),
    "UTF-8 with a byte order mark": Shape(b"\xef\xbb\xbf" + TEXT, ONE),
    "UTF-16, as PowerShell redirects": Shape(
        b"\xff\xfe" + TEXT.decode().replace("\n", "\r\n").encode("utf-16-le"), ONE
    ),
    "UTF-16 big endian": Shape(b"\xfe\xff" + TEXT.decode().encode("utf-16-be"), ONE),
    "UTF-16 without a mark": Shape(TEXT.decode().encode("utf-16-le"), ONE),
    "NEL, a mainframe's line end": Shape(TEXT.replace(b"\n", b"\xc2\x85"), ONE),
    "Unicode's line separator": Shape(TEXT.replace(b"\n", b"\xe2\x80\xa8"), ONE),
    "addresses in capitals": Shape(
        re.sub(rb"(?m)^[0-9a-f]+-[0-9a-f]+ ", lambda found: found[0].upper(), TEXT), ONE
    ),
    "a string of JSON": Shape(json.dumps(TEXT.decode("utf-8", "replace")).encode(), "quotes"),
    "blanks before the colons": Shape(TEXT.replace(b":", b" :"), "is no figure"),
    "sizes in MiB": Shape(TEXT.replace(b" kB", b" MiB"), "is no figure"),
    "units in capitals": Shape(TEXT.replace(b" kB", b" KB"), "is no figure"),
    "colours of a terminal": Shape(TEXT.replace(b"Rss", b"\x1b[31mRss\x1b[0m"), "in the middle"),
    "times of a log before each line": Shape(_each_line(b"[  12.345678] "), "no smaps text"),
    "a container's name before each line": Shape(_each_line(b"app-1  | "), "no smaps text"),
    "lines of a fixed width": Shape(re.sub(rb"(.{30})", rb"\1\n", TEXT), "."),
    "gzip": Shape(gzip.compress(TEXT, mtime=0), ONE),
    "gzip, cut": Shape(gzip.compress(TEXT, mtime=0)[:-40], "damaged or cut gzip"),
    "unbreakable blanks of a web page": Shape(TEXT.decode().replace("  ", " \xa0").encode(), ONE),
    # what stands before and after lines
    "indented by four, a code block": Shape(_each_line(b"    "), ONE),
    "indented by a tab": Shape(_each_line(b"\t"), ONE),
    "quoted in a mail": Shape(_each_line(b"> "), ONE),
    "quoted twice": Shape(_each_line(b">> "), ONE),
    "quoted without a blank": Shape(_each_line(b">"), ONE),
    "commented out": Shape(_each_line(b"  #"), ONE),
    "lines numbered by cat -n": Shape(_numbered("%6d\t"), ONE),
    "lines numbered by grep -n": Shape(_numbered("%d:"), ONE),
    "found by grep in /proc": Shape(_grep("/proc/4711/smaps"), ONE, [4711]),
    "blank lines between all": Shape(_each_line(b"", b"\n"), ONE),
    "blank lines between mappings": Shape(TEXT.replace(b"ac \n", b"ac \n\n"), ONE),
    "columns made one blank": Shape(re.sub(rb"  +", b" ", TEXT), ONE),
    "blanks at line ends lost": Shape(re.sub(rb"(?m) +$", b"", TEXT), ONE),
    "names on lines of their own": Shape(_folded(20), ONE),
    "no newline at the end": Shape(TEXT.rstrip(), ONE),
    # what stands around
    "prompt and command before": Shape(b"root@box:~# cat /proc/912/smaps\n" + TEXT, ONE, [912]),
    "prompt after, without newline": Shape(TEXT + b"root@box:~# ", ONE),
    "session of adb": Shape(
        b"* daemon started successfully *\nshell@device:/ $ su\nshell@device:/ # cat /proc/77/smaps"
        b"\r\n" + TEXT.replace(b"\n", b"\r\n") + b"shell@device:/ # exit\r\n",
        ONE,
        [77],
    ),
    "ssh's goodbye": Shape(TEXT + b"Connection to 192.0.2.7 closed.\n", ONE),
    "script's frame": Shape(
        b"Script started on Mon 3 Feb 2025\n$ cat smaps\n" + TEXT + b"Script done\n", ONE
    ),
    "fenced in markdown": Shape(b"Here it is:\n\n```\n" + TEXT + b"```\n\nThanks!\n", ONE),
    "elided mappings": Shape(TEXT.replace(b"7f10b2e00000", b"[...]\n7f10b2e00000"), ONE),
    "only the heap, by grep -A": Shape(HEAP, [(1, 4300, 4300)]),
    "a kernel without VmFlags": Shape(smaps(flags=False), ONE),
    "a stack whose guard page is counted": Shape(
        TEXT.replace(b"Size:                132 kB", b"Size:                136 kB"), ONE
    ),
    "old Android's Name lines": Shape(
        TEXT.replace(b"VmFlags", b"Name:           [anon:libc_malloc]\nVmFlags"), ONE
    ),
    "status behind it": Shape(
        TEXT + b"Name:\tdemo\nUmask:\t0022\nPid:\t912\nVmRSS:\t    5268 kB\nThreads:\t3\n", ONE
    ),
    "meminfo behind it": Shape(
        smaps(flags=False) + b"MemTotal:       16284092 kB\nAnonHugePages:    714752 kB\n"
        b"SwapCached:            0 kB\n",
        ONE,
    ),
    # several in one text
    "twice in a row": Shape(TEXT + LATER, TWO),
    "twice, the prompt between": Shape(
        b"$ cat /proc/9/smaps\n" + TEXT + b"$ cat /proc/9/smaps\n" + LATER, TWO, [9, 9]
    ),
    "twice, dates between": Shape(
        b"Mon Feb  3 10:00:00 UTC 2025\n" + TEXT + b"Mon Feb  3 10:00:10 UTC 2025\n" + LATER, TWO
    ),
    "twice, an error between": Shape(
        TEXT + b"cat: /proc/913/smaps: Permission denied\n" + LATER, TWO, [None, None]
    ),
    "two processes by head or tail": Shape(
        b"==> /proc/31/smaps <==\n" + TEXT + b"\n==> /proc/32/smaps <==\n" + LATER, TWO, [31, 32]
    ),
    "two processes at higher addresses": Shape(
        b"PID: 31\n" + TEXT + b"PID: 32\n" + smaps(more=100, base=1 << 44), TWO, [31, 32]
    ),
    "the heap again and again, by grep -A": Shape(
        HEAP + b"--\n" + HEAP.replace(b"5581a5f90000", b"5581a5f95000"),
        [(1, 4300, 4300), (1, 4300, 4300)],
    ),
    "totals and nothing else": Shape(ROLLUP, [(1, 5268, 4747)]),
    "totals again and again": Shape(ROLLUP + b"---\n" + ROLLUP, [(1, 5268, 4747), (1, 5268, 4747)]),
    "totals behind the mappings": Shape(TEXT + ROLLUP, ONE),
    "WSL 1": Shape(
        b"".join(line for line in LINES if b"Pss" in line or line[:1] in b"57"),
        [(COUNT, -1, PSS)],
    ),
    # refused, with the line
    "empty": Shape(b"", "the capture is empty"),
    "a form feed": Shape(b"\f\v\n", "the capture is empty"),
    "zero bytes": Shape(b"\0" * 4096, "the capture is empty"),
    "maps": Shape(b"".join(line for line in LINES if line[:1] in b"57"), "this is maps"),
    "a line lost": Shape(_without(b"Pss", 2), r"line \d+: this mapping lacks .*\(Pss\)"),
    "flags lost": Shape(_without(b"VmFlags", 1), r"line \d+: this mapping lacks .*\(VmFlags\)"),
    "a header lost": Shape(TEXT.replace(LINES[14], b""), "line 16: .* second one"),
    "a header damaged": Shape(
        TEXT.replace(b"5581a3c28000-5581a3cf0000", b"5581a3c28000_5581a3cf0000"),
        "line 15: '5581a3c28000_.* in the middle of a mapping",
    ),
    "a log line in the middle": Shape(
        TEXT.replace(
            b"Pss:                4300", b"[ 12.5] usb 1-1: reset\nPss:                4300"
        ),
        r"line \d+: '\[ 12.5\] usb 1-1: reset' stands in the middle",
    ),
    "the first header behind a prompt": Shape(
        b"[sudo] password for me: " + TEXT, "line 2: 'Size: .* has no mapping's header before it"
    ),
    "meminfo before it": Shape(
        b"MemTotal:       16284092 kB\nAnonHugePages:    714752 kB\n" + TEXT, ONE
    ),
    "cut": Shape(TEXT[:-60], "line 82: the smaps text is cut"),
    "cut, and a prompt after it": Shape(
        TEXT[: TEXT.rindex(b"Swap:")] + b"$ ", "the smaps text is cut"
    ),
    "the first cut, the second whole": Shape(
        TEXT[: TEXT.rindex(b"Swap:")] + LATER, r"line \d+: the smaps text is cut"
    ),
    "negative figure": Shape(
        TEXT.replace(b"Pss:                4300 kB", b"Pss:                 -43 kB"), "is no figure"
    ),
    "decimal comma": Shape(
        TEXT.replace(b"Pss:                4300 kB", b"Pss:               4,300 kB"), "is no figure"
    ),
    "converted to MB": Shape(
        TEXT.replace(b"Pss:                4300 kB", b"Pss:                 4.2 MB"), "is no figure"
    ),
    "unit lost": Shape(TEXT.replace(b" kB", b""), "line 2: 'Size: .*' is no figure"),
    "ends before it starts": Shape(
        TEXT.replace(b"7f10aa000000-7f10aa021000", b"7f10aa021000-7f10aa000000"),
        r"line \d+: 7f10aa021000-7f10aa000000 ends before it starts",
    ),
    "without its begin": Shape(TEXT[len(HEADER) + 1 : len(FIRST)], "the first mapping's header"),
    "status": Shape(
        b"Name:\tdemo\nUmask:\t0022\nState:\tS (sleeping)\nPid:\t912\nVmRSS:\t    5268 kB\n",
        "this is status",
    ),
    "numa_maps": Shape(
        b"5581a3c00000 default file=/opt/demo/bin/demo mapped=28 N0=28 kernelpagesize_kB=4\n"
        b"5581a5b41000 default heap anon=1075 dirty=1075 N0=1075 kernelpagesize_kB=4\n",
        "this is numa_maps",
    ),
    "pmap -X": Shape(
        b"912:   /opt/demo/bin/demo --serve\n"
        b"         Address Perm   Offset Device Inode  Size  Rss  Pss Referenced Mapping\n"
        b"    5581a3c00000 r--p 00000000  fd:01 920114  160  112   56        112 demo\n",
        "this is output of pmap -X",
    ),
    "pmap -x": Shape(
        b"912:   demo --serve\nAddress           Kbytes     RSS   Dirty Mode  Mapping\n"
        b"00005581a3c00000     160     112       0 r---- demo\n",
        "this is output of pmap:",
    ),
    "pmap": Shape(
        b"912:   demo --serve\n00005581a3c00000    160K r---- demo\n total             160K\n",
        "this is output of pmap:",
    ),
    "meminfo": Shape(
        b"MemTotal:       16284092 kB\nMemFree:         221580 kB\n", "this is meminfo"
    ),
    "dumpsys meminfo": Shape(
        b"Applications Memory Usage (in Kilobytes):\nUptime: 91 Realtime: 91\n\n"
        b"** MEMINFO in pid 912 [org.example.demo] **\n",
        "this is output of dumpsys",
    ),
    "statm": Shape(b"1120 1317 226 200 0 1091 0\n", "this is statm"),
    "only an error": Shape(
        b"cat: /proc/1/smaps: Permission denied\n", "only the message that smaps could not be read"
    ),
    "a web page": Shape(b"<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "a web page"),
    "a recording": Shape(b"SQLite format 3\0" + bytes(100), "a recording needs no loading"),
    "something else": Shape(b"hello\nworld\n", "no line is a mapping's header, .* 'hello'"),
}
