-- pca of 20 columns, 1M rows (the table of rows.sql), against their sums and means, one process;
-- run by: test/cluster run psql -X -d bench -f test/bench/pca.sql
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
SET max_parallel_workers_per_gather = 0;
SELECT string_agg('f' || i, ', ') AS columns, 'SELECT ' || string_agg(format('sum(f%1$s), avg(f%1$s)', i), ', ') || ' FROM bench.sessions' AS floor FROM generate_series(1, 20) i \gset
CREATE TEMP TABLE statements(what text, sql text);
INSERT INTO statements VALUES ('sum and avg of 20 columns', :'floor'),
	('train_pca(array)', format('SELECT length(train_pca(ARRAY[%s])) FROM bench.sessions', :'columns')),
	('train_projection_from(query)', format('SELECT length(train_projection_from(''SELECT %s FROM bench.sessions'', pca()))', :'columns')),
	('train_projection(record)', format('SELECT length(train_projection(f, pca())) FROM (SELECT %s FROM bench.sessions) f', :'columns'));
CREATE TEMP TABLE timed(what text, ms float8);
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
