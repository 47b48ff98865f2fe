-- One list from several models.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE buys AS
SELECT u AS customer, i AS item, 1 + (u * 7 + i * 3) % 5 AS stars, timestamptz '2026-01-01 UTC' + (u * i % 7) * interval '1 hour' AS at
FROM generate_series(1, 40) u, generate_series(1, 12) i WHERE (u + i) % 4 < 2 AND (u % 3 = 0) = (i % 3 = 0);
CREATE TEMP TABLE products AS SELECT i AS id, 'kind ' || i % 3 AS kind, i * 10 AS price FROM generate_series(1, 15) i;
CREATE TEMP TABLE part AS
SELECT train_recommender(customer, item, item_knn(k => 5)) AS knn, train_recommender(customer, item, popular()) AS popular, train_recommender(customer, item, at, markov()) AS markov,
       train_recommender(customer, item, stars, svd(factors => 3)) AS rated, (SELECT train_content(id, p) FROM products p) AS content FROM buys;
CREATE TEMP TABLE h AS
SELECT hybrid(ARRAY[knn, content], weights => '{.7,.3}') AS score, hybrid(ARRAY[knn, content], method => 'rank') AS rank,
       hybrid(ARRAY[knn, content, popular], method => 'first') AS first, hybrid(ARRAY[rated, markov]) AS rated FROM part;

-- a known user: items of either part, new ones (13 to 15) too
SELECT item, round(r.score::numeric, 4) AS score, r.rank, source FROM h, recommend(h.score, 4, n => 6) AS r;
SELECT item, round(r.score::numeric, 4) AS score, r.rank, source FROM h, recommend(h.rank, 4, n => 6) AS r;
SELECT item, round(r.score::numeric, 4) AS score, r.rank, source FROM h, recommend(h.first, 4, n => 12) AS r;
-- nobody knows this user: what is popular, of the part that says so
SELECT item, r.score, source FROM h, recommend(h.score, 999, n => 2) AS r;
SELECT item, source FROM h, recommend(h.first, NULL::int, n => 2) AS r;
-- baskets: each part gets the items that it knows
SELECT item, round(r.score::numeric, 4) AS score, source FROM h, recommend_for_basket(h.score, ARRAY[15, 3], n => 4) AS r;
SELECT item, source FROM h, recommend_for_basket(h.score, ARRAY[13], n => 3) AS r;
SELECT item, source FROM h, recommend_for_basket(h.rated, ARRAY[99, 3], ratings => '{5,4}', exclude_seen => false, n => 3) AS r;
SELECT item, round(s.score::numeric, 4) AS score, s.rank FROM h, similar_items(h.score, 3, n => 4) AS s;

-- the blend by hand
WITH k AS (SELECT item, score FROM part, recommend(knn, 4, n => 100)), c AS (SELECT r.item, r.score FROM part, recommend_for_basket(content, (SELECT array_agg(item) FROM buys WHERE customer = 4), n => 100) AS r),
     b AS (SELECT item, .7 * coalesce((k.score - min(k.score) OVER ()) / (max(k.score) OVER () - min(k.score) OVER ()), 0)
                        + .3 * coalesce((c.score - min(c.score) OVER ()) / (max(c.score) OVER () - min(c.score) OVER ()), 0) AS score FROM k FULL JOIN c USING (item))
SELECT count(*) AS items, max(abs(b.score - r.score)) < 1e-9 AS same FROM h, recommend(h.score, 4, n => 100) AS r JOIN b USING (item);
WITH k AS (SELECT item, rank FROM part, recommend(knn, 4, n => 100)), c AS (SELECT r.item, r.rank FROM part, recommend_for_basket(content, (SELECT array_agg(item) FROM buys WHERE customer = 4), n => 100) AS r),
     b AS (SELECT item, .5 * 60 * (coalesce(1.0 / (60 + k.rank), 0) + coalesce(1.0 / (60 + c.rank), 0)) AS score FROM k FULL JOIN c USING (item))
SELECT count(*) AS items, max(abs(b.score - r.score)) < 1e-9 AS same FROM h, recommend(h.rank, 4, n => 100) AS r JOIN b USING (item);

-- everybody at once, ratings, reasons, diversity
SELECT count(*) AS rows, count(*) FILTER (WHERE (r.item, r.score, r.source) = (a.item, a.score, a.source)) AS same
FROM h, recommend_all(h.score, item_type => null::bigint, user_type => null::int, n => 4) AS a, recommend(h.score, a.user_id, n => 4) AS r WHERE r.rank = a.rank;
SELECT round(predict_rating(h.rated, 1, 3)::numeric, 4) = round(predict_rating(p.rated, 1, 3)::numeric, 4) AS rating, predict_rating(hybrid(ARRAY[knn]), 1, 3) = predict_rating(knn, 1, 3) AS event FROM h, part AS p;
SELECT count(*) AS rows, count(*) FILTER (WHERE (a.item, a.contribution) = (b.item, b.contribution)) AS same FROM h, part, explain_recommendation(h.score, 3, 6) AS a FULL JOIN LATERAL (SELECT b.* FROM part AS p, explain_recommendation(p.knn, 3, 6) AS b) AS b USING (item);
SELECT count(DISTINCT item) FROM h, recommend(h.score, 4, n => 5, diversity => 0.5);
SELECT count(*) FROM h, recommend_for_basket(h.first, '{}'::int[]::bigint[], n => 3);
SELECT model_info(score) - 'bytes' - 'rows' - 'training_rows' AS info FROM h;
-- the same from a stored value
SELECT hybrid(ARRAY[knn, content], weights => '{7,3}') = h.score AS weights_are_relative_but_kept, hybrid(ARRAY[knn, content], weights => '{.7,.3}') = h.score AS same FROM part, h;

-- what cannot be
SELECT hybrid(ARRAY[]::bytea[]);
SELECT hybrid(ARRAY[knn, NULL]) FROM part;
SELECT hybrid(ARRAY[knn, (SELECT train_rules(customer, item) FROM buys)]) FROM part;
SELECT hybrid(ARRAY[knn, h.score]) FROM part, h;
SELECT hybrid(ARRAY[knn, (SELECT train_recommender(customer, item::text, popular()) FROM buys)]) FROM part;
SELECT hybrid(ARRAY[knn, popular], weights => '{1}') FROM part;
SELECT hybrid(ARRAY[knn, popular], weights => '{0,0}') FROM part;
SELECT hybrid(ARRAY[knn, popular], weights => '{-1,NaN}') FROM part;
SELECT hybrid(ARRAY[knn, popular], method => 'best') FROM part;
SELECT * FROM h, similar_users(h.score, 3) AS s;
\set VERBOSITY terse
SELECT train_recommender(customer, item, '{"algorithm": "hybrid"}'::jsonb) FROM buys;
