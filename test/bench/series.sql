-- interpolate() against lag() over the same window, 1M rows; run by: test/cluster run psql -X -d postgres -f test/bench/series.sql
-- Times of each round in ms, then medians and their ratio to lag().
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
SET work_mem = '256MB';
CREATE TEMP TABLE series AS
SELECT i % 100 AS g, i * 0.5::float8 AS t, CASE WHEN hashint4(i) % 3 <> 0 THEN sin(i / 100.0) END::float8 AS y FROM generate_series(1, 1000000) i;
ANALYZE series;
CREATE TEMP TABLE timed(what text, windows text, ms float8);
DO $$
DECLARE call text; w text; at timestamptz;
BEGIN
	FOR round IN 1..5 LOOP
		FOREACH w IN ARRAY ARRAY['ORDER BY t', 'PARTITION BY g ORDER BY t'] LOOP
			FOREACH call IN ARRAY ARRAY['lag(y)', 'interpolate(y, t, ''step'')', 'interpolate(y, t)', 'interpolate(y, t, ''spline'')', 'interpolate(y, t, ''seasonal'', period => ''300 days'')'] LOOP
				at := clock_timestamp();
				EXECUTE format('SELECT count(l) FROM (SELECT %s OVER (%s) AS l FROM series) x', call, w);
				INSERT INTO timed VALUES (call, w, extract(epoch FROM clock_timestamp() - at) * 1000);
			END LOOP;
		END LOOP;
	END LOOP;
END $$;
SELECT windows, what, round(ms) AS ms, round((ms / first_value(ms) OVER (PARTITION BY windows ORDER BY what <> 'lag(y)'))::numeric, 2) AS of_lag
FROM (SELECT windows, what, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM timed GROUP BY 1, 2) m ORDER BY 1, what <> 'lag(y)', ms;
