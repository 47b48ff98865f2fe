-- Columns as other columns: bins, weight of evidence, means of the target, missing values from like rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TABLE shoppers AS SELECT i AS id, fold(i, 100, 2) / 2.0 AS minutes, CASE WHEN i % 9 <> 0 THEN fold(i, 40, 3) END AS pages, (ARRAY['phone', 'tablet', 'tv', NULL])[1 + fold(i, 4, 4)] AS device,
	fold(i, 100, 2) + fold(i, 60, 5) > 90 AS bought FROM generate_series(1, 1000) i;
SELECT * FROM bins_from('SELECT minutes FROM shoppers', 'minutes', method => 'width', bins => 4);
SELECT bin, low, high, row_count FROM bins_from('SELECT pages FROM shoppers', 'pages', bins => 4);
CREATE TEMP TABLE b AS SELECT 'quantile' AS method, * FROM bins_from('TABLE shoppers', 'minutes', 'bought', 'quantile', 5, 0) UNION ALL SELECT 'tree', * FROM bins_from('TABLE shoppers', 'minutes', 'bought', 'tree', 5)
	UNION ALL SELECT 'missing', * FROM bins_from('TABLE shoppers', 'pages', 'bought', 'quantile', 3, 1);
SELECT method, bin, low, high, row_count, positives, round(woe::numeric, 4) AS woe, round(iv::numeric, 4) AS iv FROM b ORDER BY 1, 2;
-- weight of evidence and information value by hand; edges for width_bucket
WITH e AS (SELECT method, array_agg(low ORDER BY bin) FILTER (WHERE bin > 0) AS lows, CASE method WHEN 'quantile' THEN 0 WHEN 'tree' THEN 0.5 ELSE 1 END AS s FROM b GROUP BY 1),
c AS (SELECT method, s, CASE WHEN x IS NULL THEN 0 ELSE width_bucket(x, lows) END AS bin, count(*) FILTER (WHERE bought) AS p, count(*) FILTER (WHERE NOT bought) AS q
	FROM e, LATERAL (SELECT CASE method WHEN 'missing' THEN pages ELSE minutes END::float8 AS x, bought FROM shoppers) t GROUP BY 1, 2, 3),
w AS (SELECT method, bin, p, q, ln(nullif(p + s, 0) / (sum(p) OVER t + s * count(*) OVER t) / ((q + s) / (sum(q) OVER t + s * count(*) OVER t))) AS woe,
	(p + s) / (sum(p) OVER t + s * count(*) OVER t) - (q + s) / (sum(q) OVER t + s * count(*) OVER t) AS gap FROM c WINDOW t AS (PARTITION BY method))
SELECT count(*) = (SELECT count(*) FROM b) AS whole, bool_and(b.row_count = p + q AND b.positives = p) AS counts, max(abs(b.woe - w.woe)) FILTER (WHERE p > 0 AND q > 0) < 1e-9 AS woe, max(abs(b.iv - w.gap * w.woe)) FILTER (WHERE p > 0 AND q > 0) < 1e-9 AS iv
FROM w JOIN b USING (method, bin);
-- the means of the other folds
CREATE TEMP TABLE t AS SELECT (features ->> 'id')::int AS id, fold, (encoded ->> 'device')::float8 AS device FROM target_encode_from('TABLE shoppers', '{device}', 'bought', 4, 7);
SELECT count(*) AS rows, count(DISTINCT fold) AS folds, max(abs(t.device - (o.s + 7 * o.prior) / (o.n + 7))) < 1e-12 AS exact FROM t JOIN shoppers s USING (id),
	LATERAL (SELECT count(*) FILTER (WHERE x.device IS NOT DISTINCT FROM s.device) AS n, count(*) FILTER (WHERE x.device IS NOT DISTINCT FROM s.device AND bought) AS s, avg(bought::int) AS prior FROM shoppers x JOIN t y USING (id) WHERE y.fold <> t.fold) o;
SELECT e, target_encode(e, s) AS one, target_encode(e, n) AS unknown FROM target_encoding_from('SELECT device, bought FROM shoppers', '{device}', 'bought', 0) e, (SELECT * FROM shoppers WHERE id = 1) s, (SELECT 'kettle' AS device) n;
SELECT device, avg(bought::int)::float8 AS mean FROM shoppers GROUP BY 1 ORDER BY 1;
-- the mean of the nearest rows that have it: three known columns, by hand
CREATE TABLE gaps AS SELECT i AS id, sin(i) AS a, cos(i) AS b, CASE WHEN i % 10 <> 0 THEN sin(i) + i % 3 END AS c, 'x' || i % 2 AS kind FROM generate_series(1, 60) i;
SELECT r ->> 'id' AS id, r ->> 'kind' AS kind, abs((r ->> 'c')::float8 - (SELECT avg(c) FROM (SELECT c FROM gaps o WHERE c IS NOT NULL ORDER BY (o.a - g.a) ^ 2 + (o.b - g.b) ^ 2 LIMIT 3) x)) < 1e-12 AS exact
FROM impute_nearest('SELECT * FROM gaps', 3, '{id}', 'none') r JOIN gaps g ON g.id = (r ->> 'id')::int WHERE g.c IS NULL ORDER BY g.id;
SELECT count(*) AS rows, bool_and((r ->> 'a')::float8 = a) AS kept, count(r ->> 'c') AS filled FROM impute_nearest('SELECT * FROM gaps', exclude => '{id}', method => 'none') r JOIN gaps g ON g.id = (r ->> 'id')::int;
-- columns may be called like anything
SELECT count(*) = 60 AS same FROM impute_nearest('SELECT id, a AS q, b AS model, c, kind AS f FROM gaps', 3, '{id}', 'none') r JOIN impute_nearest('SELECT * FROM gaps', 3, '{id}', 'none') o ON r -> 'id' = o -> 'id' AND r -> 'c' = o -> 'c';
SELECT target_encoding_from('SELECT kind AS q, id % 3 = 0 AS f FROM gaps', '{q}', 'f') -> 'columns' -> 'q' = target_encoding_from('SELECT kind, id % 3 = 0 AS y FROM gaps', '{kind}', 'y') -> 'columns' -> 'kind' AS same;
SELECT count(*) FROM target_encode_from('SELECT kind AS q, id % 3 = 0 AS f FROM gaps', '{q}', 'f');
-- refused
SELECT bins_from('TABLE shoppers', 'minutes', method => 'tree');
SELECT bins_from('TABLE shoppers', 'minutes', method => 'trees');
SELECT bins_from('TABLE shoppers', 'minutes', bins => 1);
SELECT target_encode_from('TABLE shoppers', '{colour}', 'bought');
SELECT target_encode_from('TABLE shoppers', '{device}', 'bought', 1);
SELECT target_encoding_from('SELECT * FROM shoppers WHERE false', '{device}', 'bought');
SELECT impute_nearest('TABLE gaps', 0);
DROP TABLE shoppers, gaps;
