-- What recording itself costs, by host
--
-- CPU time of the recorder, and its highest RSS. What was not reported is left empty.
-- set top integer = 20 -- how many rows
-- column recordings count -- how many there are
-- column days count -- on how many days
-- column recorded duration -- how long was recorded
-- column cpu duration -- CPU time of the recorder
-- column cpu_percent percent -- the same of one CPU
-- column highest_rss bytes -- of the recorder
-- column ticks count -- how often it read
-- chart cpu_percent
SELECT hostname,
  COUNT(DISTINCT recording) AS recordings,
  COUNT(DISTINCT day) AS days,
  SUM(recorder_lasted_ns) AS recorded,
  SUM(recorder_cpu_ns) AS cpu,
  ROUND(SUM(recorder_cpu_ns) * 1.0E2 / NULLIF(SUM(recorder_lasted_ns), 0), 3) AS cpu_percent,
  MAX(recorder_peak_rss) AS highest_rss,
  SUM(ticks) AS ticks
FROM hosts
GROUP BY hostname
ORDER BY cpu_percent DESC NULLS LAST, hostname
LIMIT :top
