-- Linear models on real data: what reference implementations report for the same settings, to the digits printed.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(18);

-- Poisson: coefficients and standard errors within 1e-6 of the standard error plus the rounding of the printed digits.
CREATE TEMP TABLE fit AS SELECT train_regressor(f, 'num_store_purchases', linear(family => 'poisson')) AS m
FROM (SELECT num_store_purchases, income / 10000.0 AS income_10k, kidhome, teenhome, recency FROM customer_personality WHERE income IS NOT NULL) f;
SELECT ok(abs(c.coefficient - p.coefficient) <= 1e-6 * p.std_error + 5.1e-7 AND abs(c.std_error - p.std_error) <= 1e-6 * p.std_error + 5.1e-7,
          format('poisson: %s = %s (%s)', feature, c.coefficient, c.std_error))
FROM fit, coefficients(m) c JOIN (VALUES ('(intercept)', 1.662775, 0.024063), ('income_10k', 0.044348, 0.001891), ('kidhome', -0.503664, 0.018826),
	('teenhome', 0.045442, 0.016199), ('recency', 0.000166, 0.000304)) p(feature, coefficient, std_error) USING (feature);
SELECT is(round(value::numeric, 6), CASE metric WHEN 'deviance' THEN 2525.796844 ELSE -5101.466576 END, 'poisson: ' || metric)
FROM fit, model_metrics(m) WHERE metric IN ('deviance', 'log_likelihood');

-- Rows rn % 5 = 0 are held out; numbers filled with the median and standardized, unseen levels all zeros.
CREATE TEMP TABLE wanted(data text, target text, model text, rmse numeric, mae numeric, r2 numeric);
INSERT INTO wanted VALUES
	('diabetes_regression', 'target', 'none', 57.2639, 46.5146, 0.4475), ('diabetes_regression', 'target', 'ridge', 57.3752, 46.5793, 0.4453), ('diabetes_regression', 'target', 'lasso', 57.492, 46.9175, 0.4431),
	('boston', 'medv', 'none', 4.85091, 3.39173, 0.6852), ('boston', 'medv', 'ridge', 4.84511, 3.38407, 0.6860), ('boston', 'medv', 'lasso', 4.84201, 3.38518, 0.6864),
	('california_housing', 'median_house_value', 'none', 70969.3, 50599.9, 0.6249), ('california_housing', 'median_house_value', 'ridge', 70984, 50614.9, 0.6248),
	('california_housing', 'median_house_value', 'lasso', 70976.8, 51049.9, 0.6249);
CREATE FUNCTION pg_temp.measured(w wanted) RETURNS TABLE (rmse float8, mae float8, r2 float8) LANGUAGE plpgsql AS $$
DECLARE
	sd float8;
	m bytea;
BEGIN
	EXECUTE format('SELECT stddev_pop(%I) FROM %I WHERE rn %% 5 <> 0', w.target, w.data) INTO sd;
	m := train_regressor_from(format('SELECT * FROM %I WHERE rn %% 5 <> 0', w.data), w.target,
		linear(penalty => w.model, alpha => CASE w.model WHEN 'lasso' THEN 0.01 * sd ELSE 1 END, exclude => ARRAY['rn'], missing_flags => false, on_unseen => 'zero', importance => false));
	RETURN QUERY EXECUTE format('SELECT rmse(%1$I, p), mae(%1$I, p), r2(%1$I, p) FROM (SELECT %1$I, predict_value($1, f) AS p FROM %2$I f WHERE rn %% 5 = 0) s', w.target, w.data) USING m;
END $$;
-- 4 digits; the printed lasso stopped at a duality gap of 1e-4, this one is at the optimum
SELECT ok(abs(g.rmse / w.rmse::float8 - 1) < CASE model WHEN 'lasso' THEN 1e-4 ELSE 1e-5 END AND abs(g.mae / w.mae::float8 - 1) < CASE model WHEN 'lasso' THEN 1e-4 ELSE 1e-5 END AND abs(g.r2 - w.r2::float8) < 1e-4,
          format('%s on %s: RMSE %s, MAE %s, R2 %s', model, data, round(g.rmse::numeric, 4), round(g.mae::numeric, 4), round(g.r2::numeric, 4)))
FROM wanted w, pg_temp.measured(w) g;

-- Multinomial logistic regression, C = 1: log loss of the held-out rows.
CREATE FUNCTION pg_temp.loss_of(data text, target text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	m bytea := train_classifier_from(format('SELECT * FROM %I WHERE rn %% 5 <> 0', data), target, logistic(exclude => ARRAY['rn'], importance => false));
	result float8;
BEGIN
	EXECUTE format('SELECT avg(-ln((predict_proba($1, f)->>%I::text)::float8)) FROM %I f WHERE rn %% 5 = 0', target, data) INTO result USING m;
	RETURN result;
END $$;
SELECT cmp_ok(abs(pg_temp.loss_of(data, target) - wanted), '<=', 1e-4::float8, 'multinomial logistic on ' || data || ': log loss')
FROM (VALUES ('iris', 'species', 0.1558), ('wine', 'cultivar', 0.0680)) d(data, target, wanted);
SELECT * FROM finish();
ROLLBACK;
