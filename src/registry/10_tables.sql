-- The registry of named models: its tables, and who may write them.
--
-- A reader sees views only. Analysts get the tables (shopper.grant_analyst) under row-level
-- security: all rows may be read, only those of one's own models be written. The owner of the
-- extension is not bound by it, so that dumps are complete. No function here runs with other
-- rights than the caller's.

CREATE FUNCTION shopper.clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(pg_catalog.current_setting('pg_shopper.clock', true), '')::timestamptz, pg_catalog.clock_timestamp()) $$;
COMMENT ON FUNCTION shopper.clock() IS 'The time that the registry goes by: the present, or that of the setting pg_shopper.clock, to try out what will be due when';

CREATE TABLE shopper.models (
	name text PRIMARY KEY CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 63 AND name NOT LIKE E'\\\\x%'),
	lock_number int GENERATED ALWAYS AS IDENTITY,
	job text NOT NULL,
	query text NOT NULL,
	target text,
	options jsonb,
	key_column text,
	holdout float8 NOT NULL DEFAULT 0.2 CHECK (holdout >= 0::float8 AND holdout < 1::float8),
	max_age interval DEFAULT '7 days' CHECK (max_age > interval '0'),
	min_new_rows bigint CHECK (min_new_rows > 0),
	retired boolean NOT NULL DEFAULT false,
	owner name NOT NULL DEFAULT CURRENT_USER,
	created_at timestamptz NOT NULL DEFAULT shopper.clock());
COMMENT ON TABLE shopper.models IS 'Definitions of named models, made by shopper.create_model; shopper.model_list shows them to readers';
COMMENT ON COLUMN shopper.models.name IS 'The name, at most 63 bytes';
COMMENT ON COLUMN shopper.models.lock_number IS 'Second key of the advisory lock that a training holds';
COMMENT ON COLUMN shopper.models.job IS 'What is learned, a job of shopper.jobs';
COMMENT ON COLUMN shopper.models.query IS 'The SELECT whose rows are learned from, run with the rights of the owner';
COMMENT ON COLUMN shopper.models.target IS 'Column to learn; for content models the item''s column';
COMMENT ON COLUMN shopper.models.options IS 'Options of the learner, as from a builder';
COMMENT ON COLUMN shopper.models.key_column IS 'Column that identifies a row: it decides which rows are held out, and is no feature; NULL: the content of the row decides';
COMMENT ON COLUMN shopper.models.holdout IS 'Share of rows held out of training to judge by';
COMMENT ON COLUMN shopper.models.max_age IS 'Age of the newest version from which the model is due; NULL: never by age';
COMMENT ON COLUMN shopper.models.min_new_rows IS 'New rows in the tables of the query from which the model is due; NULL: never by rows';
COMMENT ON COLUMN shopper.models.retired IS 'No longer trained nor served';
COMMENT ON COLUMN shopper.models.owner IS 'Role that may train, promote and drop it';
COMMENT ON COLUMN shopper.models.created_at IS 'When it was defined';

CREATE TABLE shopper.versions (
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	version int NOT NULL,
	model bytea NOT NULL,
	id text NOT NULL GENERATED ALWAYS AS (@extschema@.model_id(model)) STORED,
	model_bytes bigint NOT NULL GENERATED ALWAYS AS (pg_catalog.octet_length(model)) STORED,
	features text[] NOT NULL DEFAULT '{}',
	row_count bigint NOT NULL,
	holdout_count bigint NOT NULL,
	label_rate float8,
	seconds float8 NOT NULL,
	metric text,
	metric_value float8,
	champion int,
	champion_value float8,
	difference float8,
	difference_low float8,
	difference_high float8,
	verdict text NOT NULL,
	reason text NOT NULL,
	trained_by name NOT NULL DEFAULT CURRENT_USER,
	trained_at timestamptz NOT NULL DEFAULT shopper.clock(),
	PRIMARY KEY (name, version));
ALTER TABLE shopper.versions ALTER COLUMN model SET STORAGE EXTERNAL;
COMMENT ON TABLE shopper.versions IS 'What trainings of named models made, and how each was judged; shopper.model_versions shows them to readers';
COMMENT ON COLUMN shopper.versions.name IS 'The model';
COMMENT ON COLUMN shopper.versions.version IS 'Number of the version, from 1';
COMMENT ON COLUMN shopper.versions.model IS 'Its bytes';
COMMENT ON COLUMN shopper.versions.id IS 'Their content hash, model_id(model)';
COMMENT ON COLUMN shopper.versions.model_bytes IS 'Their number';
COMMENT ON COLUMN shopper.versions.features IS 'Columns that it was trained on';
COMMENT ON COLUMN shopper.versions.row_count IS 'Rows that it learned from';
COMMENT ON COLUMN shopper.versions.holdout_count IS 'Rows held out';
COMMENT ON COLUMN shopper.versions.label_rate IS 'Share of the positive class in all rows';
COMMENT ON COLUMN shopper.versions.seconds IS 'Time of reading, training and judging';
COMMENT ON COLUMN shopper.versions.metric IS 'What it was judged by';
COMMENT ON COLUMN shopper.versions.metric_value IS 'Its value on the rows held out';
COMMENT ON COLUMN shopper.versions.champion IS 'The version that was live';
COMMENT ON COLUMN shopper.versions.champion_value IS 'The value of that version on the same rows';
COMMENT ON COLUMN shopper.versions.difference IS 'metric_value minus champion_value';
COMMENT ON COLUMN shopper.versions.difference_low IS 'Lower end of its 95 % interval (paired bootstrap)';
COMMENT ON COLUMN shopper.versions.difference_high IS 'Upper end of its 95 % interval';
COMMENT ON COLUMN shopper.versions.verdict IS 'first, better, not worse, trained (promoted); worse, unsure, refused (kept back)';
COMMENT ON COLUMN shopper.versions.reason IS 'The verdict in words';
COMMENT ON COLUMN shopper.versions.trained_by IS 'Who trained it';
COMMENT ON COLUMN shopper.versions.trained_at IS 'When it was trained';

CREATE TABLE shopper.version_metrics (
	name text NOT NULL, version int NOT NULL, dataset text NOT NULL, metric text NOT NULL, value float8,
	PRIMARY KEY (name, version, dataset, metric),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_metrics IS 'What was measured of each version; shopper.model_metrics shows them to readers';
COMMENT ON COLUMN shopper.version_metrics.name IS 'The model';
COMMENT ON COLUMN shopper.version_metrics.version IS 'The version';
COMMENT ON COLUMN shopper.version_metrics.dataset IS 'train, validation (both by the learner), or holdout (by the registry)';
COMMENT ON COLUMN shopper.version_metrics.metric IS 'What was measured';
COMMENT ON COLUMN shopper.version_metrics.value IS 'Its value';

CREATE TABLE shopper.version_importance (
	name text NOT NULL, version int NOT NULL, feature text NOT NULL, method text NOT NULL, importance float8,
	PRIMARY KEY (name, version, feature, method),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_importance IS 'What each version makes of its columns; shopper.feature_importance shows it to readers';
COMMENT ON COLUMN shopper.version_importance.name IS 'The model';
COMMENT ON COLUMN shopper.version_importance.version IS 'The version';
COMMENT ON COLUMN shopper.version_importance.feature IS 'The column';
COMMENT ON COLUMN shopper.version_importance.method IS 'How it was measured';
COMMENT ON COLUMN shopper.version_importance.importance IS 'How much worse the model gets without it';

-- What each version is like, for reports: filled by shopper.train from the rows held out and from the model.

CREATE TABLE shopper.version_curves (
	name text NOT NULL, version int NOT NULL, curve text NOT NULL, point int NOT NULL, row_count bigint, positive_count bigint, x float8, y float8, z float8,
	PRIMARY KEY (name, version, curve, point),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_curves IS 'Points of the curves of each version on its held-out rows; shopper.model_roc, model_lift and model_calibration show them to readers';
COMMENT ON COLUMN shopper.version_curves.name IS 'The model';
COMMENT ON COLUMN shopper.version_curves.version IS 'The version';
COMMENT ON COLUMN shopper.version_curves.curve IS 'roc, lift or calibration';
COMMENT ON COLUMN shopper.version_curves.point IS 'Number of the point or bin';
COMMENT ON COLUMN shopper.version_curves.row_count IS 'Rows of the bin';
COMMENT ON COLUMN shopper.version_curves.positive_count IS 'Positive ones';
COMMENT ON COLUMN shopper.version_curves.x IS 'roc: false positive rate; lift: share of positives in the bin; calibration: mean score';
COMMENT ON COLUMN shopper.version_curves.y IS 'roc: true positive rate; lift: cumulative gain; calibration: share of positives';
COMMENT ON COLUMN shopper.version_curves.z IS 'roc: cut-off; lift: cumulative lift';

CREATE TABLE shopper.version_confusion (
	name text NOT NULL, version int NOT NULL, actual text NOT NULL, predicted text NOT NULL, row_count bigint NOT NULL,
	PRIMARY KEY (name, version, actual, predicted),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_confusion IS 'Held-out rows by true and predicted class; shopper.model_confusion shows them to readers';
COMMENT ON COLUMN shopper.version_confusion.name IS 'The model';
COMMENT ON COLUMN shopper.version_confusion.version IS 'The version';
COMMENT ON COLUMN shopper.version_confusion.actual IS 'The true class';
COMMENT ON COLUMN shopper.version_confusion.predicted IS 'The predicted class';
COMMENT ON COLUMN shopper.version_confusion.row_count IS 'Rows';

CREATE TABLE shopper.version_history (
	name text NOT NULL, version int NOT NULL, step int NOT NULL, metric text NOT NULL, value float8,
	PRIMARY KEY (name, version, metric, step),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_history IS 'How the training of each version went; shopper.model_history shows it to readers';
COMMENT ON COLUMN shopper.version_history.name IS 'The model';
COMMENT ON COLUMN shopper.version_history.version IS 'The version';
COMMENT ON COLUMN shopper.version_history.step IS 'Epoch, iteration or number of trees';
COMMENT ON COLUMN shopper.version_history.metric IS 'What was measured';
COMMENT ON COLUMN shopper.version_history.value IS 'Its value';

CREATE TABLE shopper.version_rules (
	name text NOT NULL, version int NOT NULL, rule_number int NOT NULL, antecedent text NOT NULL, consequent text NOT NULL,
	basket_count bigint NOT NULL, support float8 NOT NULL, confidence float8 NOT NULL, lift float8 NOT NULL,
	PRIMARY KEY (name, version, rule_number),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_rules IS 'The 500 rules of highest lift of each version; shopper.model_rules shows them to readers';
COMMENT ON COLUMN shopper.version_rules.name IS 'The model';
COMMENT ON COLUMN shopper.version_rules.version IS 'The version';
COMMENT ON COLUMN shopper.version_rules.rule_number IS 'Place by lift, from 1';
COMMENT ON COLUMN shopper.version_rules.antecedent IS 'Who buys these items, with " + " between them';
COMMENT ON COLUMN shopper.version_rules.consequent IS 'Also buys these';
COMMENT ON COLUMN shopper.version_rules.basket_count IS 'Baskets (of sequences: customers) with all of them';
COMMENT ON COLUMN shopper.version_rules.support IS 'Their share of all';
COMMENT ON COLUMN shopper.version_rules.confidence IS 'Their share of those with the antecedent';
COMMENT ON COLUMN shopper.version_rules.lift IS 'Confidence over the share of all that have the consequent';

CREATE TABLE shopper.version_segments (
	name text NOT NULL, version int NOT NULL, segment int NOT NULL, segment_name text, row_count float8 NOT NULL, share float8 NOT NULL,
	PRIMARY KEY (name, version, segment),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_segments IS 'Clusters of each version; shopper.model_segments shows them to readers';
COMMENT ON COLUMN shopper.version_segments.name IS 'The model';
COMMENT ON COLUMN shopper.version_segments.version IS 'The version';
COMMENT ON COLUMN shopper.version_segments.segment IS 'Id of the cluster';
COMMENT ON COLUMN shopper.version_segments.segment_name IS 'Its name, given by name_clusters';
COMMENT ON COLUMN shopper.version_segments.row_count IS 'Training rows in it';
COMMENT ON COLUMN shopper.version_segments.share IS 'Their share of all';

CREATE TABLE shopper.version_segment_features (
	name text NOT NULL, version int NOT NULL, segment int NOT NULL, rank int NOT NULL, feature text NOT NULL, level text, description text,
	value float8, average float8, difference float8,
	PRIMARY KEY (name, version, segment, rank),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_segment_features IS 'What is special about each cluster; shopper.segment_features shows it to readers';
COMMENT ON COLUMN shopper.version_segment_features.name IS 'The model';
COMMENT ON COLUMN shopper.version_segment_features.version IS 'The version';
COMMENT ON COLUMN shopper.version_segment_features.segment IS 'Id of the cluster';
COMMENT ON COLUMN shopper.version_segment_features.rank IS '1: the most special column';
COMMENT ON COLUMN shopper.version_segment_features.feature IS 'The column';
COMMENT ON COLUMN shopper.version_segment_features.level IS 'The level of a category';
COMMENT ON COLUMN shopper.version_segment_features.description IS 'In words';
COMMENT ON COLUMN shopper.version_segment_features.value IS 'Mean of the cluster';
COMMENT ON COLUMN shopper.version_segment_features.average IS 'Mean of all rows';
COMMENT ON COLUMN shopper.version_segment_features.difference IS 'Their difference in standard deviations of all rows';

CREATE TABLE shopper.version_distributions (
	name text NOT NULL, version int NOT NULL, feature text NOT NULL, distribution shopper.distribution NOT NULL,
	PRIMARY KEY (name, version, feature),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.version_distributions IS 'How the training rows of each version were distributed: what shopper.monitor compares with';
COMMENT ON COLUMN shopper.version_distributions.name IS 'The model';
COMMENT ON COLUMN shopper.version_distributions.version IS 'The version';
COMMENT ON COLUMN shopper.version_distributions.feature IS 'The column; (score): what the version predicts';
COMMENT ON COLUMN shopper.version_distributions.distribution IS 'Its distribution';

CREATE TABLE shopper.sources (
	name text NOT NULL, version int NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, inserted bigint NOT NULL, row_security boolean NOT NULL DEFAULT false,
	PRIMARY KEY (name, version, schema_name, table_name),
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.sources IS 'Tables that the query of a version read, and how many rows the statistics had counted as inserted';
COMMENT ON COLUMN shopper.sources.name IS 'The model';
COMMENT ON COLUMN shopper.sources.version IS 'The version';
COMMENT ON COLUMN shopper.sources.schema_name IS 'Schema of the table';
COMMENT ON COLUMN shopper.sources.table_name IS 'The table';
COMMENT ON COLUMN shopper.sources.inserted IS 'Rows inserted so far, by the cumulative statistics';
COMMENT ON COLUMN shopper.sources.row_security IS 'Whether policies of row-level security chose which of its rows were read';

CREATE TABLE shopper.live (
	name text PRIMARY KEY REFERENCES shopper.models ON DELETE CASCADE,
	version int NOT NULL,
	FOREIGN KEY (name, version) REFERENCES shopper.versions ON DELETE CASCADE);
COMMENT ON TABLE shopper.live IS 'Which version of a model is live: the one that its name stands for';
COMMENT ON COLUMN shopper.live.name IS 'The model';
COMMENT ON COLUMN shopper.live.version IS 'The version';

CREATE TABLE shopper.deployments (
	deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	action text NOT NULL CHECK (action IN ('promote', 'rollback', 'retire')),
	version int,
	previous int,
	reason text,
	deployed_by name NOT NULL DEFAULT CURRENT_USER,
	deployed_at timestamptz NOT NULL DEFAULT shopper.clock());
CREATE INDEX deployments_by_version ON shopper.deployments (name, version, deployment_id);
COMMENT ON TABLE shopper.deployments IS 'Every change of the live version of a model';
COMMENT ON COLUMN shopper.deployments.deployment_id IS 'Number of the change';
COMMENT ON COLUMN shopper.deployments.name IS 'The model';
COMMENT ON COLUMN shopper.deployments.action IS 'promote, rollback or retire';
COMMENT ON COLUMN shopper.deployments.version IS 'The version that went live; NULL: none';
COMMENT ON COLUMN shopper.deployments.previous IS 'The version that was live before; NULL: none';
COMMENT ON COLUMN shopper.deployments.reason IS 'Why';
COMMENT ON COLUMN shopper.deployments.deployed_by IS 'Who';
COMMENT ON COLUMN shopper.deployments.deployed_at IS 'When';

CREATE TABLE shopper.runs (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	state text NOT NULL CHECK (state IN ('running', 'promoted', 'kept back', 'failed', 'cancelled', 'interrupted')),
	version int,
	message text,
	run_by name NOT NULL DEFAULT CURRENT_USER,
	started_at timestamptz NOT NULL DEFAULT shopper.clock(),
	finished_at timestamptz);
CREATE INDEX runs_by_name ON shopper.runs (name, run_id);
COMMENT ON TABLE shopper.runs IS 'Log of trainings; shopper.model_runs shows it to readers';
COMMENT ON COLUMN shopper.runs.run_id IS 'Number of the run';
COMMENT ON COLUMN shopper.runs.name IS 'The model';
COMMENT ON COLUMN shopper.runs.state IS 'running, promoted, kept back (a version was made, but is not live), failed, cancelled, interrupted (its session ended)';
COMMENT ON COLUMN shopper.runs.version IS 'The version that it made';
COMMENT ON COLUMN shopper.runs.message IS 'The verdict or the error';
COMMENT ON COLUMN shopper.runs.run_by IS 'Who';
COMMENT ON COLUMN shopper.runs.started_at IS 'When it began';
COMMENT ON COLUMN shopper.runs.finished_at IS 'When it ended';

CREATE TABLE shopper.gates (
	name text PRIMARY KEY REFERENCES shopper.models ON DELETE CASCADE,
	metric text,
	worst_metric float8,
	maximum_drop float8 NOT NULL DEFAULT 0.01 CHECK (maximum_drop >= 0::float8),
	minimum_rows bigint NOT NULL DEFAULT 1,
	maximum_row_loss float8 DEFAULT 0.5 CHECK (maximum_row_loss BETWEEN 0::float8 AND 1::float8),
	maximum_label_shift float8 DEFAULT 0.2 CHECK (maximum_label_shift >= 0::float8));
COMMENT ON TABLE shopper.gates IS 'What a new version of a model must pass before it goes live; edit the rows of your models';
COMMENT ON COLUMN shopper.gates.name IS 'The model';
COMMENT ON COLUMN shopper.gates.metric IS 'What versions are judged by; NULL: the first metric of the job in shopper.jobs';
COMMENT ON COLUMN shopper.gates.worst_metric IS 'The worst value that may go live; NULL: any';
COMMENT ON COLUMN shopper.gates.maximum_drop IS 'How much worse the live version''s metric may get, at the bad end of the interval, as a share of it, when the new version is not surely better';
COMMENT ON COLUMN shopper.gates.minimum_rows IS 'Fewest rows to learn from';
COMMENT ON COLUMN shopper.gates.maximum_row_loss IS 'Share of rows that may be missing against the live version; NULL: any';
COMMENT ON COLUMN shopper.gates.maximum_label_shift IS 'Greatest change of the share of positives against the live version; NULL: any';

COMMENT ON SEQUENCE shopper.models_lock_number_seq IS 'Numbers of shopper.models';
COMMENT ON SEQUENCE shopper.deployments_deployment_id_seq IS 'Numbers of shopper.deployments';
COMMENT ON SEQUENCE shopper.runs_run_id_seq IS 'Numbers of shopper.runs';

-- ---- rights ----

CREATE FUNCTION shopper.is_owner(owner name) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE COST 10
AS $$ SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = $1 AND pg_catalog.pg_has_role(r.oid, 'USAGE')) $$;
COMMENT ON FUNCTION shopper.is_owner(name) IS 'Step of the registry: whether the caller is this role or a member of it; false when there is no such role';
CREATE FUNCTION shopper.is_model_owner(model text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE COST 20
AS $$ SELECT EXISTS (SELECT FROM shopper.models m WHERE m.name = $1 AND shopper.is_owner(m.owner)) $$;
COMMENT ON FUNCTION shopper.is_model_owner(text) IS 'Step of the registry: whether the caller owns the named model';

ALTER TABLE shopper.models ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON shopper.models FOR SELECT USING (true);
CREATE POLICY make ON shopper.models FOR INSERT WITH CHECK (owner = CURRENT_USER);
CREATE POLICY change ON shopper.models FOR UPDATE USING (shopper.is_owner(owner)) WITH CHECK (shopper.is_owner(owner));
CREATE POLICY remove ON shopper.models FOR DELETE USING (shopper.is_owner(owner));

-- Tables of the registry: all who have them read, only those write whom a condition on the row lets, by default owners of the model in column name; all are dumped.
CREATE FUNCTION shopper.protect_tables(tables text[], sequences text[], writer text DEFAULT 'shopper.is_model_owner(name)') RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY tables LOOP
		EXECUTE pg_catalog.format('ALTER TABLE shopper.%I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE pg_catalog.format('CREATE POLICY see ON shopper.%I FOR SELECT USING (true)', t);
		EXECUTE pg_catalog.format('CREATE POLICY make ON shopper.%I FOR INSERT WITH CHECK (%s)', t, writer);
		EXECUTE pg_catalog.format('CREATE POLICY change ON shopper.%I FOR UPDATE USING (%s)', t, writer);
		EXECUTE pg_catalog.format('CREATE POLICY remove ON shopper.%I FOR DELETE USING (%s)', t, writer);
	END LOOP;
	FOREACH t IN ARRAY pg_catalog.array_cat(tables, sequences) LOOP
		PERFORM pg_catalog.pg_extension_config_dump(('shopper.' || t)::regclass, '');
	END LOOP;
END $$;
COMMENT ON FUNCTION shopper.protect_tables(text[], text[], text) IS 'Step of the installation: who may read and write the tables of the registry';
SELECT shopper.protect_tables('{versions,version_metrics,version_importance,version_curves,version_confusion,version_history,version_rules,version_segments,version_segment_features,version_distributions,sources,live,deployments,runs,gates}', '{models_lock_number_seq,deployments_deployment_id_seq,runs_run_id_seq}');
SELECT pg_catalog.pg_extension_config_dump('shopper.models', '');

-- What a name stands for. Functions that take a name read this view with the rights of the caller.
CREATE VIEW shopper.live_models AS
SELECT v.name, v.version, v.id, v.model_bytes, v.model FROM shopper.live l JOIN shopper.versions v USING (name, version);
COMMENT ON VIEW shopper.live_models IS 'The live version of each model with its bytes; whoever may read it may predict by name';
COMMENT ON COLUMN shopper.live_models.name IS 'The model';
COMMENT ON COLUMN shopper.live_models.version IS 'Its live version';
COMMENT ON COLUMN shopper.live_models.id IS 'Content hash of the bytes';
COMMENT ON COLUMN shopper.live_models.model_bytes IS 'Number of bytes';
COMMENT ON COLUMN shopper.live_models.model IS 'The bytes';

-- What there is to learn: jobs, their trainers and metrics.
CREATE VIEW shopper.jobs AS
SELECT j.job, j.trainer, j.needs_target, j.pairs, j.metrics, j.description FROM (VALUES
	('classifier', 'train_classifier_from', true, false, 'log_loss,auc,accuracy,brier_score', 'a class, such as whether a customer buys'),
	('regressor', 'train_regressor_from', true, false, 'rmse,mae', 'an amount'),
	('recommender', 'train_recommender_from', false, true, 'hit_rate,rmse', 'items for users: the query returns user, item[, rating][, time]'),
	('rules', 'train_rules_from', false, true, NULL, 'what is bought together: the query returns basket, item'),
	('sequence_rules', 'train_sequence_rules_from', false, true, NULL, 'what is bought next: the query returns customer, item, time'),
	('content', 'train_content_from', true, true, NULL, 'similar items by their attributes; the target is the column of the item'),
	('clusters', 'train_clusters_from', false, false, NULL, 'groups of rows'),
	('projection', 'train_projection_from', false, false, NULL, 'axes of rows'),
	('anomaly', 'train_anomaly_from', false, false, NULL, 'strange rows'),
	('scaler', 'train_scaler_from', false, false, NULL, 'one scale for columns, numbers for categories')
) AS j(job, trainer, needs_target, pairs, metrics, description);
COMMENT ON VIEW shopper.jobs IS 'Jobs of named models: one row for each';
COMMENT ON COLUMN shopper.jobs.job IS 'Its name, the argument of shopper.create_model';
COMMENT ON COLUMN shopper.jobs.trainer IS 'The function that trains';
COMMENT ON COLUMN shopper.jobs.needs_target IS 'Whether a target must be given';
COMMENT ON COLUMN shopper.jobs.pairs IS 'Whether all columns of the query have a meaning by position; the key column is kept then';
COMMENT ON COLUMN shopper.jobs.metrics IS 'Metrics that versions can be judged by, the default first; NULL: none';
COMMENT ON COLUMN shopper.jobs.description IS 'What it learns';
GRANT SELECT ON shopper.jobs TO PUBLIC;
