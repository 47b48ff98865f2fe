-- Trees and forests on real data: as good as what others report for the same settings.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(17);
CREATE TEMP TABLE data(data text, target text, options jsonb, positive text, tree_auc float8, forest_auc float8);
INSERT INTO data VALUES
	('online_shoppers', 'revenue', '{"exclude": ["rn"]}', 'true', 0.9285, 0.9439),
	('telco_churn', 'churn', '{"exclude": ["rn", "customer_id"]}', 'Yes', 0.8147, 0.8375),
	('customer_personality', 'response', '{"exclude": ["rn", "id", "z_cost_contact", "z_revenue"]}', '1', 0.8410, 0.9061),
	('breast_cancer', 'diagnosis', '{"exclude": ["rn"]}', 'malignant', 0.9784, 0.9973),
	('adult', 'income', '{"exclude": ["rn", "is_test"]}', '>50K', 0.8953, 0.9155);
CREATE FUNCTION pg_temp.test_rows(data text) RETURNS text IMMUTABLE LANGUAGE sql AS
	$$ SELECT CASE WHEN data = 'adult' THEN 'is_test' ELSE 'rn % 5 = 0' END $$;
CREATE FUNCTION pg_temp.auc_of(d data, learner jsonb) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	m bytea := train_classifier_from(format('SELECT * FROM %I WHERE NOT (%s)', d.data, pg_temp.test_rows(d.data)), d.target,
		learner || d.options || jsonb_build_object('positive', d.positive, 'importance', false));
	result float8;
BEGIN
	EXECUTE format('SELECT auc(%I::text = $2, predict_purchase($1, f)) FROM %I f WHERE %s', d.target, d.data, pg_temp.test_rows(d.data))
	INTO result USING m, d.positive;
	RETURN result;
END $$;
CREATE TEMP TABLE result AS
SELECT d.data, l.learner, pg_temp.auc_of(d, l.options) AS auc, CASE l.learner WHEN 'tree' THEN d.tree_auc - 0.01 ELSE d.forest_auc - 0.004 END AS bar
FROM data d, (VALUES ('tree', tree()), ('forest', forest(trees => 200))) l(learner, options);
SELECT cmp_ok(round(auc::numeric, 5), '>=', round(bar::numeric, 5), format('%s on %s: AUC %s', learner, data, round(auc::numeric, 4))) FROM result ORDER BY learner, data;

CREATE FUNCTION pg_temp.rmse_of(data text, target text, seed int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	m bytea := train_regressor_from(format('SELECT * FROM %I WHERE rn %% 5 <> 0', data), target,
		forest(trees => 200, min_rows => 3, exclude => ARRAY['rn'], importance => false, seed => seed));
	result float8;
BEGIN
	EXECUTE format('SELECT rmse(%I, predict_value($1, f)) FROM %I f WHERE rn %% 5 = 0', target, data) INTO result USING m;
	RETURN result;
END $$;
CREATE TEMP TABLE error AS
SELECT data, bar, avg(pg_temp.rmse_of(data, target, seed)) AS rmse
FROM (VALUES ('boston', 'medv', 2.93429 * 1.06), ('diabetes_regression', 'target', 59.1907 * 1.06)) d(data, target, bar), generate_series(0, 4) seed
GROUP BY data, bar
UNION ALL SELECT 'california_housing', 49883.9 * 1.02, pg_temp.rmse_of('california_housing', 'median_house_value', 0);
SELECT cmp_ok(round(rmse::numeric, 4), '<=', round(bar::numeric, 4), format('forest on %s: RMSE %s', data, round(rmse::numeric, 4))) FROM error ORDER BY data;

-- At most one test row worse than the reference: iris 28 of 30, wine 28 of 35 (tree) and 35 of 35 (forest).
CREATE FUNCTION pg_temp.hits_of(data text, target text, learner jsonb) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	m bytea := train_classifier_from(format('SELECT * FROM %I WHERE rn %% 5 <> 0', data), target, learner || '{"exclude": ["rn"], "importance": false}');
	result int;
BEGIN
	EXECUTE format('SELECT count(*) FROM %I f WHERE rn %% 5 = 0 AND predict_class($1, f) = %I::text', data, target) INTO result USING m;
	RETURN result;
END $$;
SELECT cmp_ok(pg_temp.hits_of(data, target, options), '>=', wanted - 1, learner || ' on ' || data)
FROM (VALUES ('iris', 'species', 'tree', tree(min_rows => 10), 28), ('iris', 'species', 'forest', forest(trees => 200), 28),
	('wine', 'cultivar', 'tree', tree(min_rows => 10), 28), ('wine', 'cultivar', 'forest', forest(trees => 200), 35)) d(data, target, learner, options, wanted);
SELECT * FROM finish();
ROLLBACK;
