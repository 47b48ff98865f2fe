-- Defining and training named models, and the gate between a new version and the live one.

CREATE FUNCTION shopper.paired_accum(internal, float8, float8, float8, text, bigint) RETURNS internal
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_paired_accum';
COMMENT ON FUNCTION shopper.paired_accum(internal, float8, float8, float8, text, bigint) IS 'State function of paired_bootstrap';
CREATE TYPE shopper.paired_comparison AS (row_count bigint, challenger float8, champion float8, difference float8, low float8, high float8);
COMMENT ON TYPE shopper.paired_comparison IS 'Two predictions of the same rows: the measure of each, their difference (challenger minus champion) and its 95 % interval';
CREATE FUNCTION shopper.paired_final(internal) RETURNS shopper.paired_comparison
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'shopper_paired_final';
COMMENT ON FUNCTION shopper.paired_final(internal) IS 'Final function of paired_bootstrap';
CREATE AGGREGATE shopper.paired_bootstrap(label float8, challenger float8, champion float8, measure text, seed bigint)
	(SFUNC = shopper.paired_accum, STYPE = internal, FINALFUNC = shopper.paired_final);
COMMENT ON AGGREGATE shopper.paired_bootstrap(float8, float8, float8, text, bigint) IS 'Compare two predictions of the same rows: measure is mean or root_mean (of losses, squared errors), or auc (of scores; label is 1 or 0). The interval comes from up to 2000 resamples of the rows';

CREATE FUNCTION shopper.query_relations(query text) RETURNS oid[]
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_query_relations';
COMMENT ON FUNCTION shopper.query_relations(text) IS 'Step of the registry: the tables and views that a query reads; it is parsed, not run. An error when it is not one plain SELECT';

CREATE FUNCTION shopper.query_filtered(query text) RETURNS oid[]
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_query_filtered';
COMMENT ON FUNCTION shopper.query_filtered(text) IS 'Step of the registry: those tables of a query whose rows are chosen by row-level security when the caller runs it';

-- The target of a row as training reads it.
CREATE FUNCTION shopper.class_label(target "any") RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'shopper_class_label';
COMMENT ON FUNCTION shopper.class_label("any") IS 'Step of the registry: a value as the name of a class';
CREATE FUNCTION shopper.amount(target "any") RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'shopper_amount';
COMMENT ON FUNCTION shopper.amount("any") IS 'Step of the registry: a value as an amount; NaN when its type has none';

-- A final semicolon or comment must not end the statement around it.
CREATE FUNCTION shopper.as_subselect(query text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT pg_catalog.rtrim($1, E'; \n\r\t') || E'\n' $$;
COMMENT ON FUNCTION shopper.as_subselect(text) IS 'Step of the registry: a query as it can stand in parentheses';

-- Partitions count for their parent.
CREATE FUNCTION shopper.inserted_rows(relation oid) RETURNS bigint LANGUAGE sql STABLE PARALLEL RESTRICTED COST 100 AS $$
	SELECT (coalesce(pg_catalog.pg_stat_get_tuples_inserted($1), 0) + coalesce((SELECT pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(t.relid))
		FROM pg_catalog.pg_partition_tree($1) t WHERE t.isleaf AND t.relid <> $1), 0))::bigint $$;
COMMENT ON FUNCTION shopper.inserted_rows(oid) IS 'Step of the registry: rows ever inserted into a table and its partitions, by the cumulative statistics';

-- ---- definitions ----

-- The definition of a model that the caller may change.
CREATE FUNCTION shopper.owned_model(model text) RETURNS shopper.models LANGUAGE plpgsql STABLE AS $$
DECLARE
	m shopper.models;
BEGIN
	SELECT * INTO m FROM shopper.models d WHERE d.name = model;
	IF m.name IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('there is no model "%s"', model), HINT = 'shopper.model_list shows the models, shopper.create_model makes one.';
	END IF;
	IF pg_catalog.row_security_active('shopper.models') AND NOT shopper.is_owner(m.owner) THEN
		RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('must be owner of model "%s"', model), DETAIL = pg_catalog.format('It belongs to %s.', m.owner);
	END IF;
	RETURN m;
END $$;
COMMENT ON FUNCTION shopper.owned_model(text) IS 'Step of the registry: the definition of a model; an error when there is none, or when the caller does not own it';

-- The definition of a model whose query the caller may run, to be trained or monitored: a member of the owning role may not.
CREATE FUNCTION shopper.own_model(model text, training boolean DEFAULT true) RETURNS shopper.models LANGUAGE plpgsql STABLE AS $$
DECLARE
	m constant shopper.models := shopper.owned_model(model);
BEGIN
	IF m.owner <> CURRENT_USER THEN
		RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('model "%s" must be %s by its owner', model, CASE WHEN training THEN 'trained' ELSE 'monitored' END),
			DETAIL = pg_catalog.format('%s runs the owner''s query, which must not run with the rights of others.', CASE WHEN training THEN 'Training' ELSE 'Monitoring' END), HINT = pg_catalog.format('SET ROLE %I', m.owner);
	END IF;
	RETURN m;
END $$;
COMMENT ON FUNCTION shopper.own_model(text, boolean) IS 'Step of the registry: the definition of a model that belongs to the caller itself; an error otherwise';

CREATE FUNCTION shopper.find_job(job text) RETURNS shopper.jobs LANGUAGE plpgsql STABLE AS $$
DECLARE
	j shopper.jobs;
BEGIN
	SELECT * INTO j FROM shopper.jobs d WHERE d.job = find_job.job;
	IF j.job IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = coalesce('unknown job "' || find_job.job || '"', 'the job of a model must not be null'),
			HINT = 'Jobs are: ' || (SELECT pg_catalog.string_agg(d.job, ', ' ORDER BY d.job) FROM shopper.jobs d) || '.';
	END IF;
	RETURN j;
END $$;
COMMENT ON FUNCTION shopper.find_job(text) IS 'Step of the registry: a job of shopper.jobs; an error when there is none of this name';

CREATE FUNCTION shopper.check_metric(j shopper.jobs, metric text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF metric IS NOT NULL AND NOT coalesce(metric = ANY (pg_catalog.string_to_array(j.metrics, ',')), false) THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('job "%s" is not judged by "%s"', j.job, metric),
			HINT = coalesce('Its metrics are: ' || pg_catalog.replace(j.metrics, ',', ', ') || '.', 'It has no metric.');
	END IF;
END $$;
COMMENT ON FUNCTION shopper.check_metric(shopper.jobs, text) IS 'Step of the registry: an error when versions of this job cannot be judged by a metric';

-- An error when the query lacks a column that the definition names.
CREATE FUNCTION shopper.check_columns(query text, target text, key_column text, pairs boolean) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
	columns constant text[] := shopper.query_columns(query);
	absent text;
BEGIN
	absent := CASE WHEN target <> ALL (columns) THEN 'target "' || target WHEN key_column <> ALL (columns) THEN 'key column "' || key_column END;
	IF absent IS NOT NULL THEN
		RAISE undefined_column USING MESSAGE = absent || '" is not in the query', DETAIL = pg_catalog.format('The query has: %s.', pg_catalog.array_to_string(columns, ', ')),
			HINT = 'Names are compared as they are, upper and lower case differ.';
	ELSIF key_column = target AND NOT pairs THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('column "%s" cannot be both target and key', target), HINT = 'The key column identifies a row, and is not learned from.';
	END IF;
END $$;
COMMENT ON FUNCTION shopper.check_columns(text, text, text, boolean) IS 'Step of the registry: an error when a query lacks the target or the key column of a model';

CREATE FUNCTION shopper.create_model(name text, job text, query text, target text DEFAULT NULL, options jsonb DEFAULT NULL, key_column text DEFAULT NULL,
	holdout float8 DEFAULT 0.2, max_age interval DEFAULT '7 days', min_new_rows bigint DEFAULT NULL, metric text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
	j shopper.jobs;
BEGIN
	IF create_model.name IS NULL OR create_model.query IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = pg_catalog.format('the %s of a model must not be null', CASE WHEN create_model.name IS NULL THEN 'name' ELSE 'query' END);
	ELSIF pg_catalog.octet_length(create_model.name) NOT BETWEEN 1 AND 63 OR pg_catalog.starts_with(create_model.name, '\x') THEN
		RAISE invalid_name USING MESSAGE = pg_catalog.format('a model cannot be called "%s"', create_model.name),
			HINT = 'Names have 1 to 63 bytes and do not begin with \x, which would be the bytes of a model.';
	ELSIF (create_model.holdout >= 0 AND create_model.holdout < 1) IS NOT TRUE OR create_model.max_age <= interval '0' OR create_model.min_new_rows <= 0 THEN
		RAISE invalid_parameter_value USING MESSAGE = 'holdout must be from 0 to less than 1, max_age and min_new_rows must be positive',
			DETAIL = pg_catalog.format('Got holdout %s, max_age %s, min_new_rows %s.', coalesce(create_model.holdout::text, 'NULL'), coalesce(create_model.max_age::text, 'NULL'), coalesce(create_model.min_new_rows::text, 'NULL')),
			HINT = 'holdout 0 holds no rows out; max_age or min_new_rows NULL: never due by age or by rows.';
	END IF;
	j := shopper.find_job(create_model.job);
	IF j.needs_target AND create_model.target IS NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('job "%s" needs a target', create_model.job), HINT = 'Name the column: target => ''bought''.';
	ELSIF NOT j.needs_target AND create_model.target IS NOT NULL THEN
		RAISE invalid_parameter_value USING MESSAGE = pg_catalog.format('job "%s" takes no target, got "%s"', create_model.job, create_model.target);
	END IF;
	PERFORM shopper.check_metric(j, create_model.metric);
	PERFORM shopper.check_columns(create_model.query, create_model.target, create_model.key_column, j.pairs);
	INSERT INTO shopper.models (name, job, query, target, options, key_column, holdout, max_age, min_new_rows)
	VALUES (create_model.name, create_model.job, create_model.query, create_model.target, create_model.options, create_model.key_column,
		CASE WHEN j.metrics IS NULL THEN 0 ELSE create_model.holdout END, create_model.max_age, create_model.min_new_rows)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RAISE duplicate_object USING MESSAGE = pg_catalog.format('model "%s" already exists', create_model.name),
			HINT = 'Change it in shopper.models, or remove it: shopper.drop_model.';
	END IF;
	INSERT INTO shopper.gates (name, metric) VALUES (create_model.name, create_model.metric);
	RETURN create_model.name;
END $$;
COMMENT ON FUNCTION shopper.create_model(text, text, text, text, jsonb, text, float8, interval, bigint, text) IS 'Define a named model: its job (shopper.jobs), the query to learn from and the target. CALL shopper.train trains it. key_column decides which rows are held out; max_age and min_new_rows when it is due; metric what versions are judged by (more in shopper.gates)';

-- ---- judging ----

-- A condition on a row h: what is learned or measured there is known. Amounts that are no numbers teach nothing.
CREATE FUNCTION shopper.target_known(m shopper.models) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE m.job WHEN 'regressor' THEN pg_catalog.format('pg_catalog.abs(shopper.amount(h.%I)) < ''Infinity''', m.target)
		WHEN 'classifier' THEN pg_catalog.format('h.%I IS NOT NULL', m.target) ELSE 'true' END $$;
COMMENT ON FUNCTION shopper.target_known(shopper.models) IS 'Step of the registry: the condition for rows h whose target is known';

-- Scores of both versions on the rows held out of shopper_rows: challenger against champion (NULL: none).
CREATE FUNCTION shopper.compare_on_holdout(m shopper.models, metric text, challenger bytea, champion bytea) RETURNS shopper.paired_comparison
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	target constant text := coalesce(pg_catalog.quote_ident(m.target), 'shopper_held_out');
	label constant text := pg_catalog.format('shopper.class_label(h.%s)', target);
	yes constant text := pg_catalog.format('(%s = (SELECT @extschema@.model_info($1) ->> ''positive''))::int', label);
	score text;
	y text := '0';
	rows text := 'SELECT * FROM pg_temp.shopper_rows h WHERE h.shopper_held_out AND ' || shopper.target_known(m);
	names text[];
	result shopper.paired_comparison;
BEGIN
	-- {model} stands for the parameter of one or the other
	CASE
		WHEN metric = 'log_loss' THEN
			score := pg_catalog.format('-pg_catalog.ln(greatest(coalesce((@extschema@.predict_proba({model}, h.*) ->> %s)::float8, 0), 1e-15))', label);
		WHEN metric = 'accuracy' THEN
			score := pg_catalog.format('(@extschema@.predict_class({model}, h.*) = %s)::int', label);
		WHEN metric = 'brier_score' THEN
			score := pg_catalog.format('(@extschema@.predict_purchase({model}, h.*) - %s) ^ 2', yes);
		WHEN metric = 'auc' THEN
			y := yes;
			score := '@extschema@.predict_purchase({model}, h.*)';
		WHEN metric = 'mae' THEN
			score := pg_catalog.format('pg_catalog.abs(@extschema@.predict_value({model}, h.*) - shopper.amount(h.%s))', target);
		WHEN m.job = 'regressor' THEN
			score := pg_catalog.format('(@extschema@.predict_value({model}, h.*) - shopper.amount(h.%s)) ^ 2', target);
		ELSE
			-- recommenders: columns by position, at most 1000 lines, the same ones each time
			SELECT pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum) INTO names
			FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'pg_temp.shopper_rows'::regclass AND a.attnum > 0 AND a.attname <> 'shopper_held_out';
			IF metric = 'rmse' AND pg_catalog.cardinality(names) < 3 THEN
				RAISE invalid_parameter_value USING MESSAGE = 'a recommender without ratings is not judged by "rmse"', DETAIL = 'The query returns user and item only.',
					HINT = 'Return the rating as third column, or set the metric to hit_rate in shopper.gates.';
			END IF;
			rows := pg_catalog.format('SELECT h.%1$s::text AS u, h.%2$s::text AS i, %3$s AS x FROM pg_temp.shopper_rows h
				WHERE h.shopper_held_out AND h.%1$s IS NOT NULL AND h.%2$s IS NOT NULL
				ORDER BY @extschema@.fold(h.%1$s::text || '' '' || h.%2$s::text, 1000000000), 1, 2 LIMIT 1000', names[1], names[2],
				CASE WHEN metric = 'rmse' THEN pg_catalog.format('h.%s::float8', names[3]) ELSE '0' END);
			score := CASE WHEN metric = 'rmse' THEN '(@extschema@.predict_rating({model}, h.u, h.i) - h.x) ^ 2'
				ELSE '(EXISTS (SELECT FROM @extschema@.recommend({model}, h.u, n => 10) r WHERE r.item = h.i))::int' END;
	END CASE;
	EXECUTE pg_catalog.format('SELECT (c).* FROM (SELECT shopper.paired_bootstrap(%s, %s, CASE WHEN $2 IS NOT NULL THEN %s END, %L, 1) AS c FROM (%s) h) s',
		y, pg_catalog.replace(score, '{model}', '$1'), pg_catalog.replace(score, '{model}', '$2'),
		CASE metric WHEN 'auc' THEN 'auc' WHEN 'rmse' THEN 'root_mean' ELSE 'mean' END, rows)
	INTO result USING challenger, champion;
	RETURN result;
END $$;
COMMENT ON FUNCTION shopper.compare_on_holdout(shopper.models, text, bytea, bytea) IS 'Step of shopper.train: both versions on the same rows';

CREATE FUNCTION shopper.short(x float8) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN x = 0 THEN '0' WHEN pg_catalog.abs(x) = 'Infinity' OR x = 'NaN' THEN x::text
	WHEN pg_catalog.abs(x) >= 1e-6 AND pg_catalog.abs(x) < 1e15
		THEN pg_catalog.trim_scale(pg_catalog.round(x::numeric, greatest(0, 3 - pg_catalog.floor(pg_catalog.log(pg_catalog.abs(x)::numeric))::int)))::text
	ELSE pg_catalog.round(x::numeric, 3 - pg_catalog.floor(pg_catalog.log(pg_catalog.abs(x)::numeric))::int)::float8::text END $$;
COMMENT ON FUNCTION shopper.short(float8) IS 'Step of the registry: a number for people: four digits that count, very small and very large ones as 1.2e-16';

-- What the gate says of a version that was measured: verdict and reason.
CREATE FUNCTION shopper.judge(gate shopper.gates, v shopper.versions, champion shopper.versions, higher_is_better boolean, complaint text, OUT verdict text, OUT reason text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	sign constant float8 := CASE WHEN higher_is_better THEN 1 ELSE -1 END;
	worst constant float8 := CASE WHEN higher_is_better THEN v.difference_low ELSE -v.difference_high END;	-- gain at the bad end of the interval
	best constant float8 := CASE WHEN higher_is_better THEN v.difference_high ELSE -v.difference_low END;
	allowed constant float8 := gate.maximum_drop * pg_catalog.abs(v.champion_value);
	compared constant text := pg_catalog.format('%s %s against %s of version %s on %s rows, difference %s (%s to %s)', v.metric, shopper.short(v.metric_value),
		shopper.short(v.champion_value), v.champion, v.holdout_count, shopper.short(v.difference), shopper.short(v.difference_low), shopper.short(v.difference_high));
BEGIN
	verdict := 'refused';
	IF v.row_count < gate.minimum_rows THEN
		reason := pg_catalog.format('%s rows to learn from, the gate asks for %s', v.row_count, gate.minimum_rows);
	ELSIF champion.version IS NOT NULL AND v.row_count < (1 - gate.maximum_row_loss) * champion.row_count THEN
		reason := pg_catalog.format('%s rows to learn from, version %s had %s', v.row_count, champion.version, champion.row_count);
	ELSIF champion.version IS NOT NULL AND pg_catalog.abs(v.label_rate - champion.label_rate) > gate.maximum_label_shift THEN
		reason := pg_catalog.format('the share of positives is %s, for version %s it was %s', shopper.short(v.label_rate), champion.version, shopper.short(champion.label_rate));
	ELSIF gate.worst_metric IS NOT NULL AND v.metric IS NOT NULL AND coalesce(sign * v.metric_value < sign * gate.worst_metric, true) THEN
		reason := pg_catalog.format('%s %s, the gate asks for %s', v.metric, coalesce(shopper.short(v.metric_value), 'is not known'), shopper.short(gate.worst_metric));
	ELSIF champion.version IS NULL THEN
		verdict := 'first';
		reason := 'the first version' || CASE WHEN v.metric_value IS NOT NULL THEN pg_catalog.format(': %s %s on %s rows held out', v.metric, shopper.short(v.metric_value), v.holdout_count) ELSE '' END;
	ELSIF v.metric IS NULL THEN
		verdict := 'trained';
		reason := 'training succeeded and the guards hold; there is no metric to compare by';
	ELSIF complaint IS NOT NULL THEN
		reason := pg_catalog.format('version %s cannot score these rows (%s); shopper.promote puts the new one live', champion.version, complaint);
	ELSIF worst IS NULL THEN
		verdict := 'unsure';
		reason := 'too few rows held out to compare';
	ELSIF worst > 0 THEN
		verdict := 'better';
		reason := 'better: ' || compared;
	ELSIF worst >= -allowed THEN
		verdict := 'not worse';
		reason := pg_catalog.format('newer, and at most %s worse: %s', shopper.short(allowed), compared);
	ELSIF best < 0 THEN
		verdict := 'worse';
		reason := 'worse: ' || compared;
	ELSE
		verdict := 'unsure';
		reason := pg_catalog.format('may be more than %s worse: %s', shopper.short(allowed), compared);
	END IF;
END $$;
COMMENT ON FUNCTION shopper.judge(shopper.gates, shopper.versions, shopper.versions, boolean, text) IS 'Step of shopper.train: what the gate says of a version';

CREATE FUNCTION shopper.goes_live(verdict text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1 = ANY ('{first,better,not worse,trained}'::text[]) $$;
COMMENT ON FUNCTION shopper.goes_live(text) IS 'Step of shopper.train: whether a version with this verdict of shopper.judge is put live';

-- ---- what a version is like ----

-- One pass of a classifier or regressor over rows whose target is known: temporary table shopper_scores of label, actual
-- (1 and 0 of two classes, or the number), score, predicted class, loss.
CREATE FUNCTION shopper.score_rows(m shopper.models, model bytea, rows text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	positive constant text := @extschema@.model_info(model) ->> 'positive';
	label constant text := pg_catalog.format('shopper.class_label(h.%I)', m.target);
BEGIN
	IF m.job = 'regressor' THEN
		EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_scores ON COMMIT DROP AS
			SELECT NULL::text AS label, shopper.amount(h.%I) AS actual, @extschema@.predict_value($1, h.*) AS score, NULL::text AS predicted, NULL::float8 AS loss FROM (%s) h', m.target, rows) USING model;
	ELSE
		EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_scores ON COMMIT DROP AS
			SELECT s.label, (s.label = $2)::int::float8 AS actual, CASE WHEN $2 IS NOT NULL THEN coalesce((s.proba ->> $2)::float8, 0) ELSE (s.proba ->> s.predicted)::float8 END AS score,
				s.predicted, -pg_catalog.ln(greatest(coalesce((s.proba ->> s.label)::float8, 0), 1e-15)) AS loss
			FROM (SELECT %s AS label, @extschema@.predict_proba($1, h.*) AS proba, @extschema@.predict_class($1, h.*) AS predicted FROM (%s) h OFFSET 0) s', label, rows) USING model, positive;
	END IF;
END $$;
COMMENT ON FUNCTION shopper.score_rows(shopper.models, bytea, text) IS 'Step of the registry: one pass of a model over rows, into a temporary table';

-- The metrics of these scores.
CREATE FUNCTION shopper.measure_scores(m shopper.models) RETURNS TABLE(metric text, value float8) LANGUAGE plpgsql VOLATILE ROWS 4 AS $$
BEGIN
	IF m.job = 'regressor' THEN
		RETURN QUERY EXECUTE 'SELECT v.metric, v.value FROM (SELECT pg_catalog.sqrt(pg_catalog.avg((score - actual) ^ 2)) AS rmse, pg_catalog.avg(pg_catalog.abs(score - actual)) AS mae
			FROM pg_temp.shopper_scores) s, LATERAL (VALUES (''rmse'', s.rmse), (''mae'', s.mae)) v(metric, value)';
	ELSE
		RETURN QUERY EXECUTE 'SELECT v.metric, v.value FROM (SELECT pg_catalog.avg(loss) AS log_loss, pg_catalog.avg((label = predicted)::int)::float8 AS accuracy,
				CASE WHEN pg_catalog.count(actual) > 0 THEN @extschema@.auc(actual = 1, score) END AS auc, pg_catalog.avg((score - actual) ^ 2) AS brier_score FROM pg_temp.shopper_scores) s,
			LATERAL (VALUES (''log_loss'', s.log_loss), (''auc'', s.auc), (''accuracy'', s.accuracy), (''brier_score'', s.brier_score)) v(metric, value) WHERE v.value IS NOT NULL';
	END IF;
END $$;
COMMENT ON FUNCTION shopper.measure_scores(shopper.models) IS 'Step of the registry: the metrics of the rows that score_rows scored';

-- Everything that reports show of a new version, while the rows that it was trained on are at hand.
CREATE FUNCTION shopper.describe_version(m shopper.models, j shopper.jobs, v shopper.versions, columns text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	filtered constant oid[] := shopper.query_filtered(m.query);
BEGIN
	INSERT INTO shopper.version_metrics SELECT m.name, v.version, x.dataset, x.metric, pg_catalog.min(x.value) FROM @extschema@.model_metrics(v.model) x GROUP BY x.dataset, x.metric;
	INSERT INTO shopper.version_metrics SELECT m.name, v.version, 'holdout', v.metric, v.metric_value WHERE v.metric IS NOT NULL;
	INSERT INTO shopper.version_importance SELECT m.name, v.version, x.feature, x.method, pg_catalog.min(x.importance) FROM @extschema@.feature_importance(v.model) x GROUP BY x.feature, x.method;
	INSERT INTO shopper.version_history SELECT m.name, v.version, x.step, x.metric, pg_catalog.min(x.value) FROM @extschema@.training_history(v.model) x GROUP BY x.step, x.metric;
	IF m.job = 'rules' THEN
		INSERT INTO shopper.version_rules
		SELECT m.name, v.version, r.number, pg_catalog.array_to_string(r.antecedent, ' + '), pg_catalog.array_to_string(r.consequent, ' + '), r.basket_count, r.support, r.confidence, r.lift
		FROM @extschema@.assoc_rules(v.model, max_rules => 500) WITH ORDINALITY AS r(antecedent, consequent, basket_count, antecedent_count, consequent_count, support, confidence, lift,
			leverage, conviction, chi_square, p_value, fisher_p_value, q_value, number);
	ELSIF m.job = 'sequence_rules' THEN
		INSERT INTO shopper.version_rules
		SELECT m.name, v.version, r.number, pg_catalog.array_to_string(r.antecedent, ' + '), r.consequent, r.customer_count, r.support, r.confidence, r.lift
		FROM @extschema@.sequence_rules(v.model, max_rules => 500) WITH ORDINALITY AS r(antecedent, consequent, customer_count, antecedent_count, consequent_count, support, confidence, lift,
			mean_days, median_days, p_value, number);
	ELSIF m.job = 'clusters' THEN
		INSERT INTO shopper.version_segments
		SELECT m.name, v.version, x.cluster, pg_catalog.min(x.name), pg_catalog.min(x.size), pg_catalog.min(x.share) FROM @extschema@.cluster_profile(v.model) x GROUP BY x.cluster;
		INSERT INTO shopper.version_segment_features
		SELECT m.name, v.version, x.cluster, x.rank, x.feature, x.level, x.description, x.value, x.average, x.difference FROM @extschema@.cluster_profile(v.model) x;
	END IF;
	IF m.job IN ('classifier', 'regressor') AND v.holdout_count > 0 THEN
		PERFORM shopper.score_rows(m, v.model, 'SELECT * FROM pg_temp.shopper_rows h WHERE h.shopper_held_out AND ' || shopper.target_known(m));
		INSERT INTO shopper.version_metrics SELECT m.name, v.version, 'holdout', x.metric, x.value FROM shopper.measure_scores(m) x ON CONFLICT DO NOTHING;
		IF m.job = 'classifier' THEN
			EXECUTE 'INSERT INTO shopper.version_confusion SELECT $1, $2, label, predicted, pg_catalog.count(*) FROM pg_temp.shopper_scores GROUP BY label, predicted' USING m.name, v.version;
			EXECUTE 'INSERT INTO shopper.version_curves (name, version, curve, point, x, y, z)
				SELECT $1, $2, ''roc'', pg_catalog.row_number() OVER (ORDER BY p.number), p.false_positive_rate, p.true_positive_rate, CASE WHEN p.threshold < ''Infinity'' THEN p.threshold END
				FROM (SELECT c.*, pg_catalog.count(*) OVER () AS points FROM pg_catalog.unnest((SELECT @extschema@.roc_curve(actual = 1, score) FROM pg_temp.shopper_scores WHERE actual IS NOT NULL))
					WITH ORDINALITY AS c(threshold, false_positive_rate, true_positive_rate, number)) p
				WHERE p.number = 1 OR p.number = p.points OR p.number % (p.points / 200 + 1) = 0' USING m.name, v.version;
			EXECUTE 'INSERT INTO shopper.version_curves
				SELECT $1, $2, ''lift'', b.bin, b.row_count, b.positive_count, b.positive_rate, b.cumulative_gain, b.cumulative_lift
				FROM pg_catalog.unnest((SELECT @extschema@.lift_curve(actual = 1, score) FROM pg_temp.shopper_scores WHERE actual IS NOT NULL)) b
				UNION ALL SELECT $1, $2, ''calibration'', b.bin, b.row_count, b.positive_count, b.mean_score, b.positive_rate, NULL
				FROM pg_catalog.unnest((SELECT @extschema@.calibration_curve(actual = 1, score) FROM pg_temp.shopper_scores WHERE actual IS NOT NULL)) b' USING m.name, v.version;
		END IF;
		DROP TABLE pg_temp.shopper_scores;
	END IF;
	IF NOT j.pairs THEN
		-- rows held out are scored as new ones will be; few of them say little
		INSERT INTO shopper.version_distributions
		SELECT m.name, v.version, d.feature, d FROM shopper.distributions(v.model,
			pg_catalog.format('SELECT %s FROM pg_temp.shopper_rows%s', columns, CASE WHEN v.holdout_count >= 1000 THEN ' WHERE shopper_held_out' END)) d;
	END IF;
	INSERT INTO shopper.sources
	SELECT m.name, v.version, n.nspname, c.relname, shopper.inserted_rows(c.oid), c.oid = ANY (filtered)
	FROM pg_catalog.unnest(shopper.query_relations(m.query)) r JOIN pg_catalog.pg_class c ON c.oid = r JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'm', 'f') GROUP BY 3, 4, c.oid;
END $$;
COMMENT ON FUNCTION shopper.describe_version(shopper.models, shopper.jobs, shopper.versions, text) IS 'Step of shopper.train: store what reports show of a new version';

-- ---- training ----

-- Read the query once, into a temporary table with a mark on the rows held out; returns the columns to learn from.
CREATE FUNCTION shopper.read_rows(m shopper.models, pairs boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	columns text;
BEGIN
	PERFORM shopper.check_columns(m.query, m.target, m.key_column, pairs);
	EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_rows ON COMMIT DROP AS SELECT q.*, %s AS shopper_held_out FROM (%s) q',
		CASE WHEN m.holdout = 0 THEN 'false'
			ELSE pg_catalog.format('coalesce(@extschema@.fold(%s, 10000) < %s, false)', coalesce('q.' || pg_catalog.quote_ident(m.key_column), 'pg_catalog.to_jsonb(q.*)::text'), pg_catalog.round(m.holdout * 10000)) END,
		shopper.as_subselect(m.query));
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
	FROM pg_catalog.pg_attribute a
	WHERE a.attrelid = 'pg_temp.shopper_rows'::regclass AND a.attnum > 0 AND a.attname <> 'shopper_held_out'
		AND (pairs OR a.attname <> m.key_column) IS NOT FALSE;
	RETURN columns;
END $$;
COMMENT ON FUNCTION shopper.read_rows(shopper.models, boolean) IS 'Step of shopper.train: the rows of the query, read once';

-- Clusters go on from the live version: those that it has too keep their numbers and names.
CREATE FUNCTION shopper.fit_rows(m shopper.models, j shopper.jobs, columns text, live_model bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	statement constant text := pg_catalog.format('SELECT @extschema@.%I(%L%s, options => $1{previous})', j.trainer,
		pg_catalog.format('SELECT %s FROM pg_temp.shopper_rows WHERE NOT shopper_held_out', columns), CASE WHEN j.needs_target THEN ', $2' END);
	model bytea;
BEGIN
	IF m.job = 'clusters' AND live_model IS NOT NULL THEN
		BEGIN
			EXECUTE pg_catalog.replace(statement, '{previous}', ', previous_model => $2') INTO model USING m.options, live_model;
			RETURN model;
		EXCEPTION WHEN data_exception THEN	-- it is of other columns
		END;
	END IF;
	EXECUTE pg_catalog.replace(statement, '{previous}', '') INTO model USING m.options, m.target;
	RETURN model;
END $$;
COMMENT ON FUNCTION shopper.fit_rows(shopper.models, shopper.jobs, text, bytea) IS 'Step of shopper.train: the model of the rows that are not held out';

CREATE FUNCTION shopper.train_version(model text) RETURNS shopper.versions LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m shopper.models := shopper.own_model(model);
	j shopper.jobs;
	gate shopper.gates;
	v shopper.versions;
	champion shopper.versions;
	compared shopper.paired_comparison;
	columns text;
	complaint text;
	positive text;
	at constant timestamptz := pg_catalog.clock_timestamp();
BEGIN
	IF m.retired THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('model "%s" is retired', model), HINT = 'shopper.promote brings a version back.';
	ELSIF NOT pg_catalog.pg_try_advisory_xact_lock(shopper.lock_class(), m.lock_number) THEN
		RAISE lock_not_available USING MESSAGE = pg_catalog.format('model "%s" is being trained by another session', model), HINT = 'shopper.model_runs shows running trainings.';
	END IF;
	j := shopper.find_job(m.job);
	SELECT * INTO gate FROM shopper.gates g WHERE g.name = model;
	PERFORM shopper.check_metric(j, gate.metric);
	SELECT c.* INTO champion FROM shopper.live l JOIN shopper.versions c USING (name, version) WHERE l.name = model;

	columns := shopper.read_rows(m, j.pairs);
	v.model := shopper.fit_rows(m, j, columns, champion.model);
	IF v.model IS NULL THEN
		RAISE data_exception USING MESSAGE = 'training made no model', HINT = 'The option on_failure => ''null'' hides why.';
	END IF;
	EXECUTE 'SELECT pg_catalog.count(*) FILTER (WHERE NOT shopper_held_out), pg_catalog.count(*) FILTER (WHERE shopper_held_out) FROM pg_temp.shopper_rows h WHERE ' || shopper.target_known(m)
	INTO v.row_count, v.holdout_count;
	IF m.job = 'classifier' THEN
		positive := @extschema@.model_info(v.model) ->> 'positive';
		EXECUTE pg_catalog.format('SELECT pg_catalog.avg((shopper.class_label(%I) = $1)::int) FROM pg_temp.shopper_rows', m.target) INTO v.label_rate USING positive;
	END IF;
	IF j.metrics IS NOT NULL AND m.holdout > 0 THEN
		v.metric := coalesce(gate.metric, pg_catalog.split_part(j.metrics, ',', 1));
		IF champion.version IS NOT NULL THEN
			BEGIN
				compared := shopper.compare_on_holdout(m, v.metric, v.model, champion.model);
			EXCEPTION WHEN undefined_column OR datatype_mismatch OR invalid_binary_representation OR feature_not_supported THEN
				complaint := SQLERRM;
			END;
		END IF;
		IF compared.row_count IS NULL THEN
			compared := shopper.compare_on_holdout(m, v.metric, v.model, NULL);
		END IF;
		v.metric_value := compared.challenger;
		v.champion_value := compared.champion;
		v.difference := compared.difference;
		v.difference_low := compared.low;
		v.difference_high := compared.high;
		v.holdout_count := coalesce(compared.row_count, 0);
	END IF;
	v.champion := champion.version;
	SELECT d.verdict, d.reason INTO v.verdict, v.reason
	FROM shopper.judge(gate, v, champion, v.metric IN ('auc', 'accuracy', 'hit_rate'), complaint) d;
	v.features := ARRAY(SELECT f ->> 'name' FROM pg_catalog.jsonb_array_elements(coalesce(@extschema@.model_info(v.model) -> 'features', '[]')) f);
	SELECT coalesce(pg_catalog.max(o.version), 0) + 1 INTO v.version FROM shopper.versions o WHERE o.name = model;

	INSERT INTO shopper.versions (name, version, model, features, row_count, holdout_count, label_rate, seconds, metric, metric_value,
		champion, champion_value, difference, difference_low, difference_high, verdict, reason)
	VALUES (model, v.version, v.model, v.features, v.row_count, v.holdout_count, v.label_rate, extract(epoch FROM pg_catalog.clock_timestamp() - at), v.metric, v.metric_value,
		v.champion, v.champion_value, v.difference, v.difference_low, v.difference_high, v.verdict, v.reason)
	RETURNING * INTO v;
	PERFORM shopper.describe_version(m, j, v, columns);
	EXECUTE 'DROP TABLE pg_temp.shopper_rows';
	IF shopper.goes_live(v.verdict) THEN
		PERFORM shopper.set_live(m, v.version, 'promote', v.reason);
	END IF;
	RETURN v;
END $$;
COMMENT ON FUNCTION shopper.train_version(text) IS 'Step of shopper.train: train, judge and store a version, and put it live when the gate lets it';

CREATE FUNCTION shopper.lock_class() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 1346851656 $$;
COMMENT ON FUNCTION shopper.lock_class() IS 'Step of the registry: first key of the advisory locks that trainings hold; the second one is shopper.models.lock_number';

CREATE PROCEDURE shopper.train(model text) LANGUAGE plpgsql AS $$
DECLARE
	at constant timestamptz := shopper.clock();
	v shopper.versions := shopper.train_version(model);
	live constant boolean := shopper.goes_live(v.verdict);
BEGIN
	INSERT INTO shopper.runs (name, state, version, message, started_at, finished_at)
	VALUES (model, CASE WHEN live THEN 'promoted' ELSE 'kept back' END, v.version, v.reason, at, shopper.clock());
	PERFORM shopper.note_training(model, v, NULL);
	RAISE NOTICE 'version % of model "%" is %: %', v.version, model, CASE WHEN live THEN 'live' ELSE 'kept back' END, v.reason;
END $$;
COMMENT ON PROCEDURE shopper.train(text) IS 'Train a named model: read its query once, hold rows out, compare with the live version on these, store the new version, and put it live when the gate (shopper.gates) lets it. Nothing is committed: a rollback undoes it all';
