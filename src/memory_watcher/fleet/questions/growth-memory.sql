-- Who grew most, by program, kind and name of memory
--
-- Each process is measured twice: at its first layout after :after of life, and at its last one.
-- Counted is PSS, or RSS where the kernel reports no PSS. What a process needs to start is left out.
-- Left out is also a process without a change after that time. Of one whose start is not known, its
-- first layout counts.
-- set after duration = 10m -- how long a process starts up, which is not growth
-- set program text = -- only this executable; empty: all
-- set top integer = 20 -- how many rows
-- column processes count -- how many are counted
-- column hosts count -- on how many hosts they ran
-- column at_start bytes -- of all of them at the first of the two moments
-- column at_end bytes -- of all of them at the second
-- column grown bytes -- the difference
-- column grown_per_hour bytes_per_hour -- the mean over the hours of all of them
-- chart grown
WITH moments AS (
  SELECT recording, process_id,
    MIN(CASE WHEN first_ns >= COALESCE(started_ns + :after, 0) THEN first_ns END) AS from_ns,
    MAX(last_ns) AS to_ns
  FROM changes
  WHERE :program = '' OR program = :program
  GROUP BY recording, process_id
), held AS (
  SELECT c.recording, c.process_id, c.program, c.kind, c.name,
    MIN(c.hostname) AS hostname,
    MIN(m.to_ns - m.from_ns) AS span_ns,
    SUM(CASE WHEN c.first_ns <= m.from_ns AND c.last_ns >= m.from_ns
      THEN COALESCE(c.pss, c.rss) ELSE 0 END) AS at_start,
    SUM(CASE WHEN c.last_ns = m.to_ns THEN COALESCE(c.pss, c.rss) ELSE 0 END) AS at_end
  FROM changes AS c
  JOIN moments AS m ON m.recording = c.recording AND m.process_id = c.process_id
  WHERE m.from_ns < m.to_ns
    AND (c.last_ns = m.to_ns OR (c.first_ns <= m.from_ns AND c.last_ns >= m.from_ns))
  GROUP BY c.recording, c.process_id, c.program, c.kind, c.name
)
SELECT program, kind, name,
  COUNT(*) AS processes,
  COUNT(DISTINCT hostname) AS hosts,
  SUM(at_start) AS at_start,
  SUM(at_end) AS at_end,
  SUM(at_end) - SUM(at_start) AS grown,
  ROUND((SUM(at_end) - SUM(at_start)) * 3.6E12 / SUM(span_ns)) AS grown_per_hour
FROM held
GROUP BY program, kind, name
ORDER BY grown DESC NULLS LAST, program, kind, name
LIMIT :top
