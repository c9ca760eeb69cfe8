"""Tells what a text is that is no smaps: each kind has its own sentence, and its own remedy."""

from __future__ import annotations

import re

from ..message import Message, Named, Setting

_CAPTURE = "capture /proc/PID/smaps"
_BLANKS = b" \t\r\n\v\f\0"
#: How files begin that are no text.
_MAGIC = {
    b"SQLite format 3\0": "a recording or another SQLite database; a recording needs no loading",
    b"\x7fELF": f"a program or a core dump; {_CAPTURE}",
    b"PK\x03\x04": "a zip archive; unpack it",
    b"\xfd7zXZ\0": "an xz file; unpack it (xz -d)",
    b"\x28\xb5\x2f\xfd": "a zstd file; unpack it (zstd -d)",
    b"BZh": "a bzip2 file; unpack it (bzip2 -d)",
    b"%PDF": f"a PDF; {_CAPTURE} as text",
    b"\x89PNG": f"a picture; {_CAPTURE} as text",
    b"\xff\xd8\xff": f"a picture; {_CAPTURE} as text",
}
_PMAP: Message = (
    "output of pmap -X; ",
    Named(Setting.IMPORT, "import it", "{} makes a recording of it"),
)
#: A line that only one kind of text has, and what to do about it; the first that is found counts.
#: None takes longer than a long line is: no two repetitions may share its bytes.
_KINDS = tuple(
    (re.compile(pattern, re.MULTILINE), sentence)
    for pattern, sentence in (
        (
            rb"^[0-9a-f]+ (?:default|bind|prefer|interleave|local|weighted)"
            rb".* (?:file=|anon=|dirty=|mapped=|kernelpagesize_kB=|N[0-9]+=)",
            f"numa_maps: pages by node, without PSS; {_CAPTURE}",
        ),
        (rb"^MemTotal:\s", f"meminfo: the whole machine's memory; {_CAPTURE}"),
        (
            rb"^(?:State|Tgid|Pid|PPid|VmSize|VmRSS):\t",
            f"status: a process's totals, without PSS; {_CAPTURE}",
        ),
        (
            rb"^ *Address +Perm +Offset +Device +Inode",
            _PMAP,
        ),
        (
            rb"^ *Address +Kbytes +(?:RSS|Mode)|^ *total +[0-9]+K$|^[0-9a-f]{8,16} +[0-9]+K ",
            f"output of pmap: it lacks PSS and offsets; {_CAPTURE}",
        ),
        (
            rb"\*\* MEMINFO in pid |^ +Native Heap +[0-9]",
            "output of dumpsys meminfo: sums by kind; capture the mappings with"
            " adb shell cat /proc/PID/smaps (as root)",
        ),
        (
            rb"^ *virtual +shared +shared +private +private|^-------- -------- -------- ",
            "output of showmap: sums by name; capture the mappings with"
            " adb shell cat /proc/PID/smaps (as root)",
        ),
        (
            rb"^==== (?:Non-writable|Writable) regions|^Virtual Memory Map of process ",
            "output of vmmap (macOS): there is no smaps there",
        ),
        (
            rb"^ *PID +START +END +PRT ",
            "output of procstat (FreeBSD): there is no smaps there",
        ),
        (
            rb"^ *PID +.*\b(?:USS|Uss|PSS|Pss)\b",
            f"output of smem or procrank: totals of processes; {_CAPTURE}",
        ),
        (
            rb"\\n(?:Size|Rss|Pss): +[0-9]+ kB\\n",
            "smaps within quotes, as in JSON: its line ends are written as \\n; take the text out"
            " of the quotes (jq -r)",
        ),
        (rb"\A\s*[0-9]+(?: [0-9]+){6}\s*\Z", f"statm: totals in pages; {_CAPTURE}"),
        (rb"\A\s*[0-9]+ \(.*\) [RSDZTtXxKWPI] [0-9-]+ ", f"stat: one line of totals; {_CAPTURE}"),
        (
            rb"\A\s*(?:<!DOCTYPE html|<html)",
            "a web page; save the text alone, without the page around it",
        ),
        (
            rb"^(?:Rss|Pss|Private_Dirty):.* kB",
            "cut at its begin: the first mapping's header is missing; smaps begins with one",
        ),
        (
            rb"/smaps: Permission denied|smaps: Operation not permitted",
            "only the message that smaps could not be read; capture it as that user, or as root",
        ),
        (
            rb"/smaps: No such (?:file|process)",
            "only the message that there was no such process; check the PID",
        ),
    )
)


def what_it_is(text: bytes) -> Message:
    """A sentence on a text in which no mapping's header was found, without its full stop."""
    if not text.strip(_BLANKS):
        return (
            "the capture is empty: kernel threads and zombies have no mappings, and some copying"
            f" programs take files of /proc as empty; {_CAPTURE} with cat",
        )
    for magic, sentence in _MAGIC.items():
        if text.startswith(magic):
            return (f"this is {sentence}",)
    for pattern, words in _KINDS:
        if pattern.search(text):
            return "this is ", *((words,) if isinstance(words, str) else words)
    if b"\0" in text:
        return (f"this is no text: it holds zero bytes; {_CAPTURE} with cat",)
    first = next(line for line in text.split(b"\n") if line.strip(_BLANKS))
    return (f"this is no smaps text: no line is a mapping's header, the first is {shown(first)}",)


def shown(line: bytes) -> str:
    """A line, cut and quoted for an error: hostile bytes are escaped by repr."""
    text = line.strip()[:60].decode("utf-8", "replace")
    return repr(text + ("…" if len(line.strip()) > 60 else ""))
