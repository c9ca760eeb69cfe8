"""What HotSpot says of its own memory, as jcmd prints it: see record.runtime_helper.COMMANDS.

The text is a program's word, and any program can say anything: what is not understood is left out.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_KB = 1 << 10
_UNITS = {"K": _KB, "M": _KB << 10, "G": _KB << 20}
_NUMBER = r"(\d{1,12})"

#: A heap, or a generation of one: its size now, and what of that is used. The size of a young
#: generation lacks a survivor space: three addresses are its begin, what it has, and its end.
_HEAP = re.compile(
    rf"^ *(?:[\w-]+ ){{0,4}}[\w-]+ +total (?:reserved \d+K, committed )?{_NUMBER}K,"
    rf" used {_NUMBER}K(?: \[0x([0-9a-f]{{1,16}}), 0x([0-9a-f]{{1,16}}), )?",
    re.MULTILINE,
)
#: The same of ZGC and of Shenandoah.
_ZGC = re.compile(rf"^ *ZHeap +used {_NUMBER}([KMG]), capacity {_NUMBER}([KMG])", re.MULTILINE)
_SHENANDOAH = re.compile(
    rf"^ *{_NUMBER}([KMG]) max, .*?{_NUMBER}([KMG]) committed, {_NUMBER}([KMG]) used", re.MULTILINE
)
_METASPACE = re.compile(
    rf"^ *Metaspace +used {_NUMBER}K,(?: capacity \d+K,)? committed {_NUMBER}K", re.MULTILINE
)
_CODE = re.compile(
    rf"^(?:CodeHeap '[\w -]*'|CodeCache): size={_NUMBER}Kb,? used={_NUMBER}Kb", re.MULTILINE
)
_TRACKED = re.compile(
    rf"^- +([A-Za-z][\w ()/-]{{0,40}}?) \(reserved={_NUMBER}KB, committed={_NUMBER}KB", re.MULTILINE
)
_ALL_TRACKED = re.compile(rf"^Total: reserved={_NUMBER}KB, committed={_NUMBER}KB", re.MULTILINE)
_NOT_TRACKED = "Native memory tracking is not enabled"
#: No JVM has so many categories.
_MOST = 100


class Amount(NamedTuple):
    """What the JVM says of one part; bytes, None: not said."""

    name: str
    committed: int | None
    used: int | None


class JvmReport(NamedTuple):
    """The parts of one answer. `tracked`, of native memory tracking, is None if that is off."""

    parts: tuple[Amount, ...]
    tracked: tuple[Amount, ...] | None
    tracking_is_off: bool


def parse_report(text: str) -> JvmReport:
    """Read what jcmd printed."""
    parts = [*_heap(text)]
    if found := _METASPACE.search(text):
        parts.append(Amount("metaspace", int(found[2]) * _KB, int(found[1]) * _KB))
    segments = _CODE.findall(text)
    if heaps := [int(used) * _KB for size, used in segments]:
        # Newer ones add a line for the whole of several segments: the last, and the sum of them.
        whole = heaps[-1] if "CodeCache: size" in text and len(heaps) > 1 else sum(heaps)
        parts.append(Amount("code cache", None, whole))
    tracked = [
        Amount(name, int(committed) * _KB, None)
        for name, _, committed in _TRACKED.findall(text)[:_MOST]
    ]
    if found := _ALL_TRACKED.search(text):
        tracked.insert(0, Amount("all of it", int(found[2]) * _KB, None))
    return JvmReport(tuple(parts), tuple(tracked) or None, _NOT_TRACKED in text)


def _heap(text: str) -> list[Amount]:
    """The whole heap, of all its generations."""
    if heaps := _HEAP.findall(text)[:_MOST]:
        committed = sum(
            int(end, 16) - int(start, 16) if start else int(total) * _KB
            for total, _, start, end in heaps
        )
        return [Amount("Java heap", committed, sum(int(used) * _KB for _, used, *_ in heaps))]
    if found := _ZGC.search(text):
        sizes = (int(found[3]) * _UNITS[found[4]], int(found[1]) * _UNITS[found[2]])
    elif found := _SHENANDOAH.search(text):
        sizes = (int(found[3]) * _UNITS[found[4]], int(found[5]) * _UNITS[found[6]])
    else:
        return []
    return [Amount("Java heap", *sizes)]
