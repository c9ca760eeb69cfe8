"""What tells a process apart from others of its name: "postgres: checkpointer", "renderer". Pure.

A name is at most 15 bytes, and all processes of a server or of a browser share it. What tells them
apart stands in their arguments: a title that the program wrote over them, the type of process of a
browser, the script of an interpreter, the jar or class of a Java program, or else what differs.

Texts here are the program's own, and may hold anything: whoever shows them escapes them.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple, Protocol, TypeVar

from .scripts import Script, script_of

_K = TypeVar("_K", bound=Hashable)

#: A role is a short label: no longer than this, cut in the middle. The command line has it all.
LONGEST = 120
#: So much of a command line is looked at: what tells processes apart stands near its beginning.
_CHARACTERS = 16_384
_ARGUMENTS = 200


class Program(NamedTuple):
    """What runs in a process: its name (comm) and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()


class Role(NamedTuple):
    """What tells a process apart; `text` is empty if nothing does.

    `label` names the process, with its role. `group` is the label of all that do the same: it
    leaves out what differs from one worker to the next.
    """

    text: str
    label: str
    group: str


class _Own(NamedTuple):
    """What a process tells by itself: `text`, and arguments that may tell more beside others.

    `is_whole`: the text names the program already.
    """

    text: str
    group: str
    rest: tuple[str, ...] = ()
    is_whole: bool = False
    is_typed: bool = False


def roles(programs: Mapping[_K, Program]) -> dict[_K, Role]:
    """Tell the role of each of some processes, among those of its name."""
    own = {key: _own(program) for key, program in programs.items()}
    namesakes: dict[str, list[_K]] = {}
    for key, program in programs.items():
        namesakes.setdefault(program.name, []).append(key)
    found: dict[_K, Role] = {}
    for name, keys in namesakes.items():
        is_typed = any(own[key].is_typed for key in keys)
        alike: dict[str, list[_K]] = {}
        for key in keys:
            alike.setdefault(own[key].text, []).append(key)
        for text, members in alike.items():
            if not text and is_typed:
                main = "browser" if _BROWSERS.search(name) else "main"
                found.update({key: _role(name, _Own(main, main), "") for key in members})
                continue
            rests = [own[key].rest for key in members]
            # Beside others with a title or a script even equal arguments tell something: a server
            # and forks of it that have no title yet.
            is_apart = not text and len(members) < len(keys)
            common = set.intersection(*map(set, rests))
            if is_apart and all(set(rest) == common for rest in rests):
                common = set()
            for key, rest in zip(members, rests, strict=True):
                found[key] = _role(name, own[key], _differing(rest, common))
    return {key: found[key] for key in programs}


def _role(name: str, own: _Own, differing: str) -> Role:
    text = _shortened(" ".join(part for part in (own.text, differing) if part))
    if own.is_whole:
        return Role(text, text, _shortened(own.group))
    return Role(text, f"{name} {text}".strip(), f"{name} {_shortened(own.group)}".strip())


def _differing(arguments: Sequence[str], common: set[str]) -> str:
    """The arguments that not all have; a value with the option before it."""
    parts = []
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if argument in common:
            continue
        is_option = before.startswith("-") and "=" not in before and before in common
        parts.append(f"{before} {argument}" if is_option else argument)
    return " ".join(" ".join(parts).split())


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    tail = (LONGEST - 1) // 2
    return f"{text[: LONGEST - 1 - tail]}…{text[-tail:]}"


# -- one process ------------------------------------------------------------------------------


def _own(program: Program) -> _Own:
    name = program.name
    arguments = _arguments(program.arguments)
    if not arguments:
        return _Own("", "")
    if _is_title(arguments):
        title = " ".join(arguments[0].split())
        return _Own(title, _without_particulars(title), is_whole=True)
    if kind := _process_type(arguments):
        return _Own(kind, kind, is_typed=True)
    script = script_of(arguments)
    if script is None:
        return _Own("", "", arguments[1:])
    text = _script_text(script, name)
    return _Own(text, text, script.rest)


def _script_text(script: Script, name: str) -> str:
    """The script, unless the process is named after it as it is."""
    last = script.text.rsplit("/", 1)[-1]
    is_named_so = len(name) > 2 and last.encode("utf-8", "surrogateescape")[:15] == name.encode(
        "utf-8", "surrogateescape"
    )
    return "" if is_named_so else " ".join(script.text.split())


def _arguments(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Arguments as they were meant: Chromium's children write theirs over as one text."""
    arguments = arguments[:_ARGUMENTS]
    told = tuple(argument for argument in arguments if argument)
    if len(told) == 1 and (program := _WITH_SWITCHES.match(told[0])):
        return program[0], *told[0][program.end() : _CHARACTERS].split()
    return tuple(argument[:_CHARACTERS] for argument in told)


#: A program with its switches, all in one text: given by its path, or of a browser.
_WITH_SWITCHES = re.compile(r"/.*?\S(?= --?[a-zA-Z])|[^ ]+(?= .*--type=)", re.DOTALL)
#: `nginx: worker process`, `sshd: user@pts/0`: a word, a colon, and what it does.
_TITLE = re.compile(r"[^\s/:][^\s:]{0,63}:+ ?\S")
_BROWSERS = re.compile(r"chrom|brave|edge|opera|vivaldi|thorium", re.IGNORECASE)


def _is_title(arguments: tuple[str, ...]) -> bool:
    first = arguments[0]
    if _TITLE.match(first) and (": " in first or len(arguments) == 1):
        return True
    return len(arguments) == 1 and " " in first.strip() and not first.startswith("/")


#: What connections of a database are at just now, and where from: their roles are the same.
_PARTICULARS = re.compile(r" (?:\[local\]|\S+\(\d+\)).*", re.DOTALL)
#: A number behind a word, and one that stands by itself.
_NUMBER_BEHIND = re.compile(r"[-/:#]\d+(?=[^\w./]|$)")
_NUMBER_ALONE = re.compile(r"(?<!\S)#?\d[\d.:]*(?!\S)")


def _without_particulars(title: str) -> str:
    """A title without what is only this process's: numbers, addresses, the query of a database."""
    kept = _PARTICULARS.sub("", title, count=1) if title.startswith("postgres: ") else title
    kept = " ".join(_NUMBER_ALONE.sub("", _NUMBER_BEHIND.sub("", kept)).split())
    return kept if kept.strip(" :") else title


_TYPES = frozenset(
    {
        *("renderer", "gpu-process", "utility", "zygote", "broker", "plugin", "sandbox-ipc"),
        *("ppapi", "ppapi-broker", "nacl-loader", "nacl-broker", "crashpad-handler", "service"),
    }
)


def _process_type(arguments: tuple[str, ...]) -> str:
    """What a part of Chromium, Electron, Qt WebEngine or Firefox is for; empty if it is none."""
    options = dict(
        option.split("=", 1)
        for option in takewhile(lambda argument: argument != "--", arguments[1:])
        if option.startswith("--") and "=" in option
    )
    kind = options.get("--type", "")
    if kind in _TYPES:
        if kind == "renderer" and "--extension-process" in arguments:
            return "extension renderer"
        part = options.get("--utility-sub-type", "").rsplit(".", 1)[-1]
        return f"{kind} {part}".strip()
    if "-contentproc" in arguments and re.fullmatch("[a-z]{2,20}", arguments[-1]):
        return arguments[-1]
    return ""


# -- of a recording ---------------------------------------------------------------------------

_WORD = re.compile(r"""(?:[^\s'"]+|'[^']*'|"[^"]*")+""")
_EMPTY_END = re.compile(r"(?: '')+$")
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")


@lru_cache(maxsize=4096)
def split(command_line: str | None) -> tuple[str, ...]:
    """The arguments of a command line that was quoted as for a shell, as far as needed.

    shlex.split takes 1 us for each character: seconds for the processes of one browser.
    """
    if command_line is None:
        return ()
    words = _WORD.findall(command_line[:_CHARACTERS])
    return tuple(
        _QUOTED.sub(lambda match: match[1] if match[1] is not None else match[2], word)
        for word in words
    )


class Image(Protocol):
    """What execve put into a process, as a recording tells it."""

    @property
    def name(self) -> str:
        """Its name (comm)."""

    @property
    def command_line(self) -> str | None:
        """Its arguments, quoted as for a shell."""

    @property
    def exe(self) -> str | None:
        """Its executable."""


class Recorded(Protocol):
    """A process of a recording."""

    @property
    def id(self) -> int:
        """Its number in the recording."""

    @property
    def images(self) -> Sequence[Image]:
        """What it was running, in order of time."""

    def image_at(self, tick: int) -> Image | None:
        """What it was running then."""


def roles_at(processes: Iterable[Recorded], tick: int = 2**62) -> dict[int, Role]:
    """Tell by process id the roles of recorded processes at a tick; by default, their last."""
    return roles({process.id: _program_at(process, tick) for process in processes})


def _program_at(process: Recorded, tick: int) -> Program:
    """What a process ran, by the title that it soon set: a fork begins with its parent's."""
    image = process.image_at(tick)
    if image is None:
        return Program("")
    found = program_of(image)
    later = iter(process.images)
    for each in later:
        if each is image:
            break
    following = next(later, None)
    if following is None or (following.name, following.exe) != (image.name, image.exe):
        return found
    renamed = program_of(following)
    had, has = (bool(p.arguments) and _is_title(_arguments(p.arguments)) for p in (found, renamed))
    return renamed if has and not had else found


def program_of(image: Image) -> Program:
    """What a recorded image ran."""
    return Program(image.name, split(image.command_line))


def shown_command_line(command_line: str) -> str:
    """A command line without the empty arguments that older recordings have behind a title."""
    told = _EMPTY_END.sub("", command_line)
    is_title = told.startswith("'") and " " in told and len(_WORD.findall(told)) == 1
    return told if is_title or len(command_line) - len(told) > len(" ''") else command_line
