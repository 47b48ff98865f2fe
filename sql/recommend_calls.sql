-- What is asked of recommenders beyond one list: all users at once.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE buys AS
SELECT u AS customer, i AS item, 1 + (u * 7 + i * 3) % 5 AS stars
FROM generate_series(1, 40) u, generate_series(1, 12) i
WHERE (u + i) % 4 < 2 AND (u % 3 = 0) = (i % 3 = 0);

CREATE TEMP TABLE m AS
SELECT name, train_recommender(customer, item, options) AS model
FROM buys, (VALUES ('als', als(factors => 3)), ('item_knn', item_knn(k => 5)), ('user_knn', user_knn(k => 10)), ('popular', popular())) AS o(name, options) GROUP BY name
UNION ALL
SELECT name, train_recommender(customer, item, stars, options)
FROM buys, (VALUES ('svd of ratings', svd(factors => 3)), ('als of ratings', als(factors => 3)), ('item_knn of ratings', item_knn(k => 5))) AS o(name, options) GROUP BY name;

-- all users at once: the rows of one by one
SELECT name, count(*) AS rows, bool_and(a = r) AS same
FROM m, (SELECT DISTINCT customer FROM buys) AS c, LATERAL (SELECT customer::text AS user_id, item::text, score, rank, source FROM recommend(model, customer, 3)) AS r
JOIN LATERAL (SELECT * FROM recommend_all(model, 3)) AS a USING (user_id, rank) GROUP BY name ORDER BY name;
SELECT user_id, item, rank, source FROM m, recommend_all(model, 2, users => ARRAY[3, 999, 1, NULL]) WHERE name = 'item_knn';
SELECT pg_typeof(user_id), pg_typeof(item), count(*) FROM m, recommend_all(model, user_type => null::int, item_type => null::text, n => 1) WHERE name = 'als' GROUP BY 1, 2;
SELECT count(*), count(DISTINCT item) FROM m, recommend_all(model, NULL, '{1,2}'::text, false, only_items => ARRAY[1, 2, 99], not_items => '{2}'::text) WHERE name = 'als';
SELECT count(*) FROM m, recommend_all(model, 0) WHERE name = 'als';
SELECT count(*) FROM m, recommend_all(model, users => ARRAY[]::int[]) WHERE name = 'als';
SELECT count(*) FROM recommend_all(NULL);
SELECT count(*) FROM m, recommend_all(model, -1) WHERE name = 'als';
SELECT count(*) FROM m, recommend_all(model, users => 3) WHERE name = 'als';
SELECT count(*) FROM m, recommend_all(model, 5::bigint, 3::bigint) WHERE name = 'als';

-- diversity: the best item stays the first, the others become less alike
SELECT name, array_agg(item ORDER BY rank) FILTER (WHERE d = 0) = array_agg(item ORDER BY rank) FILTER (WHERE d IS NULL) AS none, bool_or(d = 1 AND rank = 3) AS full_list,
       (array_agg(item ORDER BY rank) FILTER (WHERE d = 0.5))[1] = (array_agg(item ORDER BY rank) FILTER (WHERE d = 0))[1] AS same_first
FROM m, unnest(ARRAY[NULL, 0, 0.5, 1]) AS d, recommend(model, 4, 3, exclude_seen => false, diversity => d) GROUP BY name ORDER BY name;
WITH list AS (SELECT d, item FROM m, unnest(ARRAY[0, 0.7]) AS d, recommend(model, 4, 4, exclude_seen => false, diversity => d) WHERE name = 'als')
SELECT d, avg(score) < 0.5 AS unlike FROM m, list a JOIN list b USING (d), similar_items(model, a.item, 100) s WHERE name = 'als' AND s.item = b.item GROUP BY d ORDER BY d;
SELECT count(*) FROM m, svd_recommend(model, 4, item_type => null::int, diversity => 0.3) WHERE name = 'als';
SELECT count(*) FROM m, recommend(model, 4, diversity => 1.5) WHERE name = 'als';

-- why: the user's own items; of events their contributions add up to the score
SELECT name, count(*) AS reasons, round(sum(abs(share))::numeric, 6) AS shares, abs(sum(contribution) - max(score)) < 1e-6 AS is_score
FROM m, recommend(model, 4, 1), explain_recommendation(model, 4, item, NULL) AS e(because, contribution, share) WHERE name IN ('als', 'item_knn') GROUP BY name ORDER BY name;
SELECT item, round(contribution::numeric, 4) AS contribution, round(share::numeric, 4) AS share FROM m, explain_recommendation(model, 4, 2, 3) WHERE name = 'item_knn';
SELECT name, count(*) AS reasons, round(sum(abs(share))::numeric, 6) AS shares FROM m, explain_recommendation(model, '4', '1', n => NULL) WHERE name LIKE '%of ratings' GROUP BY name ORDER BY name;
SELECT count(*) FROM m, explain_recommendation(model, 999, 1) WHERE name = 'als';
SELECT count(*) FROM m, explain_recommendation(model, 4, 999) WHERE name = 'als';
SELECT count(*) FROM m, explain_recommendation(model, 4, 1) WHERE name = 'popular';
SELECT pg_typeof(item) FROM m, explain_recommendation(model, 4, 1, item_type => null::int, n => 1) WHERE name = 'als';
SELECT count(*) FROM m, explain_recommendation(model, 4, 1) WHERE name = 'user_knn';
SELECT count(*) FROM m, explain_recommendation(model, 4, 1, -1) WHERE name = 'als';
SELECT count(*) FROM m, explain_recommendation(model, 4, 1, 5::bigint) WHERE name = 'als';

-- held-out lines, by hand: user 1 gets c (a hit) and d, and misses e; user 2 gets b (a hit) and c, and misses an item that training does not have
CREATE TEMP TABLE bought(customer int, item text, held_out boolean);
INSERT INTO bought VALUES
  (1, 'a', false), (1, 'b', false), (2, 'a', false), (2, 'd', false), (3, 'a', false), (3, 'b', false), (3, 'c', false), (4, 'c', false), (4, 'd', false), (4, 'b', false), (5, 'c', false), (5, 'e', false),
  (1, 'c', true), (1, 'e', true), (1, 'a', true), (2, 'b', true), (2, 'new', true), (2, 'b', true), (9, 'a', true), (3, 'a', true);
SELECT metric, round(value::numeric, 4) AS value, round(conf_low::numeric, 4) AS conf_low, round(conf_high::numeric, 4) AS conf_high
FROM evaluate_recommender('SELECT customer, item FROM bought WHERE NOT held_out', 'SELECT customer, item FROM bought WHERE held_out', popular(), 2);
SELECT metric, value IS NOT NULL AS measured FROM evaluate_recommender('SELECT customer, item FROM bought WHERE NOT held_out', 'SELECT customer, item FROM bought WHERE held_out', k => 1) WHERE metric IN ('diversity', 'ndcg');
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought WHERE NOT held_out', 'SELECT customer, item FROM bought WHERE held_out', svd(factors => 2), 0);
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought WHERE NOT held_out', 'SELECT customer, item FROM bought WHERE NOT held_out');
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought', 'SELECT customer, item FROM bought WHERE false');
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought', 'SELECT customer::text, item FROM bought');
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought', NULL);
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought WHERE false', 'SELECT customer, item FROM bought', popular(on_failure => 'null'));
SELECT count(*) FROM evaluate_recommender('SELECT customer, item FROM bought', 'SELECT customer FROM bought');

-- lines of one query held out: the last of each user, the latest, or any
CREATE TEMP VIEW dated AS SELECT customer, item, date '2026-01-01' + (customer * 5 + item) % 9 AS at FROM buys;
SELECT e.metric, round(s.value::numeric, 4) AS value, s.value = e.value AS as_by_hand
FROM evaluate_recommender_split('SELECT customer, item, at FROM dated', item_knn(k => 5), 3) AS s
JOIN evaluate_recommender('SELECT customer, item FROM (SELECT *, row_number() OVER (PARTITION BY customer ORDER BY at DESC, item DESC) AS n FROM dated) AS d WHERE n > 1',
     'SELECT DISTINCT ON (customer) customer, item FROM dated ORDER BY customer, at DESC, item DESC', item_knn(k => 5), 3) AS e USING (metric) ORDER BY 1;
SELECT e.value > 0 AS users, s.value = e.value AS as_by_hand
FROM evaluate_recommender_split('SELECT customer, item, at FROM dated', popular(), method => 'time', fraction => 0.3) AS s
JOIN evaluate_recommender('SELECT customer, item FROM dated WHERE at < (SELECT percentile_disc(0.7001) WITHIN GROUP (ORDER BY at) FROM dated)',
     'SELECT customer, item FROM dated WHERE at >= (SELECT percentile_disc(0.7001) WITHIN GROUP (ORDER BY at) FROM dated)', popular()) AS e USING (metric) WHERE metric = 'users';
SELECT seed, value BETWEEN 20 AND 40 AS users FROM unnest(ARRAY[1, 2]) AS seed, evaluate_recommender_split('SELECT customer, item FROM dated', popular(seed => seed), method => 'random') WHERE metric = 'users';
SELECT count(DISTINCT value) FROM unnest(ARRAY[1, 2]) AS seed, evaluate_recommender_split('SELECT customer, item FROM dated', popular(seed => seed), 3, 'random', 0.3) WHERE metric = 'precision';
SELECT count(*) FROM evaluate_recommender_split('SELECT customer, item FROM dated');
SELECT count(*) FROM evaluate_recommender_split('SELECT customer, item FROM dated', method => 'newest');
SELECT count(*) FROM evaluate_recommender_split('SELECT customer, item FROM dated', method => 'random', fraction => 1);
SELECT count(*) FROM evaluate_recommender_split('SELECT customer, item, at FROM dated WHERE false');
