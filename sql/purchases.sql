-- Features of customers from a log of events; churn, cohorts, RFM, Pareto.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
SET timezone = 'UTC';

CREATE TEMP TABLE log(customer int, at timestamp, event text, order_id text, item int, category text, brand text, visit int, amount numeric, quantity int, discount float4, dwell_seconds int);
INSERT INTO log VALUES
	(1, '2026-01-05 09:00', 'purchase', 'a', 10, 'phone', 'Aim', 1, 400, 1, 0, 100),
	(1, '2026-01-05 09:00', 'purchase', 'a', 11, 'case', 'Bo', 1, 20, 2, 5, NULL),
	(1, '2026-02-04 21:00', 'purchase', 'b', 11, 'case', 'Bo', 2, 20, 1, 0, 60),
	(1, '2026-02-10 12:00', 'return', 'b', 11, 'case', 'Bo', NULL, 20, 1, NULL, NULL),
	(1, '2026-03-06 09:00', 'purchase', 'c', 12, 'tablet', 'Aim', 3, 300, 1, 0, 20),
	(1, '2026-03-20 09:00', 'purchase', 'd', 13, 'tablet', 'Aim', 4, 1000, 1, 0, 20),
	(2, '2026-03-01 00:00', 'view', NULL, 10, 'phone', 'Aim', 5, NULL, NULL, NULL, 30),
	(3, '2026-03-12 00:00', 'purchase', 'e', 10, 'phone', NULL, 6, 50, 1, 0, NULL),
	(NULL, '2026-03-01', 'purchase', 'f', 1, NULL, NULL, 7, 1, 1, 0, 1),
	(1, NULL, 'purchase', 'f', 1, NULL, NULL, 7, 1, 1, 0, 1),
	(4, 'infinity', 'purchase', 'f', 1, NULL, NULL, 7, 1, 1, 0, 1);
\x
SELECT * FROM purchase_features('SELECT * FROM log', date '2026-03-10', '20 days');
\x
-- the label is all that the later events show, whatever they hold
SELECT customer, frequency, buys FROM purchase_features('SELECT * FROM log', '2026-03-10', '5 days');
SELECT f = g AS same_features FROM
	(SELECT ROW(p.*)::text AS f FROM purchase_features('SELECT * FROM log WHERE customer = 1', date '2026-03-10') p) a,
	(SELECT ROW(p.*)::text AS g FROM purchase_features('SELECT * FROM log WHERE customer = 1 AND at < ''2026-03-10'' ORDER BY random()', date '2026-03-10') p) b;
-- history, times of several types, no as_of, ids of their own type
SELECT customer, frequency, monetary FROM purchase_features('SELECT * FROM log', date '2026-03-10', history => '40 days');
SELECT customer, recency_days FROM purchase_features('SELECT customer, at AT TIME ZONE ''UTC'' AS at FROM log', timestamptz '2026-03-10 00:00+00') WHERE customer = '1';
SELECT customer, recency_days, weekday_share FROM purchase_features('SELECT customer, at AT TIME ZONE ''UTC'' AS at FROM log', timestamptz '2026-03-10 00:00+00', timezone => 'Asia/Tokyo') WHERE customer = '1';
SELECT customer, pg_typeof(customer), recency_days FROM purchase_features_as(NULL::bigint, 'SELECT * FROM log', NULL);
-- other names; price and quantity; what is below nothing went back
SELECT customer, frequency, monetary, return_share FROM purchase_features('SELECT 7 AS c, date ''2026-01-01'' + i AS day, i AS nr, 2.5 AS each, CASE i WHEN 3 THEN -2 ELSE 4 END AS pieces FROM generate_series(1, 3) i',
	NULL, columns => '{"customer": "c", "at": "day", "order_id": "nr", "price": "each", "quantity": "pieces"}');
-- trained on, and asked without a label
WITH m AS (SELECT train_classifier(f, 'buys', logistic(c => 1, exclude => '{customer}', validation => 0)) AS model FROM purchase_features(
	'SELECT i % 50 AS customer, timestamp ''2026-01-01'' + i % 83 * interval ''1 day'' AS at, i AS order_id, i % 7 AS amount FROM generate_series(1, 400) i', date '2026-03-10', '10 days') f)
SELECT count(*), bool_and(p BETWEEN 0 AND 1) FROM m, LATERAL (SELECT predict_purchase(m.model, f) AS p FROM purchase_features(
	'SELECT i % 50 AS customer, timestamp ''2026-01-01'' + i % 83 * interval ''1 day'' AS at, i AS order_id, i % 7 AS amount FROM generate_series(1, 400) i', date '2026-03-20') f) s;

SELECT * FROM churn_labels('SELECT * FROM log', '2026-03-10', '20 days');
SELECT * FROM churn_labels_as(NULL::int, 'SELECT * FROM log', date '2026-03-15', '5 days');
SELECT cohort, customers, age, period_start, active, round(retention_rate::numeric, 3) AS retention, amount FROM cohort_table('SELECT * FROM log');
SELECT cohort, age, active FROM cohort_table('SELECT * FROM log', 'quarter');

-- RFM
CREATE TEMP VIEW sales AS SELECT c AS customer, date '2026-01-01' + c * 3 % 100 AS at, o AS order_id, c * 10 + o AS amount
FROM generate_series(1, 25) c, generate_series(1, 5) o WHERE o <= 1 + c % 5;
SELECT * FROM rfm_scores('SELECT * FROM sales', '2026-05-01') ORDER BY customer::int LIMIT 8;
SELECT customer, r, f, m, score FROM rfm_scores_as(NULL::int, 'SELECT * FROM sales') ORDER BY customer LIMIT 2;
SELECT segment, customers, round(amount_share::numeric, 3) AS amount_share, round(mean_frequency::numeric, 2) AS mean_frequency FROM rfm_segments('SELECT * FROM sales');
SELECT top_share, customers, amount, round(amount_share::numeric, 3) AS amount_share FROM pareto_share('SELECT * FROM sales', '{0.2, 1}');
BEGIN;
INSERT INTO shopper.rfm_segments VALUES (1, 'good', 3, 5, 3, 5, 'Keep'), (2, 'rest', 1, 5, 1, 5, NULL);
SELECT segment, customers, advice FROM rfm_segments('SELECT * FROM sales');
DELETE FROM shopper.rfm_segments WHERE segment = 'rest';
SELECT segment, customers FROM rfm_segments('SELECT * FROM sales');
ROLLBACK;
INSERT INTO shopper.rfm_segments VALUES (1, 'wrong', 6, 7, 1, 5, NULL);

-- refused
SELECT * FROM purchase_features('SELECT 1 AS customer', date '2026-01-01');
SELECT * FROM purchase_features('SELECT * FROM log', date '2026-01-01', columns => '{"client": "customer"}');
SELECT * FROM purchase_features('SELECT * FROM log', date '2026-01-01', columns => '{"amount": "total"}');
SELECT * FROM purchase_features('SELECT customer, at, item::text AS amount FROM log', date '2026-01-01');
SELECT * FROM purchase_features('SELECT customer, item AS at FROM log', date '2026-01-01');
SELECT * FROM purchase_features('SELECT * FROM log', NULL, '5 days');
SELECT * FROM purchase_features('SELECT * FROM log', date '2026-01-01', '-5 days');
SELECT * FROM purchase_features('SELECT * FROM log', 7);
SELECT * FROM purchase_features(NULL, date '2026-01-01');
SELECT * FROM purchase_features('DELETE FROM log', date '2026-01-01');
SELECT * FROM purchase_features_as(NULL::int, 'SELECT ''x''::text AS customer, at FROM log', date '2026-01-01');
SELECT * FROM churn_labels('SELECT * FROM log', NULL);
SELECT * FROM cohort_table('SELECT * FROM log', 'decade');
SELECT * FROM cohort_table('SELECT 1 AS customer, d AS at FROM (VALUES (date ''1000-01-01''), (''2026-01-01'')) v(d)', 'day');
SELECT count(*) FROM purchase_features('SELECT * FROM log WHERE false', NULL);
SELECT count(*) FROM cohort_table('SELECT * FROM log WHERE false');
