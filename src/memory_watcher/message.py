"""Messages that name settings: by a command's option where it has one, else in plain words.

Only the command line knows what its options are called. An error or a notice says where a setting
belongs in its sentence; str() of it reads well in a script, and `cli` puts the options in.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Setting(enum.Enum):
    """What a message may name, or advise to set or to run."""

    ALIGN = enum.auto()
    AT = enum.auto()
    AT_B = enum.auto()
    BY = enum.auto()
    CGROUP = enum.auto()
    COMMAND_LINE = enum.auto()
    CONTAINER = enum.auto()
    FAST_PERIOD = enum.auto()
    FIGURE = enum.auto()
    FULL_EVERY = enum.auto()
    IMPORT = enum.auto()
    LOAD = enum.auto()
    LOWEST = enum.auto()
    MAX_CPU = enum.auto()
    MAX_SIZE = enum.auto()
    MAX_STALL = enum.auto()
    MEMORY = enum.auto()
    NAME = enum.auto()
    PERIOD = enum.auto()
    PID = enum.auto()
    PROC = enum.auto()
    PROCESS = enum.auto()
    PROCESS_B = enum.auto()
    PROCESS_ID = enum.auto()
    REPAIR = enum.auto()
    RESET_PEAK = enum.auto()
    TIME = enum.auto()
    UNIT = enum.auto()
    USER = enum.auto()
    VERIFY = enum.auto()
    WAIT = enum.auto()
    WAIT_ALL = enum.auto()


# No dataclass: those load `inspect`, and with it a fifth of what `--version` takes.
class Named(NamedTuple):
    """A part of a message that names a setting.

    `without` is what a reader sees who has no option for it; in `with_option`, {} is the option.
    """

    setting: Setting
    without: str
    with_option: str = "{}"


Part = str | Named
Message = tuple[Part, ...]

#: The option that stands for a setting; None where there is none.
OptionOf = Callable[[Setting], str | None]


def worded(message: Iterable[Part], option_of: OptionOf) -> str:
    """The whole sentence, for somebody who has these options."""
    return "".join(part if isinstance(part, str) else _named(part, option_of) for part in message)


def plain(message: Iterable[Part]) -> str:
    """The whole sentence, for somebody who has no options: in a script, or inside the UI."""
    return worded(message, lambda setting: None)


def _named(part: Named, option_of: OptionOf) -> str:
    option = option_of(part.setting)
    return part.without if option is None else part.with_option.replace("{}", option)
