-- Principal components of real data to the digits that are printed of them elsewhere, and discriminants of iris.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(10);

CREATE TEMP TABLE wanted(set text, ratio text, variance text, axis text);
INSERT INTO wanted VALUES
	('iris', '0.924619, 0.053066, 0.017103, 0.005212', '4.228242, 0.242671, 0.078210, 0.023835', '0.3614, -0.0845, 0.8567, 0.3583'),
	('wine', '0.361988, 0.192075, 0.111236, 0.070690, 0.065633, 0.049358, 0.042387, 0.026807, 0.022222, 0.019300', '4.732437, 2.511081, 1.454242, 0.924166, 0.858049', '0.1443, -0.2452, -0.0021, -0.2393, 0.1420, 0.3947, 0.4229, -0.2985, 0.3134, -0.0886'),
	('breast_cancer', '0.442720, 0.189712, 0.093932, 0.066021, 0.054958, 0.040245, 0.022507, 0.015887, 0.013896, 0.011690', '13.304991, 5.701375, 2.822910, 1.984128, 1.651633', '0.2189, 0.1037, 0.2275, 0.2210, 0.1426, 0.2393, 0.2584, 0.2609, 0.1382, 0.0644'),
	('online_shoppers', '0.340038, 0.167518, 0.107129, 0.101076, 0.094108, 0.092712, 0.042202, 0.035167, 0.012289, 0.007761', '3.400660, 1.675318, 1.071380, 1.010843, 0.941155', '0.3823, 0.3292, 0.3476, 0.2958, 0.4115, 0.4135, -0.2785, -0.3246, 0.0940, -0.0710');
CREATE TEMP TABLE model AS
SELECT 'iris' AS set, train_projection_from('SELECT * FROM iris', pca(scale => 'none', exclude => '{rn,species}')) AS m
UNION ALL SELECT 'wine', train_projection_from('SELECT * FROM wine', pca(exclude => '{rn,cultivar}'))
UNION ALL SELECT 'breast_cancer', train_projection_from('SELECT * FROM breast_cancer', pca(exclude => '{rn,diagnosis}'))
UNION ALL SELECT 'online_shoppers', train_projection_from('SELECT administrative, administrative_duration, informational, informational_duration, product_related, product_related_duration, bounce_rates, exit_rates, page_values, special_day FROM online_shoppers', pca());
CREATE FUNCTION pg_temp.near(got float8[], wanted text, tolerance float8) RETURNS boolean LANGUAGE sql AS $$
	SELECT bool_and(abs(g - w) <= tolerance) AND count(*) = min(cardinality(string_to_array(wanted, ','))) FROM ROWS FROM (unnest(got), unnest(string_to_array(wanted, ',')::float8[])) AS x(g, w) WHERE w IS NOT NULL $$;
SELECT ok(pg_temp.near((SELECT array_agg(ratio ORDER BY component) FROM explained_variance(m)), w.ratio, 5.1e-7) AND pg_temp.near((SELECT array_agg(variance ORDER BY component) FROM explained_variance(m)), w.variance, 5.1e-6), set || ': ratios and variances')
FROM model JOIN wanted w USING (set);
SELECT ok(pg_temp.near((SELECT array_agg(x * sign((string_to_array(w.axis, ','))[1]::float8 * s.first) ORDER BY i) FROM unnest(s.axis) WITH ORDINALITY AS a(x, i)), w.axis, 5.1e-5), set || ': first axis')
FROM (SELECT set, array_agg(l.loading ORDER BY a.attnum) AS axis, (array_agg(l.loading ORDER BY a.attnum))[1] AS first
      FROM model, loadings(m) l JOIN pg_attribute a ON a.attname = l.feature WHERE l.component = 1 AND a.attrelid = set::regclass GROUP BY set) s JOIN wanted w USING (set);

-- discriminants of iris: Fisher's data; three of 150 flowers are taken for another kind, the first axis holds 99.12 % (R's MASS and scikit-learn say the same)
CREATE TEMP TABLE flowers AS SELECT train_projection(f, lda(target => 'species')) AS m FROM (SELECT sepal_length_cm, sepal_width_cm, petal_length_cm, petal_width_cm, species FROM iris) f;
SELECT is(count(*) FILTER (WHERE species <> predict_class(m, i)), 3::bigint, 'iris: three flowers are taken for another kind') FROM flowers, iris i;
SELECT is(array_agg(round(ratio::numeric, 4) ORDER BY component), '{0.9912,0.0088}', 'iris: between the kinds') FROM flowers, explained_variance(m);
SELECT * FROM finish();
ROLLBACK;
