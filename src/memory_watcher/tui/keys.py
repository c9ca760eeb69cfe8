"""The keys: what each does, said once for the bindings, the line at the bottom and the help."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """One action. `keys` as textual names them, `shown` as a person does.

    `short` stands in the line at the bottom (empty: only in the help). `only` is "live" or "replay"
    where it is of use only there.
    """

    keys: str
    shown: str
    action: str
    short: str
    meaning: str
    only: str = ""


KEYS = (
    Key("space", "space", "toggle_time", "freeze", "freeze or resume", "live"),
    Key("space", "space", "toggle_time", "play", "play, or pause", "replay"),
    Key("left,right", "← →", "", "step", "one instant back or forward"),
    Key("shift+left,shift+right", "⇧← ⇧→", "", "", "jump 5 % back or forward"),
    Key("home", "Home", "first", "", "to the first instant"),
    Key("end", "End", "last", "", "to the last instant; live: to now"),
    Key("p", "p", "peak", "peak", "to the peak"),
    Key("g", "g", "ask_time", "go to", "to a time: 15:58:03, +90s from the start, 50%"),
    Key("plus,equals_sign", "+", "faster", "", "play faster", "replay"),
    Key("minus", "-", "slower", "", "play slower", "replay"),
    Key("m", "m", "mark", "mark", "mark this moment, and show what changed since; again: unmark"),
    Key("slash", "/", "ask_filter", "filter", "show only rows with this in their name or kind"),
    Key("1,2,3,4", "1 2 3 4", "", "group", "group by kind, name, mapping, process"),
    Key("b", "b", "next_grouping", "", "the next grouping"),
    Key("f", "f", "next_figure(1)", "figure", "the next figure: PSS, RSS, USS, swap"),
    Key("F", "F", "next_figure(-1)", "", "the figure before"),
    Key("s", "s", "sort(1)", "sort", "sort by the next column"),
    Key("S", "S", "sort(-1)", "", "sort by the column before"),
    Key("r", "r", "reverse", "", "sort the other way round"),
    Key("z", "z", "fold", "", "fold processes that do the same into one row, or unfold them"),
    Key("enter", "Enter", "open", "", "open the process of this row; unfold the group"),
    Key("escape", "Esc", "leave", "", "drop the filter; then, back to all processes"),
    Key("question_mark,h", "?", "help", "help", "this help"),
    Key("q", "q", "quit", "quit", "quit"),
)

#: Keys that share a line of the help, and those that need no line.
MORE_BINDINGS = (
    ("left", "step(-1)"),
    ("right", "step(1)"),
    ("shift+left", "jump(-1)"),
    ("shift+right", "jump(1)"),
    ("1", "group('kind')"),
    ("2", "group('name')"),
    ("3", "group('mapping')"),
    ("4", "group('process')"),
    ("up,k", "row(-1)"),
    ("down,j", "row(1)"),
    ("pageup", "page(-1)"),
    ("pagedown", "page(1)"),
)

#: The entries of the line at the bottom, those first that are there even if there is little room.
BOTTOM = (
    *("quit", "help", "freeze", "play", "step", "mark", "filter"),
    *("peak", "group", "figure", "sort", "go to"),
)


def keys_for(live: bool) -> list[Key]:
    """The keys of one source."""
    other = "replay" if live else "live"
    return [key for key in KEYS if key.only != other]
