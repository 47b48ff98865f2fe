-- Training when due, one model or all; a clear word where pg_cron is missing (test/schedule.sh has it).
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS pg_shopper CASCADE;
CREATE EXTENSION pg_shopper;
CREATE TABLE visits AS SELECT i AS id, sin(i) > 0.2 AS bought, i % 60 AS age FROM generate_series(1, 500) i;
SELECT shopper.create_model(name, 'classifier', 'SELECT * FROM visits', 'bought', tree(), 'id') FROM unnest(ARRAY['one', 'two']) name;
CALL shopper.retrain_due('one');
SELECT name, state FROM shopper.model_list ORDER BY name;
-- not due
CALL shopper.retrain_due('one');
CALL shopper.retrain_due(NULL);
CALL shopper.retrain_due();
SELECT name, version FROM shopper.model_runs ORDER BY name, version;
CALL shopper.retrain_due('none');
-- a transaction block cannot be committed from inside
BEGIN;
UPDATE shopper.models SET max_age = '1 microsecond';
CALL shopper.retrain_due('one');
ROLLBACK;
SELECT shopper.schedule('one', '0 3 * * *');
SELECT shopper.schedule('none', '0 3 * * *');
SELECT shopper.schedule('one', NULL);
SELECT shopper.schedule(NULL, '0 3 * * *');
SELECT shopper.unschedule('one');
SELECT * FROM shopper.schedules;
SELECT count(shopper.drop_model(name)) AS dropped FROM shopper.models;
DROP TABLE visits;
