-- Clusters of rows: training, answers, names, comparison of models, measures of partitions.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE customers AS SELECT i AS id, i % 3 AS kind, (ARRAY[2, 12, 30])[i % 3 + 1] + i % 7 AS orders, (ARRAY[15.0, 80, 20])[i % 3 + 1] + i * 37 % 11 AS basket,
  CASE WHEN i % 10 < 8 THEN (ARRAY['mobile', 'desktop', 'tablet'])[i % 3 + 1] ELSE 'mobile' END AS device, i % 3 = 2 AS member, date '2026-01-01' + i % 3 * 100 + i % 5 AS since
FROM generate_series(1, 300) i;
CREATE TEMP TABLE model AS SELECT train_clusters(f, kmeans(k => 3, exclude => ARRAY['id', 'kind'])) AS m FROM customers f;
SELECT c.cluster, c.name, c.size, c.share::numeric(5,3) FROM model, clusters(m) c;
SELECT kind, predict_cluster(m, f) AS cluster, count(*) FROM model, customers f GROUP BY 1, 2 ORDER BY 1;
SELECT cluster, rank, feature, level, description, round(value::numeric, 2) AS value, round(average::numeric, 2) AS average, round(difference::numeric, 2) AS difference
FROM model, cluster_profile(m) WHERE rank <= 5 ORDER BY 1, 2;
SELECT metric, round(value::numeric, 4) AS value FROM model, model_metrics(m) ORDER BY 1;
SELECT model_info(m)->>'job' AS job, model_info(m)->>'clusters' AS clusters, model_info(m) ? 'target' AS target FROM model;
-- k chosen, twin, grouping
SELECT count(*) AS clusters FROM clusters(train_clusters_from('SELECT orders, basket FROM customers'));
SELECT count(*) AS clusters FROM clusters(train_clusters_from('SELECT orders, basket FROM customers', kmeans(choose => 'gap')));
SELECT count(*) AS clusters FROM clusters(train_clusters_from('SELECT orders, basket FROM customers', gaussian_mixture()));
SELECT count(*) AS clusters FROM clusters(train_clusters_from('SELECT orders, basket FROM customers', hierarchical()));
SELECT member, (SELECT string_agg(size::text, ' ' ORDER BY cluster) FROM clusters(m)) AS sizes FROM (SELECT member, train_clusters(f, kmeans(k => 2, features => ARRAY['orders', 'basket'])) AS m FROM customers f GROUP BY member) t ORDER BY 1;
SELECT train_clusters(f, kmeans(k => 3)) = train_clusters_from('SELECT orders, basket, device FROM customers', kmeans(k => 3)) AS same FROM (SELECT orders, basket, device FROM customers) f;
-- the same bytes in any order and with any number of threads
CREATE TEMP TABLE many AS SELECT (i * 7919 % 10007)::float8 / 500 + i % 4 * 9 AS a, (i * 104729 % 10009)::float8 / 500 + i % 5 * 7 AS b FROM generate_series(1, 9000) i;
CREATE TEMP TABLE fits(threads int, col text, options jsonb, m bytea);
DO $$ DECLARE n int; BEGIN
	FOREACH n IN ARRAY ARRAY[1, 2, 4] LOOP
		PERFORM set_config('pg_shopper.max_threads', n::text, true);
		INSERT INTO fits SELECT n, col, o, train_clusters_from('SELECT a, b FROM many ORDER BY ' || col, o)
		FROM unnest(ARRAY['a', 'b DESC']) col, unnest(ARRAY[kmeans(k => 6, starts => 2), kmeans(k => 200, starts => 1, max_iterations => 5), dbscan(eps => 0.05), gaussian_mixture(k => 4, starts => 1, max_iterations => 10)]) o;
	END LOOP;
END $$;
SELECT options->>'algorithm' AS learner, count(DISTINCT m) AS different FROM fits GROUP BY options ORDER BY 1, 2;
-- NULLs, new levels, extreme values
SELECT predict_cluster(m, f) IS NOT NULL AS placed, cluster_distance(m, f) >= 0 AS distance FROM model,
  (VALUES (NULL::int, NULL::numeric, NULL::text, NULL::boolean, NULL::date), (1, 1e30, 'watch', true, '2050-01-01')) f(orders, basket, device, member, since);
SELECT predict_cluster(NULL, f) AS no_model FROM customers f LIMIT 1;
SELECT predict_cluster(m, NULL::customers) AS no_row FROM model;
SELECT predict_cluster(train_clusters_from('SELECT NULL::int AS a, basket FROM customers', kmeans(k => 2)), f) IS NOT NULL AS placed FROM (SELECT 5 AS a, 3 AS basket) f;
-- noise has no cluster
SELECT predict_cluster(m, f), cluster_membership(m, f) FROM (SELECT train_clusters_from('SELECT orders, basket FROM customers', dbscan(eps => 0.5)) AS m) t, (VALUES (1, 2, 15), (2, 500, 500)) f(n, orders, basket) ORDER BY n;
SELECT cluster, size FROM clusters(train_clusters_from('SELECT orders, basket FROM customers UNION ALL SELECT 500, 500', dbscan(eps => 0.5))) ORDER BY 1;
SELECT count(*) FROM clusters(train_clusters_from('SELECT orders FROM customers WHERE id < 5', dbscan(eps => 0.001)));
SELECT cluster, size FROM clusters(train_clusters_from('SELECT 1 AS a FROM generate_series(1, 100000)', dbscan()));
SELECT rank, round(distance::numeric, 4) AS distance FROM k_distance('SELECT orders, basket FROM customers', 5, dbscan(scale => 'none')) WHERE rank IN (1, 150, 300);
-- probabilities
SELECT kind, (SELECT string_agg(key || ' ' || round(value::numeric, 3), ', ' ORDER BY key) FROM jsonb_each_text(cluster_membership(m, f))) AS membership
FROM (SELECT train_clusters_from('SELECT orders, basket FROM customers', gaussian_mixture(k => 3)) AS m) t, customers f WHERE id <= 3 ORDER BY id;
-- weights: a row of weight 2 is two rows
SELECT w.size, round((w.value - p.value)::numeric, 9) AS gap FROM
  (SELECT c.size, v.value FROM (SELECT train_clusters_from('SELECT orders, basket, 2 AS w FROM customers', kmeans(k => 3, weight => 'w', scale => 'none')) AS m) t, clusters(m) c, model_metrics(m) v WHERE metric = 'inertia' AND cluster = 1) w,
  (SELECT v.value FROM (SELECT train_clusters_from('SELECT orders, basket FROM customers UNION ALL SELECT orders, basket FROM customers', kmeans(k => 3, scale => 'none')) AS m) t, model_metrics(m) v WHERE metric = 'inertia') p;
-- scales; centres that are given
SELECT s, round(value::numeric, 4) AS inertia FROM unnest(ARRAY['standard', 'none', 'min_max', 'robust']) s, model_metrics(train_clusters_from('SELECT orders, basket FROM customers', kmeans(k => 3, scale => s))) WHERE metric = 'inertia';
SELECT metric, value FROM model_metrics(train_clusters_from('SELECT orders, basket FROM customers', kmeans(centres => '{2,15,12,80,30,20}', max_iterations => 20))) WHERE metric IN ('rows', 'converged');
-- a tree of joins
SELECT merge, clusters, round(height::numeric, 3) AS height, size FROM dendrogram(train_clusters_from('SELECT * FROM (VALUES (0), (1), (3), (7)) v(x)', hierarchical(scale => 'none', linkage => 'single', k => 2)));
SELECT cluster, size FROM clusters(train_clusters_from('SELECT * FROM (VALUES (0), (1), (3), (7)) v(x)', hierarchical(scale => 'none', linkage => 'single', height => 2)));
-- names and ids stay
CREATE TEMP TABLE named AS SELECT name_clusters(m, (SELECT jsonb_object_agg(cluster, 'kind ' || kind) FROM (SELECT DISTINCT kind, predict_cluster(m, f) AS cluster FROM customers f) t)) AS m FROM model;
CREATE TEMP TABLE later AS SELECT train_clusters_from('SELECT orders + 1 AS orders, basket, device, member, since FROM customers WHERE kind > 0 OR id < 60 UNION ALL SELECT 90, 90, ''tablet'', false, ''2026-05-01'' FROM generate_series(1, 50)', kmeans(k => 4), m) AS m FROM named;
SELECT count(*) AS kept FROM named, later, clusters(named.m) a JOIN clusters(later.m) b USING (cluster, name);
SELECT cluster, name, size FROM later, clusters(m) WHERE name IS NULL;
SELECT from_name, to_name, customers, round(share::numeric, 3) AS share FROM named, later, segment_moves(named.m, later.m, 'SELECT * FROM customers') ORDER BY 1, 2;
SELECT DISTINCT name FROM named, cluster_profile(m) ORDER BY 1;
SELECT name FROM named, clusters(name_clusters(m, '{"1": null}')) WHERE cluster = 1;
-- measures
SELECT cluster, metric, round(value::numeric, 4) AS value FROM model, segment_quality(m, 'SELECT * FROM customers') ORDER BY 1 NULLS FIRST, 2;
SELECT round(silhouette(p, c)::numeric, 4) AS silhouette, round(calinski_harabasz(p, c)::numeric, 4) AS ch, round(davies_bouldin(p, c)::numeric, 4) AS db, silhouette(p, c, 50) > 0.5 AS sampled
FROM (SELECT ARRAY[orders, basket]::float8[] AS p, kind AS c FROM customers) t;
SELECT silhouette(ARRAY[orders]::float8[], 1) AS one_group FROM customers;
SELECT silhouette(ARRAY[orders]::float8[], 1) AS no_rows FROM customers WHERE false;
-- refused
SELECT train_clusters_from('SELECT orders FROM customers WHERE id < 4', kmeans(k => 5));
SELECT train_clusters_from('SELECT orders FROM customers WHERE id < 4', kmeans(k => 5, on_failure => 'null')) IS NULL AS failed;
SELECT train_clusters_from('SELECT orders FROM customers', kmeans(k => 0));
SELECT train_clusters_from('SELECT orders FROM customers', kmeans(k => 2, centres => '{1,2,3}'));
SELECT train_clusters_from('SELECT orders FROM customers', '{"algorithm": "kmeans", "validation": 0.2}');
SELECT train_clusters_from('SELECT orders FROM customers', logistic());
SELECT train_classifier_from('SELECT orders, member FROM customers', 'member', kmeans());
SELECT train_clusters_from('SELECT orders FROM customers', dbscan(), m) FROM model;
SELECT train_clusters_from('SELECT orders, kind FROM customers', kmeans(k => 3), m) FROM model;
SELECT train_clusters_from('SELECT i AS x FROM generate_series(1, 5001) i', hierarchical());
SELECT train_clusters_from('SELECT orders FROM customers', hierarchical(k => 2, height => 1));
SELECT train_clusters_from('SELECT 1e200::float8 * i AS x FROM generate_series(1, 5) i', kmeans(k => 2, scale => 'none'));
SELECT train_clusters_from('SELECT ARRAY[1, 2] AS v, now() AS t, ''{}''::json AS j');
SELECT train_clusters(f, kmeans(k => id)) FROM customers f;
SELECT predict_purchase(m, f) FROM model, customers f;
SELECT predict_cluster(train_classifier_from('SELECT orders, member FROM customers', 'member'), f) FROM customers f;
SELECT clusters(train_classifier_from('SELECT orders, member FROM customers', 'member'));
SELECT predict_cluster(m, f) FROM model, (SELECT orders, basket FROM customers) f;
SELECT name_clusters(m, '{"7": "x"}') FROM model;
SELECT name_clusters(m, '{"1": 5}') FROM model;
SELECT dendrogram(m) FROM model;
SELECT k_distance('SELECT orders FROM customers', 301);
SELECT silhouette(ARRAY[1, 2]::float8[], i) FROM generate_series(1, 3) i WHERE i < 2 UNION ALL SELECT silhouette((ARRAY[1, 2, 3])[1:i]::float8[], i) FROM generate_series(1, 3) i;
SELECT merge_models(m, m) FROM model;
