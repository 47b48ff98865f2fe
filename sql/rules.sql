-- Baskets: frequent sets, rules, and what to add to a basket.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

-- 40 baskets: phone and case go together, chargers join both, cables are everywhere
CREATE TEMP TABLE lines AS
SELECT b AS basket, i.item
FROM generate_series(1, 40) b,
     LATERAL (VALUES ('phone', b <= 20), ('case', b <= 16 OR b = 30), ('charger', b % 4 = 0), ('cable', true),
                     ('lamp', b > 36), ('mouse', b % 10 = 3)) i(item, bought)
WHERE bought;
CREATE TEMP TABLE models AS SELECT train_rules(basket, item, itemsets(min_support => 0.05)) AS m FROM lines;

SELECT f.* FROM models, frequent_itemsets(m, max_length => 2) f;
SELECT f.* FROM models, frequent_itemsets(m, min_length => 2, item_contains => '{phone,charger}') f;
SELECT f.* FROM models, frequent_itemsets(m, 0.4, max_sets => 3) f;
SELECT r.antecedent, r.consequent, basket_count AS n, antecedent_count AS a, consequent_count AS c,
       round(support::numeric, 4) AS support, round(confidence::numeric, 4) AS confidence, round(lift::numeric, 4) AS lift,
       round(leverage::numeric, 4) AS leverage, round(conviction::numeric, 4) AS conviction,
       round(chi_square::numeric, 4) AS chi_square, round(p_value::numeric, 8) AS p_value
FROM models, assoc_rules(m, 0.6, max_length => 2) r WHERE conviction <> 'Infinity' OR conviction IS NULL;
SELECT r.antecedent, r.consequent, r.conviction FROM models, assoc_rules(m, antecedent_contains => ARRAY['mouse'], consequent_contains => '{case,phone}', max_consequent => 2) r;

-- orders and limits
SELECT o, string_agg(array_to_string(antecedent, '+') || ' > ' || consequent[1], ', ' ORDER BY ordinality) AS best
FROM models, unnest(ARRAY['lift', 'confidence', 'support', 'leverage', 'conviction']) o,
     assoc_rules(m, max_rules => 3, order_by => o) WITH ORDINALITY GROUP BY o ORDER BY o;
SELECT count(*) AS all_rules, count(*) FILTER (WHERE confidence >= 0.5) AS half, count(*) FILTER (WHERE lift >= 1.2) AS lifted,
       count(*) FILTER (WHERE basket_count >= 8) AS eight, count(*) FILTER (WHERE cardinality(antecedent) = 1) AS pairs,
       count(*) FILTER (WHERE confidence <= 0.9) AS unsure
FROM models, assoc_rules(m);
SELECT (SELECT count(*) FROM assoc_rules(m, 0.5)) AS half, (SELECT count(*) FROM assoc_rules(m, min_lift => 1.2)) AS lifted,
       (SELECT count(*) FROM assoc_rules(m, min_count => 8)) AS eight, (SELECT count(*) FROM assoc_rules(m, min_support => 0.2)) AS eight_too,
       (SELECT count(*) FROM assoc_rules(m, max_antecedent => 1)) AS pairs, (SELECT count(*) FROM assoc_rules(m, max_length => 2)) AS pairs_too,
       (SELECT count(*) FROM assoc_rules(m, max_confidence => 0.9)) AS unsure,
       (SELECT count(*) FROM assoc_rules(m, min_confidence => NULL, max_rules => NULL, order_by => NULL, max_consequent => NULL)) AS all_rules
FROM models;
SELECT (SELECT count(*) FROM assoc_rules(m, antecedent_contains => '{tractor}')) AS unknown_left,
       (SELECT count(*) FROM assoc_rules(m, consequent_contains => '{tractor}')) AS unknown_right,
       (SELECT count(*) FROM assoc_rules(m, consequent_contains => '{tractor,NULL,lamp}')) = (SELECT count(*) FROM assoc_rules(m, consequent_contains => '{lamp}')) AS one_of,
       (SELECT count(*) FROM assoc_rules(m, antecedent_contains => '{}')) = (SELECT count(*) FROM assoc_rules(m)) AS empty_is_none,
       (SELECT count(*) FROM frequent_itemsets(m, item_contains => '{tractor}')) AS unknown_item
FROM models;

-- the same sets by each method, the same bytes from the query twin, in any order of rows and with repeated lines
SELECT DISTINCT s.sets = first_value(s.sets) OVER (ORDER BY method) AS same
FROM (SELECT method, (SELECT array_agg(f::text ORDER BY ordinality) FROM frequent_itemsets(
        train_rules_from('SELECT basket, item FROM lines', itemsets(method => method, min_support => 0.05))) WITH ORDINALITY f) AS sets
      FROM unnest(ARRAY['auto', 'apriori', 'lcm']) method) s;
SELECT m = train_rules_from('SELECT basket, item FROM lines', itemsets(min_support => 0.05)) AS same,
       m = (SELECT train_rules(basket, item, itemsets(min_support => 0.05)) FROM (SELECT * FROM lines ORDER BY item, -basket) s) AS same_in_any_order
FROM models;
SELECT (SELECT array_agg(f::text) FROM frequent_itemsets(m) f) = (SELECT array_agg(f::text) FROM frequent_itemsets(
        train_rules_from('SELECT basket, item FROM lines UNION ALL SELECT basket, item FROM lines WHERE item > ''cb'' UNION ALL SELECT 1, NULL UNION ALL SELECT NULL, ''x''',
                         itemsets(min_support => 0.05))) f) AS repeated_and_null_lines_do_not_count
FROM models;

-- ids of other types: integers, uuids, enums, dates
CREATE TEMP TABLE numbered AS
SELECT basket, item, length(item) * 10 + ascii(item) % 7 AS item_no, ('00000000-0000-4000-8000-' || lpad(ascii(substr(item, 2))::text, 12, '0'))::uuid AS item_uuid FROM lines;
CREATE TEMP TABLE typed AS SELECT train_rules(basket::bigint, item_no, itemsets(min_support => 0.2)) AS i, train_rules(basket, item_uuid, itemsets(min_support => 0.2)) AS u FROM numbered;
SELECT f.items, pg_typeof(f.items) AS type, f.basket_count FROM typed, frequent_itemsets(i, item_type => null::int, min_length => 2) f;
SELECT f.items, pg_typeof(f.items) AS type, f.basket_count FROM typed, frequent_itemsets(i, min_length => 3) f;
SELECT r.antecedent, r.consequent, pg_typeof(r.consequent) AS type FROM typed, assoc_rules(i, item_type => null::bigint, antecedent_contains => ARRAY[40::smallint + 1], max_rules => 2) r;
SELECT r.antecedent, r.consequent FROM typed, assoc_rules(i, antecedent_contains => '{ 41 }', consequent_contains => ARRAY['50'], max_rules => 1) r;
SELECT r.antecedent, r.consequent, pg_typeof(r.consequent) AS type FROM typed, assoc_rules(u, item_type => null::uuid, max_rules => 1) r;
CREATE TYPE pg_temp.goods AS ENUM ('tea', 'milk');
SELECT f.items, pg_typeof(f.items) = 'pg_temp.goods[]'::regtype AS enums
FROM frequent_itemsets((SELECT train_rules(b, i::pg_temp.goods) FROM (VALUES (1, 'tea'), (1, 'milk'), (2, 'tea')) v(b, i)), item_type => null::pg_temp.goods) f;
SELECT items FROM frequent_itemsets((SELECT train_rules(b, d) FROM (VALUES (1, date '2024-02-29'), (1, '1999-12-31')) v(b, d)));

-- a model for each group
SELECT half, round(confidence::numeric, 3) AS confidence
FROM (SELECT basket > 10 AS half, train_rules(basket, item) AS m FROM lines GROUP BY 1) s, assoc_rules(m, antecedent_contains => '{phone}', consequent_contains => '{case}', max_length => 2)
ORDER BY half;

-- what to add to a basket
SELECT r.item, round(score::numeric, 4) AS score, round(lift::numeric, 4) AS lift, rank, source, because FROM models, assoc_recommend(m, ARRAY['phone']) r;
SELECT r.item, round(score::numeric, 4) AS score, rank, source, because FROM models, assoc_recommend(m, '{phone,charger,tractor,NULL}', 2) r;
SELECT r.item, rank, source FROM models, assoc_recommend(m, '{}', n => 3) r;
SELECT r.item, rank, source, because FROM models, assoc_recommend(m, NULL::text[], 2) r;
SELECT r.item, rank, source, because FROM models, assoc_recommend(m, '{phone}', min_lift => 1.1, rules_only => true) r;
SELECT r.item, rank, source FROM models, assoc_recommend(m, '{phone}', min_confidence => 0.9, n => NULL) r;
SELECT r.item, rank, source FROM models, assoc_recommend(m, '{phone}', only_items => '{lamp,case,tractor}', not_items => ARRAY['lamp']) r;
SELECT r.item, pg_typeof(r.item) AS type, because FROM typed, assoc_recommend(i, ARRAY[50], 1) r;
SELECT r.item, pg_typeof(r.item) AS type, because FROM typed, assoc_recommend(i, ARRAY[50::smallint], item_type => null::int, n => 1) r;
SELECT r.item, pg_typeof(r.item) AS type, because FROM typed, assoc_recommend(i, '{50}', 1) r;
SELECT r.item, pg_typeof(r.item) AS type FROM typed, assoc_recommend(u, ARRAY['00000000-0000-4000-8000-000000000104'::uuid], 1) r;
SELECT count(*) FROM models, assoc_recommend(m, '{phone}', 0);

-- no model, no rows; a model without sets
SELECT count(*) FROM assoc_rules(NULL);
SELECT count(*) FROM frequent_itemsets(NULL);
SELECT count(*) FROM assoc_recommend(NULL, '{1}');
CREATE TEMP TABLE bare AS SELECT train_rules(basket, basket, itemsets(min_count => 2)) AS m FROM lines;
SELECT (SELECT count(*) FROM frequent_itemsets(m)) AS sets, (SELECT count(*) FROM assoc_rules(m)) AS rules, (SELECT array_agg(item) FROM assoc_recommend(m, '{1}', 3)) AS popular FROM bare;
SELECT model_info(m) - 'bytes' AS info FROM bare;

-- what goes wrong
SELECT train_rules(basket, item) FROM lines WHERE false;
SELECT train_rules(basket, item) FROM (SELECT basket, NULL::text AS item FROM lines) s;
SELECT train_rules(basket, ARRAY[item]) FROM lines;
SELECT train_rules(basket, item, itemsets(max_itemsets => 10)) FROM lines;
SELECT train_rules(basket, item, itemsets(max_basket => 1)) FROM lines WHERE basket < 5;
SELECT train_rules(basket, item, svd()) FROM lines;
SELECT train_rules_from('SELECT basket FROM lines');
SELECT a.* FROM models, assoc_rules(m, min_confidence => 2) a;
SELECT a.* FROM models, assoc_rules(m, min_lift => 'NaN') a;
SELECT a.* FROM models, assoc_rules(m, max_rules => -1) a;
SELECT a.* FROM models, assoc_rules(m, order_by => 'price') a;
SELECT a.* FROM models, assoc_rules(m, antecedent_contains => 5) a;
SELECT a.* FROM models, assoc_rules(m, antecedent_contains => 'phone') a;
SELECT a.* FROM models, assoc_rules(m, item_type => null::int) a;
SELECT f.* FROM models, frequent_itemsets(m, min_support => -1) f;
SELECT r.* FROM models, assoc_recommend(m, ARRAY[1, 2]) r;
SELECT r.* FROM models, assoc_recommend(m, '{phone}', -1) r;
SELECT * FROM assoc_rules('\x0123'::bytea);
SELECT * FROM assoc_rules(train_classifier_from('SELECT i % 2 = 0 AS y, i FROM generate_series(1, 50) i', 'y'));
SELECT predict_purchase(m, l) FROM models, lines l LIMIT 1;

-- a statement that would make a hundred million rules ends when it is told to
CREATE TEMP TABLE wide AS SELECT train_rules(b, i) AS m FROM generate_series(1, 20) i, generate_series(1, 2) b;
SET statement_timeout = 300;
SELECT count(*) FROM wide, assoc_rules(m, max_consequent => 19);
RESET statement_timeout;
