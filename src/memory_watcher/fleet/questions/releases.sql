-- Two releases compared at equal age of their processes
--
-- Each process counts once, at its first layout after :age of life; younger ones do not count.
-- Counted is PSS, or RSS where the kernel reports no PSS. Hosts get their release when they are added:
-- fleet add --label release=1.2.
-- set age duration = 1h -- how old a process is when it is measured
-- set older text = -- a release; empty: the one first seen before the newest
-- set newer text = -- a release; empty: the one first seen last
-- set program text = -- only this executable; empty: all
-- set top integer = 20 -- how many rows
-- column older_processes count -- how many of the older release are counted
-- column newer_processes count -- how many of the newer one
-- column older_mean bytes -- mean of a process of the older release
-- column newer_mean bytes -- mean of a process of the newer one
-- column change bytes -- the difference
-- column change_percent percent -- the same of the older mean
-- chart change
WITH recorded AS (
  SELECT recording, MAX(release) AS release, MIN(first_ns) AS since_ns
  FROM hosts
  WHERE release IS NOT NULL
  GROUP BY recording
), ranked AS (
  SELECT release, ROW_NUMBER() OVER (ORDER BY since_ns DESC, release DESC) AS place
  FROM (SELECT release, MIN(since_ns) AS since_ns FROM recorded GROUP BY release) AS first_seen
), chosen AS (
  SELECT
    CASE WHEN :older = '' THEN MAX(CASE WHEN place = 2 THEN release END) ELSE :older END AS older,
    CASE WHEN :newer = '' THEN MAX(CASE WHEN place = 1 THEN release END) ELSE :newer END AS newer
  FROM ranked
), lives AS (
  SELECT p.recording, p.process_id, MIN(r.release) AS release,
    MIN(COALESCE(p.started_ns, p.first_ns)) AS born_ns
  FROM processes AS p
  JOIN recorded AS r ON r.recording = p.recording
  JOIN chosen AS o ON r.release = o.older OR r.release = o.newer
  WHERE :program = '' OR p.program = :program
  GROUP BY p.recording, p.process_id
), moments AS (
  SELECT c.recording, c.process_id, MIN(l.release) AS release, MIN(c.first_ns) AS at_ns
  FROM changes AS c
  JOIN lives AS l ON l.recording = c.recording AND l.process_id = c.process_id
  WHERE c.first_ns >= l.born_ns + :age
  GROUP BY c.recording, c.process_id
), held AS (
  SELECT c.recording, c.process_id, c.program, MIN(m.release) AS release,
    SUM(COALESCE(c.pss, c.rss)) AS held
  FROM changes AS c
  JOIN moments AS m ON m.recording = c.recording AND m.process_id = c.process_id
  WHERE c.first_ns <= m.at_ns AND c.last_ns >= m.at_ns
  GROUP BY c.recording, c.process_id, c.program
), compared AS (
  SELECT h.program, MIN(o.older) AS older, MIN(o.newer) AS newer,
    COUNT(CASE WHEN h.release = o.older THEN 1 END) AS older_processes,
    COUNT(CASE WHEN h.release = o.newer THEN 1 END) AS newer_processes,
    ROUND(AVG(CASE WHEN h.release = o.older THEN CAST(h.held AS DOUBLE) END)) AS older_mean,
    ROUND(AVG(CASE WHEN h.release = o.newer THEN CAST(h.held AS DOUBLE) END)) AS newer_mean
  FROM held AS h
  CROSS JOIN chosen AS o
  GROUP BY h.program
)
SELECT program, older, newer, older_processes, newer_processes, older_mean, newer_mean,
  newer_mean - older_mean AS change,
  ROUND((newer_mean - older_mean) * 100 / NULLIF(older_mean, 0), 1) AS change_percent
FROM compared
ORDER BY CASE WHEN newer_mean IS NULL OR older_mean IS NULL THEN 1 ELSE 0 END,
  change DESC NULLS LAST, program
LIMIT :top
