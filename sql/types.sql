-- Every column type that can be a feature, and extreme values.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TYPE mood AS ENUM ('low', 'fair', 'high');
CREATE DOMAIN grade AS int CHECK (VALUE >= 0);
CREATE TEMP TABLE t AS
SELECT i % 4 = 0 OR i % 7 = 1 AS y, i::int2 AS i2, i::int8 AS i8, i::float4 / 3 AS f4, i::numeric / 7 AS n, i % 3 = 0 AS b,
       make_interval(hours => i) AS iv, chr(65 + i % 3)::char(4) AS ch, ('n' || i % 3)::name AS na, 'v'::"char" AS one,
       (enum_range(NULL::mood))[1 + i % 3] AS mo, (i % 5)::grade AS gr, md5((i % 4)::text)::uuid AS u,
       date '2020-02-28' + i AS d, timestamp '2020-02-28 10:00' + make_interval(hours => i * 5) AS ts,
       timestamptz '2020-02-28 10:00+00' + make_interval(hours => i * 7) AS tz,
       ARRAY[i, i % 2]::float8[] AS v8, ARRAY[i % 3, NULL]::int4[] AS v4, (i % 6) AS code
FROM generate_series(1, 300) i;
CREATE TEMP TABLE m AS SELECT train_classifier(f, 'y', logistic(categorical => ARRAY['code'])) AS m FROM t f;
SELECT f->>'name' AS name, f->>'kind' AS kind, f->>'levels' AS levels FROM m, jsonb_array_elements(model_info(m)->'features') f;
SELECT feature, level FROM m, coefficients(m) WHERE feature IN ('d', 'ts', 'v8', 'v4', 'mo', 'ch', 'code') AND level IS NOT NULL ORDER BY 1, 2;
SELECT count(predict_purchase(m, t)) FROM m, t;

-- settings do not change what a model says
CREATE TEMP TABLE before AS SELECT sum(predict_purchase(m, t)) AS s FROM m, t;
SET datestyle = 'German, DMY';
SET intervalstyle = 'sql_standard';
SET timezone = 'Asia/Tokyo';
SET extra_float_digits = -5;
SELECT (SELECT sum(predict_purchase(m, t)) FROM m, t) = s AS same FROM before;
SELECT m = (SELECT train_classifier(f, 'y', logistic(categorical => ARRAY['code'])) FROM t f) AS same FROM m;
RESET ALL;
SET client_min_messages = notice;
SELECT m <> train_classifier_from('SELECT * FROM t', 'y', logistic(categorical => ARRAY['code'], timezone => 'Asia/Tokyo')) AS other_zone FROM m;

-- extremes: NaN, infinity, dates BC, constants, all NULL, very large numbers
CREATE TEMP TABLE x AS
SELECT i % 3 = 0 AS y, CASE i % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-Infinity' ELSE i::text END::float8 AS odd,
       CASE i % 3 WHEN 0 THEN date '0044-03-15 BC' WHEN 1 THEN 'infinity' ELSE '2020-01-01' END::date AS d,
       5 AS constant, NULL::float8 AS nothing, NULL::text AS no_text, 1e300 * i AS huge, 'same' AS word
FROM generate_series(1, 60) i;
SELECT count(*) FILTER (WHERE p BETWEEN 0 AND 1) AS good FROM (
  SELECT predict_purchase(m, x) AS p FROM x, (SELECT train_classifier(f, 'y') AS m FROM x f) s) q;
SELECT count(*) FILTER (WHERE p BETWEEN 0 AND 1) AS good FROM (
  SELECT predict_purchase(m, x) AS p FROM x, (SELECT train_classifier(f, 'y', mlp(epochs => 2)) AS m FROM x f) s) q;

-- one row a class, identifiers, many levels, long texts
SELECT predict_class(m, v) FROM (SELECT train_classifier(f, 'y') AS m FROM (VALUES (true, 1), (false, 2)) f(y, a)) s, (SELECT 1 AS a) v;
SELECT jsonb_array_length(model_info(train_classifier(f, 'y'))->'features') AS features
FROM (SELECT i % 2 = 0 AS y, i % 5 AS a, 'customer ' || i AS name FROM generate_series(1, 200) i) f;
SELECT model_info(train_classifier(f, 'y', logistic(max_levels => 3)))->'features'->0->>'levels' AS levels
FROM (SELECT i % 2 = 0 AS y, 'l' || i % 50 AS many FROM generate_series(1, 200) i) f;
SELECT octet_length(train_classifier(f, 'y', logistic(importance => false))) > 2000000 AS holds_long_texts
FROM (SELECT i % 2 = 0 AS y, repeat(chr(97 + i % 2), 1000000) AS long FROM generate_series(1, 20) i) f;

-- 1,600 columns
SELECT string_agg(format('i %% %s AS c%s', 2 + k % 17, k), ', ') AS list FROM generate_series(1, 1600) k \gset
CREATE TEMP TABLE wide AS SELECT i % 2 = 0 AS y, (i % 7)::float8 AS v FROM generate_series(1, 50) i;
SELECT jsonb_array_length(model_info(train_classifier_from('SELECT i % 2 = 0 AS y, ' || :'list' || ' FROM generate_series(1, 60) i', 'y', logistic(importance => false)))->'features') AS columns;
DROP TABLE t, m, before, x;
DROP TYPE mood;
DROP DOMAIN grade;
