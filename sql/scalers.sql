-- Scalers and encoders: rows on one scale and back, categories as numbers.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE t AS SELECT i, i % 10 AS a, CASE WHEN i % 4 <> 0 THEN i * i END AS b, (ARRAY['phone', 'tablet', 'phone', 'tv', NULL])[1 + i % 5] AS device, i % 2 = 0 AS flag FROM generate_series(1, 40) i;
-- by definition
CREATE TEMP TABLE m AS SELECT method, train_scaler(f, ('{"algorithm": "scaler", "method": "' || method || '"}')::jsonb) AS model FROM (SELECT a, b, device FROM t) f, unnest('{standard,min_max,robust,quantile}'::text[]) method GROUP BY method;
SELECT method, feature, round(centre::numeric, 4) AS centre, round(scale::numeric, 4) AS scale FROM m, scaled_columns(model) ORDER BY 1, "position";
SELECT round(avg(b), 4) AS mean, round(stddev_pop(b), 4) AS deviation, percentile_cont('{0.25,0.5,0.75}'::float8[]) WITHIN GROUP (ORDER BY b) AS quartiles FROM t;
SELECT method, scale(model, t)::text AS scaled FROM m, t WHERE i = 11 ORDER BY 1;
SELECT method, scale(model, t) ->> 'b' IS NULL AS missing, scale_array(model, t) AS numbers, unscale(model, scale(model, t)) AS back FROM m, t WHERE i = 4 ORDER BY 1;
SELECT method, bool_and(abs((back ->> 'b')::float8 - b) < 1e-9 AND abs((back ->> 'a')::float8 - a) < 1e-9 AND (back ->> 'device') IS NOT DISTINCT FROM device) AS back FROM m, t, LATERAL (SELECT unscale(model, scale(model, t)) AS back) x WHERE b IS NOT NULL GROUP BY 1 ORDER BY 1;
-- the same bytes from any order; columns by name; beyond what was seen
SELECT model = (SELECT train_scaler(f) FROM (SELECT a, b, device FROM t ORDER BY random()) f) AS aggregate, model = train_scaler_from('SELECT a, b, device FROM t') AS twin FROM m WHERE method = 'standard';
SELECT method, scale(model, f)::text AS scaled FROM m, (SELECT 'kettle' AS device, 1e6 AS b, NULL::int AS a) f ORDER BY 1;
SELECT scale_array(train_scaler(f, scaler(impute => 'median', method => 'min_max', one_hot => true)), (SELECT g FROM (SELECT NULL::int AS a, NULL::text AS device) g)) AS filled FROM (SELECT a, device FROM t) f;
SELECT round((scale_array(train_scaler(f, scaler(method => 'quantile', distribution => 'normal')), (SELECT g FROM (SELECT 4.5 AS a) g)))[1]::numeric, 9) AS middle FROM (SELECT a FROM t) f;
-- categories as numbers
CREATE TEMP TABLE e AS SELECT train_scaler(f, encoder()) AS one_hot, train_scaler(f, encoder(method => 'ordinal')) AS ordinal, train_scaler(f, encoder(method => 'ordinal', sort => 'value')) AS by_value, train_scaler(f, encoder(method => 'frequency')) AS frequency FROM (SELECT a, device FROM t) f;
SELECT "position", feature, level FROM e, scaled_columns(one_hot);
SELECT device, scale_array(one_hot, t) AS one_hot, scale(ordinal, t) ->> 'device' AS ordinal, scale(by_value, t) ->> 'device' AS by_value, scale(frequency, t) ->> 'device' AS frequency FROM e, (SELECT DISTINCT 1 AS a, device FROM t UNION SELECT 1, 'kettle') t ORDER BY device;
SELECT bool_and(unscale(one_hot, scale(one_hot, t)) ->> 'device' IS NOT DISTINCT FROM device) AS one_hot, bool_and(unscale(by_value, scale(by_value, t)) ->> 'device' IS NOT DISTINCT FROM device) AS ordinal FROM e, t;
SELECT hash_encode('phone', 16) AS phone, hash_encode('phone', 16, 2) AS seed, count(DISTINCT hash_encode(i::text, 16)) AS used, min(hash_encode(i::text, 16)), max(hash_encode(i::text, 16)) FROM generate_series(1, 200) i;
SELECT model_info(model) ->> 'job' AS job, model_info(model) ->> 'algorithm' AS algorithm FROM m WHERE method = 'robust';
-- refused
SELECT unscale(frequency, '{}') FROM e;
SELECT unscale(model, '[]') FROM m;
SELECT unscale(model, '{"a": "x"}') FROM m;
SELECT scale(train_clusters(f, kmeans(k => 2)), (SELECT g FROM (SELECT 1 AS a) g)) FROM (SELECT a FROM t) f;
SELECT scaled_columns(train_clusters(f, kmeans(k => 2))) FROM (SELECT a FROM t) f;
SELECT train_scaler(f, '{"scale": "robust"}') FROM t f;
SELECT hash_encode('a', 0);
