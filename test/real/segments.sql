-- Clusters on real data against figures of other tools.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(131);
CREATE TEMP VIEW mall AS SELECT annual_income_k, spending_score FROM mall_customers;
CREATE TEMP VIEW mall_age AS SELECT age, annual_income_k, spending_score FROM mall_customers;
CREATE TEMP VIEW flowers AS SELECT sepal_length_cm, sepal_width_cm, petal_length_cm, petal_width_cm FROM iris;
CREATE TEMP VIEW wines AS SELECT alcohol, malic_acid, ash, alcalinity_of_ash, magnesium, total_phenols, flavanoids, nonflavanoid_phenols,
  proanthocyanins, color_intensity, hue, od280_od315_of_diluted_wines, proline FROM wine;
CREATE TEMP VIEW rfm AS SELECT ln(1 + (date '1998-07-01' - max(date))) AS recency, ln(1 + count(*)) AS lines, ln(1 + sum(dollars)) AS dollars
  FROM cdnow_sample GROUP BY customer_id;
CREATE TEMP TABLE measured(data text, kind text, k int, inertia float8, silhouette float8, calinski_harabasz float8, davies_bouldin float8, sizes text);
CREATE FUNCTION pg_temp.sizes(m bytea) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(size::text, '/' ORDER BY size DESC) FROM clusters(m) WHERE cluster IS NOT NULL $$;
CREATE FUNCTION pg_temp.metric(m bytea, name text) RETURNS float8 LANGUAGE sql AS $$ SELECT value FROM model_metrics(m) WHERE metric = name $$;

-- k-means, best of 50 starts: inertia within 1e-4 of the best that is known, and the same partition by three measures of it.
INSERT INTO measured VALUES
('mall', 'none', 2, 181363.596, 0.2969, 96.74655, 1.2568, '110/90'),
('mall', 'none', 3, 106348.3731, 0.4676, 151.557, 0.7153, '123/39/38'),
('mall', 'none', 4, 73679.78904, 0.4932, 174.0644, 0.7104, '100/39/38/23'),
('mall', 'none', 5, 44448.45545, 0.5539, 247.359, 0.5726, '81/39/35/23/22'),
('mall', 'none', 6, 37233.81451, 0.5398, 242.5376, 0.6522, '81/35/29/23/22/10'),
('mall_age', 'standard', 4, 205.2251475, 0.4040, 125.6764, 0.9308, '65/57/40/38'),
('mall_age', 'standard', 5, 168.2475802, 0.4166, 125.1009, 0.8746, '54/47/40/39/20'),
('mall_age', 'standard', 6, 133.8683336, 0.4274, 135.1022, 0.8277, '45/39/38/33/24/21'),
('flowers', 'none', 2, 152.3479518, 0.6810, 513.9245, 0.4043, '97/53'),
('flowers', 'none', 3, 78.85144143, 0.5528, 561.6278, 0.6620, '62/50/38'),
('flowers', 'none', 4, 57.22847321, 0.4981, 530.7658, 0.7803, '50/40/32/28'),
('wines', 'standard', 3, 1277.928489, 0.2849, 70.94001, 1.3892, '65/62/51'),
('rfm', 'standard', 3, 2000.811746, 0.4865, 2982.595, 0.8966, '1367/682/308'),
('rfm', 'standard', 4, 1606.562929, 0.4091, 2667.77, 0.9774, '919/726/465/247'),
('rfm', 'standard', 5, 1315.797581, 0.4134, 2571.869, 0.9385, '905/730/413/173/136');
CREATE TEMP TABLE fit AS SELECT w.*, train_clusters_from('TABLE ' || data, kmeans(k => k, starts => 50, scale => kind)) AS m FROM measured w;
CREATE TEMP TABLE got AS SELECT f.*, q.metric, q.value FROM fit f, segment_quality(m, 'TABLE ' || data, NULL) q WHERE q.cluster IS NULL;
SELECT cmp_ok(abs(pg_temp.metric(m, 'inertia') / inertia - 1), '<=', 1e-4::float8, format('k-means, %s, k = %s: inertia', data, k)) FROM fit ORDER BY data, k;
SELECT is(pg_temp.sizes(m), sizes, format('k-means, %s, k = %s: sizes', data, k)) FROM fit ORDER BY data, k;
SELECT cmp_ok(abs(value - silhouette), '<=', 0.000051::float8, format('k-means, %s, k = %s: silhouette', data, k)) FROM got WHERE metric = 'silhouette' ORDER BY data, k;
SELECT cmp_ok(abs(value / calinski_harabasz - 1), '<=', 1e-5::float8, format('k-means, %s, k = %s: Calinski-Harabasz', data, k)) FROM got WHERE metric = 'calinski_harabasz' ORDER BY data, k;
SELECT cmp_ok(abs(value - davies_bouldin), '<=', 0.000051::float8, format('k-means, %s, k = %s: Davies-Bouldin', data, k)) FROM got WHERE metric = 'davies_bouldin' ORDER BY data, k;
-- ten starts are enough for most
SELECT cmp_ok(pg_temp.metric(train_clusters_from('TABLE ' || data, kmeans(k => k, scale => kind)), 'inertia') / inertia - 1, '<=', 1.1e-3::float8,
  format('k-means, %s, k = %s: 10 starts', data, k)) FROM measured WHERE data IN ('wines', 'rfm') ORDER BY data, k;
SELECT is(pg_temp.sizes(train_clusters_from('TABLE mall', kmeans(scale => 'none'))), '81/39/35/23/22', 'k by silhouette');

-- the same measures of given partitions, by aggregates
CREATE TEMP VIEW placed AS SELECT ARRAY[annual_income_k, spending_score]::float8[] AS p, predict_cluster(m, f) AS c FROM fit, mall f WHERE data = 'mall' AND k = 5;
SELECT cmp_ok(abs(silhouette(p, c) - 0.5539), '<=', 0.000051::float8, 'silhouette as an aggregate') FROM placed;
SELECT cmp_ok(abs(calinski_harabasz(p, c) / 247.359 - 1), '<=', 1e-5::float8, 'Calinski-Harabasz as an aggregate') FROM placed;
SELECT cmp_ok(abs(davies_bouldin(p, c) - 0.5726), '<=', 0.000051::float8, 'Davies-Bouldin as an aggregate') FROM placed;

-- dbscan: clusters, noise and core rows do not depend on the order of rows (sizes do, through rows at borders)
CREATE TEMP TABLE dense(data text, eps float8, points int, clusters int, noise int, core int);
INSERT INTO dense VALUES ('mall', 5, 5, 5, 87, 89), ('mall', 8, 5, 6, 35, 141), ('mall', 10, 5, 4, 17, 164), ('mall', 7, 4, 8, 39, 143),
('flowers', 0.5, 5, 2, 17, 117), ('flowers', 0.6, 5, 2, 9, 132), ('flowers', 0.4, 5, 4, 32, 89), ('flowers', 0.8, 5, 2, 2, 146);
CREATE TEMP TABLE dense_fit AS SELECT d.*, train_clusters_from('TABLE ' || data, dbscan(eps => eps, min_points => points, scale => 'none')) AS m FROM dense d;
SELECT is(format('%s %s %s', pg_temp.metric(m, 'clusters'), pg_temp.metric(m, 'noise'), pg_temp.metric(m, 'core_rows')),
  format('%s %s %s', clusters, noise, core), format('dbscan, %s, eps %s: clusters, noise, core rows', data, eps)) FROM dense_fit;
SELECT is((SELECT count(*) FROM mall f WHERE predict_cluster(m, f) IS NULL), noise::bigint, format('dbscan, eps %s: the model says the same of its rows', eps))
FROM dense_fit WHERE data = 'mall';
SELECT is((SELECT count(*) FROM k_distance('TABLE mall', points, dbscan(scale => 'none')) k WHERE k.distance <= eps), core::bigint, format('k_distance, eps %s: core rows', eps))
FROM dense WHERE data = 'mall';

-- joins
CREATE TEMP TABLE joined(data text, scale text, linkage text, k int, sizes text, silhouette float8);
INSERT INTO joined VALUES ('mall', 'none', 'ward', 5, '85/39/32/23/21', 0.5530), ('mall', 'none', 'average', 5, '102/38/36/21/3', 0.4792),
('mall', 'none', 'single', 5, '193/3/2/1/1', 0.2695),
('flowers', 'none', 'ward', 3, '64/50/36', 0.5543), ('flowers', 'none', 'average', 3, '64/50/36', 0.5542), ('flowers', 'none', 'complete', 3, '72/50/28', 0.5136), ('flowers', 'none', 'single', 3, '98/50/2', 0.5121),
('wines', 'standard', 'ward', 3, '64/58/56', 0.2774), ('wines', 'standard', 'average', 3, '174/3/1', 0.1575), ('wines', 'standard', 'complete', 3, '69/58/51', 0.2038), ('wines', 'standard', 'single', 3, '174/3/1', 0.1827);
CREATE TEMP TABLE joined_fit AS SELECT j.*, train_clusters_from('TABLE ' || data, hierarchical(k => k, linkage => linkage, scale => scale)) AS m FROM joined j;
SELECT is(pg_temp.sizes(m), sizes, format('hierarchical, %s, %s: sizes', data, linkage)) FROM joined_fit;
-- the silhouette of the tree's own labels, as training notes it when it chooses k
SELECT cmp_ok(abs(h.value - silhouette), '<=', 0.000051::float8, format('hierarchical, %s, %s: silhouette', data, linkage))
FROM joined, training_history(train_clusters_from('TABLE ' || data, hierarchical(linkage => linkage, scale => scale))) h WHERE h.step = k AND h.metric = 'silhouette';

-- mixtures: at least the likelihood of the best of 40 starts (diagonal on iris: a better one exists, which other tools confirm from other starts)
CREATE TEMP TABLE mixed(data text, scale text, covariance text, k int, likelihood float8, bic float8, aic float8);
INSERT INTO mixed VALUES ('flowers', 'none', 'full', 3, -1.201237, 580.839, 448.371), ('mall', 'none', 'full', 5, -8.776721, 3664.340, 3568.689),
('mall', 'none', 'diagonal', 5, -8.800770, 3647.468, 3568.308), ('wines', 'standard', 'diagonal', 3, -14.406800, 5543.363, 5288.821),
('flowers', 'none', 'diagonal', 3, -2.045736, 743.997, 665.721);
CREATE TEMP TABLE mixed_fit AS SELECT x.*, train_clusters_from('TABLE ' || data, gaussian_mixture(k => k, covariance => covariance, scale => scale, starts => 40)) AS m FROM mixed x;
SELECT cmp_ok(abs(pg_temp.metric(m, 'mean_log_likelihood') - likelihood), '<=', 1e-6::float8, format('mixture, %s, %s: log likelihood', data, covariance)) FROM mixed_fit;
SELECT cmp_ok(abs(pg_temp.metric(m, 'bic') - bic) + abs(pg_temp.metric(m, 'aic') - aic), '<=', 0.0015::float8, format('mixture, %s, %s: BIC and AIC', data, covariance)) FROM mixed_fit;
SELECT * FROM finish();
ROLLBACK;
