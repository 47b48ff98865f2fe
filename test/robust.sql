-- Nothing breaks it: garbage, limits and cancelled trainings end in clean errors, and
-- leave no memory and no thread behind.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
SET client_min_messages = error;
BEGIN;
SELECT plan(81);

-- ---- any function, called with NULLs or garbage ----

-- The SQLSTATE of a statement, '00000' when it works.
CREATE FUNCTION pg_temp.state(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN '00000';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;

-- A call of each function of the extension, its arguments given by type.
CREATE FUNCTION pg_temp.calls(bytes text, words text) RETURNS TABLE (call text, state text) LANGUAGE sql AS $$
	SELECT c, pg_temp.state('SELECT * FROM ' || c || ' x') FROM (
		SELECT format('%s(%s)', p.oid::regproc::text,
			(SELECT string_agg(CASE
				WHEN t = 'internal'::regtype THEN 'NULL'
				WHEN t = 'bytea'::regtype THEN bytes || '::bytea'
				WHEN t = '"any"'::regtype THEN words || '::text'
				WHEN t = 'anyelement'::regtype THEN 'NULL::bigint'
				WHEN t = 'record'::regtype THEN 'NULL::record'
				WHEN t IN ('text'::regtype, 'uuid'::regtype, 'jsonb'::regtype) AND words = 'NULL' THEN 'NULL::' || t::regtype
				WHEN t = 'text'::regtype THEN words || '::text'
				ELSE 'NULL::' || t::regtype END, ', ' ORDER BY n)
			 FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a(t, n))) AS c
		FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
		WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper') AND d.refclassid = 'pg_extension'::regclass
			AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.prokind = 'f') s $$;

CREATE FUNCTION pg_temp.tells(state text) RETURNS boolean LANGUAGE sql AS $$
	SELECT state IN ('00000', '22P03', '22004', '22023', '22000', '42804', '42P18', '42601', '42883', '22P02', '42703', '0A000', '3F000', '42P01', '22007', '42704')
$$;
SELECT is_empty($$ SELECT * FROM pg_temp.calls('NULL', 'NULL') WHERE NOT pg_temp.tells(state)
	AND NOT (state = 'XX000' AND call ~ 'shopper_') $$, 'functions take NULLs');
SELECT is_empty($$ SELECT * FROM pg_temp.calls('''\x00''', '''no''') WHERE NOT pg_temp.tells(state)
	AND NOT (state = 'XX000' AND call ~ 'shopper_') $$, 'functions refuse garbage');
SELECT is_empty($$ SELECT * FROM pg_temp.calls('''\x50475348010001000000000000000000000000000000000000000000''', '''1''')
	WHERE NOT pg_temp.tells(state) AND NOT (state = 'XX000' AND call ~ 'shopper_') $$, 'functions refuse half a header');

-- ---- state functions outside of their aggregates ----
SELECT throws_ok(format('SELECT shopper_%s', f), 'XX000', 'aggregate function called in non-aggregate context', 'direct call: ' || f)
FROM unnest(ARRAY['probability_accum(NULL, true, 0.5)', 'number_accum(''{0,0,0,0,0}'', 1, 1)', 'class_accum(''{1}'', 1, 1)',
	'sums_combine(''{1}'', ''{1}'')', 'number_combine(NULL, ''{}'')', 'log_loss_final(''{1}'')']) f;
-- minor versions of the server differ in how they refuse
SELECT matches(pg_temp.state('SELECT shopper_' || f), '^(42883|0A000)$', 'SQL has no value for ' || f)
FROM unnest(ARRAY['points_combine(NULL, NULL)', 'points_deserial(''\x00'', NULL)', 'confusion_deserial(''\x00'', NULL)', 'auc_final(NULL)', 'rows_final(NULL)']) f;

-- Aggregates over float8[] states may be made by anybody, with any initial state.
CREATE AGGREGATE pg_temp.short(float8, float8) (SFUNC = shopper_number_accum, STYPE = float8[], INITCOND = '{1,2}');
CREATE AGGREGATE pg_temp.deep(float8, float8) (SFUNC = shopper_number_accum, STYPE = float8[], INITCOND = '{{1,2,3,4,5}}');
CREATE AGGREGATE pg_temp.nulls(float8, float8) (SFUNC = shopper_number_accum, STYPE = float8[], INITCOND = '{1,2,NULL,4,5}');
CREATE AGGREGATE pg_temp.nothing("any", float8) (SFUNC = shopper_probability_accum, STYPE = float8[], INITCOND = '{}', FINALFUNC = shopper_brier_final);
CREATE AGGREGATE pg_temp.final(float8, float8) (SFUNC = shopper_number_accum, STYPE = float8[], INITCOND = '{1}', FINALFUNC = shopper_rmse_final);
CREATE AGGREGATE pg_temp.shifted(float8, float8) (SFUNC = shopper_number_accum, STYPE = float8[], INITCOND = '[3:7]={0,0,0,0,0}', FINALFUNC = shopper_rmse_final);
CREATE AGGREGATE pg_temp.merge(float8[]) (SFUNC = shopper_sums_combine, STYPE = float8[]);
CREATE AGGREGATE pg_temp.merge2(float8[]) (SFUNC = shopper_number_combine, STYPE = float8[]);
SELECT throws_ok('SELECT ' || call, 'XX000', 'unexpected aggregate state', 'wrong state: ' || call)
FROM unnest(ARRAY['pg_temp.short(1, 2)', 'pg_temp.deep(1, 2)', 'pg_temp.nulls(1, 2)', 'pg_temp.nothing(true, 0.5)', 'pg_temp.final(1, NULL)',
	'pg_temp.merge(''{1,2}'')', 'pg_temp.merge(''{}'')', 'pg_temp.merge(''{{1,2,3,4,5}}'')', 'pg_temp.merge(''{1,2,3,4,NULL}'')',
	'pg_temp.merge2(''{1,2,3,4}'')', 'pg_temp.merge2(''{1,2,3,4,5,6}'')']) call;
SELECT is((SELECT pg_temp.shifted(1, 3)), 2::float8, 'an array may start anywhere');
SELECT is((SELECT pg_temp.merge(a) FROM (VALUES ('{1,2,3,4,5}'::float8[]), (NULL), ('{1,1,1,1,1}')) v(a)), '{2,3,4,5,6}', 'states add up');
SELECT is((SELECT pg_temp.merge2(a) FROM (VALUES ('{NaN,Infinity,3,4,5}'::float8[]), ('{-1,1,1,1,1}')) v(a)) IS NOT NULL, true, 'odd numbers do no harm');

-- ---- models that change at one call site ----
CREATE TEMP TABLE two AS
	SELECT 1 AS id, train_classifier(f, 'y') AS m FROM (SELECT i % 2 = 0 AS y, i % 7 AS a FROM generate_series(1, 100) i) f
	UNION ALL SELECT 2, train_classifier(f, 'y') FROM (SELECT i % 5 = 0 AS y, i % 7 AS a, i % 3 AS c FROM generate_series(1, 100) i) f;
CREATE TEMP TABLE right_ones AS SELECT id, predict_purchase(m, v) AS p FROM two, (SELECT 1 AS a, 1 AS c) v;
CREATE FUNCTION pg_temp.by_variable() RETURNS SETOF float8 LANGUAGE plpgsql AS $$
DECLARE
	r record;
	model bytea;
BEGIN
	SELECT 1 AS a, 1 AS c INTO r;
	FOR k IN 1..4 LOOP
		model := (SELECT m FROM two WHERE id = 2 - k % 2);
		RETURN NEXT predict_purchase(model, r);
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.by_argument(model bytea) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	SELECT 1 AS a, 1 AS c INTO r;
	RETURN predict_purchase(model, r);
END $$;
SELECT results_eq('SELECT * FROM pg_temp.by_variable()', 'SELECT p FROM right_ones, generate_series(1, 2) g ORDER BY g, id', 'a PL/pgSQL variable');
SELECT results_eq('SELECT pg_temp.by_argument(m) FROM two ORDER BY id', 'SELECT p FROM right_ones ORDER BY id', 'a PL/pgSQL argument');
PREPARE scored(bytea) AS SELECT predict_purchase($1, v) FROM (SELECT 1 AS a, 1 AS c) v;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT m AS m1 FROM two WHERE id = 1 \gset
SELECT m AS m2 FROM two WHERE id = 2 \gset
CREATE TEMP TABLE prepared1 AS EXECUTE scored(:'m1');
CREATE TEMP TABLE prepared2 AS EXECUTE scored(:'m2');
SELECT results_eq('TABLE prepared1 UNION ALL TABLE prepared2', 'SELECT p FROM right_ones ORDER BY id', 'a prepared statement');
UPDATE two SET m = (SELECT o.m FROM two o WHERE o.id = 3 - two.id);
SELECT results_eq('SELECT predict_purchase(m, v) FROM two, (SELECT 1 AS a, 1 AS c) v ORDER BY id', 'SELECT p FROM right_ones ORDER BY id DESC', 'after an UPDATE');
CREATE FUNCTION pg_temp.held() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts $$;
SELECT cmp_ok((SELECT max(CASE WHEN i % 10000 = 0 THEN pg_temp.held() END) - min(CASE WHEN i % 10000 = 0 THEN pg_temp.held() END) FROM (
	SELECT i, predict_purchase(m, v) AS p FROM generate_series(1, 30000) i JOIN two ON two.id = 1 + i % 2, (SELECT 1 AS a, 1 AS c) v OFFSET 0) s),
	'<', 4000000::bigint, 'models that change with every row hold no memory');

-- ---- limits ----
CREATE TEMP TABLE big AS SELECT i, sin(i)::float8 AS a, cos(i * 1.7)::float8 AS b, sin(i * 0.3) * i AS c, (i % 97)::float8 AS d, 'c' || i % 50 AS e,
	'level ' || i AS many, noise - floor(noise) > 0.5 + 0.2 * sin(i) AS y, 'class ' || i * 13 % 7 AS y7, sin(i) + cos(i * 3) AS z
FROM (SELECT i, sin(i * 12.9898) * 43758.5453 AS noise FROM generate_series(1, 1000000) i) s;
CREATE TEMP TABLE ratings AS SELECT i % 20011 AS u, i * 7919::bigint % 3001 AS item, 1 + i % 5 AS rating FROM generate_series(1, 1000000) i;
CREATE TEMP TABLE dense AS SELECT b, item FROM (SELECT b, item, sin(b * 12.9898 + item * 78.233) * 43758.5453 AS noise
	FROM generate_series(1, 3000) b, generate_series(1, 60) item) s WHERE noise - floor(noise) < 0.7;
CREATE TEMP TABLE rules AS SELECT train_rules(b, item, itemsets(min_count => 700, max_length => 6)) AS m FROM dense;
CREATE TEMP TABLE learners (learner text, query text);
INSERT INTO learners VALUES
	('logistic', $$ SELECT train_classifier(f, 'y', logistic(penalty => 'l1')) FROM (SELECT y, a, b, c, d, e FROM big) f $$),
	('logistic, 7 classes', $$ SELECT train_classifier_from('SELECT y7, a, b, c, d, e FROM big', 'y7') $$),
	('linear', $$ SELECT train_regressor_from('SELECT z, a, b, c, d, e FROM big', 'z') $$),
	('mlp', $$ SELECT train_classifier_from('SELECT y, a, b, c, d, e FROM big', 'y', mlp()) $$),
	('mlp, wide', $$ SELECT train_regressor_from('SELECT z, a, b, c, d, e FROM big', 'z', mlp(hidden => ARRAY[2000,2000], batch_size => 100000)) $$),
	('tree', $$ SELECT train_classifier_from('SELECT y, a, b, c, d, e FROM big', 'y', tree(max_depth => 20)) $$),
	('forest', $$ SELECT train_classifier_from('SELECT y7, a, b, c, d, e FROM big', 'y7', forest()) $$),
	('boosting', $$ SELECT train_classifier_from('SELECT y, a, b, c, d, e FROM big', 'y', boosting(trees => 1000)) $$),
	('boosting, 7 classes', $$ SELECT train_classifier_from('SELECT y7, a, b, c, d, e FROM big', 'y7', boosting(rows => 0.5)) $$),
	('boosting, absolute', $$ SELECT train_regressor_from('SELECT z, a, b, c, d, e FROM big', 'z', boosting(loss => 'absolute', trees => 1000)) $$),
	('boosting, quantile', $$ SELECT train_regressor_from('SELECT z, a, b, c, d, e FROM big', 'z', boosting(loss => 'quantile', max_leaves => 2, rows => 0.9, trees => 1000)) $$),
	('tune', $$ SELECT count(*) FROM tune('SELECT y, a, b, c, d, e FROM big', 'y', boosting() || '{"learning_rate": {"min": 0.01, "max": 0.3, "log": true}}') $$),
	('svd, explicit', $$ SELECT train_recommender(u, item, rating, svd(factors => 64)) FROM ratings $$),
	('svd, implicit', $$ SELECT train_recommender_from('SELECT u, item FROM ratings', svd(factors => 100)) $$),
	('svd, exact', $$ SELECT train_recommender_from('SELECT u, item FROM ratings', svd(factors => 200, cg_steps => 0)) $$),
	('svd, truncated', $$ SELECT train_recommender_from('SELECT u, item FROM ratings', svd(method => 'truncated', factors => 100)) $$),
	('nmf', $$ SELECT train_recommender_from('SELECT u, item FROM ratings', nmf(factors => 64)) $$),
	('ease', $$ SELECT train_recommender_from('SELECT u, item FROM ratings', ease()) $$),
	('itemsets', $$ SELECT train_rules(b, item, itemsets(min_count => 30, max_itemsets => 1000000000)) FROM dense $$),
	('apriori', $$ SELECT train_rules(b, item, itemsets(min_count => 30, max_itemsets => 1000000000, method => 'apriori')) FROM dense $$),
	('many texts', $$ SELECT train_rules(i / 10, many) FROM big $$),
	('kmeans', $$ SELECT train_clusters_from('SELECT a, b, c, d FROM big', kmeans(k => 200)) $$),
	('dbscan', $$ SELECT train_clusters_from('SELECT a, b, c, d FROM big', dbscan(eps => 0.2)) $$),
	('gaussian_mixture', $$ SELECT train_clusters_from('SELECT a, b, c, d FROM big', gaussian_mixture(k => 10)) $$),
	('hierarchical', $$ SELECT train_clusters_from('SELECT a, b, c, d, e FROM big LIMIT 5000', hierarchical(linkage => 'average')) $$),
	('silhouette', $$ SELECT silhouette(ARRAY[a, b, c, d], i % 3) FROM big $$),
	('lda', $$ SELECT train_projection(f, lda(target => 'y')) FROM (SELECT y, a, b, c, d FROM big) f $$),
	('isolation_forest', $$ SELECT train_anomaly_from('SELECT a, b, c, d, e FROM big', isolation_forest(trees => 500, sample => 20000)) $$),
	('scaler', $$ SELECT train_scaler_from('SELECT a, b, c, d, e FROM big UNION ALL SELECT a, b, c, d, e FROM big', scaler(method => 'quantile')) $$),
	('profile_table', $$ SELECT count(*) FROM profile_table('SELECT * FROM big UNION ALL SELECT * FROM big') $$),
	('correlations', $$ SELECT count(*) FROM correlations('SELECT a, b, c, d FROM big UNION ALL SELECT a, b, c, d FROM big', 'spearman') $$),
	('purchase_features', $$ SELECT count(*) FROM purchase_features('SELECT i % 5000 AS customer, timestamp ''2026-01-01'' + i * interval ''1 second'' AS at, i / 3 AS order_id, i % 70 AS category FROM generate_series(1, 1500000) i', NULL) $$),
	('interpolate', $$ SELECT count(z) FROM (SELECT interpolate(NULLIF(a, 0), i, 'spline') OVER (ORDER BY i) AS z FROM big) z $$),
	('rules of a model', $$ SELECT count(*) FROM rules, assoc_rules(m, max_consequent => 4) $$);

SET LOCAL pg_shopper.max_training_memory = 1;
SELECT throws_ok(query, '54000', NULL, 'one MB is not enough for ' || learner) FROM learners WHERE learner !~ 'itemsets|apriori|rules';
SELECT throws_ok($$ SELECT train_rules(b, item, itemsets(min_count => 30)) FROM dense $$, '54000', NULL, 'nor for itemsets');
SET LOCAL pg_shopper.max_training_memory = 30;
SELECT throws_ok(query, '54000', 'training needs more than 30 MB of memory', 'a limit that is met while ' || learner || ' trains')
FROM learners WHERE learner IN ('logistic', 'mlp', 'svd, exact', 'itemsets', 'many texts');
RESET pg_shopper.max_training_memory;
SELECT is(pg_temp.state($$ SELECT train_rules(b, item, itemsets(min_count => 30)) FROM dense $$), '54000', 'more item sets than allowed');
SET LOCAL pg_shopper.max_model_size = 1;
SELECT is(pg_temp.state($$ SELECT train_recommender_from('SELECT u, item, rating FROM ratings', svd(epochs => 1, factors => 64)) $$), '54000', 'a model that is too large');
RESET pg_shopper.max_model_size;

-- a million levels: the rare ones share one, or it is too much
SELECT is((SELECT model_info(train_classifier(f, 'y', logistic(importance => false, categorical => ARRAY['many'])))->'features'->0->>'levels'
	FROM (SELECT y, many || ' ' AS many FROM big WHERE i < 5 UNION ALL SELECT y, many || ' ' FROM big) f), '1001', 'a million levels');
SELECT is(pg_temp.state($$ SELECT train_classifier_from('SELECT y, many FROM big UNION ALL SELECT y, many FROM big', 'y', logistic(max_levels => 1000000)) $$), '54000', 'a million columns');

SELECT is((SELECT count(*) FROM pg_backend_memory_contexts WHERE name IN ('pg_shopper', 'pg_shopper row') AND parent <> 'TopMemoryContext'), 0::bigint, 'failures leave no memory');

-- ---- cancel at any time: the first 57014 within 100 ms ----
-- 250 ms are allowed here, as machines are shared. One stall of the machine is no fault of a
-- learner, so what was late is tried again: a loop that does not poll is late each time.
CREATE FUNCTION pg_temp.threads() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM pg_ls_dir('/proc/' || pg_backend_pid() || '/task', true, false) $$;
CREATE FUNCTION pg_temp.run(query text, OUT state text, OUT ms float8, OUT contexts bigint, OUT threads bigint) LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE query;
		state := '00000';
	EXCEPTION WHEN query_canceled THEN
		state := sqlstate;
	END;
	ms := 1000 * extract(epoch FROM clock_timestamp() - statement_timestamp());
	SELECT count(*) INTO contexts FROM pg_backend_memory_contexts WHERE name IN ('pg_shopper', 'pg_shopper row') AND parent <> 'TopMemoryContext';
	threads := pg_temp.threads();
END $$;
CREATE TEMP TABLE seen (learner text, timeout float8, state text, ms float8, contexts bigint, threads bigint);
SET LOCAL max_parallel_maintenance_workers = 2;
CREATE TEMP VIEW trials AS
	SELECT learner, t AS timeout, format($$ SET LOCAL statement_timeout = %1$s; INSERT INTO seen SELECT %2$L, %1$s, r.* FROM pg_temp.run(%3$L) r; SET LOCAL statement_timeout = 0 $$, t, learner, query) AS statement
	FROM learners, unnest(ARRAY[100, 450, 1000]) t;
CREATE TEMP VIEW late AS
	SELECT learner, timeout, min(ms - timeout) AS ms FROM seen WHERE state = '57014' GROUP BY learner, timeout HAVING min(ms - timeout) > 200;
SELECT statement FROM trials \gexec
SELECT statement FROM trials JOIN late USING (learner, timeout) \gexec
SELECT statement FROM trials JOIN late USING (learner, timeout) \gexec
SELECT statement FROM trials JOIN late USING (learner, timeout) \gexec
SELECT statement FROM trials JOIN late USING (learner, timeout) \gexec
SELECT is_empty($$ SELECT * FROM seen WHERE state NOT IN ('00000', '57014') $$, 'cancelled trainings end with 57014');
SELECT is((SELECT count(DISTINCT learner) FROM seen WHERE state = '57014'), (SELECT count(*) FROM learners), 'each learner was cancelled');
SELECT is_empty('SELECT * FROM late WHERE ms > 250', 'soon');
SELECT is_empty('SELECT * FROM seen WHERE contexts > 0', 'no memory is left');
SELECT is_empty('SELECT * FROM seen WHERE threads <> pg_temp.threads()', 'no thread is left');
SELECT diag(string_agg(format('%s: %s ms', learner, late), ', ')) FROM
	(SELECT learner, max(round((ms - timeout)::numeric)) AS late FROM seen WHERE state = '57014' GROUP BY learner ORDER BY 2 DESC) s;
SELECT is(predict_class(m, v), 'false', 'the session goes on') FROM
	(SELECT train_classifier(f, 'y') AS m FROM (SELECT i > 50 AS y, i AS a FROM generate_series(1, 100) i) f) s, (SELECT 10 AS a) v;

SELECT * FROM finish();
ROLLBACK;
