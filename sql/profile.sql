-- What the columns of a table hold: profile_table, correlations.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
SET timezone = 'America/New_York';
SET datestyle = 'German';

CREATE TYPE pg_temp.size AS ENUM ('small', 'large');
CREATE TEMP TABLE t AS SELECT i AS id, i % 10 AS tens, CASE WHEN i % 4 <> 0 THEN i * 0.25 END::float8 AS x, 'a' AS same, 'word ' || i % 3 AS word, md5(i::text)::uuid AS key,
	date '2026-01-01' + i AS day, timestamptz '2026-01-01 00:00 UTC' + i * interval '1 hour' AS at, i % 5 = 0 AS flag, (ARRAY['small', 'large'])[1 + i % 2]::pg_temp.size AS size,
	interval '1 minute' * i AS lasts, (i / 8.0)::numeric(8,3) AS price, ARRAY[i, 1] AS pair, jsonb_build_object('a', i % 2) AS doc, NULL::text AS nothing, i::float4 / 10 AS small,
	CASE i WHEN 1 THEN 'NaN'::float8 WHEN 2 THEN 'infinity' ELSE i END AS holes, 9007199254740993 + i % 2 AS big
FROM generate_series(1, 200) i;
SELECT "position", column_name, type, null_count, invalid_count, distinct_count, distinct_is_exact AS exact, min_value, max_value, is_constant AS constant, is_identifier AS id FROM profile_table('t');
SELECT column_name, round(mean::numeric, 4) AS mean, round(sd::numeric, 4) AS sd, round(skew::numeric, 4) AS skew, q05, q25, median, q75, q95, quantile_rank_error AS error, histogram FROM profile_table('t'::regclass) WHERE histogram IS NOT NULL;
SELECT column_name, jsonb_array_length(top_values) AS n, top_values->0 AS first FROM profile_table('SELECT tens, word, flag, size, doc, nothing FROM t');
-- as PostgreSQL's own aggregates
SELECT p.median = percentile_cont(0.5) WITHIN GROUP (ORDER BY t.x) AS median, p.q05 = percentile_cont(0.05) WITHIN GROUP (ORDER BY t.x) AS q05, abs(p.sd - stddev(t.x)) < 1e-12 AS sd, p.distinct_count = count(DISTINCT t.x) AS distinct
FROM profile_table('t') p, t WHERE p.column_name = 'x' GROUP BY p.median, p.q05, p.sd, p.distinct_count;
SELECT feature_a, feature_b, round(correlation::numeric, 6) AS correlation, row_count, round(p_value::numeric, 6) AS p_value FROM correlations('SELECT id, x, tens, flag, word FROM t');
SELECT abs(c.correlation - p.r) < 1e-12 AS as_postgres FROM correlations('SELECT x, tens FROM t') c, (SELECT corr(x, tens) AS r FROM t) p;
SELECT feature_a, feature_b, round(correlation::numeric, 6) AS correlation FROM correlations('SELECT id, power(id, 3) AS cube, x, 7 AS constant FROM t', 'spearman');
-- nothing, one row, as many columns as a table can have
SELECT column_name, row_count, null_rate, distinct_count, min_value, mean, top_values, is_constant, histogram FROM profile_table('SELECT 1 AS a, ''x'' AS b WHERE false');
SELECT column_name, row_count, distinct_count, min_value, mean, sd, skew, median, is_constant FROM profile_table('SELECT 1.5 AS a, ''x'' AS b');
DO $$ BEGIN EXECUTE (SELECT format('CREATE TEMP TABLE wide AS SELECT %s FROM generate_series(1, 300) i', string_agg('i % ' || c || ' AS c' || c, ', ')) FROM generate_series(1, 1600) c); END $$;
SELECT count(*), sum(distinct_count) FROM profile_table('wide');
-- refused
SELECT * FROM profile_table('no_such_table');
SELECT * FROM profile_table('DELETE FROM t');
SELECT * FROM profile_table(NULL::text);
SELECT * FROM correlations('SELECT word, id FROM t');
SELECT * FROM correlations('t', 'kendall');
