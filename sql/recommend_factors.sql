-- Weights between items, truncated decompositions, factors without negative numbers, and new lines for finished models.
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
FROM buys, (VALUES ('ease', ease(lambda => 10)), ('ease of 3', ease(lambda => 10, keep => 3)), ('svd', svd(method => 'truncated', factors => 3)),
                   ('nmf', nmf(factors => 3, iterations => 200)), ('als', als(factors => 3)), ('item_knn', item_knn()), ('popular', popular()), ('user_knn', user_knn())) AS o(name, options) GROUP BY name
UNION ALL
SELECT name, train_recommender(customer, item, stars, options)
FROM buys, (VALUES ('svd of ratings', svd(method => 'gradient', factors => 2, learning_rate => 0.01, epochs => 200)), ('nmf of ratings', nmf(factors => 2))) AS o(name, options) GROUP BY name;

-- every learner answers
SELECT name, (SELECT array_agg(item ORDER BY rank) FROM recommend(model, 5, 3)) AS for_five, (SELECT array_agg(item ORDER BY rank) FROM recommend_for_basket(model, ARRAY[3, 6], 2)) AS for_basket,
       (SELECT count(*) FROM recommend_all(model, 2)) AS all_rows
FROM m WHERE name LIKE 'ease%' OR name LIKE '%svd%' OR name LIKE '%nmf%' ORDER BY name;
SELECT item, round(score::numeric, 4) AS score FROM m, similar_items(model, 3, 2) WHERE name = 'ease';
SELECT name, abs(sum(contribution) - max(predict_rating(model, 4, 8))) < 1e-6 AS adds_up FROM m, explain_recommendation(model, 4, 8::bigint, NULL) WHERE name IN ('ease', 'ease of 3', 'svd') GROUP BY name ORDER BY name;
SELECT model_info(model) - 'bytes' FROM m WHERE name = 'ease of 3';
SELECT array_agg(round(v::numeric, 4)) AS singular_values FROM m, jsonb_array_elements_text(model_info(model) -> 'singular_values') AS v WHERE name = 'svd';
SELECT count(*) FILTER (WHERE metric = 'train_loss') AS losses, bool_and(value <= before) FILTER (WHERE metric = 'train_loss') AS falls
FROM (SELECT metric, value, lag(value, 1, 1e9) OVER (PARTITION BY metric ORDER BY step) AS before FROM m, training_history(model) WHERE name = 'svd of ratings') AS h;
-- what the factors are about
SELECT factor, string_agg(item, ' ' ORDER BY rank) AS items, bool_and(weight > 0) AS positive, round(sum(share)::numeric, 2) AS share FROM m, factor_profile(model, n => 4) WHERE name = 'nmf' GROUP BY factor ORDER BY factor;
SELECT name, count(*) FROM m, factor_profile(model, 1, 2) WHERE name IN ('als', 'svd', 'svd of ratings') GROUP BY name ORDER BY name;
SELECT * FROM m, factor_profile(model, 4) WHERE name = 'nmf';
SELECT * FROM m, factor_profile(model, 0) WHERE name = 'nmf';
SELECT * FROM m, factor_profile(model) WHERE name = 'ease';
SELECT count(*) FROM factor_profile(NULL);

-- new customers and a new item in finished models: what the basket of the same items gets, and nobody else changes
CREATE TEMP TABLE news AS SELECT * FROM (VALUES (100, 3, 4), (100, 6, 5), (101, 99, 3), (5, 99, 2)) AS n(customer, item, stars);
CREATE TEMP TABLE after AS
SELECT name, model AS before, fold_in_from(model, CASE WHEN name LIKE '% of ratings' THEN 'SELECT customer, item, stars FROM news' ELSE 'SELECT customer, item FROM news' END) AS model
FROM m WHERE name NOT IN ('popular', 'user_knn');
SELECT name, (SELECT source FROM recommend(model, 100, 1)), (SELECT count(*) FROM recommend(model, 101, 20)) AS for_101,
       model_info(model) -> 'users' AS users, model_info(model) -> 'items' AS items,
       (SELECT array_agg(r) FROM recommend(before, 7, 20, only_items => ARRAY[1, 2, 3, 4, 5])  AS r) = (SELECT array_agg(r) FROM recommend(model, 7, 20, only_items => ARRAY[1, 2, 3, 4, 5]) AS r) AS others_stay
FROM after ORDER BY name;
SELECT name, fold_in_from(model, 'SELECT customer, item FROM news WHERE customer = 100 ORDER BY item') = fold_in_from(model, 'SELECT customer, item FROM news WHERE customer = 100 ORDER BY item DESC') AS same
FROM m WHERE name IN ('ease', 'svd', 'nmf', 'als', 'item_knn') ORDER BY name;
SELECT fold_in_from(NULL, 'SELECT 1, 2') IS NULL AS nothing;
SELECT fold_in_from(model, NULL) FROM m WHERE name = 'als';
SELECT fold_in_from(model, 'SELECT 1, 2 WHERE false') FROM m WHERE name = 'als';
SELECT fold_in_from(model, 'SELECT customer::text, item FROM news') FROM m WHERE name = 'als';
SELECT fold_in_from(model, 'SELECT customer, item FROM news') FROM m WHERE name = 'nmf of ratings';
SELECT fold_in_from(model, 'SELECT customer, item FROM news') FROM m WHERE name = 'user_knn';
SELECT fold_in_from(train_rules(customer, item), 'SELECT customer, item FROM news') FROM buys;
-- training goes on from an earlier model, with new customers and items
CREATE TEMP TABLE longer AS SELECT * FROM buys UNION ALL SELECT * FROM news;
SELECT o.name, (SELECT count(*) FROM recommend(t.model, 101, 5)) AS for_new, (model_info(t.model) ->> 'loss')::float8 <= (model_info(c.model) ->> 'loss')::float8 * 1.001 AS no_worse
FROM (VALUES ('als', als(factors => 3, epochs => 5)), ('svd', svd(method => 'truncated', factors => 3)), ('nmf', nmf(factors => 3, iterations => 5))) AS o(name, options) JOIN m USING (name),
     LATERAL train_recommender_from('SELECT customer, item FROM longer', options, m.model) AS t(model), LATERAL train_recommender_from('SELECT customer, item FROM longer', options) AS c(model) ORDER BY 1;
SELECT train_recommender_from('SELECT customer, item FROM longer', nmf(factors => 4), model) FROM m WHERE name = 'nmf';
SELECT train_recommender_from('SELECT customer, item FROM longer', svd(factors => 3), model) FROM m WHERE name = 'svd';

-- the same bytes from any order of the rows
SELECT o.name, model = (SELECT train_recommender(customer, item, options) FROM (SELECT * FROM buys ORDER BY random()) b) AS same
FROM m JOIN (VALUES ('ease', ease(lambda => 10)), ('svd', svd(method => 'truncated', factors => 3)), ('nmf', nmf(factors => 3, iterations => 200))) AS o(name, options) USING (name) ORDER BY 1;

-- odd inputs: one customer, one item, repeated lines, a customer with everything, weights of 0, more factors than items
CREATE TEMP TABLE learner(name text, options jsonb);
INSERT INTO learner VALUES ('ease', ease()), ('ease, weighted', ease(weighted => true)), ('nmf', nmf(factors => 40)), ('svd', svd(method => 'truncated', factors => 40));
SELECT name, (SELECT array_agg(item) FROM recommend(train_recommender(1, 7, options), 1, exclude_seen => false)) AS one, (SELECT count(*) FROM recommend(train_recommender(1, 7, options), 1)) AS none
FROM learner GROUP BY name, options ORDER BY name;
SELECT name, count(*) FILTER (WHERE score = score) AS rows FROM learner, LATERAL (SELECT train_recommender(c, i, w, options || CASE WHEN name LIKE 'ease%' THEN '{}' ELSE '{"implicit": true}' END::jsonb) AS model
FROM (VALUES (1, 1, 0), (1, 2, 1), (1, 3, 2), (2, 1, 1), (2, 1, 1), (3, 9, 0)) AS l(c, i, w)) AS t, recommend_all(model, 5, exclude_seen => false) GROUP BY name ORDER BY name;
SELECT train_recommender(1, 1, -1, ease());
SELECT train_recommender(1, 1, -1, nmf());
SELECT train_recommender(1, 1, 1, svd(method => 'truncated', implicit => false));
SELECT train_recommender(1, 1, svd(method => 'gradient'));
SELECT train_recommender(1, 1, 5, svd(method => 'best'));
SELECT length(train_recommender(customer, item, stars, svd(method => 'gradient', learning_rate => 9))) > 0 AS rate_was_halved FROM buys;
SET pg_shopper.max_model_size = 1;
SELECT train_recommender(i % 10, i, ease()) FROM generate_series(1, 1000) i;
SELECT model_info(train_recommender(i % 10, i, ease(keep => 20))) -> 'weights' AS weights FROM generate_series(1, 1000) i;
RESET pg_shopper.max_model_size;
SET pg_shopper.max_training_memory = '20MB';
SELECT train_recommender(i % 10, i, ease(keep => 1)) FROM generate_series(1, 2000) i;
RESET pg_shopper.max_training_memory;
