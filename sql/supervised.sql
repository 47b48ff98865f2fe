-- Training and scoring rows: both learners that need no tuning, by aggregate and by query.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE visits AS
SELECT i AS id, i % 7 AS pages, (i * 37 % 101) / 10.0 AS minutes,
       CASE i % 3 WHEN 0 THEN 'phone' WHEN 1 THEN 'tablet' ELSE 'desktop' END AS device,
       CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 13 % 17)::float8 END AS basket,
       (i % 7) * 2 + (i * 37 % 101) / 10.0 + CASE WHEN i % 3 = 2 THEN 5 ELSE 0 END + (i * 7919 % 13) > 19 AS bought,
       3 * (i % 7) - 0.5 * ((i * 37 % 101) / 10.0) + CASE WHEN i % 3 = 2 THEN 10 ELSE 0 END + (i * 7919 % 13 - 6) / 6.0 AS spent
FROM generate_series(1, 500) i;

-- a model is a value
CREATE TEMP TABLE models AS
SELECT train_classifier(f, 'bought') AS m
FROM (SELECT bought, pages, minutes, device, basket FROM visits) f;
SELECT octet_length(m) BETWEEN 500 AND 5000 AS small FROM models;
SELECT metric, round(value::numeric, 4) AS value FROM models, model_metrics(m) WHERE dataset = 'train';
SELECT round(predict_purchase(m, v)::numeric, 6) AS p, predict_class(m, v), v.bought
FROM visits v, models WHERE id <= 5 ORDER BY id;
SELECT jsonb_object_agg(key, round(value::numeric, 6)) FROM models, visits v, jsonb_each_text(predict_proba(m, v)) WHERE id = 1;

-- the query twin gives the same bytes, whatever the order of the rows
SELECT m = train_classifier_from('SELECT bought, pages, minutes, device, basket FROM visits ORDER BY minutes, id', 'bought') AS same FROM models;
SELECT m = (SELECT train_classifier(f, 'bought', '{"algorithm": "logistic"}') FROM (SELECT bought, pages, minutes, device, basket FROM visits ORDER BY random()) f) AS same FROM models;
SELECT m = train_classifier_from('SELECT bought, pages, minutes, device, basket FROM visits', 'bought', logistic()) AS same FROM models;
SELECT m = train_classifier_from('SELECT bought, pages, minutes, device, basket FROM visits', 'bought', logistic(c => 2)) AS other FROM models;

-- one thread or two
SET pg_shopper.max_threads = 1;
SELECT m = train_classifier_from('SELECT bought, pages, minutes, device, basket FROM visits', 'bought') AS same FROM models;
RESET pg_shopper.max_threads;

-- columns are matched by name: order, extra columns and other number types do not matter
SELECT predict_purchase(m, a) = predict_purchase(m, b) AS same
FROM models, (SELECT pages, minutes, device, basket FROM visits WHERE id = 8) a,
     (SELECT 'x' AS extra, basket::numeric, device::varchar, minutes::float8, pages::bigint FROM visits WHERE id = 8) b;

-- NULL model, NULL row, row of NULLs, unseen level
SELECT predict_purchase(NULL, v) IS NULL AS n1 FROM visits v WHERE id = 1;
SELECT predict_purchase(m, NULL) IS NULL AS n2 FROM models;
SELECT round(predict_purchase(m, v)::numeric, 6) AS nulls FROM models, (SELECT NULL::int pages, NULL::float8 minutes, NULL::text device, NULL::float8 basket) v;
SELECT round(predict_purchase(m, v)::numeric, 6) AS unseen FROM models, (SELECT 3 pages, 5.0 minutes, 'watch' device, 7.0 basket) v;

-- coefficients in the user's units
SELECT feature, level, round(coefficient::numeric, 4) AS coefficient, std_error FROM models, coefficients(m);
WITH fit AS (SELECT train_classifier(f, 'bought', logistic(penalty => 'none')) AS m FROM (SELECT bought, pages, minutes, device FROM visits) f)
SELECT feature, level, round(coefficient::numeric, 4) AS coefficient, round(std_error::numeric, 4) AS std_error, p_value < 0.05 AS significant
FROM fit, coefficients(m);
SELECT feature, method, importance > 0 AS matters FROM models, feature_importance(m) ORDER BY importance DESC;

-- l1 drops columns, elastic net lies between
SELECT penalty, round((model_info(m)->>'objective')::numeric, 4) AS objective,
       (model_info(m)->>'gradient_norm')::float8 < 1e-4 AS optimal,
       (SELECT count(*) FROM coefficients(m) WHERE coefficient = 0) AS zeros
FROM (SELECT penalty, train_classifier(f, 'bought', logistic(penalty => penalty, c => 0.05)) AS m
      FROM (SELECT bought, pages, minutes, device, basket FROM visits) f, unnest(ARRAY['l1', 'elastic_net', 'l2']) penalty GROUP BY penalty) s
ORDER BY penalty;

-- more than two classes
CREATE TEMP TABLE devices AS SELECT train_classifier(f, 'device', logistic(c => 10)) AS m
FROM (SELECT device, pages, spent, bought FROM visits) f;
SELECT predict_class(m, v) AS device, count(*) FROM visits v, devices GROUP BY 1 ORDER BY 1;
SELECT round((SELECT sum(value::float8) FROM jsonb_each_text(predict_proba(m, v)))::numeric, 9) AS total FROM visits v, devices WHERE id = 3;

-- amounts
CREATE TEMP TABLE spend AS
SELECT penalty, train_regressor(f, 'spent', linear(penalty => penalty, alpha => 0.5)) AS m
FROM (SELECT spent, pages, minutes, device FROM visits) f, unnest(ARRAY['none', 'ridge', 'lasso', 'elastic_net']) penalty GROUP BY penalty;
SELECT penalty, round(value::numeric, 4) AS rmse FROM spend, model_metrics(m) WHERE metric = 'rmse' ORDER BY penalty;
SELECT feature, level, round(coefficient::numeric, 4) AS coefficient, round(std_error::numeric, 4) AS std_error
FROM spend, coefficients(m) WHERE penalty = 'none';
SELECT round(predict_value(m, v)::numeric, 4) AS value, round(v.spent, 4) AS spent FROM spend, visits v WHERE penalty = 'none' AND id <= 3 ORDER BY id;

-- columns that others explain
SELECT feature, coefficient IS NULL AS aliased FROM coefficients(
  train_regressor_from('SELECT spent, pages, minutes, pages + minutes AS both_of_them FROM visits', 'spent'));

-- a model for each segment
SELECT device, round((SELECT value FROM model_metrics(m) WHERE metric = 'auc')::numeric, 3) AS auc
FROM (SELECT device, train_classifier(f, 'bought') AS m FROM (SELECT bought, pages, minutes, device FROM visits) f GROUP BY device) s ORDER BY device;

-- validation, weights, warm start
CREATE TEMP TABLE held AS SELECT train_classifier(f, 'bought', logistic(validation => 0.25)) AS m FROM (SELECT bought, pages, minutes, device FROM visits) f;
SELECT dataset, value FROM held, model_metrics(m) WHERE metric = 'rows' ORDER BY 1;
SELECT dataset, value FROM model_metrics(train_classifier_from(
  'SELECT bought, pages, minutes, id > 400 AS later FROM visits', 'bought', logistic(validation_column => 'later'))) WHERE metric = 'rows' ORDER BY 1;
SELECT round(coefficient::numeric, 6) AS weighted FROM coefficients(train_classifier_from(
  'SELECT bought, pages, 1 + id % 2 AS w FROM visits', 'bought', logistic(weight => 'w', penalty => 'none')))
EXCEPT
SELECT round(coefficient::numeric, 6) FROM coefficients(train_classifier_from(
  'SELECT bought, pages FROM visits, generate_series(0, id % 2)', 'bought', logistic(penalty => 'none')));
SELECT round(avg(predict_purchase(m, v))::numeric, 2) AS balanced
FROM visits v, (SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', logistic(class_weight => 'balanced')) AS m) s;
SELECT (model_info(train_classifier_from('SELECT bought, pages, minutes, device FROM visits', 'bought', logistic(validation => 0.25), m))->>'iterations')::int <= 1 AS already_there
FROM held;

-- what a model says of itself
SELECT jsonb_pretty(model_info(m) - 'options' - 'bytes' - 'objective' - 'gradient_norm' - 'iterations') FROM models;
SELECT model_info(m)->'options'->'c' AS c FROM models;
SELECT * FROM models, model_check(m) c(item, ok, message) WHERE m IS NOT NULL AND NOT ok;
SELECT count(*) > 3 AS steps FROM models, training_history(m);
