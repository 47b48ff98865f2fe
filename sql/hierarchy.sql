-- Rules about kinds of items: a hierarchy of any depth.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE lines AS SELECT b, 'i' || i AS item FROM generate_series(1, 400) b, generate_series(1, 12) i WHERE (b * 7919 + i * 104729 + b * i * 31) % 11 < 3 + i % 3;
CREATE TEMP TABLE kinds AS
	SELECT 'i' || i AS item, 'kind ' || i % 4 AS kind FROM generate_series(1, 11) i	-- i12 belongs to nothing
	UNION ALL VALUES ('kind 0', 'all'), ('kind 1', 'all'), ('i3', 'kind 1'), ('never bought', 'kind 2'), ('i1', NULL);
CREATE TEMP TABLE m AS SELECT train_rules_from('SELECT b, item FROM lines', itemsets(min_count => 25), 'SELECT item, kind FROM kinds') AS model,
	train_rules_from('SELECT b, item FROM lines', itemsets(min_count => 25, method => 'apriori'), 'SELECT item, kind FROM kinds ORDER BY random()') AS apriori,
	train_rules_from('SELECT b, item FROM lines', itemsets(min_count => 25)) AS plain;
-- the same as from all lines of kinds, without sets that hold an item beside a kind above it
CREATE TEMP TABLE above AS WITH RECURSIVE up AS (SELECT item, kind FROM kinds WHERE kind IS NOT NULL UNION SELECT u.item, k.kind FROM up u JOIN kinds k ON k.item = u.kind) SELECT * FROM up;
CREATE TEMP TABLE wanted AS SELECT items, basket_count FROM frequent_itemsets((SELECT train_rules(b, item, itemsets(min_count => 25)) FROM (SELECT b, item FROM lines UNION SELECT b, kind FROM lines JOIN above USING (item)) l))
WHERE NOT EXISTS (SELECT FROM above a WHERE items @> ARRAY[a.item, a.kind]);
SELECT count(*) AS sets, count(*) FILTER (WHERE w.basket_count = f.basket_count) AS same, (SELECT count(*) FROM wanted) AS wanted, (SELECT count(*) FROM m, frequent_itemsets(plain)) AS plain
FROM m, frequent_itemsets(model) f LEFT JOIN wanted w USING (items);
SELECT (SELECT array_agg(r) FROM frequent_itemsets(model) r) = (SELECT array_agg(r) FROM frequent_itemsets(apriori) r) AS apriori, model_info(model) -> 'rows' = model_info(plain) -> 'rows' AS rows FROM m;
SELECT antecedent, consequent, basket_count, round(confidence::numeric, 3) AS confidence, round(lift::numeric, 3) AS lift FROM m, assoc_rules(model, min_confidence => 0.6, max_rules => 4) WHERE consequent <> '{all}';
-- a basket is asked with the kinds of its items
SELECT item, round(score::numeric, 3) AS score FROM m, assoc_recommend(model, ARRAY['i4', 'kind 0', 'all'], n => 3, only_items => ARRAY['i1', 'i2', 'i3', 'i5', 'i6']) ORDER BY 2 DESC, 1;
-- integers
SELECT count(*) FROM frequent_itemsets(train_rules_from('SELECT b, substr(item, 2)::int FROM lines', itemsets(min_count => 25), 'SELECT i, 100 + i % 4 FROM generate_series(1, 11) i'), item_type => NULL::int) WHERE items @> ARRAY[100];

-- refused
SELECT train_rules_from('SELECT b, item FROM lines', NULL, 'SELECT item, kind FROM kinds UNION ALL VALUES (''all'', ''i3'')');
SELECT train_rules_from('SELECT b, item FROM lines', NULL, 'VALUES (''x'', ''x'')');
SELECT train_rules_from('SELECT b, item FROM lines', NULL, 'SELECT item FROM kinds');
SELECT train_rules_from('SELECT b, 1 AS item FROM lines', NULL, 'SELECT 1, ''all''::text');
SELECT train_rules_from('SELECT b, item FROM lines WHERE false', NULL, 'SELECT item, kind FROM kinds');
SELECT model_info(train_rules_from('SELECT b, item FROM lines', NULL, 'SELECT item, kind FROM kinds WHERE false')) = model_info(train_rules_from('SELECT b, item FROM lines')) AS no_hierarchy;
