-- Neural nets: heads, optimisers, schedules, early stopping, warm start.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE xor_rows AS SELECT a, b, (a <> b) AS y, 'k' || (a + 2 * b) AS quarter, (a + 2 * b)::float8 AS amount
FROM generate_series(0, 1) a, generate_series(0, 1) b, generate_series(1, 100);

-- what a line cannot do
SELECT round((SELECT value FROM model_metrics(m) WHERE metric = 'accuracy')::numeric, 2) AS accuracy
FROM (SELECT train_classifier(f, 'y', mlp(hidden => '{8}', epochs => 200, learning_rate => 0.01, batch_size => 50)) AS m FROM (SELECT a, b, y FROM xor_rows) f) s;
-- the classic set-ups are one line each
SELECT round((SELECT value FROM model_metrics(m) WHERE metric = 'accuracy')::numeric, 2) > 0.4 AS trained, jsonb_array_length(model_info(m)->'options'->'hidden') AS layers
FROM (SELECT train_classifier(f, 'y', mlp(hidden => '{64,64}', activation => 'sigmoid', optimizer => 'adam', epochs => 10)) AS m FROM (SELECT a, b, y FROM xor_rows) f) s;
SELECT round((SELECT value FROM model_metrics(m) WHERE metric = 'rmse')::numeric, 2) AS rmse
FROM (SELECT train_regressor(f, 'amount', mlp(hidden => '{10}', optimizer => 'sgd', learning_rate => 0.01, epochs => 1000)) AS m FROM (SELECT a, b, a * b AS both_of_them, amount FROM xor_rows) f) s;
-- several classes, categories looked up
SELECT round((SELECT value FROM model_metrics(m) WHERE metric = 'accuracy')::numeric, 2) AS accuracy
FROM (SELECT train_classifier(f, 'quarter', mlp(hidden => '{8}', epochs => 100, learning_rate => 0.02)) AS m FROM (SELECT a, b::text AS b, quarter FROM xor_rows) f) s;
-- each option works
SELECT n, (SELECT value FROM model_metrics(m) WHERE metric = 'accuracy' AND dataset = 'train') BETWEEN 0 AND 1 AS trained
FROM (VALUES (1, mlp(activation => 'tanh', epochs => 5)), (2, mlp(optimizer => 'sgd', momentum => 0.9, learning_rate => 0.05, epochs => 5)),
             (3, mlp(dropout => 0.2, epochs => 5)), (4, mlp(l2 => 0.01, epochs => 5)), (5, mlp(schedule => 'cosine', epochs => 5)),
             (6, mlp(early_stopping => true, validation => 0.2, epochs => 50)), (7, mlp(hidden => '{}', epochs => 5)),
             (8, mlp(hidden => '{5,4,3}', epochs => 5)), (9, mlp(batch_size => 10000, epochs => 5)), (10, mlp(class_weight => 'balanced', epochs => 5))) o(n, options),
     LATERAL (SELECT train_classifier_from('SELECT a, b, y FROM xor_rows', 'y', options) AS m) t ORDER BY n;
SELECT count(DISTINCT m) AS different FROM (VALUES (1), (1), (2)) s(seed), LATERAL (SELECT train_classifier_from('SELECT a, b, y FROM xor_rows', 'y', mlp(epochs => 3, seed => seed)) AS m) t;
SELECT metric, count(*) AS steps, min(step) AS first, max(step) AS last
FROM training_history(train_classifier_from('SELECT a, b, y FROM xor_rows', 'y', mlp(epochs => 3, validation => 0.2))) GROUP BY metric ORDER BY metric;
-- continue from a stored model
WITH one AS (SELECT train_classifier_from('SELECT a, b, y FROM xor_rows', 'y', mlp(hidden => '{8}', epochs => 100, learning_rate => 0.01)) AS m),
two AS (SELECT train_classifier_from('SELECT a, b, y FROM xor_rows', 'y', mlp(hidden => '{8}', epochs => 100, learning_rate => 0.01), m) AS m2, m FROM one)
SELECT (SELECT value FROM model_metrics(m2) WHERE metric = 'log_loss') < (SELECT value FROM model_metrics(m) WHERE metric = 'log_loss') AS better FROM two;
-- by row and by block the same
SELECT count(DISTINCT round(predict_purchase(m, f)::numeric, 9)) AS different_scores
FROM xor_rows f, (SELECT train_classifier_from('SELECT a, b, y FROM xor_rows', 'y', mlp(epochs => 3)) AS m) t;
-- refused
SELECT train_classifier(f, 'y', mlp(activation => 'step')) FROM (SELECT a, b, y FROM xor_rows) f;
SELECT train_classifier(f, 'y', mlp(hidden => '{0}')) FROM (SELECT a, b, y FROM xor_rows) f;
SELECT train_classifier(f, 'y', mlp(early_stopping => true)) FROM (SELECT a, b, y FROM xor_rows) f;
SELECT train_classifier(f, 'y', mlp(), (SELECT train_classifier(g, 'y') FROM (SELECT a, b, y FROM xor_rows) g)) FROM (SELECT a, b, y FROM xor_rows) f;
SELECT train_classifier(f, 'y', mlp(hidden => '{4}'), (SELECT train_classifier(g, 'y', mlp(hidden => '{5}', epochs => 1)) FROM (SELECT a, b, y FROM xor_rows) g)) FROM (SELECT a, b, y FROM xor_rows) f;
