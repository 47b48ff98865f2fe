-- Models and rows that change while a call site lives: nested calls, evicted models, altered types, aborted parts.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
CREATE SCHEMA lifetime;
SET search_path = lifetime, public;

CREATE TABLE visits AS
SELECT i % 3 = 0 AS bought, i % 7 AS pages, (ARRAY['phone', 'tablet', 'pc'])[1 + i % 3] AS device FROM generate_series(1, 300) AS i;
CREATE TABLE models AS SELECT train_classifier(v, 'bought') AS model FROM visits AS v;

-- Two models of more than half the cache each.
CREATE TABLE big AS
SELECT k, train_recommender(u, 'item ' || i, 1 + (u * k + i) % 5, svd(factors => 64, epochs => 1)) AS model
FROM generate_series(1, 2) AS k, generate_series(1, 3000) AS u, generate_series(1, 300) AS i WHERE (u * 7 + i * 3) % 31 = k GROUP BY k;
SET pg_shopper.cache_size = 1;
-- while one is being read, the check of the ids' domain uses the other
CREATE FUNCTION is_known(item text) RETURNS boolean LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN predict_rating((SELECT model FROM big WHERE k = 2), '1', item) IS NOT NULL; END $$;
CREATE DOMAIN sku AS text CHECK (VALUE IS NULL OR is_known(VALUE));
SELECT k, count(*), count(DISTINCT item), max(rank) FROM big, recommend(model, 1, null::sku, n => NULL) GROUP BY k ORDER BY k;
SELECT k, count(*) FROM big, similar_items(model, 'item 1'::text, null::sku, n => NULL) GROUP BY k ORDER BY k;
-- in turn, at one call site and at two
SELECT count(DISTINCT round(predict_rating(model, u, 'item 7')::numeric, 6)) FROM (SELECT * FROM big, generate_series(1, 20) AS u ORDER BY u, k) AS b;
SELECT count(*) FROM big AS a, big AS b, generate_series(1, 20) AS u
WHERE a.k < b.k AND predict_rating(a.model, u, 'item 7') <> predict_rating(b.model, u, 'item 8');
RESET pg_shopper.cache_size;
SELECT count(DISTINCT round(predict_rating(model, u, 'item 7')::numeric, 6)) FROM (SELECT * FROM big, generate_series(1, 20) AS u ORDER BY u, k) AS b;

-- A cursor goes on after a rollback and without its model's row.
BEGIN;
DECLARE c CURSOR FOR SELECT k, count(*) OVER (PARTITION BY k) AS n, predict_rating(model, u, 'item 7') IS NOT NULL AS rated
FROM big, generate_series(1, 3) AS u;
FETCH 2 FROM c;
SAVEPOINT s;
SELECT predict_rating('\x00'::bytea, 1, 2);
ROLLBACK TO s;
DELETE FROM big;
FETCH 4 FROM c;
ROLLBACK;

-- A named row type changes between two rows.
CREATE TABLE row_type (pages int, device text);
INSERT INTO row_type VALUES (1, 'pc');
DO $$
DECLARE
	m bytea := (SELECT model FROM models);
	r row_type;
BEGIN
	FOR i IN 1..3 LOOP
		EXECUTE 'SELECT * FROM row_type' INTO r;
		RAISE NOTICE '% %', r, round(predict_purchase(m, r)::numeric, 4) = (SELECT round(predict_purchase(m, s)::numeric, 4) FROM (SELECT r.pages, r.device) AS s);
		IF i = 1 THEN
			ALTER TABLE row_type DROP COLUMN pages;
			ALTER TABLE row_type ADD COLUMN pages int DEFAULT 1;
		END IF;
	END LOOP;
END $$;

-- The old row of a trigger lacks columns that came later: it has their defaults.
CREATE TABLE later (device text);
INSERT INTO later VALUES ('pc');
ALTER TABLE later ADD COLUMN pages int DEFAULT 6;
CREATE FUNCTION compare() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	m bytea := (SELECT model FROM models);
BEGIN
	RAISE NOTICE 'same: %', predict_purchase(m, OLD) = (SELECT predict_purchase(m, l) FROM later AS l);
	RETURN NEW;
END $$;
CREATE TRIGGER compare BEFORE UPDATE ON later FOR EACH ROW EXECUTE FUNCTION compare();
UPDATE later SET device = 'pc';

-- Training inside of training, and after a failed one.
CREATE FUNCTION train_inside(n int) RETURNS bytea LANGUAGE plpgsql AS
$$ BEGIN RETURN train_classifier_from(format('SELECT i %% 3 = 0 AS y, i %% %s AS pages FROM generate_series(1, 100) AS i', n), 'y'); END $$;
SELECT train_classifier_from('SELECT predict_purchase(train_inside(pages + 3), v) AS score, v.* FROM visits AS v', 'bought') IS NOT NULL AS nested;
DO $$
BEGIN
	FOR i IN 1..2 LOOP
		BEGIN
			PERFORM train_classifier_from('SELECT 1 / (pages - 3) AS q, * FROM visits', 'bought');
		EXCEPTION WHEN division_by_zero THEN
			RAISE NOTICE 'same after failure: %', train_classifier_from('SELECT * FROM visits', 'bought') = (SELECT model FROM models);
		END;
	END LOOP;
END $$;
-- its query reads only, its functions may write
CREATE TABLE notes (i int);
CREATE FUNCTION note(i int) RETURNS int LANGUAGE sql AS 'INSERT INTO notes VALUES (i) RETURNING i';
SELECT train_classifier_from('SELECT note(pages), bought FROM visits', 'bought') IS NOT NULL AS trained;
SELECT count(*) FROM notes;
SELECT train_classifier_from('WITH n AS (INSERT INTO notes VALUES (1) RETURNING *) SELECT * FROM n, visits', 'bought');
SELECT train_classifier_from('SELECT * FROM visits FOR UPDATE', 'bought');
SELECT train_classifier_from('EXPLAIN SELECT * FROM visits', 'bought');

-- Arguments that are computed anew for each row.
SELECT train_classifier(v, lower('BOUGHT'), jsonb_build_object('c', 2 + pages * 0)) = train_classifier_from('TABLE visits', 'bought', logistic() || '{"c": 2}') AS same FROM visits AS v;
SELECT train_classifier(v, CASE WHEN pages < 6 THEN 'bought' ELSE 'device' END) FROM visits AS v;
SELECT train_classifier(v, 'bought', jsonb_build_object('c', 1 + pages)) FROM visits AS v;

-- Parallel scans below a training give the same model.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT train_classifier(v, 'bought') FROM visits AS v;
SELECT (SELECT train_classifier(v, 'bought') FROM visits AS v) = model AS same FROM models;
SELECT (SELECT train_classifier_from('TABLE visits', 'bought')) = model AS same FROM models;
SET client_min_messages = warning;
DROP SCHEMA lifetime CASCADE;
