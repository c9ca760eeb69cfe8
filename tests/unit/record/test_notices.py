"""What is said of a recording, in plain words and by the options of a command."""

from __future__ import annotations

import pytest

from memory_watcher.cli import command_parser
from memory_watcher.cli.wording import Wording
from memory_watcher.errors import NoPermission
from memory_watcher.record import notices
from memory_watcher.record.notices import Notice
from memory_watcher.units import MILLISECOND, SECOND

MS = MILLISECOND

#: Of each kind: what memory-record says, and what somebody without options reads, if it differs.
NOTICES: list[tuple[Notice, str, str | None]] = [
    (notices.Fault(7, "why"), "process 7 cannot be read in full now: why", None),
    (notices.Unrecordable(NoPermission("process 7: no")), "process 7: no", None),
    (
        notices.Unrecordable(NoPermission("process 7: no"), has_figures=True),
        "process 7: no; its RSS, high-water mark and swap are recorded, but no layouts",
        None,
    ),
    (
        notices.NoRights("run as root"),
        "some processes do not show their memory to this user; run as root; their RSS, high-water"
        " mark and swap are recorded, but no layouts",
        None,
    ),
    (
        notices.PeakNotReset(7),
        "process 7: the kernel refuses --reset-peak; run as the same user or with CAP_DAC_OVERRIDE",
        "process 7: the kernel refuses to reset its high-water mark; run as the same user or with"
        " CAP_DAC_OVERRIDE",
    ),
    (
        notices.Failed(notices.Task.SCAN, "why"),
        "scanning for new processes failed: why",
        None,
    ),
    (
        notices.NoDescriptors(1),
        "1 process is not recorded: no file descriptors left; raise the limit of open files"
        " (ulimit -n, LimitNOFILE=)",
        None,
    ),
    (
        notices.Hidden(3),
        "3 processes are hidden from this user (hidepid) and not recorded; run as root",
        None,
    ),
    (
        notices.NoListing("why", lacks_descriptors=False),
        "processes cannot be listed now, so new ones are missed: why",
        None,
    ),
    (
        notices.TooShort(1),
        "1 process exited before anything could be read. Processes that started and exited"
        " between two scans are not counted.",
        None,
    ),
    (
        notices.TooMany(),
        "More processes matched at once than are recorded; the rest are missing.",
        None,
    ),
    (
        notices.LeftBehind((7, 8)),
        "The command exited. 2 processes it started are still running and no longer recorded:"
        " 7, 8. Use --wait-all to keep recording.",
        "The command exited. 2 processes it started are still running and no longer recorded:"
        " 7, 8.",
    ),
    (
        notices.CgroupFailed(NoPermission("no")),
        "the cgroup's memory cannot be read: no",
        None,
    ),
    (
        notices.NoCgroup(NoPermission("no")),
        "no; its processes are recorded, but not its own figures",
        None,
    ),
    (
        notices.TooSlow(7, 20 * MS, 15 * MS),
        "process 7: reading its layout holds it up for 20 ms, longer than --max-stall 15 ms. No"
        " layouts until it shrinks; RSS, swap and faults are still recorded. Raise --max-stall to"
        " read them all the same (0: no limit)",
        "process 7: reading its layout holds it up for 20 ms, longer than the allowed 15 ms. No"
        " layouts until it shrinks; RSS, swap and faults are still recorded",
    ),
    (
        notices.LayoutsOfOneApart(7, 20 * MS, 200 * MS, 0.1),
        "process 7: one layout takes 20 ms CPU, so --max-cpu 10 allows one every 200 ms. RSS, swap"
        " and faults are still read at every tick",
        "process 7: one layout takes 20 ms CPU, so the CPU budget of 10 % allows one every 200 ms."
        " RSS, swap and faults are still read at every tick",
    ),
    (
        notices.NoSecondLayout(7, 20 * MS, 0.025),
        "process 7: no second layout yet: one takes up to 20 ms CPU, and --max-cpu 2.5 leaves no"
        " room for it. Raise --max-cpu, or use a longer --period or --fast-period",
        "process 7: no second layout yet: one takes up to 20 ms CPU, and the CPU budget of 2.5 %"
        " leaves no room for it. Raise the budget, or use a longer period",
    ),
    (
        notices.NoFirstLayout(7, 0.1),
        "process 7 exited before its first layout was read: too many processes started at once for"
        " --max-cpu 10. Its RSS, swap and faults are recorded; raise --max-cpu for more layouts",
        "process 7 exited before its first layout was read: too many processes started at once for"
        " the CPU budget of 10 %. Its RSS, swap and faults are recorded; raise the budget for more"
        " layouts",
    ),
    (
        notices.Rotation(30 * MS, 10 * SECOND),
        "reading all layouts takes 30 ms CPU. Changed processes are now read in rotation, at most"
        " that much per 10.0 s (--full-every). RSS peaks are still read at once; RSS, swap and"
        " faults at every tick",
        "reading all layouts takes 30 ms CPU. Changed processes are now read in rotation, at most"
        " that much per 10.0 s. RSS peaks are still read at once; RSS, swap and faults at every"
        " tick",
    ),
    (
        notices.SumsApart(26, 4 * SECOND, 0.1),
        "sums over all 26 processes every 4.0 s (--max-cpu 10 allows no more). RSS, swap and faults"
        " are still read at every tick",
        "sums over all 26 processes every 4.0 s (the CPU budget of 10 % allows no more). RSS, swap"
        " and faults are still read at every tick",
    ),
    (
        notices.FastApart(100 * MS, 20 * MS, 0.1, reads=True),
        "RSS between layouts is read every 100 ms, not every 20 ms: on this machine --max-cpu 10"
        " allows no more. Raise --max-cpu to see shorter peaks",
        "RSS between layouts is read every 100 ms, not every 20 ms: on this machine the CPU budget"
        " of 10 % allows no more. Raise the budget to see shorter peaks",
    ),
    (
        notices.FastApart(SECOND, 20 * MS, 0.1, reads=False),
        "new processes are looked for every 1.0 s, not every 20 ms: on this machine --max-cpu 10"
        " allows no more. Raise --max-cpu to find them sooner",
        "new processes are looked for every 1.0 s, not every 20 ms: on this machine the CPU budget"
        " of 10 % allows no more. Raise the budget to find them sooner",
    ),
    (
        notices.LayoutsApart(1, 4 * SECOND, 0.1),
        "layouts of the process every 4.0 s (--max-cpu 10 allows no more). Sums, RSS, swap and"
        " faults are still recorded in between",
        "layouts of the process every 4.0 s (the CPU budget of 10 % allows no more). Sums, RSS,"
        " swap and faults are still recorded in between",
    ),
    (
        notices.RuntimeSilent(7, notices.Silence.FORBIDDEN),
        "process 7: nothing from its JVM: it was started with -XX:+DisableAttachMechanism",
        None,
    ),
    (
        notices.RuntimeSilent(7, notices.Silence.NO_ANSWER),
        "process 7: nothing from its JVM: it did not answer within 10 s. It is asked again every"
        " minute",
        None,
    ),
]


def test_all_are_here() -> None:
    """Every kind of notice has its sentences above."""
    kinds = {each for each in vars(notices).values() if isinstance(each, type)}
    kinds = {each for each in kinds if issubclass(each, Notice) and each is not Notice}
    assert {type(notice) for notice, _, _ in NOTICES} == kinds


@pytest.mark.parametrize(
    ("notice", "by_option", "in_words"), NOTICES, ids=[type(each[0]).__name__ for each in NOTICES]
)
def test_sentences(notice: Notice, by_option: str, in_words: str | None) -> None:
    """memory-record names its options; a script, and the terminal UI, read plain words."""
    assert Wording(command_parser("record", "memory-record")).of(notice) == by_option
    assert str(notice) == (in_words or by_option)


def test_a_command_names_its_own_options_alone() -> None:
    """Command top has a period, but no budget that could be set."""
    wording = Wording(command_parser("top", "memory-watcher top"))
    assert wording.of(notices.NoSecondLayout(7, 20 * MS, 0.1)).endswith(
        "the CPU budget of 10 % leaves no room for it. Raise the budget, or use a longer --period"
    )


def test_of_many_pids_ten_are_named() -> None:
    """A line stays a line."""
    assert "12 processes" in str(notices.LeftBehind(tuple(range(1, 13))))
    assert str(notices.LeftBehind(tuple(range(1, 13)))).endswith(" 9, 10, ….")
