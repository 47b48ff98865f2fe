-- Columns as other columns: bins of numbers, means of the target for levels, missing values from like rows.

CREATE FUNCTION @extschema@.bins_from(query text, column_name text, target text DEFAULT NULL, method text DEFAULT 'quantile', bins int DEFAULT 10, smoothing float8 DEFAULT 0.5,
	OUT bin int, OUT low float8, OUT high float8, OUT row_count bigint, OUT positives bigint, OUT woe float8, OUT iv float8) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS $$
DECLARE
	source text;
	edges float8[];
BEGIN
	IF query IS NULL OR column_name IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = 'query and column_name must not be null';
	ELSIF method IS NULL OR method NOT IN ('width', 'quantile', 'tree') THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('method must be one of width, quantile, tree, got %s', pg_catalog.quote_nullable(method));
	ELSIF bins IS NULL OR bins NOT BETWEEN 2 AND 1000 THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('bins must be from 2 to 1000, got %s', bins);
	ELSIF smoothing IS NULL OR NOT smoothing BETWEEN 0 AND 1e9 THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('smoothing must be from 0 to 1e9, got %s', smoothing);
	ELSIF method = 'tree' AND target IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = 'method tree needs a target', HINT = 'A tree cuts where the target changes: name the target column, or use quantile.';
	END IF;
	source := pg_catalog.format('(SELECT NULLIF(q.%1$I::pg_catalog.float8, ''NaN'') AS x, %2$s AS y FROM (%3$s) q) s', column_name,
		CASE WHEN target IS NULL THEN 'NULL::pg_catalog.bool'
			ELSE pg_catalog.format('pg_catalog.lower(q.%1$I::pg_catalog.text) IN (''t'', ''true'', ''1'', ''yes'', ''y'')', target) END, query)
		|| CASE WHEN target IS NULL THEN ' WHERE true' ELSE ' WHERE y IS NOT NULL' END;
	IF method = 'width' THEN
		EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(least + i * ((most - least) / $1) ORDER BY i)
			FROM (SELECT pg_catalog.min(x) AS least, pg_catalog.max(x) AS most FROM %s AND x BETWEEN -1e300 AND 1e300) m, pg_catalog.generate_series(1, $1 - 1) i WHERE most > least', source) INTO edges USING bins;
	ELSIF method = 'quantile' THEN
		EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(DISTINCT e) FROM (SELECT pg_catalog.min(x) AS least,
			pg_catalog.percentile_cont((SELECT pg_catalog.array_agg(i::pg_catalog.float8 / $1 ORDER BY i) FROM pg_catalog.generate_series(1, $1 - 1) i)) WITHIN GROUP (ORDER BY x) AS edge
			FROM %s) m, pg_catalog.unnest(edge) e WHERE e > least', source) INTO edges USING bins;
	ELSE
		EXECUTE pg_catalog.format('SELECT pg_catalog.array_agg(DISTINCT (pg_catalog.regexp_match(rule, ''<= (\S+)$''))[1]::pg_catalog.float8) FILTER (WHERE rule ~ ''<= \S+$'')
			FROM @extschema@.tree_rules(@extschema@.train_classifier_from($2, ''y'', @extschema@.tree(max_leaves => $1, max_depth => 20,
				min_rows => GREATEST(1, (SELECT pg_catalog.count(*) FROM %1$s AND x IS NOT NULL) / 20), importance => false)))', source)
			INTO edges USING bins, pg_catalog.format('SELECT x, y FROM %s AND x IS NOT NULL', source);
	END IF;
	edges := COALESCE(edges, '{}');
	RETURN QUERY EXECUTE pg_catalog.format('WITH c AS (SELECT CASE WHEN x IS NULL THEN 0 ELSE pg_catalog.width_bucket(x, $1) + 1 END AS bin, pg_catalog.count(*) AS n, pg_catalog.count(*) FILTER (WHERE y) AS p FROM %s GROUP BY 1),
		b AS (SELECT i AS bin, COALESCE(n, 0) AS n, COALESCE(p, 0) AS p FROM pg_catalog.generate_series(0, pg_catalog.cardinality($1) + 1) i LEFT JOIN c ON c.bin = i WHERE i > 0 OR n > 0),
		s AS (SELECT bin, n, p, (p + $2) / NULLIF(pg_catalog.sum(p) OVER () + $2 * pg_catalog.count(*) OVER (), 0) AS good, (n - p + $2) / NULLIF(pg_catalog.sum(n - p) OVER () + $2 * pg_catalog.count(*) OVER (), 0) AS bad FROM b),
		w AS (SELECT *, pg_catalog.ln(NULLIF(good, 0) / NULLIF(bad, 0)) AS weight FROM s)
		SELECT bin, CASE WHEN bin = 1 THEN ''-infinity'' WHEN bin > 1 THEN $1[bin - 1] END, CASE WHEN bin > pg_catalog.cardinality($1) THEN ''infinity'' WHEN bin > 0 THEN $1[bin] END, n,
			CASE WHEN $3 THEN p END, CASE WHEN $3 THEN weight END, CASE WHEN $3 THEN (good - bad) * weight END FROM w ORDER BY bin', source) USING edges, smoothing, target IS NOT NULL;
END $$;
COMMENT ON FUNCTION @extschema@.bins_from(text, text, text, text, int, float8) IS 'A number of a query in bins, low <= x < high, of equal width, by quantile, or cut by a tree where the target changes; bin 0 holds missing values. width_bucket(x, array_agg(low ORDER BY bin)) without bin 0 is the bin. With a target: rows where it is true, weight of evidence (log of the bin''s share of the true rows over its share of the others, smoothing added to each count) and the bin''s part of the information value';

CREATE FUNCTION @extschema@.target_encode_from(query text, columns text[], target text, folds int DEFAULT 5, smoothing float8 DEFAULT 10, seed bigint DEFAULT 1,
	OUT features jsonb, OUT fold int, OUT encoded jsonb) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1000 AS $$
BEGIN
	PERFORM @extschema@.shopper_check_encoding(query, columns, target, smoothing);
	IF folds IS NULL OR folds NOT BETWEEN 2 AND 1000 THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('folds must be from 2 to 1000, got %s', folds);
	END IF;
	RETURN QUERY EXECUTE pg_catalog.format('WITH r AS MATERIALIZED (SELECT pg_catalog.row_number() OVER () AS id, f, @extschema@.fold(f::pg_catalog.text, $3, $5) AS fold, @extschema@.shopper_target_number(f -> $2) AS y
			FROM (SELECT pg_catalog.to_jsonb(q.*) AS f FROM (%s) q) j),
		c AS MATERIALIZED (SELECT id, fold, y, name, f -> name AS level FROM r, pg_catalog.unnest($1) name),
		s AS (SELECT name, level, fold, pg_catalog.count(y) AS n, COALESCE(pg_catalog.sum(y), 0) AS s FROM c GROUP BY 1, 2, 3),
		l AS (SELECT name, level, fold, pg_catalog.sum(n) OVER w - n AS n, pg_catalog.sum(s) OVER w - s AS s FROM s WINDOW w AS (PARTITION BY name, level)),
		p AS (SELECT fold, (pg_catalog.sum(s) OVER () - s) / NULLIF(pg_catalog.sum(n) OVER () - n, 0) AS prior FROM (SELECT fold, pg_catalog.count(y) AS n, COALESCE(pg_catalog.sum(y), 0) AS s FROM r GROUP BY 1) t),
		e AS (SELECT c.id, pg_catalog.jsonb_object_agg(name, COALESCE((l.s + $4 * prior) / NULLIF(l.n + $4, 0)::pg_catalog.float8, prior)) AS encoded FROM c JOIN p USING (fold) JOIN l USING (name, level, fold) GROUP BY 1)
		SELECT f, fold, encoded FROM r JOIN e USING (id) ORDER BY id', query) USING columns, target, folds, smoothing, seed;
END $$;
COMMENT ON FUNCTION @extschema@.target_encode_from(text, text[], text, int, float8, bigint) IS 'The rows of a query with levels of columns as means of the target, each row by the other folds alone: (sum + smoothing * mean of all) / (rows + smoothing). For rows to train on; new rows take target_encode';

CREATE FUNCTION @extschema@.target_encoding_from(query text, columns text[], target text, smoothing float8 DEFAULT 10) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 AS $$
DECLARE
	result jsonb;
BEGIN
	PERFORM @extschema@.shopper_check_encoding(query, columns, target, smoothing);
	EXECUTE pg_catalog.format('WITH r AS MATERIALIZED (SELECT f, @extschema@.shopper_target_number(f -> $2) AS y FROM (SELECT pg_catalog.to_jsonb(q.*) AS f FROM (%s) q) j),
		p AS (SELECT pg_catalog.avg(y) AS prior FROM r),
		l AS (SELECT name, f ->> name AS level, (COALESCE(pg_catalog.sum(y), 0) + $3 * prior) / NULLIF(pg_catalog.count(y) + $3, 0) AS value FROM r, p, pg_catalog.unnest($1) name GROUP BY 1, 2, prior)
		SELECT pg_catalog.jsonb_build_object(''prior'', prior, ''columns'', (SELECT pg_catalog.jsonb_object_agg(name, levels) FROM (SELECT name, COALESCE(pg_catalog.jsonb_object_agg(level, value) FILTER (WHERE level IS NOT NULL), ''{}'') AS levels FROM l GROUP BY 1) c),
			''missing'', (SELECT COALESCE(pg_catalog.jsonb_object_agg(name, value), ''{}'') FROM l WHERE level IS NULL)) FROM p', query) INTO result USING columns, target, smoothing;
	RETURN result;
END $$;
COMMENT ON FUNCTION @extschema@.target_encoding_from(text, text[], text, float8) IS 'The smoothed mean of the target for each level of columns, by all rows of a query: what target_encode needs for new rows';

CREATE FUNCTION @extschema@.target_encode(encoding jsonb, features anyelement) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE COST 100 AS $$
	SELECT pg_catalog.jsonb_object_agg(c.key, COALESCE(CASE WHEN f ->> c.key IS NULL THEN encoding -> 'missing' -> c.key ELSE c.value -> (f ->> c.key) END, encoding -> 'prior'))
	FROM pg_catalog.jsonb_each(encoding -> 'columns') c, (SELECT pg_catalog.to_jsonb(features) AS f) x
$$;
COMMENT ON FUNCTION @extschema@.target_encode(jsonb, anyelement) IS 'The means of target_encoding_from for the levels of a row; unknown levels have the mean of all';

CREATE FUNCTION @extschema@.shopper_target_number(value jsonb) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE pg_catalog.jsonb_typeof(value) WHEN 'boolean' THEN value::pg_catalog.bool::pg_catalog.int4::pg_catalog.float8 WHEN 'null' THEN NULL ELSE (value #>> '{}')::pg_catalog.float8 END
$$;
COMMENT ON FUNCTION @extschema@.shopper_target_number(jsonb) IS 'A target as a number: booleans as 0 and 1';

CREATE FUNCTION @extschema@.shopper_check_encoding(query text, columns text[], target text, smoothing float8) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	first jsonb;
	absent text;
BEGIN
	IF query IS NULL OR target IS NULL OR columns IS NULL OR pg_catalog.cardinality(columns) = 0 THEN
		RAISE null_value_not_allowed USING MESSAGE = 'query, columns and target must not be null';
	ELSIF smoothing IS NULL OR NOT smoothing BETWEEN 0 AND 1e9 THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('smoothing must be from 0 to 1e9, got %s', smoothing);
	END IF;
	EXECUTE pg_catalog.format('SELECT pg_catalog.to_jsonb(q.*) FROM (%s) q LIMIT 1', query) INTO first;
	IF first IS NULL THEN
		RAISE data_exception USING MESSAGE = 'no rows to learn from';
	END IF;
	SELECT c INTO absent FROM pg_catalog.unnest(columns || target) c WHERE first -> c IS NULL LIMIT 1;
	IF absent IS NOT NULL THEN
		RAISE undefined_column USING MESSAGE = pg_catalog.format('column "%s" is not in the query', absent),
			DETAIL = 'It has: ' || (SELECT pg_catalog.string_agg(k, ', ' ORDER BY k) FROM pg_catalog.jsonb_object_keys(first) k) || '.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.shopper_check_encoding(text, text[], text, float8) IS 'Checks the arguments of target_encode_from and target_encoding_from';

CREATE FUNCTION @extschema@.impute_nearest(query text, k int DEFAULT 5, exclude text[] DEFAULT NULL, method text DEFAULT 'standard') RETURNS SETOF jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS $$
BEGIN
	RETURN QUERY EXECUTE pg_catalog.format('WITH m AS MATERIALIZED (SELECT @extschema@.train_scaler_from($1, @extschema@.scaler(impute => ''nearest'', neighbours => $2, exclude => $3, method => $4, date_parts => ''none'')) AS model)
		SELECT pg_catalog.to_jsonb(q.*) || @extschema@.unscale(m.model, @extschema@.scale(m.model, q.*)) FROM m, (%s) q', query) USING query, k, exclude, method;
END $$;
COMMENT ON FUNCTION @extschema@.impute_nearest(text, int, text[], text) IS 'The rows of a query with missing numbers filled by the mean of the k nearest rows that have them, in the scale of method (that of scaler()); exclude names columns that say nothing of likeness, such as ids. To fill new rows train scaler(impute => ''nearest'')';
