-- The table of the row benchmarks: 1M sessions, 20 numbers, 4 categories of 3, 12, 50 and 500 levels.
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.sessions;
SET max_parallel_workers_per_gather = 0;
SELECT setseed(0.5);
CREATE TABLE bench.sessions AS
WITH base AS (
  SELECT i AS id, floor(14 * power(random(), 2))::int AS f1, floor(12 * power(random(), 2.5))::int AS f2, floor(5 * power(random(), 3))::int AS f3,
    floor(6 * power(random(), 3))::int AS f4, floor(20 * power(random(), 4))::int AS f5, floor(30 * power(random(), 3))::int AS f6,
    exp(4.5 + 1.1 * (random() + random() + random() - 1.5) * 2) AS f7, exp(3.2 + random()) AS f8, -45 * ln(1 - random()) AS f9, random() * 0.6 AS f10,
    random() AS f11, 24 * random() AS f12, 0.25 + 0.1 * (random() + random() + random() - 1.5) * 2 AS f13, power(random(), 1.5) AS f14,
    exp(5.5 + random() - 0.5) AS f15, 1 + 0.3 * (random() + random() - 1) AS f16, 5 - 2 * power(random(), 2) AS f17, random() AS f18,
    (random() + random() + random() - 1.5) * 2 AS f19, random() * 100 AS f20,
    floor(3 * power(random(), 1.6))::int AS k1, floor(12 * power(random(), 1.8))::int AS k2, floor(50 * power(random(), 1.8))::int AS k3,
    floor(500 * power(random(), 2.2))::int AS k4, random() AS u
  FROM generate_series(1, 1000000) i)
SELECT id::bigint, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20,
  (ARRAY['phone', 'desktop', 'tablet'])[k1 + 1] AS c1, 'channel_' || k2 AS c2, 'region_' || k3 AS c3, 'cat_' || k4 AS c4,
  u < 1 / (1 + exp(5.7 - 0.55 * f4 - 0.3 * ln(1 + f2) - 1.4 * exp(-f9 / 20) - CASE WHEN f8 > 25 AND f10 > 0.35 THEN 1.3 ELSE 0 END
      - 0.9 * sin(f12 * 0.26) - 0.35 * ln(f7) - 0.55 * sin(k2 * 13.0) - 0.75 * sin(k4 * 3.7))) AS bought
FROM base;
ALTER TABLE bench.sessions ADD PRIMARY KEY (id);
VACUUM ANALYZE bench.sessions;
