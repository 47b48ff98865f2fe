-- Which version is live: promote, rollback, retire; and what differs between versions.

-- The caller has been checked.
CREATE FUNCTION shopper.set_live(m shopper.models, version bigint, action text, reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	previous int;
BEGIN
	IF m.name IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = 'the model must not be null';
	END IF;
	SELECT l.version INTO previous FROM shopper.live l WHERE l.name = m.name;
	IF version IS NULL THEN
		DELETE FROM shopper.live l WHERE l.name = m.name;
	ELSE
		INSERT INTO shopper.live AS l VALUES (m.name, version) ON CONFLICT (name) DO UPDATE SET version = excluded.version;
	END IF;
	UPDATE shopper.models d SET retired = version IS NULL WHERE d.name = m.name AND d.retired <> (version IS NULL);
	INSERT INTO shopper.deployments (name, action, version, previous, reason) VALUES (m.name, action, version, previous, reason);
	-- what was measured of the version before is an alert until the next measurement
	PERFORM shopper.settle_alerts(m.name, version, CASE WHEN version IS NULL THEN shopper.measured_alerts() ELSE '{}' END || '{kept back}'::text[], '{}');
END $$;
COMMENT ON FUNCTION shopper.set_live(shopper.models, bigint, text, text) IS 'Step of promote, rollback and retire: change the live version and note it in shopper.deployments';

CREATE FUNCTION shopper.promote(model text, version bigint DEFAULT NULL, reason text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m constant shopper.models := shopper.owned_model(model);
	wanted bigint := version;
BEGIN
	SELECT v.version INTO wanted FROM shopper.versions v WHERE v.name = model AND v.version = coalesce(wanted, v.version) ORDER BY v.version DESC LIMIT 1;
	IF wanted IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('model "%s" has no version%s', model, coalesce(' ' || version, '')),
			HINT = 'shopper.model_versions shows its versions, CALL shopper.train makes one.';
	END IF;
	PERFORM shopper.set_live(m, wanted, 'promote', coalesce(reason, 'by hand'));
	RETURN wanted;
END $$;
COMMENT ON FUNCTION shopper.promote(text, bigint, text) IS 'Put a version of a model live, the newest one by default, whatever the gate said; returns its number';

CREATE FUNCTION shopper.rollback(model text, reason text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m constant shopper.models := shopper.owned_model(model);
	target bigint;
BEGIN
	-- what was live when the live version was promoted
	SELECT d.previous INTO target FROM shopper.live l JOIN shopper.deployments d ON d.name = l.name AND d.version = l.version AND d.action = 'promote'
		AND d.previous IS DISTINCT FROM d.version
	WHERE l.name = model ORDER BY d.deployment_id DESC LIMIT 1;
	IF target IS NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('no version of model "%s" was live before', model),
			HINT = 'shopper.retire takes it out of service, shopper.promote chooses any version.';
	END IF;
	PERFORM shopper.set_live(m, target, 'rollback', coalesce(reason, 'by hand'));
	RETURN target;
END $$;
COMMENT ON FUNCTION shopper.rollback(text, text) IS 'Put the version live again that the live one replaced; called again, the one before it; returns its number';

CREATE FUNCTION shopper.retire(model text, reason text DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.set_live(shopper.owned_model(model), NULL, 'retire', coalesce(reason, 'by hand'));
END $$;
COMMENT ON FUNCTION shopper.retire(text, text) IS 'Take a model out of service: no version is live, nothing is trained; shopper.promote brings it back';

CREATE FUNCTION shopper.name_segments(model text, names jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m constant shopper.models := shopper.owned_model(model);
	reason constant text := 'segments were named';
	old shopper.versions;
	new_version int;
	described text;
BEGIN
	-- a training that has begun would bring back the old names
	IF NOT pg_catalog.pg_try_advisory_xact_lock(shopper.lock_class(), m.lock_number) THEN
		RAISE lock_not_available USING MESSAGE = pg_catalog.format('model "%s" is being trained by another session', model), HINT = 'Name its segments when it is trained: shopper.model_runs shows running trainings.';
	END IF;
	SELECT v.* INTO old FROM shopper.live l JOIN shopper.versions v USING (name, version) WHERE l.name = model;
	IF m.job <> 'clusters' THEN
		RAISE wrong_object_type USING MESSAGE = pg_catalog.format('model "%s" has no segments: its job is %s', model, m.job);
	ELSIF names IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = 'the names must not be null', HINT = 'Give them by number, as in {"1": "regulars"}.';
	ELSIF old.version IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('no version of model "%s" is live', model), HINT = 'CALL shopper.train makes one.';
	END IF;
	SELECT pg_catalog.max(v.version) + 1 INTO new_version FROM shopper.versions v WHERE v.name = model;
	INSERT INTO shopper.versions (name, version, model, features, row_count, holdout_count, seconds, champion, verdict, reason, trained_at)
	VALUES (model, new_version, @extschema@.name_clusters(old.model, names), old.features, old.row_count, old.holdout_count, old.seconds, old.version, 'trained', reason, old.trained_at);
	FOREACH described IN ARRAY '{version_metrics,version_history,version_segments,version_segment_features,version_distributions,sources}'::text[] LOOP
		EXECUTE pg_catalog.format('INSERT INTO shopper.%1$I SELECT (pg_catalog.jsonb_populate_record(d, pg_catalog.jsonb_build_object(''version'', $3))).* FROM shopper.%1$I d WHERE d.name = $1 AND d.version = $2', described)
		USING model, old.version, new_version;
	END LOOP;
	UPDATE shopper.version_segments s SET segment_name = c.name
	FROM shopper.versions v, @extschema@.clusters(v.model) c WHERE v.name = model AND v.version = new_version AND s.name = model AND s.version = new_version AND s.segment = c.cluster;
	PERFORM shopper.set_live(m, new_version, 'promote', reason);
	RETURN new_version;
END $$;
COMMENT ON FUNCTION shopper.name_segments(text, jsonb) IS 'Give names to the segments of a named model of clusters, by number, as in {"1": "regulars"}; null takes a name away. That is a new version, which goes live; trainings to come keep numbers and names';

CREATE FUNCTION shopper.drop_model(model text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.drop_jobs(shopper.owned_model(model));
	DELETE FROM shopper.models m WHERE m.name = model;
END $$;
COMMENT ON FUNCTION shopper.drop_model(text) IS 'Remove a model with all its versions, its history and its job in pg_cron';

CREATE FUNCTION shopper.model(name text, version bigint DEFAULT NULL) RETURNS bytea LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100 AS $$
#variable_conflict use_column
DECLARE
	bytes bytea;
BEGIN
	IF $2 IS NULL THEN
		SELECT l.model INTO bytes FROM shopper.live_models l WHERE l.name = $1;
	ELSE
		SELECT v.model INTO bytes FROM shopper.versions v WHERE v.name = $1 AND v.version = $2;
	END IF;
	IF bytes IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('model "%s" has no %s', $1, coalesce('version ' || $2, 'live version')),
			HINT = 'shopper.model_versions shows what there is.';
	END IF;
	RETURN bytes;
END $$;
COMMENT ON FUNCTION shopper.model(text, bigint) IS 'The bytes of a version of a named model, by default of the live one';

-- ---- what differs ----

CREATE FUNCTION shopper.swap_set(model text, old_version bigint, new_version bigint, query text DEFAULT NULL, cutoff float8 DEFAULT 0.5, key_column text DEFAULT NULL)
RETURNS TABLE(row_key text, old_score float8, new_score float8, direction text) LANGUAGE plpgsql VOLATILE ROWS 1000 AS $$
#variable_conflict use_variable
DECLARE
	m shopper.models;
	key text;
BEGIN
	SELECT * INTO m FROM shopper.models d WHERE d.name = model;
	IF m.name IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('there is no model "%s"', model), HINT = 'shopper.model_list shows the models.';
	ELSIF m.job NOT IN ('classifier', 'regressor') THEN
		RAISE wrong_object_type USING MESSAGE = pg_catalog.format('a swap set needs scores of rows, "%s" is a model of %s', model, m.job);
	ELSIF query IS NULL AND m.owner <> CURRENT_USER THEN
		RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('the query of model "%s" is run by its owner only', model), HINT = 'Give a query of your own.';
	END IF;
	PERFORM shopper.query_relations(coalesce(query, m.query));
	key := coalesce(key_column, m.key_column);
	RETURN QUERY EXECUTE pg_catalog.format(
		'SELECT s.k, s.a, s.b, CASE WHEN s.b >= $3 THEN ''enters'' ELSE ''leaves'' END
		FROM (SELECT %s AS k, @extschema@.%2$I($1, q.*) AS a, @extschema@.%2$I($2, q.*) AS b FROM (%3$s) q) s
		WHERE (s.a >= $3) <> (s.b >= $3) ORDER BY pg_catalog.abs(s.b - s.a) DESC, s.k COLLATE "C"',
		CASE WHEN key IS NULL THEN 'pg_catalog.to_jsonb(q.*)::text' ELSE pg_catalog.format('q.%I::text', key) END,
		CASE m.job WHEN 'classifier' THEN 'predict_purchase' ELSE 'predict_value' END, shopper.as_subselect(coalesce(query, m.query)))
	USING shopper.model(model, old_version), shopper.model(model, new_version), cutoff;
END $$;
COMMENT ON FUNCTION shopper.swap_set(text, bigint, bigint, text, float8, text) IS 'Rows of a query (by default that of the model) whose score crosses the cut-off from one version to the other, the largest change first: direction enters or leaves';

CREATE FUNCTION shopper.model_diff(model text, old_version bigint, new_version bigint, query text DEFAULT NULL, cutoff float8 DEFAULT 0.5)
RETURNS TABLE(part text, item text, old_value text, new_value text, change float8) LANGUAGE plpgsql VOLATILE ROWS 50 AS $$
#variable_conflict use_variable
DECLARE
	m shopper.models;
	a constant jsonb := @extschema@.model_info(shopper.model(model, old_version));
	b constant jsonb := @extschema@.model_info(shopper.model(model, new_version));
BEGIN
	SELECT * INTO m FROM shopper.models d WHERE d.name = model;
	RETURN QUERY SELECT 'version', f.item, f.old_value, f.new_value, NULL::float8
	FROM shopper.versions v, shopper.versions w, LATERAL (VALUES
		('id', v.id, w.id), ('algorithm', a ->> 'algorithm', b ->> 'algorithm'), ('bytes', v.model_bytes::text, w.model_bytes::text),
		('rows', v.row_count::text, w.row_count::text), ('trained_by', v.trained_by::text, w.trained_by::text)) f(item, old_value, new_value)
	WHERE v.name = model AND v.version = old_version AND w.name = model AND w.version = new_version AND f.old_value IS DISTINCT FROM f.new_value;
	RETURN QUERY SELECT 'option', key, x.value #>> '{}', y.value #>> '{}', NULL::float8
	FROM pg_catalog.jsonb_each(a -> 'options') x FULL JOIN pg_catalog.jsonb_each(b -> 'options') y USING (key) WHERE x.value IS DISTINCT FROM y.value ORDER BY key;
	RETURN QUERY SELECT 'metric', dataset || ' ' || metric, x.value::text, y.value::text, y.value - x.value
	FROM (SELECT * FROM shopper.version_metrics v WHERE v.name = model AND v.version = old_version) x
	FULL JOIN (SELECT * FROM shopper.version_metrics v WHERE v.name = model AND v.version = new_version) y USING (dataset, metric)
	WHERE x.value IS DISTINCT FROM y.value ORDER BY dataset, metric;
	RETURN QUERY SELECT 'importance', feature || ' ' || method, x.importance::text, y.importance::text, y.importance - x.importance
	FROM (SELECT * FROM shopper.version_importance v WHERE v.name = model AND v.version = old_version) x
	FULL JOIN (SELECT * FROM shopper.version_importance v WHERE v.name = model AND v.version = new_version) y USING (feature, method)
	WHERE x.importance IS DISTINCT FROM y.importance ORDER BY pg_catalog.abs(coalesce(y.importance, 0) - coalesce(x.importance, 0)) DESC, feature, method;
	-- without a positive class there is no score to cross the cut-off
	IF (m.job = 'regressor' OR m.job = 'classifier' AND (a ->> 'positive') IS NOT NULL AND (b ->> 'positive') IS NOT NULL) AND (query IS NOT NULL OR m.owner = CURRENT_USER) THEN
		RETURN QUERY SELECT 'swap set', d.direction, NULL::text, pg_catalog.count(s.direction)::text, pg_catalog.count(s.direction)::float8
		FROM (VALUES ('enters'), ('leaves')) d(direction) LEFT JOIN shopper.swap_set(model, old_version, new_version, query, cutoff) s ON s.direction = d.direction
		GROUP BY d.direction ORDER BY d.direction;
	END IF;
END $$;
COMMENT ON FUNCTION shopper.model_diff(text, bigint, bigint, text, float8) IS 'What differs between two versions: content, options, metrics, importance of columns, and how many rows of a query enter or leave the set from the cut-off on (shopper.swap_set names them)';
