-- pg_shopper 0.1.0 to 0.2.0: written by src/tools/upgrade.pl (make upgrade) from both install scripts; do not edit.
\echo Use "ALTER EXTENSION pg_shopper UPDATE" to load this file. \quit

-- ---- by hand ----

-- From 0.1.0 to 0.2.0: what `make upgrade` cannot know: tables that hold rows, and what happens to the rows.
-- A statement here stands for the one in the install script whose text is named above it:
--     "-- instead of: CREATE TABLE shopper.models"
-- Statements below a line "-- afterwards" run when functions and views are new.

-- Numbers of CHECK have the type of their column now: the stored constraint is the same.
-- instead of: CREATE TABLE shopper.models
-- instead of: CREATE TABLE shopper.gates
-- Times come from shopper.clock(), below.
-- instead of: CREATE TABLE shopper.versions
-- instead of: CREATE TABLE shopper.deployments
-- instead of: CREATE TABLE shopper.runs
-- instead of: CREATE TABLE shopper.sources
ALTER TABLE shopper.sources ADD COLUMN row_security boolean NOT NULL DEFAULT false;
-- The old tables are protected already.
-- instead of: SELECT shopper.protect_tables('{versions,

-- ---- new and changed ----

CREATE OR REPLACE FUNCTION @extschema@.boosting(
	trees bigint DEFAULT 100,
	learning_rate float8 DEFAULT 0.1,
	max_leaves bigint DEFAULT 31,
	max_depth bigint DEFAULT 0,
	growth text DEFAULT 'leaf',
	min_rows bigint DEFAULT 20,
	min_hessian float8 DEFAULT 0.001,
	l1 float8 DEFAULT 0,
	l2 float8 DEFAULT 1,
	min_gain float8 DEFAULT 0,
	rows float8 DEFAULT 1,
	columns float8 DEFAULT 1,
	max_bins bigint DEFAULT 256,
	loss text DEFAULT 'auto',
	quantile float8 DEFAULT 0.5,
	tweedie_power float8 DEFAULT 1.5,
	increasing text[] DEFAULT NULL,
	decreasing text[] DEFAULT NULL,
	category_smoothing float8 DEFAULT 10,
	category_l2 float8 DEFAULT 10,
	max_category_levels bigint DEFAULT 16,
	early_stopping bigint DEFAULT 0,
	tolerance float8 DEFAULT 0,
	validation float8 DEFAULT 0,
	validation_column text DEFAULT NULL,
	validation_time text DEFAULT NULL,
	weight text DEFAULT NULL,
	class_weight text DEFAULT NULL,
	positive text DEFAULT NULL,
	cutoff float8 DEFAULT NULL,
	calibration text DEFAULT 'none',
	features text[] DEFAULT NULL,
	exclude text[] DEFAULT NULL,
	categorical text[] DEFAULT NULL,
	max_levels bigint DEFAULT 1000,
	on_unseen text DEFAULT 'other',
	impute text DEFAULT 'median',
	missing_flags boolean DEFAULT true,
	standardize boolean DEFAULT true,
	levels text DEFAULT 'auto',
	date_parts text DEFAULT 'auto',
	timezone text DEFAULT NULL,
	importance boolean DEFAULT true,
	on_failure text DEFAULT 'error',
	seed bigint DEFAULT 1,
	extra jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'shopper_build_options';
COMMENT ON FUNCTION @extschema@.boosting IS 'Options of gradient boosted trees; trees: rounds; each adds one tree, or one a class with more than two classes; learning_rate: share of each tree''s step that is taken; max_leaves: leaves of a tree, with growth leaf; max_depth: edges from root to leaf; 0: 64, or 6 with growth depth; growth: split the best leaf next, or all leaves of a level; min_rows: rows that a leaf needs, and a level that is told apart from the others; min_hessian: sum of second derivatives that a leaf needs; l1: penalty on the size of leaf values; l2: penalty on the squares of leaf values; min_gain: a split must lower the loss, summed over rows, by more; rows: share of the rows that each round draws; columns: share of the columns that each tree draws; max_bins: ranges of a number column, the one of missing values included; loss: for number targets; auto: squared. Classes have log loss; quantile: loss quantile: which one; tweedie_power: loss tweedie: variance grows as this power of the mean; increasing: number columns that may only raise the prediction; decreasing: number columns that may only lower the prediction; category_smoothing: categories: pulls the order of small levels to the middle; category_l2: categories: added to l2 while splits of more than four levels are compared; max_category_levels: categories: levels on the smaller side of a split; early_stopping: rounds without a better validation loss before stopping; 0: never; tolerance: early stopping: least improvement that counts; validation: fraction of rows held out to measure (and to stop early); validation_column: boolean column: true rows are held out; validation_time: time column: the latest rows are held out, as many as validation says (0.2 when it is 0); weight: column with the weight of each row; class_weight: ''balanced'', or json text such as {"true": 3}; positive: the class whose probability predict_purchase gives; cutoff: predict_class says the positive class from this probability on; 0.5 when not set; calibration: correct probabilities, learned from out-of-fold predictions of 5 folds; features: columns to use; all others are ignored; exclude: columns to leave out; categorical: number columns to treat as categories; max_levels: levels kept of a category; the rarer ones share one; on_unseen: what a level unseen in training counts as; impute: what a missing number becomes; missing_flags: add a 0/1 column for each number that is sometimes missing; standardize: scale numbers to mean 0 and deviation 1; levels: one column for each level, or none for the most frequent; auto: all when penalized; date_parts: dates become days and cycles, days alone, or are left out; timezone: zone in which timestamptz columns are split; UTC when not set; importance: measure permutation importance at the end of training; on_failure: what happens when the rows cannot be learned from; seed: seed of everything random';
CREATE FUNCTION @extschema@.top_reasons(model bytea, features record, n int DEFAULT 3) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME', 'shopper_top_reasons';
COMMENT ON FUNCTION @extschema@.top_reasons(bytea, record, int) IS 'The n largest contributions of explain_prediction or explain_anomaly as a text, such as "cart_adds = 3 (+0.84); channel = email (+0.41)"';
CREATE FUNCTION @extschema@.sparkline(numbers float8[]) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_sparkline_sql';
COMMENT ON FUNCTION @extschema@.sparkline(float8[]) IS 'A series as one line of text, a block of one of eight heights for each number from the least to the greatest; a blank for NULL and NaN';
CREATE FUNCTION @extschema@.bar(value float8, min float8, max float8, width int DEFAULT 20) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'shopper_bar_sql';
COMMENT ON FUNCTION @extschema@.bar(float8, float8, float8, int) IS 'A bar of text: empty at min, of width characters at max, to the eighth of a character';
CREATE FUNCTION @extschema@.plot_svg_lines(query text, title text DEFAULT NULL, width int DEFAULT 640, height int DEFAULT 360) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_lines';
COMMENT ON FUNCTION @extschema@.plot_svg_lines(text, text, int, int) IS 'Lines as SVG: the query returns x (number, date or timestamp), y [, low, high of a confidence band] [, series]; at most 8 series, those with the most rows';
CREATE FUNCTION @extschema@.plot_svg_bars(query text, title text DEFAULT NULL, width int DEFAULT 640, height int DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_bars';
COMMENT ON FUNCTION @extschema@.plot_svg_bars(text, text, int, int) IS 'Horizontal bars as SVG, in the order of the query: label, value [, series]; values of the same label and series are added; at most 60 labels and 8 series';
CREATE FUNCTION @extschema@.plot_svg_scatter(query text, title text DEFAULT NULL, width int DEFAULT 640, height int DEFAULT 480) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_scatter';
COMMENT ON FUNCTION @extschema@.plot_svg_scatter(text, text, int, int) IS 'Points as SVG: x, y [, cluster]; of more than 2000 a sample by the hash of their values, the same for the same rows';
CREATE FUNCTION @extschema@.plot_svg_tree(model bytea, tree int DEFAULT 1, title text DEFAULT NULL, max_depth int DEFAULT 4) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_plot_tree';
COMMENT ON FUNCTION @extschema@.plot_svg_tree(bytea, int, text, int) IS 'One tree of a model of tree(), forest() or boosting() as SVG, from left to right: conditions, predictions, training rows; deeper levels are left out';
CREATE FUNCTION shopper.plot_curve(kind text, query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT 420) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_curve';
COMMENT ON FUNCTION shopper.plot_curve(text, text, text, int, int) IS 'Step of plot_svg_roc, plot_svg_lift and plot_svg_calibration: points of such a curve (kind: roc, lift, calibration) as SVG; shares from 0 to 1 [, series]';
CREATE FUNCTION shopper.plot_matrix(query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_matrix';
COMMENT ON FUNCTION shopper.plot_matrix(text, text, int, int) IS 'Step of plot_svg_confusion: cells of a confusion matrix as SVG: actual, predicted, row_count; of more than 12 classes the rare ones are taken together';
CREATE FUNCTION shopper.query_columns(query text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_query_columns';
COMMENT ON FUNCTION shopper.query_columns(text) IS 'Step of the figures: names of the columns of a query; it is parsed, not run. An error when it is not one plain SELECT';
CREATE FUNCTION shopper.scored_rows(query text) RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
	columns constant text[] := shopper.query_columns(query);
BEGIN
	IF pg_catalog.cardinality(columns) NOT IN (2, 3) THEN
		RAISE datatype_mismatch USING MESSAGE = 'the query must return the columns label, score [, series]',
			DETAIL = pg_catalog.format('It returns: %s', pg_catalog.array_to_string(columns, ', '));
	END IF;
	RETURN pg_catalog.format('(SELECT q.label, q.score::float8 AS score, %s::text AS series FROM (%s) q(label, score%s) WHERE q.score::float8 <> ''NaN'')',
		CASE WHEN pg_catalog.cardinality(columns) = 3 THEN 'q.series' ELSE 'NULL' END, pg_catalog.rtrim(query, E'; \n\r\t') || E'\n',
		CASE WHEN pg_catalog.cardinality(columns) = 3 THEN ', series' ELSE '' END);
END $$;
COMMENT ON FUNCTION shopper.scored_rows(text) IS 'Step of the figures of classifiers: a query of labels and scores as a sub-select with three columns';
CREATE FUNCTION @extschema@.plot_svg_roc(query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT 420) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN shopper.plot_curve('roc', pg_catalog.replace(
		'SELECT p.false_positive_rate AS "false positive rate", p.true_positive_rate AS "true positive rate",
			pg_catalog.concat_ws('', '', g.series, ''area '' || pg_catalog.round(g.area::numeric, 3))
		FROM (SELECT series, @extschema@.roc_curve(label, score) AS points, @extschema@.auc(label, score) AS area FROM %s s GROUP BY series) g, pg_catalog.unnest(g.points) p',
		'%s', shopper.scored_rows(query)), title, width, height);
END $$;
COMMENT ON FUNCTION @extschema@.plot_svg_roc(text, text, int, int) IS 'ROC curves as SVG, with their areas: the query returns label, score [, series]';
CREATE FUNCTION @extschema@.plot_svg_lift(query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT 420) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN shopper.plot_curve('lift', pg_catalog.replace(
		'SELECT (pg_catalog.sum(p.row_count) OVER w / pg_catalog.sum(p.row_count) OVER (PARTITION BY g.series))::float8 AS "share of rows, highest scores first",
			p.cumulative_lift AS "times as many hits as by chance", g.series
		FROM (SELECT series, @extschema@.lift_curve(label, score, 20) AS points FROM %s s GROUP BY series) g, pg_catalog.unnest(g.points) p
		WINDOW w AS (PARTITION BY g.series ORDER BY p.bin)', '%s', shopper.scored_rows(query)), title, width, height);
END $$;
COMMENT ON FUNCTION @extschema@.plot_svg_lift(text, text, int, int) IS 'Cumulative lift as SVG: how many times as many hits as by chance, when the rows of the highest scores are taken; the query returns label, score [, series]';
CREATE FUNCTION @extschema@.plot_svg_calibration(query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT 420) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN shopper.plot_curve('calibration', pg_catalog.replace(
		'SELECT p.mean_score AS "predicted share", p.positive_rate AS "true share", g.series
		FROM (SELECT series, @extschema@.calibration_curve(label, score) AS points FROM %s s GROUP BY series) g, pg_catalog.unnest(g.points) p',
		'%s', shopper.scored_rows(query)), title, width, height);
END $$;
COMMENT ON FUNCTION @extschema@.plot_svg_calibration(text, text, int, int) IS 'Predicted against true share of positives in ten bins as SVG: the query returns label, score [, series]';
CREATE FUNCTION @extschema@.plot_svg_confusion(query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT NULL) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	columns constant text[] := shopper.query_columns(query);
BEGIN
	IF pg_catalog.cardinality(columns) <> 2 THEN
		RAISE datatype_mismatch USING MESSAGE = 'the query must return the columns actual, predicted',
			DETAIL = pg_catalog.format('It returns: %s', pg_catalog.array_to_string(columns, ', '));
	END IF;
	RETURN shopper.plot_matrix(pg_catalog.replace('SELECT c.actual, c.predicted, c.row_count FROM pg_catalog.unnest((SELECT @extschema@.confusion(q.actual, q.predicted) FROM (%s) q(actual, predicted))) c',
		'%s', pg_catalog.rtrim(query, E'; \n\r\t') || E'\n'), title, width, height);
END $$;
COMMENT ON FUNCTION @extschema@.plot_svg_confusion(text, text, int, int) IS 'Confusion matrix as SVG: the query returns actual, predicted; rows with NULL are left out';
CREATE TYPE shopper.distribution AS (feature text, kind text, edges float8[], levels text[], counts float8[]);
COMMENT ON TYPE shopper.distribution IS 'How rows are distributed over a column: counts of ranges between edges (numbers) or of levels (categories), then of missing values and of levels that training did not keep';
CREATE FUNCTION shopper.distributions(model bytea, query text, reference shopper.distribution[] DEFAULT NULL) RETURNS SETOF shopper.distribution
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_distributions';
COMMENT ON FUNCTION shopper.distributions(bytea, text, shopper.distribution[]) IS 'How the rows of a query are distributed over the columns of a model, and over what it predicts ((score)); without those of dates, which always move on, and of arrays. Ranges of numbers are those of the reference, else about a hundred of equally many rows';
CREATE FUNCTION shopper.distributions(model text, query text, reference shopper.distribution[] DEFAULT NULL) RETURNS SETOF shopper.distribution
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS 'MODULE_PATHNAME', 'shopper_distributions';
COMMENT ON FUNCTION shopper.distributions(text, text, shopper.distribution[]) IS 'How the rows of a query are distributed over the columns of a model, and over what it predicts ((score)); without those of dates, which always move on, and of arrays. Ranges of numbers are those of the reference, else about a hundred of equally many rows; of the live version of that name';
CREATE FUNCTION shopper.drift(expected float8[], actual float8[], ordered boolean, OUT psi float8, OUT chance float8, OUT ks float8, OUT js float8, OUT missing float8, OUT unseen float8)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'shopper_drift_of_counts';
COMMENT ON FUNCTION shopper.drift(float8[], float8[], boolean) IS 'How far two distributions are from each other, given as counts of the same cells: ranges (ordered) or levels, then missing values and levels that training did not keep. Population stability index over ranges of a tenth of the expected rows, and the probability of one as large without drift; Kolmogorov-Smirnov distance (of ranges); Jensen-Shannon divergence in bits; the shares of the last two cells in actual';
CREATE FUNCTION @extschema@.feature_drift(model bytea, training_query text, recent_query text)
RETURNS TABLE(feature text, kind text, psi float8, chance float8, ks float8, js float8, missing float8, training_missing float8, unseen float8, training_unseen float8)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS $$
	WITH training AS MATERIALIZED (SELECT pg_catalog.array_agg(d) AS reference FROM shopper.distributions($1, $2) d)
	SELECT r.feature, r.kind, s.psi, s.chance, s.ks, s.js, s.missing, t.missing, s.unseen, t.unseen
	FROM training, LATERAL pg_catalog.unnest(training.reference) o JOIN LATERAL shopper.distributions($1, $3, training.reference) r ON r.feature OPERATOR(pg_catalog.=) o.feature,
		LATERAL shopper.drift(o.counts, r.counts, o.edges IS NOT NULL) s, LATERAL shopper.drift(o.counts, o.counts, o.edges IS NOT NULL) t $$;
COMMENT ON FUNCTION @extschema@.feature_drift(bytea, text, text) IS 'How far the rows of a recent query are from those of a training query: one row per column of the model, and one for what it predicts ((score)). Population stability index (psi: below 0.1 nothing, from 0.2 on much has changed) and how probable one as large is by chance, Kolmogorov-Smirnov distance (ks) of numbers, Jensen-Shannon divergence in bits (js), shares of missing values and of levels that training did not keep. Dates, which always move on, and arrays are left out';
CREATE OR REPLACE FUNCTION @extschema@.target_encode_from(query text, columns text[], target text, folds int DEFAULT 5, smoothing float8 DEFAULT 10, seed bigint DEFAULT 1,
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
CREATE OR REPLACE FUNCTION @extschema@.target_encoding_from(query text, columns text[], target text, smoothing float8 DEFAULT 10) RETURNS jsonb
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
CREATE OR REPLACE FUNCTION @extschema@.shopper_check_encoding(query text, columns text[], target text, smoothing float8) RETURNS void
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
CREATE OR REPLACE FUNCTION @extschema@.impute_nearest(query text, k int DEFAULT 5, exclude text[] DEFAULT NULL, method text DEFAULT 'standard') RETURNS SETOF jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS $$
BEGIN
	RETURN QUERY EXECUTE pg_catalog.format('WITH m AS MATERIALIZED (SELECT @extschema@.train_scaler_from($1, @extschema@.scaler(impute => ''nearest'', neighbours => $2, exclude => $3, method => $4, date_parts => ''none'')) AS model)
		SELECT pg_catalog.to_jsonb(q.*) || @extschema@.unscale(m.model, @extschema@.scale(m.model, q.*)) FROM m, (%s) q', query) USING query, k, exclude, method;
END $$;
COMMENT ON FUNCTION @extschema@.impute_nearest(text, int, text[], text) IS 'The rows of a query with missing numbers filled by the mean of the k nearest rows that have them, in the scale of method (that of scaler()); exclude names columns that say nothing of likeness, such as ids. To fill new rows train scaler(impute => ''nearest'')';
CREATE FUNCTION shopper.clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(pg_catalog.current_setting('pg_shopper.clock', true), '')::timestamptz, pg_catalog.clock_timestamp()) $$;
COMMENT ON FUNCTION shopper.clock() IS 'The time that the registry goes by: the present, or that of the setting pg_shopper.clock, to try out what will be due when';
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
COMMENT ON COLUMN shopper.sources.row_security IS 'Whether policies of row-level security chose which of its rows were read';
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
SELECT pg_catalog.pg_extension_config_dump('shopper.models', '');
CREATE OR REPLACE VIEW shopper.jobs AS
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
CREATE FUNCTION shopper.query_filtered(query text) RETURNS oid[]
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_query_filtered';
COMMENT ON FUNCTION shopper.query_filtered(text) IS 'Step of the registry: those tables of a query whose rows are chosen by row-level security when the caller runs it';
CREATE FUNCTION shopper.class_label(target "any") RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'shopper_class_label';
COMMENT ON FUNCTION shopper.class_label("any") IS 'Step of the registry: a value as the name of a class';
CREATE FUNCTION shopper.amount(target "any") RETURNS float8
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'shopper_amount';
COMMENT ON FUNCTION shopper.amount("any") IS 'Step of the registry: a value as an amount; NaN when its type has none';
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
CREATE OR REPLACE FUNCTION shopper.create_model(name text, job text, query text, target text DEFAULT NULL, options jsonb DEFAULT NULL, key_column text DEFAULT NULL,
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
CREATE FUNCTION shopper.target_known(m shopper.models) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE m.job WHEN 'regressor' THEN pg_catalog.format('pg_catalog.abs(shopper.amount(h.%I)) < ''Infinity''', m.target)
		WHEN 'classifier' THEN pg_catalog.format('h.%I IS NOT NULL', m.target) ELSE 'true' END $$;
COMMENT ON FUNCTION shopper.target_known(shopper.models) IS 'Step of the registry: the condition for rows h whose target is known';
CREATE OR REPLACE FUNCTION shopper.compare_on_holdout(m shopper.models, metric text, challenger bytea, champion bytea) RETURNS shopper.paired_comparison
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
CREATE OR REPLACE FUNCTION shopper.short(x float8) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN x = 0 THEN '0' WHEN pg_catalog.abs(x) = 'Infinity' OR x = 'NaN' THEN x::text
	WHEN pg_catalog.abs(x) >= 1e-6 AND pg_catalog.abs(x) < 1e15
		THEN pg_catalog.trim_scale(pg_catalog.round(x::numeric, greatest(0, 3 - pg_catalog.floor(pg_catalog.log(pg_catalog.abs(x)::numeric))::int)))::text
	ELSE pg_catalog.round(x::numeric, 3 - pg_catalog.floor(pg_catalog.log(pg_catalog.abs(x)::numeric))::int)::float8::text END $$;
COMMENT ON FUNCTION shopper.short(float8) IS 'Step of the registry: a number for people: four digits that count, very small and very large ones as 1.2e-16';
CREATE FUNCTION shopper.goes_live(verdict text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT $1 = ANY ('{first,better,not worse,trained}'::text[]) $$;
COMMENT ON FUNCTION shopper.goes_live(text) IS 'Step of shopper.train: whether a version with this verdict of shopper.judge is put live';
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
CREATE OR REPLACE FUNCTION shopper.read_rows(m shopper.models, pairs boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
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
CREATE OR REPLACE FUNCTION shopper.train_version(model text) RETURNS shopper.versions LANGUAGE plpgsql VOLATILE AS $$
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
CREATE OR REPLACE PROCEDURE shopper.train(model text) LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION shopper.set_live(m shopper.models, version bigint, action text, reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
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
CREATE OR REPLACE FUNCTION shopper.drop_model(model text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.drop_jobs(shopper.owned_model(model));
	DELETE FROM shopper.models m WHERE m.name = model;
END $$;
COMMENT ON FUNCTION shopper.drop_model(text) IS 'Remove a model with all its versions, its history and its job in pg_cron';
CREATE OR REPLACE FUNCTION shopper.swap_set(model text, old_version bigint, new_version bigint, query text DEFAULT NULL, cutoff float8 DEFAULT 0.5, key_column text DEFAULT NULL)
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
CREATE OR REPLACE FUNCTION shopper.model_diff(model text, old_version bigint, new_version bigint, query text DEFAULT NULL, cutoff float8 DEFAULT 0.5)
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
CREATE TYPE shopper.problem AS (kind text, feature text, value float8, threshold float8, message text);
COMMENT ON TYPE shopper.problem IS 'Something that an alert is about';
CREATE FUNCTION shopper.measured_alerts() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT '{feature drift,missing values,unseen values,score drift,metric decay,calibration}'::text[] $$;
COMMENT ON FUNCTION shopper.measured_alerts() IS 'Step of the registry: kinds of alerts that measurements of the live version raise';
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
CREATE FUNCTION shopper.days(seconds float8) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN seconds >= 86400 THEN pg_catalog.round((seconds / 86400)::numeric, 1)::text ELSE shopper.short(seconds / 86400) END $$;
COMMENT ON FUNCTION shopper.days(float8) IS 'Step of the registry: seconds as days for people, parts of a day with four digits that count';
CREATE OR REPLACE VIEW shopper.models_due AS
SELECT s.name, CASE WHEN s.trained_at IS NULL THEN 'never trained'
		WHEN s.trained_at + s.max_age <= shopper.clock() THEN pg_catalog.format('the newest version is %s days old, %s are allowed', shopper.days(s.age_seconds), shopper.days(extract(epoch FROM s.max_age)::float8))
		WHEN s.verdict = 'refused' AND s.age_seconds >= 72000::float8 THEN pg_catalog.format('version %s was refused: %s', s.version, s.reason)
		WHEN s.new_row_count >= s.min_new_rows THEN pg_catalog.format('%s new rows, due from %s on', s.new_row_count, s.min_new_rows)
		ELSE s.alert END AS reason,
	s.age_seconds, s.new_row_count, s.owner::text AS owner
FROM (
	SELECT m.name, m.owner, m.max_age, m.min_new_rows, v.version, v.verdict, v.reason, v.trained_at, extract(epoch FROM shopper.clock() - v.trained_at)::float8 AS age_seconds,
		(SELECT pg_catalog.sum(greatest(shopper.inserted_rows(c.oid) - o.inserted, 0))
		 FROM shopper.sources o JOIN pg_catalog.pg_namespace n ON n.nspname = o.schema_name JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = o.table_name
		 WHERE o.name = m.name AND o.version = v.version)::bigint AS new_row_count,
		-- what shopper.monitor has found since the newest version was trained
		(SELECT pg_catalog.string_agg(a.message, '; ' ORDER BY a.alert_id) FROM shopper.alert_log a
		 WHERE a.name = m.name AND a.resolved_at IS NULL AND a.kind IN ('score drift', 'metric decay', 'calibration') AND a.seen_at > v.trained_at) AS alert
	FROM shopper.models m
	LEFT JOIN LATERAL (SELECT w.version, w.verdict, w.reason, w.trained_at FROM shopper.versions w WHERE w.name = m.name ORDER BY w.version DESC LIMIT 1) v ON true
	WHERE NOT m.retired) s
WHERE s.trained_at IS NULL OR s.trained_at + s.max_age <= shopper.clock() OR s.new_row_count >= s.min_new_rows OR s.alert IS NOT NULL
	OR s.verdict = 'refused' AND s.age_seconds >= 72000::float8;
CREATE OR REPLACE PROCEDURE shopper.retrain_due(model text) LANGUAGE plpgsql AS $$
DECLARE
	due text[];
	model text;
	number int;
	run bigint;
	outcome text;
	words text;
	v shopper.versions;
BEGIN
	COMMIT;	-- what cannot commit fails here, before locks that an error would leave behind
	IF pg_catalog.current_setting('transaction_read_only')::boolean THEN
		RAISE read_only_sql_transaction USING MESSAGE = 'cannot train models in a read-only transaction', HINT = 'SET default_transaction_read_only = off; a standby does not train.';
	ELSIF retrain_due.model IS NOT NULL THEN
		PERFORM shopper.own_model(retrain_due.model);
	END IF;
	-- those that waited longest come first, so that one that runs into a time limit each night does not keep the others out
	SELECT pg_catalog.array_agg(d.name ORDER BY (SELECT pg_catalog.max(r.run_id) FROM shopper.runs r WHERE r.name = d.name) NULLS FIRST, d.name) INTO due FROM shopper.models_due d WHERE d.owner = CURRENT_USER AND d.name = coalesce(retrain_due.model, d.name);
	FOREACH model IN ARRAY coalesce(due, '{}') LOOP
		SELECT m.lock_number INTO number FROM shopper.models m WHERE m.name = model;
		CONTINUE WHEN number IS NULL OR NOT pg_catalog.pg_try_advisory_lock(shopper.lock_class(), number);
		BEGIN
			-- due no more when another session has just trained it
			IF NOT EXISTS (SELECT FROM shopper.models_due d WHERE d.name = model) THEN
				PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
				CONTINUE;
			END IF;
			UPDATE shopper.runs r SET state = 'interrupted', message = 'the session ended', finished_at = shopper.clock() WHERE r.name = model AND r.state = 'running';
			INSERT INTO shopper.runs (name, state) VALUES (model, 'running') RETURNING run_id INTO run;
		EXCEPTION WHEN OTHERS OR query_canceled THEN
			PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
			RAISE;
		END;
		COMMIT;
		v := NULL;
		PERFORM pg_catalog.set_config('pg_shopper.run', run::text, false);
		BEGIN
			v := shopper.train_version(model);
			outcome := CASE WHEN shopper.goes_live(v.verdict) THEN 'promoted' ELSE 'kept back' END;
			words := v.reason;
		EXCEPTION
			WHEN query_canceled THEN
				outcome := 'cancelled';
				words := SQLERRM;
			WHEN OTHERS THEN
				outcome := 'failed';
				words := SQLERRM;
		END;
		PERFORM pg_catalog.set_config('pg_shopper.run', '', false), pg_catalog.set_config('application_name', pg_catalog.current_setting('application_name'), false);
		BEGIN
			PERFORM shopper.note_training(model, v, CASE WHEN outcome IN ('failed', 'cancelled') THEN words END);
			UPDATE shopper.runs r SET state = outcome, version = v.version, message = words, finished_at = shopper.clock() WHERE r.run_id = run;
		EXCEPTION WHEN OTHERS OR query_canceled THEN
			PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
			RAISE;
		END;
		PERFORM pg_catalog.pg_advisory_unlock(shopper.lock_class(), number);
		COMMIT;
		IF outcome = 'cancelled' THEN
			RAISE query_canceled USING MESSAGE = words;
		END IF;
	END LOOP;
END $$;
COMMENT ON PROCEDURE shopper.retrain_due(text) IS 'Train one model of the caller if it is due, in a transaction of its own; nothing happens when another session trains it. NULL: all, as CALL shopper.retrain_due()';
CREATE OR REPLACE PROCEDURE shopper.retrain_due() LANGUAGE plpgsql AS $$
BEGIN
	CALL shopper.retrain_due(NULL);
END $$;
COMMENT ON PROCEDURE shopper.retrain_due() IS 'Train the caller''s models of shopper.models_due, one after another, each in a transaction of its own: one that fails does not stop the others, one that another session trains is left out. shopper.model_runs tells';
CREATE OR REPLACE VIEW shopper.model_versions AS
SELECT v.name, v.version::bigint AS version, v.id AS version_id, l.version IS NOT NULL AS live, v.trained_at, v.trained_by::text AS trained_by, v.row_count, v.holdout_count,
	v.label_rate, v.seconds, v.model_bytes, v.metric, v.metric_value, v.champion::bigint AS champion_version, v.champion_value, v.difference, v.difference_low, v.difference_high, v.verdict, v.reason,
	pg_catalog.array_to_string(v.features, ', ') AS features,
	(SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', s.schema_name, s.table_name), ', ' ORDER BY s.schema_name, s.table_name) FROM shopper.sources s
	 WHERE s.name = v.name AND s.version = v.version AND s.row_security) AS row_security_tables
FROM shopper.versions v LEFT JOIN shopper.live l ON l.name = v.name AND l.version = v.version;
COMMENT ON COLUMN shopper.model_versions.row_security_tables IS 'Tables of which row-level security let the owner read only what its policies say, with commas between them; NULL: none';
CREATE OR REPLACE VIEW shopper.model_runs AS
SELECT r.run_id, r.name, CASE WHEN r.state = 'running' AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks k
		WHERE k.locktype = 'advisory' AND k.classid::bigint = shopper.lock_class() AND k.objid::bigint = m.lock_number AND k.objsubid = 2 AND k.granted
			AND k.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())) THEN 'interrupted' ELSE r.state END AS state,
	r.version::bigint AS version, r.message, r.run_by::text AS run_by, r.started_at, r.finished_at, extract(epoch FROM coalesce(r.finished_at, shopper.clock()) - r.started_at)::float8 AS seconds,
	pg_catalog.substring(a.application_name, ': (\d+) of \d+\)$')::bigint AS step, pg_catalog.substring(a.application_name, ' of (\d+)\)$')::bigint AS step_count
FROM shopper.runs r JOIN shopper.models m ON m.name = r.name
LEFT JOIN pg_catalog.pg_stat_activity a ON r.state = 'running' AND a.application_name LIKE pg_catalog.format('%%(pg\_shopper run %s: %%', r.run_id)
	AND a.datname = pg_catalog.current_database();
COMMENT ON COLUMN shopper.model_runs.step IS 'Of a running training: epoch, tree or iteration that it is at; NULL: none told yet';
COMMENT ON COLUMN shopper.model_runs.step_count IS 'How many there are at most';
CREATE OR REPLACE VIEW shopper.model_latest AS
SELECT m.name, m.job, m.owner::text AS owner, v.version::bigint AS live_version, v.trained_at AS live_trained_at, v.row_count, v.metric, v.metric_value, v.verdict, v.reason,
	extract(epoch FROM shopper.clock() - v.trained_at)::float8 AS age_seconds, r.state AS last_run_state, r.message AS last_run_message, r.started_at AS last_run_at,
	(SELECT pg_catalog.count(*) FROM shopper.alert_log a WHERE a.name = m.name AND a.resolved_at IS NULL) AS open_alert_count
FROM shopper.models m LEFT JOIN shopper.live l ON l.name = m.name LEFT JOIN shopper.versions v ON v.name = l.name AND v.version = l.version
LEFT JOIN LATERAL (SELECT x.state, x.message, x.started_at FROM shopper.model_runs x WHERE x.name = m.name ORDER BY x.run_id DESC LIMIT 1) r ON true;
COMMENT ON COLUMN shopper.model_latest.open_alert_count IS 'Alerts about it that are not over';
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
CREATE OR REPLACE FUNCTION shopper.grant_reader(reader regrole) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT ON shopper.model_list, shopper.model_versions, shopper.model_runs, shopper.model_metrics, shopper.model_latest,
		shopper.feature_importance, shopper.model_deployments, shopper.models_due, shopper.model_roc, shopper.model_lift, shopper.model_calibration, shopper.model_confusion, shopper.model_history, shopper.model_rules,
		shopper.model_segments, shopper.segment_features, shopper.model_drift, shopper.matured_metrics, shopper.matured_calibration, shopper.alerts,
		shopper.score_runs, shopper.scores_by_band, shopper.band_moves, shopper.recommended_items TO %s', reader);
END $$;
COMMENT ON FUNCTION shopper.grant_reader(regrole) IS 'Let a role read the views of the registry for reports, and nothing else; called by the owner of the extension';
CREATE OR REPLACE FUNCTION shopper.grant_analyst(analyst regrole) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.grant_reader(analyst);
	EXECUTE pg_catalog.format('GRANT SELECT ON shopper.live_models TO %s', analyst);
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON shopper.models, shopper.versions, shopper.version_metrics, shopper.version_importance, shopper.version_curves, shopper.version_confusion,
		shopper.version_history, shopper.version_rules, shopper.version_segments, shopper.version_segment_features, shopper.version_distributions, shopper.sources,
		shopper.live, shopper.deployments, shopper.runs, shopper.gates, shopper.watches, shopper.measurements, shopper.measured_drift, shopper.measured_metrics,
		shopper.measured_calibration, shopper.alert_log, shopper.bands, shopper.scorings, shopper.scoring_bands, shopper.scoring_moves, shopper.scoring_items TO %s', analyst);
END $$;
COMMENT ON FUNCTION shopper.grant_analyst(regrole) IS 'Let a role define and train models of its own on what it may SELECT, and predict by any name; called by the owner of the extension. To predict only: GRANT SELECT ON shopper.live_models';
CREATE TABLE shopper.bands (
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	target_table text NOT NULL,
	band text NOT NULL,
	lowest_score float8 NOT NULL CHECK (lowest_score <> 'NaN'),
	PRIMARY KEY (name, target_table, band),
	UNIQUE (name, target_table, lowest_score));
COMMENT ON TABLE shopper.bands IS 'What scores are called: made by the first scoring job of a table (the highest tenth, the next three tenths, the rest), then only by hand; the next job applies what was edited';
COMMENT ON COLUMN shopper.bands.name IS 'The model';
COMMENT ON COLUMN shopper.bands.target_table IS 'The table of the scores, with its schema';
COMMENT ON COLUMN shopper.bands.band IS 'The name of the band';
COMMENT ON COLUMN shopper.bands.lowest_score IS 'Scores from here on, up to the next band; -Infinity: all that are left';
CREATE TABLE shopper.scorings (
	score_run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL REFERENCES shopper.models ON DELETE CASCADE,
	version int NOT NULL,
	target_table text NOT NULL,
	row_count bigint NOT NULL,
	scored_count bigint NOT NULL,
	removed_count bigint NOT NULL,
	state text NOT NULL DEFAULT 'finished' CHECK (state = 'finished'),
	message text,
	scored_by name NOT NULL DEFAULT CURRENT_USER,
	started_at timestamptz NOT NULL,
	finished_at timestamptz NOT NULL DEFAULT shopper.clock());
CREATE INDEX scorings_by_target ON shopper.scorings (target_table, score_run_id);
COMMENT ON TABLE shopper.scorings IS 'Log of scoring jobs; shopper.score_runs shows it to readers';
COMMENT ON COLUMN shopper.scorings.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.scorings.name IS 'The model';
COMMENT ON COLUMN shopper.scorings.version IS 'The version that was live';
COMMENT ON COLUMN shopper.scorings.target_table IS 'The table of the scores, with its schema';
COMMENT ON COLUMN shopper.scorings.row_count IS 'Rows of the query (for recommenders, users)';
COMMENT ON COLUMN shopper.scorings.scored_count IS 'Those that were new or changed';
COMMENT ON COLUMN shopper.scorings.removed_count IS 'Rows of the table whose key the query had no more';
COMMENT ON COLUMN shopper.scorings.state IS 'finished: a job that fails leaves nothing behind, not even its log';
COMMENT ON COLUMN shopper.scorings.message IS 'What was done, in words';
COMMENT ON COLUMN shopper.scorings.scored_by IS 'Who ran it';
COMMENT ON COLUMN shopper.scorings.started_at IS 'When it began';
COMMENT ON COLUMN shopper.scorings.finished_at IS 'When it ended';
CREATE TABLE shopper.scoring_bands (
	score_run_id bigint NOT NULL REFERENCES shopper.scorings ON DELETE CASCADE, band text NOT NULL,
	lowest_score float8, row_count bigint NOT NULL, mean_score float8, PRIMARY KEY (score_run_id, band));
COMMENT ON TABLE shopper.scoring_bands IS 'The scores of a job by band; shopper.scores_by_band shows it to readers';
COMMENT ON COLUMN shopper.scoring_bands.score_run_id IS 'The job';
COMMENT ON COLUMN shopper.scoring_bands.band IS 'The band, class or cluster';
COMMENT ON COLUMN shopper.scoring_bands.lowest_score IS 'Where it began; NULL: it has no lower end';
COMMENT ON COLUMN shopper.scoring_bands.row_count IS 'Its rows';
COMMENT ON COLUMN shopper.scoring_bands.mean_score IS 'The mean of their scores';
CREATE TABLE shopper.scoring_moves (
	score_run_id bigint NOT NULL REFERENCES shopper.scorings ON DELETE CASCADE, old_band text NOT NULL, new_band text NOT NULL,
	row_count bigint NOT NULL, PRIMARY KEY (score_run_id, old_band, new_band));
COMMENT ON TABLE shopper.scoring_moves IS 'Rows whose band a job changed; shopper.band_moves shows it to readers';
COMMENT ON COLUMN shopper.scoring_moves.score_run_id IS 'The job';
COMMENT ON COLUMN shopper.scoring_moves.old_band IS 'The band before';
COMMENT ON COLUMN shopper.scoring_moves.new_band IS 'The band after';
COMMENT ON COLUMN shopper.scoring_moves.row_count IS 'Rows that moved';
CREATE TABLE shopper.scoring_items (
	score_run_id bigint NOT NULL REFERENCES shopper.scorings ON DELETE CASCADE, item text NOT NULL,
	user_count bigint NOT NULL, user_rate float8, mean_rank float8, mean_score float8, PRIMARY KEY (score_run_id, item));
COMMENT ON TABLE shopper.scoring_items IS 'The items that a job recommended to most users, at most 1000; shopper.recommended_items shows it to readers';
COMMENT ON COLUMN shopper.scoring_items.score_run_id IS 'The job';
COMMENT ON COLUMN shopper.scoring_items.item IS 'The item';
COMMENT ON COLUMN shopper.scoring_items.user_count IS 'Users that it is recommended to';
COMMENT ON COLUMN shopper.scoring_items.user_rate IS 'Their share of all users';
COMMENT ON COLUMN shopper.scoring_items.mean_rank IS 'Its mean rank';
COMMENT ON COLUMN shopper.scoring_items.mean_score IS 'Its mean score';
COMMENT ON SEQUENCE shopper.scorings_score_run_id_seq IS 'Numbers of shopper.scorings';
CREATE FUNCTION shopper.may_write(target_table text) RETURNS boolean LANGUAGE sql STABLE COST 100
AS $$ SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), 'UPDATE'), false) $$;
COMMENT ON FUNCTION shopper.may_write(text) IS 'Step of the registry: whether the caller may change the rows of a table; false when there is none';
CREATE FUNCTION shopper.is_score_owner(score_run_id bigint) RETURNS boolean LANGUAGE sql STABLE COST 100
AS $$ SELECT EXISTS (SELECT FROM shopper.scorings s WHERE s.score_run_id = $1 AND shopper.is_owner(s.scored_by)) $$;
COMMENT ON FUNCTION shopper.is_score_owner(bigint) IS 'Step of the registry: whether a scoring job is one of the caller';
SELECT shopper.protect_tables('{bands}', '{}', 'shopper.may_write(target_table)');
SELECT shopper.protect_tables('{scorings}', '{scorings_score_run_id_seq}', 'shopper.is_owner(scored_by) AND shopper.may_write(target_table)');
SELECT shopper.protect_tables('{scoring_bands,scoring_moves,scoring_items}', '{}', 'shopper.is_score_owner(score_run_id)');
CREATE VIEW shopper.score_runs AS
SELECT s.score_run_id, s.name, s.version::bigint AS version, s.target_table, s.started_at, s.finished_at, extract(epoch FROM s.finished_at - s.started_at)::float8 AS seconds, s.scored_by::text AS scored_by,
	s.row_count, s.scored_count, s.row_count - s.scored_count AS unchanged_count, s.removed_count, s.state, s.message
FROM shopper.scorings s;
COMMENT ON VIEW shopper.score_runs IS 'Scoring jobs: one row per job that was finished';
COMMENT ON COLUMN shopper.score_runs.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.score_runs.name IS 'The model';
COMMENT ON COLUMN shopper.score_runs.version IS 'The version that was live';
COMMENT ON COLUMN shopper.score_runs.target_table IS 'The table of the scores, with its schema';
COMMENT ON COLUMN shopper.score_runs.started_at IS 'When it began';
COMMENT ON COLUMN shopper.score_runs.finished_at IS 'When it ended';
COMMENT ON COLUMN shopper.score_runs.seconds IS 'How long it took';
COMMENT ON COLUMN shopper.score_runs.scored_by IS 'Role that ran it';
COMMENT ON COLUMN shopper.score_runs.row_count IS 'Rows of the query (for recommenders, users)';
COMMENT ON COLUMN shopper.score_runs.scored_count IS 'Those that were new or changed, or scored by another version';
COMMENT ON COLUMN shopper.score_runs.unchanged_count IS 'Those whose scores were kept';
COMMENT ON COLUMN shopper.score_runs.removed_count IS 'Rows removed, since the query had their key no more';
COMMENT ON COLUMN shopper.score_runs.state IS 'finished; a job that fails leaves nothing behind';
COMMENT ON COLUMN shopper.score_runs.message IS 'What was done, in words';
CREATE VIEW shopper.scores_by_band AS
SELECT b.score_run_id, s.name, s.version::bigint AS version, s.started_at AS scored_at, s.started_at::date AS scored_on, b.band, b.lowest_score, b.row_count,
	b.row_count::float8 / nullif(s.row_count, 0)::float8 AS row_rate, CASE WHEN pg_catalog.abs(b.mean_score) < 'Infinity' THEN b.mean_score END AS mean_score
FROM shopper.scoring_bands b JOIN shopper.scorings s USING (score_run_id);
COMMENT ON VIEW shopper.scores_by_band IS 'How scores are spread: one row per scoring job and band (class, cluster)';
COMMENT ON COLUMN shopper.scores_by_band.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.scores_by_band.name IS 'The model';
COMMENT ON COLUMN shopper.scores_by_band.version IS 'The version that was live';
COMMENT ON COLUMN shopper.scores_by_band.scored_at IS 'When the job began';
COMMENT ON COLUMN shopper.scores_by_band.scored_on IS 'The day of it, in the time zone of the session';
COMMENT ON COLUMN shopper.scores_by_band.band IS 'Band of the score; the class, cluster, or anomaly or normal';
COMMENT ON COLUMN shopper.scores_by_band.lowest_score IS 'Where the band begins; NULL: it has no lower end';
COMMENT ON COLUMN shopper.scores_by_band.row_count IS 'Its rows after the job';
COMMENT ON COLUMN shopper.scores_by_band.row_rate IS 'Their share of all rows, 0 to 1';
COMMENT ON COLUMN shopper.scores_by_band.mean_score IS 'The mean of their scores; NULL: no rows';
CREATE VIEW shopper.band_moves AS
SELECT b.score_run_id, s.name, s.started_at AS scored_at, s.started_at::date AS scored_on, b.old_band, b.new_band, b.row_count
FROM shopper.scoring_moves b JOIN shopper.scorings s USING (score_run_id);
COMMENT ON VIEW shopper.band_moves IS 'Who moved: one row per scoring job and pair of bands (classes, clusters) between which rows went';
COMMENT ON COLUMN shopper.band_moves.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.band_moves.name IS 'The model';
COMMENT ON COLUMN shopper.band_moves.scored_at IS 'When the job began';
COMMENT ON COLUMN shopper.band_moves.scored_on IS 'The day of it, in the time zone of the session';
COMMENT ON COLUMN shopper.band_moves.old_band IS 'The band before the job';
COMMENT ON COLUMN shopper.band_moves.new_band IS 'The band after it';
COMMENT ON COLUMN shopper.band_moves.row_count IS 'Rows that went from the one to the other';
CREATE VIEW shopper.recommended_items AS
SELECT i.score_run_id, s.name, s.version::bigint AS version, s.started_at AS scored_at, s.started_at::date AS scored_on, i.item, i.user_count, i.user_rate, i.mean_rank, i.mean_score
FROM shopper.scoring_items i JOIN shopper.scorings s USING (score_run_id);
COMMENT ON VIEW shopper.recommended_items IS 'What is recommended: one row per scoring job and item, for the 1000 items with most users';
COMMENT ON COLUMN shopper.recommended_items.score_run_id IS 'Number of the job';
COMMENT ON COLUMN shopper.recommended_items.name IS 'The model';
COMMENT ON COLUMN shopper.recommended_items.version IS 'The version that was live';
COMMENT ON COLUMN shopper.recommended_items.scored_at IS 'When the job began';
COMMENT ON COLUMN shopper.recommended_items.scored_on IS 'The day of it, in the time zone of the session';
COMMENT ON COLUMN shopper.recommended_items.item IS 'The item';
COMMENT ON COLUMN shopper.recommended_items.user_count IS 'Users that it is recommended to after the job';
COMMENT ON COLUMN shopper.recommended_items.user_rate IS 'Their share of all users, 0 to 1';
COMMENT ON COLUMN shopper.recommended_items.mean_rank IS 'Its mean place in their lists, 1 is the best';
COMMENT ON COLUMN shopper.recommended_items.mean_score IS 'Its mean score';
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
CREATE FUNCTION shopper.row_hash(features record) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'shopper_row_hash';
COMMENT ON FUNCTION shopper.row_hash(record) IS 'Step of shopper.score: a hash of the values of a row, whatever their names';
CREATE TYPE shopper.score_job AS (model text, job text, version int, query text, relation text, created boolean, key text, features text[], everything boolean, at timestamptz);
COMMENT ON TYPE shopper.score_job IS 'Step of shopper.score: what its steps tell each other';
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
CREATE FUNCTION shopper.cron_jobs() RETURNS TABLE(job_id bigint, name text, cron text, command text, run_as text, active boolean) LANGUAGE plpgsql STABLE ROWS 20 AS $$
#variable_conflict use_column
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') THEN
		RETURN QUERY EXECUTE $query$
			SELECT j.jobid::bigint, CASE WHEN s.given = '' THEN '*'
					WHEN s.given LIKE 'E%' THEN pg_catalog.replace(pg_catalog.replace(pg_catalog.substr(s.given, 3, pg_catalog.length(s.given) - 3), '''''', ''''), '\\', '\')
					ELSE pg_catalog.replace(pg_catalog.substr(s.given, 2, pg_catalog.length(s.given) - 2), '''''', '''') END,
				j.schedule, j.command, j.username::text, j.active
			FROM cron.job j, LATERAL (SELECT pg_catalog.substring(j.command, '^CALL shopper\.retrain_due\((.*)\)$') AS given) s
			WHERE s.given IS NOT NULL AND j.database = pg_catalog.current_database() $query$;
	END IF;
END $$;
COMMENT ON FUNCTION shopper.cron_jobs() IS 'Step of the registry: the jobs in pg_cron that shopper.schedule made; none without pg_cron';
CREATE VIEW shopper.schedules AS SELECT j.name, j.cron, j.job_id, j.command, j.run_as, j.active FROM shopper.cron_jobs() j;
COMMENT ON VIEW shopper.schedules IS 'What shopper.schedule has given to pg_cron: one row per job. Each role sees its own, and needs USAGE on the schema cron; cron.job_run_details tells how the jobs ended';
COMMENT ON COLUMN shopper.schedules.name IS 'The model; *: all models of run_as';
COMMENT ON COLUMN shopper.schedules.cron IS 'When, as pg_cron understands it: minute, hour, day of the month, month, day of the week';
COMMENT ON COLUMN shopper.schedules.job_id IS 'Number of the job, cron.job.jobid';
COMMENT ON COLUMN shopper.schedules.command IS 'What is run';
COMMENT ON COLUMN shopper.schedules.run_as IS 'Role that runs it';
COMMENT ON COLUMN shopper.schedules.active IS 'Whether pg_cron runs it';
GRANT SELECT ON shopper.schedules TO PUBLIC;
CREATE FUNCTION shopper.require_pg_cron(command text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
	home text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') THEN
		BEGIN
			home := pg_catalog.current_setting('cron.database_name', true);
		EXCEPTION WHEN insufficient_privilege THEN
			home := 'its own';	-- it is loaded, and only superusers may see where
		END;
		RAISE undefined_object USING MESSAGE = pg_catalog.format('pg_cron is not installed in database "%s"', pg_catalog.current_database()),
			HINT = CASE WHEN home IS NULL THEN pg_catalog.format('Put pg_cron into shared_preload_libraries, set cron.database_name = ''%s'', restart, CREATE EXTENSION pg_cron. Or let any other scheduler run: %s', pg_catalog.current_database(), command)
				WHEN home = pg_catalog.current_database() THEN 'The server has loaded it: CREATE EXTENSION pg_cron.'
				ELSE pg_catalog.format('pg_cron works in one database, cron.database_name (%s). There a superuser can run: SELECT cron.schedule_in_database(%L, %L, %L, %L, %L)', home,
					'shopper ' || pg_catalog.md5(command), '0 3 * * *', command, pg_catalog.current_database(), CURRENT_USER) END;
	ELSIF NOT pg_catalog.has_schema_privilege('cron', 'USAGE') THEN
		RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('role "%s" may not use pg_cron', CURRENT_USER), HINT = pg_catalog.format('GRANT USAGE ON SCHEMA cron TO %I', CURRENT_USER);
	END IF;
END $$;
COMMENT ON FUNCTION shopper.require_pg_cron(text) IS 'Step of shopper.schedule: an error that says what to do when pg_cron is not there for the caller';
CREATE FUNCTION shopper.retrain_command(model text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN $1 = '*' THEN 'CALL shopper.retrain_due()' ELSE pg_catalog.format('CALL shopper.retrain_due(%L)', $1) END $$;
COMMENT ON FUNCTION shopper.retrain_command(text) IS 'Step of shopper.schedule: what the job runs';
CREATE FUNCTION shopper.schedule(name text, cron text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	m shopper.models;
	command constant text := shopper.retrain_command(name);
	job text := 'shopper ' || name;
	job_id bigint;
BEGIN
	IF name IS NULL OR cron IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = pg_catalog.format('the %s must not be null', CASE WHEN name IS NULL THEN 'name' ELSE 'time' END),
			HINT = CASE WHEN name IS NULL THEN 'The name ''*'' schedules all models of yours.' ELSE 'Minute, hour, day of the month, month, day of the week: ''0 3 * * *'' is every night at three.' END;
	ELSIF name <> '*' THEN
		m := shopper.own_model(name);
	END IF;
	PERFORM shopper.require_pg_cron(command);
	-- pg_cron would take some of these jobs and then fail where nobody looks
	IF NOT (SELECT r.rolcanlogin FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('role "%s" may not log in, so pg_cron cannot run its jobs', CURRENT_USER),
			HINT = pg_catalog.format('ALTER ROLE %I LOGIN', CURRENT_USER) || CASE WHEN name <> '*' THEN ', or make the model as a role that may.' ELSE '.' END;
	ELSIF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) AND pg_catalog.current_setting('cron.enable_superuser_jobs', true) = 'off' THEN
		RAISE insufficient_privilege USING MESSAGE = 'pg_cron runs no jobs of superusers here (cron.enable_superuser_jobs is off)', HINT = 'Make and schedule the model as an ordinary role: shopper.grant_analyst, SET ROLE.';
	END IF;
	-- names of jobs have 63 bytes
	IF pg_catalog.octet_length(job) > 63 THEN
		job := 'shopper ' || pg_catalog.md5(name);
	END IF;
	-- a new time for a job that was switched off would leave it so
	IF EXISTS (SELECT FROM shopper.cron_jobs() j WHERE j.command = command AND j.run_as = CURRENT_USER AND NOT j.active) THEN
		PERFORM shopper.remove_jobs(name);
	END IF;
	IF name <> '*' AND m.max_age IS NULL AND m.min_new_rows IS NULL THEN
		RAISE WARNING USING MESSAGE = pg_catalog.format('model "%s" is never due once it is trained', name), HINT = 'Set max_age or min_new_rows in shopper.models.';
	ELSIF name <> '*' THEN
		RAISE NOTICE '%', pg_catalog.format('at "%s" model "%s" will be trained if it is due then: %s', cron, name,
			pg_catalog.concat_ws(', or ', m.max_age || ' old', m.min_new_rows || ' new rows'));
	END IF;
	EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job_id USING job, cron, command;
	RETURN job_id;
END $$;
COMMENT ON FUNCTION shopper.schedule(text, text) IS 'Let pg_cron train a named model of the caller (''*'': all of them) at these times if it is due (shopper.models_due): CALL shopper.retrain_due(name). Called again it changes the time. Returns the number of the job; shopper.schedules shows the jobs';
CREATE FUNCTION shopper.remove_jobs(name text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_variable
DECLARE
	job bigint;
	found_one boolean := false;
BEGIN
	FOR job IN SELECT j.job_id FROM shopper.cron_jobs() j WHERE j.command = shopper.retrain_command(name) AND (name <> '*' OR j.run_as = CURRENT_USER) LOOP
		EXECUTE 'SELECT cron.unschedule($1)' USING job;
		found_one := true;
	END LOOP;
	RETURN found_one;
END $$;
COMMENT ON FUNCTION shopper.remove_jobs(text) IS 'Step of shopper.unschedule and shopper.drop_model: remove the jobs of a model from pg_cron; whether there were any';
CREATE FUNCTION shopper.unschedule(name text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM shopper.require_pg_cron(shopper.retrain_command($1));
	RETURN coalesce(shopper.remove_jobs($1), false);
END $$;
COMMENT ON FUNCTION shopper.unschedule(text) IS 'Remove what shopper.schedule made; false when there was no such job of the caller';
CREATE FUNCTION shopper.drop_jobs(m shopper.models) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron') AND pg_catalog.has_schema_privilege('cron', 'USAGE') THEN
		PERFORM shopper.remove_jobs(m.name);
		IF m.owner <> CURRENT_USER AND pg_catalog.row_security_active('cron.job') THEN
			RAISE NOTICE USING MESSAGE = pg_catalog.format('jobs of %s for model "%s" are hidden from you and may be left in pg_cron', m.owner, m.name),
				HINT = pg_catalog.format('%s removes them: SELECT shopper.unschedule(%L)', m.owner, m.name);
		END IF;
	END IF;
END $$;
COMMENT ON FUNCTION shopper.drop_jobs(shopper.models) IS 'Step of shopper.drop_model: leave no job behind in pg_cron, or say so';
CREATE FUNCTION shopper.html(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
		pg_catalog.regexp_replace($1, E'[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]', '?', 'g'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;') $$;
COMMENT ON FUNCTION shopper.html(text) IS 'Step of shopper.report: a text as it can stand in HTML, in attributes too';
CREATE FUNCTION shopper.html_time(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT pg_catalog.to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') $$;
COMMENT ON FUNCTION shopper.html_time(timestamptz) IS 'Step of shopper.report: a time in UTC, to the minute';
CREATE FUNCTION shopper.rounded(x float8, digits int DEFAULT 4) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT pg_catalog.trim_scale(pg_catalog.round($1::numeric, $2)) $$;
COMMENT ON FUNCTION shopper.rounded(float8, int) IS 'Step of shopper.report: a number without more digits than a reader wants';
CREATE FUNCTION shopper.html_table(query text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	head text;
	body text;
BEGIN
	-- numbers stand at the right, under heads that do; a column without values is left out
	EXECUTE pg_catalog.format(
		'WITH cells AS MATERIALIZED (SELECT q.number, v.place, v.key, v.value #>> ''{}'' AS words, pg_catalog.bool_or(pg_catalog.json_typeof(v.value) = ''number'') OVER w AS numbers,
				pg_catalog.bool_or(v.value #>> ''{}'' IS NOT NULL) OVER w AS shown
			FROM (SELECT pg_catalog.row_number() OVER () AS number, pg_catalog.row_to_json(r) AS line FROM (%s) r) q, pg_catalog.json_each(q.line) WITH ORDINALITY v(key, value, place) WINDOW w AS (PARTITION BY v.place))
		SELECT (SELECT pg_catalog.string_agg(''<th'' || CASE WHEN c.numbers THEN '' class="n">'' ELSE ''>'' END || shopper.html(pg_catalog.replace(c.key, ''_'', '' '')) || ''</th>'', '''' ORDER BY c.place)
				FROM cells c WHERE c.number = 1 AND c.shown),
			(SELECT pg_catalog.string_agg(''<tr>'' || t.line || E''</tr>\n'', '''' ORDER BY t.number) FROM (SELECT c.number, pg_catalog.string_agg(''<td'' || CASE WHEN c.numbers THEN '' class="n">'' WHEN pg_catalog.length(c.words) <= 20 THEN '' class="s">'' ELSE ''>'' END
				|| coalesce(shopper.html(c.words), '''') || ''</td>'', '''' ORDER BY c.place) AS line FROM cells c WHERE c.shown GROUP BY c.number) t)', query) INTO head, body;
	RETURN '<div class="wide"><table><thead><tr>' || head || E'</tr></thead>\n<tbody>' || body || E'</tbody></table></div>\n';
END $$;
COMMENT ON FUNCTION shopper.html_table(text) IS 'Step of shopper.report: the rows of a query as a table; NULL when there are none';
CREATE FUNCTION shopper.report_figure(relations text[], kind text, query text, title text, explanation text DEFAULT NULL) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	any_rows boolean;
	figure text;
BEGIN
	IF NOT (SELECT pg_catalog.bool_and(coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(r), 'SELECT'), false)) FROM pg_catalog.unnest(relations) r) THEN
		RETURN '';
	END IF;
	EXECUTE pg_catalog.format('SELECT EXISTS (%s)', query) INTO any_rows;
	IF NOT any_rows THEN
		RETURN '';
	END IF;
	figure := CASE
		WHEN kind IN ('table', 'list') THEN '<h3>' || shopper.html(title) || E'</h3>\n' || shopper.html_table(query)
		WHEN kind = 'bars' THEN @extschema@.plot_svg_bars(query, title, 440)
		WHEN kind = 'lines' THEN @extschema@.plot_svg_lines(query, title, 440, 290)
		WHEN kind = 'matrix' THEN shopper.plot_matrix(query, title, 440)
		ELSE shopper.plot_curve(kind, query, title, 440, 400) END;
	RETURN '<figure' || CASE kind WHEN 'table' THEN ' class="rows"' WHEN 'list' THEN ' class="list"' ELSE '' END || '>' || figure || coalesce(E'\n<figcaption>' || shopper.html(explanation) || '</figcaption>', '') || E'</figure>\n';
END $$;
COMMENT ON FUNCTION shopper.report_figure(text[], text, text, text, text) IS 'Step of shopper.report: a figure of the rows of a query, or nothing when there are none or the caller may not read the views';
CREATE FUNCTION shopper.report_section(title text, figures text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN $2 = '' THEN '' ELSE '<section><h2>' || shopper.html($1) || E'</h2>\n<div class="figures">\n' || $2 || E'</div></section>\n' END $$;
COMMENT ON FUNCTION shopper.report_section(text, text) IS 'Step of shopper.report: figures under a heading, or nothing when there are none';
CREATE FUNCTION shopper.report_verdict(name text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT '<p class="lead">' || CASE WHEN m.live_version IS NULL THEN 'No version is live.'
			ELSE 'Version ' || m.live_version || ' is live, trained on ' || shopper.html_time(v.trained_at) || ' UTC from ' || v.row_count || ' rows'
				|| coalesce(', judged on ' || nullif(v.holdout_count, 0) || ' others', '') || '.' END
		|| coalesce(' ' || shopper.html(v.metric) || ' is <strong>' || shopper.rounded(v.metric_value) || '</strong>.', '') || '</p>'
		|| coalesce('<p>Verdict of the gate: ' || shopper.html(v.reason) || '.</p>', '')
		|| coalesce('<p class="warning">Version ' || n.version || ' is newer and not live: ' || shopper.html(n.reason) || '.</p>', '') || E'\n'
	FROM shopper.model_list m LEFT JOIN shopper.model_versions v ON v.name = m.name AND v.version = m.live_version
	LEFT JOIN shopper.model_versions n ON n.name = m.name AND n.version = m.newest_version AND n.version IS DISTINCT FROM m.live_version
	WHERE m.name = $1 $$;
COMMENT ON FUNCTION shopper.report_verdict(text) IS 'Step of shopper.report: which version is live, and what the gate said, in words';
CREATE FUNCTION shopper.report_style() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT
':root{color-scheme:light dark;--back:#f6f8fa;--card:#fff;--text:#1f2328;--muted:#59636e;--line:#d8dee4;--warn:#8a4600}
@media (prefers-color-scheme:dark){:root{--back:#0b0e12;--card:#14181d;--text:#e6edf3;--muted:#a5afba;--line:#2b323a;--warn:#ffb46b}}
body{margin:0 auto;padding:24px 16px 48px;max-width:960px;background:var(--back);color:var(--text);font:15px/1.5 system-ui,-apple-system,''Segoe UI'',''DejaVu Sans'',sans-serif}
h1{margin:0 0 4px;font-size:26px;overflow-wrap:anywhere}h2{margin:32px 0 10px;font-size:19px}h3{margin:6px 0 8px;font-size:15px}
p{margin:6px 0}.lead{font-size:17px}.muted,figcaption{color:var(--muted)}.warning{color:var(--warn)}figcaption{margin:0 8px 4px 14px;font-size:13px}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:14px;align-items:start}figure{margin:0;padding:8px;max-width:100%;box-sizing:border-box;background:var(--card);border:1px solid var(--line);border-radius:6px}
figure.rows{grid-column:1/-1}figure.rows,figure.list{padding:8px 22px 14px}figure svg{display:block;max-width:100%;height:auto}.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px}th,td{padding:4px 16px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:break-word;max-width:420px}
th{color:var(--muted);font-weight:600;white-space:nowrap}.n{text-align:right;font-variant-numeric:tabular-nums}.n,.s{white-space:nowrap}
@media print{body{background:#fff}figure{break-inside:avoid}}'::text $$;
COMMENT ON FUNCTION shopper.report_style() IS 'Step of shopper.report: the style sheet of the page';
CREATE FUNCTION shopper.report(name text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
	m shopper.model_list;
	-- "of it" and "of its live version", as conditions
	its constant text := pg_catalog.format('x.name = %L', report.name);
	live constant text := its || ' AND x.live';
	page text;
	metric record;
	metrics text := '';
BEGIN
	SELECT * INTO m FROM shopper.model_list l WHERE l.name = report.name;
	IF m.name IS NULL THEN
		RAISE undefined_object USING MESSAGE = pg_catalog.format('there is no model "%s"', report.name), HINT = 'shopper.model_list shows the models.';
	END IF;
	page := '<header><h1>' || shopper.html(m.name) || '</h1><p class="muted">' || shopper.html(pg_catalog.format('Model of job %s%s; owner %s, defined on %s; %s. Report of %s UTC.', m.job,
			coalesce(', learns ' || m.target, ''), m.owner, shopper.html_time(m.created_at), m.state, shopper.html_time(shopper.clock()))) || E'</p></header>\n'
		|| shopper.report_verdict(report.name);

	page := page || shopper.report_section('Open alerts', shopper.report_figure('{shopper.alerts}', 'table',
		'SELECT shopper.html_time(x.raised_at) AS raised, x.kind, x.feature, shopper.rounded(x.value) AS value, shopper.rounded(x.threshold) AS threshold, x.message
		FROM shopper.alerts x WHERE ' || its || ' AND x.resolved_at IS NULL ORDER BY x.raised_at DESC LIMIT 20', 'Not resolved yet'));

	page := page || shopper.report_section('Rules', shopper.report_figure('{shopper.model_rules}', 'table',
		'SELECT x.antecedent AS "who has", x.consequent AS "often takes", shopper.rounded(x.confidence_rate, 3) AS confidence, shopper.rounded(x.lift, 2) AS lift,
			shopper.rounded(x.support_rate) AS support, x.basket_count AS baskets FROM shopper.model_rules x WHERE ' || live || ' AND x.lift > 1 ORDER BY x.lift DESC, x.rule_number LIMIT 30', 'The strongest rules', 'Lift: how many times as often as among all.'));

	page := page || shopper.report_section('Groups', shopper.report_figure('{shopper.model_segments}', 'bars',
			'SELECT coalesce(x.segment_name, x.segment::text) AS segment, x.row_count AS rows FROM shopper.model_segments x WHERE ' || live || ' ORDER BY x.row_count DESC, x.segment', 'Sizes')
		|| shopper.report_figure('{shopper.segment_features}', 'list', 'SELECT coalesce(x.segment_name, x.segment::text) AS segment, x.feature, x.description FROM shopper.segment_features x WHERE ' || live
			|| ' AND x.rank <= 4 ORDER BY x.segment, x.rank', 'What is special about them'));

	page := page || shopper.report_section('Recommended items', shopper.report_figure('{shopper.recommended_items}', 'bars',
		'SELECT x.item, x.user_count AS users FROM shopper.recommended_items x WHERE ' || its || ' AND x.score_run_id = (SELECT pg_catalog.max(y.score_run_id) FROM shopper.recommended_items y WHERE y.name = x.name)
		ORDER BY x.user_count DESC, x.item LIMIT 25', 'In the latest scoring'));

	FOR metric IN SELECT x.metric FROM shopper.model_metrics x WHERE x.name = report.name AND x.dataset = 'holdout' AND x.metric NOT IN ('rows', 'null_log_likelihood', 'log_likelihood')
		GROUP BY x.metric HAVING pg_catalog.count(*) > 1 ORDER BY x.metric LOOP
		metrics := metrics || shopper.report_figure('{shopper.model_metrics}', 'lines', pg_catalog.format('SELECT x.version, x.value FROM shopper.model_metrics x WHERE %s AND x.dataset = ''holdout'' AND x.metric = %L',
			its, metric.metric), pg_catalog.replace(metric.metric, '_', ' '));
	END LOOP;
	page := page || shopper.report_section('How good is it?', metrics
		|| shopper.report_figure('{shopper.model_roc}', 'roc', 'SELECT x.false_positive_rate AS "false positive rate", x.true_positive_rate AS "true positive rate" FROM shopper.model_roc x WHERE ' || live,
			'Hits against false alarms', 'On rows held out of training. The further above the diagonal, the better the scores part the classes.')
		|| shopper.report_figure('{shopper.model_lift}', 'lift',
			'SELECT (pg_catalog.sum(x.row_count) OVER w / pg_catalog.sum(x.row_count) OVER ())::float8 AS "share of rows, highest scores first",
				((pg_catalog.sum(x.positive_count) OVER w / pg_catalog.sum(x.row_count) OVER w) / nullif(pg_catalog.sum(x.positive_count) OVER () / pg_catalog.sum(x.row_count) OVER (), 0))::float8 AS "times as many hits as by chance"
			FROM shopper.model_lift x WHERE ' || live || ' WINDOW w AS (ORDER BY x.bin)', 'Lift', 'Who approaches only the rows of the highest scores meets so many times as many hits.')
		|| shopper.report_figure('{shopper.model_calibration}', 'calibration', 'SELECT x.predicted_rate AS "predicted share", x.observed_rate AS "true share" FROM shopper.model_calibration x WHERE ' || live,
			'Do the scores mean what they say?', 'On the diagonal, a score of 30 % is right in 30 % of the cases.')
		|| shopper.report_figure('{shopper.model_metrics}', 'list', 'SELECT x.dataset, x.metric, shopper.rounded(x.value) AS value FROM shopper.model_metrics x
			JOIN shopper.model_versions v USING (name, version) WHERE v.live AND ' || its || ' ORDER BY x.dataset, x.metric LIMIT 60', 'Measures of the live version')
		|| shopper.report_figure('{shopper.model_confusion}', 'matrix', 'SELECT x.actual, x.predicted, x.row_count FROM shopper.model_confusion x WHERE ' || live, 'Right and wrong'));

	metrics := '';
	-- what ends in the same word has the same unit: train_loss, valid_loss
	FOR metric IN SELECT pg_catalog.regexp_replace(x.metric, '^.*_', '') AS unit FROM shopper.model_history x WHERE x.name = report.name AND x.live GROUP BY 1 ORDER BY 1 LOOP
		metrics := metrics || shopper.report_figure('{shopper.model_history}', 'lines', pg_catalog.format('SELECT x.step, x.value, x.metric FROM shopper.model_history x WHERE %s AND pg_catalog.regexp_replace(x.metric, ''^.*_'', '''') = %L',
			live, metric.unit), 'Course of the training: ' || metric.unit);
	END LOOP;
	page := page || shopper.report_section('Training', shopper.report_figure('{shopper.feature_importance}', 'bars',
			'SELECT x.feature, x.importance FROM shopper.feature_importance x WHERE ' || live || ' AND x.method = (SELECT pg_catalog.max(y.method) FROM shopper.feature_importance y WHERE y.live AND y.name = x.name)
			ORDER BY x.importance DESC, x.feature LIMIT 25', 'Importance of columns', 'How much worse the model gets without the column.')
		|| metrics);

	page := page || shopper.report_section('Scores', shopper.report_figure('{shopper.scores_by_band}', 'bars',
			'SELECT x.band, x.row_count AS rows FROM shopper.scores_by_band x WHERE ' || its || ' AND x.score_run_id = (SELECT pg_catalog.max(y.score_run_id) FROM shopper.scores_by_band y WHERE y.name = x.name)
			ORDER BY x.lowest_score DESC NULLS LAST, x.band', 'Rows of each band in the latest scoring')
		|| shopper.report_figure('{shopper.scores_by_band}', 'lines', 'SELECT x.scored_at AS "scored at", x.row_rate AS "share of rows", x.band FROM shopper.scores_by_band x WHERE ' || its
			|| ' AND 1 < (SELECT pg_catalog.count(DISTINCT y.score_run_id) FROM shopper.scores_by_band y WHERE y.name = x.name)', 'Bands over time')
		|| shopper.report_figure('{shopper.band_moves}', 'list', 'SELECT x.old_band, x.new_band, x.row_count AS rows FROM shopper.band_moves x WHERE ' || its
			|| ' AND x.score_run_id = (SELECT pg_catalog.max(y.score_run_id) FROM shopper.band_moves y WHERE y.name = x.name) ORDER BY x.row_count DESC, x.old_band, x.new_band LIMIT 15', 'Rows that changed their band')
		|| shopper.report_figure('{shopper.score_runs}', 'table', 'SELECT shopper.html_time(x.started_at) AS started, x.version, x.target_table, x.state, x.row_count AS rows, shopper.rounded(x.seconds, 1) AS seconds, x.message
			FROM shopper.score_runs x WHERE ' || its || ' ORDER BY x.score_run_id DESC LIMIT 10', 'The latest scorings'));

	metrics := '';
	FOR metric IN SELECT x.metric FROM shopper.matured_metrics x WHERE x.name = report.name GROUP BY x.metric HAVING pg_catalog.count(*) > 1 ORDER BY x.metric LOOP
		metrics := metrics || shopper.report_figure('{shopper.matured_metrics}', 'lines', pg_catalog.format('SELECT x.measured_at AS "measured at", v.value, coalesce(v.low, v.value) AS low, coalesce(v.high, v.value) AS high, v.what
			FROM shopper.matured_metrics x, LATERAL (VALUES (x.value, x.value_low, x.value_high, ''since''), (x.holdout_value, NULL, NULL, ''when trained'')) v(value, low, high, what) WHERE %s AND x.metric = %L', its, metric.metric),
			pg_catalog.replace(metric.metric, '_', ' '));
	END LOOP;
	page := page || shopper.report_section('Does it still hold?', metrics
		|| shopper.report_figure('{shopper.matured_metrics}', 'list', 'SELECT x.metric, shopper.rounded(x.value) AS since, shopper.rounded(x.holdout_value) AS "when trained", x.row_count AS rows FROM shopper.matured_metrics x WHERE ' || its
			|| ' AND x.measured_at = (SELECT pg_catalog.max(y.measured_at) FROM shopper.matured_metrics y WHERE y.name = x.name) ORDER BY x.metric', 'Measured when the truth was known')
		|| shopper.report_figure('{shopper.matured_calibration}', 'calibration', 'SELECT x.predicted_rate AS "predicted share", x.observed_rate AS "true share" FROM shopper.matured_calibration x WHERE ' || its
			|| ' AND x.measured_at = (SELECT pg_catalog.max(y.measured_at) FROM shopper.matured_calibration y WHERE y.name = x.name)', 'Predicted and true shares since')
		|| shopper.report_figure('{shopper.model_drift}', 'lines', 'SELECT x.measured_at AS "measured at", x.psi AS "population stability index", x.feature FROM shopper.model_drift x WHERE ' || its
			|| ' AND 1 < (SELECT pg_catalog.count(DISTINCT y.measured_at) FROM shopper.model_drift y WHERE y.name = x.name)', 'Drift of columns', 'Below 0.1 little has changed since the training, from 0.2 on much.')
		|| shopper.report_figure('{shopper.model_drift}', 'list', 'SELECT x.feature, x.state, shopper.rounded(x.psi) AS psi, shopper.rounded(x.missing_rate) AS missing,
				shopper.rounded(x.unseen_rate) AS unseen FROM shopper.model_drift x WHERE ' || its || ' AND x.measured_at = (SELECT pg_catalog.max(y.measured_at) FROM shopper.model_drift y WHERE y.name = x.name)
			ORDER BY x.psi DESC NULLS LAST, x.feature LIMIT 30', 'Drift at the latest look'));

	page := page || shopper.report_section('History', shopper.report_figure('{shopper.model_versions}', 'table',
			'SELECT x.version, CASE WHEN x.live THEN ''live'' END AS live, shopper.html_time(x.trained_at) AS trained, x.row_count AS rows, x.metric, shopper.rounded(x.metric_value) AS value, x.verdict, x.reason
			FROM shopper.model_versions x WHERE ' || its || ' ORDER BY x.version DESC LIMIT 20', 'Versions')
		|| shopper.report_figure('{shopper.model_deployments,shopper.model_versions}', 'table', 'SELECT shopper.html_time(x.deployed_at) AS at, x.action, x.version, x.previous_version AS before, x.deployed_by AS by, CASE WHEN x.reason IS DISTINCT FROM v.reason THEN x.reason END AS reason
			FROM shopper.model_deployments x LEFT JOIN shopper.model_versions v USING (name, version) WHERE ' || its || ' ORDER BY x.deployment_id DESC LIMIT 20', 'What was live when')
		|| shopper.report_figure('{shopper.model_runs,shopper.model_versions}', 'table', 'SELECT shopper.html_time(x.started_at) AS started, x.state, x.version, shopper.rounded(x.seconds, 1) AS seconds, x.run_by AS by, CASE WHEN pg_catalog.strpos(x.message, v.reason) = 0 OR v.reason IS NULL THEN x.message END AS message
			FROM shopper.model_runs x LEFT JOIN shopper.model_versions v USING (name, version) WHERE ' || its || ' ORDER BY x.run_id DESC LIMIT 20', 'Trainings')
		|| shopper.report_figure('{shopper.alerts}', 'table', 'SELECT shopper.html_time(x.raised_at) AS raised, shopper.html_time(x.resolved_at) AS resolved, x.kind, x.feature, x.message
			FROM shopper.alerts x WHERE ' || its || ' AND x.resolved_at IS NOT NULL ORDER BY x.raised_at DESC LIMIT 20', 'Resolved alerts'));

	RETURN E'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''"><title>'
		|| shopper.html(m.name) || E': model report</title>\n<style>' || shopper.report_style() || E'</style></head>\n<body>\n' || page || E'</body></html>\n';
END $$;
COMMENT ON FUNCTION shopper.report(text) IS 'One page of HTML about a model, with its figures: what is live and why, how good it is, what it looks at, scores, drift, history. Shows what the caller may read; needs nothing beside itself';
DO $each_version$
DECLARE
	owner constant oid := (SELECT e.extowner FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_shopper'::name);
	relation oid;
	foreign_routine regprocedure;
BEGIN
	SELECT p.oid INTO foreign_routine FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass::oid AND d.objid = p.oid
	JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass::oid AND d.refobjid = e.oid
	JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
	WHERE e.extname = 'pg_shopper'::name AND d.deptype = 'e'::"char" AND NOT r.rolsuper LIMIT 1;
	IF foreign_routine IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('function %s of pg_shopper must belong to a superuser', foreign_routine),
			HINT = 'ALTER EXTENSION pg_shopper DROP FUNCTION it when it is not a part of the extension, else let a superuser own it.';
	END IF;
	FOR relation IN
		SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass::oid AND d.objid = c.oid
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass::oid AND d.refobjid = e.oid
		WHERE e.extname = 'pg_shopper'::name AND c.relkind = ANY (ARRAY['r', 'v']::"char"[]) AND c.relowner <> owner
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO %I', relation::regclass, pg_catalog.pg_get_userbyid(owner));
	END LOOP;
END $each_version$;
CREATE FUNCTION @extschema@.top_reasons(model text, features record, n int DEFAULT 3) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME', 'shopper_top_reasons';
COMMENT ON FUNCTION @extschema@.top_reasons(text, record, int) IS 'The n largest contributions of explain_prediction or explain_anomaly as a text, such as "cart_adds = 3 (+0.84); channel = email (+0.41)"; of the live version of that name';
CREATE FUNCTION @extschema@.plot_svg_tree(model text, tree int DEFAULT 1, title text DEFAULT NULL, max_depth int DEFAULT 4) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10000 AS 'MODULE_PATHNAME', 'shopper_plot_tree';
COMMENT ON FUNCTION @extschema@.plot_svg_tree(text, int, text, int) IS 'One tree of a model of tree(), forest() or boosting() as SVG, from left to right: conditions, predictions, training rows; deeper levels are left out; of the live version of that name';
CREATE FUNCTION @extschema@.feature_drift(model text, training_query text, recent_query text)
RETURNS TABLE(feature text, kind text, psi float8, chance float8, ks float8, js float8, missing float8, training_missing float8, unseen float8, training_unseen float8)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 25 AS $$
	WITH training AS MATERIALIZED (SELECT pg_catalog.array_agg(d) AS reference FROM shopper.distributions($1, $2) d)
	SELECT r.feature, r.kind, s.psi, s.chance, s.ks, s.js, s.missing, t.missing, s.unseen, t.unseen
	FROM training, LATERAL pg_catalog.unnest(training.reference) o JOIN LATERAL shopper.distributions($1, $3, training.reference) r ON r.feature OPERATOR(pg_catalog.=) o.feature,
		LATERAL shopper.drift(o.counts, r.counts, o.edges IS NOT NULL) s, LATERAL shopper.drift(o.counts, o.counts, o.edges IS NOT NULL) t $$;
COMMENT ON FUNCTION @extschema@.feature_drift(text, text, text) IS 'How far the rows of a recent query are from those of a training query: one row per column of the model, and one for what it predicts ((score)). Population stability index (psi: below 0.1 nothing, from 0.2 on much has changed) and how probable one as large is by chance, Kolmogorov-Smirnov distance (ks) of numbers, Jensen-Shannon divergence in bits (js), shares of missing values and of levels that training did not keep. Dates, which always move on, and arrays are left out; of the live version of that name';

-- ---- by hand ----

ALTER TABLE shopper.models ALTER created_at SET DEFAULT shopper.clock();
ALTER TABLE shopper.versions ALTER trained_at SET DEFAULT shopper.clock();
ALTER TABLE shopper.deployments ALTER deployed_at SET DEFAULT shopper.clock();
ALTER TABLE shopper.runs ALTER started_at SET DEFAULT shopper.clock();
SELECT shopper.protect_tables('{version_curves,version_confusion,version_history,version_rules,version_segments,version_segment_features,version_distributions}', '{}');
