"""Mutated proc files through the parsers: refusals at worst, and sums that are right.

    python -m tests.fuzz.proc_files --count 100000 --seed 1      as `make fuzz-proc` does

Every case is made from its own number, so that a failing one is run alone: --only NUMBER. What
must hold of each is in the functions named check_ and the file. tests/unit/test_fuzz_proc.py runs
some, and lets a recorder read others.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Sequence

from memory_watcher.capture.texts import read
from memory_watcher.errors import MemoryWatcherError, SmapsFormatError, SourceError
from memory_watcher.model import MappingUsage, Totals, sum_totals
from memory_watcher.procfs.cgroup import parse_cgroup, parse_memberships, parse_number
from memory_watcher.procfs.cgroup import parse_stat as parse_cgroup_stat
from memory_watcher.procfs.cheap import parse_high_water_mark, parse_resident
from memory_watcher.procfs.process import (
    parse_rollup,
    parse_stat,
    parse_statm,
    parse_status,
    sum_smaps,
)
from memory_watcher.procfs.smaps import LayoutTracker
from memory_watcher.procfs.smaps_blocks import BlockParser
from memory_watcher.procfs.system import MeminfoTracker, parse_meminfo
from tests.captures import PROC, WHOLE, Entry, capture, parse_slowly, plain

LARGEST = 2**63 - 1
#: CPU seconds that no case may take: the slowest takes some hundredths.
PATIENCE = 5.0

_NUMBERS = [
    *(0, 1, 3, 4, 7, 8, 4096, 99_999_999, 100_000_000, 10**15 - 1, 10**15, 2**53 - 1, 2**53),
    *(2**63 // 1024, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**19, 10**25, 18014396678257232),
]
_PIECES = [
    *(b"\n", b"\r", b"\r\n", b" ", b"\t", b":", b"-", b"\0", b"\xff", b"\xc2\xa0", b"kB", b" kB"),
    *(b"Rss:", b"VmFlags: rd wr ", b"\nPss:                  12 kB\n", b"> ", b"[rollup]"),
    *(b"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n", b"-4", b"1_0", b"0x10", b"9" * 400),
    *(b"2000-1000 rw-p 0 0:0 0 \n", b"0-ffffffffffffffff rw-p 0 0:0 0 \n", b"(deleted)", b") R 1"),
    *(b"\nName:\tx\n", b"\nMemTotal:  1 kB\n", b"cat: /proc/1/smaps: No such process\n"),
]
_HEADER = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) [!-~]{4} [0-9a-f]{1,16} [0-9a-f]{1,8}:[0-9a-f]{1,5}"
    rb" ([0-9]{1,20})(?: .*)?",
    re.DOTALL,
)
_LINE = re.compile(rb"([A-Z]\w*): +(?:([0-9]{1,19})( kB)?|VmFlags)|VmFlags:(?: [a-z?0-9]{2})* ?")
_COUNTS = (b"THPeligible", b"ProtectionKey")


class Failure(Exception):
    """Something that must hold does not."""


def mutate(source: random.Random, text: bytes, others: Sequence[bytes]) -> bytes:
    """Change a text in some places: bytes, numbers, lines, blocks, or its end."""
    for _ in range(source.choice((1, 1, 1, 2, 3, 6))):
        text = source.choice(_MUTATIONS)(source, text, others)
    return text


def _insert(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    at = source.randint(0, len(text))
    return text[:at] + source.choice(_PIECES) + text[at:]


def _cut_out(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    at = source.randint(0, len(text))
    return text[:at] + text[at + source.choice((1, 2, 10, 100, 1000)) :]


def _cut_off(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    return text[: source.randint(0, len(text))]


def _flip(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    if not text:
        return text
    at = source.randrange(len(text))
    return text[:at] + bytes([source.randrange(256)]) + text[at + 1 :]


def _number(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Another number, in its column as a kernel prints it, or not."""
    found = [match.span() for match in re.finditer(rb" *[0-9]+(?= kB| |\n)", text)]
    if not found:
        return text
    start, end = source.choice(found)
    number = b"%d" % source.choice((*_NUMBERS, source.randrange(2**20)))
    if source.random() < 0.8:
        number = number.rjust(end - start)
    return text[:start] + number + text[end:]


def _lines(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Drop, double or swap lines."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    one, two = source.randrange(len(lines)), source.randrange(len(lines))
    what = source.randrange(3)
    if what == 0:
        del lines[one]
    elif what == 1:
        lines.insert(two, lines[one])
    else:
        lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _blocks(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Drop, double or move mappings."""
    blocks = [block for block in re.split(rb"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", text) if block]
    if len(blocks) < 2:
        return text
    one, two = source.randrange(len(blocks)), source.randrange(len(blocks))
    what = source.randrange(4)
    if what == 0:
        del blocks[one]
    elif what == 1:
        blocks.insert(two, blocks[one])
    elif what == 2:
        blocks = blocks[one:] + blocks[:one]
    else:
        blocks = blocks[: max(one, 1)]
    return b"".join(blocks)


def _join(source: random.Random, text: bytes, others: Sequence[bytes]) -> bytes:
    """Another text behind this one, or from somewhere on."""
    other = source.choice(others)
    at = source.choice((len(text), source.randint(0, len(text))))
    return text[:at] + other[source.choice((0, source.randint(0, len(other)))) :]


def _wrap(source: random.Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """What shells, editors and mail do to all lines."""
    return source.choice(
        (
            lambda: text.replace(b"\n", b"\r\n"),
            lambda: re.sub(rb"(?m)^(?=.)", b"> ", text),
            lambda: text.replace(b"\n", b"\n\n"),
            lambda: b"$ cat it\n" + text + b"$ ",
            lambda: b"\xef\xbb\xbf" + text,
            lambda: text.decode("latin-1").encode("utf-16"),
        )
    )()


_MUTATIONS: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_insert, _cut_out, _cut_off, _flip, _lines, _blocks, _blocks, _join, _wrap),
    *(_number, _number, _number, _number),
)


# -- smaps --------------------------------------------------------------------------------------


def well_formed(text: bytes) -> list[Entry] | None:
    """What a text means if it is as a kernel prints it, line by line; None if it is not.

    Nothing here is shared with the parsers of the package.
    """
    if not text.endswith(b"\n"):
        return None
    keys: set[bytes] = set()
    for number, line in enumerate(text[:-1].split(b"\n")):
        header = _HEADER.fullmatch(line)
        if header is not None:
            length = int(header[2], 16) - int(header[1], 16)
            if not 0 < length <= LARGEST or int(header[3]) >= 2**64:
                return None
            keys = set()
        elif number == 0 or not _is_line(line, keys):
            return None
    return parse_slowly(text)


def _is_line(line: bytes, keys: set[bytes]) -> bool:
    """Whether it is a figure, the first with its key; also of a kernel that is not known yet."""
    key = line.split(b":", 1)[0]
    found = _LINE.fullmatch(line)
    if found is None or key in keys:
        return False
    keys.add(key)
    if found[2] is None:
        return key == b"VmFlags"
    is_count = key in _COUNTS
    return bool(found[3]) != is_count and int(found[2]) * (1 if is_count else 1024) <= LARGEST


def sums_of(entries: Sequence[Entry]) -> Totals:
    """The sums, added up one by one."""
    return sum_totals([MappingUsage(*entry) for entry in entries])


def check_smaps(source: random.Random, text: bytes) -> str:
    """The recorder's parser, after any other text, and the loader: right, or refused."""
    expected = well_formed(text)
    fits = expected is None or all(size is None or size <= LARGEST for size in sums_of(expected))
    tracker = LayoutTracker(BlockParser())
    before = capture(source.choice(WHOLE))
    if source.random() < 0.5:
        tracker.accept(tracker.diff(bytearray(before), len(before)))
    try:
        layout = tracker.diff(bytearray(text), len(text))
        entries = list(layout.entries())
    except SmapsFormatError:
        if expected and fits:
            raise Failure("the recorder refuses a text as kernels print it") from None
    else:
        _compare(plain(entries), layout.totals, expected, "recorder")
        _hold(layout.totals)
    _check_sums(text, expected if fits else None)
    try:
        captured = read(text)
    except SmapsFormatError as error:
        if not re.search(r"[a-z]", str(error)) or "\n" in str(error):
            raise Failure(f"no message: {error}") from None
        return "refused" if expected is None else "refused, though well-formed"
    for each in captured.captures:
        _hold(sum_totals(each.entries))
    if expected is not None and not any(each.rollup for each in captured.captures):
        entries = [entry for each in captured.captures for entry in each.entries]
        _compare(plain(entries), sum_totals(entries), expected, "loader")
    return "loaded" if expected is None else "loaded, well-formed"


def _check_sums(text: bytes, expected: list[Entry] | None) -> None:
    """The sums that stand for smaps_rollup before 4.14, where every mapping tells them."""
    sums = sum_smaps(text)
    _bounded(tuple(sums))
    if expected:
        totals = sums_of(expected)
        for one, other in ((totals.rss, sums.rss), (totals.pss, sums.pss), (totals.uss, sums.uss)):
            if one is not None and one != other:
                raise Failure(f"sums of smaps: {other}, not {one}")


def _compare(entries: list[Entry], totals: Totals, expected: list[Entry] | None, who: str) -> None:
    if expected is None:
        return
    if entries != expected:
        raise Failure(f"{who}: other mappings than read line by line")
    if totals != sums_of(expected):
        raise Failure(f"{who}: other sums than added up one by one")


def _hold(totals: Totals) -> None:
    if any(size is not None and not 0 <= size <= LARGEST for size in totals):
        raise Failure(f"sums that nothing can hold: {totals}")


# -- the small files ----------------------------------------------------------------------------


def _bounded(values: object) -> None:
    """No figure that a recording cannot hold, however deep."""
    if isinstance(values, bool) or values is None or isinstance(values, (str, bytes, float)):
        return
    if isinstance(values, int):
        if not -LARGEST - 1 <= values <= LARGEST:
            raise Failure(f"a figure that nothing can hold: {values}")
    elif isinstance(values, dict):
        _bounded(list(values.values()))
    elif isinstance(values, (list, tuple)):
        for value in values:
            _bounded(value)


def check_statm(_: random.Random, text: bytes) -> str:
    """Seven plain numbers of pages are read as such; whatever else is refused or None."""
    words = text.split()
    try:
        statm = parse_statm(text, 4096)
        _bounded(statm)
        _bounded(parse_resident(text, 4096))
    except SourceError:
        return "refused"
    if len(words) == 7 and all(word.isdigit() and len(word) < 16 for word in words):
        pages = [int(word) * 4096 for word in words]
        if tuple(statm) != (*pages[:4], pages[5]):
            raise Failure(f"statm: {statm} of {text!r}")
        return "well-formed"
    return "read"


def check_status(_: random.Random, text: bytes) -> str:
    """Figures of lines as kernels print them are those of the lines."""
    try:
        status = parse_status(text)
        _bounded(tuple(status))
        _bounded(parse_high_water_mark(text))
    except SourceError:
        return "refused"
    lines = re.findall(rb"(?m)^VmHWM:\t *([0-9]{1,15}) kB$", text)
    if len(lines) == 1 and text.count(b"VmHWM:") == 1 and not text.startswith(b"VmHWM"):
        if status.high_water_mark != int(lines[0]) * 1024:
            raise Failure(f"status: VmHWM {status.high_water_mark} of {lines[0]!r}")
        return "well-formed"
    return "read"


def check_stat(_: random.Random, text: bytes) -> str:
    """The fields behind the last bracket, by their places."""
    try:
        stat = parse_stat(text)
    except SourceError:
        return "refused"
    _bounded(tuple(stat))
    fields = text[text.rindex(b")") + 2 :].split()
    if all(re.fullmatch(rb"[0-9]{1,15}", fields[at]) for at in (7, 9, 17, 19)):
        found = (stat.minor_faults, stat.major_faults, stat.threads, stat.start_time)
        if found != tuple(int(fields[at]) for at in (7, 9, 17, 19)):
            raise Failure(f"stat: {found}")
        return "well-formed"
    return "read"


def check_meminfo(source: random.Random, text: bytes) -> str:
    """Lines as kernels print them, each with its own figure; also told as what changed."""
    memory = parse_meminfo(text)
    _bounded(dict(memory.values))
    tracker = MeminfoTracker()
    tracker.changes(capture("6.18-python", "meminfo"))
    _bounded(dict(tracker.changes(text).values))
    lines = [line for line in text.split(b"\n") if line]
    pattern = rb"([A-Za-z_()0-9]{1,60}): +([0-9]{1,15})( kB)?"
    found = [re.fullmatch(pattern, line) for line in lines]
    names = [match[1] for match in found if match]
    if all(found) and len(set(names)) == len(lines) <= 512:
        expected = {
            match[1].decode(): int(match[2]) * (1024 if match[3] else 1) for match in found if match
        }
        if dict(memory.values) != expected:
            raise Failure("meminfo: other figures than its lines")
        return "well-formed"
    return "read"


def check_cgroup(_: random.Random, text: bytes) -> str:
    """Memberships, numbers and memory.stat of any text: something, or an error with a sentence."""
    try:
        parse_memberships(text)
        _bounded(parse_number(text))
        _bounded(parse_cgroup_stat(text))
        parse_cgroup(text.decode("utf-8", "surrogateescape"))
    except MemoryWatcherError:
        return "refused"
    return "read"


def check_rollup(_: random.Random, text: bytes) -> str:
    """Totals of smaps_rollup, or None."""
    try:
        _bounded(tuple(parse_rollup(text)))
    except SourceError:
        return "refused"
    return "read"


CGROUP_STAT = b"anon 4096\nfile 8192\nkernel 100\nshmem 0\npgfault 12\n"
_SOURCES: dict[str, tuple[Callable[[random.Random, bytes], str], list[bytes], int]] = {
    "smaps": (check_smaps, [capture(name) for name in WHOLE], 10),
    "statm": (check_statm, [path.read_bytes() for path in sorted(PROC.glob("*/statm"))], 2),
    "status": (check_status, [path.read_bytes() for path in sorted(PROC.glob("*/status"))], 2),
    "stat": (check_stat, [path.read_bytes() for path in sorted(PROC.glob("*/stat"))], 2),
    "meminfo": (check_meminfo, [capture("6.18-python", "meminfo")], 2),
    "cgroup": (
        check_cgroup,
        [capture("6.18-python", "cgroup"), CGROUP_STAT, b"4:memory:/a/b\n0::/c\n", b"max\n"],
        1,
    ),
    "rollup": (check_rollup, [capture("6.18-python", "smaps_rollup")], 1),
}


# -- one case -----------------------------------------------------------------------------------


def make_case(seed: int, number: int) -> tuple[str, bytes, random.Random]:
    """Make the case of that number: which file, its text, and the choices that are left."""
    source = random.Random(f"{seed}/{number}")
    kinds = list(_SOURCES)
    kind = source.choices(kinds, [_SOURCES[each][2] for each in kinds])[0]
    texts = _SOURCES[kind][1]
    return kind, mutate(source, source.choice(texts), texts), source


def run_case(seed: int, number: int) -> tuple[str, str]:
    """Run one case: which file, and how it ended.

    Raises Failure.
    """
    kind, text, source = make_case(seed, number)
    check = _SOURCES[kind][0]
    begin = time.process_time()
    try:
        end = check(source, text)
    except Exception as error:
        raise Failure(f"case {number} of seed {seed}, {kind}: {error!r}") from error
    if time.process_time() - begin > PATIENCE:
        raise Failure(f"case {number} of seed {seed}, {kind}: takes too long")
    return kind, end


def run(
    seed: int, numbers: Sequence[int], say: Callable[[str], object] | None = None
) -> dict[str, int]:
    """Run cases; tells how many ended how, by file. Raises Failure at the first that fails."""
    ends: dict[str, int] = {}
    for count, number in enumerate(numbers, 1):
        kind, end = run_case(seed, number)
        ends[f"{kind}: {end}"] = ends.get(f"{kind}: {end}", 0) + 1
        if say is not None and count % 5000 == 0:
            say(f"{count} cases\n")
    return ends


def main() -> int:
    """Run the cases that the command line asks for; prints how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER")
    args = parser.parse_args()
    numbers: Sequence[int] = range(args.count)
    if args.only is not None:
        numbers = [args.only]
        sys.stdout.buffer.write(make_case(args.seed, args.only)[1])
    try:
        ends = run(args.seed, numbers, sys.stderr.write)
    except Failure as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    for name, count in sorted(ends.items()):
        sys.stdout.write(f"{count:8d}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
