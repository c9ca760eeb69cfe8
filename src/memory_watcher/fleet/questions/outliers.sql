-- Hosts on which a program needs much more than on others
--
-- Of each host the process of a program with the highest PSS counts, at its peak. It is compared
-- with the median over the hosts (nearest rank).
-- set program text = -- only this executable; empty: all
-- set times number = 2 -- how many times the median it must be
-- set hosts integer = 5 -- programs on fewer hosts are left out
-- set least size = 16M -- less is left out
-- set top integer = 20 -- how many rows
-- column held bytes -- PSS at the peak
-- column median bytes -- over all hosts that ran the program
-- column times_median number -- how many times the median that is
-- column hosts count -- on how many hosts it ran
-- column peak_ns time -- when
WITH by_host AS (
  SELECT program, hostname, MAX(COALESCE(max_pss, max_rss)) AS held
  FROM processes
  WHERE (:program = '' OR program = :program) AND COALESCE(max_pss, max_rss) IS NOT NULL
  GROUP BY program, hostname
), ranked AS (
  SELECT program, hostname, held,
    ROW_NUMBER() OVER (PARTITION BY program ORDER BY held) AS place,
    COUNT(*) OVER (PARTITION BY program) AS hosts
  FROM by_host
), medians AS (
  SELECT program, MAX(hosts) AS hosts, MIN(CASE WHEN place * 2 >= hosts THEN held END) AS median
  FROM ranked
  GROUP BY program
), found AS (
  SELECT r.program, r.hostname, r.held, m.median, m.hosts
  FROM ranked AS r
  JOIN medians AS m ON m.program = r.program
  WHERE m.hosts >= :hosts AND r.held >= :least AND r.held > m.median * :times
)
SELECT f.program, f.hostname, MAX(f.held) AS held, MAX(f.median) AS median,
  ROUND(MAX(f.held) * 1.0E0 / NULLIF(MAX(f.median), 0), 1) AS times_median,
  MAX(f.hosts) AS hosts,
  MIN(p.peak_ns) AS peak_ns
FROM found AS f
JOIN processes AS p ON p.program = f.program AND p.hostname = f.hostname
  AND COALESCE(p.max_pss, p.max_rss) = f.held
GROUP BY f.program, f.hostname
ORDER BY times_median DESC NULLS LAST, f.program, f.hostname
LIMIT :top
