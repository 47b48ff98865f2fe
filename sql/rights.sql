-- What an ordinary user can do once a superuser has created the extension.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
CREATE ROLE regress_shopper_user;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_shopper_user', current_database()); END $$;
CREATE TABLE secret AS SELECT i % 2 = 0 AS y, i AS a FROM generate_series(1, 30) AS i;
SET ROLE regress_shopper_user;
CREATE SCHEMA own;
SELECT count(*) > 50 AS options FROM shopper.learner_options;
SELECT shopper.demo_shop('own_shop', 200);
CREATE TABLE own.model AS SELECT train_classifier(s, 'returning') AS model FROM (SELECT id % 3 = 0 AS returning, id % 5 AS a FROM own_shop.customers) AS s;
SELECT count(predict_purchase(model, s)) FROM own.model, (SELECT id % 5 AS a FROM own_shop.customers) AS s;
-- a query is run with the caller's rights
SELECT train_classifier_from('SELECT * FROM secret', 'y');
RESET ROLE;
SET client_min_messages = warning;
DROP OWNED BY regress_shopper_user;
DROP ROLE regress_shopper_user;
DROP TABLE secret;
