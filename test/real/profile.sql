-- Profiles and correlations of real tables against PostgreSQL's own aggregates.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(8);

CREATE FUNCTION pg_temp.own(source regclass) RETURNS TABLE(column_name text, nulls bigint, n_distinct bigint, mean float8, sd float8, q float8[]) LANGUAGE plpgsql AS $$
DECLARE a name;
BEGIN
	FOR a IN SELECT attname FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND atttypid IN ('int4'::regtype, 'int8'::regtype, 'float8'::regtype) LOOP
		RETURN QUERY EXECUTE format('SELECT %1$L::text, count(*) - count(%1$I), count(DISTINCT %1$I), avg(%1$I)::float8, stddev(%1$I::float8), percentile_cont(''{.05,.25,.5,.75,.95}''::float8[]) WITHIN GROUP (ORDER BY %1$I) FROM %2$s', a, source);
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql AS $$ SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= 1e-10 * greatest(abs(a), abs(b)) $$;
SELECT is(count(*) FILTER (WHERE o.nulls = p.null_count AND o.n_distinct = p.distinct_count AND pg_temp.near(o.mean, p.mean) AND pg_temp.near(o.sd, p.sd) AND o.q = ARRAY[p.q05, p.q25, p.median, p.q75, p.q95]), count(*), s::text)
FROM unnest('{online_retail,california_housing,adult,online_shoppers,customer_personality,telco_churn}'::regclass[]) s, pg_temp.own(s) o JOIN profile_table(s) p USING (column_name) GROUP BY s;

SELECT is(count(*) FILTER (WHERE abs(correlation - own) > 1e-10), 0::bigint, 'correlations of california_housing')
FROM (SELECT c.*, (SELECT corr((to_jsonb(h) ->> c.feature_a)::float8, (to_jsonb(h) ->> c.feature_b)::float8) FROM california_housing h) AS own
      FROM correlations('california_housing') c WHERE feature_a LIKE 'm%' OR feature_b LIKE 'total%') d;
-- two million rows: estimated, and within what they promise
SELECT ok(p.quantile_rank_error BETWEEN 0.001 AND 0.005 AND abs(p.median / 2e6 - 0.5) < p.quantile_rank_error AND abs(p.q95 / 2e6 - 0.95) < p.quantile_rank_error
	AND abs(p.distinct_count / 2e6 - 1) < 0.03 AND NOT p.distinct_is_exact AND abs(p.mean - 1000000.5) < 1e-6 AND p.max_value = '2000000', 'two million different numbers')
FROM profile_table('SELECT i FROM generate_series(1, 2000000) i') p;
SELECT * FROM finish();
ROLLBACK;
