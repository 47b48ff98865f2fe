-- Recommenders beside svd: neighbours and popularity, by the same calls.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE buys AS
SELECT u AS customer, i AS item, 1 + (u * 7 + i * 3) % 5 AS stars, timestamptz '2026-01-01 UTC' + (u + i) * interval '1 day' AS at
FROM generate_series(1, 40) u, generate_series(1, 12) i
WHERE (u + i) % 4 < 2 AND (u % 3 = 0) = (i % 3 = 0);

CREATE TEMP TABLE m AS
SELECT train_recommender(customer, item, item_knn(k => 5)) AS items, train_recommender(customer, item, user_knn(k => 10)) AS users,
       train_recommender(customer, item, popular()) AS popular, train_recommender(customer, item, stars, item_knn(k => 5, shrinkage => 1)) AS rated
FROM buys;
SELECT item, round(score::numeric, 4) AS score, rank, source FROM m, recommend(items, 1, n => 3);
SELECT item, round(score::numeric, 4) AS score, source FROM m, recommend(users, 1, n => 3, exclude_seen => false);
SELECT item, score, source FROM m, recommend(popular, 1, n => 2, exclude_seen => false);
SELECT item, source FROM m, recommend(items, 999, n => 1);
SELECT item, round(score::numeric, 4) AS score, source FROM m, recommend_for_basket(items, ARRAY[3, 6], n => 2);
SELECT item, round(score::numeric, 4) AS score, source FROM m, recommend_for_basket(users, ARRAY[3, 6], n => 2);
SELECT item, source FROM m, recommend_for_basket(popular, ARRAY[3, 6], n => 1);
SELECT item, round(score::numeric, 4) AS score FROM m, similar_items(items, 3, n => 2);
SELECT round(predict_rating(rated, 3, 6)::numeric, 3) AS known, predict_rating(rated, 3, 1) BETWEEN 1 AND 5 AS other, round(predict_rating(rated, 999, 999)::numeric, 2) AS nobody FROM m;
SELECT count(*) FROM m, recommend(items, 3, n => 50, only_items => ARRAY[6, 9]);

-- the same bytes from any order of the rows
SELECT items = (SELECT train_recommender(customer, item, item_knn(k => 5)) FROM (SELECT * FROM buys ORDER BY random()) b) AS same FROM m;
SELECT items = train_recommender_from('SELECT customer, item FROM buys', item_knn(k => 5)) AS same FROM m;

-- each similarity and weighting
SELECT s, w, (model_info(model) ->> 'neighbours')::int > 0 AS found, (SELECT count(*) FROM recommend(model, 2, n => 5)) AS n
FROM unnest(ARRAY['cosine', 'jaccard']) s, unnest(ARRAY['none', 'binary', 'tfidf', 'bm25']) w,
     LATERAL (SELECT train_recommender(customer, item, item_knn(similarity => s, weighting => w, min_common => 2)) AS model FROM buys) t ORDER BY 1, 2;

-- recent events count more
SELECT item, round(score::numeric, 3) AS score
FROM (SELECT train_recommender(customer, item, 1, at, popular(half_life => 5, implicit => true)) AS model FROM buys) t, recommend(model, 0, n => 3);
SELECT train_recommender(customer, item, popular(half_life => 5)) FROM buys;

-- what a learner cannot answer
SELECT * FROM m, similar_users(items, 3);
SELECT * FROM m, similar_items(popular, 3);
SELECT predict_rating(popular, 1, 2) FROM m;
SELECT * FROM m, user_factors(items);
SELECT train_recommender(customer, item, item_knn(implicit => false)) FROM buys;
SELECT train_recommender(customer, item, -1.0, item_knn(implicit => true)) FROM buys;
