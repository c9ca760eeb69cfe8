"""What the keys do, over everything else."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from .keys import keys_for
from .paint import ACCENT, BAD, FAINT, RAISED, TEXT, WARNING, style


class HelpScreen(ModalScreen[None]):
    """Closes at Esc, q, ? and Enter."""

    CSS = """
    HelpScreen { align: center middle; background: black 50%; }
    #help { width: 78; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
             background: $raised; color: $ink; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,h,enter,space", "dismiss", "close")
    ]

    def __init__(self, live: bool) -> None:
        super().__init__()
        self._live = live

    def compose(self) -> ComposeResult:
        """One text."""
        with VerticalScroll(id="help"):
            yield Static(self._text())

    def _text(self) -> Text:
        text = Text()
        for key in keys_for(self._live):
            text.append(f"{key.shown:>8}  ", style(ACCENT, RAISED, bold=True))
            text.append(f"{key.meaning}\n")
        text.append("\nUnder the chart  ", style(FAINT, RAISED))
        for sign, colour, meaning in (
            ("▲", TEXT, "shown"),
            ("◆", WARNING, "marked"),
            ("!", WARNING, "torn"),
            ("·", BAD, "not read"),
        ):
            text.append(f"{sign} ", style(colour, RAISED, bold=True))
            text.append(f"{meaning}  ", style(FAINT, RAISED))
        text.append("\n?", style(TEXT, RAISED, bold=True))
        text.append(
            " after a size: a part of it was not reported by the kernel", style(FAINT, RAISED)
        )
        return text
