-- A hybrid on MovieLens 100k: better lists than its parts; every rating counts as an event, rn % 5 = 0 held out.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SET LOCAL extra_float_digits = 1;
SELECT plan(5);

CREATE TEMP TABLE part AS
SELECT train_recommender(user_id, item_id, svd()) AS svd, train_recommender(user_id, item_id, user_knn(k => 50)) AS near FROM ml100k_ratings WHERE rn % 5 <> 0;
CREATE TEMP TABLE model AS
SELECT 'svd' AS line, svd AS model FROM part UNION ALL SELECT 'user_knn', near FROM part UNION ALL
SELECT 'hybrid', hybrid(ARRAY[svd, near], weights => '{.8,.2}') FROM part UNION ALL SELECT 'hybrid by rank', hybrid(ARRAY[svd, near], weights => '{.8,.2}', method => 'rank') FROM part;
CREATE TEMP TABLE list AS SELECT line, user_id, item AS item_id, rank, source FROM model, recommend_all(model, user_type => null::int, item_type => null::int, n => 10);
CREATE TEMP TABLE quality AS
SELECT line, avg(ndcg) AS ndcg, count(*) AS users
FROM (SELECT line, user_id, ndcg((t.item_id IS NOT NULL)::int::float8, rank, 10) AS ndcg, count(t.item_id) AS relevant
      FROM (SELECT line, user_id, item_id FROM model, ml100k_ratings WHERE rn % 5 = 0) AS t FULL JOIN list USING (line, user_id, item_id) GROUP BY line, user_id) AS e
WHERE relevant > 0 GROUP BY line;
SELECT diag(format('%s: NDCG@10 %s', line, round(ndcg::numeric, 4))) FROM quality ORDER BY line;
SELECT is(array_agg(DISTINCT users), ARRAY[941::bigint], 'users with held-out items') FROM quality;
SELECT cmp_ok(ndcg, '>', (SELECT max(ndcg) FROM quality WHERE line NOT LIKE 'hybrid%'), 'a blend of scores is better than its parts') FROM quality WHERE line = 'hybrid';
SELECT cmp_ok(ndcg, '>=', 0.43::float8, line || ': NDCG@10') FROM quality WHERE line LIKE 'hybrid%' ORDER BY line;
SELECT is(array_agg(DISTINCT source ORDER BY source) <@ ARRAY['hybrid', 'svd', 'user_knn'], true, 'sources are parts') FROM list WHERE line LIKE 'hybrid%';
SELECT * FROM finish();
ROLLBACK;
