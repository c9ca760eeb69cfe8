-- Memory and swap by host, those with least memory left first
--
-- set top integer = 20 -- how many rows
-- column memory bytes -- RAM that the kernel manages
-- column least_available bytes -- lowest MemAvailable
-- column available_percent percent -- the same of the memory
-- column least_ns time -- when it was lowest
-- column swap bytes -- size of the swap space
-- column most_swapped bytes -- most of it in use
-- column most_shmem bytes -- most tmpfs and shared memory, which only swap can take
-- chart least_available
WITH lowest AS (
  SELECT hostname,
    MAX(mem_total) AS memory,
    MIN(mem_available) AS least_available,
    MAX(swap_total) AS swap,
    MAX(swap_total - swap_free) AS most_swapped,
    MAX(shmem) AS most_shmem
  FROM system
  GROUP BY hostname
)
SELECT l.hostname, MAX(l.memory) AS memory, MAX(l.least_available) AS least_available,
  ROUND(MAX(l.least_available) * 1.0E2 / NULLIF(MAX(l.memory), 0), 1) AS available_percent,
  MIN(s.time_ns) AS least_ns, MAX(l.swap) AS swap, MAX(l.most_swapped) AS most_swapped,
  MAX(l.most_shmem) AS most_shmem
FROM lowest AS l
LEFT JOIN system AS s ON s.hostname = l.hostname AND s.mem_available = l.least_available
GROUP BY l.hostname
ORDER BY available_percent ASC NULLS LAST, l.hostname
LIMIT :top
