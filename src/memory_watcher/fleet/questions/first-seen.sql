-- Where each kind and name of memory first appeared, the newest first
--
-- One row for each kind, name and build ID: what came last into the fleet stands first.
-- set name text = % -- a pattern of SQL for the name: %libssl%
-- set kind text = % -- a pattern of SQL for the kind
-- set top integer = 20 -- how many rows
-- column first_ns time -- when it was first seen
-- column hosts count -- how many hosts have had it since
-- column most bytes -- most PSS (or RSS, without PSS) of it in one process
-- chart most
WITH by_host AS (
  SELECT kind, name, build_id, hostname, MIN(first_ns) AS first_ns,
    MAX(COALESCE(pss, rss)) AS most
  FROM changes
  WHERE name LIKE :name AND kind LIKE :kind
  GROUP BY kind, name, build_id, hostname
), ranked AS (
  SELECT kind, name, build_id, hostname, first_ns,
    ROW_NUMBER() OVER (PARTITION BY kind, name, build_id ORDER BY first_ns, hostname) AS place,
    COUNT(*) OVER (PARTITION BY kind, name, build_id) AS hosts,
    MAX(most) OVER (PARTITION BY kind, name, build_id) AS most
  FROM by_host
)
SELECT name, kind, build_id, hostname AS first_host, first_ns, hosts, most
FROM ranked
WHERE place = 1
ORDER BY first_ns DESC, name, kind, build_id NULLS LAST
LIMIT :top
