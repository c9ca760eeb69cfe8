"""What a user should know while a recording goes on, as values: sizes in bytes, times in ns.

str() of a notice is its sentence in plain words; `message` lets a command name its own options.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..errors import SourceError
from ..message import Message, Named, Setting, plain
from ..units import format_duration, plural

#: So many PIDs are named; of more it is said that there are more.
_NAMED_PIDS = 10

_LIMIT_OF_FILES = "raise the limit of open files (ulimit -n, LimitNOFILE=)"


class Notice(ABC):
    """One thing that a user should know."""

    __slots__ = ()

    @property
    def message(self) -> Message:
        """Its sentences."""
        return self._words()

    @abstractmethod
    def _words(self) -> Message: ...

    def __str__(self) -> str:
        return plain(self.message)


# -- one process, or all, cannot be read as asked -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault(Notice):
    """Some figures of a process are missing, and why."""

    pid: int
    problem: str

    def _words(self) -> Message:
        return (f"process {self.pid} cannot be read in full now: {self.problem}",)


@dataclass(frozen=True, slots=True)
class Unrecordable(Notice):
    """Of a process nothing can be recorded, or with `has_figures` no layouts."""

    problem: SourceError
    has_figures: bool = False

    def _words(self) -> Message:
        words = "; its RSS, high-water mark and swap are recorded, but no layouts"
        return (*self.problem.message, words) if self.has_figures else self.problem.message


@dataclass(frozen=True, slots=True)
class NoRights(Notice):
    """Of processes that nobody named some show no layouts to this user; what to do about it."""

    remedy: str

    def _words(self) -> Message:
        return (
            f"some processes do not show their memory to this user; {self.remedy};"
            " their RSS, high-water mark and swap are recorded, but no layouts",
        )


@dataclass(frozen=True, slots=True)
class PeakNotReset(Notice):
    """The kernel does not let this user set a process's high-water mark."""

    pid: int

    def _words(self) -> Message:
        return (
            f"process {self.pid}: the kernel refuses ",
            Named(Setting.RESET_PEAK, "to reset its high-water mark"),
            "; run as the same user or with CAP_DAC_OVERRIDE",
        )


class Task(enum.Enum):
    """What failed, without harm to what is recorded otherwise."""

    CLOSE = "a process's files cannot be closed"
    SCAN = "scanning for new processes failed"
    MEMINFO = "meminfo cannot be read now"
    AWAKE = "which processes slept is unknown now"


@dataclass(frozen=True, slots=True)
class Failed(Notice):
    """Something failed that concerns no process alone."""

    task: Task
    problem: str

    def _words(self) -> Message:
        return (f"{self.task.value}: {self.problem}",)


# -- processes that are not in the recording ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoDescriptors(Notice):
    """So many processes are not recorded, because no more files can be opened."""

    processes: int

    def _words(self) -> Message:
        return (
            f"{_are(self.processes)} not recorded: no file descriptors left; {_LIMIT_OF_FILES}",
        )


@dataclass(frozen=True, slots=True)
class Hidden(Notice):
    """So many processes are hidden by the proc filesystem's option hidepid."""

    processes: int

    def _words(self) -> Message:
        return (
            f"{_are(self.processes)} hidden from this user (hidepid) and not recorded; run as root",
        )


@dataclass(frozen=True, slots=True)
class NoListing(Notice):
    """There is no list of processes; `lacks_descriptors`: because no more files can be opened."""

    reason: str
    lacks_descriptors: bool

    def _words(self) -> Message:
        remedy = f": {_LIMIT_OF_FILES}" if self.lacks_descriptors else ""
        return (f"processes cannot be listed now, so new ones are missed: {self.reason}{remedy}",)


@dataclass(frozen=True, slots=True)
class TooShort(Notice):
    """So many processes were seen, but exited before they were read."""

    processes: int

    def _words(self) -> Message:
        return (
            f"{plural(self.processes, 'process', 'processes')} exited before anything could be"
            " read. Processes that started and exited between two scans are not counted.",
        )


@dataclass(frozen=True, slots=True)
class TooMany(Notice):
    """More processes matched than are recorded."""

    def _words(self) -> Message:
        return ("More processes matched at once than are recorded; the rest are missing.",)


@dataclass(frozen=True, slots=True)
class LeftBehind(Notice):
    """A launched command has exited, and what it started still runs."""

    pids: tuple[int, ...]

    def _words(self) -> Message:
        pids = self.pids
        shown = ", ".join(map(str, pids[:_NAMED_PIDS])) + (", …" if len(pids) > _NAMED_PIDS else "")
        what = plural(len(pids), "process it started is", "processes it started are")
        return (
            f"The command exited. {what} still running and no longer recorded: {shown}.",
            Named(Setting.WAIT_ALL, "", " Use {} to keep recording."),
        )


# -- figures of the cgroup ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CgroupFailed(Notice):
    """The memory of the cgroup is not recorded any more."""

    problem: SourceError

    def _words(self) -> Message:
        return ("the cgroup's memory cannot be read: ", *self.problem.message)


@dataclass(frozen=True, slots=True)
class NoCgroup(Notice):
    """The memory of the cgroup is not recorded at all."""

    problem: SourceError

    def _words(self) -> Message:
        return (
            *self.problem.message,
            "; its processes are recorded, but not its own figures",
        )


# -- what runtimes are asked ----------------------------------------------------------------------


class Silence(enum.Enum):
    """Why a JVM says nothing of its memory. The values are those of runtime_helper."""

    ENDED = "ended"
    USER = "user"
    NAMESPACE = "namespace"
    FORBIDDEN = "forbidden"
    NO_JCMD = "no jcmd"
    STOPPED = "stopped"
    DEAF = "deaf"
    NO_ANSWER = "no answer"
    FAILED = "failed"


_SILENT = {
    Silence.ENDED: "it has exited",
    Silence.USER: "it runs as another user; record as this user or as root",
    Silence.NAMESPACE: "it runs in other namespaces, as in a container; record there",
    Silence.FORBIDDEN: "it was started with -XX:+DisableAttachMechanism",
    Silence.NO_JCMD: "there is no jcmd beside its java or in PATH that only root or you can change",
    Silence.STOPPED: "it is stopped",
    Silence.DEAF: "it does not catch SIGQUIT (-Xrs), so asking would end it",
    Silence.NO_ANSWER: "it did not answer within 10 s",
    Silence.FAILED: "jcmd failed; it may be of another version than the JVM",
}
#: What may pass by itself.
_PASSING = (Silence.STOPPED, Silence.NO_ANSWER, Silence.FAILED)


@dataclass(frozen=True, slots=True)
class RuntimeSilent(Notice):
    """A JVM that was to be asked says nothing of its memory."""

    pid: int
    why: Silence

    def _words(self) -> Message:
        again = ". It is asked again every minute" if self.why in _PASSING else ""
        return (f"process {self.pid}: nothing from its JVM: {_SILENT[self.why]}{again}",)


# -- what is read less often than asked, so that the recorder stays within its limits -------------


@dataclass(frozen=True, slots=True)
class TooSlow(Notice):
    """Reading a layout would hold its process up for longer (ns) than may be."""

    pid: int
    stall_ns: int
    max_stall_ns: int

    def _words(self) -> Message:
        return (
            f"process {self.pid}: reading its layout holds it up for"
            f" {format_duration(self.stall_ns)}, longer than ",
            Named(
                Setting.MAX_STALL,
                f"the allowed {format_duration(self.max_stall_ns)}",
                f"{{}} {format_duration(self.max_stall_ns)}",
            ),
            ". No layouts until it shrinks; RSS, swap and faults are still recorded",
            Named(Setting.MAX_STALL, "", ". Raise {} to read them all the same (0: no limit)"),
        )


@dataclass(frozen=True, slots=True)
class LayoutsOfOneApart(Notice):
    """One layout takes so much CPU (ns) that there is one every `apart_ns`; `max_cpu` of a core."""

    pid: int
    cost_ns: int
    apart_ns: int
    max_cpu: float

    def _words(self) -> Message:
        return (
            f"process {self.pid}: one layout takes {format_duration(self.cost_ns)} CPU, so ",
            _budget(self.max_cpu),
            f" allows one every {format_duration(self.apart_ns)}."
            " RSS, swap and faults are still read at every tick",
        )


@dataclass(frozen=True, slots=True)
class NoSecondLayout(Notice):
    """The budget leaves no room for another layout, which takes up to `cost_ns` of CPU."""

    pid: int
    cost_ns: int
    max_cpu: float

    def _words(self) -> Message:
        return (
            f"process {self.pid}: no second layout yet: one takes up to"
            f" {format_duration(self.cost_ns)} CPU, and ",
            _budget(self.max_cpu),
            " leaves no room for it. Raise ",
            Named(Setting.MAX_CPU, "the budget"),
            ", or use a longer ",
            Named(Setting.PERIOD, "period"),
            Named(Setting.FAST_PERIOD, "", " or {}"),
        )


@dataclass(frozen=True, slots=True)
class NoFirstLayout(Notice):
    """A process exited before the budget allowed to read it."""

    pid: int
    max_cpu: float

    def _words(self) -> Message:
        return (
            f"process {self.pid} exited before its first layout was read: too many processes"
            " started at once for ",
            _budget(self.max_cpu),
            ". Its RSS, swap and faults are recorded; raise ",
            Named(Setting.MAX_CPU, "the budget"),
            " for more layouts",
        )


@dataclass(frozen=True, slots=True)
class Rotation(Notice):
    """All layouts that changed cost `round_ns` of CPU; that much is spent per `every_ns`."""

    round_ns: int
    every_ns: int

    def _words(self) -> Message:
        return (
            f"reading all layouts takes {format_duration(self.round_ns)} CPU. Changed processes are"
            f" now read in rotation, at most that much per {format_duration(self.every_ns)}",
            Named(Setting.FULL_EVERY, "", " ({})"),
            ". RSS peaks are still read at once; RSS, swap and faults at every tick",
        )


@dataclass(frozen=True, slots=True)
class SumsApart(Notice):
    """The sums of so many processes come every `apart_ns`, less often than asked for."""

    processes: int
    apart_ns: int
    max_cpu: float

    def _words(self) -> Message:
        return (
            f"sums over {_all(self.processes)} every {format_duration(self.apart_ns)} (",
            _budget(self.max_cpu),
            " allows no more). RSS, swap and faults are still read at every tick",
        )


@dataclass(frozen=True, slots=True)
class LayoutsApart(Notice):
    """The layouts of so many processes come every `apart_ns`, less often than their sums."""

    processes: int
    apart_ns: int
    max_cpu: float

    def _words(self) -> Message:
        return (
            f"layouts of {_all(self.processes)} every {format_duration(self.apart_ns)} (",
            _budget(self.max_cpu),
            " allows no more). Sums, RSS, swap and faults are still recorded in between",
        )


@dataclass(frozen=True, slots=True)
class FastApart(Notice):
    """What is done between ticks is done every `apart_ns` on this machine, not every `asked_ns`.

    `reads`: sizes are read then; else only new processes are looked for.
    """

    apart_ns: int
    asked_ns: int
    max_cpu: float
    reads: bool

    def _words(self) -> Message:
        what = "RSS between layouts is read" if self.reads else "new processes are looked for"
        return (
            f"{what} every {format_duration(self.apart_ns)}, not every"
            f" {format_duration(self.asked_ns)}: on this machine ",
            _budget(self.max_cpu),
            " allows no more. Raise ",
            Named(Setting.MAX_CPU, "the budget"),
            " to see shorter peaks" if self.reads else " to find them sooner",
        )


def _budget(max_cpu: float) -> Named:
    percent = f"{100 * max_cpu:g}"
    return Named(Setting.MAX_CPU, f"the CPU budget of {percent} %", f"{{}} {percent}")


def _all(processes: int) -> str:
    return f"all {processes} processes" if processes > 1 else "the process"


def _are(processes: int) -> str:
    return "1 process is" if processes == 1 else f"{processes} processes are"
