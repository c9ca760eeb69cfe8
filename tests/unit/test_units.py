"""Text that people write and read <-> bytes and nanoseconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory_watcher.errors import UsageError
from memory_watcher.units import (
    KIB,
    MILLISECOND,
    SECOND,
    format_duration,
    format_kib,
    format_size,
    format_time,
    group_digits,
    local_offset,
    parse_duration,
    parse_size,
    parse_time,
)

#: 2018-08-17T13:58:03.942 UTC
MOMENT = 1_534_514_283_942_000_000
DASH = "–"


@pytest.fixture
def in_zone() -> Iterator[Callable[[str], None]]:
    """Set the local time zone; POSIX names, which need no data base."""
    before = os.environ.get("TZ")

    def zone(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    yield zone
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("200", 200 * MILLISECOND),
        ("200ms", 200 * MILLISECOND),
        (" 1.5 s ", 1_500_000_000),
        (".5s", 500_000_000),
        ("1.", MILLISECOND),
        ("5m", 300 * SECOND),
        ("5min", 300 * SECOND),
        ("2h", 7200 * SECOND),
        ("1d", 86400 * SECOND),
        ("10us", 10_000),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    """A bare number is in milliseconds, units are those that the message names and more."""
    assert parse_duration(text, "--period") == nanoseconds


def test_default_unit() -> None:
    """The caller may say what a bare number is in."""
    assert parse_duration("3", "--for", default_unit="s") == 3 * SECOND


@pytest.mark.parametrize(
    "text",
    ["", "0", "0s", "0.0000001us", "-1", "abc", "1x", "1e3", "nan", "inf", "1 2", "1\n2", "0x10"],
)
def test_no_durations(text: str) -> None:
    """What is not a positive duration is refused with the option's name, in one line."""
    with pytest.raises(UsageError, match=r"^--period: ") as raised:
        parse_duration(text, "--period")
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("text", ["9" * 400, "9" * 400 + "d", "1" + "0" * 300 + "h", "200000d"])
def test_endless_durations(text: str) -> None:
    """A number that is no number any more for a computer is refused as well, not a traceback."""
    with pytest.raises(UsageError, match=r"^--period: "):
        parse_duration(text, "--period")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4096B", 4096),
        ("1K", 1024),
        ("300M", 300 * KIB**2),
        ("300 MB", 300 * KIB**2),
        ("1.5GiB", 3 * KIB**3 // 2),
        ("1.5gib", 3 * KIB**3 // 2),
        ("2T", 2 * KIB**4),
        ("1P", KIB**5),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """Binary units, with or without i and B, in either case."""
    assert parse_size(text, "--limit") == size


@pytest.mark.parametrize(
    "text", ["", "-1", "1X", "M", "1 2", "1e3", "nan", "9" * 400, "8192P", "1MBB"]
)
def test_no_sizes(text: str) -> None:
    """Anything else is refused with the option's name."""
    with pytest.raises(UsageError, match=r"^--limit: "):
        parse_size(text, "--limit")


def test_digits_in_groups() -> None:
    """Thousands are apart by a blank, as scripts of the original expect."""
    assert group_digits(0) == "0"
    assert group_digits(999) == "999"
    assert group_digits(541812) == "541 812"
    assert group_digits(-1234567) == "-1 234 567"


def test_kib() -> None:
    """Whole KiB, cut; a dash for what was not reported, which is not 0."""
    assert format_kib(541812 * KIB + 1023) == "541 812 Ki"
    assert format_kib(0) == "0 Ki"
    assert format_kib(None) == f"{DASH}"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, DASH),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.977 KiB"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1023 * KIB, "0.999 MiB"),
        (300 * KIB**2, "300 MiB"),
        (int(1.4 * KIB**3), "1.4 GiB"),
        (5000 * KIB**4, "5000 TiB"),
        (-2048, "-2 KiB"),
    ],
)
def test_sizes_for_people(size: int | None, text: str) -> None:
    """Three digits at most, in the unit that fits."""
    assert format_size(size) == text


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**60))
def test_sizes_for_people_are_right(size: int) -> None:
    """No size is shown more than half of a percent off, and none as 1e+03."""
    number, unit = format_size(size).split(" ")
    assert "e" not in number
    shown = float(number) * KIB ** ["B", "KiB", "MiB", "GiB", "TiB"].index(unit)
    assert abs(shown - size) <= size / 190


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ms"),
        (45 * MILLISECOND, "45 ms"),
        (1234567, "1.23 ms"),
        (12_300_000_000, "12.3 s"),
        (59_940_000_000, "59.9 s"),
        (59_960_000_000, "1 min 00 s"),
        (65 * SECOND, "1 min 05 s"),
        (3_599_700_000_000, "1 h 00 min"),
        (3600 * SECOND, "1 h 00 min"),
        (7500 * SECOND, "2 h 05 min"),
    ],
)
def test_durations_for_people(nanoseconds: int, text: str) -> None:
    """The unit grows with the duration."""
    assert format_duration(nanoseconds) == text


@pytest.mark.parametrize("nanoseconds", [999_999_999, 59_999_999_999, 999_600_000])
def test_durations_near_the_next_unit(nanoseconds: int) -> None:
    """Rounding up to the next unit shows neither 1e+03 nor 60.0 s."""
    text = format_duration(nanoseconds)
    assert "e" not in text
    assert text != "60.0 s"


def test_local_time(in_zone: Callable[[str], None]) -> None:
    """ISO 8601 with milliseconds, in the local zone at that time; cut, not rounded."""
    in_zone("NPT-5:45")
    assert format_time(MOMENT) == "2018-08-17T19:43:03.942"
    assert format_time(MOMENT + 999_999) == "2018-08-17T19:43:03.942"
    in_zone("UTC0")
    assert format_time(MOMENT) == "2018-08-17T13:58:03.942"
    assert format_time(-1) == "1969-12-31T23:59:59.999"


def test_time_as_printed_finds_its_own_measurement(in_zone: Callable[[str], None]) -> None:
    """A time means the last nanosecond of what it says, in local time."""
    in_zone("NPT-5:45")
    ms = parse_time("2018-08-17T19:43:03.942", "-t")
    assert ms == MOMENT + MILLISECOND - 1
    assert parse_time("2018-08-17 19:43:03,9", "-t") == MOMENT - 42 * MILLISECOND + SECOND // 10 - 1
    second = MOMENT - 942 * MILLISECOND
    assert parse_time("2018-08-17T19:43:03", "-t") == second + SECOND - 1
    assert parse_time(" 2018-08-17T19:43 ", "-t") == second - 3 * SECOND + 60 * SECOND - 1
    assert parse_time("2018-08-17T19:43:03.942123456", "-t") == MOMENT + 123456


def test_time_with_a_zone(in_zone: Callable[[str], None]) -> None:
    """A named zone counts, whatever the local one is."""
    in_zone("NPT-5:45")
    for text in ("13:58:03.942Z", "15:58:03.942+02:00", "09:28:03.942-0430"):
        assert parse_time(f"2018-08-17T{text}", "-t") == MOMENT + MILLISECOND - 1


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2018-08-17", "15:58", "2018-08-17T"),
        *("2018-13-17T15:58", "2018-08-17T25:58", "2018-08-17T15:58:60", "2018-08-17T15:58+99:99"),
        *("2018-08-17T15:58:03.", "2018-08-17T15:58:03.1234567890"),
    ],
)
def test_no_times(text: str) -> None:
    """What is not a time is refused with the option's name and an example or a reason."""
    with pytest.raises(UsageError, match=r"^--measurement-time: "):
        parse_time(text, "--measurement-time")


@pytest.mark.parametrize(
    ("text", "utc"), [("0001-01-01T00:00", -62135596800), ("9999-12-31T23:59", 253402300740)]
)
def test_times_at_the_ends_of_the_calendar(
    text: str, utc: int, in_zone: Callable[[str], None]
) -> None:
    """The first and last times that can be written are times, though UTC is in year 0 or 10000."""
    for zone, ahead in (("UTC0", 0), ("NPT-5:45", 20700), ("WST+11", -39600)):
        in_zone(zone)
        assert parse_time(text, "-t", first=True) == (utc - ahead) * SECOND


#: 2018-11-04T01:30 in New York, first in summer time and an hour later again.
TWICE = (1_541_309_400 * SECOND, 1_541_313_000 * SECOND)


def test_a_time_that_the_clock_shows_twice(in_zone: Callable[[str], None]) -> None:
    """Only in that hour a printed time bears its offset; one without is the span of both."""
    in_zone("EST5EDT,M3.2.0,M11.1.0")
    printed = [format_time(moment) for moment in TWICE]
    assert printed == ["2018-11-04T01:30:00.000-04:00", "2018-11-04T01:30:00.000-05:00"]
    assert [parse_time(text, "-t", first=True) for text in printed] == list(TWICE)
    assert parse_time("2018-11-04T01:30", "-t", first=True) == TWICE[0]
    assert parse_time("2018-11-04T01:30", "-t") == TWICE[1] + 60 * SECOND - 1
    assert format_time(TWICE[0] - 3600 * SECOND) == "2018-11-04T00:30:00.000"
    assert format_time(TWICE[1] + 3600 * SECOND) == "2018-11-04T02:30:00.000"


def test_a_time_that_the_clock_leaves_out(in_zone: Callable[[str], None]) -> None:
    """In spring 02:30 is what 03:30 is in summer time, as a beginning and as an end."""
    in_zone("EST5EDT,M3.2.0,M11.1.0")
    left_out = 1_520_753_400 * SECOND
    assert parse_time("2018-03-11T02:30", "-t", first=True) == left_out
    assert parse_time("2018-03-11T02:30", "-t") == left_out + 60 * SECOND - 1
    assert format_time(left_out) == "2018-03-11T03:30:00.000"


def test_a_zone_further_than_a_day(in_zone: Callable[[str], None]) -> None:
    """TZ may say anything; datetime refuses offsets of 24 hours and more, we do not."""
    in_zone("XXX-24:59")
    assert local_offset(MOMENT) == 24 * 3600 + 59 * 60
    assert parse_time(format_time(MOMENT), "-t", first=True) == MOMENT


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(0, 4_000_000_000 * SECOND),
    st.sampled_from(
        ["UTC0", "NPT-5:45", "CET-1CEST,M3.5.0,M10.5.0/3", "NST3:30NDT,M3.2.0,M11.1.0"]
    ),
)
def test_times_go_there_and_back(in_zone: Callable[[str], None], moment: int, zone: str) -> None:
    """A printed time, read again, is the last nanosecond of its millisecond, or the first."""
    in_zone(zone)
    printed = format_time(moment)
    assert parse_time(printed, "-t") == moment - moment % MILLISECOND + MILLISECOND - 1
    assert parse_time(printed, "-t", first=True) == moment - moment % MILLISECOND
    seconds, rest = divmod(moment, SECOND)
    utc = datetime.fromtimestamp(seconds, timezone.utc)
    assert parse_time(f"{utc:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z", "-t") == moment
