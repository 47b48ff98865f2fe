-- profile_table against the sums and means of 20 columns, 1M x 24 (the tables of rows.sql);
-- run by: test/cluster run psql -X -d bench -f test/bench/profile.sql
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
SELECT format('SELECT %s FROM bench.sessions', string_agg(format('sum(%1$I), avg(%1$I)', attname), ', ' ORDER BY attnum)) AS floor
FROM (SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'bench.sessions'::regclass AND attnum > 0 AND atttypid IN ('int4'::regtype, 'int8'::regtype, 'float8'::regtype, 'float4'::regtype) ORDER BY attnum LIMIT 20) a \gset
CREATE TEMP TABLE statements(what text, sql text);
INSERT INTO statements VALUES ('sum and avg of 20 columns', :'floor'), ('profile_table', 'SELECT count(*) FROM profile_table(''bench.sessions'')'), ('correlations', 'SELECT count(*) FROM correlations(''bench.sessions'')');
CREATE TEMP TABLE timed(what text, ms float8);
SET max_parallel_workers_per_gather = 0;
DO $$
DECLARE s record; at timestamptz; ignored record;
BEGIN
	FOR round IN 1..5 LOOP
		FOR s IN SELECT * FROM statements LOOP
			at := clock_timestamp();
			EXECUTE s.sql INTO ignored;
			INSERT INTO timed VALUES (s.what, extract(epoch FROM clock_timestamp() - at) * 1000);
		END LOOP;
	END LOOP;
END $$;
SELECT what, round(ms) AS ms, round((ms / max(ms) FILTER (WHERE what LIKE 'sum%') OVER ())::numeric, 2) AS of_the_sums
FROM (SELECT what, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM timed GROUP BY 1) m ORDER BY ms;
