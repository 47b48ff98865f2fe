-- Training over plain columns, in parallel, and models merged.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TABLE sums_rows AS
SELECT i, i % 4 AS region, i % 3 = 0 AS bought, (i * 37 % 101)::float8 AS a, (i * 53 % 97)::float8 AS b,
       5 + 2 * (i * 37 % 101) - 0.5 * (i * 53 % 97) + (i * 7 % 11) AS y FROM generate_series(1, 2000) i;
CREATE TEMP TABLE model AS SELECT train_linear(y, ARRAY[a, b]) AS lin, train_linear(y, ARRAY[a, b], '{a,b}') AS named,
  train_regressor_from('SELECT y, a, b FROM sums_rows', 'y', linear()) AS by_rows, train_naive_bayes(bought, ARRAY[a, b], '{a,b}') AS nb
FROM sums_rows;
SELECT feature, round(coefficient::numeric, 6) AS coefficient, round(std_error::numeric, 6) AS std_error FROM model, coefficients(lin);
SELECT bool_and(abs(s.coefficient / r.coefficient - 1) < 1e-9 AND abs(s.std_error / r.std_error - 1) < 1e-9) AS same
FROM model, coefficients(named) s JOIN LATERAL coefficients(by_rows) r USING (feature);
SELECT metric, round(value::numeric, 6) FROM model, model_metrics(named) ORDER BY metric;
SELECT model_info(lin)->'features' AS features, model_info(lin)->'target' AS target FROM model;
-- scored by array, or by row with the names
SELECT round(predict_value_array(lin, ARRAY[1, 2])::numeric, 6) AS by_array, round(predict_value(named, f)::numeric, 6) AS by_row,
       round(predict_value(lin, g)::numeric, 6) AS x1_x2, predict_value_array(lin, NULL::float8[]) AS nothing
FROM model, (SELECT 1 AS a, 2 AS b) f, (SELECT 1 AS x1, 2 AS x2) g;
SELECT predict_purchase_array(nb, ARRAY[1, NULL]::float8[])::numeric(8, 6) AS p, predict_class_array(nb, ARRAY[50, 50]) AS class FROM model;
SELECT bool_and(abs(predict_purchase(nb, f) - predict_purchase(r, f)) < 1e-12) AS same FROM model, (SELECT train_classifier_from('SELECT bought, a, b FROM sums_rows', 'bought', bayes()) AS r) t, sums_rows f;
-- in parallel the same
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT train_naive_bayes(bought, ARRAY[a, b]) FROM sums_rows;
CREATE TABLE sums_parallel AS SELECT train_linear(y, ARRAY[a, b]) AS lin, train_naive_bayes(bought, ARRAY[a, b]) AS nb FROM sums_rows;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT max(abs(predict_value_array(p.lin, x) - predict_value_array(model.lin, x))) < 1e-9 AS same_line, max(abs(predict_purchase_array(p.nb, x) - predict_purchase_array(model.nb, x))) < 1e-12 AS same_bayes
FROM model, sums_parallel p, sums_rows, LATERAL (SELECT ARRAY[a, b]) l(x);
-- over a window of rows that grows
SELECT round((SELECT coefficient FROM coefficients(m) WHERE feature = 'x1')::numeric, 4) AS slope FROM (
  SELECT i, train_linear(y, ARRAY[a, b]) OVER (ORDER BY i) AS m FROM sums_rows WHERE i <= 103) s WHERE i IN (40, 64, 103) ORDER BY i;
-- merging models of parts
SELECT max(abs(predict_value_array(merged.lin, x) - predict_value_array(model.lin, x))) < 1e-9 AS same_line, max(abs(predict_purchase_array(merged.nb, x) - predict_purchase_array(model.nb, x))) < 1e-12 AS same_bayes,
       min((model_info(merged.lin)->'rows')::text) AS row_count
FROM model, (SELECT merge_models(lin) AS lin, merge_models(nb) AS nb FROM (SELECT train_linear(y, ARRAY[a, b]) AS lin, train_naive_bayes(bought, ARRAY[a, b]) AS nb FROM sums_rows GROUP BY region) s) merged,
     sums_rows, LATERAL (SELECT ARRAY[a, b]) l(x);
-- dictionaries are united: each part has a level of its own
WITH part AS (SELECT train_classifier(f, 'bought', bayes()) AS m FROM (SELECT region, bought, 'shop ' || region AS shop, a FROM sums_rows) g, LATERAL (SELECT bought, shop, a) f GROUP BY region),
     whole AS (SELECT train_classifier_from('SELECT bought, ''shop '' || region AS shop, a FROM sums_rows', 'bought', bayes()) AS w)
SELECT model_info(merged)->'features'->0->'levels' AS levels, (SELECT max(abs(predict_purchase(merged, f) - predict_purchase(w, f))) < 1e-12 FROM (SELECT 'shop ' || region AS shop, a FROM sums_rows) f) AS same
FROM (SELECT merge_models(m) AS merged FROM part) s, whole;
-- the mean of nets
SELECT (SELECT accuracy(bought_often, predict_purchase(m, f) >= 0.5) > 0.9 FROM (SELECT a > 50 AS bought_often, a FROM sums_rows) f) AS good
FROM (SELECT merge_models(m) AS m FROM (SELECT train_classifier(f, 'y', mlp(hidden => '{8}', epochs => 20, batch_size => 20)) AS m FROM (SELECT region, a > 50 AS y, a FROM sums_rows) g, LATERAL (SELECT y, a) f GROUP BY region) s) t;
-- several classes, NULLs, other types
SELECT predict_class_array(train_naive_bayes(t, x::float8[], NULL, bayes(var_smoothing => 0.1)), ARRAY[9.5]) AS class FROM (VALUES ('low', '{1}'), ('low', '{2}'), ('mid', '{5}'), ('mid', '{NULL}'), ('high', '{10}'), ('high', '{inf}'), (NULL, '{3}')) v(t, x);
SELECT model_info(train_linear(y, x))->'rows' AS row_count FROM (VALUES (1::float8, ARRAY[1.0]), (2, '{2}'), (NULL, '{3}'), (4, '{NULL}'), (5, '{5.5}'), ('nan', '{6}')) v(y, x);
-- refused
SELECT train_linear(y, x::float8[]) FROM (VALUES (1, '{1,2}'), (2, '{1}')) v(y, x);
SELECT train_linear(y, ARRAY[a], '{a,b}') FROM sums_rows;
SELECT train_linear(y, ARRAY[a, b], '{a,a}') FROM sums_rows;
SELECT train_linear(y, ARRAY[a], NULL, linear(penalty => 'lasso')) FROM sums_rows;
SELECT train_linear(y, ARRAY[a], NULL, logistic()) FROM sums_rows;
SELECT train_naive_bayes(bought, ARRAY[a]) FROM sums_rows WHERE bought;
SELECT train_naive_bayes(bought, ARRAY[a]) FROM sums_rows WHERE false;
SELECT train_naive_bayes(repeat('x', 70), ARRAY[a]) FROM sums_rows;
SELECT predict_value_array(lin, ARRAY[1, 2, 3]) FROM model;
SELECT predict_value_array(nb, ARRAY[1, 2]) FROM model;
SELECT merge_models(lin, nb) FROM model;
SELECT merge_models(by_rows, lin) FROM model;
SELECT merge_models(a, b) FROM (SELECT train_linear(y, ARRAY[a], '{a}') AS a, train_linear(y, ARRAY[b], '{b}') AS b FROM sums_rows) s;
SELECT merge_models(m, m) FROM (SELECT train_rules(i, a) AS m FROM sums_rows) s;
SELECT shopper_linear_accum(NULL, 1, '{1}');
DROP TABLE sums_rows, sums_parallel;
