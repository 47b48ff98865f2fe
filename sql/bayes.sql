-- Naive Bayes: numbers, booleans, categories, dates, vectors as they are; continuing and merging.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE visits AS
SELECT i, i % 3 = 0 AS bought, CASE WHEN i % 7 > 0 THEN (i * 37 % 100) / 10.0 + (i % 3 = 0)::int END::float8 AS minutes,
       i % 2 = 0 AS member, CASE WHEN i % 11 > 0 THEN (ARRAY['phone', 'tablet', 'desktop'])[1 + (i + (i % 3 = 0)::int * (i % 2)) % 3] END AS device,
       date '2024-01-01' + i % 300 AS day, ARRAY[i % 5, i % 4]::float8[] AS taste
FROM generate_series(1, 600) i;

-- by hand: two rows a class, smoothing 1
WITH m AS (SELECT train_classifier(f, 'y', bayes()) AS m FROM (VALUES (true, 'a'), (true, 'a'), (false, 'a'), (false, 'b'), (false, 'b')) f(y, x))
SELECT x, predict_purchase(m, f)::numeric(8,6) AS p FROM m, (VALUES ('a'), ('b'), ('new'), (NULL)) f(x) ORDER BY x;
WITH m AS (SELECT train_classifier(f, 'y', bayes()) AS m FROM (VALUES (true, 1), (true, 3), (false, 5), (false, 7), (false, 6)) f(y, x))
SELECT x, predict_purchase(m, f)::numeric(8,6) AS p, predict_class(m, f) AS class FROM m, (VALUES (2), (4), (6), (NULL)) f(x) ORDER BY x;
-- all kinds of columns; training rows, held-out rows, the rows of a query
CREATE TEMP TABLE model AS SELECT train_classifier(f, 'bought', bayes(exclude => '{i}', validation => 0.25)) AS m FROM visits f;
SELECT dataset, metric, value::numeric(8,4) FROM model, model_metrics(m) ORDER BY dataset, metric;
SELECT metric, value::numeric(8,4) FROM model, model_metrics(m, 'SELECT * FROM visits WHERE i > 100') ORDER BY metric;
SELECT jsonb_pretty(model_info(m) - 'options' - 'bytes') FROM model;
SELECT feature, importance > 0.01 AS matters FROM model, feature_importance(m) ORDER BY feature;
SELECT count(*) AS features FROM model, feature_importance(m, 'SELECT * FROM visits');
SELECT count(predict_purchase(m, f)) AS scored, bool_and(predict_purchase(m, f) BETWEEN 0 AND 1) AS probabilities FROM model, visits f;
-- everything missing: the share of buyers
SELECT predict_purchase(m, f)::numeric(8,4) AS p FROM model, (SELECT NULL::float8 AS minutes, NULL::bool AS member, 'watch' AS device, NULL::date AS day, NULL::float8[] AS taste) f;
-- values far away and infinite ones are no trouble
SELECT x > 0 AS positive, predict_purchase(m, f) BETWEEN 0 AND 1 AS p FROM model, (VALUES (1e300), ('-infinity'), (-1e300)) v(x),
  LATERAL (SELECT x::float8 AS minutes, true AS member, 'phone' AS device, NULL::date AS day, NULL::float8[] AS taste) f ORDER BY x;
-- unseen levels
SELECT on_unseen, (SELECT count(predict_purchase(train_classifier_from('SELECT bought, device FROM visits', 'bought', bayes(on_unseen => on_unseen)), g)) FROM (SELECT 'watch' AS device) g) AS scored
FROM (VALUES ('other'), ('zero')) o(on_unseen);
SELECT predict_purchase(train_classifier_from('SELECT bought, device FROM visits', 'bought', bayes(on_unseen => 'error')), g) FROM (SELECT 'watch' AS device) g;
-- rare levels share one
SELECT model_info(m)->'features'->0->'levels' AS levels FROM (SELECT train_classifier_from('SELECT bought, device, i % 50 AS page FROM visits', 'bought', bayes(max_levels => 10, categorical => '{page}', features => '{page}')) AS m) s;
-- the same bytes in any order; three classes; weights
SELECT count(DISTINCT m) AS different FROM (VALUES ('i'), ('minutes'), ('device')) o(col),
  LATERAL (SELECT train_classifier_from('SELECT * FROM visits ORDER BY ' || col, 'bought', bayes(exclude => '{i}')) AS m) t;
SELECT predict_class(train_classifier_from('SELECT device, i, bought FROM visits WHERE device IS NOT NULL', 'device', bayes(features => '{bought}')), f) AS device FROM (SELECT true AS bought) f;
WITH a AS (SELECT train_classifier_from('SELECT bought, device, 2 AS w FROM visits', 'bought', bayes(weight => 'w', smoothing => 2)) AS m),
     b AS (SELECT train_classifier_from('SELECT bought, device FROM visits', 'bought', bayes()) AS m)
SELECT abs(predict_purchase(a.m, f) - predict_purchase(b.m, f)) < 1e-12 AS weights_count FROM a, b, (SELECT 'phone' AS device) f;
SELECT predict_purchase(m, f)::numeric(8,4) AS balanced FROM (SELECT train_classifier_from('SELECT bought, device FROM visits', 'bought', bayes(class_weight => 'balanced')) AS m) s, (SELECT 'watch' AS device) f;
-- continuing is adding
WITH one AS (SELECT train_classifier_from('SELECT * FROM visits WHERE i <= 200', 'bought', bayes(exclude => '{i}')) AS m),
     two AS (SELECT train_classifier_from('SELECT * FROM visits WHERE i > 200', 'bought', bayes(exclude => '{i}'), m) AS m FROM one),
     every AS (SELECT train_classifier_from('SELECT * FROM visits', 'bought', bayes(exclude => '{i}')) AS m)
SELECT max(abs(predict_purchase(two.m, f) - predict_purchase(every.m, f))) < 1e-12 AS same, min((model_info(two.m)->'rows')::text) AS row_count FROM two, every, visits f;
SELECT train_classifier_from('SELECT bought, member FROM visits', 'bought', bayes(), train_classifier_from('SELECT bought, minutes FROM visits', 'bought', bayes()));
SELECT train_classifier_from('SELECT bought, member FROM visits', 'bought', bayes(smoothing => 0));
SELECT train_regressor_from('SELECT minutes, member FROM visits', 'minutes', bayes());
