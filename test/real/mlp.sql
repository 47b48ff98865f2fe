-- Nets on real data: means over seeds, as other tools report them.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(3);
-- Layers 64 and 64, relu, Adam 0.001, batches of 200, early stopping on a tenth of the training rows.
CREATE TEMP TABLE result(data text, seed int, value float8);
INSERT INTO result
SELECT 'online_shoppers', seed, (SELECT auc(revenue, predict_purchase(m, f)) FROM online_shoppers f WHERE rn % 5 = 0)
FROM generate_series(0, 9) seed, LATERAL (SELECT train_classifier_from('SELECT * FROM online_shoppers WHERE rn % 5 <> 0', 'revenue',
  mlp(hidden => '{64,64}', epochs => 200, l2 => 1e-4, early_stopping => true, validation => 0.1, exclude => ARRAY['rn'], on_unseen => 'zero', importance => false, seed => seed)) AS m) t;
INSERT INTO result
SELECT 'adult', seed, (SELECT auc(income = '>50K', predict_purchase(m, f)) FROM adult f WHERE is_test)
FROM generate_series(0, 9) seed, LATERAL (SELECT train_classifier_from('SELECT * FROM adult WHERE NOT is_test', 'income',
  mlp(hidden => '{64,64}', epochs => 200, l2 => 1e-4, early_stopping => true, validation => 0.1, exclude => ARRAY['rn', 'is_test'], positive => '>50K', on_unseen => 'zero', importance => false, seed => seed)) AS m) t;
INSERT INTO result
SELECT 'california_housing', seed, (SELECT rmse(median_house_value, predict_value(m, f)) FROM california_housing f WHERE rn % 5 = 0)
FROM generate_series(0, 4) seed, LATERAL (SELECT train_regressor_from('SELECT * FROM california_housing WHERE rn % 5 <> 0', 'median_house_value',
  mlp(hidden => '{64,64}', epochs => 200, l2 => 1e-4, early_stopping => true, validation => 0.1, exclude => ARRAY['rn'], missing_flags => false, importance => false, seed => seed)) AS m) t;
SELECT diag(format('%s: mean %s, sd %s, from %s to %s', data, round(avg(value)::numeric, 4), round(stddev(value)::numeric, 4), round(min(value)::numeric, 4), round(max(value)::numeric, 4)))
FROM result GROUP BY data;
SELECT cmp_ok(avg(value), '>=', 0.925::float8, 'online_shoppers: AUC') FROM result WHERE data = 'online_shoppers';
SELECT cmp_ok(avg(value), '>=', 0.907::float8, 'adult: AUC') FROM result WHERE data = 'adult';
SELECT cmp_ok(avg(value), '<=', 54400::float8, 'california_housing: RMSE') FROM result WHERE data = 'california_housing';
SELECT * FROM finish();
ROLLBACK;
