-- Scoring jobs: tables of scores by named models, incremental, with bands and reasons.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
\set SHOW_CONTEXT never
CREATE TABLE visits AS SELECT i AS id, sin(i) + 0.3 * cos(i * 12.9898) > 0.2 AS bought, 20 + i % 60 AS age, sin(i) AS taste, 'c' || i % 7 AS "city, town", 3 * sin(i) + i % 5 AS spent, now() AS seen_at
FROM generate_series(1, 2000) i;
SELECT shopper.create_model('buyers', 'classifier', 'SELECT id, bought, age, taste, "city, town" FROM visits', 'bought', logistic(), key_column => 'id');
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores');
CALL shopper.train('buyers');

-- the first job makes table and bands
SET client_min_messages = notice;
CALL shopper.score('buyers', 'SELECT * FROM visits;', 'scores');
SET client_min_messages = warning;
\d scores
SELECT obj_description('scores'::regclass), col_description('scores'::regclass, 2), col_description('scores'::regclass, 3);
SELECT count(*), bool_and(s.score = predict_purchase('buyers', v)) AS same, bool_and(s.reasons IS NOT DISTINCT FROM CASE WHEN s.band = 'high' THEN top_reasons('buyers', v) END) AS same_reasons, min(model_version) AS version
FROM scores s JOIN visits v USING (id);
SELECT band, lowest_score = -'Infinity'::float8 AS rest, lowest_score = (SELECT min(score) FROM scores s WHERE s.band = b.band) AS lowest FROM shopper.bands b ORDER BY lowest_score;
SELECT band, row_count, round(row_rate::numeric, 3) AS row_rate, round(mean_score::numeric, 2) AS mean_score, lowest_score IS NULL AS rest FROM shopper.scores_by_band ORDER BY mean_score;

-- the next jobs score what is new or changed in columns of the model, and remove what is gone
ALTER TABLE scores ADD COLUMN called boolean DEFAULT false;
UPDATE scores SET called = true WHERE id <= 10;
CREATE TABLE before AS SELECT * FROM scores;
CALL shopper.score('buyers', 'SELECT * FROM visits', 'public.scores');
UPDATE visits SET seen_at = now(), spent = 0;
UPDATE visits SET age = age + 5 WHERE id <= 5;
UPDATE visits SET "city, town" = NULL WHERE id = 6;
DELETE FROM visits WHERE id IN (7, 8);
INSERT INTO visits VALUES (5000, NULL, 44, 0.9, 'elsewhere', 0, now());
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores');
SELECT count(*), count(*) FILTER (WHERE s.scored_at > b.scored_at) AS scored, bool_and(s.score = predict_purchase('buyers', v)) AS same, count(*) FILTER (WHERE s.called) AS called
FROM scores s JOIN visits v USING (id) LEFT JOIN before b USING (id);
SELECT row_count, scored_count, unchanged_count, removed_count, state, message FROM shopper.score_runs ORDER BY score_run_id;
BEGIN;
DELETE FROM visits WHERE id > 100;
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores', everything => true);
SELECT count(*), bool_and(scored_at > (SELECT max(scored_at) FROM before)) AS all_anew FROM scores;
CALL shopper.score('buyers', 'SELECT * FROM visits WHERE false', 'scores');
SELECT count(*) FROM scores;
ROLLBACK;
SELECT count(*), (SELECT count(*) FROM shopper.score_runs) AS jobs FROM scores;

-- jobs go by the clock of the registry
BEGIN;
SET LOCAL pg_shopper.clock = '2030-01-01 03:00+00';
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores', everything => true);
SELECT min(scored_at) = shopper.clock() AS row_dated, (SELECT bool_and(scored_at = shopper.clock()) FROM shopper.scores_by_band WHERE scored_at > '2029-01-01') AS bands_dated,
	(SELECT seconds FROM shopper.score_runs ORDER BY score_run_id DESC LIMIT 1) AS seconds FROM scores;
ROLLBACK;

-- edited bands: rows move without being scored; those new in the highest band get their reasons
UPDATE shopper.bands SET lowest_score = 0.3 WHERE band = 'medium';
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores');
SELECT scored_count FROM shopper.score_runs ORDER BY score_run_id DESC LIMIT 1;
SELECT old_band, new_band, row_count = (SELECT count(*) FROM scores WHERE score >= 0.3 AND band = 'medium' AND id IN (SELECT id FROM before b WHERE b.band = 'low')) AS counted FROM shopper.band_moves;
SELECT count(*) AS off FROM scores s WHERE band <> (SELECT b.band FROM shopper.bands b WHERE lowest_score <= score ORDER BY lowest_score DESC LIMIT 1);
UPDATE shopper.bands SET lowest_score = 0.6 WHERE band = 'high';
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores');
SELECT count(*) FILTER (WHERE band = 'high' AND reasons IS NULL) AS without FROM scores;
INSERT INTO shopper.bands VALUES ('buyers', 'public.scores', 'sure', 1.5);
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores');
SELECT band, row_count, mean_score IS NULL AS nobody FROM shopper.scores_by_band WHERE score_run_id = (SELECT max(score_run_id) FROM shopper.score_runs) AND band = 'sure';
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores', all_reasons => true, reasons => 1);
SELECT count(*) FILTER (WHERE reasons IS NULL) AS without FROM scores;

-- another version scores everything anew, and the same table may go to another model
UPDATE shopper.models SET options = boosting(trees => 30) WHERE name = 'buyers';
CALL shopper.train('buyers');
SELECT shopper.promote('buyers', 2);
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores');
SELECT bool_and(s.score = predict_purchase('buyers', v)) AS same, min(model_version) AS version FROM scores s JOIN visits v USING (id);
SELECT shopper.create_model('others', 'classifier', 'SELECT bought, age FROM visits', 'bought', logistic());
CALL shopper.train('others');
CALL shopper.score('others', 'SELECT * FROM visits', 'scores', 'id');
SELECT bool_and(s.score = predict_purchase('others', v)) AS same, min(model_version) AS version FROM scores s JOIN visits v USING (id);

-- parallel plans give the same
CREATE TABLE serial AS SELECT id, score, band, reasons, row_hash FROM scores;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
CALL shopper.score('others', 'SELECT * FROM visits', 'scores', 'id', everything => true);
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
SELECT count(*) AS differ FROM (TABLE serial EXCEPT SELECT id, score, band, reasons, row_hash FROM scores) d;

-- all kinds of models
CREATE TABLE lines AS SELECT 1 + i % 300 AS buyer, 'item ' || (i * 7919) % 41 AS item, 1 + i * i % 29 AS product, format('00000000-0000-0000-0000-%s', lpad((i % 17)::text, 12, '0'))::uuid AS code FROM generate_series(1, 4000) i;
SELECT shopper.create_model('classes', 'classifier', 'SELECT "city, town", age, taste FROM visits', 'city, town'),
	shopper.create_model('amounts', 'regressor', 'SELECT age + 3 * taste AS amount, age, taste FROM visits', 'amount', linear()),
	shopper.create_model('groups', 'clusters', 'SELECT age, taste FROM visits', options => kmeans(k => 3)),
	shopper.create_model('texts', 'recommender', 'SELECT buyer, item FROM lines', options => item_knn()),
	shopper.create_model('numbers', 'recommender', 'SELECT buyer, product FROM lines', options => popular()),
	shopper.create_model('codes', 'recommender', 'SELECT buyer, code FROM lines', options => popular()),
	shopper.create_model('rules', 'rules', 'SELECT buyer, item FROM lines', options => itemsets(min_count => 100, max_length => 2)),
	shopper.create_model('strange', 'anomaly', 'SELECT age, taste FROM visits', options => isolation_forest(contamination => 0.04)),
	shopper.create_model('scale', 'scaler', 'SELECT age, taste FROM visits'),
	shopper.create_model('axes', 'projection', 'SELECT age, taste FROM visits');
CALL shopper.retrain_due();
UPDATE shopper.versions SET model = name_clusters(model, '{"1": "first"}') WHERE name = 'groups';
CALL shopper.score('classes', 'SELECT * FROM visits', 'class_scores', 'id');
SELECT count(*) AS off FROM class_scores s JOIN visits v USING (id) WHERE band <> predict_class('classes', v) OR score <> (predict_proba('classes', v) ->> band)::float8 OR reasons IS DISTINCT FROM top_reasons('classes', v);
CALL shopper.score('amounts', 'SELECT * FROM visits', 'amount_scores', 'id', reasons => 0);
SELECT count(*) AS off FROM amount_scores s JOIN visits v USING (id) WHERE score <> predict_value('amounts', v) OR reasons IS NOT NULL;
SELECT band, row_count FROM shopper.scores_by_band WHERE name = 'amounts' ORDER BY mean_score;
CALL shopper.score('groups', 'SELECT * FROM visits', 'group_scores', 'id', reasons => 1);
SELECT count(*) AS off FROM group_scores s JOIN visits v USING (id) WHERE split_part(band, ' ', 1)::int <> predict_cluster('groups', v) OR score <> cluster_distance('groups', v);
SELECT band, min(reasons) = max(reasons) AS one_reason FROM group_scores GROUP BY band ORDER BY band;
CALL shopper.score('strange', 'SELECT * FROM visits', 'strange_scores', 'id');
SELECT count(*) AS off FROM strange_scores s JOIN visits v USING (id)
WHERE (band = 'anomaly') <> is_anomaly('strange', v) OR score <> anomaly_score('strange', v) OR reasons IS DISTINCT FROM CASE WHEN band = 'anomaly' THEN top_reasons('strange', v) END;
SELECT band, lowest_score, row_count BETWEEN 1 AND 100 AS few FROM shopper.scores_by_band WHERE name = 'strange' ORDER BY band;

-- recommenders: lists for users, popular items for users that the model does not know
CALL shopper.score('texts', 'SELECT DISTINCT buyer FROM lines UNION VALUES (9999)', 'lists', n => 4);
SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a WHERE attrelid = 'lists'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*) AS off FROM lists l FULL JOIN (SELECT b.buyer, r.* FROM (SELECT DISTINCT buyer FROM lines UNION VALUES (9999)) b, LATERAL recommend('texts', b.buyer, NULL::text, n => 4) r) r
	ON l.buyer = r.buyer AND l.rank = r.rank WHERE (l.item, l.score, l.source) IS DISTINCT FROM (r.item, r.score, r.source);
CALL shopper.score('texts', 'SELECT DISTINCT buyer FROM lines WHERE buyer <> 3', 'lists', n => 4);
SELECT row_count, scored_count, removed_count FROM shopper.score_runs WHERE name = 'texts' ORDER BY score_run_id;
CALL shopper.score('texts', 'SELECT DISTINCT buyer FROM lines', 'lists', n => 2, everything => true);
SELECT count(*), max(rank) FROM lists;
SELECT sum(user_count) = (SELECT count(*) FROM lists) AS all_lines, max(user_rate) <= 1 AS shares, min(mean_rank) >= 1 AS ranks FROM shopper.recommended_items WHERE score_run_id = (SELECT max(score_run_id) FROM shopper.score_runs);
CALL shopper.score('numbers', 'SELECT buyer::text AS customer, max(product) AS changes FROM lines GROUP BY 1', 'number_lists');
CALL shopper.score('codes', 'SELECT DISTINCT buyer::bigint AS customer FROM lines', 'code_lists');
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_name IN ('number_lists', 'code_lists') AND column_name IN ('customer', 'item') ORDER BY 1, 2;

-- tables of one's own, with odd names
CREATE SCHEMA "My shop";
CREATE TABLE "My shop"."Scores, all" ("The id" int UNIQUE, note text, score float8, band text, reasons text, model_version bigint, row_hash bigint, scored_at timestamptz, CHECK (score >= 0));
CALL shopper.score('buyers', 'SELECT id AS "The id", v.* FROM visits v', '"My shop"."Scores, all"', 'The id');
SELECT count(*), (SELECT min(target_table) FROM shopper.bands WHERE target_table LIKE '%all%') FROM "My shop"."Scores, all";
CREATE TABLE parted (id int, score float8, band text, reasons text, model_version bigint, row_hash bigint, scored_at timestamptz, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (1) TO (1000);
CREATE TABLE part2 PARTITION OF parted DEFAULT;
CALL shopper.score('buyers', 'SELECT * FROM visits', 'parted');
CALL shopper.score('buyers', 'SELECT * FROM visits', 'parted', everything => true);
SELECT count(*) FROM parted;

-- constant scores have one band
CALL shopper.score('buyers', 'SELECT i AS id, 30 AS age, 0.5::float8 AS taste, NULL::text AS "city, town" FROM generate_series(1, 20) i', 'flat');
SELECT band, count(*) FROM flat GROUP BY 1;
CALL shopper.score('buyers', 'SELECT * FROM visits LIMIT 0', 'nothing');
SELECT count(*), (SELECT count(*) FROM shopper.bands WHERE target_table = 'public.nothing') AS bands FROM nothing;
CALL shopper.score('buyers', 'SELECT * FROM visits', 'nothing');
SELECT count(*), count(DISTINCT band) AS bands FROM nothing;

-- errors
CALL shopper.score('nobody', 'SELECT * FROM visits', 'scores');
CALL shopper.score('rules', 'SELECT * FROM visits', 'scores');
CALL shopper.score('axes', 'SELECT * FROM visits', 'scores');
CALL shopper.score('scale', 'SELECT * FROM visits', 'scores');
CALL shopper.score('buyers', 'DROP TABLE visits', 'scores');
CALL shopper.score('buyers', 'SELECT age FROM visits', 'scores');
CALL shopper.score('amounts', 'SELECT age, taste FROM visits', 'x');
CALL shopper.score('buyers', 'SELECT id AS score, age FROM visits', 'x', 'score');
CALL shopper.score('buyers', 'SELECT id, age FROM visits', 'x');
CALL shopper.score('buyers', 'SELECT id % 10 AS id, age, taste, "city, town" FROM visits WHERE id = 3 OR id = 13', 'x');
CALL shopper.score('buyers', 'SELECT nullif(id, 3) AS id, age, taste, "city, town" FROM visits WHERE id = 3', 'x');
CALL shopper.score('buyers', 'SELECT id % 10 AS id, age, taste, "city, town" FROM visits WHERE id = 3 OR id = 13', 'scores');
CALL shopper.score('buyers', 'SELECT nullif(id, 3) AS id, age, taste, "city, town" FROM visits', 'scores');
CALL shopper.score('buyers', 'SELECT id::bigint AS id, age, taste, "city, town" FROM visits', 'scores');
CALL shopper.score('buyers', 'SELECT * FROM visits', 'visits');
CREATE VIEW seen AS TABLE scores;
CALL shopper.score('buyers', 'SELECT * FROM visits', 'seen');
CREATE TABLE loose (LIKE scores);
CALL shopper.score('buyers', 'SELECT * FROM visits', 'loose');
CALL shopper.score('buyers', 'SELECT * FROM visits', 'no_schema.scores');
CALL shopper.score('buyers', 'SELECT * FROM visits', 'a.b.c');
CALL shopper.score('buyers', 'SELECT * FROM visits', 'scores', reasons => -1);
CALL shopper.score('buyers', 'SELECT * FROM visits', NULL);
SELECT to_regclass('x') IS NULL AS nothing_made;
SELECT top_reasons('groups', v) FROM visits v LIMIT 1;
-- a name for a segment is told in the bands, and moves nobody
SELECT shopper.name_segments('groups', '{"1": "firsts", "2": "seconds"}');
CALL shopper.score('groups', 'SELECT * FROM visits', 'group_scores', 'id', reasons => 0);
SELECT band FROM group_scores GROUP BY band ORDER BY band;
SELECT count(*) AS moves FROM shopper.band_moves WHERE name = 'groups';
SELECT top_reasons('buyers', v, -1) FROM visits v LIMIT 1;

-- reasons and hashes
SELECT top_reasons('amounts', v, 2), top_reasons('amounts', v, 0) IS NULL AS none, top_reasons('amounts', NULL) IS NULL AS no_row FROM (SELECT 30 AS age, NULL::float8 AS taste) v;
SELECT top_reasons(model, v, 1) LIKE 'word = ' || repeat('é', 30) || '... (%' AS clipped
FROM (SELECT train_regressor_from('SELECT i % 2 AS y, CASE i % 2 WHEN 0 THEN repeat(''é'', 50) ELSE ''b'' END AS word FROM generate_series(1, 100) i', 'y', linear()) AS model) m, (SELECT repeat('é', 50) AS word) v;
SELECT count(DISTINCT shopper.row_hash(v)) AS different FROM (VALUES (1, 'a'), (NULL, 'a'), (1, NULL), (NULL, NULL), (0, 'a'), (1, '')) v;
SELECT shopper.row_hash(a) = shopper.row_hash(b) AS same FROM (SELECT 1 AS x, 'long ' || repeat('y', 5000) AS y) a, (SELECT 1::bigint AS z, ('long ' || repeat('y', 5000))::varchar AS w) b;
CREATE TABLE long AS SELECT 1 AS x, (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i) AS y;
SELECT shopper.row_hash(a) = shopper.row_hash(b) AS same_in_toast FROM long a, (SELECT 1 AS x, (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i) AS y) b;

SELECT count(shopper.drop_model(name)) AS dropped FROM shopper.models;
SELECT (SELECT count(*) FROM shopper.bands) + (SELECT count(*) FROM shopper.scorings) + (SELECT count(*) FROM shopper.scoring_bands) + (SELECT count(*) FROM shopper.scoring_moves) + (SELECT count(*) FROM shopper.scoring_items) AS left_behind;
DROP VIEW seen;
DROP TABLE visits, scores, before, serial, lines, class_scores, amount_scores, group_scores, strange_scores, lists, number_lists, code_lists, parted, flat, nothing, loose, long;
DROP SCHEMA "My shop" CASCADE;
