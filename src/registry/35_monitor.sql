-- Watching models: drift of columns and scores, metrics once the truth is known, alerts.

CREATE TABLE shopper.watches (
	name text PRIMARY KEY REFERENCES shopper.models ON DELETE CASCADE,
	query text,
	max_psi float8 NOT NULL DEFAULT 0.2 CHECK (max_psi > 0::float8),
	max_missing_shift float8 NOT NULL DEFAULT 0.1 CHECK (max_missing_shift > 0::float8),
	max_unseen_shift float8 NOT NULL DEFAULT 0.05 CHECK (max_unseen_shift > 0::float8),
	max_metric_drop float8 NOT NULL DEFAULT 0.1 CHECK (max_metric_drop >= 0::float8),
	max_calibration_gap float8 NOT NULL DEFAULT 0.05 CHECK (max_calibration_gap > 0::float8),
	min_labels bigint NOT NULL DEFAULT 200 CHECK (min_labels > 0));
COMMENT ON TABLE shopper.watches IS 'Which models shopper.monitor measures, and from where on it raises alerts; made by shopper.watch, edit the rows of your models';
COMMENT ON COLUMN shopper.watches.name IS 'The model';
COMMENT ON COLUMN shopper.watches.query IS 'The SELECT of recent rows, with the columns of the model; with the target, NULL where it is not known yet. NULL: the query of the model';
COMMENT ON COLUMN shopper.watches.max_psi IS 'Population stability index of a column or of the scores from which it has drifted; half of it is a warning';
COMMENT ON COLUMN shopper.watches.max_missing_shift IS 'How much the share of missing values may rise or fall';
COMMENT ON COLUMN shopper.watches.max_unseen_shift IS 'How much the share of levels that training did not keep may rise';
COMMENT ON COLUMN shopper.watches.max_metric_drop IS 'How much worse the gate''s metric may be than on the rows held out, as a share of it';
COMMENT ON COLUMN shopper.watches.max_calibration_gap IS 'Greatest distance of the mean predicted from the true share of positives';
COMMENT ON COLUMN shopper.watches.min_labels IS 'Rows with a known target that are needed to measure';

CREATE TABLE shopper.measurements (
	measurement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL,
	version int NOT NULL,
	row_count bigint NOT NULL,
	label_count bigint NOT NULL,
	measured_by name NOT NULL DEFAULT CURRENT_USER,
	measured_at timestamptz NOT NULL DEFAULT shopper.clock(),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
CREATE INDEX measurements_by_name ON shopper.measurements (name, measurement_id);
COMMENT ON TABLE shopper.measurements IS 'When shopper.monitor measured what';
COMMENT ON COLUMN shopper.measurements.measurement_id IS 'Number of the measurement';
COMMENT ON COLUMN shopper.measurements.name IS 'The model';
COMMENT ON COLUMN shopper.measurements.version IS 'The version that was live';
COMMENT ON COLUMN shopper.measurements.row_count IS 'Recent rows';
COMMENT ON COLUMN shopper.measurements.label_count IS 'Those whose target is known';
COMMENT ON COLUMN shopper.measurements.measured_by IS 'Who';
COMMENT ON COLUMN shopper.measurements.measured_at IS 'When';

CREATE TABLE shopper.measured_drift (
	measurement_id bigint NOT NULL REFERENCES shopper.measurements ON DELETE CASCADE, name text NOT NULL, feature text NOT NULL, kind text NOT NULL,
	psi float8, chance float8, ks float8, js float8, missing float8, training_missing float8, unseen float8, training_unseen float8, state text NOT NULL,
	PRIMARY KEY (measurement_id, feature));
COMMENT ON TABLE shopper.measured_drift IS 'How far each column and the scores were from those of training; shopper.model_drift shows it to readers';
COMMENT ON COLUMN shopper.measured_drift.measurement_id IS 'The measurement';
COMMENT ON COLUMN shopper.measured_drift.name IS 'The model';
COMMENT ON COLUMN shopper.measured_drift.feature IS 'The column; (score): what the version predicts';
COMMENT ON COLUMN shopper.measured_drift.kind IS 'number, category or score';
COMMENT ON COLUMN shopper.measured_drift.psi IS 'Population stability index';
COMMENT ON COLUMN shopper.measured_drift.chance IS 'How probable one as large is without drift';
COMMENT ON COLUMN shopper.measured_drift.ks IS 'Kolmogorov-Smirnov distance';
COMMENT ON COLUMN shopper.measured_drift.js IS 'Jensen-Shannon divergence in bits';
COMMENT ON COLUMN shopper.measured_drift.missing IS 'Share of missing values';
COMMENT ON COLUMN shopper.measured_drift.training_missing IS 'That of training';
COMMENT ON COLUMN shopper.measured_drift.unseen IS 'Share of levels that training did not keep';
COMMENT ON COLUMN shopper.measured_drift.training_unseen IS 'That of training';
COMMENT ON COLUMN shopper.measured_drift.state IS 'ok, warning or alert';

CREATE TABLE shopper.measured_metrics (
	measurement_id bigint NOT NULL REFERENCES shopper.measurements ON DELETE CASCADE, name text NOT NULL, metric text NOT NULL,
	value float8, low float8, high float8, holdout_value float8,
	PRIMARY KEY (measurement_id, metric));
COMMENT ON TABLE shopper.measured_metrics IS 'Metrics on recent rows whose target is known; shopper.matured_metrics shows them to readers';
COMMENT ON COLUMN shopper.measured_metrics.measurement_id IS 'The measurement';
COMMENT ON COLUMN shopper.measured_metrics.name IS 'The model';
COMMENT ON COLUMN shopper.measured_metrics.metric IS 'What was measured';
COMMENT ON COLUMN shopper.measured_metrics.value IS 'Its value';
COMMENT ON COLUMN shopper.measured_metrics.low IS 'Lower end of its 95 % interval (bootstrap); the gate''s metric only';
COMMENT ON COLUMN shopper.measured_metrics.high IS 'Upper end';
COMMENT ON COLUMN shopper.measured_metrics.holdout_value IS 'Its value on the rows held out when the version was trained';

CREATE TABLE shopper.measured_calibration (
	measurement_id bigint NOT NULL REFERENCES shopper.measurements ON DELETE CASCADE, name text NOT NULL, bin int NOT NULL,
	row_count bigint NOT NULL, mean_score float8 NOT NULL, positive_share float8 NOT NULL,
	PRIMARY KEY (measurement_id, bin));
COMMENT ON TABLE shopper.measured_calibration IS 'Predicted against true share of positives on recent rows; shopper.matured_calibration shows it to readers';
COMMENT ON COLUMN shopper.measured_calibration.measurement_id IS 'The measurement';
COMMENT ON COLUMN shopper.measured_calibration.name IS 'The model';
COMMENT ON COLUMN shopper.measured_calibration.bin IS 'Bin of equally many rows by score, from 1';
COMMENT ON COLUMN shopper.measured_calibration.row_count IS 'Rows of the bin';
COMMENT ON COLUMN shopper.measured_calibration.mean_score IS 'Mean predicted probability';
COMMENT ON COLUMN shopper.measured_calibration.positive_share IS 'Share of positives';

CREATE TABLE shopper.alert_log (
	alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	version int,
	kind text NOT NULL,
	feature text,
	value float8,
	threshold float8,
	message text NOT NULL,
	raised_at timestamptz NOT NULL DEFAULT shopper.clock(),
	seen_at timestamptz NOT NULL DEFAULT shopper.clock(),
	resolved_at timestamptz);
CREATE UNIQUE INDEX open_alerts ON shopper.alert_log (name, kind, (coalesce(feature, ''))) WHERE resolved_at IS NULL;
COMMENT ON TABLE shopper.alert_log IS 'What is wrong with models, and what was; shopper.alerts shows it to readers';
COMMENT ON COLUMN shopper.alert_log.alert_id IS 'Number of the alert';
COMMENT ON COLUMN shopper.alert_log.name IS 'The model';
COMMENT ON COLUMN shopper.alert_log.version IS 'The version that was live';
COMMENT ON COLUMN shopper.alert_log.kind IS 'feature drift, missing values, unseen values, score drift, metric decay, calibration, training failed, kept back, monitoring failed';
COMMENT ON COLUMN shopper.alert_log.feature IS 'The column or metric';
COMMENT ON COLUMN shopper.alert_log.value IS 'What was measured last';
COMMENT ON COLUMN shopper.alert_log.threshold IS 'From where on it is an alert';
COMMENT ON COLUMN shopper.alert_log.message IS 'In words';
COMMENT ON COLUMN shopper.alert_log.raised_at IS 'When it was first seen';
COMMENT ON COLUMN shopper.alert_log.seen_at IS 'When it was last seen';
COMMENT ON COLUMN shopper.alert_log.resolved_at IS 'When it was over; NULL: it is not';

COMMENT ON SEQUENCE shopper.measurements_measurement_id_seq IS 'Numbers of shopper.measurements';
COMMENT ON SEQUENCE shopper.alert_log_alert_id_seq IS 'Numbers of shopper.alert_log';
SELECT shopper.protect_tables('{watches,measurements,measured_drift,measured_metrics,measured_calibration,alert_log}', '{measurements_measurement_id_seq,alert_log_alert_id_seq}');

-- ---- alerts ----

CREATE TYPE shopper.problem AS (kind text, feature text, value float8, threshold float8, message text);
COMMENT ON TYPE shopper.problem IS 'Something that an alert is about';

CREATE FUNCTION shopper.measured_alerts() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT '{feature drift,missing values,unseen values,score drift,metric decay,calibration}'::text[] $$;
COMMENT ON FUNCTION shopper.measured_alerts() IS 'Step of the registry: kinds of alerts that measurements of the live version raise';

-- Of these kinds of alerts the problems are all there are: others are over. New ones are told on the channel shopper_alerts.
-- A model that was dropped meanwhile has no alerts.
CREATE FUNCTION shopper.settle_alerts(model text, version bigint, kinds text[], problems shopper.problem[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	p shopper.problem;
	a shopper.alert_log;
BEGIN
	UPDATE shopper.alert_log l SET resolved_at = shopper.clock()
	WHERE l.name = model AND l.resolved_at IS NULL AND l.kind = ANY (kinds)
		AND NOT EXISTS (SELECT FROM pg_catalog.unnest(problems) q WHERE q.kind = l.kind AND q.feature IS NOT DISTINCT FROM l.feature);
	FOREACH p IN ARRAY problems LOOP
		UPDATE shopper.alert_log l SET version = settle_alerts.version, value = p.value, threshold = p.threshold, message = p.message, seen_at = shopper.clock()
		WHERE l.name = model AND l.resolved_at IS NULL AND l.kind = p.kind AND l.feature IS NOT DISTINCT FROM p.feature;
		CONTINUE WHEN FOUND;
		INSERT INTO shopper.alert_log AS l (name, version, kind, feature, value, threshold, message)
			SELECT m.name, version, p.kind, p.feature, p.value, p.threshold, p.message FROM shopper.models m WHERE m.name = model FOR KEY SHARE
		RETURNING l.* INTO a;
		CONTINUE WHEN NOT FOUND;
		PERFORM pg_catalog.pg_notify('shopper_alerts', pg_catalog.jsonb_build_object('alert_id', a.alert_id, 'name', model, 'kind', p.kind, 'feature', p.feature,
			'message', pg_catalog.left(p.message, 1000))::text);
	END LOOP;
END $$;
COMMENT ON FUNCTION shopper.settle_alerts(text, bigint, text[], shopper.problem[]) IS 'Step of the registry: raise alerts for the problems, and end those of the same kinds that are over';

-- What a training says: error is that which ended it, else v is its version.
CREATE FUNCTION shopper.note_training(model text, v shopper.versions, error text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF error IS NOT NULL THEN
		PERFORM shopper.settle_alerts(model, NULL, '{training failed}', ARRAY[ROW('training failed', NULL, NULL, NULL, error)::shopper.problem]);
	ELSIF NOT shopper.goes_live(v.verdict) THEN
		PERFORM shopper.settle_alerts(model, v.version, '{training failed,kept back}', ARRAY[ROW('kept back', NULL, v.metric_value, v.champion_value,
			pg_catalog.format('version %s is kept back: %s', v.version, v.reason))::shopper.problem]);
	ELSIF shopper.goes_live(v.verdict) THEN
		PERFORM shopper.settle_alerts(model, v.version, '{training failed,kept back}', '{}');
	END IF;
END $$;
COMMENT ON FUNCTION shopper.note_training(text, shopper.versions, text) IS 'Step of the registry: alerts about trainings';

-- ---- measuring ----

CREATE FUNCTION shopper.watch(model text, query text DEFAULT NULL, max_psi float8 DEFAULT 0.2, max_missing_shift float8 DEFAULT 0.1, max_unseen_shift float8 DEFAULT 0.05,
	max_metric_drop float8 DEFAULT 0.1, max_calibration_gap float8 DEFAULT 0.05, min_labels bigint DEFAULT 200) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
	m constant shopper.models := shopper.owned_model(watch.model);
BEGIN
	IF (SELECT j.pairs FROM shopper.jobs j WHERE j.job = m.job) THEN
		RAISE feature_not_supported USING MESSAGE = pg_catalog.format('models of %s have no columns to watch', m.job),
			HINT = 'Classifiers, regressors, clusters, anomalies and projections have; others are judged when they are trained.';
	END IF;
	IF least(watch.max_psi, watch.max_missing_shift, watch.max_unseen_shift, watch.max_calibration_gap, watch.min_labels) <= 0 OR watch.max_metric_drop < 0 THEN
		RAISE invalid_parameter_value USING MESSAGE = 'thresholds of shopper.watch must be positive',
			DETAIL = pg_catalog.format('Got max_psi %s, max_missing_shift %s, max_unseen_shift %s, max_metric_drop %s, max_calibration_gap %s, min_labels %s.',
				watch.max_psi, watch.max_missing_shift, watch.max_unseen_shift, watch.max_metric_drop, watch.max_calibration_gap, watch.min_labels);
	END IF;
	PERFORM shopper.query_relations(coalesce(watch.query, m.query));
	INSERT INTO shopper.watches AS w VALUES (m.name, watch.query, watch.max_psi, watch.max_missing_shift, watch.max_unseen_shift, watch.max_metric_drop, watch.max_calibration_gap, watch.min_labels)
	ON CONFLICT (name) DO UPDATE SET query = excluded.query, max_psi = excluded.max_psi, max_missing_shift = excluded.max_missing_shift, max_unseen_shift = excluded.max_unseen_shift,
		max_metric_drop = excluded.max_metric_drop, max_calibration_gap = excluded.max_calibration_gap, min_labels = excluded.min_labels;
END $$;
COMMENT ON FUNCTION shopper.watch(text, text, float8, float8, float8, float8, float8, bigint) IS 'Have CALL shopper.monitor() compare the rows of a query with those that the live version of a model was trained on, and measure it where the target is known. The query returns recent rows that it did not learn from, with the columns of the model and, NULL where it is not known yet, the target. Called again, it changes the thresholds';

CREATE FUNCTION shopper.unwatch(model text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.owned_model(model);
	PERFORM shopper.settle_alerts(model, NULL, shopper.measured_alerts() || '{monitoring failed}'::text[], '{}');
	DELETE FROM shopper.watches w WHERE w.name = model;
	RETURN FOUND;
END $$;
COMMENT ON FUNCTION shopper.unwatch(text) IS 'Measure a model no longer; its alerts are over, what was measured stays. False: it was not watched';

-- Drift of the recent rows, read from pg_temp.shopper_recent.
CREATE FUNCTION shopper.measure_drift(w shopper.watches, v shopper.versions, measurement bigint) RETURNS shopper.problem[] LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
	reference constant shopper.distribution[] := ARRAY(SELECT d.distribution FROM shopper.version_distributions d WHERE d.name = v.name AND d.version = v.version);
	result shopper.problem[];
BEGIN
	IF pg_catalog.cardinality(reference) = 0 THEN
		RETURN '{}';
	END IF;
	INSERT INTO shopper.measured_drift
	SELECT measurement, v.name, r.feature, r.kind, s.psi, s.chance, s.ks, s.js, s.missing, t.missing, s.unseen, t.unseen,
		CASE WHEN s.chance < 0.001 AND s.psi >= w.max_psi OR pg_catalog.abs(s.missing - t.missing) > w.max_missing_shift OR s.unseen - t.unseen > w.max_unseen_shift THEN 'alert'
			WHEN s.chance < 0.001 AND s.psi >= w.max_psi / 2 THEN 'warning' ELSE 'ok' END
	FROM shopper.distributions(v.model, 'SELECT * FROM pg_temp.shopper_recent', reference) r JOIN pg_catalog.unnest(reference) o USING (feature),
		LATERAL shopper.drift(o.counts, r.counts, o.edges IS NOT NULL) s, LATERAL shopper.drift(o.counts, o.counts, o.edges IS NOT NULL) t;
	SELECT pg_catalog.array_agg(ROW(p.kind, p.feature, p.value, p.threshold, p.message)::shopper.problem ORDER BY p.feature, p.kind) INTO result
	FROM shopper.measured_drift d, LATERAL (VALUES
		(CASE d.kind WHEN 'score' THEN 'score drift' ELSE 'feature drift' END, nullif(d.feature, '(score)'), d.psi, w.max_psi, d.chance < 0.001 AND d.psi >= w.max_psi,
			pg_catalog.format('%s drifted: population stability index %s, %s is allowed', CASE d.kind WHEN 'score' THEN 'the scores have' ELSE pg_catalog.format('"%s" has', d.feature) END, shopper.short(d.psi), shopper.short(w.max_psi))),
		('missing values', d.feature, d.missing, d.training_missing + CASE WHEN d.missing > d.training_missing THEN w.max_missing_shift ELSE -w.max_missing_shift END, pg_catalog.abs(d.missing - d.training_missing) > w.max_missing_shift,
			pg_catalog.format('"%s" is missing in %s %% of the rows, in training it was in %s %%', d.feature, pg_catalog.round((100 * d.missing)::numeric, 1), pg_catalog.round((100 * d.training_missing)::numeric, 1))),
		('unseen values', d.feature, d.unseen, d.training_unseen + w.max_unseen_shift, d.unseen - d.training_unseen > w.max_unseen_shift,
			pg_catalog.format('%s %% of the values of "%s" are unknown to the model', pg_catalog.round((100 * d.unseen)::numeric, 1), d.feature))
	) p(kind, feature, value, threshold, is_one, message)
	WHERE d.measurement_id = measurement AND p.is_one;
	RETURN coalesce(result, '{}');
END $$;
COMMENT ON FUNCTION shopper.measure_drift(shopper.watches, shopper.versions, bigint) IS 'Step of shopper.monitor: drift of columns and scores';

-- Metrics and calibration of the recent rows whose target is known.
CREATE FUNCTION shopper.measure_matured(w shopper.watches, m shopper.models, v shopper.versions, measurement bigint) RETURNS shopper.problem[] LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
	better constant int := CASE WHEN v.metric IN ('auc', 'accuracy') THEN 1 ELSE -1 END;
	g shopper.paired_comparison;
	problems shopper.problem[] := '{}';
	mean_score float8;
	share float8;
	known bigint;
	x shopper.measured_metrics;
BEGIN
	PERFORM shopper.score_rows(m, v.model, 'SELECT * FROM pg_temp.shopper_recent h WHERE ' || shopper.target_known(m));
	INSERT INTO shopper.measured_metrics
	SELECT measurement, m.name, s.metric, s.value, NULL, NULL, h.value FROM shopper.measure_scores(m) s
	LEFT JOIN shopper.version_metrics h ON h.name = m.name AND h.version = v.version AND h.dataset = 'holdout' AND h.metric = s.metric;
	-- against a constant the difference is the measure itself (AUC: less a half)
	EXECUTE pg_catalog.format('SELECT (c).* FROM (SELECT shopper.paired_bootstrap(%s, %s, 0, %L, 1) AS c FROM pg_temp.shopper_scores) s', CASE v.metric WHEN 'auc' THEN 'actual' ELSE '0' END,
		CASE v.metric WHEN 'log_loss' THEN 'loss' WHEN 'accuracy' THEN '(label = predicted)::int' WHEN 'brier_score' THEN '(score - actual) ^ 2' WHEN 'auc' THEN 'score'
			WHEN 'mae' THEN 'pg_catalog.abs(score - actual)' ELSE '(score - actual) ^ 2' END,
		CASE v.metric WHEN 'auc' THEN 'auc' WHEN 'rmse' THEN 'root_mean' ELSE 'mean' END) INTO g;
	UPDATE shopper.measured_metrics r SET low = g.low + CASE v.metric WHEN 'auc' THEN 0.5 ELSE 0 END, high = g.high + CASE v.metric WHEN 'auc' THEN 0.5 ELSE 0 END
	WHERE r.measurement_id = measurement AND r.metric = v.metric RETURNING r.* INTO x;
	-- by more than allowed, and by more than chance makes of both sets of rows in one of a thousand measurements (1.6 = 3.1 / 1.96)
	IF better * (x.holdout_value - x.value) > greatest(w.max_metric_drop * pg_catalog.abs(x.holdout_value),
			1.6 * (x.high - x.low) / 2 * pg_catalog.sqrt(1 + g.row_count / nullif(v.holdout_count, 0)::float8)) THEN
		problems := problems || ROW('metric decay', v.metric, x.value, x.holdout_value - better * w.max_metric_drop * pg_catalog.abs(x.holdout_value),
			pg_catalog.format('%s is %s (%s to %s) on rows whose outcome is known by now, it was %s when version %s was trained', v.metric, shopper.short(x.value), shopper.short(x.low), shopper.short(x.high),
				shopper.short(x.holdout_value), v.version))::shopper.problem;
	END IF;
	IF m.job = 'classifier' THEN
		EXECUTE 'SELECT pg_catalog.avg(score), pg_catalog.avg(actual), pg_catalog.count(actual) FROM pg_temp.shopper_scores WHERE actual IS NOT NULL' INTO mean_score, share, known;
		EXECUTE 'INSERT INTO shopper.measured_calibration SELECT $1, $2, b.bin, b.row_count, b.mean_score, b.positive_rate
			FROM pg_catalog.unnest((SELECT @extschema@.calibration_curve(actual = 1, score) FROM pg_temp.shopper_scores WHERE actual IS NOT NULL)) b' USING measurement, m.name;
		-- beyond what is allowed and beyond three standard errors
		IF pg_catalog.abs(mean_score - share) > w.max_calibration_gap AND pg_catalog.abs(mean_score - share) > 3 * pg_catalog.sqrt(greatest(share * (1 - share), mean_score * (1 - mean_score)) / known) THEN
			problems := problems || ROW('calibration', NULL, pg_catalog.abs(mean_score - share), w.max_calibration_gap,
				pg_catalog.format('%s %% positives are predicted, %s %% came true', pg_catalog.round((100 * mean_score)::numeric, 1), pg_catalog.round((100 * share)::numeric, 1)))::shopper.problem;
		END IF;
	END IF;
	DROP TABLE pg_temp.shopper_scores;
	RETURN problems;
END $$;
COMMENT ON FUNCTION shopper.measure_matured(shopper.watches, shopper.models, shopper.versions, bigint) IS 'Step of shopper.monitor: metrics and calibration where the target is known';

CREATE FUNCTION shopper.measure(model text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m constant shopper.models := shopper.own_model(model, training => false);
	w shopper.watches;
	v shopper.versions;
	measurement bigint;
	rows bigint;
	labels bigint := 0;
	problems shopper.problem[];
	old shopper.problem[];
BEGIN
	SELECT * INTO w FROM shopper.watches d WHERE d.name = model;
	SELECT c.* INTO v FROM shopper.live l JOIN shopper.versions c USING (name, version) WHERE l.name = model;
	IF w.name IS NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('model "%s" is not watched', model), HINT = 'shopper.watch says which rows to compare.';
	ELSIF v.name IS NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('no version of model "%s" is live', model), HINT = 'CALL shopper.train makes one.';
	END IF;
	EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE shopper_recent ON COMMIT DROP AS SELECT * FROM (%s) q', shopper.as_subselect(coalesce(w.query, m.query)));
	EXECUTE 'SELECT pg_catalog.count(*) FROM pg_temp.shopper_recent' INTO rows;
	IF rows = 0 THEN
		RAISE no_data_found USING MESSAGE = pg_catalog.format('there are no recent rows of model "%s"', model), HINT = 'The query in shopper.watches returned none.';
	END IF;
	IF m.job IN ('classifier', 'regressor') AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'pg_temp.shopper_recent'::regclass AND a.attname = m.target AND NOT a.attisdropped) THEN
		EXECUTE 'SELECT pg_catalog.count(*) FROM pg_temp.shopper_recent h WHERE ' || shopper.target_known(m) INTO labels;
	END IF;
	INSERT INTO shopper.measurements (name, version, row_count, label_count) VALUES (model, v.version, rows, labels) RETURNING measurement_id INTO measurement;
	problems := shopper.measure_drift(w, v, measurement);
	IF labels >= w.min_labels THEN
		problems := problems || shopper.measure_matured(w, m, v, measurement);
	ELSE
		-- too few outcomes to say that they are over
		old := ARRAY(SELECT ROW(l.kind, l.feature, l.value, l.threshold, l.message)::shopper.problem FROM shopper.alert_log l
			WHERE l.name = model AND l.resolved_at IS NULL AND l.kind IN ('metric decay', 'calibration'));
		problems := problems || old;
	END IF;
	DROP TABLE pg_temp.shopper_recent;
	PERFORM shopper.settle_alerts(model, v.version, shopper.measured_alerts() || '{monitoring failed}'::text[], problems);
	RETURN measurement;
END $$;
COMMENT ON FUNCTION shopper.measure(text) IS 'Step of shopper.monitor: measure one model; returns the number of the measurement';

CREATE PROCEDURE shopper.monitor(model text DEFAULT NULL) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	watched text;
BEGIN
	IF model IS NOT NULL THEN
		PERFORM shopper.measure(model);
		RETURN;
	END IF;
	FOR watched IN SELECT w.name FROM shopper.watches w JOIN shopper.models m USING (name) JOIN shopper.live l USING (name) WHERE m.owner = CURRENT_USER ORDER BY 1 LOOP
		BEGIN
			PERFORM shopper.measure(watched);
		EXCEPTION WHEN OTHERS THEN
			PERFORM shopper.settle_alerts(watched, NULL, '{monitoring failed}', ARRAY[ROW('monitoring failed', NULL, NULL, NULL, SQLERRM)::shopper.problem]);
		END;
	END LOOP;
END $$;
COMMENT ON PROCEDURE shopper.monitor(text) IS 'Measure a watched model, or all of the caller''s: how far the recent rows and their scores are from those of training, and how good the live version is where the outcome is known by now. shopper.model_drift and matured_metrics show it, shopper.alerts tells what is wrong; listeners of the channel shopper_alerts hear of new alerts. One that fails does not stop the others';
