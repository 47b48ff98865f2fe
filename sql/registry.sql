-- Named models: define, train, judge, promote, roll back, use by name.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
\set SHOW_CONTEXT never
CREATE TABLE visits AS SELECT i AS id, sin(i) + 0.3 * cos(i * 12.9898) > 0.2 AS bought, 20 + i % 60 AS age, sin(i) AS taste, 'c' || i % 7 AS city, 3 * sin(i) + i % 5 AS spent
FROM generate_series(1, 3000) i;

-- definitions are checked
SELECT shopper.create_model('buyers', 'classifier', 'SELECT id, bought, age, taste, city FROM visits', 'bought', tree(max_depth => 1), key_column => 'id');
SELECT shopper.create_model('buyers', 'classifier', 'SELECT * FROM visits', 'bought');
SELECT shopper.create_model('x', 'oracle', 'SELECT 1');
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits');
SELECT shopper.create_model('x', 'clusters', 'SELECT * FROM visits', 'bought');
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits', 'bought', metric => 'rmse');
SELECT shopper.create_model('x', 'rules', 'SELECT 1, 2', metric => 'rmse');
SELECT shopper.create_model('x', 'clusters', 'DROP TABLE visits');
SELECT shopper.create_model('x', 'clusters', 'SELECT 1; DROP TABLE visits');
SELECT shopper.create_model('x', 'clusters', 'SELECT * FROM nowhere');
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits', 'Bought');
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits', 'bought', key_column => 'visit');
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits', 'bought', key_column => 'bought');
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits', 'bought', holdout => 1);
SELECT shopper.create_model('x', 'classifier', 'SELECT * FROM visits', 'bought', min_new_rows => 0);
SELECT shopper.create_model(repeat('u', 64), 'classifier', 'SELECT * FROM visits', 'bought');
SELECT shopper.create_model('\x41', 'classifier', 'SELECT * FROM visits', 'bought');
SELECT shopper.create_model(NULL, 'classifier', 'SELECT * FROM visits', 'bought');
SELECT shopper.create_model('x', NULL, 'SELECT * FROM visits', 'bought');
SELECT name, reason FROM shopper.models_due;
SELECT predict_purchase('buyers', v) FROM visits v LIMIT 1;

-- the first version, a better one, a worse one
CALL shopper.train('buyers');
SELECT live_version, newest_version, state FROM shopper.model_list;
UPDATE shopper.models SET options = boosting(trees => 30) WHERE name = 'buyers';
CALL shopper.train('buyers');
UPDATE shopper.models SET options = tree(max_depth => 1) WHERE name = 'buyers';
CALL shopper.train('buyers');
CALL shopper.train('nobody');
SELECT version, live, verdict, champion_version, row_count + holdout_count AS all_rows, features, reason FROM shopper.model_versions ORDER BY version;
SELECT version, action, previous_version FROM shopper.model_deployments ORDER BY deployment_id;
SELECT state, version FROM shopper.model_runs ORDER BY run_id;

-- the verdict's figures are those of the measuring aggregates on the held-out rows
SELECT round(v.metric_value::numeric, 9) = round(log_loss(h.bought, predict_purchase(shopper.model('buyers', v.version), h))::numeric, 9) AS same
FROM shopper.model_versions v, (SELECT * FROM visits WHERE fold(id, 10000) < 2000) h GROUP BY v.version, v.metric_value ORDER BY v.version;
-- and nobody trained on these
SELECT row_count = (SELECT count(*) FROM visits WHERE fold(id, 10000) >= 2000) AS without_holdout FROM shopper.model_versions WHERE version = 2;
SELECT shopper.model('buyers', 2) = train_classifier_from('SELECT bought, age, taste, city FROM visits WHERE fold(id, 10000) >= 2000', 'bought', boosting(trees => 30)) AS same_bytes;

-- by name and by bytes
SELECT count(*), bool_and(predict_purchase('buyers', v) = predict_purchase(l.model, v) AND predict_class('buyers', v) = predict_class(l.model, v)
	AND predict_proba('buyers', v) = predict_proba(l.model, v)) AS same FROM visits v, shopper.live_models l WHERE l.name = 'buyers';
SELECT model_id('buyers') = l.id AND model_id(l.model) = l.id AS same_id FROM shopper.live_models l;
SELECT (model_info('buyers') ->> 'bytes')::bigint = model_bytes AS same_size FROM shopper.live_models;
SELECT count(*) > 0 AS metrics FROM model_metrics('buyers');
SELECT item, ok FROM model_check('buyers');
SELECT model_info(set_cutoff('buyers', 0.3)) -> 'options' ->> 'cutoff' AS cutoff;
SELECT predict_purchase(NULL::text, v) IS NULL AS nothing, predict_purchase('buyers', NULL::record) IS NULL AS no_row FROM visits v LIMIT 1;
SELECT predict_purchase('\x50475348', v) FROM visits v LIMIT 1;
SELECT predict_purchase(repeat('x', 100), v) FROM visits v LIMIT 1;
SELECT predict_value('buyers', v) FROM visits v LIMIT 1;

-- each statement sees what is live at its beginning, also in one call site of PL/pgSQL
CREATE FUNCTION seen() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN predict_purchase('buyers', v) FROM visits v WHERE id = 3; END $$;
CREATE FUNCTION watch() RETURNS TABLE (step text, changed boolean) LANGUAGE plpgsql AS $$
DECLARE
	first float8;
	now_seen float8;
	r record;
BEGIN
	SELECT * INTO r FROM visits WHERE id = 3;
	FOR i IN 1..6 LOOP
		now_seen := predict_purchase('buyers', r);
		first := coalesce(first, now_seen);
		step := CASE i WHEN 1 THEN 'at first' WHEN 2 THEN 'same' WHEN 3 THEN 'promoted' WHEN 4 THEN 'rolled back' WHEN 5 THEN 'promoted' ELSE 'after an error' END;
		changed := now_seen <> first;
		RETURN NEXT;
		IF i = 2 OR i = 4 THEN
			PERFORM shopper.promote('buyers', 3);
		ELSIF i = 3 THEN
			PERFORM shopper.rollback('buyers');
		ELSIF i = 5 THEN
			BEGIN
				PERFORM shopper.rollback('buyers');
				IF predict_purchase('buyers', r) <> first THEN
					RAISE EXCEPTION 'not seen';
				END IF;
				RAISE division_by_zero;
			EXCEPTION WHEN division_by_zero THEN NULL;
			END;
		END IF;
	END LOOP;
END $$;
SELECT * FROM watch();
SELECT shopper.rollback('buyers');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT seen() AS before \gset
SAVEPOINT s;
SELECT shopper.promote('buyers', 1);
SELECT seen() <> :before AS promoted;
ROLLBACK TO s;
SELECT seen() = :before AS taken_back;
ROLLBACK;
PREPARE score(int) AS SELECT predict_purchase('buyers', v) FROM visits v WHERE id = $1;
EXECUTE score(3) \gset
SELECT shopper.promote('buyers', 3, 'to see it');
SELECT :predict_purchase <> seen() AS other_version;
SELECT shopper.rollback('buyers');

-- parallel plans
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT count(*) FROM visits v WHERE predict_purchase('buyers', v) > 0.5;
SELECT (SELECT count(*) FROM visits v WHERE predict_purchase('buyers', v) > 0.5) = (SELECT count(*) FROM visits v, shopper.live_models l WHERE predict_purchase(l.model, v) > 0.5) AS same;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;

-- deployments: rollback goes further back each time, retiring ends service
SELECT shopper.rollback('buyers');
SELECT shopper.rollback('buyers');
SELECT shopper.promote('buyers', 9);
SELECT shopper.retire('buyers', 'end of season');
SELECT seen();
CALL shopper.train('buyers');
SELECT shopper.promote('buyers', 2);
SELECT action, version, previous_version, reason FROM shopper.model_deployments ORDER BY deployment_id DESC LIMIT 3;

-- what differs
SELECT part, item, old_value, new_value FROM shopper.model_diff('buyers', 1, 2) WHERE part = 'version' AND item = 'algorithm' OR part = 'option' AND item IN ('trees', 'max_depth') OR part = 'swap set';
SELECT row_key, round(old_score::numeric, 4) AS old_score, round(new_score::numeric, 4) AS new_score, direction FROM shopper.swap_set('buyers', 1, 2) LIMIT 3;
SELECT direction, count(*) FROM shopper.swap_set('buyers', 1, 2, 'SELECT * FROM visits WHERE id <= 500', 0.7, 'id') GROUP BY direction ORDER BY direction;
SELECT count(*) = (SELECT count(*) FROM visits v WHERE (predict_purchase(shopper.model('buyers', 1), v) >= 0.5) <> (predict_purchase(shopper.model('buyers', 2), v) >= 0.5)) AS all_of_them FROM shopper.swap_set('buyers', 1, 2);

-- the gate
UPDATE shopper.gates SET minimum_rows = 100000 WHERE name = 'buyers';
CALL shopper.train('buyers');
UPDATE shopper.gates SET minimum_rows = 1, worst_metric = 0.01 WHERE name = 'buyers';
CALL shopper.train('buyers');
UPDATE shopper.gates SET worst_metric = NULL WHERE name = 'buyers';
UPDATE shopper.models SET query = 'SELECT id, bought, age, taste, city FROM visits WHERE id < 1000' WHERE name = 'buyers';
CALL shopper.train('buyers');
UPDATE shopper.models SET query = 'SELECT id, bought, age, taste, city FROM visits WHERE bought OR id % 4 = 0' WHERE name = 'buyers';
CALL shopper.train('buyers');
UPDATE shopper.gates SET maximum_row_loss = NULL, maximum_label_shift = NULL WHERE name = 'buyers';
UPDATE shopper.models SET query = 'SELECT id, bought, age, taste AS liking, city FROM visits' WHERE name = 'buyers';
CALL shopper.train('buyers');
UPDATE shopper.models SET query = 'SELECT id, bought, age, taste, city FROM visits', options = boosting(trees => 29) WHERE name = 'buyers';
UPDATE shopper.gates SET maximum_drop = 0.5 WHERE name = 'buyers';
CALL shopper.train('buyers');
SELECT verdict, live, regexp_replace(reason, '[0-9]\.[0-9]+', '...', 'g') AS reason FROM shopper.model_versions WHERE version > 3 ORDER BY version;

-- every metric, and jobs with and without one
CREATE TABLE lines AS SELECT i % 300 AS buyer, 'item ' || (i * 7919) % 41 AS item, 1 + i * 31 % 5 AS rating, timestamptz '2025-01-01' + i * interval '1 hour' AS bought_at FROM generate_series(1, 6000::bigint) i;
SELECT shopper.create_model('auc', 'classifier', 'SELECT bought, age, taste FROM visits', 'bought', metric => 'auc'),
	shopper.create_model('accuracy', 'classifier', 'SELECT city, age, taste FROM visits', 'city', metric => 'accuracy'),
	shopper.create_model('brier', 'classifier', 'SELECT bought, age, taste FROM visits', 'bought', metric => 'brier_score'),
	shopper.create_model('classes', 'classifier', 'SELECT city, age, taste FROM visits', 'city'),
	shopper.create_model('rmse', 'regressor', 'SELECT spent, age, taste FROM visits', 'spent'),
	shopper.create_model('mae', 'regressor', 'SELECT spent, age, taste FROM visits', 'spent', metric => 'mae'),
	shopper.create_model('hits', 'recommender', 'SELECT buyer, item FROM lines', options => popular()),
	shopper.create_model('stars', 'recommender', 'SELECT buyer, item, rating FROM lines', options => svd(factors => 2, epochs => 3), metric => 'rmse'),
	shopper.create_model('rules', 'rules', 'SELECT buyer, item FROM lines', options => itemsets(min_count => 20, max_length => 2)),
	shopper.create_model('next', 'sequence_rules', 'SELECT buyer, item, bought_at FROM lines'),
	shopper.create_model('groups', 'clusters', 'SELECT age, taste FROM visits -- all of them', options => kmeans(k => 3)),
	shopper.create_model('axes', 'projection', 'SELECT age, taste FROM visits; '),
	shopper.create_model('alike', 'content', 'SELECT id, age, city FROM visits WHERE id < 100', 'id'),
	shopper.create_model('broken', 'classifier', 'SELECT 1 / (id - 5) AS ratio, bought FROM visits', 'bought');
CALL shopper.retrain_due();
SELECT name, state, regexp_replace(message, '[0-9]+\.[0-9]+', '...') AS message FROM shopper.model_runs WHERE name <> 'buyers' ORDER BY name COLLATE "C";
SELECT name, reason FROM shopper.models_due;
UPDATE shopper.models SET max_age = '1 microsecond' WHERE name IN ('auc', 'accuracy', 'brier', 'classes', 'rmse', 'mae', 'hits', 'stars', 'rules');
CALL shopper.retrain_due();
SELECT name, metric, verdict, round(difference::numeric, 9) AS difference, live FROM shopper.model_versions WHERE version = 2 AND name <> 'buyers' ORDER BY name COLLATE "C";
SELECT count(*) > 0 AS rules FROM assoc_rules('rules', min_count => 20);
SELECT count(*) FROM recommend('hits', 7::bigint, n => 3, item_type => NULL::text);
SELECT count(*) FROM svd_recommend('stars', '7', n => 3);
SELECT count(*) > 0 AS groups FROM clusters('groups');
SELECT predict_cluster('groups', v) IS NOT NULL AS grouped, array_length(project('axes', v), 1) AS axes, predict_value('rmse', v) IS NOT NULL AS valued FROM visits v LIMIT 1;
SELECT count(*) FROM similar_items('alike', '7', n => 3);
SELECT count(*) >= 0 AS sequences FROM sequence_rules('next');

-- due by new rows
UPDATE shopper.models SET max_age = NULL;
UPDATE shopper.models SET min_new_rows = 1000 WHERE name = 'hits';
SELECT pg_stat_force_next_flush();
INSERT INTO lines SELECT i % 300, 'item ' || i % 41, 3, now() FROM generate_series(1, 1500) i;
SELECT pg_stat_force_next_flush();
SELECT name, reason LIKE '%new rows, due from 1000 on' AS by_rows, new_row_count >= 1500 AS counted FROM shopper.models_due WHERE name = 'hits';

-- columns may be called like anything, rows without a known target do not count
CREATE TABLE odd AS SELECT id, taste AS h, age AS q, city AS s, spent AS "Amount $", CASE WHEN id % 2 = 0 THEN bought END AS "it's", CASE WHEN id % 100 = 0 THEN 'NaN' WHEN id % 3 > 0 THEN spent END AS part
FROM visits;
SELECT shopper.create_model('odd "classes"', 'classifier', 'SELECT * FROM odd;', 'it''s', tree(max_depth => 2), metric => 'auc');
SELECT shopper.create_model('odd amounts', 'regressor', 'SELECT h, q, s, part FROM odd -- all', 'part');
CALL shopper.train('odd "classes"');
CALL shopper.train('odd "classes"');
CALL shopper.train('odd amounts');
CALL shopper.train('odd amounts');
SELECT name, version, row_count + holdout_count AS rows, row_count = (model_info(shopper.model(name, version)) ->> 'rows')::bigint AS learned, row_security_tables
FROM shopper.model_versions WHERE name LIKE 'odd%' ORDER BY 1, 2;
SELECT (SELECT count(*) FROM odd WHERE "it's" IS NOT NULL) AS classes, (SELECT count(*) FROM odd WHERE part < 'Infinity') AS amounts;
SELECT count(*) FROM shopper.swap_set('odd amounts', 1, 2);
-- a definition that was edited to something wrong
UPDATE shopper.gates SET metric = 'rmse' WHERE name = 'odd "classes"';
CALL shopper.train('odd "classes"');
UPDATE shopper.models SET job = 'oracle' WHERE name = 'odd "classes"';
CALL shopper.train('odd "classes"');
UPDATE shopper.models SET target = 'amount' WHERE name = 'odd amounts';
CALL shopper.train('odd amounts');
SELECT shopper.create_model('no ratings', 'recommender', 'SELECT id % 50, city FROM visits', options => item_knn(), metric => 'rmse');
CALL shopper.train('no ratings');
-- targets of types that training reads in its own way
CREATE TABLE kinds AS SELECT id, taste, (CASE WHEN bought THEN 'yes' ELSE 'no' END)::char(5) AS padded, bought::int::numeric(4, 2) AS decimals, bought, spent * interval '1 hour' AS lasted FROM visits;
SELECT shopper.create_model('kind ' || target, job, format('SELECT id, taste, %s FROM kinds', target), target, options, key_column => 'id')
FROM (VALUES ('padded', 'classifier', NULL::jsonb), ('decimals', 'classifier', '{"positive": "1.00"}'), ('bought', 'regressor', NULL), ('lasted', 'regressor', NULL)) k(target, job, options);
CALL shopper.train('kind padded');
CALL shopper.train('kind decimals');
CALL shopper.train('kind bought');
CALL shopper.train('kind lasted');
SELECT v.name, round(abs(v.metric_value - CASE v.metric WHEN 'log_loss' THEN l.log_loss WHEN 'rmse' THEN CASE v.name WHEN 'kind bought' THEN l.one ELSE l.other END END)::numeric, 9) AS off,
  round((v.label_rate - CASE v.metric WHEN 'log_loss' THEN l.rate END)::numeric, 9) AS rate_off
FROM shopper.model_versions v, (SELECT log_loss(bought, predict_purchase('kind padded', k)), rmse(bought::int, predict_value('kind bought', k)) AS one,
  rmse(extract(epoch FROM lasted)::float8, predict_value('kind lasted', k)) AS other, (SELECT avg(bought::int) FROM kinds) AS rate FROM kinds k WHERE fold(id, 10000) < 2000) l
WHERE v.name LIKE 'kind %' ORDER BY 1;
SELECT actual, predicted FROM shopper.model_confusion WHERE name = 'kind padded' ORDER BY 1, 2;
SELECT count(shopper.drop_model(name)) FROM shopper.models WHERE name LIKE 'kind %';
DROP TABLE kinds;
-- several classes without a positive one have no swap set
SELECT shopper.create_model('cities', 'classifier', 'SELECT id, city, age FROM visits', 'city', tree(max_depth => 1), key_column => 'id');
CALL shopper.train('cities');
UPDATE shopper.models SET options = tree(max_depth => 2) WHERE name = 'cities';
CALL shopper.train('cities');
SELECT part, count(*) > 0 AS differs FROM shopper.model_diff('cities', 1, 2) GROUP BY 1 ORDER BY 1;
SELECT count(shopper.drop_model(name)) FROM shopper.models WHERE name IN ('odd "classes"', 'odd amounts', 'no ratings', 'cities');
DROP TABLE odd;

-- what stops a retraining leaves no lock behind
BEGIN;
CALL shopper.retrain_due();
ROLLBACK;
SET default_transaction_read_only = on;
CALL shopper.retrain_due();
RESET default_transaction_read_only;
SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

-- a rollback undoes a training with its deployment
BEGIN;
UPDATE shopper.models SET options = item_knn() WHERE name = 'hits';
SELECT model_id('hits') AS before \gset
CALL shopper.train('hits');
SELECT shopper.promote('hits');
SELECT model_id('hits') <> :'before' AS another;
ROLLBACK;
SELECT model_id('hits') = :'before' AS the_same, (SELECT max(version) FROM shopper.versions WHERE name = 'hits') AS newest;

SELECT shopper.drop_model('hits');
SELECT count(*) FROM shopper.versions WHERE name = 'hits';
SELECT shopper.drop_model('hits');
SELECT count(shopper.drop_model(name)) AS dropped FROM shopper.models;
-- models wait in a line: what ran last comes last
SELECT shopper.create_model('line ' || n, 'clusters', 'SELECT age, taste FROM visits', options => kmeans(k => 2), max_age => '1 microsecond') FROM generate_series(1, 3) n;
CALL shopper.train('line 1');
CALL shopper.retrain_due();
SELECT name FROM shopper.model_runs WHERE name LIKE 'line %' ORDER BY run_id;
SELECT count(shopper.drop_model(name)) FROM shopper.models WHERE name LIKE 'line %';
SELECT shopper.short(x) FROM unnest('{0,-1.23456e-16,0.00000123456,0.123456,-12.3456,1234567.8,1.23456e20,1.23456e300,NaN,-Infinity,NULL}'::float8[]) x;
SELECT shopper.days(d * 86400) FROM unnest('{0,0.000011574,0.041666667,0.99,1,8.46}'::float8[]) d;
SELECT (SELECT count(*) FROM shopper.versions) + (SELECT count(*) FROM shopper.live) + (SELECT count(*) FROM shopper.runs) + (SELECT count(*) FROM shopper.gates) + (SELECT count(*) FROM shopper.deployments) AS left_behind;
DROP TABLE visits, lines;
DROP FUNCTION seen(), watch();
