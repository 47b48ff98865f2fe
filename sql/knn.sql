-- Nearest neighbours: votes and means, metrics, rows kept.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE points AS SELECT i, (i * 37 % 101)::float8 AS a, (i * 53 % 97)::float8 AS b, 'g' || i % 3 AS g,
  (i * 37 % 101) > (i * 53 % 97) AS above, (i * 37 % 101) + 2.0 * (i * 53 % 97) AS amount FROM generate_series(1, 600) i;
SELECT dataset, metric, value::numeric(8,3) FROM model_metrics(train_classifier_from('SELECT a, b, above FROM points', 'above', knn(k => 5, validation => 0.3))) WHERE metric IN ('accuracy', 'auc') ORDER BY 1, 2;
SELECT value > 0.98 AS good FROM model_metrics(train_regressor_from('SELECT a, b, amount FROM points', 'amount', knn(k => 5, weights => 'distance', validation => 0.3))) WHERE metric = 'r2' AND dataset = 'validation';
-- by hand: the three nearest to 2.2 are 2, 3, 1
WITH m AS (SELECT train_regressor(f, 'y', knn(k => 3)) AS uniform, train_regressor(f, 'y', knn(k => 3, weights => 'distance')) AS weighted FROM (VALUES (1.0, 10.0), (2, 20), (3, 30), (10, 40), (20, 50)) f(x, y))
SELECT predict_value(uniform, f)::numeric(8,4) AS mean, predict_value(weighted, f)::numeric(8,4) AS weighted, predict_value(weighted, g) AS itself FROM m, (SELECT 2.2 AS x) f, (SELECT 3 AS x) g;
-- each option works
SELECT n, (SELECT value > 0.8 FROM model_metrics(train_classifier_from('SELECT a, b, g, above FROM points', 'above', options)) WHERE metric = 'accuracy') AS good
FROM (VALUES (1, knn(k => 1)), (2, knn(metric => 'manhattan')), (3, knn(metric => 'cosine')), (4, knn(weights => 'distance', metric => 'cosine')), (5, knn(k => 1000)), (6, knn(class_weight => 'balanced'))) o(n, options) ORDER BY n;
SELECT model_info(train_classifier_from('SELECT a, b, above FROM points', 'above', knn(max_rows => 100)))->'kept_rows' AS kept;
-- NULLs and new levels; the same bytes in any order
SELECT predict_purchase(m, f) BETWEEN 0 AND 1 AS p FROM (SELECT train_classifier_from('SELECT a, b, g, above FROM points', 'above', knn()) AS m) s, (SELECT NULL::float8 AS a, 1e300 AS b, 'new' AS g) f;
SELECT count(DISTINCT m) AS different FROM (VALUES ('i'), ('a')) o(col), LATERAL (SELECT train_classifier_from('SELECT a, b, g, above FROM points ORDER BY ' || col, 'above', knn(k => 5)) AS m) t;
-- refused
SELECT train_classifier_from('SELECT a, b, above FROM points', 'above', knn(k => 0));
SELECT train_classifier_from('SELECT a, above FROM points', 'above', knn(), train_classifier_from('SELECT a, above FROM points', 'above', knn()));
