-- Scoring jobs: the rows of a query, scored by the live version of a named model, kept in a
-- table of the caller's.
--
-- A job reads the query once, into a temporary table with the key, a hash of the model's columns
-- and, for rows that are new or changed, the score. The rest follows from it, in the transaction
-- of the caller: readers of the table see the rows of the job before until it is committed.

-- ---- the table of the scores ----

-- The columns that a job writes besides the key, in their order.
CREATE FUNCTION shopper.score_columns(job text) RETURNS TABLE(name text, type text, meaning text) LANGUAGE sql IMMUTABLE ROWS 6 AS $$
	SELECT c.name, c.type, c.meaning FROM (VALUES
		('rank', 'integer', 'Place of the item, 1 is the best', true, 1),
		('item', NULL, 'The item that is recommended', true, 2),
		('score', 'double precision', CASE job WHEN 'regressor' THEN 'The amount that is expected' WHEN 'clusters' THEN 'Distance from the centre of the cluster' WHEN 'anomaly' THEN 'How strange the row is, from 0 to 1'
			WHEN 'recommender' THEN 'How well the item suits the user' ELSE 'Probability of the positive class, or of the most probable one when none is' END, NULL, 3),
		('band', 'text', CASE job WHEN 'clusters' THEN 'The cluster: number and name' WHEN 'anomaly' THEN 'anomaly or normal' ELSE 'Band of the score (shopper.bands), or the most probable class when none is positive' END, false, 4),
		('reasons', 'text', 'What the score comes from, the strongest reason first', false, 5),
		('source', 'text', 'model, or popular for users that the model does not know', true, 6),
		('model_version', 'bigint', 'Version of the model that scored the row', NULL, 7),
		('row_hash', 'bigint', 'Hash of what was scored, by which the next job sees changes', NULL, 8),
		('scored_at', 'timestamp with time zone', 'When the row was scored', NULL, 9)) c(name, type, meaning, recommender, place)
	WHERE c.recommender IS NULL OR c.recommender = (job = 'recommender') ORDER BY c.place $$;
COMMENT ON FUNCTION shopper.score_columns(text) IS 'Step of shopper.score: the columns of its table';

-- A table name as an identifier with schema, whether it exists or not.
CREATE FUNCTION shopper.full_table_name(target_table text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	relation constant regclass := pg_catalog.to_regclass(target_table);
	part constant name[] := pg_catalog.parse_ident(target_table)::name[];
BEGIN
	IF relation IS NOT NULL THEN
		RETURN (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
	ELSIF pg_catalog.array_length(part, 1) > 2 THEN
		RAISE invalid_name USING MESSAGE = pg_catalog.format('expected a table or schema.table, got "%s"', target_table);
	ELSIF pg_catalog.array_length(part, 1) = 1 AND pg_catalog.current_schema() IS NULL THEN
		RAISE invalid_schema_name USING MESSAGE = pg_catalog.format('no schema for table "%s": search_path names none that exists', target_table);
	END IF;
	RETURN pg_catalog.format('%I.%I', CASE WHEN pg_catalog.array_length(part, 1) = 2 THEN part[1] ELSE pg_catalog.current_schema() END, part[pg_catalog.array_length(part, 1)]);
END $$;
COMMENT ON FUNCTION shopper.full_table_name(text) IS 'Step of shopper.score: a table''s name with its schema; the first one of search_path for a table to be made';

-- An error when the table cannot take the scores.
CREATE FUNCTION shopper.check_score_table(relation regclass, job text, key name, key_type regtype) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
	keys constant name[] := CASE job WHEN 'recommender' THEN ARRAY[key, 'rank'] ELSE ARRAY[key] END;
	missing text;
BEGIN
	IF (SELECT c.relkind NOT IN ('r', 'p') FROM pg_catalog.pg_class c WHERE c.oid = relation) THEN
		RAISE wrong_object_type USING MESSAGE = pg_catalog.format('"%s" is not a table', relation);
	END IF;
	SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', w.name, coalesce(w.type, 'of any type')), ', ' ORDER BY w.place) INTO missing
	FROM (SELECT key::text AS name, pg_catalog.format_type(key_type, NULL) AS type, 0 AS place UNION ALL SELECT c.name, c.type, c.place FROM shopper.score_columns(job) WITH ORDINALITY c(name, type, meaning, place)) w
	WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
		AND (w.type IS NULL OR pg_catalog.format_type(a.atttypid, NULL) = w.type));
	IF missing IS NOT NULL THEN
		RAISE undefined_column USING MESSAGE = pg_catalog.format('table "%s" cannot take the scores', relation), DETAIL = 'It lacks: ' || missing || '.',
			HINT = 'Name a table that does not exist, it is made then; or add the columns.';
	ELSIF NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = relation AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = pg_catalog.cardinality(keys)
			AND keys @> ARRAY(SELECT a.attname FROM pg_catalog.unnest(i.indkey[0:i.indnkeyatts - 1]) k JOIN pg_catalog.pg_attribute a ON a.attrelid = relation AND a.attnum = k)) THEN
		RAISE invalid_table_definition USING MESSAGE = pg_catalog.format('table "%s" has no unique index on (%s)', relation, pg_catalog.array_to_string(keys, ', ')),
			HINT = pg_catalog.format('ALTER TABLE %s ADD PRIMARY KEY (%s)', relation, (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(k), ', ') FROM pg_catalog.unnest(keys) k));
	END IF;
END $$;
COMMENT ON FUNCTION shopper.check_score_table(regclass, text, name, regtype) IS 'Step of shopper.score: whether a table has the columns and the key';

-- The table without its key, which comes when the rows are in. An index of many rows is made faster at once.
CREATE FUNCTION shopper.create_score_table(relation text, model text, job text, key name, key_type text, item_type text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	c record;
BEGIN
	EXECUTE pg_catalog.format('CREATE TABLE %s (%I %s, %s)', relation, key, key_type,
		(SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', d.name, coalesce(d.type, item_type)), ', ') FROM shopper.score_columns(job) d));
	EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', relation, pg_catalog.format('Scores by model "%s", one row for each %s%s; written by shopper.score', model, key, CASE job WHEN 'recommender' THEN ' and rank' ELSE '' END));
	EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', relation, key, CASE job WHEN 'recommender' THEN 'The user' ELSE 'The row that is scored' END);
	FOR c IN SELECT * FROM shopper.score_columns(job) LOOP
		EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', relation, c.name, c.meaning);
	END LOOP;
END $$;
COMMENT ON FUNCTION shopper.create_score_table(text, text, text, name, text, text) IS 'Step of shopper.score: make its table';

-- ---- bands ----

-- The highest tenth, the next three tenths, the rest. Equal scores stay together: in the lower band, but for the highest of all.
CREATE FUNCTION shopper.make_bands(model text, relation text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	border float8[];
	high float8;
	medium float8;
	lowest float8;
BEGIN
	SELECT pg_catalog.percentile_disc(ARRAY[0.6, 0.9]::float8[]) WITHIN GROUP (ORDER BY s.score), pg_catalog.min(s.score) INTO border, lowest FROM pg_temp.shopper_scored s;
	IF border IS NULL THEN
		RETURN;
	END IF;
	SELECT coalesce(pg_catalog.min(s.score) FILTER (WHERE s.score > border[2]), border[2]), pg_catalog.min(s.score) FILTER (WHERE s.score > border[1]) INTO high, medium FROM pg_temp.shopper_scored s;
	INSERT INTO shopper.bands SELECT model, relation, b.band, b.low
	FROM (VALUES ('high', high, high > lowest), ('medium', medium, medium < high AND medium > lowest), ('low', '-Infinity', true)) b(band, low, apart) WHERE b.apart;
END $$;
COMMENT ON FUNCTION shopper.make_bands(text, text) IS 'Step of shopper.score: the first bands of a table';

-- ---- scoring ----

CREATE FUNCTION shopper.row_hash(features record) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'shopper_row_hash';
COMMENT ON FUNCTION shopper.row_hash(record) IS 'Step of shopper.score: a hash of the values of a row, whatever their names';

CREATE TYPE shopper.score_job AS (model text, job text, version int, query text, relation text, created boolean, key text, features text[], everything boolean, at timestamptz);
COMMENT ON TYPE shopper.score_job IS 'Step of shopper.score: what its steps tell each other';

-- An error when keys do not tell the rows of pg_temp.shopper_scored apart.
CREATE FUNCTION shopper.check_score_keys(key text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	wrong text;
BEGIN
	IF EXISTS (SELECT FROM pg_temp.shopper_scored s WHERE s.key IS NULL) THEN
		RAISE not_null_violation USING MESSAGE = pg_catalog.format('key column "%s" is NULL in a row of the query', key), HINT = 'Leave such rows out.';
	END IF;
	SELECT s.key::text INTO wrong FROM pg_temp.shopper_scored s GROUP BY s.key HAVING pg_catalog.count(*) > 1 LIMIT 1;
	IF FOUND THEN
		RAISE unique_violation USING MESSAGE = pg_catalog.format('the query returns key %s more than once', wrong), DETAIL = pg_catalog.format('The key column is "%s".', key),
			HINT = 'Name the column that identifies a row: key_column => ''id''.';
	END IF;
END $$;
COMMENT ON FUNCTION shopper.check_score_keys(text) IS 'Step of shopper.score: an error for keys that are NULL or there twice';

-- Rows of the table whose key the query has no more; returns how many.
CREATE FUNCTION shopper.remove_scores(j shopper.score_job) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	removed bigint;
BEGIN
	EXECUTE pg_catalog.format('SELECT (SELECT pg_catalog.count(*) FROM %s) - (SELECT pg_catalog.count(*) FROM pg_temp.shopper_scored s WHERE s.known)', j.relation) INTO removed;
	IF removed > 0 THEN
		EXECUTE pg_catalog.format('DELETE FROM %s t WHERE NOT EXISTS (SELECT FROM pg_temp.shopper_scored s WHERE s.key = t.%I)', j.relation, j.key);
		GET DIAGNOSTICS removed = ROW_COUNT;
	END IF;
	RETURN greatest(removed, 0);
END $$;
COMMENT ON FUNCTION shopper.remove_scores(shopper.score_job) IS 'Step of shopper.score: remove what the query has no more';

-- Bring rows into the table: those known change, the others come. source: a query of the columns of the table, and known.
CREATE FUNCTION shopper.write_scores(j shopper.score_job, keys text[], source text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	names constant text := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(k), ', ') FROM pg_catalog.unnest(keys) k);
	others text;
	news text;
BEGIN
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c.name), ', '), pg_catalog.string_agg(pg_catalog.format('s.%I', c.name), ', ') INTO others, news
	FROM shopper.score_columns(j.job) c WHERE c.name <> ALL (keys);
	IF j.created THEN
		EXECUTE pg_catalog.format('INSERT INTO %1$s (%2$s, %3$s) SELECT %2$s, %3$s FROM (%4$s) s', j.relation, names, others, source);
		BEGIN
			EXECUTE pg_catalog.format('ALTER TABLE %s ADD PRIMARY KEY (%s)', j.relation, names);
		EXCEPTION WHEN unique_violation OR not_null_violation THEN
			PERFORM shopper.check_score_keys(j.key);
			RAISE;
		END;
		EXECUTE pg_catalog.format('ANALYZE %s', j.relation);
	ELSE
		EXECUTE pg_catalog.format('UPDATE %s t SET (%s) = ROW(%s) FROM (%s) s WHERE s.known AND %s', j.relation, others, news, source,
			(SELECT pg_catalog.string_agg(pg_catalog.format('t.%1$I = s.%1$I', k), ' AND ') FROM pg_catalog.unnest(keys) k));
		-- another session, such as a trigger, may have put a row there meanwhile
		EXECUTE pg_catalog.format('INSERT INTO %1$s (%2$s, %3$s) SELECT %2$s, %3$s FROM (%4$s) s WHERE NOT s.known ON CONFLICT (%2$s) DO UPDATE SET (%3$s) = ROW(%5$s)',
			j.relation, names, others, source, 'excluded.' || pg_catalog.replace(others, ', ', ', excluded.'));
	END IF;
END $$;
COMMENT ON FUNCTION shopper.write_scores(shopper.score_job, text[], text) IS 'Step of shopper.score: rows into the table';

-- The rows of the query into pg_temp.shopper_scored: key, row_hash, known (in the table already), fresh (to be scored), old_band,
-- score, of fresh rows label, and if keep their columns, f. old: the rows of the table, with a mark on those to be scored anew;
-- score and label: expressions over the row r.f.
CREATE FUNCTION shopper.read_scores(j shopper.score_job, old text, score text, label text, keep boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	names constant text := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(f), ', ') FROM pg_catalog.unnest(j.features) f);
BEGIN
	EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_features ON COMMIT DROP AS SELECT %s FROM pg_temp.shopper_columns WITH NO DATA', names);
	-- OFFSET keeps a level from being merged with the one above: record and hash are made once for each row.
	-- '0' is known to the parser as nothing to skip, so that the plan may be parallel.
	EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_scored ON COMMIT DROP AS
		SELECT r.key, r.row_hash, r.known, r.fresh, r.old_band, CASE WHEN r.fresh THEN %s ELSE r.old_score END AS score, CASE WHEN r.fresh THEN %s END AS label, CASE WHEN r.fresh AND %L THEN r.f END AS f
		FROM (SELECT h.key, h.f, h.row_hash, t.key IS NOT NULL AS known, t.band AS old_band, t.score AS old_score,
				t.key IS NULL OR t.row_hash IS DISTINCT FROM h.row_hash OR t.model_version IS DISTINCT FROM %s OR t.again OR %L AS fresh
			FROM (SELECT g.key, g.f, shopper.row_hash(g.f) AS row_hash
				FROM (SELECT q.%I AS key, ROW(%s)::pg_temp.shopper_features AS f FROM (%s) q OFFSET ''0'') g OFFSET ''0'') h
			LEFT JOIN (%s) t ON t.key = h.key OFFSET ''0'') r',
		score, label, keep, j.version, j.everything, j.key, (SELECT pg_catalog.string_agg(pg_catalog.format('q.%I', f), ', ') FROM pg_catalog.unnest(j.features) f), shopper.as_subselect(j.query), old);
	ANALYZE pg_temp.shopper_scored (key, known, fresh);
	IF NOT j.created THEN
		PERFORM shopper.check_score_keys(j.key);
	END IF;
END $$;
COMMENT ON FUNCTION shopper.read_scores(shopper.score_job, text, text, text, boolean) IS 'Step of shopper.score: read the query once, and score what is new or changed';

-- Note a job; returns its number.
CREATE FUNCTION shopper.log_scores(j shopper.score_job, removed bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	total bigint;
	scored bigint;
	run bigint;
	words text;
BEGIN
	SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE s.fresh) INTO total, scored FROM pg_temp.shopper_scored s;
	words := pg_catalog.format('%s scored by version %s, %s unchanged, %s removed', scored, j.version, total - scored, removed);
	INSERT INTO shopper.scorings (name, version, target_table, row_count, scored_count, removed_count, message, started_at)
	VALUES (j.model, j.version, j.relation, total, scored, removed, words, j.at) RETURNING score_run_id INTO run;
	RAISE NOTICE 'model "%", table %: %', j.model, j.relation, words;
	RETURN run;
END $$;
COMMENT ON FUNCTION shopper.log_scores(shopper.score_job, bigint) IS 'Step of shopper.score: note the job in shopper.scorings';

-- Jobs whose rows have one score each.
CREATE FUNCTION shopper.score_rows(j shopper.score_job, reasons int, all_reasons boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	bytes constant bytea := shopper.model(j.model, j.version);
	model constant text := pg_catalog.format('(SELECT shopper.model(%L, %s))', j.model, j.version);	-- looked up once, and handed to parallel workers as a pointer
	ranked constant boolean := j.job = 'regressor' OR j.job = 'classifier' AND @extschema@.model_info(bytes) ->> 'positive' IS NOT NULL;
	score text;
	label text := 'NULL::text';
	band text := 'CASE WHEN s.fresh THEN s.label ELSE s.old_band END';
	explained text := 'true';	-- which rows get reasons
	why text := pg_catalog.format('@extschema@.top_reasons(%s, s.f, %s)', model, reasons);
	top float8;
	again text := 'false';
	removed bigint := 0;
	run bigint;
BEGIN
	IF ranked THEN
		score := CASE j.job WHEN 'regressor' THEN '@extschema@.predict_value({model}, r.f)' ELSE '@extschema@.predict_purchase({model}, r.f)' END;
		-- reasons that came to be wanted by an edit of the bands
		SELECT pg_catalog.max(b.lowest_score) INTO top FROM shopper.bands b WHERE b.name = j.model AND b.target_table = j.relation;
		again := CASE WHEN reasons = 0 THEN 'false' WHEN all_reasons THEN 't.reasons IS NULL' ELSE pg_catalog.format('t.reasons IS NULL AND t.score >= %L', top) END;
	ELSIF j.job = 'classifier' THEN
		score := '(@extschema@.predict_proba({model}, r.f) ->> @extschema@.predict_class({model}, r.f))::float8';
		label := '@extschema@.predict_class({model}, r.f)';
	ELSIF j.job = 'anomaly' THEN
		score := '@extschema@.anomaly_score({model}, r.f)';
		label := 'CASE WHEN @extschema@.is_anomaly({model}, r.f) THEN ''anomaly'' ELSE ''normal'' END';
		explained := pg_catalog.format('(s.label = ''anomaly'' OR %L)', all_reasons);
	ELSE
		-- what is special about a cluster are the reasons of all its rows
		score := '@extschema@.cluster_distance({model}, r.f)';
		SELECT 'CASE @extschema@.predict_cluster({model}, r.f)' || pg_catalog.string_agg(pg_catalog.format(' WHEN %s THEN %L', c.cluster, c.band), '' ORDER BY c.cluster) || ' ELSE ''none'' END',
			'CASE s.label' || pg_catalog.string_agg(pg_catalog.format(' WHEN %L THEN %L', c.band, (SELECT pg_catalog.string_agg(p.feature || ' ' || p.description, '; ' ORDER BY p.rank)
				FROM @extschema@.cluster_profile(bytes) p WHERE p.cluster = c.cluster AND p.rank <= reasons)), '' ORDER BY c.cluster) || ' END'
		INTO label, why FROM (SELECT c.cluster, c.cluster || coalesce(' ' || c.name, '') AS band FROM @extschema@.clusters(bytes) c WHERE c.cluster IS NOT NULL) c;
	END IF;
	PERFORM shopper.read_scores(j, pg_catalog.format('SELECT t.%I AS key, t.band, t.score, t.row_hash, t.model_version, %s AS again FROM %s t WHERE %L', j.key, again, j.relation, NOT j.created),
		pg_catalog.replace(score, '{model}', model), pg_catalog.replace(label, '{model}', model), reasons > 0 AND j.job <> 'clusters');
	IF ranked THEN
		IF top IS NULL THEN
			PERFORM shopper.make_bands(j.model, j.relation);
		END IF;
		SELECT coalesce('CASE' || pg_catalog.string_agg(pg_catalog.format(' WHEN s.score >= %L::float8 THEN %L', b.lowest_score, b.band), '' ORDER BY b.lowest_score DESC) || ' END', 'NULL::text'),
			pg_catalog.format('(s.score >= %L OR %L)', pg_catalog.max(b.lowest_score), all_reasons) INTO band, explained
		FROM shopper.bands b WHERE b.name = j.model AND b.target_table = j.relation;
	END IF;
	IF NOT j.created THEN
		removed := shopper.remove_scores(j);
		EXECUTE pg_catalog.format('UPDATE %1$s t SET band = s.band FROM (SELECT s.key, %2$s AS band FROM pg_temp.shopper_scored s WHERE s.known AND NOT s.fresh AND s.old_band IS DISTINCT FROM (%2$s)) s WHERE t.%3$I = s.key',
			j.relation, band, j.key);
	END IF;
	PERFORM shopper.write_scores(j, ARRAY[j.key],
		pg_catalog.format('SELECT s.key AS %I, s.score, %s AS band, CASE WHEN %s AND %L THEN %s END AS reasons, %s::bigint AS model_version, s.row_hash, %L::timestamptz AS scored_at, s.known FROM pg_temp.shopper_scored s WHERE s.fresh',
			j.key, band, explained, reasons > 0, why, j.version, j.at));
	run := shopper.log_scores(j, removed);
	EXECUTE pg_catalog.format('WITH counted AS (
			SELECT c.old_band, c.band, pg_catalog.count(*) AS n, pg_catalog.sum(c.score) AS total FROM (SELECT CASE WHEN s.known THEN s.old_band END AS old_band, %s AS band, s.score FROM pg_temp.shopper_scored s) c GROUP BY 1, 2),
		moved AS (INSERT INTO shopper.scoring_moves SELECT $1, c.old_band, c.band, c.n FROM counted c
			-- a cluster that got a name is the same one
			WHERE c.old_band <> c.band AND NOT ($5 AND pg_catalog.split_part(c.old_band, '' '', 1) = pg_catalog.split_part(c.band, '' '', 1)))
		INSERT INTO shopper.scoring_bands SELECT $1, coalesce(c.band, b.band), nullif(b.lowest_score, ''-Infinity''), coalesce(c.n, 0), c.total / c.n
		FROM (SELECT c.band, pg_catalog.sum(c.n) AS n, pg_catalog.sum(c.total) AS total FROM counted c WHERE c.band IS NOT NULL GROUP BY 1) c
		FULL JOIN (SELECT b.band, b.lowest_score FROM shopper.bands b WHERE b.name = $2 AND b.target_table = $3 AND $4) b ON b.band = c.band', band)
	USING run, j.model, j.relation, ranked, j.job = 'clusters';
END $$;
COMMENT ON FUNCTION shopper.score_rows(shopper.score_job, int, boolean) IS 'Step of shopper.score: classifiers, regressors, clusters, anomalies';

-- The type of the items: asking as a user with such an id is an error for items of another type.
CREATE FUNCTION shopper.item_type(recommender bytea) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	BEGIN
		PERFORM @extschema@.recommend(recommender, 0::bigint, n => 1);
		RETURN 'bigint';
	EXCEPTION WHEN datatype_mismatch THEN
	END;
	BEGIN
		PERFORM @extschema@.recommend(recommender, '00000000-0000-0000-0000-000000000000'::uuid, n => 1);
		RETURN 'uuid';
	EXCEPTION WHEN datatype_mismatch THEN
	END;
	RETURN 'text';
END $$;
COMMENT ON FUNCTION shopper.item_type(bytea) IS 'Step of shopper.score: type of the items of a recommender';

-- Recommenders: n rows for each user.
CREATE FUNCTION shopper.score_users(j shopper.score_job, item_type text, n int) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	removed bigint := 0;
	run bigint;
	user_type text;
BEGIN
	PERFORM shopper.read_scores(j, pg_catalog.format('SELECT t.%I AS key, NULL::text AS band, NULL::float8 AS score, t.row_hash, t.model_version, false AS again FROM %s t WHERE t.rank = 1 AND %L', j.key, j.relation, NOT j.created),
		'NULL::float8', 'NULL::text', false);
	SELECT pg_catalog.format_type(a.atttypid, NULL) INTO user_type FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'pg_temp.shopper_scored'::regclass AND a.attname = 'key';
	-- all users that the model knows in one call, then the others, who get the popular items
	EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_recommended ON COMMIT DROP AS
		SELECT r.user_id AS key, r.rank, r.item, r.score, r.source FROM @extschema@.recommend_all($1, NULL::%1$s, NULL::%2$s, n => $2, users => ARRAY(SELECT s.key FROM pg_temp.shopper_scored s WHERE s.fresh)) r', user_type, item_type)
	USING shopper.model(j.model, j.version), n;
	EXECUTE pg_catalog.format('INSERT INTO pg_temp.shopper_recommended
		SELECT s.key, r.rank, r.item, r.score, r.source FROM pg_temp.shopper_scored s CROSS JOIN LATERAL @extschema@.recommend($1, s.key, NULL::%s, n => $2) r
		WHERE s.fresh AND NOT EXISTS (SELECT FROM pg_temp.shopper_recommended d WHERE d.key = s.key)', item_type)
	USING shopper.model(j.model, j.version), n;
	IF NOT j.created THEN
		EXECUTE pg_catalog.format('WITH gone AS (DELETE FROM %s t WHERE NOT EXISTS (SELECT FROM pg_temp.shopper_scored s WHERE s.key = t.%I) RETURNING t.rank) SELECT pg_catalog.count(*) FROM gone WHERE rank = 1',
			j.relation, j.key) INTO removed;
		EXECUTE pg_catalog.format('DELETE FROM %1$s t USING pg_temp.shopper_scored s WHERE s.key = t.%2$I AND s.fresh AND NOT EXISTS (SELECT FROM pg_temp.shopper_recommended d WHERE d.key = t.%2$I AND d.rank = t.rank)', j.relation, j.key);
	END IF;
	PERFORM shopper.write_scores(j, ARRAY[j.key, 'rank'],
		pg_catalog.format('SELECT d.key AS %1$I, d.rank, d.item, d.score, d.source, %2$s::bigint AS model_version, s.row_hash, %3$L::timestamptz AS scored_at, t.rank IS NOT NULL AS known
			FROM pg_temp.shopper_recommended d JOIN pg_temp.shopper_scored s ON s.key = d.key LEFT JOIN %4$s t ON t.%1$I = d.key AND t.rank = d.rank', j.key, j.version, j.at, j.relation));
	run := shopper.log_scores(j, removed);
	EXECUTE pg_catalog.format('INSERT INTO shopper.scoring_items
		SELECT $1, t.item::text, pg_catalog.count(*), pg_catalog.count(*)::float8 / nullif((SELECT pg_catalog.count(*) FROM pg_temp.shopper_scored s), 0), pg_catalog.avg(t.rank), pg_catalog.avg(t.score)
		FROM %s t GROUP BY t.item ORDER BY 3 DESC, 5, 2 LIMIT 1000', j.relation) USING run;
END $$;
COMMENT ON FUNCTION shopper.score_users(shopper.score_job, text, int) IS 'Step of shopper.score: recommenders';

CREATE PROCEDURE shopper.score(model text, query text, target_table text, key_column text DEFAULT NULL, reasons int DEFAULT 3, everything boolean DEFAULT false, n int DEFAULT 10, all_reasons boolean DEFAULT false) LANGUAGE plpgsql AS $$
DECLARE
	j shopper.score_job;
	m shopper.models;
	key_type text;
	item_type text;
	columns text[];
BEGIN
	j.at := shopper.clock();
	SELECT d.* INTO m FROM shopper.models d WHERE d.name = score.model;
	SELECT v.version, v.features INTO j.version, j.features FROM shopper.live l JOIN shopper.versions v USING (name, version) WHERE l.name = score.model;
	IF j.version IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('no version of a model "%s" is live', score.model), HINT = 'shopper.model_list shows the models; CALL shopper.train makes a version, shopper.promote makes one live.';
	ELSIF m.job NOT IN ('classifier', 'regressor', 'clusters', 'anomaly', 'recommender') THEN
		RAISE wrong_object_type USING MESSAGE = pg_catalog.format('model "%s" gives no scores: its job is %s', score.model, m.job),
			HINT = CASE m.job WHEN 'rules' THEN 'Ask it with assoc_rules and assoc_recommend.' WHEN 'sequence_rules' THEN 'Ask it with sequence_rules.' WHEN 'content' THEN 'Ask it with similar_items.' WHEN 'scaler' THEN 'Ask it with scale.' ELSE 'Ask it with project.' END;
	ELSIF coalesce(score.reasons, -1) < 0 OR coalesce(score.n, 0) < 1 OR score.everything IS NULL OR score.all_reasons IS NULL OR score.query IS NULL OR score.target_table IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = 'expected a query, a table, reasons of at least 0, n of at least 1, and everything and all_reasons true or false';
	END IF;
	PERFORM shopper.query_relations(score.query);
	j.model := score.model;
	j.job := m.job;
	j.query := score.query;
	j.relation := shopper.full_table_name(score.target_table);
	IF NOT pg_catalog.pg_try_advisory_xact_lock(shopper.lock_class() + 1, pg_catalog.hashtext(j.relation)) THEN
		RAISE lock_not_available USING MESSAGE = pg_catalog.format('table %s is being scored by another session', j.relation);
	END IF;

	-- the columns of the query; nothing is read
	EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_columns ON COMMIT DROP AS SELECT * FROM (%s) q WITH NO DATA', shopper.as_subselect(score.query));
	columns := ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'pg_temp.shopper_columns'::regclass AND a.attnum > 0 ORDER BY a.attnum);
	j.key := coalesce(score.key_column, CASE m.job WHEN 'recommender' THEN columns[1] ELSE m.key_column END);
	IF j.key IS NULL OR j.key <> ALL (columns) THEN
		RAISE undefined_column USING MESSAGE = CASE WHEN j.key IS NULL THEN pg_catalog.format('model "%s" has no key column', score.model) ELSE pg_catalog.format('key column "%s" is not in the query', j.key) END,
			DETAIL = pg_catalog.format('The query has: %s.', pg_catalog.array_to_string(columns, ', ')), HINT = 'Name the column that identifies a row: key_column => ''id''.';
	ELSIF EXISTS (SELECT FROM shopper.score_columns(m.job) c WHERE c.name = j.key) THEN
		RAISE duplicate_column USING MESSAGE = pg_catalog.format('the key column cannot be called "%s"', j.key), HINT = 'Give it another name in the query: SELECT score AS id, ...';
	END IF;
	SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) INTO key_type FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'pg_temp.shopper_columns'::regclass AND a.attname = j.key;
	-- changes elsewhere than in columns of the model do not count; what it lacks, predicting will say
	j.features := ARRAY(SELECT f FROM pg_catalog.unnest(columns) f WHERE f = ANY (j.features) OR m.job = 'recommender');
	IF j.features = '{}' THEN
		j.features := columns;
	END IF;

	j.created := pg_catalog.to_regclass(j.relation) IS NULL;
	IF j.created THEN
		item_type := CASE m.job WHEN 'recommender' THEN shopper.item_type(shopper.model(j.model, j.version)) END;
		PERFORM shopper.create_score_table(j.relation, j.model, m.job, j.key, key_type, item_type);
	ELSE
		PERFORM shopper.check_score_table(j.relation::regclass, m.job, j.key, key_type::regtype);
		SELECT pg_catalog.format_type(a.atttypid, NULL) INTO item_type FROM pg_catalog.pg_attribute a WHERE a.attrelid = j.relation::regclass AND a.attname = 'item';
	END IF;
	-- numbers of versions mean something only when the scores there are by this model
	j.everything := score.everything OR score.model IS DISTINCT FROM (SELECT r.name FROM shopper.scorings r WHERE r.target_table = j.relation ORDER BY r.score_run_id DESC LIMIT 1);

	IF m.job = 'recommender' THEN
		PERFORM shopper.score_users(j, item_type, score.n);
	ELSE
		PERFORM shopper.score_rows(j, score.reasons, score.all_reasons);
	END IF;
	-- else they would live until the end of the transaction, and be in the way of the next job
	EXECUTE 'DROP TABLE pg_temp.shopper_columns, pg_temp.shopper_features, pg_temp.shopper_scored' || CASE m.job WHEN 'recommender' THEN ', pg_temp.shopper_recommended' ELSE '' END;
END $$;
COMMENT ON PROCEDURE shopper.score(text, text, text, text, int, boolean, int, boolean) IS 'Score the rows of a query with the live version of a model, into a table that is made when it does not exist. Only rows whose key is new, whose values in the model''s columns changed, or that another version scored are scored (everything => true: all); rows whose key the query has no more are removed. Nothing is committed: readers see the table as before until then, and a rollback undoes it all. reasons: how many for each row of the highest band (anomalies, all rows of classes and clusters; all_reasons => true: of everything), 0 for none; n: items for each user of a recommender';
