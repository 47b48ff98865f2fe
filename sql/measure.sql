-- A stored model on new rows: metrics and importance over a query.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE visits AS
SELECT i AS id, i % 7 AS pages, (i * 37 % 101) / 10.0 AS minutes, (ARRAY['phone', 'tablet', 'desktop'])[1 + i % 3] AS device,
       (i % 7) * 2 + (i * 37 % 101) / 10.0 + (i * 7919 % 13) > 16 AS bought, 3 * (i % 7) + (i * 7919 % 13) / 6.0 AS spent
FROM generate_series(1, 600) i;
CREATE TEMP TABLE models AS
SELECT train_classifier_from('SELECT bought, pages, minutes, device FROM visits WHERE id <= 400', 'bought') AS buyers,
       train_classifier_from('SELECT bought, pages, minutes, device FROM visits WHERE id <= 400', 'bought', mlp(epochs => 20)) AS net,
       train_regressor_from('SELECT spent, pages, minutes, device FROM visits WHERE id <= 400', 'spent') AS amount,
       train_rules_from('SELECT id % 9, pages FROM visits') AS rules;

-- on the training rows the same as training said
SELECT count(*) AS metrics, count(*) FILTER (WHERE abs(q.value - t.value) < 1e-9) AS equal
FROM models, model_metrics(buyers, 'SELECT * FROM visits WHERE id <= 400') q JOIN LATERAL model_metrics(buyers) t USING (metric);
-- on new rows the same as the aggregates say
SELECT abs((SELECT value FROM model_metrics(buyers, 'SELECT * FROM visits WHERE id > 400') WHERE metric = 'auc')
         - (SELECT auc(bought, predict_purchase(buyers, v)) FROM visits v WHERE id > 400)) < 1e-12 AS auc,
       abs((SELECT value FROM model_metrics(net, 'SELECT * FROM visits WHERE id > 400') WHERE metric = 'log_loss')
         - (SELECT log_loss(bought, predict_purchase(net, v)) FROM visits v WHERE id > 400)) < 1e-6 AS log_loss,
       abs((SELECT value FROM model_metrics(amount, 'SELECT * FROM visits WHERE id > 400') WHERE metric = 'rmse')
         - (SELECT rmse(spent, predict_value(amount, v)) FROM visits v WHERE id > 400)) < 1e-12 AS rmse
FROM models;
SELECT dataset, metric, round(value::numeric, 4) AS value FROM models, model_metrics(amount, 'SELECT * FROM visits WHERE id > 400');
SELECT feature, method, importance > 0.01 AS matters FROM models, feature_importance(amount, 'SELECT * FROM visits WHERE id > 400') ORDER BY importance DESC;
SELECT (SELECT count(*) FROM feature_importance(net, 'SELECT bought, pages, NULL::float8 AS minutes, device FROM visits')) AS columns FROM models;
SELECT (SELECT round(value::numeric) FROM model_metrics(buyers, 'SELECT CASE WHEN id % 2 = 0 THEN bought END AS bought, pages, minutes, device FROM visits') WHERE metric = 'rows') AS rows_with_a_target FROM models;
-- refused
SELECT model_metrics(buyers, 'SELECT pages FROM visits') FROM models;
SELECT model_metrics(buyers, 'SELECT pages, minutes, device FROM visits') FROM models;
SELECT model_metrics(buyers, 'SELECT ''maybe'' AS bought, pages, minutes, device FROM visits') FROM models;
SELECT model_metrics(buyers, 'SELECT * FROM visits WHERE false') FROM models;
SELECT model_metrics(rules, 'SELECT * FROM visits') FROM models;
SELECT model_metrics(buyers, 'DELETE FROM visits') FROM models;
