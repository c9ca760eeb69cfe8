-- Percentiles over the hosts, by program
--
-- Of each host the process of a program with the highest PSS counts, at its peak. A percentile is
-- the value of a host (nearest rank): so many percent of the hosts need no more.
-- set program text = -- only this executable; empty: all
-- set top integer = 20 -- how many rows
-- column hosts count -- on how many hosts it ran
-- column p50 bytes -- half of the hosts need no more
-- column p90 bytes -- 90 % of the hosts need no more
-- column p99 bytes -- 99 % of the hosts need no more
-- column highest bytes -- of the host with most
-- chart highest
WITH by_host AS (
  SELECT program, hostname, MAX(COALESCE(max_pss, max_rss)) AS held
  FROM processes
  WHERE (:program = '' OR program = :program) AND COALESCE(max_pss, max_rss) IS NOT NULL
  GROUP BY program, hostname
), ranked AS (
  SELECT program, held,
    ROW_NUMBER() OVER (PARTITION BY program ORDER BY held) AS place,
    COUNT(*) OVER (PARTITION BY program) AS hosts
  FROM by_host
)
SELECT program, MAX(hosts) AS hosts,
  MIN(CASE WHEN place * 100 >= hosts * 50 THEN held END) AS p50,
  MIN(CASE WHEN place * 100 >= hosts * 90 THEN held END) AS p90,
  MIN(CASE WHEN place * 100 >= hosts * 99 THEN held END) AS p99,
  MAX(held) AS highest
FROM ranked
GROUP BY program
ORDER BY highest DESC NULLS LAST, program
LIMIT :top
