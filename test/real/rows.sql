-- Row models on real data against figures of other tools: logistic, linear.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SET LOCAL extra_float_digits = 1;
SELECT plan(71);

-- Rows rn % 5 = 0 are held out; numbers standardized, all levels one-hot, unseen levels all zeros.
CREATE TEMP TABLE score(data text, y boolean, p float8);
CREATE TEMP TABLE model(data text, m bytea);
CREATE TEMP VIEW personality AS SELECT response, year_birth, education, marital_status, income, kidhome, teenhome, dt_customer, recency,
  mnt_wines, mnt_fruits, mnt_meat_products, mnt_fish_products, mnt_sweet_products, mnt_gold_prods, num_deals_purchases, num_web_purchases,
  num_catalog_purchases, num_store_purchases, num_web_visits_month, accepted_cmp3, accepted_cmp4, accepted_cmp5, accepted_cmp1,
  accepted_cmp2, complain, rn FROM customer_personality;
INSERT INTO model SELECT 'online_shoppers', train_classifier(f, 'revenue', logistic(exclude => ARRAY['rn'], missing_flags => false, on_unseen => 'zero')) FROM online_shoppers f WHERE rn % 5 <> 0;
INSERT INTO score SELECT data, revenue, predict_purchase(m, f) FROM model, online_shoppers f WHERE data = 'online_shoppers' AND rn % 5 = 0;
INSERT INTO model SELECT 'telco_churn', train_classifier(f, 'churn', logistic(exclude => ARRAY['rn', 'customer_id'], missing_flags => false, on_unseen => 'zero')) FROM telco_churn f WHERE rn % 5 <> 0;
INSERT INTO score SELECT data, churn = 'Yes', predict_purchase(m, f) FROM model, telco_churn f WHERE data = 'telco_churn' AND rn % 5 = 0;
INSERT INTO model SELECT 'customer_personality', train_classifier(f, 'response', logistic(exclude => ARRAY['rn'], missing_flags => false, on_unseen => 'zero', date_parts => 'days')) FROM personality f WHERE rn % 5 <> 0;
INSERT INTO score SELECT data, response = 1, predict_purchase(m, f) FROM model, personality f WHERE data = 'customer_personality' AND rn % 5 = 0;
INSERT INTO model SELECT 'adult', train_classifier(f, 'income', logistic(positive => '>50K', exclude => ARRAY['rn', 'is_test'], missing_flags => false, on_unseen => 'zero')) FROM adult f WHERE NOT is_test;
INSERT INTO score SELECT data, income = '>50K', predict_purchase(m, f) FROM model, adult f WHERE data = 'adult' AND is_test;

CREATE TEMP TABLE wanted(data text, auc float8, log_loss float8);
INSERT INTO wanted VALUES ('online_shoppers', 0.9049, 0.2831), ('telco_churn', 0.8373, 0.4308), ('customer_personality', 0.8809, 0.2800), ('adult', 0.9054, 0.3176);
SELECT diag(format('%s: AUC %s, log loss %s', data, round(auc(y, p)::numeric, 5), round(log_loss(y, p)::numeric, 5))) FROM score GROUP BY data;
-- the wanted figures are rounded to 4 digits
SELECT cmp_ok(abs(auc(y, p) - max(auc)), '<=', 0.00015::float8, data || ': AUC') FROM score JOIN wanted USING (data) GROUP BY data;
SELECT cmp_ok(abs(log_loss(y, p) - max(log_loss)), '<=', 0.00015::float8, data || ': log loss') FROM score JOIN wanted USING (data) GROUP BY data;
SELECT cmp_ok((model_info(m)->>'gradient_norm')::float8, '<=', 1e-6 * (model_info(m)->>'training_rows')::float8, data || ': gradient norm') FROM model;

-- Unpenalized coefficients and standard errors: within 1e-6 of the standard error plus the rounding of the printed digits.
CREATE TEMP TABLE fit(data text, m bytea);
INSERT INTO fit SELECT 'telco', train_classifier(f, 'churn', logistic(penalty => 'none')) FROM
  (SELECT churn, tenure, monthly_charges, senior_citizen, (contract = 'Month-to-month')::int AS month_to_month,
          (internet_service = 'Fiber optic')::int AS fiber, (paperless_billing = 'Yes')::int AS paperless FROM telco_churn) f;
INSERT INTO fit SELECT 'shoppers', train_classifier(f, 'revenue', logistic(penalty => 'none')) FROM
  (SELECT revenue, administrative, informational, product_related, product_related_duration / 1000 AS product_related_duration, bounce_rates,
          exit_rates, page_values, special_day, (visitor_type = 'Returning_Visitor')::int AS returning, weekend FROM online_shoppers) f;
INSERT INTO fit SELECT 'diabetes', train_regressor(f, 'target') FROM (SELECT age, sex, bmi, bp, s1, s2, s3, s4, s5, s6, target FROM diabetes_regression) f;
INSERT INTO fit SELECT 'boston', train_regressor(f, 'medv') FROM (SELECT crim, zn, indus, chas, nox, rm, age, dis, rad, tax, ptratio, b, lstat, medv FROM boston) f;
CREATE TEMP TABLE printed(data text, feature text, coefficient float8, std_error float8);
INSERT INTO printed SELECT data, m[1], m[2]::float8, m[3]::float8 FROM (VALUES
  ('telco', '(intercept) -2.510302 (0.141989); tenure -0.037426 (0.002062); monthly_charges 0.014321 (0.002296); senior_citizen 0.403540 (0.081698); month_to_month 1.091959 (0.097585); fiber 0.709909 (0.118158); paperless 0.470380 (0.072150)'),
  ('shoppers', '(intercept) -1.855354 (0.090217); administrative 0.000011 (0.009311); informational 0.028713 (0.022268); product_related 0.003815 (0.001128); product_related_duration 0.055039 (0.027039); bounce_rates -3.062024 (3.102176); exit_rates -15.106064 (2.338417); page_values 0.079934 (0.002345); special_day -0.880716 (0.215521); returning -0.334444 (0.083474); weekend 0.137964 (0.069937)'),
  ('diabetes', '(intercept) -334.567139 (67.454621); age -0.036361 (0.217041); sex -22.859648 (5.835821); bmi 5.602962 (0.717106); bp 1.116808 (0.225238); s1 -1.089996 (0.573332); s2 0.746450 (0.530834); s3 0.372005 (0.782464); s4 6.533832 (5.958638); s5 68.483125 (15.669719); s6 0.280117 (0.273314)'),
  ('boston', '(intercept) 36.459488 (5.103459); crim -0.108011 (0.032865); zn 0.046420 (0.013727); indus 0.020559 (0.061496); chas 2.686734 (0.861580); nox -17.766611 (3.819744); rm 3.809865 (0.417925); age 0.000692 (0.013210); dis -1.475567 (0.199455); rad 0.306049 (0.066346); tax -0.012335 (0.003761); ptratio -0.952747 (0.130827); b 0.009312 (0.002686); lstat -0.524758 (0.050715)')
) t(data, line), regexp_matches(line, '(\S+) (-?[0-9.]+) \(([0-9.]+)\)', 'g') m;
SELECT is(count(*)::int, CASE data WHEN 'telco' THEN 7 WHEN 'boston' THEN 14 ELSE 11 END, data || ': printed coefficients') FROM printed GROUP BY data;
SELECT ok(abs(c.coefficient - p.coefficient) <= 1e-6 * p.std_error + 5.1e-7 AND abs(c.std_error - p.std_error) <= 1e-6 * p.std_error + 5.1e-7,
          format('%s: %s = %s (%s)', p.data, feature, c.coefficient, c.std_error))
FROM fit, coefficients(m) c JOIN printed p USING (feature) WHERE p.data = fit.data;
SELECT cmp_ok(abs(value - CASE data WHEN 'telco' THEN -3031.221959 ELSE -3700.221711 END), '<=', 1e-5::float8, data || ': log likelihood')
FROM fit, model_metrics(m) WHERE metric = 'log_likelihood' AND data IN ('telco', 'shoppers');
SELECT cmp_ok(abs(value - CASE data WHEN 'diabetes' THEN 54.154239 ELSE 4.745298 END), '<=', 1e-6::float8, data || ': sigma')
FROM fit, model_metrics(m) WHERE metric = 'sigma';
SELECT cmp_ok(abs(value - CASE data WHEN 'diabetes' THEN 0.517748 ELSE 0.740643 END), '<=', 1e-6::float8, data || ': r2')
FROM fit, model_metrics(m) WHERE metric = 'r2';

-- Regression on held-out rows: OLS, ridge, lasso as printed (RMSE, same encoding).
CREATE TEMP TABLE penalties(penalty text, options jsonb, diabetes float8, boston float8);
INSERT INTO penalties SELECT 'none', linear(), 57.2639, 4.85091;
INSERT INTO penalties SELECT 'ridge', linear(penalty => 'ridge', alpha => 1), 57.3752, 4.84511;
SELECT cmp_ok(abs((SELECT rmse(target, predict_value(m, f)) FROM diabetes_regression f,
    (SELECT train_regressor_from('SELECT age, sex, bmi, bp, s1, s2, s3, s4, s5, s6, target FROM diabetes_regression WHERE rn % 5 <> 0', 'target', options) AS m) t WHERE rn % 5 = 0) - diabetes),
  '<=', 0.0001::float8, 'diabetes: ' || penalty) FROM penalties;
SELECT cmp_ok(abs((SELECT rmse(medv, predict_value(m, f)) FROM boston f,
    (SELECT train_regressor_from('SELECT crim, zn, indus, chas, nox, rm, age, dis, rad, tax, ptratio, b, lstat, medv FROM boston WHERE rn % 5 <> 0', 'medv', options) AS m) t WHERE rn % 5 = 0) - boston),
  '<=', 0.00001::float8, 'boston: ' || penalty) FROM penalties;
SELECT cmp_ok(abs((SELECT rmse(target, predict_value(m, f)) FROM diabetes_regression f,
    (SELECT train_regressor_from('SELECT age, sex, bmi, bp, s1, s2, s3, s4, s5, s6, target FROM diabetes_regression WHERE rn % 5 <> 0', 'target',
       linear(penalty => 'lasso', alpha => (SELECT 0.01 * stddev_pop(target) FROM diabetes_regression WHERE rn % 5 <> 0))) AS m) t WHERE rn % 5 = 0) - 57.492),
  '<=', 0.001::float8, 'diabetes: lasso');
-- Three classes.
SELECT cmp_ok(abs((SELECT avg(-ln((predict_proba(m, f)->>species)::float8)) FROM iris f,
    (SELECT train_classifier_from('SELECT * FROM iris WHERE rn % 5 <> 0', 'species', logistic(exclude => ARRAY['rn'])) AS m) t WHERE rn % 5 = 0) - 0.1558),
  '<=', 0.0001::float8, 'iris: log loss of three classes');
SELECT * FROM finish();
ROLLBACK;
