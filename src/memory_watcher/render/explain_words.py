"""The sentences of each finding: what was found, with its figures, and what can be done about it.

A finding's id leads to its function here, and to its section of docs/explain.md. Names are put in
as they are: who shows the text escapes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..analysis.findings.base import Example, Finding
from ..answers.explain import Explanation
from ..metrics import LAYOUT
from ..units import format_duration, format_size, format_time, group_digits, plural
from .assurance_text import missed
from .elide import elide

Words = Callable[[Finding, Explanation], list[str]]

DOCS = "docs/explain.md"
_LONGEST_NAME = 60


def sentences(finding: Finding, explanation: Explanation) -> list[str]:
    """What a person reads: the first sentence says what was found."""
    return WORDS[finding.id](finding, explanation)


def pointer(finding: Finding) -> str:
    """Where it is explained."""
    return f"{DOCS}#{finding.id}"


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "less than 1 %"
    return "over 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def _size(size: int) -> str:
    return format_size(size)


#: Kinds whose own word does not stand well in a sentence.
_KINDS = {
    "anonymous": "anonymous memory",
    "heap": "the heap",
    "thread stack": "thread stacks",
    "malloc arena": "malloc arenas",
    "named anonymous": "named anonymous memory",
    "runtime": "heaps of language runtimes",
    "allocator": "what other allocators took",
    "library": "programs and libraries",
    "file": "mapped files",
    "deleted file": "deleted files",
    "device": "device memory",
    "kernel": "memory of the kernel",
}


def _named(name: str) -> str:
    """A kind as people say it, or a name, of which the middle may be left out."""
    return _KINDS.get(name, elide(name, _LONGEST_NAME))


def _subject(name: str) -> str:
    """The same at the beginning of a sentence: a name keeps its letters."""
    said = _named(name)
    return said[0].upper() + said[1:] if name in _KINDS else said


def _list(examples: Iterable[Example], word: str = " with ") -> str:
    parts = [f"{_named(each.name)}{word}{_size(each.size)}" for each in examples]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _most(finding: Finding, lead: str = "The most is in") -> list[str]:
    return [f"{lead} {_list(finding.examples)}."] if finding.examples else []


def _dominates(finding: Finding, explanation: Explanation) -> list[str]:
    figures, title = finding.figures, LAYOUT[finding.word].title
    kinds = finding.examples[: figures["kinds"]]
    whole = figures["memory"]
    is_least = any(each.id == "no-layout" for each in explanation.findings)
    share = f"{'At least ' * is_least}{_share(kinds[0].size, whole)}"
    said = [
        f"{share} of the memory is in {_named(kinds[0].name)}:"
        f" {_size(kinds[0].size)} of {_size(whole)} {title}."
    ]
    for name in finding.examples[figures["kinds"] :]:
        said.append(f"The biggest of that is {_named(name.name)} with {_size(name.size)}.")
    if len(kinds) > 1:
        rest = [f"{_named(each.name)} with {_share(each.size, whole)}" for each in kinds[1:]]
        said.append(f"Next: {' and '.join(rest)}.")
    return said


def _no_layout(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    size, without = figures["size"], figures["without"]
    return [
        f"{_size(size)} of {_size(figures['memory'])} ({_share(size, figures['memory'])}) is in no"
        f" kind: {without} of the {figures['processes']} processes"
        f" {'has' if without == 1 else 'have'} no layout at this moment.",
    ]


def _biggest_process(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"Of {figures['processes']} processes, {_named(finding.examples[0].name)} has the most:"
        f" {_size(figures['most'])} of {_size(figures['memory'])} PSS"
        f" ({_share(figures['most'], figures['memory'])}).",
        *([f"Next: {_list(finding.examples[1:])}."] if len(finding.examples) > 1 else []),
    ]


def _sharing(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"The {figures['processes']} processes share memory: their RSS adds up to"
        f" {_size(figures['rss'])}, but they use {_size(figures['pss'])} (PSS).",
        f"A sum of RSS, as in top, counts {_size(figures['counted_again'])} again.",
        *_most(finding, "Most of that is in"),
    ]


def _growth(finding: Finding, explanation: Explanation) -> list[str]:
    figures, said = finding.figures, []
    name = _subject(finding.examples[0].name) if finding.examples else "The memory as a whole"
    since = f" since {format_time(figures['since_ns'])}" if "since_ns" in figures else ""
    rise, held = _size(figures["rise"]), _size(figures["held"])
    if finding.word == "growing" and "rate_per_hour" in figures:
        low, high = _size(figures["rate_low"]), _size(figures["rate_high"])
        said.append(
            f"{name} grows by {_size(figures['rate_per_hour'])} an hour{since}"
            f" (95 % interval: {low} to {high})."
        )
        said.append(f"It rose by {rise} while it was recorded; {held} of that is there at the end.")
    elif finding.word in _ROSE:
        said.append(f"{name} rose by {rise}{_ROSE[finding.word]}{since}; {held} of that is left.")
    else:
        said.append(_no_growth(finding, explanation, name))
    if figures["groups"] > 1:
        said.append(f"Also rising: {_list(finding.examples[1:], ' by ')}.")
    return said


#: How what rose did so.
_ROSE = {
    "growing": "",
    "step": " in one step",
    "saturating": ", and levels off,",
    "freed again": "",
}


def _no_growth(finding: Finding, explanation: Explanation, name: str) -> str:
    figures, span = finding.figures, format_duration(explanation.span_ns)
    if finding.word == "too short":
        needed = figures.get("needed_ns")
        more = f"; about {format_duration(needed)} would be enough" if needed else ""
        return f"{span} are too short to say what grows{more}."
    certain = "did not grow" if finding.word == "flat" else "shows no clear growth"
    return f"{name} {certain} in {span}: its low points rose by {_size(figures['rise'])}."


def _peak(finding: Finding, explanation: Explanation) -> list[str]:
    figures, name = finding.figures, finding.examples[0].name
    found = explanation.assurances[name]
    told = missed(found.gap, found.known, found.mark)
    if explanation.is_one:
        return [f"The highest layout has {_size(figures['highest_rss'])} RSS: {told}."]
    judged = f"{figures['processes']} processes"
    if figures["processes"] < explanation.processes:
        judged = f"the {figures['processes']} biggest processes with layouts"
    if figures["with_higher"]:
        return [
            f"Of {judged}, {figures['with_higher']} had a higher RSS than"
            f" any of their layouts: the RSS of {_named(name)} was up to {_size(figures['missed'])}"
            " higher."
        ]
    return [f"Of {judged}, none is known to have had a higher RSS than its layouts show."]


def _mapping_count(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    count, limit = figures["mappings"], figures["limit"]
    return [
        f"{_named(finding.examples[0].name)} has {group_digits(count)} mappings,"
        f" {_share(count, limit)} of the {group_digits(limit)} that this machine allows;"
        f" {group_digits(figures['of_kind'])} of them are {finding.word}.",
        f"At {group_digits(limit)} (vm.max_map_count) mmap fails, and so malloc, however much"
        " memory is free.",
    ]


def _swap(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    now, highest = figures["swap"], figures["highest"]
    said = []
    if now:
        said.append(
            f"{_size(now)} is in swap, beside {_size(figures['memory'])} in memory: what is not"
            " resident is missing from RSS and PSS."
        )
        said += _most(finding)
    if highest > now:
        said.append(f"At another moment {_size(highest)} was in swap.")
    return said


def _locked(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"{_size(figures['locked'])} is locked into memory (mlock): the kernel can neither swap nor"
        " drop it.",
        *_most(finding),
    ]


def _oom_kills(finding: Finding, explanation: Explanation) -> list[str]:
    count, path = finding.figures["kills"], _named(finding.examples[0].name)
    why = (
        "the cgroup had reached its limit"
        if finding.figures["reached"]
        else "not its own limit, but a cgroup above it or the machine had no memory left"
    )
    return [
        f"The kernel ended {plural(count, 'process', 'processes')} of the cgroup {path} while it"
        f" was recorded: {why}."
    ]


def _cgroup_cache(finding: Finding, explanation: Explanation) -> list[str]:
    figures, path = finding.figures, _named(finding.examples[0].name)
    current = figures["current"]
    said = [
        f"Of the {_size(current)} that the cgroup {path} is charged for, {_size(figures['cache'])}"
        f" ({_share(figures['cache'], current)}) is page cache, which the kernel gives back under"
        " pressure."
    ]
    if figures["shared"]:
        said.append(
            f"{_size(figures['shared'])} is in tmpfs and shared memory, which stays until it is"
            " deleted."
        )
    return said


def _arenas(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    taken, resident = figures["taken"], figures["resident"]
    threads = f" for {figures['threads']} threads" if figures["threads"] else ""
    heaps = plural(figures["heaps"], "heap", "heaps")
    return [
        f"malloc has {heaps} of arenas{threads}, which hold {_size(figures['memory'])}.",
        f"It has taken {_size(taken)} of their {_size(figures['address_space'])}, and"
        f" {_share(resident, taken)} of that is resident.",
        f"To find out how much of the {_size(figures['memory'])} is free inside malloc, run it with"
        " MALLOC_ARENA_MAX=2, or let it call malloc_trim.",
    ]


def _stacks(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"{plural(figures['stacks'], 'thread stack', 'thread stacks')} take"
        f" {_size(figures['address_space'])} of address space, but only"
        f" {_size(figures['resident'])} of memory; the fullest uses {_size(figures['fullest'])} of"
        f" {_size(figures['fullest_size'])}.",
        f"Smaller stacks would save address space, but at most {_size(figures['resident'])} of"
        " memory.",
    ]


def _huge_page_stacks(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"{plural(figures['stacks'], 'thread stack is', 'thread stacks are')} in huge pages and"
        f" {'holds' if figures['stacks'] == 1 else 'hold'} {_size(figures['resident'])}; a stack"
        f" without them needs {_size(figures['most_of_others'])} at most (of {figures['others']}).",
        f"So about {_size(figures['saved'])} of these huge pages is empty.",
        "A stack size that is no multiple of 2 MiB, or transparent huge pages set to madvise,"
        " avoids that.",
    ]


def _huge_pages(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    huge, anonymous = figures["huge_pages"], figures["anonymous"]
    return [
        f"{_size(huge)} of {_size(anonymous)} anonymous memory ({_share(huge, anonymous)}) is in"
        " transparent huge pages.",
        *_most(finding),
        f"How much of the {_size(huge)} is in use the kernel does not report; a run without huge"
        " pages would show it.",
    ]


def _huge_page_pool(finding: Finding, explanation: Explanation) -> list[str]:
    return [
        f"The machine has set aside {_size(finding.figures['free'])} of huge pages"
        " (vm.nr_hugepages) that are not in use: no other memory can be taken from them."
    ]


def _hugetlb(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    size, memory = _size(figures["hugetlb"]), _size(figures["memory"])
    if finding.word == "at least":  # how much of it is the same in several processes is not told
        size = f"Between {size} and {_size(figures['most'])}"
    return [
        f"{size} is in huge pages (hugetlb), beside the {memory} of memory: they are in"
        " neither RSS nor PSS.",
        *_most(finding),
    ]


def _lazily_freed(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"{_size(figures['lazy_free'])} was given back by the program (MADV_FREE), and still"
        " counts: the kernel takes it when memory is short."
    ]


def _library_builds(finding: Finding, explanation: Explanation) -> list[str]:
    figures, first = finding.figures, finding.examples[0]
    said = [
        f"{first.name} is in use in {figures['builds']} builds, by"
        f" {plural(figures['processes'], 'process', 'processes')}: build IDs differ, so no page of"
        " them is shared."
    ]
    if figures["libraries"] > 1:
        said.append(
            f"{figures['libraries']} libraries are, with {_size(figures['size'])} PSS in all."
        )
    return said


def _same_build_apart(finding: Finding, explanation: Explanation) -> list[str]:
    figures, first = finding.figures, finding.examples[0]
    return [
        f"The same build of {first.name} is mapped from {figures['files']} files, so its pages are"
        f" in memory once for each: {_size(figures['again'])} more than from one file"
        f" ({plural(figures['libraries'], 'library', 'libraries')})."
    ]


def _deleted_files(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    files = plural(figures["files"], "deleted file is", "deleted files are")
    said = [f"{files} still mapped, with {_size(figures['size'])} in memory, and room on a disk."]
    said += _most(finding, "It is" if figures["files"] == 1 else "Among them:")
    if figures["programs"]:
        them = plural(figures["programs"], "is a program or library", "are programs or libraries")
        said.append(f"{them}: replaced on disk, but the old ones run until a restart.")
    return said


def _dirty_libraries(finding: Finding, explanation: Explanation) -> list[str]:
    figures = finding.figures
    return [
        f"{plural(figures['libraries'], 'program or library', 'programs and libraries')} hold"
        f" {_size(figures['dirty'])} of modified memory of their own"
        f" ({_share(figures['dirty'], figures['memory'])} of all): relocated pointers, data and"
        " .bss.",
        *_most(finding),
    ]


def _clean_files(finding: Finding, explanation: Explanation) -> list[str]:
    figures, title = finding.figures, LAYOUT[finding.word].title
    clean, whole = figures["clean"], figures["whole"]
    return [
        f"{_size(clean)} of {_size(whole)} {title} ({_share(clean, whole)}) is clean pages of"
        " files: they count as memory use, but the kernel drops them when it needs room.",
        *_most(finding),
    ]


WORDS: Mapping[str, Words] = {
    "dominates": _dominates,
    "no-layout": _no_layout,
    "biggest-process": _biggest_process,
    "sharing": _sharing,
    "growth": _growth,
    "peak": _peak,
    "mapping-count": _mapping_count,
    "swap": _swap,
    "locked": _locked,
    "oom-kills": _oom_kills,
    "cgroup-cache": _cgroup_cache,
    "arenas": _arenas,
    "stacks": _stacks,
    "huge-page-stacks": _huge_page_stacks,
    "huge-pages": _huge_pages,
    "huge-page-pool": _huge_page_pool,
    "hugetlb": _hugetlb,
    "lazily-freed": _lazily_freed,
    "library-builds": _library_builds,
    "same-build-apart": _same_build_apart,
    "deleted-files": _deleted_files,
    "dirty-libraries": _dirty_libraries,
    "clean-files": _clean_files,
}
