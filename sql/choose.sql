-- Choosing options and columns: folds, search, selection, dry runs; several learners as one.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE visits AS
SELECT i AS id, i / 4 AS customer, date '2026-01-01' + i / 10 AS day, i % 7 AS pages, (i * 37 % 101) / 10.0 AS minutes,
       CASE i % 3 WHEN 0 THEN 'phone' WHEN 1 THEN 'tablet' ELSE 'desktop' END AS device, i * 7907 % 1009 AS noise,
       (i % 7) * 2 + (i * 37 % 101) / 10.0 + CASE WHEN i % 3 = 2 THEN 5 ELSE 0 END + (i * 7919 % 13) > 19 AS bought,
       3 * (i % 7) - 0.5 * ((i * 37 % 101) / 10.0) + CASE WHEN i % 3 = 2 THEN 10 ELSE 0 END + (i * 7919 % 13 - 6) / 6.0 AS spent
FROM generate_series(1, 600) i;

-- folds
SELECT fold, metric, round(value::numeric, 3) AS value FROM cross_validate('SELECT bought, pages, minutes, device FROM visits', 'bought', k => 3) WHERE metric IN ('rows', 'auc');
SELECT count(DISTINCT fold), min(value) > 0.9 AS good FROM cross_validate('SELECT spent, pages, minutes, device FROM visits', 'spent', linear(), k => 4) WHERE metric = 'r2';
SELECT fold, value FROM cross_validate('SELECT bought, pages, minutes, device, day FROM visits', 'bought', logistic(), k => 3, time_column => 'day') WHERE metric = 'rows';
SELECT sum(value) FROM cross_validate('SELECT bought, pages, customer FROM visits', 'bought', logistic(), k => 3, groups => 'customer') WHERE metric = 'rows';
SELECT count(*) FROM cross_validate('SELECT id % 3 AS level, pages, minutes FROM visits', 'level', mlp(epochs => 1), k => 2, job => 'classifier') WHERE metric = 'accuracy';
-- the same folds and bytes, whatever the order of the rows
SELECT (SELECT array_agg(value) FROM cross_validate('SELECT bought, pages, minutes FROM visits ORDER BY id', 'bought'))
     = (SELECT array_agg(value) FROM cross_validate('SELECT bought, pages, minutes FROM visits ORDER BY minutes, id DESC', 'bought')) AS same;
SELECT * FROM cross_validate('SELECT bought, pages FROM visits', 'bought', k => 1);
SELECT * FROM cross_validate('SELECT bought, pages FROM visits', 'bought', job => 'both');
SELECT * FROM cross_validate('SELECT bought, pages FROM visits', 'bought', groups => 'nobody');
SELECT * FROM cross_validate('SELECT bought, pages FROM visits WHERE false', 'bought');

-- search
SELECT rank, trial, options->>'c' AS c, options->>'penalty' AS penalty
FROM tune('SELECT bought, pages, minutes, device FROM visits', 'bought', logistic() || '{"c": [0.0001, 1], "penalty": ["l1", "l2"]}', method => 'grid', k => 2) ORDER BY trial;
SELECT method, count(*), round(min(mean)::numeric, 2) AS best, bool_and(options ? 'algorithm') AS complete
FROM unnest(ARRAY['tpe', 'random', 'halving']) method,
     tune('SELECT bought, pages, minutes, device FROM visits', 'bought', logistic() || '{"c": {"min": 0.0001, "max": 100, "log": true}}', trials => 12, k => 2, method => method)
GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT options->>'algorithm') AS algorithms, min(metric_name) AS metric
FROM tune('SELECT spent, pages, minutes FROM visits', 'spent', jsonb_build_array(linear() || '{"penalty": ["ridge"], "alpha": {"min": 1, "max": 9}}', mlp(epochs => 2) || '{"hidden": [[4], [8, 4]]}'),
          trials => 6, k => 2, metric => 'mae');
SELECT train_classifier_from('SELECT bought, pages, minutes, device FROM visits', 'bought', options) IS NOT NULL AS usable
FROM tune('SELECT bought, pages, minutes, device FROM visits', 'bought', logistic() || '{"c": [0.1, 1]}', trials => 2, k => 2) WHERE rank = 1;
-- a metric that some fold does not have makes a failed trial
SELECT rank, mean, failure FROM tune('SELECT id IN (7, 8) AS rare, pages, minutes FROM visits', 'rare', logistic() || '{"c": [1, 2]}', trials => 2, metric => 'auc');
SELECT * FROM tune('SELECT bought, pages FROM visits', 'bought', logistic() || '{"c": {"min": 3, "max": 1}}');
SELECT * FROM tune('SELECT bought, pages FROM visits', 'bought', logistic() || '{"c": {"from": 3}}');
SELECT * FROM tune('SELECT bought, pages, minutes FROM visits', 'bought', jsonb_build_array(logistic(exclude => '{pages}') || '{"c": [1]}', tree()), trials => 2);
SELECT * FROM tune('SELECT bought, pages FROM visits', 'bought', logistic() || '{"depth": [1, 2]}');
SELECT * FROM tune('SELECT bought, pages FROM visits', 'bought', '{"c": [1]}');
SELECT * FROM tune('SELECT bought, pages FROM visits', 'bought', logistic() || '{"c": [1]}', metric => 'rmse');
SELECT * FROM tune('SELECT bought, pages FROM visits', 'bought', logistic() || '{"c": [1]}', method => 'magic');

-- columns
SELECT method, array_agg(feature ORDER BY rank) FILTER (WHERE selected) AS selected
FROM unnest(ARRAY['mutual_information', 'l1', 'elimination']) method,
     select_features('SELECT bought, pages, minutes, device, noise FROM visits', 'bought', method, k => 3) GROUP BY 1 ORDER BY 1;
SELECT feature, rank, selected FROM select_features('SELECT spent, pages, minutes, device, noise FROM visits', 'spent', 'l1') ORDER BY rank;
SELECT * FROM select_features('SELECT bought, pages FROM visits', 'bought', 'magic');

-- a dry run
SELECT item, feature, CASE WHEN item NOT IN ('seconds', 'memory') THEN message END AS message
FROM explain_train('SELECT bought, pages, device, bought::int * 2 AS sold, 1 AS one, NULLIF(minutes, 0) AS minutes, md5(id::text) AS code, CASE WHEN id % 50 < 40 THEN ''x'' ELSE (id % 50)::text END AS shelf FROM visits',
                   'bought', logistic(max_levels => 5));

-- several learners as one
CREATE TEMP TABLE m AS SELECT
	train_classifier_from('SELECT bought, pages, minutes, device FROM visits', 'bought', stack(ARRAY[logistic(features => '{pages}'), mlp(epochs => 3)], folds => 3)) AS stacked,
	train_classifier_from('SELECT bought, pages, minutes, device FROM visits', 'bought', blend(ARRAY[logistic(), logistic(c => 0.01)], weights => '{3,1}')) AS blended;
SELECT round(auc(bought, predict_purchase(stacked, v))::numeric, 2) AS stacked, round(auc(bought, predict_purchase(blended, v))::numeric, 2) AS blended FROM m, visits v;
SELECT stacked = train_classifier_from('SELECT bought, pages, minutes, device FROM visits ORDER BY random()', 'bought', stack(ARRAY[logistic(features => '{pages}'), mlp(epochs => 3)], folds => 3)) AS same FROM m;
SELECT abs(predict_purchase(blended, v) - (3 * predict_purchase(l, v) + predict_purchase(n, v)) / 4) < 1e-12 AS mean_of_both
FROM m, visits v, (SELECT train_classifier(f, 'bought') AS l, train_classifier(f, 'bought', logistic(c => 0.01)) AS n FROM (SELECT bought, pages, minutes, device FROM visits) f) s WHERE id = 5;
SELECT jsonb_path_query_array(model_info(stacked), '$.options.learners[*].algorithm') AS members, predict_class(stacked, v), (SELECT count(*) FROM explain_prediction(stacked, v)) AS reasons FROM m, visits v WHERE id = 5;
SELECT round(rmse(spent, predict_value(m, v))::numeric, 1) < 3 AS good
FROM (SELECT train_regressor(f, 'spent', stack(ARRAY[linear(), mlp(epochs => 2)])) AS m FROM (SELECT spent, pages, minutes, device FROM visits) f) s, visits v;
SELECT count(*) FROM (SELECT predict_proba(m, v) FROM (SELECT train_classifier(f, 'level', stack(ARRAY[logistic(), mlp(epochs => 2)])) AS m FROM (SELECT 'abc' || id % 3 AS level, pages, minutes FROM visits) f) s, visits v) t;
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', stack(ARRAY[linear()]));
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', stack(ARRAY[stack(ARRAY[logistic()])]));
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', stack());
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', stack(ARRAY[logistic(weight => 'pages')]));
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', blend(ARRAY[logistic()], weights => '{1,2}'));

-- of a member only its model stays in memory: the rows take 6 MB, each member copies them
SET pg_shopper.max_training_memory = '60MB';
SELECT train_classifier_from('SELECT i % 3 = 0 AS bought, array_fill(i % 100, ARRAY[40])::float8[] AS x FROM generate_series(1, 20000) i', 'bought',
                             stack(ARRAY(SELECT bayes() FROM generate_series(1, 12)), folds => 2, importance => false)) IS NOT NULL AS trained;
RESET pg_shopper.max_training_memory;
