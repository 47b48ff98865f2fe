-- Anomalies: isolation_forest, scores, cut-off, reasons.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE t AS SELECT i, 10 + 3 * sin(i) AS a, 5 - 2 * sin(i) + 0.5 * cos(i * 7) AS b, CASE WHEN i % 11 <> 0 THEN cos(i * 3) END AS c,
	(ARRAY['phone', 'tablet', 'tv'])[1 + i % 3] AS device, date '2025-01-01' + i % 90 AS day FROM generate_series(1, 500) i;
INSERT INTO t VALUES (501, 30, 5, 0, 'phone', '2025-02-01'), (502, 10, 5, 0, 'kettle', '2025-02-01'), (503, 10, 5, NULL, 'tv', '2031-02-01');
CREATE TEMP TABLE m AS SELECT train_anomaly(f, isolation_forest(contamination => 0.0059)) AS model FROM (SELECT a, b, c, device, day FROM t) f;
SELECT i, round(anomaly_score(model, t)::numeric, 3) AS score, is_anomaly(model, t) AS strange FROM m, t ORDER BY 2 DESC, 1 LIMIT 4;
SELECT count(*) FILTER (WHERE is_anomaly(model, t)) AS strange FROM m, t;
SELECT t.i, e.feature, e.value FROM m, t, LATERAL (SELECT * FROM explain_anomaly(model, t) LIMIT 1) e WHERE i > 500 ORDER BY 1;
-- the contributions are all there is to the score
SELECT max(abs(1 + log(2, anomaly_score(model, t)::numeric) - (SELECT sum(contribution) FROM explain_anomaly(model, t)))) < 1e-9 AS whole FROM m, t WHERE i % 50 = 1;
-- the same bytes from any order of rows; columns by name; NULLs, unseen levels
SELECT model = (SELECT train_anomaly(f, isolation_forest(contamination => 0.0059)) FROM (SELECT a, b, c, device, day FROM t ORDER BY random()) f) AS aggregate,
	model = train_anomaly_from('SELECT a, b, c, device, day FROM t', isolation_forest(contamination => 0.0059)) AS twin,
	model = train_anomaly_from('SELECT a, b, c, device, day FROM t', isolation_forest(contamination => 0.0059, seed => 2)) AS seed FROM m;
SELECT anomaly_score(model, f) = anomaly_score(model, g) AS same, anomaly_score(model, n) BETWEEN 0.4 AND 1 AS nulls, is_anomaly(model, NULL::t) IS NULL AS none
FROM m, (SELECT a, b, c, device, day FROM t WHERE i = 7) f, (SELECT 1 AS extra, day, device, c, b, a FROM t WHERE i = 7) g, (SELECT NULL::float8 AS a, NULL::float8 AS b, NULL::float8 AS c, 'unseen' AS device, NULL::date AS day) n;
SELECT model_info(model) ->> 'job' AS job, model_info(model) ->> 'trees' AS trees, model_info(model) ->> 'sample' AS sample, (SELECT count(*) FROM model_metrics(model)) AS metrics FROM m;
-- rows that weigh more are more usual
SELECT anomaly_score(light, o) > anomaly_score(heavy, o) AS usual FROM (SELECT train_anomaly(f) AS light FROM (SELECT a, b FROM t) f) l,
	(SELECT train_anomaly(f, isolation_forest(weight => 'w')) AS heavy FROM (SELECT a, b, CASE i WHEN 501 THEN 200 ELSE 1 END AS w FROM t) f) h, (SELECT a, b FROM t WHERE i = 501) o;
-- refused
SELECT anomaly_score(train_clusters(f, kmeans(k => 2)), (SELECT g FROM (SELECT 1 AS a, 2 AS b) g)) FROM (SELECT a, b FROM t) f;
SELECT train_anomaly(f, kmeans()) FROM t f;
SELECT train_anomaly(f, isolation_forest(contamination => 0.7)) FROM t f;
SELECT train_anomaly(f, '{"scale": "robust"}') FROM t f;
SELECT train_anomaly(f, isolation_forest(), model) FROM (SELECT a FROM t) f, m GROUP BY model;
SELECT train_anomaly(f) FROM (SELECT 'x' AS a WHERE false) f;
SELECT anomaly_score(model, f) FROM m, (SELECT 1 AS a) f;
