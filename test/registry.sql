-- Named models: who may do what, and what the views for reports promise.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
SET client_min_messages = error;
BEGIN;
SELECT plan(70);

CREATE ROLE shopper_reader;
CREATE ROLE shopper_analyst;
CREATE ROLE shopper_other;
CREATE ROLE shopper_team;
CREATE ROLE shopper_member IN ROLE shopper_team;
CREATE ROLE shopper_app;
SELECT shopper.grant_reader('shopper_reader');
SELECT shopper.grant_analyst(r) FROM unnest('{shopper_analyst,shopper_other,shopper_team,shopper_member}'::regrole[]) r;
GRANT SELECT ON shopper.live_models TO shopper_app;
GRANT USAGE ON SCHEMA public TO PUBLIC;

CREATE TABLE visits AS SELECT i AS id, i % 2 AS shop, sin(i) > 0 AS bought, sin(i) + (i * 7 % 10) / 10.0 AS taste FROM generate_series(1, 2000) i;
CREATE TABLE secret AS SELECT * FROM visits;
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_shop ON visits FOR SELECT TO shopper_analyst USING (shop = 1);
CREATE POLICY all_shops ON visits FOR SELECT TO shopper_team USING (true);
CREATE VIEW all_visits AS SELECT * FROM visits;
GRANT SELECT ON all_visits TO shopper_analyst;
GRANT SELECT ON visits TO shopper_analyst, shopper_team, shopper_other, shopper_app, shopper_reader;

-- ---- an analyst trains on what it may see ----
SET LOCAL ROLE shopper_analyst;
SELECT lives_ok($$ SELECT shopper.create_model('mine', 'classifier', 'SELECT id, bought, taste FROM visits', 'bought', key_column => 'id') $$, 'an analyst defines a model');
SELECT lives_ok($$ CALL shopper.train('mine') $$, 'and trains it');
SELECT is((SELECT row_count + holdout_count FROM shopper.model_versions), 1000::bigint, 'on the rows that row-level security shows it');
SELECT is((SELECT row_security_tables FROM shopper.model_versions), 'public.visits', 'which is on record');
SELECT shopper.create_model('all', 'classifier', 'SELECT * FROM all_visits', 'bought', key_column => 'id');
CALL shopper.train('all');
SELECT results_eq($$ SELECT row_count + holdout_count, row_security_tables FROM shopper.model_versions WHERE name = 'all' $$, $$ VALUES (2000::bigint, NULL::text) $$, 'a view reads by the policies for its owner');
SELECT shopper.drop_model('all');
SELECT throws_ok($$ SELECT shopper.create_model('spy', 'classifier', 'SELECT * FROM secret', 'bought'); CALL shopper.train('spy') $$, '42501', NULL, 'a query without the right to it fails');
SELECT lives_ok($$ SELECT shopper.watch('mine', 'SELECT bought, taste + 1 AS taste FROM visits'); CALL shopper.monitor() $$, 'watches it');
SELECT is((SELECT min(row_count) FROM shopper.model_drift), 1000::bigint, 'on the rows that it may see');
SELECT isnt_empty('SELECT * FROM shopper.alerts', 'and is told what is wrong');
SELECT throws_ok($$ INSERT INTO shopper.models (name, job, query, owner) VALUES ('forged', 'clusters', 'SELECT 1', 'shopper_other') $$, '42501', NULL, 'nobody makes models for others');
SELECT throws_ok($$ UPDATE shopper.models SET owner = 'shopper_other' $$, '42501', NULL, 'nor gives them away');

-- ---- others may look, not touch ----
SET LOCAL ROLE shopper_other;
SELECT is((SELECT count(*) FROM shopper.model_list), 1::bigint, 'another analyst sees the model');
SELECT isnt(predict_purchase('mine', f), NULL, 'and predicts by its name') FROM (SELECT 0.5 AS taste) f;
SELECT throws_ok($$ CALL shopper.train('mine') $$, '42501', 'must be owner of model "mine"', 'but does not train it');
SELECT throws_ok($$ SELECT shopper.promote('mine') $$, '42501', 'must be owner of model "mine"', 'nor promote');
SELECT throws_ok($$ SELECT shopper.rollback('mine') $$, '42501', 'must be owner of model "mine"', 'nor roll back');
SELECT throws_ok($$ SELECT shopper.retire('mine') $$, '42501', 'must be owner of model "mine"', 'nor retire');
SELECT throws_ok($$ SELECT shopper.drop_model('mine') $$, '42501', 'must be owner of model "mine"', 'nor drop');
SELECT throws_ok($$ SELECT shopper.watch('mine') $$, '42501', 'must be owner of model "mine"', 'nor watch');
SELECT throws_ok($$ CALL shopper.monitor('mine') $$, '42501', 'must be owner of model "mine"', 'nor measure');
SELECT lives_ok($$ CALL shopper.monitor() $$, 'of all models those of its own are measured');
SELECT results_eq($$ WITH u AS (UPDATE shopper.alert_log SET resolved_at = now() RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'alerts of others stay');
SELECT throws_ok($$ SELECT * FROM shopper.swap_set('mine', 1, 1) $$, '42501', NULL, 'nor run its query');
SELECT results_eq($$ WITH u AS (UPDATE shopper.models SET query = 'SELECT 1' RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'writing past the functions reaches nothing: definitions');
SELECT results_eq($$ WITH u AS (UPDATE shopper.live SET version = 1 RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'live versions');
SELECT results_eq($$ WITH u AS (UPDATE shopper.gates SET maximum_drop = 1 RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'gates');
SELECT results_eq($$ WITH u AS (DELETE FROM shopper.versions RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'versions');
SELECT results_eq($$ WITH u AS (DELETE FROM shopper.runs RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'runs');
SELECT throws_ok($$ INSERT INTO shopper.versions (name, version, model, row_count, holdout_count, seconds, verdict, reason)
	SELECT name, 9, model, 1, 1, 1, 'first', 'forged' FROM shopper.live_models $$, '42501', NULL, 'no version is slipped in');
SELECT throws_ok($$ INSERT INTO shopper.deployments (name, action) VALUES ('mine', 'promote') $$, '42501', NULL, 'no deployment either');
SELECT is((SELECT count(*) FROM shopper.models_due WHERE owner = 'shopper_other'), 0::bigint, 'nothing of others is due for it');

-- ---- scoring jobs run with the rights of the caller, on tables of its own ----
RESET ROLE;
GRANT CREATE ON SCHEMA public TO shopper_other;
SET LOCAL ROLE shopper_other;
SELECT throws_ok($$ CALL shopper.score('mine', 'SELECT * FROM secret', 'mine_scores', 'id') $$, '42501', NULL, 'a job reads what the caller may read');
RESET ROLE;
CREATE POLICY other_shop ON visits FOR SELECT TO shopper_other USING (shop = 0);
SET LOCAL ROLE shopper_other;
SELECT lives_ok($$ CALL shopper.score('mine', 'SELECT id, taste FROM visits', 'mine_scores', 'id') $$, 'an analyst scores with the model of another');
SELECT results_eq($$ SELECT count(*), count(*) FILTER (WHERE id % 2 = 0) FROM mine_scores $$, $$ VALUES (1000::bigint, 1000::bigint) $$, 'the rows that row-level security shows it');
SELECT is((SELECT scored_by || ' ' || row_count FROM shopper.score_runs), 'shopper_other 1000', 'and is named in the log');
SELECT results_eq($$ WITH u AS (UPDATE shopper.bands SET lowest_score = lowest_score + 0.001 WHERE band = 'high' RETURNING 1) SELECT count(*) FROM u $$, ARRAY[1::bigint], 'it edits the bands of its table');
SET LOCAL ROLE shopper_analyst;
SELECT throws_ok($$ CALL shopper.score('mine', 'SELECT id, taste FROM visits', 'mine_scores', 'id') $$, '42501', NULL, 'the owner of the model does not write there');
SELECT results_eq($$ WITH u AS (UPDATE shopper.bands SET lowest_score = 0 RETURNING 1) SELECT count(*) FROM u $$, ARRAY[0::bigint], 'nor edit the bands');
SELECT throws_ok($$ INSERT INTO shopper.bands VALUES ('mine', 'public.mine_scores', 'forged', 0.99) $$, '42501', NULL, 'nor add any');
SELECT throws_ok($$ INSERT INTO shopper.scorings (name, version, target_table, row_count, scored_count, removed_count, started_at) VALUES ('mine', 1, 'public.mine_scores', 1, 1, 1, now()) $$, '42501', NULL, 'nor forge the log');
SELECT throws_ok($$ INSERT INTO shopper.scoring_bands SELECT score_run_id, 'forged', 0, 1, 1 FROM shopper.scorings $$, '42501', NULL, 'nor its figures');

-- ---- members of an owning role ----
SET LOCAL ROLE shopper_team;
SELECT shopper.create_model('ours', 'classifier', 'SELECT id, bought, taste FROM visits', 'bought', key_column => 'id');
CALL shopper.train('ours');
SET LOCAL ROLE shopper_member;
SELECT lives_ok($$ SELECT shopper.promote('ours', 1) $$, 'a member of the owning role promotes');
SELECT throws_ok($$ CALL shopper.train('ours') $$, '42501', 'model "ours" must be trained by its owner', 'but the query runs as the owner alone');

-- ---- who only predicts, who only reads ----
SET LOCAL ROLE shopper_app;
SELECT isnt(predict_purchase('mine', f), NULL, 'an application predicts with the right to one view') FROM (SELECT 0.5 AS taste) f;
SELECT throws_ok($$ SELECT * FROM shopper.model_list $$, '42501', NULL, 'and sees no more');
SELECT throws_ok($$ CALL shopper.score('mine', 'SELECT id, taste FROM visits', 'app_scores', 'id') $$, '42501', NULL, 'scoring jobs are for analysts');
SET LOCAL ROLE shopper_reader;
SELECT is((SELECT count(*) FROM shopper.model_list), 2::bigint, 'a reader reads the views');
SELECT isnt_empty('SELECT * FROM shopper.model_latest', 'also the latest state');
SELECT isnt_empty('SELECT * FROM shopper.feature_importance', 'and importance');
SELECT lives_ok('SELECT * FROM shopper.models_due', 'and what is due');
SELECT results_eq('SELECT sum(row_count) FROM shopper.scores_by_band', ARRAY[1000::numeric], 'and scores by band');
SELECT isnt_empty('SELECT * FROM shopper.alerts', 'and alerts');
SELECT throws_ok($$ SELECT * FROM shopper.models $$, '42501', NULL, 'no table');
SELECT throws_ok($$ SELECT * FROM shopper.live_models $$, '42501', NULL, 'no bytes');
SELECT throws_ok($$ SELECT predict_purchase('mine', f) FROM (SELECT 0.5 AS taste) f $$, '42501', NULL, 'and predicts nothing by name');
-- what one role found is not another's
RESET ROLE;
SELECT isnt(predict_purchase('mine', f), NULL, 'the session has the model at hand') FROM (SELECT 0.5 AS taste) f;
SET LOCAL ROLE shopper_reader;
SELECT throws_ok($$ SELECT predict_purchase('mine', f) FROM (SELECT 0.5 AS taste) f $$, '42501', NULL, 'and still asks for the right');
RESET ROLE;
SELECT throws_ok($$ SELECT shopper.grant_reader('no_such_role') $$, '42704', NULL, 'grants name roles that exist');
SET LOCAL ROLE shopper_analyst;
SELECT shopper.grant_analyst('shopper_reader');
RESET ROLE;
SELECT ok(NOT has_table_privilege('shopper_reader', 'shopper.live_models', 'SELECT') AND NOT has_table_privilege('shopper_reader', 'shopper.models', 'INSERT'), 'only the owner of the extension grants');

-- ---- the catalog ----
CREATE TEMP VIEW member AS SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper');
CREATE TEMP VIEW report_view AS SELECT c.oid, c.relname FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
WHERE c.relkind = 'v' AND has_table_privilege('shopper_reader', c.oid, 'SELECT') AND NOT has_table_privilege('public', c.oid, 'SELECT');
SELECT bag_eq('SELECT relname::text FROM report_view', ARRAY['model_list', 'model_versions', 'model_runs', 'model_metrics', 'model_latest', 'feature_importance', 'model_deployments', 'models_due', 'model_roc', 'model_lift',
	'model_calibration', 'model_confusion', 'model_history', 'model_rules', 'model_segments', 'segment_features', 'model_drift', 'matured_metrics', 'matured_calibration', 'alerts', 'score_runs', 'scores_by_band', 'band_moves', 'recommended_items'], 'what a reader gets are these views');
SELECT is_empty($$ SELECT relname, attname FROM report_view v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
	WHERE a.atttypid NOT IN ('bigint'::regtype, 'float8'::regtype, 'text'::regtype, 'boolean'::regtype, 'date'::regtype, 'timestamptz'::regtype) $$, 'their types are simple');
SELECT is_empty($$ SELECT relname, attname FROM report_view v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
	WHERE a.attname !~ '^[a-z][a-z0-9_]*$' OR (a.atttypid = 'timestamptz'::regtype) <> (a.attname ~ '_at$') OR a.attname ~ '_rate$' AND a.atttypid <> 'float8'::regtype $$, 'their names say what they are');
SELECT is_empty($$ SELECT relname, attname FROM report_view v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
	WHERE coalesce(col_description(v.oid, a.attnum), '') = '' OR obj_description(v.oid, 'pg_class') !~* 'one row per' $$, 'their comments say the grain and each column');
SELECT is_empty($$ SELECT c.relname, a.attname FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
	WHERE c.relkind IN ('r', 'v') AND col_description(c.oid, a.attnum) IS NULL $$, 'every column of every table and view has a comment');
SELECT is_empty($$ SELECT c.relname FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid, pg_extension e
	WHERE e.extname = 'pg_shopper' AND c.relkind IN ('r', 'S') AND c.oid <> ALL (e.extconfig) $$, 'every table and sequence is dumped');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	WHERE p.prosecdef OR p.prokind = 'p' AND p.proconfig IS NOT NULL $$, 'nothing runs with other rights, no procedure has settings that forbid to commit');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	WHERE p.proargtypes[0] = 'bytea'::regtype AND p.proargnames[1] = 'model' AND p.prokind = 'f' AND (p.pronargs < 2 OR p.proargtypes[1] <> 'bytea'::regtype)
	AND p.pronamespace <> 'shopper'::regnamespace AND NOT EXISTS (SELECT FROM pg_proc n WHERE n.proname = p.proname AND n.pronamespace = p.pronamespace AND n.proargtypes[0] = 'text'::regtype AND n.proargnames = p.proargnames
		AND array_to_string(n.proargtypes, ' ') = regexp_replace(array_to_string(p.proargtypes, ' '), '^[0-9]+', 'text'::regtype::oid::text)
		AND n.prosrc = p.prosrc AND n.provolatile = CASE p.provolatile WHEN 'i' THEN 's' ELSE p.provolatile END AND n.proparallel = p.proparallel) $$,
	'every function over model bytes takes a name as well');

-- ---- the comparison, against scipy and scikit-learn (test/oracle/bootstrap_oracle.py) ----
SELECT ok(abs((c).challenger - a) < 1e-12 AND abs((c).champion - b) < 1e-12 AND abs((c).difference - d) < 1e-12
		AND abs((c).low - low) < 0.08 * (high - low) AND abs((c).high - high) < 0.08 * (high - low), 'figures of the paired bootstrap: ' || measure)
FROM (SELECT 'mean' AS measure, 0.46475280865145874 AS a, 1.0647528086514586 AS b, -0.5999999999999999 AS d, -0.7042222222222221 AS low, -0.49332222222222233 AS high,
		shopper.paired_bootstrap(0, x - y, z - y, 'mean', 1) AS c
	FROM (SELECT (sin(i) > 0.2)::int::float8 AS y, sin(i) + (i * 7 % 10) / 5.0::float8 AS x, sin(i) + (i * 3 % 10) / 3.0::float8 AS z FROM generate_series(1, 600) i) s
	UNION ALL SELECT 'root_mean', 0.8155353617988272, 1.4723536255839178, -0.6568182637850906, -0.7447435500472882, -0.5667567702075818,
		shopper.paired_bootstrap(0, (x - y) ^ 2, (z - y) ^ 2, 'root_mean', 1)
	FROM (SELECT (sin(i) > 0.2)::int::float8 AS y, sin(i) + (i * 7 % 10) / 5.0::float8 AS x, sin(i) + (i * 3 % 10) / 3.0::float8 AS z FROM generate_series(1, 600) i) s
	UNION ALL SELECT 'auc', 0.9119946745495369, 0.8033532285543433, 0.10864144599519354, 0.06683556005171537, 0.1521788366750514,
		shopper.paired_bootstrap(y, x, z, 'auc', 1)
	FROM (SELECT (sin(i) > 0.2)::int::float8 AS y, sin(i) + (i * 7 % 10) / 5.0::float8 AS x, sin(i) + (i * 3 % 10) / 3.0::float8 AS z FROM generate_series(1, 600) i) s) f;

SELECT * FROM finish();
ROLLBACK;
