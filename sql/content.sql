-- Items by their attributes.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE products(id int, brand text, price numeric, in_stock boolean, since date, tags text[], title text, embedding float4[]);
INSERT INTO products VALUES
  (1, 'acme', 10, true, '2026-01-01', '{red,small}', 'The red travel mug', '{1,0}'),
  (2, 'acme', 12, true, '2026-01-03', '{red,large}', 'Big red MUG for travel', '{0.9,0.1}'),
  (3, 'zeta', 99, false, '2025-06-01', '{blue}', 'Desk lamp', '{0,1}'),
  (4, 'zeta', 90, true, NULL, '{blue,small}', 'Lamp for the desk', '{0.1,2}'),
  (5, 'acme', 50, true, '2025-11-01', NULL, NULL, NULL),
  (6, NULL, NULL, NULL, NULL, NULL, '旅行マグ 赤', '{0,0}'),
  (7, 'Ärger', 55, true, '2025-12-01', '{}', 'ÄRGER und ärger: 旅行マグ', '{NULL,1}');
CREATE TEMP TABLE m AS SELECT train_content(id, p, content(text => '{title}')) AS model FROM products p;
SELECT id, item, round(score::numeric, 4) AS score, rank FROM m, unnest(ARRAY[1, 3, 6]) AS id, similar_items(model, id, n => 3);
SELECT attribute, value, round(contribution::numeric, 4) AS contribution FROM m, explain_similarity(model, 1, 2);
SELECT attribute, value, round(contribution::numeric, 4) AS contribution FROM m, explain_similarity(model, 6, 7);
-- the contributions are the similarity
SELECT count(*) AS pairs, max(abs(s.score - e.sum)) < 1e-6 AS same
FROM m, generate_series(1, 7) AS id, similar_items(model, id, n => 9) AS s, LATERAL (SELECT sum(contribution) FROM explain_similarity(model, id, s.item, n => NULL)) AS e;
-- a basket is the mean of its items; negative ratings say less of this kind
SELECT item, round(score::numeric, 4) AS score, rank, source FROM m, recommend_for_basket(model, ARRAY[1, 2, 999], n => 2);
SELECT b.item, abs(b.score - (o.score + t.score) / 2) < 1e-6 AS mean
FROM m, recommend_for_basket(model, ARRAY[1, 3]) AS b JOIN m AS m2 ON true, similar_items(m2.model, 1) AS o, similar_items(m2.model, 3) AS t WHERE o.item = b.item AND t.item = b.item ORDER BY 1;
SELECT item, rank FROM m, recommend_for_basket(model, ARRAY[1, 3], ratings => '{1,-1}', n => 2);
SELECT count(*) FROM m, recommend_for_basket(model, ARRAY[999]);
SELECT item FROM m, similar_items(model, '4'::text, n => 1);

-- parts by hand: a category, a number, tags, a vector
SELECT o, round(s.score::numeric, 6) AS score
FROM (VALUES ('{brand}', '{}'), ('{price}', '{}'), ('{tags}', '{}'), ('{embedding}', '{}'), ('{brand,price}', '{brand=3}')) AS v(f, w),
     LATERAL (SELECT train_content(id, p, content(features => f::text[], weights => w::text[])) AS model FROM products p) AS t,
     LATERAL (SELECT f || ' ' || w AS o) AS o, similar_items(model, 1) AS s WHERE item = 2;

-- the same bytes from any order, and as a query; the id may stand among the columns
SELECT model = (SELECT train_content(id, p, content(text => '{title}')) FROM (SELECT * FROM products ORDER BY random()) p) AS shuffled,
       model = train_content_from('SELECT id, brand, price, in_stock, since, tags, title, embedding FROM products', 'id', content(text => '{title}')) AS twin FROM m;
SELECT jsonb_build_object('items', i -> 'items', 'attributes', i -> 'attributes', 'terms', i -> 'terms', 'numbers', i -> 'numbers', 'job', i -> 'job') FROM m, model_info(model) AS i;

-- what cannot be
SELECT * FROM m, recommend(model, 1);
SELECT * FROM m, similar_users(model, 1);
SELECT train_content(1, p) FROM products p;
SELECT train_content(id, p) FROM (SELECT id, id AS again FROM products) p;
SELECT train_content(id, p, content(weights => '{brand:2}')) FROM products p;
SELECT train_content(id, p, content(weights => '{colour=2}')) FROM products p;
SELECT train_content(id, p, content(text => '{price}')) FROM products p;
SELECT train_content(id, p, popular()) FROM products p;
\set VERBOSITY terse
SELECT train_recommender(1, 2, content());
\set VERBOSITY default
SELECT train_content(id, p) FROM (SELECT id, ARRAY[1.0::float8, id] || CASE WHEN id = 3 THEN '{1}' ELSE '{}' END::float8[] AS v FROM products ORDER BY id) p;
SELECT * FROM explain_similarity((SELECT train_recommender(1, 2, popular())), 1, 2);
SELECT train_content(id, p) FROM products p WHERE false;
