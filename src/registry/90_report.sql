-- shopper.report: what the views know of one model, as one page of HTML.
--
-- A section whose view has no rows, or may not be read by the caller, is left out. The page holds its
-- figures and styles, loads nothing, and forbids scripts.

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

-- kind: table, list (a narrow table), bars, lines, matrix, or one of shopper.plot_curve.
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

-- What is known of the model's state, in sentences.
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
