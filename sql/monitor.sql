-- Watching named models: drift, metrics once the truth is known, alerts, what is due.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
\set SHOW_CONTEXT never
\set VERBOSITY default
SET pg_shopper.clock = '2024-06-03 03:00+00';
SET timezone = 'UTC';
CREATE TABLE log AS SELECT i AS id, CASE WHEN sin(i) + 0.5 * cos(i * 12.9898) + 0.5 * sin(i * 78.233) > 0.4 THEN 'yes' ELSE 'no' END AS bought, 20 + i % 60 AS age, round(sin(i)::numeric, 3)::float8 AS taste, 'c' || i % 5 AS city,
	(sin(i) * 3 + i % 7)::float8 AS spent, date '2024-01-01' + i % 100 AS day FROM generate_series(1, 6000) i;
CREATE VIEW old_log AS SELECT * FROM log WHERE id <= 4000;
CREATE VIEW new_log AS SELECT * FROM log WHERE id > 4000;

-- distributions: ranges of equally many rows, levels, missing, unseen, the score; dates stay out
CREATE TABLE m AS SELECT train_classifier_from('SELECT bought, age, taste, city, day FROM old_log', 'bought', logistic()) AS model;
SELECT d.feature, d.kind, cardinality(d.edges) AS edges, d.levels, (SELECT sum(c) FROM unnest(d.counts) c) AS rows FROM m, shopper.distributions(model, 'SELECT * FROM old_log') d;
SELECT n.feature, n.counts[cardinality(n.counts) - 1] AS missing, n.counts[cardinality(n.counts)] AS unseen, o.edges IS NOT DISTINCT FROM n.edges AS same_ranges
FROM m, LATERAL (SELECT array_agg(d) AS reference FROM shopper.distributions(model, 'SELECT * FROM old_log') d) r, unnest(reference) o,
	shopper.distributions(model, $$ SELECT nullif(age, 33) AS age, taste, CASE WHEN id % 4 = 0 THEN 'mars' WHEN id % 4 = 1 THEN city END AS city, day FROM new_log WHERE id <= 4100 $$, reference) n
WHERE o.feature = n.feature ORDER BY 1;
-- against PostgreSQL's own counting
SELECT bool_and(c.n = d.n) AS same FROM (SELECT width_bucket(taste, f.edges) AS bin, count(*) AS n FROM new_log,
		(SELECT d.edges FROM m, shopper.distributions(model, 'SELECT * FROM old_log') d WHERE d.feature = 'taste') f WHERE NOT taste = ANY (f.edges) GROUP BY 1) c
JOIN (SELECT o.bin - 1 AS bin, o.n FROM m, LATERAL (SELECT array_agg(d) AS reference FROM shopper.distributions(model, 'SELECT * FROM old_log') d) r,
		(SELECT 'x') x, LATERAL shopper.distributions(model, 'SELECT * FROM new_log WHERE NOT taste = ANY ((SELECT d.edges FROM m, shopper.distributions(model, ''SELECT * FROM old_log'') d WHERE d.feature = ''taste'')::float8[])', reference) n,
		unnest(n.counts) WITH ORDINALITY o(n, bin) WHERE n.feature = 'taste') d USING (bin);
SELECT d.* FROM m, shopper.distributions(model, 'SELECT * FROM old_log WHERE false') d;
SELECT d.counts FROM m, shopper.distributions(model, 'SELECT 1 AS age, NULL::float8 AS taste, ''c1'' AS city, date ''2024-01-01'' AS day') d;
SELECT count(*) FROM m, shopper.distributions(model, 'SELECT 1 AS age') d;
SELECT count(*) FROM m, shopper.distributions(model, 'SELECT * FROM old_log', '{}') d;
SELECT count(*) FROM m, shopper.distributions(model, 'SELECT * FROM old_log', ARRAY[NULL, ROW('age', NULL, array_fill(1.0::float8, '{100}'), NULL, NULL)::shopper.distribution]) d;
SELECT count(*) FROM m, shopper.distributions(model, 'DELETE FROM log') d;
SELECT count(*) FROM shopper.distributions(train_rules_from('SELECT id % 9 AS basket, id % 4 AS item FROM log'), 'SELECT 1') d;
SELECT count(*) FROM shopper.distributions(NULL, 'SELECT 1') d;

-- distances
SELECT round(psi::numeric, 6) AS psi, round(chance::numeric, 6) AS chance, ks, round(js::numeric, 6) AS js, missing, unseen FROM shopper.drift('{10,10,10,10,10,10,10,10,10,10,0,0}', '{12,8,10,10,10,10,10,10,10,5,5,0}', true);
SELECT * FROM shopper.drift('{50,50,0,0}', '{50,50,0,0}', false);
SELECT * FROM shopper.drift('{50,50,0,0}', '{0,0,0,0}', true);
SELECT * FROM shopper.drift('{0,0}', '{1,1}', true);
SELECT * FROM shopper.drift('{1,2,0,0}', '{1,2,0}', true);
SELECT * FROM shopper.drift('{1}', '{1}', true);
SELECT * FROM shopper.drift('{1,-2,0,0}', '{1,2,0,0}', true);
SELECT * FROM shopper.drift('{1,NaN,0,0}', '{1,2,0,0}', true);
SELECT * FROM shopper.drift('{{1,2},{0,0}}', '{1,2,0,0}', true);

-- both at once, by bytes
SELECT feature, kind, round(psi::numeric, 2) AS psi, chance < 0.001 AS sure, round(ks::numeric, 2) AS ks, round(js::numeric, 2) AS js, round(missing::numeric, 2) AS missing, training_missing, round(unseen::numeric, 2) AS unseen, training_unseen
FROM m, feature_drift(model, 'SELECT * FROM old_log', 'SELECT CASE WHEN id % 4 > 0 THEN age END AS age, taste + 0.5 AS taste, CASE WHEN id % 5 = 0 THEN ''mars'' ELSE city END AS city, day FROM new_log') ORDER BY 1;

-- who may be watched
SELECT shopper.watch('nobody');
SELECT shopper.create_model('buyers', 'classifier', 'SELECT id, bought, age, taste, city FROM old_log', 'bought', logistic(), key_column => 'id', holdout => 0.3);
SELECT shopper.create_model('pairs', 'rules', 'SELECT id % 9 AS basket, id % 4 AS item FROM log');
CALL shopper.monitor('buyers');
SELECT shopper.watch('pairs');
SELECT shopper.watch('buyers', 'DROP TABLE log');
SELECT shopper.watch('buyers', 'SELECT * FROM new_log', max_psi => 0);
SELECT shopper.watch('buyers', 'SELECT * FROM new_log');
CALL shopper.monitor('buyers');
CALL shopper.train('buyers');

-- by name
SELECT feature, psi < 0.05 AS small FROM feature_drift('buyers', 'SELECT * FROM old_log', 'SELECT * FROM new_log') ORDER BY 1;

-- what reports get of a version
SELECT count(*) > 100 AS points, min(false_positive_rate), max(true_positive_rate), count(cutoff) < count(*) AS first FROM shopper.model_roc WHERE name = 'buyers';
SELECT count(*), sum(row_count), max(gain_rate), max(lift) > 1 AS lifts FROM shopper.model_lift WHERE name = 'buyers';
SELECT sum(row_count) = (SELECT holdout_count FROM shopper.model_versions WHERE name = 'buyers') AS all_rows, max(abs(predicted_rate - observed_rate)) < 0.2 AS near FROM shopper.model_calibration WHERE name = 'buyers';
SELECT round(sum(row_count) FILTER (WHERE actual = predicted) / sum(row_count), 9) = (SELECT round(value::numeric, 9) FROM shopper.model_metrics WHERE name = 'buyers' AND dataset = 'holdout' AND metric = 'accuracy') AS same_accuracy
FROM shopper.model_confusion WHERE name = 'buyers';
SELECT x.metric, round(x.value::numeric, 9) = round(y.value::numeric, 9) AS same FROM shopper.model_metrics x,
	model_metrics(shopper.model('buyers'), 'SELECT * FROM old_log WHERE fold(id, 10000) < 3000') y
WHERE x.name = 'buyers' AND x.dataset = 'holdout' AND y.metric = x.metric ORDER BY 1;
SELECT count(*) > 0 AS steps FROM shopper.model_history WHERE name = 'buyers';

-- a quiet week: nothing is due
SET pg_shopper.clock = '2024-06-04 03:00+00';
CALL shopper.monitor();
SELECT measured_at, feature, kind, row_count, psi < 0.05 AS small, chance_rate > 0.001 AS by_chance, missing_rate, unseen_rate, state FROM shopper.model_drift ORDER BY feature;
SELECT metric, row_count, value_low < value AND value < value_high AS within, abs(value / holdout_value - 1) < 0.2 AS like_holdout FROM shopper.matured_metrics ORDER BY metric;
SELECT x.metric, round(x.value::numeric, 9) = round(y.value::numeric, 9) AS same FROM shopper.matured_metrics x, model_metrics(shopper.model('buyers'), 'SELECT * FROM new_log') y WHERE y.metric = x.metric ORDER BY 1;
SELECT count(*), sum(row_count) FROM shopper.matured_calibration;
SELECT * FROM shopper.alerts;
SELECT name, reason FROM shopper.models_due WHERE name = 'buyers';

-- a broken source: alerts, once each
SELECT shopper.watch('buyers', 'SELECT id, NULL::text AS bought, CASE WHEN id % 3 > 0 THEN age END AS age, taste + 1.5 AS taste, CASE WHEN id % 2 = 0 THEN ''mars'' ELSE city END AS city FROM new_log');
SET pg_shopper.clock = '2024-06-05 03:00+00';
CALL shopper.monitor();
SET pg_shopper.clock = '2024-06-06 03:00+00';
CALL shopper.monitor();
SELECT kind, feature, message, raised_at::date AS raised, seen_at::date AS seen, resolved_at::date AS resolved FROM shopper.alerts ORDER BY alert_id;
SELECT feature, state FROM shopper.model_drift WHERE measured_at > '2024-06-06' ORDER BY feature;
SELECT name, reason FROM shopper.models_due WHERE name = 'buyers';
SELECT open_alert_count FROM shopper.model_latest WHERE name = 'buyers';
-- mended: they are over
SELECT shopper.watch('buyers', 'SELECT * FROM new_log');
SET pg_shopper.clock = '2024-06-07 03:00+00';
CALL shopper.monitor();
SELECT count(*), count(*) FILTER (WHERE resolved_at = shopper.clock()) AS over FROM shopper.alerts;
SELECT name, reason FROM shopper.models_due WHERE name = 'buyers';

-- the world changes: the metric decays, the model is due, and trained
SELECT shopper.watch('buyers', 'SELECT id, CASE bought WHEN ''yes'' THEN ''no'' ELSE ''yes'' END AS bought, age, taste, city FROM new_log');
SET pg_shopper.clock = '2024-06-08 03:00+00';
CALL shopper.monitor();
SELECT kind, feature, value > threshold AS beyond FROM shopper.alerts WHERE resolved_at IS NULL ORDER BY 1;
SELECT name, left(reason, 30) FROM shopper.models_due WHERE name = 'buyers';
-- too few outcomes to say that it is over
SELECT shopper.watch('buyers', 'SELECT * FROM new_log WHERE id < 4150');
SET pg_shopper.clock = '2024-06-09 03:00+00';
CALL shopper.monitor();
SELECT count(*) FROM shopper.alerts WHERE resolved_at IS NULL AND kind IN ('metric decay', 'calibration');
-- trained since: due no more, although it is an alert until it is measured again
CALL shopper.retrain_due();
SELECT name, reason FROM shopper.models_due WHERE name = 'buyers';
SELECT shopper.watch('buyers', 'SELECT * FROM new_log');
SET pg_shopper.clock = '2024-06-10 03:00+00';
CALL shopper.monitor();
SELECT count(*) FROM shopper.alerts WHERE resolved_at IS NULL;

-- what cannot be measured is an alert too, and does not stop the others
SELECT shopper.create_model('spending', 'regressor', 'SELECT id, spent, age, taste, city FROM old_log', 'spent', linear(), key_column => 'id');
SELECT shopper.create_model('kinds', 'classifier', 'SELECT id, city, taste, age, spent FROM old_log', 'city', bayes(), key_column => 'id');
SELECT shopper.create_model('groups', 'clusters', 'SELECT age, taste, spent FROM old_log', NULL, kmeans(k => 3));
SELECT shopper.create_model('strange', 'anomaly', 'SELECT age, taste, city FROM old_log', NULL, isolation_forest(trees => 20));
SELECT shopper.create_model('axes', 'projection', 'SELECT age, taste, spent FROM old_log', NULL, pca());
SELECT shopper.create_model('scales', 'scaler', 'SELECT age, taste, spent FROM old_log', NULL, scaler());
CALL shopper.retrain_due();
SELECT name, state FROM shopper.model_list ORDER BY name;
SELECT shopper.watch(name, CASE name WHEN 'groups' THEN 'SELECT age FROM new_log' ELSE 'SELECT * FROM new_log' END) FROM shopper.model_list WHERE name <> 'pairs' ORDER BY name;
CALL shopper.monitor();
SELECT name, kind, message FROM shopper.alerts WHERE resolved_at IS NULL;
SELECT shopper.watch('groups', 'SELECT * FROM new_log');
CALL shopper.monitor('groups');
SELECT name, count(*) FILTER (WHERE kind = 'score') AS scores, count(*) AS columns, max(psi) < 0.05 AS small FROM shopper.model_drift WHERE measured_at = shopper.clock() AND name <> 'buyers' GROUP BY name ORDER BY name;
SELECT name, metric, abs(value / holdout_value - 1) < 0.2 AS like_holdout FROM shopper.matured_metrics WHERE name IN ('spending', 'kinds') ORDER BY 1, 2;
SELECT (d.distribution).levels FROM shopper.version_distributions d WHERE name = 'groups' AND feature = '(score)';
SELECT segment, segment_name, row_count > 0 AS rows FROM shopper.model_segments ORDER BY segment;
SELECT count(*) FROM shopper.segment_features WHERE rank = 1;
-- segments keep numbers and names when they are found again
CREATE TABLE spots AS SELECT i, (i % 3) * 10 + sin(i) AS x, (i % 3 = 1)::int * 5 + cos(i) AS y FROM generate_series(1, 900) i WHERE i % 3 > 0 OR i % 4 = 0;
SELECT shopper.create_model('spots', 'clusters', 'SELECT x, y FROM spots', options => kmeans(k => 3));
SELECT shopper.name_segments('spots', '{"1": "none yet"}');
CALL shopper.train('spots');
SELECT shopper.name_segments('spots', '{"1": "north", "3": "east"}');
DELETE FROM spots WHERE i % 3 = 1 AND i % 5 > 0;
CALL shopper.train('spots');
SELECT version, segment, segment_name, row_count, live FROM shopper.model_segments WHERE name = 'spots' ORDER BY 1, 2;
SELECT version, verdict, reason FROM shopper.model_versions WHERE name = 'spots' ORDER BY 1;
SELECT shopper.name_segments('spots', '{"9": "nowhere"}');
SELECT shopper.name_segments('spots', NULL);
SELECT shopper.name_segments('buyers', '{"1": "x"}');
ALTER TABLE spots RENAME x TO z;
UPDATE shopper.models SET query = 'SELECT z, y FROM spots' WHERE name = 'spots';
CALL shopper.train('spots');
SELECT segment, segment_name FROM shopper.model_segments WHERE name = 'spots' AND live ORDER BY 1;
SELECT shopper.drop_model('spots');
SELECT count(*) > 0 AS rules, min(rule_number), bool_and(lift > 0) AS lifts FROM shopper.model_rules;
SELECT count(*) FROM shopper.alerts WHERE resolved_at IS NULL;

-- no rows, no right, no more
SELECT shopper.watch('spending', 'SELECT * FROM new_log WHERE false');
CALL shopper.monitor('spending');
UPDATE shopper.models SET query = 'SELECT 1 / 0 AS spent, age, taste, city FROM old_log', max_age = '1 microsecond' WHERE name = 'spending';
SET pg_shopper.clock = '2024-06-11 03:00+00';
CALL shopper.retrain_due();
SELECT name, kind, message FROM shopper.alerts WHERE resolved_at IS NULL AND name = 'spending';
UPDATE shopper.models SET query = 'SELECT id, spent, age, taste, city FROM old_log WHERE id < 1000', max_age = '7 days' WHERE name = 'spending';
CALL shopper.train('spending');
SELECT name, kind, message FROM shopper.alerts WHERE resolved_at IS NULL AND name = 'spending';
SELECT name, reason FROM shopper.models_due WHERE name = 'spending';
-- what a guard refused is tried again the next night
SET pg_shopper.clock = '2024-06-12 03:00+00';
SELECT name, reason FROM shopper.models_due WHERE name = 'spending';
SELECT shopper.promote('spending');
SELECT name, kind FROM shopper.alerts WHERE resolved_at IS NULL AND name = 'spending';
SELECT shopper.unwatch('spending'), shopper.unwatch('spending');
SELECT shopper.unwatch('nobody');
SELECT count(*) FROM shopper.measurements WHERE name = 'spending';
-- retired: its alerts are over
SELECT shopper.watch('buyers', 'SELECT id, bought, age + 100 AS age, taste, city FROM new_log');
CALL shopper.monitor('buyers');
SELECT count(*) > 0 AS alerts FROM shopper.alerts WHERE name = 'buyers' AND resolved_at IS NULL;
SELECT shopper.retire('buyers');
SELECT count(*) FROM shopper.alerts WHERE name = 'buyers' AND resolved_at IS NULL;
CALL shopper.monitor();
SELECT shopper.drop_model(name) FROM shopper.model_list ORDER BY name;
SELECT (SELECT count(*) FROM shopper.measurements) + (SELECT count(*) FROM shopper.measured_drift) + (SELECT count(*) FROM shopper.alert_log) + (SELECT count(*) FROM shopper.version_curves) AS nothing_left;
RESET pg_shopper.clock;
DROP TABLE log CASCADE;
DROP TABLE m;
