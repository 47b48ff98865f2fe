-- Terms, families, offsets and standard errors of linear models.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE orders AS
SELECT i AS id, 20 + i * 37 % 50 AS age, i * 13 % 7 AS visits, 1 + (i * 29 % 40) / 4.0 AS price, CASE WHEN i % 17 = 0 THEN NULL ELSE i * 11 % 23 END AS minutes,
       (ARRAY['phone', 'tablet', 'desktop', 'phone'])[1 + i % 4] AS device, (ARRAY['north', 'south', 'north'])[1 + i * 7 % 3] AS region, i % 60 AS customer,
       ln(1 + i * 5 % 9) AS log_days, (i * 31 % 11 + i * 7 % 5) / (1 + i % 3) AS n_orders, 0.5 + (i * 17 % 29) * (1 + i % 3) / 10.0 AS amount, (i * 19 % 13 > 5 + i % 3) AS bought
FROM generate_series(1, 600) i;

-- logarithms, splines and interactions under readable names
SELECT feature, level, round(coefficient::numeric, 4) AS coefficient, round(std_error::numeric, 4) AS std_error, round(conf_low::numeric, 4) AS low, round(conf_high::numeric, 4) AS high
FROM coefficients((SELECT train_regressor(f, 'amount', linear(logs => '{price, visits}', splines => '{age 4}', interactions => '{price * age, age*device, region * device}',
	reference => '{device = tablet}')) FROM (SELECT age, visits, price, device, region, amount FROM orders) f));

-- a term is what the same column made by hand is
CREATE TEMP TABLE by_term AS SELECT train_classifier(f, 'bought', logistic(logs => '{price}', splines => '{age 3}', interactions => '{visits * device}')) AS m
FROM (SELECT age, visits, price, device, bought FROM orders) f;
CREATE TEMP VIEW expanded AS
SELECT id, age, visits, ln(price) AS log_price, device, bought, visits * (device = 'phone')::int AS p, visits * (device = 'tablet')::int AS t, visits * (device = 'desktop')::int AS d,
       (greatest(age - k1, 0) ^ 3 - greatest(age - k2, 0) ^ 3 * (k3 - k1) / (k3 - k2) + greatest(age - k3, 0) ^ 3 * (k2 - k1) / (k3 - k2)) / (k3 - k1) ^ 2 AS spline
FROM orders, (SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY age) AS k1, percentile_cont(0.5) WITHIN GROUP (ORDER BY age) AS k2, percentile_cont(0.9) WITHIN GROUP (ORDER BY age) AS k3 FROM orders) k;
CREATE TEMP TABLE by_hand AS SELECT train_classifier(f, 'bought', logistic()) AS m FROM (SELECT age, visits, log_price, device, bought, p, t, d, spline FROM expanded) f;
SELECT count(*), max(abs(predict_purchase(t.m, o) - predict_purchase(h.m, e))) < 1e-9 AS same FROM by_term t, by_hand h, orders o JOIN expanded e USING (id);
SELECT max(abs(ln(p / (1 - p)) - total)) < 1e-9 AS explained
FROM (SELECT predict_purchase(m, o) AS p, (SELECT sum(contribution) FROM explain_prediction(m, o)) AS total FROM by_term, orders o WHERE id < 50) s;
-- below the smallest value of training a logarithm stays what it was; missing numbers and new levels are fine
SELECT predict_purchase(m, f) = predict_purchase(m, g) AS same, predict_purchase(m, h) BETWEEN 0 AND 1 AS fine
FROM by_term, (SELECT 30 AS age, 2 AS visits, 0 AS price, 'phone'::text AS device) f, (SELECT 30 AS age, 2 AS visits, 1 AS price, 'phone'::text AS device) g,
	(SELECT NULL::int AS age, NULL::int AS visits, NULL::int AS price, 'watch'::text AS device) h;
-- the means of columns that are not standardized count too
SELECT max(abs(ln(v) - total)) < 1e-9 AS explained
FROM (SELECT predict_value(m, o) AS v, (SELECT sum(contribution) FROM explain_prediction(m, o)) AS total
	FROM (SELECT train_regressor(f, 'n_orders', linear(family => 'poisson', penalty => 'ridge', standardize => false, interactions => '{device * region}', splines => '{minutes}')) AS m
		FROM (SELECT n_orders, device, region, minutes, date '2024-01-01' + id AS day FROM orders) f) m, (SELECT *, date '2024-01-01' + id AS day FROM orders) o WHERE id < 50) s;

-- families
SELECT family, feature, round(coefficient::numeric, 5) AS coefficient, round(std_error::numeric, 5) AS std_error, round(p_value::numeric, 5) AS p
FROM (VALUES ('poisson', 1.5), ('gamma', 1.5), ('tweedie', 1.3)) t(family, power),
	LATERAL (SELECT train_regressor(f, 'y', linear(family => family, tweedie_power => power)) AS m FROM (SELECT CASE family WHEN 'gamma' THEN amount ELSE n_orders END AS y, age, visits FROM orders) f) s,
	coefficients(m);
SELECT family, metric, round(value::numeric, 4) AS value
FROM (VALUES ('gaussian'), ('poisson'), ('gamma'), ('tweedie')) t(family),
	LATERAL (SELECT train_regressor(f, 'y', linear(family => family, importance => false)) AS m FROM (SELECT CASE family WHEN 'gamma' THEN amount ELSE n_orders END AS y, age, visits FROM orders) f) s,
	model_metrics(m) WHERE metric IN ('deviance', 'null_deviance', 'dispersion', 'log_likelihood', 'aic') ORDER BY 1, 2;
-- the offset counts with coefficient 1, and is needed to score
CREATE TEMP TABLE exposed AS SELECT train_regressor(f, 'n_orders', linear(family => 'poisson', offset_column => 'log_days')) AS m FROM (SELECT n_orders, age, log_days FROM orders) f;
SELECT feature, level, round(coefficient::numeric, 5) AS coefficient, round(std_error::numeric, 5) AS std_error FROM exposed, coefficients(m);
SELECT round((predict_value(m, f) / predict_value(m, g))::numeric, 9) AS e FROM exposed, (SELECT 30 AS age, 2.0 AS log_days) f, (SELECT 30 AS age, 1.0 AS log_days) g;
SELECT predict_value(m, f) FROM exposed, (SELECT 30 AS age) f;

-- standard errors; the cluster is no feature
SELECT errors, count(*), round(sum(std_error)::numeric, 5) AS sum_of_errors, bool_and(abs(conf_high - conf_low - 2 * 1.959963984540054 * std_error) < 1e-9) AS normal
FROM (VALUES ('model'), ('robust'), ('clustered')) t(errors),
	LATERAL (SELECT train_classifier(f, 'bought', logistic(penalty => 'none', errors => errors) || CASE errors WHEN 'clustered' THEN '{"cluster": "customer"}'::jsonb ELSE '{"exclude": ["customer"]}' END) AS m
		FROM (SELECT bought, age, visits, device, customer FROM orders) f) s, coefficients(m) GROUP BY 1 ORDER BY 1;
SELECT errors, round(sum(std_error)::numeric, 5) AS sum_of_errors
FROM (VALUES ('model'), ('robust')) t(errors), LATERAL (SELECT train_classifier(f, 'device', logistic(penalty => 'none', errors => errors)) AS m FROM (SELECT device, age, visits FROM orders) f) s,
	coefficients(m) GROUP BY 1 ORDER BY 1;

-- mistakes
SELECT train_regressor(f, 'amount', linear(interactions => '{age * agee}')) FROM (SELECT age, device, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(splines => '{device}')) FROM (SELECT age, device, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(splines => '{age 9}')) FROM (SELECT age, device, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(splines => '{two}')) FROM (SELECT (id % 4 = 0)::int AS two, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(logs => '{below}')) FROM (SELECT age - 30 AS below, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(reference => '{device = watch}')) FROM (SELECT age, device, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(reference => '{device = phone}', levels => 'all')) FROM (SELECT age, device, amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(family => 'gamma')) FROM (SELECT age, amount - 1 AS amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(family => 'poisson')) FROM (SELECT age, amount - 1 AS amount FROM orders) f;
SELECT train_regressor(f, 'amount', linear(family => 'gamma', penalty => 'lasso')) FROM (SELECT age, amount FROM orders) f;
SELECT train_regressor(f, 'n', linear(family => 'poisson')) FROM (SELECT device, CASE device WHEN 'tablet' THEN 0 ELSE n_orders END AS n FROM orders) f;
SELECT train_regressor(f, 'amount', linear(offset_column => 'minutes')) FROM (SELECT age, minutes, amount FROM orders) f;
SELECT train_classifier(f, 'bought', logistic(errors => 'robust')) FROM (SELECT age, bought FROM orders) f;
SELECT train_classifier(f, 'bought', logistic(penalty => 'none', errors => 'clustered')) FROM (SELECT age, bought FROM orders) f;
SELECT train_classifier(f, 'bought', logistic(penalty => 'none', errors => 'clustered', cluster => 'shop')) FROM (SELECT age, bought FROM orders) f;
SELECT train_classifier(f, 'bought', logistic(cluster => 'customer')) FROM (SELECT age, bought, customer FROM orders) f;
