-- A shop of the first released version: named models, views of users over functions and views of the extension.
CREATE TABLE visits AS SELECT i AS id, sin(i) + 0.3 * cos(i * 12.9898) > 0.2 AS bought, 20 + i % 60 AS age, 'city ' || i % 23 AS city FROM generate_series(1, 3000) i;
CREATE TABLE lines AS SELECT i % 300 AS buyer, 'item ' || (i * 7919) % 41 AS item FROM generate_series(1, 6000) i;
SELECT shopper.create_model('buyers', 'classifier', 'SELECT * FROM visits', 'bought', tree(max_depth => 4), 'id', max_age => NULL),
	shopper.create_model('rules', 'rules', 'SELECT buyer, item FROM lines', options => itemsets(min_count => 5, max_length => 2), max_age => NULL),
	shopper.create_model('taste', 'recommender', 'SELECT buyer, item FROM lines', options => als(factors => 4, epochs => 3), max_age => NULL);
CALL shopper.retrain_due();
UPDATE shopper.models SET options = boosting(trees => 10) WHERE name = 'buyers';
CALL shopper.train('buyers');
SELECT shopper.promote('buyers', 2);
UPDATE shopper.gates SET maximum_drop = 0.5 WHERE name = 'buyers';
SELECT shopper.grant_reader('reader');
SELECT shopper.grant_analyst('analyst');
GRANT SELECT ON visits TO analyst;
UPDATE shopper.rfm_segments SET segment = 'kings' WHERE segment = 'champions';

CREATE TABLE kept (name text, model bytea);
INSERT INTO kept SELECT 'forest', train_classifier_from('SELECT bought, age, city FROM visits', 'bought', forest(trees => 5));
CREATE VIEW my_models AS SELECT name, job, state, live_version FROM shopper.model_list;
CREATE VIEW my_versions AS SELECT m.*, v.metric_value, v.verdict FROM shopper.model_versions v JOIN my_models m USING (name) WHERE v.live;
CREATE VIEW scores AS SELECT id, predict_purchase('buyers', v) AS by_name, predict_purchase(k.model, v) AS by_bytes FROM visits v, kept k;
CREATE VIEW good AS SELECT auc(bought, by_name) AS auc, log_loss(bought, by_bytes) AS loss FROM scores JOIN visits USING (id);
CREATE VIEW folds AS SELECT * FROM cross_validate('SELECT bought, age, city FROM visits', 'bought', logistic(c => 2), k => 2);
CREATE MATERIALIZED VIEW stored AS SELECT * FROM scores WHERE id < 100;
CREATE FUNCTION score_of(wanted int) RETURNS float8 LANGUAGE sql STABLE BEGIN ATOMIC SELECT by_name FROM scores WHERE id = wanted; END;
