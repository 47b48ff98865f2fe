-- From predictions to decisions: calibration, cut-offs, profit, intervals, class sets, reasons.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE visits AS
SELECT i AS id, date '2026-01-01' + i / 10 AS day, i % 7 AS pages, (i * 37 % 101) / 10.0 AS minutes,
       CASE i % 3 WHEN 0 THEN 'phone' WHEN 1 THEN 'tablet' ELSE 'desktop' END AS device,
       CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 13 % 17)::float8 END AS basket,
       (i % 7) * 2 + (i * 37 % 101) / 10.0 + CASE WHEN i % 3 = 2 THEN 5 ELSE 0 END + (i * 7919 % 13) > 19 AS bought,
       3 * (i % 7) - 0.5 * ((i * 37 % 101) / 10.0) + CASE WHEN i % 3 = 2 THEN 10 ELSE 0 END + (i * 7919 % 13 - 6) / 6.0 AS spent
FROM generate_series(1, 1000) i;

-- the latest rows are held out
CREATE TEMP TABLE m AS SELECT train_classifier(f, 'bought', logistic(validation_time => 'day', validation => 0.25)) AS m
FROM (SELECT bought, pages, minutes, device, basket, day FROM visits) f;
SELECT dataset, metric, round(value::numeric, 4) AS value FROM m, model_metrics(m) WHERE metric IN ('rows', 'log_loss');
SELECT train_classifier(f, 'bought', logistic(validation_time => 'device')) FROM (SELECT bought, pages, device FROM visits) f;
SELECT train_classifier(f, 'bought', logistic(validation_time => 'nothing')) FROM (SELECT bought, pages, device FROM visits) f;
SELECT train_classifier(f, 'bought', logistic(validation_time => 'id', validation_column => 'late')) FROM (SELECT bought, pages, id, id > 5 AS late FROM visits) f;

-- profit and cut-off: of the held-out rows, or of labels and scores
SELECT round(best_cutoff(m, 10, 1)::numeric, 4) AS eager, round(best_cutoff(m, 1, 3)::numeric, 4) AS wary, best_cutoff(m, 0, 1) AS nobody FROM m;
SELECT count(*) BETWEEN 100 AND 260 AS points, max(profit) AS best, min(profit) AS worst FROM m, profit_curve(m, 10, 1);
SELECT threshold, row_count, positive_count, profit
FROM unnest((SELECT profit_curve(y, p, 2, 1) FROM (VALUES (true, 0.9), (false, 0.8), (true, 0.8), (true, 0.3), (false, 0.1)) AS s (y, p)));
SELECT best_cutoff(y, p, 2, 1) FROM (VALUES (true, 0.9), (false, 0.8), (true, 0.8), (true, 0.3), (false, 0.1)) AS s (y, p);
SELECT best_cutoff(y, p, 2, -1) FROM (VALUES (true, 0.9::float8)) AS s (y, p);
SELECT predict_class(m, v) AS usual, predict_class(set_cutoff(m, 0.001), v) AS eager, predict_class(set_cutoff(m, 1), v) AS never FROM m, visits v WHERE id IN (1, 8, 20) ORDER BY id;
SELECT model_info(set_cutoff(m, 0.25))->'options'->>'cutoff' AS cutoff FROM m;
SELECT set_cutoff(m, 1.5) FROM m;
SELECT best_cutoff(train_classifier(f, 'bought'), 1, 1) FROM (SELECT bought, pages FROM visits) f;

-- calibration keeps the order and corrects the size
SELECT calibration, round(log_loss(bought, predict_purchase(m, v))::numeric, 3) AS log_loss, round(auc(bought, predict_purchase(m, v))::numeric, 2) AS auc
FROM (SELECT calibration, train_classifier(f, 'bought', logistic(c => 0.0005, calibration => calibration)) AS m
      FROM (SELECT bought, pages, minutes, device, basket FROM visits WHERE id <= 700) f, unnest(ARRAY['none', 'platt', 'isotonic']) calibration GROUP BY 1) s,
     visits v WHERE id > 700 GROUP BY 1 ORDER BY 1;
SELECT train_regressor(f, 'spent', linear(calibration => 'platt')) FROM (SELECT spent, pages FROM visits) f;

-- intervals and sets hold what they promise
WITH r AS MATERIALIZED (SELECT train_regressor(f, 'spent', linear(validation => 0.3)) AS m FROM (SELECT spent, pages, minutes FROM visits WHERE id <= 700) f)
SELECT round(avg((spent BETWEEN low AND high)::int), 2) BETWEEN 0.85 AND 0.96 AS covered, bool_and(low < value AND value < high) AS around
FROM r, visits v, predict_interval(m, v, 0.9) WHERE id > 700;
SELECT round(avg((bought::text = ANY (predict_set(m, v, 0.95)))::int), 2) >= 0.9 AS covered, count(DISTINCT cardinality(predict_set(m, v, 0.95))) > 1 AS varied
FROM m, visits v;
SELECT predict_set(m, v, 1) FROM m, visits v WHERE id = 1;
SELECT predict_interval(m, v) FROM (SELECT train_regressor(f, 'spent') AS m FROM (SELECT spent, pages FROM visits) f) s, visits v WHERE id = 1;
SELECT predict_interval(m, v, 0.999) FROM (SELECT train_regressor(f, 'spent', linear(validation => 0.1)) AS m FROM (SELECT spent, pages FROM visits) f) s, visits v WHERE id = 1;
SELECT predict_interval(NULL::bytea, v) IS NULL AS null_model FROM visits v WHERE id = 1;

-- reasons sum to the raw score
SELECT feature, value, round(contribution::numeric, 4) AS contribution FROM m, visits v, explain_prediction(m, v) WHERE id = 22;
SELECT max(abs(total - ln(p / (1 - p)))) < 1e-9 AS exact
FROM (SELECT id, predict_purchase(m, v) AS p, (SELECT sum(contribution) FROM explain_prediction(m, v)) AS total FROM m, visits v WHERE id <= 50) s;
SELECT abs((SELECT sum(contribution) FROM explain_prediction(m, v)) + (SELECT sum(contribution) FROM explain_prediction(m, v, 'false'))) < 1e-9 AS mirrored
FROM m, visits v WHERE id = 22;
SELECT max(abs(total - p)) < 1e-6 AS exact
FROM (SELECT predict_value(m, v) AS p, (SELECT sum(contribution) FROM explain_prediction(m, v)) AS total
      FROM (SELECT train_regressor(f, 'spent', mlp(epochs => 3)) AS m FROM (SELECT spent, pages, minutes, device, basket FROM visits) f) s, visits v WHERE id <= 20) t;
SELECT explain_prediction(m, v, 'maybe') FROM m, visits v WHERE id = 22;
SELECT receipt - 'model' - 'reasons' - 'base' - 'probability' AS receipt, jsonb_array_length(receipt->'reasons') AS reasons, length(receipt->>'model') AS id_length
FROM (SELECT prediction_receipt(m, v) AS receipt FROM m, (SELECT 70 AS pages, 2.0 AS minutes, 'watch' AS device, NULL::float8 AS basket) v) s;
SELECT prediction_receipt(m, NULL) IS NULL AS null_row FROM m;

-- the mean prediction along a column
SELECT value, x, class, round(prediction::numeric, 4) AS prediction FROM m, partial_dependence(m, 'device', 'SELECT * FROM visits WHERE id <= 100');
SELECT value, class, round(prediction::numeric, 4) AS prediction FROM m, partial_dependence(m, 'pages', 'SELECT * FROM visits WHERE id <= 100', 3);
SELECT count(*) = 18 AND bool_or(value = '(missing)') AS with_missing FROM m, partial_dependence(m, 'basket', 'SELECT pages, minutes, device, basket FROM visits');
SELECT partial_dependence(m, 'price', 'SELECT * FROM visits') FROM m;
