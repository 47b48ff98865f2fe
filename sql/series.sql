-- Window functions on series and columns: interpolate, impute, outliers, winsorize, sessionize.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE s(g text, t float8, y float8);
INSERT INTO s VALUES ('a', 1, 2), ('a', 1.5, NULL), ('a', 2, 3), ('a', 2.5, NULL), ('a', 3, 5), ('a', 4, NULL), ('b', 0, NULL), ('b', 1, 7), ('b', 2, NULL), ('c', 1, NULL);
SELECT g, t, interpolate(y, t) OVER w AS linear, interpolate(y, t, 'step') OVER w AS step, interpolate(y, t, 'spline') OVER w AS spline,
	interpolate(y, t, 'polynomial', degree => 2) OVER w AS polynomial, interpolate(y, t, ends => 'hold') OVER w AS hold, interpolate(y, t, ends => 'extrapolate') OVER w AS extrapolate
FROM s WINDOW w AS (PARTITION BY g ORDER BY t) ORDER BY g, t;
-- the frame and the order of the window do not matter, as with lag() and rank()
SELECT bool_and(a IS NOT DISTINCT FROM b AND a IS NOT DISTINCT FROM c) FROM (
	SELECT interpolate(y, t) OVER (PARTITION BY g ORDER BY t) AS a, interpolate(y, t) OVER (PARTITION BY g) AS b,
		interpolate(y, t) OVER (PARTITION BY g ORDER BY t DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS c FROM s) x;
-- days and times; gaps of years; a season
SELECT d, interpolate(y, d) OVER w AS linear, interpolate(y, d, max_gap => '1 year') OVER w AS short_gaps
FROM (VALUES (date '2020-01-01', 1::float8), ('2020-01-02', NULL), ('2020-01-03', 3), ('2022-01-01', NULL), ('2026-01-03', 7)) v(d, y) WINDOW w AS (ORDER BY d);
SELECT at, round(interpolate(y, at, 'seasonal', period => '7 days') OVER (ORDER BY at)::numeric, 3) AS seasonal, truth FROM (
	SELECT timestamptz '2026-01-05 12:00 UTC' + i * interval '1 day' AS at, CASE WHEN i NOT IN (10, 17, 18) THEN 100 + i + 10 * (i % 7 = 3)::int END::float8 AS y, 100 + i + 10 * (i % 7 = 3)::int AS truth
	FROM generate_series(0, 30) i) d ORDER BY at OFFSET 9 LIMIT 3;
SELECT x, round(zscore(x) OVER ()::numeric, 4) AS z, round(robust_zscore(x) OVER ()::numeric, 4) AS robust, outlier_zscore(x, 2) OVER (), outlier_mad(x) OVER (), outlier_iqr(x) OVER (),
	winsorize(x, 0.1, 0.9) OVER () AS drawn_in, impute(x) OVER () AS median, impute(x, 'mean') OVER () AS mean, impute(x, 'mode') OVER () AS mode
FROM unnest(ARRAY[1, 2, 2, 3, 4, 5, NULL, 100]::float8[]) x;
SELECT bool_and(w = greatest(least(x, high), low)) AS as_postgres FROM (SELECT x, winsorize(x, 0.2, 0.7) OVER () AS w FROM (SELECT (i * 37 % 101)::float8 AS x FROM generate_series(1, 500) i) a) b,
	(SELECT percentile_cont(0.2) WITHIN GROUP (ORDER BY i * 37 % 101) AS low, percentile_cont(0.7) WITHIN GROUP (ORDER BY i * 37 % 101) AS high FROM generate_series(1, 500) i) q;
-- texts: the most frequent one of each group
SELECT g, c, impute(c) OVER (PARTITION BY g) AS filled FROM (VALUES (1, 'tv'), (1, NULL), (1, 'phone'), (1, 'phone'), (2, 'b'), (2, 'a'), (2, NULL), (3, NULL), (3, NULL)) v(g, c);
SELECT count(DISTINCT f) FROM (SELECT impute(CASE WHEN i % 3 > 0 THEN 'word ' || i % 500 END) OVER (PARTITION BY i % 7) AS f FROM generate_series(1, 20000) i) x;
-- equal values, one value, nothing
SELECT x, zscore(x) OVER (), robust_zscore(x) OVER (), outlier_zscore(x) OVER (), outlier_mad(x) OVER (), outlier_iqr(x) OVER () FROM unnest(ARRAY[5, 5, 5, 6]::float8[]) x;
SELECT zscore(7) OVER (), robust_zscore(7) OVER (), outlier_zscore(7) OVER (), outlier_iqr(7) OVER (), zscore(NULL) OVER (), outlier_mad(NULL) OVER (), impute(NULL) OVER (), interpolate(NULL, 1) OVER ();

SELECT v, ts, sessionize(ts, '30 min') OVER w AS session, sessionize(ts, '30 min', min_lag => '1 second') OVER w AS without_robots
FROM (VALUES (1, timestamp '2026-01-01 10:00'), (1, '2026-01-01 10:00:00.5'), (1, '2026-01-01 10:30:00.5'), (1, '2026-01-01 11:00:00.6'), (1, '2026-01-01 11:00:00.6'), (2, '2026-01-01 10:00'), (2, NULL)) e(v, ts)
WINDOW w AS (PARTITION BY v ORDER BY ts);

-- refused
SELECT interpolate(y, t, 'cubic') OVER (ORDER BY t) FROM s;
SELECT interpolate(y, t, ends => 'zero') OVER (ORDER BY t) FROM s;
SELECT interpolate(y, t, 'polynomial', degree => 50) OVER (ORDER BY t) FROM s;
SELECT interpolate(y, t, 'seasonal') OVER (ORDER BY t) FROM s;
SELECT interpolate(y, t, 'seasonal', period => '1 day') OVER (ORDER BY t) FROM (SELECT i::float8 AS t, NULLIF(i, 5)::float8 AS y FROM generate_series(1, 9) i) d;
SELECT interpolate(y, g) OVER (ORDER BY t) FROM s;
SELECT interpolate(y, t, max_gap => '-1 day') OVER (ORDER BY t) FROM s;
SELECT impute(y, 'middle') OVER () FROM s;
SELECT winsorize(y, 0.9, 0.1) OVER () FROM s;
SELECT outlier_zscore(y, -1) OVER () FROM s;
SELECT sessionize(ts) OVER (ORDER BY ts DESC) FROM (VALUES (timestamp '2026-01-01'), ('2026-01-02')) e(ts);
SELECT zscore(y) FROM s;
