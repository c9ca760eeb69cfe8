"""What an interpreter runs: its script, module, code, jar or class. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple


class Script(NamedTuple):
    """What is run, as short as it can be told; `rest` are the arguments given to it."""

    text: str
    rest: tuple[str, ...]


class _Syntax(NamedTuple):
    """The options of an interpreter that matter here, by their letter or name.

    `values` take a value, `code` takes the program itself, `module` the name of a module, `file`
    the script. Letters may stand together (`-Im`) unless `is_separate`.
    """

    values: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    file: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    is_separate: bool = False


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PYTHON = _Syntax(_set("W X Q --check-hash-based-pycs"), code=_set("c"), module=_set("m"))
_SHELL = _Syntax(_set("o O --rcfile --init-file"), code=_set("c"), is_separate=True)
_NODE = _Syntax(
    _set("r C --require --import --loader --experimental-loader --conditions --env-file"),
    code=_set("e p --eval --print"),
)
_SYNTAXES = {
    "python": _PYTHON,
    "pypy": _PYTHON,
    "node": _NODE,
    "nodejs": _NODE,
    "bun": _Syntax(commands=_set("run x")),
    "deno": _Syntax(commands=_set("run serve task"), values=_set("c --config")),
    "perl": _Syntax(_set("I"), code=_set("e E")),
    "ruby": _Syntax(_set("I r C E"), code=_set("e")),
    "php": _Syntax(_set("c d z S t"), code=_set("r"), file=_set("f")),
    "lua": _Syntax(_set("l"), code=_set("e")),
    "luajit": _Syntax(_set("l"), code=_set("e")),
    "tclsh": _Syntax(),
    "wish": _Syntax(),
    "guile": _Syntax(_set("L l"), code=_set("c")),
    "julia": _Syntax(_set("p t J C L --project"), code=_set("e E")),
    "Rscript": _Syntax(code=_set("e")),
    "R": _Syntax(code=_set("e"), file=_set("f --file")),
    "dotnet": _Syntax(
        commands=_set("exec"), values=_set("--depsfile --runtimeconfig --roll-forward")
    ),
    "mono": _Syntax(),
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish"), _SHELL),
}
_VERSION = re.compile(r"-?\d[\d.]*[a-z]?$|-dbg$|-config$")
_JAVA_VALUES = _set(
    "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-exports"
    " --add-opens --add-reads --limit-modules --source --enable-native-access"
)
#: Names that say little without the folder they lie in.
_GENERAL = _set(
    "__main__.py main.py app.py run.py cli.py manage.py server.py index.js main.js app.js server.js"
    " cli.js start.js index.php main.rb app.rb main.lua main.pl cli run main app"
)
#: How Python's multiprocessing starts what it starts.
_MULTIPROCESSING = (
    ("multiprocessing.spawn", "multiprocessing worker"),
    ("multiprocessing.forkserver", "multiprocessing forkserver"),
    ("multiprocessing.resource_tracker", "multiprocessing resource tracker"),
    ("multiprocessing.semaphore_tracker", "multiprocessing semaphore tracker"),
)


def script_of(arguments: tuple[str, ...]) -> Script | None:
    """What an interpreter was told to run; None if this is none, or was told nothing."""
    program = arguments[0].removesuffix(" (deleted)").rsplit("/", 1)[-1]
    if program.startswith("-") and len(arguments) == 1:
        return Script("login", ())
    family = program.removeprefix("-")
    if family not in _SYNTAXES:
        family = _VERSION.sub("", family)
    if family in ("java", "javaw"):
        return _java(arguments)
    if family == "beam.smp":
        return _erlang(arguments)
    syntax = _SYNTAXES.get(family)
    return None if syntax is None else _run_by(syntax, arguments[1:])


def _run_by(syntax: _Syntax, arguments: tuple[str, ...]) -> Script | None:
    waiting = iter(enumerate(arguments, 1))
    for position, argument in waiting:
        if argument in ("-", "--"):
            return _file(arguments[position:]) if argument == "--" else Script("-", ())
        if not argument.startswith(("-", "+")):
            if argument in syntax.commands:
                continue
            return _file(arguments[position - 1 :])
        name, _, value = argument.partition("=")
        for option, attached in _options(argument, name, value, syntax):
            found = _told(syntax, option, attached, arguments[position:])
            if found is not None:
                return found
            if option in syntax.values:
                if not attached:
                    next(waiting, None)
                break
    return None


def _options(argument: str, name: str, value: str, syntax: _Syntax) -> Iterator[tuple[str, str]]:
    """The options that stand in one argument, each with the value that stands there, too."""
    if argument.startswith("--"):
        yield name, value
        return
    for place in range(1, len(argument)):
        yield argument[place], "" if syntax.is_separate else argument[place + 1 :]


def _told(syntax: _Syntax, option: str, attached: str, following: tuple[str, ...]) -> Script | None:
    """The program, if this option gives it."""
    if option not in syntax.code | syntax.module | syntax.file:
        return None
    if syntax.is_separate:  # a shell's further options may stand between -c and its command
        while following and following[0].startswith("-"):
            following = following[1:]
    given = (attached, *following) if attached else following
    if not given:
        return None
    if option in syntax.file:
        return _file(given)
    if option in syntax.module:
        return Script(f"-m {given[0]}", given[1:])
    for mark, text in _MULTIPROCESSING:
        if mark in given[0]:
            return Script(text, ())
    return Script(f"-c {given[0]}" if option == "c" else f"-e {given[0]}", given[1:])


def _file(arguments: tuple[str, ...]) -> Script | None:
    if not arguments:
        return None
    path = arguments[0]
    folder, _, name = path.rstrip("/").rpartition("/")
    parent = folder.rsplit("/", 1)[-1]
    if name in _GENERAL and parent not in ("", ".", "..", "bin"):
        name = f"{parent}/{name}"
    return Script(name or path, arguments[1:])


def _java(arguments: tuple[str, ...]) -> Script | None:
    """The jar, or the module or class with its package."""
    waiting = iter(enumerate(arguments[1:], 2))
    for position, argument in waiting:
        if argument in ("-jar", "-m", "--module"):
            following = arguments[position:]
            return _file(following) if argument == "-jar" else _class(following)
        if argument in _JAVA_VALUES:
            next(waiting, None)
        elif not argument.startswith(("-", "@")):
            return _class(arguments[position - 1 :])
    return None


def _class(arguments: tuple[str, ...]) -> Script | None:
    return Script(arguments[0], arguments[1:]) if arguments else None


def _erlang(arguments: tuple[str, ...]) -> Script | None:
    """The name of an Erlang node."""
    for option, value in pairwise(arguments):
        if option in ("-sname", "-name"):
            return Script(value, ())
    return None
