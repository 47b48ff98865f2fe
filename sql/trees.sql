-- tree() and forest(): training, rules, text, options, out of bag.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE visits AS
SELECT i, (i * 37) % 100 AS pages, CASE WHEN i % 11 = 0 THEN NULL ELSE ((i * 53) % 97)::float8 END AS minutes,
	(ARRAY['mail', 'search', 'direct', 'ad'])[1 + i % 4] AS channel, i % 3 = 0 AS member, date '2024-01-01' + i % 60 AS day,
	((i * 37) % 100 > 60 AND i % 4 IN (0, 2)) OR i % 11 = 0 AS bought,
	10 + (i * 37) % 100 / 10 + 5 * (i % 4) AS spent
FROM generate_series(1, 660) i;
CREATE TEMP TABLE model AS
SELECT train_classifier(v, 'bought', tree(max_depth => 3, min_rows => 10, exclude => ARRAY['i', 'spent'])) AS m FROM visits v;
SELECT tree_text(m) FROM model;
SELECT leaf, rule, prediction, round(value::numeric, 3) AS value, rows, round(share::numeric, 3) AS share, probabilities[2] > 0.5 AS buys FROM model, tree_rules(m);
-- a rule holds for the rows that get its probability
SELECT count(*) AS rows, round(max(abs(predict_purchase(m, v) - r.probabilities[2]))::numeric, 12) AS difference
FROM model, visits v, tree_rules(m) r WHERE r.rule = 'minutes is null' AND v.minutes IS NULL;
-- nothing bound: missing, unknown level
SELECT round(predict_purchase(m, v)::numeric, 3) AS p FROM model, (VALUES (99, NULL::float8, 'fax', NULL::bool, NULL::date)) v(pages, minutes, channel, member, day);
-- amounts, three classes
SELECT tree_text(train_regressor(v, 'spent', tree(max_depth => 2, features => ARRAY['pages', 'channel']))) FROM visits v;
SELECT leaf, rule, prediction FROM (SELECT train_classifier(v, 'channel', tree(max_depth => 2, features => ARRAY['spent', 'pages'])) AS m FROM visits v) t, tree_rules(m);
-- criteria, limits and pruning
SELECT c, count(*) AS leaves FROM unnest(ARRAY['gini', 'entropy', 'gain_ratio']) c,
	LATERAL (SELECT train_classifier(v, 'bought', tree(criterion => c, max_leaves => 4, exclude => ARRAY['i', 'spent'])) AS m FROM visits v) t, tree_rules(m) GROUP BY c ORDER BY c;
SELECT alpha, count(*) AS leaves FROM unnest(ARRAY[0, 0.1, 0.15, 1]) alpha,
	LATERAL (SELECT train_classifier(v, 'bought', tree(min_rows => 1, pruning => alpha, exclude => ARRAY['i', 'spent'])) AS m FROM visits v) t, tree_rules(m) GROUP BY alpha ORDER BY alpha;
SELECT min(p[1]) > 0 AND max(p[1]) < 1 AS smooth FROM (SELECT train_classifier(v, 'bought', tree(smoothing => 1, exclude => ARRAY['i', 'spent'])) AS m FROM visits v) t, tree_rules(m) r(a, b, c, d, e, f, g, p);
-- forests
CREATE TEMP TABLE forests AS
SELECT train_classifier(v, 'bought', forest(trees => 20, exclude => ARRAY['i', 'spent'])) AS m FROM visits v;
SELECT count(DISTINCT tree) AS trees, count(DISTINCT tree) FILTER (WHERE tree = 7) AS seventh FROM forests, tree_rules(m);
SELECT metric, value > 0.8 AS good FROM forests, model_metrics(m) WHERE dataset = 'out_of_bag' AND metric IN ('accuracy', 'auc') ORDER BY metric;
SELECT step, metric, value BETWEEN 0 AND 0.4 AS low FROM forests, training_history(m) ORDER BY step;
SELECT round(sum(importance)::numeric, 6) AS gains FROM forests, feature_importance(m) WHERE method = 'gain';
SELECT auc(bought, predict_purchase(m, v)) > 0.95 AS learned FROM forests, visits v;
SELECT rmse(spent, predict_value(m, v)) < 2 AS learned FROM (SELECT train_regressor(v, 'spent', forest(trees => 20, min_rows => 2, columns => 0.7, exclude => ARRAY['i', 'bought'])) AS m FROM visits v) t, visits v;
SELECT o::text, auc(bought, predict_purchase(m, v)) > 0.9 AS learned
FROM unnest(ARRAY['{"extra_trees": true}', '{"bootstrap": false, "rows": 0.5}', '{"criterion": "entropy", "max_leaves": 30}', '{"rows": 0.3, "out_of_bag": false, "max_bins": 16}']::jsonb[]) o,
	LATERAL (SELECT train_classifier(v, 'bought', forest(trees => 20, exclude => ARRAY['i', 'spent']) || o) AS m FROM visits v) t, visits v GROUP BY o ORDER BY 1;
-- more trees, from an earlier forest
SELECT count(DISTINCT tree) AS trees FROM forests f, LATERAL (SELECT train_classifier(v, 'bought', forest(trees => 5, seed => 2, exclude => ARRAY['i', 'spent']), f.m) AS m FROM visits v) t, tree_rules(t.m);
-- errors
SELECT train_classifier(v, 'bought', tree(criterion => 'squared')) FROM visits v;
SELECT train_regressor(v, 'spent', forest(criterion => 'gini')) FROM visits v;
SELECT train_classifier(v, 'bought', tree(max_depth => 65)) FROM visits v;
SELECT train_classifier(v, 'bought', tree(exclude => ARRAY['i', 'spent']), m) FROM visits v, model GROUP BY m;
SELECT tree_text(m, 2) FROM model;
SELECT count(*) FROM model, tree_rules(m, 0);
SELECT tree_text(train_classifier(v, 'bought', logistic(exclude => ARRAY['i', 'spent']))) FROM visits v;
SELECT count(*) AS none FROM tree_rules(NULL);
