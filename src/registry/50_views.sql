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
	pg_catalog.array_to_string(v.features, ', ') AS features
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

CREATE VIEW shopper.model_runs AS
SELECT r.run_id, r.name, CASE WHEN r.state = 'running' AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks k
		WHERE k.locktype = 'advisory' AND k.classid::bigint = shopper.lock_class() AND k.objid::bigint = m.lock_number AND k.objsubid = 2 AND k.granted
			AND k.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())) THEN 'interrupted' ELSE r.state END AS state,
	r.version::bigint AS version, r.message, r.run_by::text AS run_by, r.started_at, r.finished_at, extract(epoch FROM coalesce(r.finished_at, pg_catalog.clock_timestamp()) - r.started_at)::float8 AS seconds
FROM shopper.runs r JOIN shopper.models m ON m.name = r.name;
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
	extract(epoch FROM pg_catalog.now() - v.trained_at)::float8 AS age_seconds, r.state AS last_run_state, r.message AS last_run_message, r.started_at AS last_run_at
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

-- ---- granting ----

CREATE FUNCTION shopper.grant_reader(reader regrole) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT ON shopper.model_list, shopper.model_versions, shopper.model_runs, shopper.model_metrics, shopper.model_latest,
		shopper.feature_importance, shopper.model_deployments, shopper.models_due,
		shopper.score_runs, shopper.scores_by_band, shopper.band_moves, shopper.recommended_items TO %s', reader);
END $$;
COMMENT ON FUNCTION shopper.grant_reader(regrole) IS 'Let a role read the views of the registry for reports, and nothing else; called by the owner of the extension';

CREATE FUNCTION shopper.grant_analyst(analyst regrole) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.grant_reader(analyst);
	EXECUTE pg_catalog.format('GRANT SELECT ON shopper.live_models TO %s', analyst);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON shopper.models, shopper.versions, shopper.version_metrics, shopper.version_importance, shopper.sources,
		shopper.live, shopper.deployments, shopper.runs, shopper.gates,
		shopper.bands, shopper.scorings, shopper.scoring_bands, shopper.scoring_moves, shopper.scoring_items TO %s', analyst);
END $$;
COMMENT ON FUNCTION shopper.grant_analyst(regrole) IS 'Let a role define and train models of its own on what it may SELECT, and predict by any name; called by the owner of the extension. To predict only: GRANT SELECT ON shopper.live_models';
