-- boosting: classes, numbers, amounts; what an option promises; refusals.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;

CREATE TEMP TABLE visits AS
SELECT i AS id, i % 7 AS pages, CASE WHEN i % 10 > 0 THEN (i * 37 % 101) / 10.0 END AS minutes,
       CASE i % 3 WHEN 0 THEN 'phone' WHEN 1 THEN 'tablet' ELSE 'desktop' END AS device,
       CASE WHEN i % 9 > 0 THEN 'shop ' || i * 29 % 23 END AS shop, date '2025-01-01' + i % 90 AS day,
       (i % 7 > 3) <> (i * 37 % 101 > 50) AS bought,
       CASE WHEN i % 7 > 3 AND i % 3 = 2 THEN 'much' WHEN i % 7 > 3 THEN 'some' ELSE 'none' END AS quantity,
       (i % 7) * 3.0 + CASE WHEN i % 9 > 0 AND i * 29 % 23 < 5 THEN 20 ELSE 0 END AS spent
FROM generate_series(1, 2000) i;

-- two classes (an exclusive or, which no linear model finds), three classes, a number
SELECT round(auc(v.bought, predict_purchase(m, v))::numeric, 3) AS auc, model_info(m)->>'trees' AS trees, octet_length(m) < 200000 AS small
FROM visits v, (SELECT train_classifier(f, 'bought', boosting(trees => 40)) AS m FROM (SELECT bought, pages, minutes, device, shop, day FROM visits) f) s GROUP BY m;
SELECT round(avg((predict_class(m, v) = v.quantity)::int), 3) AS accuracy, model_info(m)->>'trees' AS trees
FROM visits v, (SELECT train_classifier(f, 'quantity', boosting(trees => 20)) AS m FROM (SELECT quantity, pages, device FROM visits) f) s GROUP BY m;
SELECT rmse(v.spent, predict_value(m, v)) < 0.1 AS exact
FROM visits v, (SELECT train_regressor(f, 'spent', boosting()) AS m FROM (SELECT spent, pages, shop FROM visits) f) s;

-- every loss comes near the mean, or its quantile
SELECT loss, round((avg(predict_value(m, v)) / avg(spent))::numeric, 1) AS ratio, round(avg((spent <= predict_value(m, v) + 1e-9)::int), 1) AS below
FROM visits v, LATERAL (SELECT loss, train_regressor_from('SELECT spent + 1 AS spent, pages, device FROM visits', 'spent', boosting(loss => loss, quantile => 0.9)) AS m
  FROM unnest(ARRAY['squared', 'absolute', 'quantile', 'poisson', 'tweedie', 'gamma']) loss OFFSET 0) s GROUP BY loss ORDER BY loss;

-- the same bytes for any order of the rows and any number of threads, other bytes for another seed
CREATE TEMP TABLE one AS SELECT train_classifier_from('SELECT bought, pages, minutes, device, shop, day FROM visits', 'bought', boosting(trees => 10, rows => 0.7, columns => 0.7)) AS m;
SELECT m = train_classifier_from('SELECT bought, pages, minutes, device, shop, day FROM visits ORDER BY md5(id::text)', 'bought', boosting(trees => 10, rows => 0.7, columns => 0.7)) AS same,
       m = train_classifier_from('SELECT bought, pages, minutes, device, shop, day FROM visits', 'bought', boosting(trees => 10, rows => 0.7, columns => 0.7, seed => 2)) AS other FROM one;
SET pg_shopper.max_threads = 1;
SELECT m = train_classifier_from('SELECT bought, pages, minutes, device, shop, day FROM visits', 'bought', boosting(trees => 10, rows => 0.7, columns => 0.7)) AS same FROM one;
RESET pg_shopper.max_threads;

-- NULLs and unseen levels are answered; a row of NULLs too
SELECT predict_purchase(m, v) BETWEEN 0 AND 1 AS p FROM one, (SELECT NULL::int pages, NULL::float8 minutes, NULL::text device, 'nowhere' AS shop, NULL::date AS day) v;

-- options that shape the trees
SELECT n, model_info(m)->>'trees' AS trees, (model_info(m)->>'leaves')::int AS leaves
FROM (VALUES (1, boosting(trees => 3, max_leaves => 4)), (2, boosting(trees => 3, max_depth => 1)), (3, boosting(trees => 2, growth => 'depth', max_depth => 2)),
             (4, boosting(trees => 3, min_rows => 2000)), (5, boosting(trees => 3, min_gain => 1e9)), (6, boosting(trees => 3, min_hessian => 1e9)),
             (7, boosting(trees => 3, max_bins => 3, max_leaves => 4))) o(n, options),
     LATERAL (SELECT train_regressor_from('SELECT spent, pages, minutes, shop FROM visits', 'spent', options) AS m) s ORDER BY n;

-- constraints: more pages never lower the prediction
SELECT bool_and(p >= before) AS rises FROM (
  SELECT predict_value(m, r) AS p, lag(predict_value(m, r)) OVER (PARTITION BY r.minutes ORDER BY r.pages) AS before
  FROM (SELECT train_regressor_from('SELECT abs(pages - 3) * 2 + coalesce(minutes, 0) AS spent, pages, minutes FROM visits', 'spent', boosting(increasing => '{pages}')) AS m) t,
       (SELECT pages, minutes::numeric FROM generate_series(0, 6) pages, generate_series(0, 10) minutes) r) q;

-- early stopping keeps the best round; history and importance
SELECT (i->>'best_round')::int = (i->>'rounds')::int AS kept, (i->>'rounds')::int < 500 AS stopped
FROM (SELECT model_info(train_classifier_from('SELECT bought, pages, minutes, device, md5(id::text) < ''8'' AS coin FROM visits', 'bought',
                                              boosting(trees => 500, early_stopping => 5, validation => 0.3))) AS i) s;
SELECT metric, count(*), bool_and(value > 0) AS positive FROM one, training_history(train_classifier_from('SELECT bought, pages, minutes FROM visits', 'bought', boosting(trees => 5, validation => 0.2))) GROUP BY metric ORDER BY metric;
SELECT round(sum(importance)::numeric, 6) AS gains, count(*) FROM one, feature_importance(m) WHERE method = 'gain';

-- boosting on: old trees stay, new ones follow
WITH next AS (SELECT m, train_classifier_from('SELECT bought, pages, minutes, device, shop, day, id % 5 AS more FROM visits WHERE id > 1000', 'bought', boosting(trees => 10), m) AS m2 FROM one)
SELECT model_info(m2)->>'rounds' AS rounds, log_loss(v.bought, predict_purchase(m2, v)) < log_loss(v.bought, predict_purchase(m, v)) AS better
FROM next, (SELECT *, id % 5 AS more FROM visits WHERE id > 1000) v GROUP BY m2;

-- trees to read: a leaf says what its tree adds, and to which score
CREATE TEMP TABLE read AS SELECT
	(SELECT train_classifier(f, 'bought', boosting(trees => 2, max_leaves => 3)) FROM (SELECT bought, pages, minutes FROM visits) f) AS two,
	(SELECT train_classifier(f, 'quantity', boosting(trees => 1, max_leaves => 2)) FROM (SELECT quantity, pages, device FROM visits) f) AS three,
	(SELECT train_regressor(f, 'spent', boosting(trees => 1, max_leaves => 3)) FROM (SELECT spent, pages, shop FROM visits) f) AS amount,
	(SELECT train_regressor(f, 'spent', boosting(trees => 1, max_leaves => 2, loss => 'poisson')) FROM (SELECT spent, pages FROM visits) f) AS logarithm;
SELECT tree_text(two, 2) FROM read;
SELECT tree, leaf, rule, prediction, round(value::numeric, 3) AS value, rows FROM read, tree_rules(three);
SELECT leaf, prediction, round(value::numeric, 3) AS value, probabilities IS NULL AS no_shares FROM read, tree_rules(amount) UNION ALL
SELECT leaf, prediction, round(value::numeric, 3), probabilities IS NULL FROM read, tree_rules(logarithm);
SELECT count(*) AS other_predictions FROM (SELECT DISTINCT round(predict_value(amount, v)::numeric - (SELECT avg(spent)::numeric FROM visits), 6) FROM read, visits v
	EXCEPT SELECT round(value::numeric, 6) FROM read, tree_rules(amount)) s;

-- refusals
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', boosting(), m) FROM one;
SELECT train_regressor_from('SELECT -spent AS spent, pages FROM visits', 'spent', boosting(loss => 'poisson'));
SELECT train_regressor_from('SELECT spent, pages FROM visits', 'spent', boosting(loss => 'gamma'));
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', boosting(loss => 'squared'));
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', boosting(early_stopping => 5));
SELECT train_classifier_from('SELECT bought, device FROM visits', 'bought', boosting(increasing => '{device}'));
SELECT train_classifier_from('SELECT quantity, pages FROM visits', 'quantity', boosting(increasing => '{pages}'));
SELECT train_regressor_from('SELECT spent, pages FROM visits', 'spent', boosting(loss => 'absolute', increasing => '{pages}'));
SELECT train_classifier_from('SELECT bought, pages FROM visits', 'bought', boosting(max_leaves => 1));
