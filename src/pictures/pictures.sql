-- Figures: text for psql, SVG for pages and files.
--
-- Queries give their columns by position; the names of the columns become the titles of the axes.
-- An SVG is one text: valid XML, no scripts, nothing from elsewhere, for light and dark pages.

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

-- ---- of rows that were counted before ----

CREATE FUNCTION shopper.plot_curve(kind text, query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT 420) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_curve';
COMMENT ON FUNCTION shopper.plot_curve(text, text, text, int, int) IS 'Step of plot_svg_roc, plot_svg_lift and plot_svg_calibration: points of such a curve (kind: roc, lift, calibration) as SVG; shares from 0 to 1 [, series]';
CREATE FUNCTION shopper.plot_matrix(query text, title text DEFAULT NULL, width int DEFAULT 480, height int DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'shopper_plot_matrix';
COMMENT ON FUNCTION shopper.plot_matrix(text, text, int, int) IS 'Step of plot_svg_confusion: cells of a confusion matrix as SVG: actual, predicted, row_count; of more than 12 classes the rare ones are taken together';
CREATE FUNCTION shopper.query_columns(query text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'shopper_query_columns';
COMMENT ON FUNCTION shopper.query_columns(text) IS 'Step of the figures: names of the columns of a query; it is parsed, not run. An error when it is not one plain SELECT';

-- label, score [, series] of a query as a sub-select whose series is NULL when there is none.
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

-- ---- of labels and scores ----

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
