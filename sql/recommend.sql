-- Recommenders: training, both twins; the best items for users and baskets, neighbours, single ratings; ids, filters, errors.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
\set VERBOSITY default

-- 60 users, 40 items: even users like even items, odd users odd ones, all of them the first twenty more; each rated three items in five.
CREATE TABLE ratings AS
SELECT u AS user_id, i AS item_id, CASE WHEN (u + i) % 2 = 0 THEN 4 ELSE 1 END + (i <= 20)::int AS rating,
       timestamptz '2025-01-01 00:00+00' + u * interval '1 day' + i * interval '1 minute' AS rated_at
FROM generate_series(1, 60) AS u, generate_series(1, 40) AS i
WHERE (u + i * 2) % 5 < 3;
CREATE VIEW events AS SELECT user_id, item_id FROM ratings WHERE rating > 3;

-- one model for each way of asking, all trained on the same lines
CREATE TABLE models (name text PRIMARY KEY, model bytea);
INSERT INTO models
SELECT 'ratings', train_recommender(user_id, item_id, rating, svd(factors => 4)) FROM ratings UNION ALL
SELECT 'events', train_recommender(user_id, item_id, svd(factors => 4)) FROM events UNION ALL
SELECT 'texts', train_recommender('user ' || user_id, 'item ' || item_id, rating, svd(factors => 4)) FROM ratings UNION ALL
SELECT 'uuids', train_recommender(md5('u' || user_id)::uuid, md5('i' || item_id)::uuid, rating, svd(factors => 4)) FROM ratings UNION ALL
SELECT 'mixed', train_recommender(user_id, 'item ' || item_id, rating, svd(factors => 4)) FROM ratings;

SELECT name, info ->> 'algorithm' AS algorithm, info ->> 'job' AS job, info -> 'rows' AS rows, info -> 'users' AS users,
       info -> 'items' AS items, info -> 'implicit' AS implicit, info -> 'options' -> 'factors' AS factors
FROM models, model_info(model) AS info ORDER BY name;

-- Training: the third argument is a rating of any number type, or the options.
SELECT train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating::smallint) AS smallint,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating::bigint) AS bigint,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating::real) AS real,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating::float8) AS float8,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating::numeric) AS numeric,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id::smallint, item_id::bigint, rating) AS ids,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating, NULL) AS null_options,
       train_recommender(user_id, item_id, rating) = train_recommender(user_id, item_id, rating, svd()) AS defaults
FROM ratings;
SELECT train_recommender(user_id, item_id) = train_recommender(user_id, item_id, svd()) AS options_third,
       predict_rating(train_recommender(user_id, item_id), 2, 4) = predict_rating(train_recommender(user_id, item_id, 1, svd(implicit => true)), 2, 4) AS weights_of_one
FROM events;
-- the order of the rows does not matter; NULLs are left out
SELECT train_recommender(user_id, item_id, rating ORDER BY rating, item_id) = train_recommender(user_id, item_id, rating) AS any_order FROM ratings;
SELECT (SELECT train_recommender(u, i, r) FROM (SELECT user_id, item_id, rating FROM ratings UNION ALL VALUES (NULL, 1, 3), (1, NULL, 3), (1, 1, NULL)) AS t(u, i, r))
       <> train_recommender(user_id, item_id, rating) AS counts_the_nulls FROM ratings;
-- with times the latest rating counts, without their mean
SELECT round(predict_rating(train_recommender(u, i, r, t, svd(factors => 1, regularization => 0, epochs => 500)), 1, 1)::numeric, 1) AS latest,
       round(predict_rating(train_recommender(u, i, r, svd(factors => 1, regularization => 0, epochs => 500)), 1, 1)::numeric, 1) AS mean
FROM (VALUES (1, 1, 1, timestamptz '2025-01-01'), (1, 1, 5, '2025-01-02'), (2, 1, 2, '2025-01-02'), (2, 2, 4, '2025-01-02'), (1, 2, 4, '2025-01-02')) AS e(u, i, r, t);
-- the query twin
SELECT train_recommender_from('SELECT user_id, item_id, rating FROM ratings', svd(factors => 4)) = model AS same FROM models WHERE name = 'ratings';
SELECT train_recommender_from('SELECT user_id, item_id FROM events', svd(factors => 4)) = model AS same FROM models WHERE name = 'events';
SELECT train_recommender_from('SELECT user_id, item_id, rating, rated_at FROM ratings') = train_recommender(user_id, item_id, rating, rated_at, NULL) AS same FROM ratings;
SELECT train_recommender_from('SELECT user_id, item_id, rated_at FROM events JOIN ratings USING (user_id, item_id)') = train_recommender(user_id, item_id) AS times_of_events FROM events;
-- continue from an earlier model
CREATE VIEW ratings_3 AS SELECT user_id, item_id, rating FROM ratings;
SELECT train_recommender(user_id, item_id, rating, svd(factors => 4), (SELECT model FROM models WHERE name = 'ratings'))
       = train_recommender_from('TABLE ratings_3', svd(factors => 4), (SELECT model FROM models WHERE name = 'ratings')) AS same FROM ratings;
-- one model for each group, each with options of its own
SELECT user_id % 2 AS parity, model_info(train_recommender(user_id, item_id, rating, svd(factors => 2 + user_id % 2))) -> 'factors' AS factors,
       model_info(train_recommender(user_id, item_id, rating)) -> 'users' AS users
FROM ratings GROUP BY 1, user_id % 2 ORDER BY 1;

-- Training: errors
SELECT train_recommender(user_id, item_id, rating::text) FROM ratings;
SELECT train_recommender(user_id, item_id, '5') FROM ratings;
SELECT train_recommender(user_id, item_id, NULL::int) FROM ratings;
SELECT train_recommender(user_id, item_id, NULL::int, svd(on_failure => 'null')) IS NULL AS no_model FROM ratings;
SELECT train_recommender(user_id, item_id) FROM ratings WHERE false;
SELECT train_recommender(user_id, item_id, svd(implicit => false)) FROM ratings;
SELECT train_recommender(user_id, item_id, svd(factors => user_id)) FROM ratings;
SELECT train_recommender(user_id, item_id, svd(factors => 0)) FROM ratings;
SELECT train_recommender(user_id, item_id, logistic()) FROM ratings;
SELECT train_recommender(user_id, item_id, '{"factor": 3}'::jsonb) FROM ratings;
SELECT train_recommender(user_id, item_id, -1, svd(implicit => true)) FROM ratings;
SELECT train_recommender(user_id, ARRAY[item_id]) FROM ratings;
SELECT train_recommender(rated_at, item_id) FROM ratings;
SELECT train_recommender(user_id, item_id, rating, svd(factors => 8), (SELECT model FROM models WHERE name = 'ratings')) FROM ratings;
SELECT train_recommender(user_id, item_id, rating, svd(factors => 4), (SELECT model FROM models WHERE name = 'events')) FROM ratings;
SELECT train_recommender(user_id, item_id, rating, svd(factors => 4), '\x00'::bytea) FROM ratings;
SELECT train_recommender_from('SELECT user_id FROM ratings');
SELECT train_recommender_from('SELECT user_id, item_id, rating, rated_at, 1 FROM ratings');
SELECT train_recommender_from('SELECT user_id, item_id, rated_at, rating FROM ratings');
SELECT train_recommender_from('SELECT user_id, item_id FROM ratings WHERE false');
SELECT train_recommender_from(NULL);

-- The best items: new ones that the user likes
SELECT rank, item % 2 AS parity, source, round(score::numeric) >= 4 AS likes FROM models, recommend(model, 2, 4) WHERE name = 'ratings' ORDER BY rank;
SELECT rank, item % 2 AS parity, source, score > 0.3 AS likes FROM models, svd_recommend(model, 3, 4) WHERE name = 'events' ORDER BY rank;
SELECT u, count(*), bool_and(item % 2 = u % 2) AS liked, bool_and(NOT EXISTS (SELECT FROM ratings WHERE (user_id, item_id) = (u, item))) AS new,
       bool_and(score <= before) AS sorted
FROM models, generate_series(1, 4) AS u, LATERAL (SELECT item, score, lag(score, 1, 9) OVER (ORDER BY rank) AS before FROM recommend(model, u, 5)) AS r
WHERE name = 'ratings' GROUP BY u ORDER BY u;
-- ids of every type; svd_recommend and recommend are the same
SELECT name, (SELECT array_agg(item ORDER BY rank) FROM recommend(model, 2, 3)) = (SELECT array_agg(item ORDER BY rank) FROM svd_recommend(model, 2::smallint, 3)) AS same
FROM models WHERE name IN ('ratings', 'events') ORDER BY name;
SELECT pg_typeof(item), count(*) FROM models, recommend(model, 2) WHERE name = 'ratings' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend(model, '2') WHERE name = 'ratings' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend(model, 'user 2') WHERE name = 'texts' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend(model, 'user 2'::varchar) WHERE name = 'texts' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend(model, md5('u2')::uuid) WHERE name = 'uuids' GROUP BY 1;
SELECT pg_typeof(item), source, count(*) FROM models, recommend(model, upper(md5('u2'))) WHERE name = 'uuids' GROUP BY 1, 2;
SELECT pg_typeof(item), count(*) FROM models, recommend(model, 2::text) WHERE name = 'mixed' GROUP BY 1;
SELECT pg_typeof(item), source, count(*) FROM models, recommend(model, 2::numeric, item_type => NULL::smallint) WHERE name = 'ratings' GROUP BY 1, 2;
SELECT pg_typeof(item), source, count(*) FROM models, recommend(model, 2, item_type => NULL::varchar, n => 3) WHERE name = 'mixed' GROUP BY 1, 2;
-- filters
SELECT array_agg(item ORDER BY item) AS only_items FROM models, recommend(model, 2, exclude_seen => false, only_items => ARRAY[1, 2, 3, 999]) WHERE name = 'ratings';
SELECT array_agg(item ORDER BY item) AS only_items FROM models, recommend(model, 2, exclude_seen => false, only_items => '{1,2,3,999}') WHERE name = 'ratings';
SELECT array_agg(item ORDER BY item) AS only_items FROM models, recommend(model, 2, exclude_seen => false, only_items => '{1,2,3}'::text, not_items => ARRAY['2', 'x', NULL]) WHERE name = 'ratings';
SELECT array_agg(item ORDER BY item) AS only_items FROM models, recommend(model, 'user 2', exclude_seen => false, only_items => '{"item 1",item 2}') WHERE name = 'texts';
SELECT count(*) FROM models, recommend(model, md5('u2')::uuid, exclude_seen => false, only_items => ARRAY[md5('i1')::uuid, md5('i2')::uuid]) WHERE name = 'uuids';
SELECT count(*) FROM models, recommend(model, 2, exclude_seen => false, only_items => (SELECT array_agg(DISTINCT item_id) FROM ratings WHERE item_id < 8)) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, only_items => '{}') WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, only_items => NULL, not_items => NULL) WHERE name = 'ratings';
SELECT count(*) AS new, (SELECT count(*) FROM recommend(model, 2, 1000, false)) AS all FROM models, recommend(model, 2, 1000) WHERE name = 'ratings' GROUP BY model;
SELECT count(*) FROM models, recommend(model, 2, 0) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, n => NULL, exclude_seen => NULL) WHERE name = 'ratings';
-- nobody knows this user: popular items
SELECT name, rank, item <= 20 AS popular, source FROM models, recommend(model, 1000, 2) WHERE name = 'ratings' ORDER BY rank;
SELECT DISTINCT source FROM models, recommend(model, NULL::int, 3) WHERE name = 'ratings';
SELECT DISTINCT source FROM models, recommend(model, 'two', 3) WHERE name = 'ratings';
SELECT count(*) FROM recommend(NULL, 2);

-- The best items for a basket
SELECT rank, item % 2 AS parity, source FROM models, recommend_for_basket(model, ARRAY[2, 4, 6], 3) WHERE name = 'events' ORDER BY rank;
SELECT rank, item % 2 AS parity, source FROM models, recommend_for_basket(model, '{1,3,5}'::bigint[], 3) WHERE name = 'events' ORDER BY rank;
SELECT pg_typeof(item), count(*), bool_or(item IN ('2', '4')) AS seen FROM models, recommend_for_basket(model, '{2,4}') WHERE name = 'events' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend_for_basket(model, ARRAY['item 2', 'item 4'], not_items => ARRAY['item 6']) WHERE name = 'texts' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend_for_basket(model, ARRAY[md5('i2')::uuid]) WHERE name = 'uuids' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, recommend_for_basket(model, ARRAY[2, 4]::smallint[], item_type => NULL::int, n => 2) WHERE name = 'ratings' GROUP BY 1;
SELECT rank, item % 2 AS parity, source FROM models, recommend_for_basket(model, ARRAY[2, 4, 6, 1, 3], 3, ratings => ARRAY[1, 1, 1, 5, 5]) WHERE name = 'ratings' ORDER BY rank;
SELECT array_agg(item ORDER BY item) FROM models, recommend_for_basket(model, ARRAY[2, 4], 3, false, only_items => '{2,4}') WHERE name = 'events';
SELECT DISTINCT source FROM models, recommend_for_basket(model, ARRAY[999, NULL], 3) WHERE name = 'events';
SELECT DISTINCT source FROM models, recommend_for_basket(model, '{}', 3) WHERE name = 'events';
SELECT DISTINCT source FROM models, recommend_for_basket(model, NULL, 3) WHERE name = 'events';

-- Neighbours
SELECT bool_and(item % 2 = 0) AS alike, bool_and(item <> 2) AS others, bool_and(score BETWEEN 0.5 AND 1) AS close, array_agg(rank ORDER BY rank) AS rank
FROM models, similar_items(model, 2, 5) WHERE name = 'events';
SELECT bool_and(user_id % 2 = 1) AS alike, count(*) FROM models, similar_users(model, 3, 5) WHERE name = 'events';
SELECT pg_typeof(item), count(*) FROM models, similar_items(model, 'item 2') WHERE name = 'texts' GROUP BY 1;
SELECT pg_typeof(user_id), count(*) FROM models, similar_users(model, md5('u2')::uuid) WHERE name = 'uuids' GROUP BY 1;
SELECT pg_typeof(user_id), count(*) FROM models, similar_users(model, 2, user_type => NULL::int, n => 4) WHERE name = 'mixed' GROUP BY 1;
SELECT pg_typeof(item), count(*) FROM models, similar_items(model, 'item 2', item_type => NULL::varchar) WHERE name = 'mixed' GROUP BY 1;
SELECT count(*) FROM models, similar_items(model, 999) WHERE name = 'ratings';
SELECT count(*) FROM models, similar_users(model, NULL::bigint) WHERE name = 'ratings';

-- Single ratings: within 1 to 5; unknown ids leave their part out
SELECT round(rmse(rating, predict_rating(model, user_id, item_id))::numeric, 1) AS rmse, min(predict_rating(model, user_id, item_id)) >= 1 AS low,
       max(predict_rating(model, user_id, item_id)) <= 5 AS high
FROM models, ratings WHERE name = 'ratings' GROUP BY name;
SELECT predict_rating(model, 2, 4) = predict_rating(model, '2', '4') AS text, predict_rating(model, 2, 4) = predict_rating(model, 2::numeric, '4') AS mixed,
       predict_rating(model, 999, 999) = (model_info(model) ->> 'mean')::float8 AS mean, predict_rating(model, 999, 4) = predict_rating(model, NULL, 4) AS null_is_null,
       predict_rating(NULL, 2, 4) AS no_model
FROM models WHERE name = 'ratings';
SELECT predict_rating(model, md5('u2')::uuid, md5('i4')) = predict_rating(model, md5('u2'), md5('i4')) AS same FROM models WHERE name = 'uuids';
SELECT predict_rating(model, 999, 4) AS unknown FROM models WHERE name = 'events';
-- a rating is mean + biases + the product of the factors
SELECT abs(predict_rating(model, u.id, i.id) - ((model_info(model) ->> 'mean')::float8 + u.bias + i.bias + (SELECT sum(a * b) FROM unnest(u.factors, i.factors) AS f(a, b)))) < 1e-5 AS same
FROM models, user_factors(model) AS u, item_factors(model) AS i WHERE name = 'ratings' AND u.id = '5' AND i.id = '7';
SELECT (SELECT count(*) FROM user_factors(model)) AS users, (SELECT count(*) FROM item_factors(model)) AS items,
       (SELECT min(array_length(factors, 1)) FROM item_factors(model)) AS factors, (SELECT max(abs(bias)) FROM user_factors(model)) AS bias FROM models WHERE name = 'events';

-- Texts of any kind are ids
CREATE TABLE odd_ids (user_id text, item_id text);
INSERT INTO odd_ids VALUES ('o''neil', 'a"b'), ('o''neil', 'a,b'), ('日本', 'é'), ('日本', 'a,b'), ('', '{}'), ('', 'back\slash'), ('ß', ''), ('ß', 'é');
CREATE TABLE odd AS SELECT train_recommender(user_id, item_id, svd(factors => 2)) AS model FROM odd_ids;
SELECT u.user_id, array_agg(item ORDER BY item COLLATE "C") FROM odd, (SELECT DISTINCT user_id FROM odd_ids) AS u, recommend(model, u.user_id, 100) GROUP BY u.user_id ORDER BY u.user_id COLLATE "C";
SELECT array_agg(item ORDER BY item COLLATE "C") FROM odd, recommend(model, '日本', only_items => ARRAY['{}', '', 'a"b', 'back\slash', NULL]);
SELECT array_agg(item ORDER BY item COLLATE "C") FROM odd, recommend(model, '日本', only_items => '{"{}","","a\"b","back\\slash",NULL}');

-- Small models
SELECT item, source FROM (SELECT train_recommender(1, 1, 5)) AS t(model), recommend(model, 1, exclude_seen => false);
SELECT count(*) FROM (SELECT train_recommender(1, 1, 5)) AS t(model), recommend(model, 1);
SELECT count(*) FROM (SELECT train_recommender('one', item_id) FROM events) AS t(model), recommend(model, 'one', 100, false);
SELECT count(*) FROM (SELECT train_recommender(1, 1, 5)) AS t(model), similar_items(model, 1);

-- A plan for any parameter, and one call for each of many models
SET plan_cache_mode = force_generic_plan;
PREPARE top(int, int[]) AS SELECT count(*), min(source) FROM models, recommend(model, $1, 3, only_items => $2) WHERE name = 'ratings';
EXECUTE top(2, '{1,2,3,4,5,6,7,8,9}');
EXECUTE top(NULL, NULL);
RESET plan_cache_mode;
PREPARE untyped AS SELECT count(*) FROM models, recommend(model, $1, n => $2) WHERE name = 'texts';
EXECUTE untyped('user 2', 4);
SELECT count(DISTINCT item) > 1 AS own_items FROM (SELECT train_recommender(user_id, item_id, rating) AS model FROM ratings GROUP BY user_id % 2) AS m, recommend(model, 1000, 1);

-- Errors
SELECT count(*) FROM models, recommend(model, 2) WHERE name = 'texts';
SELECT count(*) FROM models, recommend(model, 2) WHERE name = 'mixed';
SELECT count(*) FROM models, recommend(model, md5('u2')::uuid) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend_for_basket(model, ARRAY[1]) WHERE name = 'texts';
SELECT count(*) FROM models, similar_users(model, 2) WHERE name = 'texts';
SELECT count(*) FROM models, recommend(model, 'user 2', item_type => NULL::int, exclude_seen => false, only_items => ARRAY['item 7']) WHERE name = 'texts';
SELECT count(*) FROM models, recommend(model, 2, -1) WHERE name = 'ratings';
SELECT count(*) FROM models, similar_items(model, 2, -1) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, 5::bigint) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, NULL) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, only_items => 7) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, not_items => 'seven') WHERE name = 'ratings';
SELECT count(*) FROM models, recommend(model, 2, not_items => ARRAY[now()]) WHERE name = 'ratings';
SELECT count(*) FROM models, recommend_for_basket(model, ARRAY[1, 2], ratings => ARRAY[5]) WHERE name = 'ratings';
SELECT predict_rating(model, ARRAY[1], 2) FROM models WHERE name = 'ratings';
SELECT count(*) FROM recommend('\x00'::bytea, 2);
SELECT count(*) FROM models, recommend(substr(model, 1, 100), 2) WHERE name = 'ratings';
SELECT count(*) FROM (SELECT train_recommender(user_id, item_id, svd(factors => 3)) FROM events) AS m(model), recommend(set_byte(model, 100, 255 - get_byte(model, 100)), 2);
SELECT count(*) FROM (SELECT train_classifier(t, 'y') FROM (SELECT x, x % 3 = 0 AS y FROM generate_series(1, 50) AS x) AS t) AS m(model), svd_recommend(model, 2);
SELECT count(*) FROM (SELECT train_rules(user_id, item_id) FROM events) AS m(model), similar_items(model, 2);
SELECT predict_rating(train_rules(user_id, item_id), 1, 2) FROM events;

DROP VIEW events, ratings_3;
DROP TABLE ratings, models, odd_ids, odd;
