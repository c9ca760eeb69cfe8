"""Messages that name settings."""

from __future__ import annotations

import pytest

from memory_watcher.errors import MemoryWatcherError, NoSuchProcess
from memory_watcher.message import Message, Named, Setting, plain, worded

MESSAGE: Message = ("it is not there", Named(Setting.WAIT, "", ". Use {} to wait"))


def test_plain() -> None:
    """Without options each part is in the plain words that stand for it."""
    assert plain(MESSAGE) == "it is not there"
    assert plain(("a longer ", Named(Setting.PERIOD, "period"))) == "a longer period"


def test_worded() -> None:
    """A reader's options stand where they belong; what the reader has none for is plain."""
    options = {Setting.WAIT: "--wait"}
    assert worded(MESSAGE, options.get) == "it is not there. Use --wait to wait"
    assert worded((Named(Setting.PID, "a PID"),), options.get) == "a PID"


@pytest.mark.parametrize("hostile", ["{}", "{0}", "%s", "a\nb", "\udcff"])
def test_only_what_names_a_setting_is_filled_in(hostile: str) -> None:
    """Names of processes and files stay as they are, whatever they hold."""
    assert worded((hostile, Named(Setting.PID, "", "{}")), lambda _: "--pid") == f"{hostile}--pid"


def test_errors() -> None:
    """An error reads well as it is, and as a command words it from then on."""
    error = NoSuchProcess(*MESSAGE)
    assert str(error) == "it is not there"
    error.name_options({Setting.WAIT: "--wait"}.get)
    assert str(error) == "it is not there. Use --wait to wait"
    assert str(MemoryWatcherError("as it is: {}")) == "as it is: {}"
