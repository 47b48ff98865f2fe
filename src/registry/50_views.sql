-- What reports and dashboards read: plain views with simple types. Columns are only ever added.

CREATE VIEW shopper.model_list AS
SELECT m.name, m.job, m.target, m.owner::text AS owner, m.created_at, CASE WHEN m.retired THEN 'retired' WHEN l.version IS NULL THEN 'not live' ELSE 'live' END AS state,
	l.version::bigint AS live_version, w.newest::bigint AS newest_version, w.newest_at AS newest_trained_at
FROM shopper.models m LEFT JOIN shopper.live l ON l.name = m.name
LEFT JOIN LATERAL (SELECT v.version AS newest, v.trained_at AS newest_at FROM shopper.versions v WHERE v.name = m.name ORDER BY v.version DESC LIMIT 1) w ON true;
COMMENT ON VIEW shopper.model_list IS 'Models: one row per named model';
COMMENT ON COLUMN shopper.model_list.name IS 'The model';
COMMENT ON COLUMN shopper.model_list.job IS 'What it learns, a job of shopper.jobs';
COMMENT ON COLUMN shopper.model_list.target IS 'Column that is learned; NULL: none';
COMMENT ON COLUMN shopper.model_list.owner IS 'Role that may train, promote and drop it';
COMMENT ON COLUMN shopper.model_list.created_at IS 'When it was defined';
COMMENT ON COLUMN shopper.model_list.state IS 'live, not live (no version passed the gate yet), or retired';
COMMENT ON COLUMN shopper.model_list.live_version IS 'Number of the live version';
COMMENT ON COLUMN shopper.model_list.newest_version IS 'Number of the newest version';
COMMENT ON COLUMN shopper.model_list.newest_trained_at IS 'When the newest version was trained';

CREATE VIEW shopper.model_versions AS
SELECT v.name, v.version::bigint AS version, v.id AS version_id, l.version IS NOT NULL AS live, v.trained_at, v.trained_by::text AS trained_by, v.row_count, v.holdout_count,
	v.label_rate, v.seconds, v.model_bytes, v.metric, v.metric_value, v.champion::bigint AS champion_version, v.champion_value, v.difference, v.difference_low, v.difference_high, v.verdict, v.reason,
	pg_catalog.array_to_string(v.features, ', ') AS features,
	(SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', s.schema_name, s.table_name), ', ' ORDER BY s.schema_name, s.table_name) FROM shopper.sources s
	 WHERE s.name = v.name AND s.version = v.version AND s.row_security) AS row_security_tables
FROM shopper.versions v LEFT JOIN shopper.live l ON l.name = v.name AND l.version = v.version;
COMMENT ON VIEW shopper.model_versions IS 'Versions: one row per version of a model, with how it was judged';
COMMENT ON COLUMN shopper.model_versions.name IS 'The model';
COMMENT ON COLUMN shopper.model_versions.version IS 'Number of the version, from 1';
COMMENT ON COLUMN shopper.model_versions.version_id IS 'Content hash of the model bytes: equal content, equal id';
COMMENT ON COLUMN shopper.model_versions.live IS 'Whether the name stands for this version now';
COMMENT ON COLUMN shopper.model_versions.trained_at IS 'When it was trained';
COMMENT ON COLUMN shopper.model_versions.trained_by IS 'Role that trained it';
COMMENT ON COLUMN shopper.model_versions.row_count IS 'Rows that it learned from';
COMMENT ON COLUMN shopper.model_versions.holdout_count IS 'Rows held out of training and used to judge';
COMMENT ON COLUMN shopper.model_versions.label_rate IS 'Share of the positive class in all rows, 0 to 1; NULL: not a classifier of two classes';
COMMENT ON COLUMN shopper.model_versions.seconds IS 'Time of reading, training and judging';
COMMENT ON COLUMN shopper.model_versions.model_bytes IS 'Size of the model in bytes';
COMMENT ON COLUMN shopper.model_versions.metric IS 'What it was judged by; NULL: the job has no metric';
COMMENT ON COLUMN shopper.model_versions.metric_value IS 'Its value on the rows held out';
COMMENT ON COLUMN shopper.model_versions.champion_version IS 'Version that was live then; NULL: none';
COMMENT ON COLUMN shopper.model_versions.champion_value IS 'Value of that version on the same rows';
COMMENT ON COLUMN shopper.model_versions.difference IS 'metric_value minus champion_value';
COMMENT ON COLUMN shopper.model_versions.difference_low IS 'Lower end of the 95 % interval of the difference';
COMMENT ON COLUMN shopper.model_versions.difference_high IS 'Upper end of the 95 % interval of the difference';
COMMENT ON COLUMN shopper.model_versions.verdict IS 'first, better, not worse, trained (these went live), worse, unsure or refused';
COMMENT ON COLUMN shopper.model_versions.reason IS 'The verdict in words';
COMMENT ON COLUMN shopper.model_versions.features IS 'Columns that it was trained on, with commas between them';
COMMENT ON COLUMN shopper.model_versions.row_security_tables IS 'Tables of which row-level security let the owner read only what its policies say, with commas between them; NULL: none';

CREATE VIEW shopper.model_runs AS
SELECT r.run_id, r.name, CASE WHEN r.state = 'running' AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks k
		WHERE k.locktype = 'advisory' AND k.classid::bigint = shopper.lock_class() AND k.objid::bigint = m.lock_number AND k.objsubid = 2 AND k.granted
			AND k.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())) THEN 'interrupted' ELSE r.state END AS state,
	r.version::bigint AS version, r.message, r.run_by::text AS run_by, r.started_at, r.finished_at, extract(epoch FROM coalesce(r.finished_at, shopper.clock()) - r.started_at)::float8 AS seconds,
	pg_catalog.substring(a.application_name, ': (\d+) of \d+\)$')::bigint AS step, pg_catalog.substring(a.application_name, ' of (\d+)\)$')::bigint AS step_count
FROM shopper.runs r JOIN shopper.models m ON m.name = r.name
LEFT JOIN pg_catalog.pg_stat_activity a ON r.state = 'running' AND a.application_name LIKE pg_catalog.format('%%(pg\_shopper run %s: %%', r.run_id)
	AND a.datname = pg_catalog.current_database();
COMMENT ON VIEW shopper.model_runs IS 'Runs: one row per training of a model; running ones come from shopper.retrain_due, shopper.train shows when it is committed';
COMMENT ON COLUMN shopper.model_runs.run_id IS 'Number of the run';
COMMENT ON COLUMN shopper.model_runs.name IS 'The model';
COMMENT ON COLUMN shopper.model_runs.state IS 'running, promoted, kept back (a version was made, but is not live), failed, cancelled, interrupted (its session ended)';
COMMENT ON COLUMN shopper.model_runs.version IS 'The version that it made; NULL: none';
COMMENT ON COLUMN shopper.model_runs.message IS 'The verdict or the error in words';
COMMENT ON COLUMN shopper.model_runs.run_by IS 'Role that ran it';
COMMENT ON COLUMN shopper.model_runs.started_at IS 'When it began';
COMMENT ON COLUMN shopper.model_runs.finished_at IS 'When it ended; NULL: running or interrupted';
COMMENT ON COLUMN shopper.model_runs.seconds IS 'How long it took, or has taken so far';
COMMENT ON COLUMN shopper.model_runs.step IS 'Of a running training: epoch, tree or iteration that it is at; NULL: none told yet';
COMMENT ON COLUMN shopper.model_runs.step_count IS 'How many there are at most';

CREATE VIEW shopper.model_metrics AS
SELECT v.trained_at AS measured_at, x.name, x.version::bigint AS version, x.dataset, x.metric, x.value
FROM shopper.version_metrics x JOIN shopper.versions v USING (name, version) WHERE x.value <> 'NaN' AND pg_catalog.abs(x.value) < 'Infinity';
COMMENT ON VIEW shopper.model_metrics IS 'Metrics over time: one row per version, dataset and metric';
COMMENT ON COLUMN shopper.model_metrics.measured_at IS 'When the version was trained and measured';
COMMENT ON COLUMN shopper.model_metrics.name IS 'The model';
COMMENT ON COLUMN shopper.model_metrics.version IS 'The version';
COMMENT ON COLUMN shopper.model_metrics.dataset IS 'train and validation (by the learner), holdout (rows held out by the registry)';
COMMENT ON COLUMN shopper.model_metrics.metric IS 'What was measured';
COMMENT ON COLUMN shopper.model_metrics.value IS 'Its value, in the unit of the metric';

CREATE VIEW shopper.model_latest AS
SELECT m.name, m.job, m.owner::text AS owner, v.version::bigint AS live_version, v.trained_at AS live_trained_at, v.row_count, v.metric, v.metric_value, v.verdict, v.reason,
	extract(epoch FROM shopper.clock() - v.trained_at)::float8 AS age_seconds, r.state AS last_run_state, r.message AS last_run_message, r.started_at AS last_run_at,
	(SELECT pg_catalog.count(*) FROM shopper.alert_log a WHERE a.name = m.name AND a.resolved_at IS NULL) AS open_alert_count
FROM shopper.models m LEFT JOIN shopper.live l ON l.name = m.name LEFT JOIN shopper.versions v ON v.name = l.name AND v.version = l.version
LEFT JOIN LATERAL (SELECT x.state, x.message, x.started_at FROM shopper.model_runs x WHERE x.name = m.name ORDER BY x.run_id DESC LIMIT 1) r ON true;
COMMENT ON VIEW shopper.model_latest IS 'Where each model stands now: one row per named model, its live version and its last run';
COMMENT ON COLUMN shopper.model_latest.name IS 'The model';
COMMENT ON COLUMN shopper.model_latest.job IS 'What it learns';
COMMENT ON COLUMN shopper.model_latest.owner IS 'Role that owns it';
COMMENT ON COLUMN shopper.model_latest.live_version IS 'Its live version; NULL: none';
COMMENT ON COLUMN shopper.model_latest.live_trained_at IS 'When that was trained';
COMMENT ON COLUMN shopper.model_latest.row_count IS 'Rows that it learned from';
COMMENT ON COLUMN shopper.model_latest.metric IS 'What it was judged by';
COMMENT ON COLUMN shopper.model_latest.metric_value IS 'Its value on the rows held out';
COMMENT ON COLUMN shopper.model_latest.verdict IS 'What the gate said';
COMMENT ON COLUMN shopper.model_latest.reason IS 'The verdict in words';
COMMENT ON COLUMN shopper.model_latest.age_seconds IS 'Age of the live version';
COMMENT ON COLUMN shopper.model_latest.last_run_state IS 'State of the last run';
COMMENT ON COLUMN shopper.model_latest.last_run_message IS 'Its verdict or error in words';
COMMENT ON COLUMN shopper.model_latest.last_run_at IS 'When it began';
COMMENT ON COLUMN shopper.model_latest.open_alert_count IS 'Alerts about it that are not over';

CREATE VIEW shopper.feature_importance AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, v.trained_at, x.feature, x.method, x.importance
FROM shopper.version_importance x JOIN shopper.versions v USING (name, version) LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version
WHERE x.importance <> 'NaN' AND pg_catalog.abs(x.importance) < 'Infinity';
COMMENT ON VIEW shopper.feature_importance IS 'Which columns matter: one row per version and column';
COMMENT ON COLUMN shopper.feature_importance.name IS 'The model';
COMMENT ON COLUMN shopper.feature_importance.version IS 'The version';
COMMENT ON COLUMN shopper.feature_importance.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.feature_importance.trained_at IS 'When the version was trained';
COMMENT ON COLUMN shopper.feature_importance.feature IS 'The column';
COMMENT ON COLUMN shopper.feature_importance.method IS 'How it was measured';
COMMENT ON COLUMN shopper.feature_importance.importance IS 'How much worse the model gets when the column is shuffled: in log loss, or root mean squared error';

CREATE VIEW shopper.model_deployments AS
SELECT d.deployment_id, d.name, d.action, d.version::bigint AS version, d.previous::bigint AS previous_version, d.reason, d.deployed_by::text AS deployed_by, d.deployed_at FROM shopper.deployments d;
COMMENT ON VIEW shopper.model_deployments IS 'Which version was live when: one row per change';
COMMENT ON COLUMN shopper.model_deployments.deployment_id IS 'Number of the change';
COMMENT ON COLUMN shopper.model_deployments.name IS 'The model';
COMMENT ON COLUMN shopper.model_deployments.action IS 'promote, rollback or retire';
COMMENT ON COLUMN shopper.model_deployments.version IS 'Version that went live; NULL: none';
COMMENT ON COLUMN shopper.model_deployments.previous_version IS 'Version that was live before; NULL: none';
COMMENT ON COLUMN shopper.model_deployments.reason IS 'Why';
COMMENT ON COLUMN shopper.model_deployments.deployed_by IS 'Who did it';
COMMENT ON COLUMN shopper.model_deployments.deployed_at IS 'When it was done';

CREATE VIEW shopper.model_roc AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.point::bigint AS point, x.z AS cutoff, x.x AS false_positive_rate, x.y AS true_positive_rate
FROM shopper.version_curves x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version WHERE x.curve = 'roc';
COMMENT ON VIEW shopper.model_roc IS 'ROC curve on the rows held out: one row per version and point, at most about 200';
COMMENT ON COLUMN shopper.model_roc.name IS 'The model';
COMMENT ON COLUMN shopper.model_roc.version IS 'The version';
COMMENT ON COLUMN shopper.model_roc.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_roc.point IS 'Number of the point, from the strictest cut-off on';
COMMENT ON COLUMN shopper.model_roc.cutoff IS 'Scores from here on count as positive; NULL: above all';
COMMENT ON COLUMN shopper.model_roc.false_positive_rate IS 'Share of the negative rows that do';
COMMENT ON COLUMN shopper.model_roc.true_positive_rate IS 'Share of the positive rows that do';

CREATE VIEW shopper.model_lift AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.point::bigint AS bin, x.row_count, x.positive_count, x.x AS positive_rate, x.y AS gain_rate, x.z AS lift
FROM shopper.version_curves x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version WHERE x.curve = 'lift';
COMMENT ON VIEW shopper.model_lift IS 'Lift and gain on the rows held out: one row per version and bin';
COMMENT ON COLUMN shopper.model_lift.name IS 'The model';
COMMENT ON COLUMN shopper.model_lift.version IS 'The version';
COMMENT ON COLUMN shopper.model_lift.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_lift.bin IS 'Bin of equally many rows, that of the highest scores first';
COMMENT ON COLUMN shopper.model_lift.row_count IS 'Rows of the bin';
COMMENT ON COLUMN shopper.model_lift.positive_count IS 'Positive ones';
COMMENT ON COLUMN shopper.model_lift.positive_rate IS 'Their share, 0 to 1';
COMMENT ON COLUMN shopper.model_lift.gain_rate IS 'Share of all positives in this bin and those before';
COMMENT ON COLUMN shopper.model_lift.lift IS 'Share of positives in these bins over that of all rows';

CREATE VIEW shopper.model_calibration AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.point::bigint AS bin, x.row_count, x.x AS predicted_rate, x.y AS observed_rate
FROM shopper.version_curves x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version WHERE x.curve = 'calibration';
COMMENT ON VIEW shopper.model_calibration IS 'Predicted against true share of positives on the rows held out: one row per version and bin';
COMMENT ON COLUMN shopper.model_calibration.name IS 'The model';
COMMENT ON COLUMN shopper.model_calibration.version IS 'The version';
COMMENT ON COLUMN shopper.model_calibration.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_calibration.bin IS 'Bin of equally many rows, by rising score';
COMMENT ON COLUMN shopper.model_calibration.row_count IS 'Rows of the bin';
COMMENT ON COLUMN shopper.model_calibration.predicted_rate IS 'Mean predicted probability';
COMMENT ON COLUMN shopper.model_calibration.observed_rate IS 'Share of positives';

CREATE VIEW shopper.model_confusion AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.actual, x.predicted, x.row_count
FROM shopper.version_confusion x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version;
COMMENT ON VIEW shopper.model_confusion IS 'True against predicted classes on the rows held out: one row per version and pair of classes';
COMMENT ON COLUMN shopper.model_confusion.name IS 'The model';
COMMENT ON COLUMN shopper.model_confusion.version IS 'The version';
COMMENT ON COLUMN shopper.model_confusion.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_confusion.actual IS 'True class';
COMMENT ON COLUMN shopper.model_confusion.predicted IS 'Class that predict_class gives';
COMMENT ON COLUMN shopper.model_confusion.row_count IS 'Rows';

CREATE VIEW shopper.model_history AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.metric, x.step::bigint AS step, x.value
FROM shopper.version_history x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version WHERE x.value <> 'NaN' AND pg_catalog.abs(x.value) < 'Infinity';
COMMENT ON VIEW shopper.model_history IS 'How trainings went: one row per version, metric and step';
COMMENT ON COLUMN shopper.model_history.name IS 'The model';
COMMENT ON COLUMN shopper.model_history.version IS 'The version';
COMMENT ON COLUMN shopper.model_history.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_history.metric IS 'What was measured';
COMMENT ON COLUMN shopper.model_history.step IS 'Epoch, iteration or number of trees';
COMMENT ON COLUMN shopper.model_history.value IS 'Its value';

CREATE VIEW shopper.model_rules AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.rule_number::bigint AS rule_number, x.antecedent, x.consequent, x.basket_count, x.support AS support_rate, x.confidence AS confidence_rate, x.lift
FROM shopper.version_rules x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version;
COMMENT ON VIEW shopper.model_rules IS 'Rules of what is bought together or next: one row per version and rule, the 500 of highest lift';
COMMENT ON COLUMN shopper.model_rules.name IS 'The model';
COMMENT ON COLUMN shopper.model_rules.version IS 'The version';
COMMENT ON COLUMN shopper.model_rules.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_rules.rule_number IS 'Place by lift, from 1';
COMMENT ON COLUMN shopper.model_rules.antecedent IS 'Who buys these items, with + between them';
COMMENT ON COLUMN shopper.model_rules.consequent IS 'Also buys these';
COMMENT ON COLUMN shopper.model_rules.basket_count IS 'Baskets (of sequences: customers) with all of them';
COMMENT ON COLUMN shopper.model_rules.support_rate IS 'Their share of all';
COMMENT ON COLUMN shopper.model_rules.confidence_rate IS 'Their share of those with the antecedent';
COMMENT ON COLUMN shopper.model_rules.lift IS 'Confidence over the share of all that have the consequent';

CREATE VIEW shopper.model_segments AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.segment::bigint AS segment, coalesce(x.segment_name, pg_catalog.format('cluster %s', x.segment)) AS segment_name, x.row_count::bigint AS row_count, x.share AS row_rate
FROM shopper.version_segments x LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version;
COMMENT ON VIEW shopper.model_segments IS 'Segments: one row per version and cluster';
COMMENT ON COLUMN shopper.model_segments.name IS 'The model';
COMMENT ON COLUMN shopper.model_segments.version IS 'The version';
COMMENT ON COLUMN shopper.model_segments.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.model_segments.segment IS 'Id of the cluster';
COMMENT ON COLUMN shopper.model_segments.segment_name IS 'Its name; without one its number';
COMMENT ON COLUMN shopper.model_segments.row_count IS 'Training rows in it';
COMMENT ON COLUMN shopper.model_segments.row_rate IS 'Their share of all';

CREATE VIEW shopper.segment_features AS
SELECT x.name, x.version::bigint AS version, l.version IS NOT NULL AS live, x.segment::bigint AS segment, coalesce(s.segment_name, pg_catalog.format('cluster %s', x.segment)) AS segment_name, x.rank::bigint AS rank, x.feature, x.level, x.value, x.average AS overall_value, x.difference, x.description
FROM shopper.version_segment_features x JOIN shopper.version_segments s USING (name, version, segment) LEFT JOIN shopper.live l ON l.name = x.name AND l.version = x.version;
COMMENT ON VIEW shopper.segment_features IS 'What is special about each segment: one row per version, cluster and column';
COMMENT ON COLUMN shopper.segment_features.name IS 'The model';
COMMENT ON COLUMN shopper.segment_features.version IS 'The version';
COMMENT ON COLUMN shopper.segment_features.live IS 'Whether it is the live version';
COMMENT ON COLUMN shopper.segment_features.segment IS 'Id of the cluster';
COMMENT ON COLUMN shopper.segment_features.segment_name IS 'Its name; without one its number';
COMMENT ON COLUMN shopper.segment_features.rank IS '1: the most special column';
COMMENT ON COLUMN shopper.segment_features.feature IS 'The column';
COMMENT ON COLUMN shopper.segment_features.level IS 'The level of a category; NULL: a number';
COMMENT ON COLUMN shopper.segment_features.value IS 'Mean of the cluster, in the unit of the column; of a level its share';
COMMENT ON COLUMN shopper.segment_features.overall_value IS 'The same of all rows';
COMMENT ON COLUMN shopper.segment_features.difference IS 'value minus overall_value in standard deviations of all rows';
COMMENT ON COLUMN shopper.segment_features.description IS 'In words';

CREATE VIEW shopper.model_drift AS
SELECT e.measured_at, x.name, e.version::bigint AS version, x.feature, x.kind, e.row_count, x.psi, x.chance AS chance_rate, x.ks, x.js, x.missing AS missing_rate, x.training_missing AS training_missing_rate,
	x.unseen AS unseen_rate, x.training_unseen AS training_unseen_rate, x.state
FROM shopper.measured_drift x JOIN shopper.measurements e USING (measurement_id);
COMMENT ON VIEW shopper.model_drift IS 'How far recent rows are from those of training: one row per measurement and column, and one for the scores';
COMMENT ON COLUMN shopper.model_drift.measured_at IS 'When it was measured';
COMMENT ON COLUMN shopper.model_drift.name IS 'The model';
COMMENT ON COLUMN shopper.model_drift.version IS 'Version that was live';
COMMENT ON COLUMN shopper.model_drift.feature IS 'The column; (score): what the version predicts';
COMMENT ON COLUMN shopper.model_drift.kind IS 'number, category or score';
COMMENT ON COLUMN shopper.model_drift.row_count IS 'Recent rows';
COMMENT ON COLUMN shopper.model_drift.psi IS 'Population stability index: below 0.1 nothing, from 0.2 on much has changed';
COMMENT ON COLUMN shopper.model_drift.chance_rate IS 'How probable an index as large is without drift';
COMMENT ON COLUMN shopper.model_drift.ks IS 'Kolmogorov-Smirnov distance, 0 to 1; NULL: a category';
COMMENT ON COLUMN shopper.model_drift.js IS 'Jensen-Shannon divergence in bits, 0 to 1';
COMMENT ON COLUMN shopper.model_drift.missing_rate IS 'Share of missing values';
COMMENT ON COLUMN shopper.model_drift.training_missing_rate IS 'That of training';
COMMENT ON COLUMN shopper.model_drift.unseen_rate IS 'Share of levels that training did not keep';
COMMENT ON COLUMN shopper.model_drift.training_unseen_rate IS 'That of training';
COMMENT ON COLUMN shopper.model_drift.state IS 'ok, warning or alert, by shopper.watches';

CREATE VIEW shopper.matured_metrics AS
SELECT e.measured_at, x.name, e.version::bigint AS version, x.metric, x.value, x.low AS value_low, x.high AS value_high, x.holdout_value, e.label_count AS row_count
FROM shopper.measured_metrics x JOIN shopper.measurements e USING (measurement_id);
COMMENT ON VIEW shopper.matured_metrics IS 'How good models were once the outcome was known: one row per measurement and metric';
COMMENT ON COLUMN shopper.matured_metrics.measured_at IS 'When it was measured';
COMMENT ON COLUMN shopper.matured_metrics.name IS 'The model';
COMMENT ON COLUMN shopper.matured_metrics.version IS 'Version that was live';
COMMENT ON COLUMN shopper.matured_metrics.metric IS 'What was measured';
COMMENT ON COLUMN shopper.matured_metrics.value IS 'Its value on recent rows whose target is known';
COMMENT ON COLUMN shopper.matured_metrics.value_low IS 'Lower end of its 95 % interval; NULL: not the metric of the gate';
COMMENT ON COLUMN shopper.matured_metrics.value_high IS 'Upper end';
COMMENT ON COLUMN shopper.matured_metrics.holdout_value IS 'Its value on the rows held out when the version was trained';
COMMENT ON COLUMN shopper.matured_metrics.row_count IS 'Recent rows whose target is known';

CREATE VIEW shopper.matured_calibration AS
SELECT e.measured_at, x.name, e.version::bigint AS version, x.bin::bigint AS bin, x.row_count, x.mean_score AS predicted_rate, x.positive_share AS observed_rate
FROM shopper.measured_calibration x JOIN shopper.measurements e USING (measurement_id);
COMMENT ON VIEW shopper.matured_calibration IS 'Predicted against true share of positives once the outcome was known: one row per measurement and bin';
COMMENT ON COLUMN shopper.matured_calibration.measured_at IS 'When it was measured';
COMMENT ON COLUMN shopper.matured_calibration.name IS 'The model';
COMMENT ON COLUMN shopper.matured_calibration.version IS 'Version that was live';
COMMENT ON COLUMN shopper.matured_calibration.bin IS 'Bin of equally many rows, by rising score';
COMMENT ON COLUMN shopper.matured_calibration.row_count IS 'Rows of the bin';
COMMENT ON COLUMN shopper.matured_calibration.predicted_rate IS 'Mean predicted probability';
COMMENT ON COLUMN shopper.matured_calibration.observed_rate IS 'Share of positives';

CREATE VIEW shopper.alerts AS
SELECT a.alert_id, a.name, a.version::bigint AS version, a.kind, a.feature, a.value, a.threshold, a.message, a.raised_at, a.seen_at, a.resolved_at FROM shopper.alert_log a;
COMMENT ON VIEW shopper.alerts IS 'What is wrong with models, and what was: one row per alert';
COMMENT ON COLUMN shopper.alerts.alert_id IS 'Number of the alert';
COMMENT ON COLUMN shopper.alerts.name IS 'The model';
COMMENT ON COLUMN shopper.alerts.version IS 'Version that was live; NULL: none';
COMMENT ON COLUMN shopper.alerts.kind IS 'feature drift, missing values, unseen values, score drift, metric decay, calibration, training failed, kept back, monitoring failed';
COMMENT ON COLUMN shopper.alerts.feature IS 'The column or metric; NULL: the whole model';
COMMENT ON COLUMN shopper.alerts.value IS 'What was measured last';
COMMENT ON COLUMN shopper.alerts.threshold IS 'From where on it is an alert';
COMMENT ON COLUMN shopper.alerts.message IS 'In words';
COMMENT ON COLUMN shopper.alerts.raised_at IS 'When it was first seen';
COMMENT ON COLUMN shopper.alerts.seen_at IS 'When it was last seen';
COMMENT ON COLUMN shopper.alerts.resolved_at IS 'When it was over; NULL: it is not';

-- ---- granting ----

CREATE FUNCTION shopper.grant_reader(reader regrole) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT ON shopper.model_list, shopper.model_versions, shopper.model_runs, shopper.model_metrics, shopper.model_latest,
		shopper.feature_importance, shopper.model_deployments, shopper.models_due, shopper.model_roc, shopper.model_lift, shopper.model_calibration, shopper.model_confusion, shopper.model_history, shopper.model_rules,
		shopper.model_segments, shopper.segment_features, shopper.model_drift, shopper.matured_metrics, shopper.matured_calibration, shopper.alerts,
		shopper.score_runs, shopper.scores_by_band, shopper.band_moves, shopper.recommended_items TO %s', reader);
END $$;
COMMENT ON FUNCTION shopper.grant_reader(regrole) IS 'Let a role read the views of the registry for reports, and nothing else; called by the owner of the extension';

CREATE FUNCTION shopper.grant_analyst(analyst regrole) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.grant_reader(analyst);
	EXECUTE pg_catalog.format('GRANT SELECT ON shopper.live_models TO %s', analyst);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON shopper.models, shopper.versions, shopper.version_metrics, shopper.version_importance, shopper.version_curves, shopper.version_confusion,
		shopper.version_history, shopper.version_rules, shopper.version_segments, shopper.version_segment_features, shopper.version_distributions, shopper.sources,
		shopper.live, shopper.deployments, shopper.runs, shopper.gates, shopper.watches, shopper.measurements, shopper.measured_drift, shopper.measured_metrics,
		shopper.measured_calibration, shopper.alert_log, shopper.bands, shopper.scorings, shopper.scoring_bands, shopper.scoring_moves, shopper.scoring_items TO %s', analyst);
END $$;
COMMENT ON FUNCTION shopper.grant_analyst(regrole) IS 'Let a role define and train models of its own on what it may SELECT, and predict by any name; called by the owner of the extension. To predict only: GRANT SELECT ON shopper.live_models';
