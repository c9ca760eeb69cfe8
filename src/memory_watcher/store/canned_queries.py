"""Questions in SQL for people who look at a recording in another program, with sizes in MiB.

They ask the views, whose texts any program can show. `:process` and `:measurement` are parameters.
"""

from __future__ import annotations

from typing import NamedTuple


class CannedQuery(NamedTuple):
    """A question: `name` stands in an address, `title` and `about` are read by people."""

    name: str
    title: str
    about: str
    sql: str


def _mib(column: str, name: str) -> str:
    return f"round({column} / 1048576.0, 2) AS {name}"


_TIME = "strftime('%Y-%m-%d %H:%M:%f', (t.time_ns + ifnull(r.delay_ns, 0)) / 1e9, 'unixepoch')"
_LAST_NAME = (
    "(SELECT i.name FROM images AS i WHERE i.process_id = p.id ORDER BY i.first_tick DESC LIMIT 1)"
)

QUERIES = (
    CannedQuery(
        "process_list",
        "Processes, the biggest first",
        "Who was recorded, with the highest PSS and RSS in MiB. `process` is what the other"
        " questions ask for.",
        f"""SELECT p.id AS process, p.pid, {_LAST_NAME} AS name,
       {_mib("max(r.pss)", "peak_pss_mib")}, {_mib("max(r.rss)", "peak_rss_mib")},
       {_mib("max(r.high_water_mark)", "high_water_mark_mib")}, max(r.mappings) AS mappings
FROM processes AS p LEFT JOIN readings AS r ON r.process_id = p.id
GROUP BY p.id ORDER BY max(r.pss) DESC""",
    ),
    CannedQuery(
        "process_over_time",
        "A process over time",
        "Its measurements with a layout, in MiB; times are UTC. `measurement` is what"
        " layout_by_name asks for.",
        f"""SELECT {_TIME} AS time, r.id AS measurement, l.name AS state,
       {_mib("r.pss", "pss_mib")}, {_mib("r.rss", "rss_mib")}, {_mib("r.uss", "uss_mib")},
       {_mib("r.layout_swap", "swap_mib")}, {_mib("r.high_water_mark", "high_water_mark_mib")}
FROM readings AS r JOIN ticks AS t ON t.id = r.tick
    JOIN layout_states AS l ON l.id = r.layout_state
WHERE r.process_id = :process AND r.keyframe IS NOT NULL ORDER BY r.tick""",
    ),
    CannedQuery(
        "peak_by_name",
        "The peak of a process, by name",
        "What its measurement of the highest PSS consisted of, in MiB; torn ones come last.",
        f"""SELECT coalesce(nullif(pathname, ''), '(no name)') AS name, count(*) AS mappings,
       {_mib("sum(pss)", "pss_mib")}, {_mib("sum(rss)", "rss_mib")}, {_mib("sum(swap)", "swap_mib")}
FROM layouts
WHERE measurement_id = (SELECT id FROM readings
    WHERE process_id = :process AND keyframe IS NOT NULL AND pss IS NOT NULL
    ORDER BY layout_state = 2, pss DESC, tick LIMIT 1)
GROUP BY pathname ORDER BY sum(pss) DESC""",
    ),
    CannedQuery(
        "layout_by_name",
        "A measurement, by name",
        "All mappings of a measurement, added up by name, in MiB.",
        f"""SELECT coalesce(nullif(pathname, ''), '(no name)') AS name, count(*) AS mappings,
       {_mib("sum(pss)", "pss_mib")}, {_mib("sum(rss)", "rss_mib")}, {_mib("sum(swap)", "swap_mib")}
FROM layouts WHERE measurement_id = :measurement
GROUP BY pathname ORDER BY sum(pss) DESC""",
    ),
    CannedQuery(
        "layout_mappings",
        "A measurement, mapping by mapping",
        "Addresses as smaps prints them, sizes in KiB.",
        """SELECT printf('%x-%x', "start", "end") AS address, perms, pathname, build_id,
       ("end" - "start") >> 10 AS size_kib, rss >> 10 AS rss_kib, pss >> 10 AS pss_kib,
       swap >> 10 AS swap_kib, vm_flags
FROM layouts WHERE measurement_id = :measurement ORDER BY "start" < 0, "start\"""",
    ),
)
