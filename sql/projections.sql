-- Projections: pca and lda, scores and back, what the axes are made of.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE t AS SELECT i, 10 + 3 * sin(i) AS a, 5 - 2 * sin(i) + 0.5 * cos(i * 7) AS b, CASE WHEN i % 11 <> 0 THEN cos(i * 3) END AS c, (ARRAY['phone', 'tablet', 'tv'])[1 + i % 3] AS device, i % 2 = 0 AS flag,
	CASE WHEN sin(i) > 0.3 THEN 'high' WHEN cos(i * 7) > 0 THEN 'middle' ELSE 'low' END AS class FROM generate_series(1, 300) i;
CREATE TEMP TABLE m AS SELECT train_projection(f, pca()) AS numbers, train_projection(f, pca(explained => 0.9)) AS few, train_projection(f, pca(components => 2, whiten => true)) AS white FROM (SELECT a, b, c FROM t) f;
SELECT component, round(variance::numeric, 6) AS variance, round(ratio::numeric, 6) AS ratio, round(cumulative::numeric, 6) AS cumulative FROM m, explained_variance(numbers);
SELECT component, rank, feature, level, round(loading::numeric, 4) AS loading FROM m, loadings(numbers) WHERE component < 3;
SELECT array_length(project(few, f), 1) AS few, round((project(white, f))[1]::numeric, 5) AS first, (SELECT array_agg(round(x::numeric, 5)) FROM unnest(project(numbers, f)) x) AS scores FROM m, (SELECT a, b, c FROM t WHERE i <= 2) f;
-- back, whole and in part; what is not like the others
SELECT jsonb_object_agg(key, round(value::numeric, 4)) AS back, round(max(projection_error(numbers, f))::numeric, 9) AS error FROM m, (SELECT a, b, c FROM t WHERE i = 5) f, jsonb_each_text(unproject(numbers, project(numbers, f)));
SELECT a, b, c FROM t WHERE i = 5;
SELECT i, round(projection_error(few, t)::numeric, 3) AS error FROM m, (SELECT * FROM t UNION ALL SELECT 999, 10, 9, 0, NULL, NULL, NULL) t ORDER BY 2 DESC, 1 LIMIT 1;
SELECT round((variance(s[1]))::numeric, 6) AS one, round(corr(s[1], s[2])::numeric, 6) AS none FROM (SELECT project(white, t) AS s FROM m, t) x;
-- categories, NULLs, other column order, extra columns; the same bytes from any order
CREATE TEMP TABLE mixed AS SELECT train_projection(f, pca(components => 3)) AS model FROM (SELECT a, b, device, flag FROM t) f;
SELECT model = (SELECT train_projection(f, pca(components => 3)) FROM (SELECT a, b, device, flag FROM t ORDER BY random()) f) AS aggregate,
	model = train_projection_from('SELECT a, b, device, flag FROM t', pca(components => 3)) AS twin FROM mixed;
SELECT feature, level, round(loading::numeric, 3) AS loading FROM mixed, loadings(model) WHERE component = 1;
SELECT project(model, f) = project(model, g) AS same, project(model, n) IS NOT NULL AS nulls, unproject(model, '{1, 0.5, 0}') ->> 'device' AS device
FROM mixed, (SELECT a, b, device, flag FROM t WHERE i = 7) f, (SELECT 1 AS extra, flag, device, b, a FROM t WHERE i = 7) g, (SELECT NULL::float8 AS a, NULL::float8 AS b, 'unseen' AS device, NULL::boolean AS flag) n;
SELECT project(NULL, f) IS NULL FROM (SELECT 1 AS a) f;
SELECT model_info(model) ->> 'job' AS job, model_info(model) ->> 'algorithm' AS algorithm FROM mixed;
-- an earlier model decides the directions
SELECT project(train_projection(f, pca(), numbers), (SELECT g FROM (SELECT a, b, c FROM t WHERE i = 3) g)) = project(numbers, (SELECT g FROM (SELECT a, b, c FROM t WHERE i = 3) g)) FROM m, (SELECT a, b, c FROM t) f GROUP BY numbers;

-- discriminants: a projection and a classifier
CREATE TEMP TABLE l AS SELECT train_projection(f, lda(target => 'class')) AS projection, train_classifier(f, 'class', lda(target => 'class')) AS same, train_classifier(f, 'class', lda(components => 1, shrinkage => 0.1, priors => 'equal')) AS one FROM (SELECT a, b, c, class FROM t) f;
SELECT projection = same AS same FROM l;
SELECT component, round(variance::numeric, 4) AS variance, round(ratio::numeric, 4) AS ratio FROM l, explained_variance(projection);
SELECT round(accuracy(class, predict_class(projection, t))::numeric, 3) AS accuracy, round(accuracy(class, predict_class(one, t))::numeric, 3) AS one FROM l, t;
SELECT array_length(project(projection, t), 1) AS axes, array_length(project(one, t), 1) AS one, round((project(projection, t))[1]::numeric, 4) AS score, predict_class(projection, t) AS class FROM l, t WHERE i < 3;
-- inside the classes the scores have variance 1
SELECT round((sum(v * (n - 1)) / (sum(n) - 3))::numeric, 6) AS one FROM (SELECT class, count(*) AS n, variance((project(projection, t))[1]) AS v FROM l, t GROUP BY class) c;

-- refused
SELECT project(model, f) FROM (SELECT train_classifier(t, 'flag') AS model FROM t) m, (SELECT 1 AS a) f;
SELECT explained_variance(train_clusters(f, kmeans(k => 2))) FROM (SELECT a, b FROM t) f;
SELECT unproject(projection, '{1}') FROM l;
SELECT unproject(numbers, '{1, 2, 3, 4}') FROM m;
SELECT unproject(numbers, '{NULL}') FROM m;
SELECT train_projection(f, lda()) FROM t f;
SELECT train_projection(f, lda(target => 'nothing')) FROM t f;
SELECT train_projection(f, kmeans()) FROM t f;
SELECT train_projection(f, pca(components => 0)) FROM t f;
SELECT train_projection(f, lda(target => 'class'), same) FROM (SELECT a, class FROM t) f, l GROUP BY same;
SELECT train_classifier(f, 'class', lda()) FROM (SELECT class, 1 AS a FROM t) f;
SELECT train_projection(f) FROM (SELECT 'x' AS a WHERE false) f;

-- from sums alone: the same axes, also in parallel plans
CREATE TEMP TABLE sums AS SELECT train_pca(ARRAY[a, b, c], ARRAY['a', 'b', 'c']) AS model FROM t;
SELECT bool_and(abs(e.variance - f.variance) < 1e-12) AS variances FROM sums, explained_variance(model) e JOIN (SELECT train_projection(g, pca()) AS m FROM (SELECT a, b, c FROM t WHERE c IS NOT NULL) g) x ON true, explained_variance(m) f WHERE e.component = f.component;
SELECT bool_and(abs(x - y) < 1e-10) AS scores FROM sums, (SELECT train_projection(g, pca()) AS m FROM (SELECT a, b, c FROM t WHERE c IS NOT NULL) g) w, t, unnest(project(model, t), project(m, t)) s(x, y) WHERE c IS NOT NULL;
SELECT project(train_pca(ARRAY[a, b], ARRAY['a', 'b'], pca(scale => 'none', components => 1)), (SELECT u FROM (SELECT 10.0 AS a, 5.0 AS b) u))::numeric(9,4)[] AS raw FROM t;
SELECT unproject(train_pca(ARRAY[a, b]), '{0}')::text LIKE '{"x1": 10%' AS named FROM t;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
CREATE TABLE many AS SELECT sin(i) AS a, cos(i) + sin(i) AS b FROM generate_series(1, 20000) i;
EXPLAIN (COSTS OFF) SELECT train_pca(ARRAY[a, b]) FROM many;
CREATE TEMP TABLE parts AS SELECT train_pca(ARRAY[a, b]) AS parallel FROM many;
SET max_parallel_workers_per_gather = 0;
SELECT bool_and(abs(x.variance - y.variance) < 1e-12) AS same FROM parts, (SELECT train_pca(ARRAY[a, b]) AS serial FROM many) s, explained_variance(parallel) x JOIN explained_variance(serial) y USING (component);
DROP TABLE many;
SELECT train_pca(ARRAY[a, b], ARRAY['a', 'b'], pca(scale => 'robust')) FROM t;
SELECT train_pca(ARRAY[a, b], ARRAY['a', 'b'], kmeans()) FROM t;
SELECT train_pca(ARRAY[a, b], ARRAY['a']) FROM t;
SELECT train_pca(ARRAY[a]) FROM t WHERE false;
