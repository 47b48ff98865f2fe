-- Frequent sets and rules against published and independent counts: groceries, mushroom, T10I4D100K, Online Retail.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(66);

CREATE TEMP TABLE line AS
SELECT 'groceries' AS data, basket_id::text AS basket, item FROM groceries UNION ALL
SELECT 'mushroom', tid::text, string_to_table(items, ' ') FROM mushroom UNION ALL
SELECT 't10i4d100k', tid::text, string_to_table(items, ' ') FROM t10i4d100k UNION ALL
SELECT 'online_retail', invoice_no, stock_code FROM online_retail WHERE invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0;

-- Counts of frequent sets, in all and by length.
CREATE TEMP TABLE reference(data text, support numeric, total int, by_length text);
INSERT INTO reference VALUES
  ('groceries', 0.1, 8, '1: 8'),
  ('groceries', 0.05, 31, '1: 28, 2: 3'),
  ('groceries', 0.02, 122, '1: 59, 2: 61, 3: 2'),
  ('groceries', 0.01, 333, '1: 88, 2: 213, 3: 32'),
  ('groceries', 0.005, 1001, '1: 120, 2: 605, 3: 264, 4: 12'),
  ('groceries', 0.002, 4223, '1: 147, 2: 1674, 3: 1991, 4: 395, 5: 16'),
  ('groceries', 0.001, 13492, '1: 157, 2: 2981, 3: 6831, 4: 3137, 5: 376, 6: 10'),
  ('mushroom', 0.5, 153, '1: 13, 2: 41, 3: 56, 4: 35, 5: 8'),
  ('mushroom', 0.4, 565, '1: 21, 2: 97, 3: 185, 4: 170, 5: 76, 6: 15, 7: 1'),
  ('mushroom', 0.3, 2735, '1: 28, 2: 163, 3: 455, 4: 725, 5: 712, 6: 441, 7: 169, 8: 38, 9: 4'),
  ('mushroom', 0.2, 53583, '1: 43, 2: 376, 3: 1472, 4: 3559, 5: 6267, 6: 8802, 7: 10151, 8: 9488, 9: 7010, 10: 4004, 11: 1729, 12: 546, 13: 119, 14: 16, 15: 1'),
  ('mushroom', 0.1, 574431, '1: 56, 2: 763, 3: 4593, 4: 16150, 5: 38800, 6: 69835, 7: 98846, 8: 111786, 9: 100660, 10: 71342, 11: 39171, 12: 16292, 13: 4956, 14: 1039, 15: 134, 16: 8'),
  ('t10i4d100k', 0.05, 10, '1: 10'),
  ('t10i4d100k', 0.02, 155, '1: 155'),
  ('t10i4d100k', 0.01, 385, '1: 375, 2: 9, 3: 1'),
  ('t10i4d100k', 0.005, 1073, '1: 569, 2: 342, 3: 110, 4: 43, 5: 9'),
  ('t10i4d100k', 0.002, 13255, '1: 741, 2: 3873, 3: 3279, 4: 2528, 5: 1601, 6: 827, 7: 337, 8: 68, 9: 1'),
  ('t10i4d100k', 0.001, 27532, '1: 797, 2: 8831, 3: 7130, 4: 5499, 5: 3188, 6: 1429, 7: 503, 8: 130, 9: 23, 10: 2'),
  ('online_retail', 0.05, 36, '1: 36'),
  ('online_retail', 0.03, 142, '1: 133, 2: 9'),
  ('online_retail', 0.02, 385, '1: 296, 2: 86, 3: 3'),
  ('online_retail', 0.01, 2026, '1: 815, 2: 917, 3: 269, 4: 24, 5: 1');
SELECT is((SELECT sum(c)::int || ' = ' || string_agg(length || ': ' || c, ', ' ORDER BY length)
           FROM (SELECT length, count(*) AS c FROM frequent_itemsets(m) GROUP BY length) AS l),
          total || ' = ' || by_length, format('%s, support %s, %s', data, support, method))
FROM (SELECT r.*, method, (SELECT train_rules(basket, item, itemsets(method => method, min_support => support)) FROM line AS l WHERE l.data = r.data) AS m
      FROM reference AS r, unnest(ARRAY['auto', 'apriori']) AS method) AS s
ORDER BY data, support DESC, method;

-- The 15 rules of groceries with support 0.01 and confidence 0.5, to every printed digit.
CREATE TEMP TABLE model AS SELECT train_rules(basket_id, item, itemsets(min_support => 0.001)) AS m FROM groceries;
SELECT is((SELECT string_agg(format('{%s} => %s: %s %s %s %s', array_to_string(antecedent, ', '), consequent[1], basket_count,
                                    round(support::numeric, 8), round(confidence::numeric, 7), round(lift::numeric, 6)), E'\n')
           FROM model, assoc_rules(m, min_support => 0.01, min_confidence => 0.5)),
          (SELECT string_agg(rule, E'\n' ORDER BY place)
           FROM (VALUES
  (1, '{citrus fruit, root vegetables} => other vegetables: 102 0.01037112 0.5862069 3.029608'),
  (2, '{root vegetables, tropical fruit} => other vegetables: 121 0.01230300 0.5845411 3.020999'),
  (3, '{rolls/buns, root vegetables} => other vegetables: 120 0.01220132 0.5020921 2.594890'),
  (4, '{root vegetables, yogurt} => other vegetables: 127 0.01291307 0.5000000 2.584078'),
  (5, '{curd, yogurt} => whole milk: 99 0.01006609 0.5823529 2.279125'),
  (6, '{butter, other vegetables} => whole milk: 113 0.01148958 0.5736041 2.244885'),
  (7, '{root vegetables, tropical fruit} => whole milk: 118 0.01199797 0.5700483 2.230969'),
  (8, '{root vegetables, yogurt} => whole milk: 143 0.01453991 0.5629921 2.203354'),
  (9, '{domestic eggs, other vegetables} => whole milk: 121 0.01230300 0.5525114 2.162336'),
  (10, '{whipped/sour cream, yogurt} => whole milk: 107 0.01087951 0.5245098 2.052747'),
  (11, '{rolls/buns, root vegetables} => whole milk: 125 0.01270971 0.5230126 2.046888'),
  (12, '{other vegetables, pip fruit} => whole milk: 133 0.01352313 0.5175097 2.025351'),
  (13, '{tropical fruit, yogurt} => whole milk: 149 0.01514997 0.5173611 2.024770'),
  (14, '{other vegetables, yogurt} => whole milk: 219 0.02226741 0.5128806 2.007235'),
  (15, '{other vegetables, whipped/sour cream} => whole milk: 144 0.01464159 0.5070423 1.984385')) AS v(place, rule)), 'the 15 rules of groceries');

-- How many rules there are; the same from the model of exactly this support.
SELECT is((SELECT count(*)::int FROM model, assoc_rules(m, confidence, min_support => support)), rules,
          format('groceries: rules of support %s, confidence %s', support, confidence))
FROM (VALUES (0.01, 0.5, 15), (0.006, 0.25, 463), (0.001, 0.8, 410), (0.001, 0.5, 5668), (0.01, 0.2, 231), (0.02, 0.3, 37),
             (0.001, 0.9, 129)) AS v(support, confidence, rules);
SELECT is((SELECT array_agg(r::text ORDER BY r::text) FROM model, assoc_rules(m, 0.25, min_support => support) AS r),
          (SELECT array_agg(r::text ORDER BY r::text) FROM assoc_rules(
             (SELECT train_rules(basket_id, item, itemsets(min_support => support)) FROM groceries), 0.25) AS r),
          format('groceries: a model of support %s gives the rules that the larger model has', support))
FROM (VALUES (0.006), (0.002), (0.01)) AS v(support);

-- Closed and maximal sets, as test/oracle/rules_oracle.py counts them and pyfim does.
SELECT is((SELECT string_agg(n::text, ' ' ORDER BY o) FROM unnest(ARRAY['all', 'closed', 'maximal']) WITH ORDINALITY AS k(kind, o),
             LATERAL (SELECT count(*) AS n FROM frequent_itemsets(m, sets => kind, min_support => s.support)) AS c),
          expected, format('%s, support %s: all, closed and maximal sets', data, support))
FROM (SELECT v.*, (SELECT train_rules(basket, item, itemsets(min_support => v.trained)) FROM line AS l WHERE l.data = v.data) AS m
      FROM (VALUES ('mushroom', 0.3, 0.3, '2735 427 63'), ('mushroom', 0.2, 0.2, '53583 1197 158'), ('mushroom', 0.2, 0.3, '2735 427 63'),
                   ('groceries', 0.01, 0.01, '333 333 243'), ('groceries', 0.001, 0.005, '1001 1001 708'),
                   ('groceries', 0.001, 0.001, '13492 13464 7794')) AS v(data, trained, support, expected)) AS s;

-- Redundant rules and discoveries at a false discovery rate of 0.05, counted by the same script (Fisher's test by scipy).
SELECT is(format('%s %s %s', (SELECT count(*) FROM assoc_rules(m, confidence)), (SELECT count(*) FROM assoc_rules(m, confidence, no_redundant => true)),
                 (SELECT count(*) FROM assoc_rules(m, confidence, max_q => 0.05))), expected, format('groceries: rules of confidence %s: all, not redundant, discoveries', confidence))
FROM model, (VALUES (0, '40943 35145 34419'), (0.5, '5668 5096 5668')) AS v(confidence, expected);
WITH r AS MATERIALIZED (SELECT a.* FROM model, assoc_rules(m, 0.2, min_support => 0.002, max_consequent => 3) AS a)
SELECT is((SELECT count(*)::int FROM model, assoc_rules(m, 0.2, min_support => 0.002, max_consequent => 3, no_redundant => true)),
          count(*)::int, 'groceries: redundant rules with up to 3 items on the right, as a query finds them')
FROM r WHERE NOT EXISTS (SELECT FROM r AS p WHERE p.consequent = r.consequent AND p.antecedent <@ r.antecedent
                         AND p.antecedent <> r.antecedent AND p.confidence >= r.confidence);

-- The best suggestion follows from the rules.
SELECT is(array_agg(item || ' ' || round(score::numeric, 6) || ' ' || because::text ORDER BY rank),
          (SELECT array_agg(s ORDER BY confidence DESC, lift DESC, n DESC) FROM
            (SELECT DISTINCT ON (consequent) consequent[1] || ' ' || round(confidence::numeric, 6) || ' ' || antecedent::text AS s, confidence, lift, basket_count AS n
             FROM model, assoc_rules(m) WHERE antecedent <@ basket AND NOT consequent <@ basket
             ORDER BY consequent, confidence DESC, basket_count DESC) AS r
           WHERE confidence >= 0.3), 'groceries: suggestions for ' || basket::text)
FROM model, (VALUES (ARRAY['butter', 'yogurt', 'tropical fruit']), (ARRAY['bottled beer', 'red/blush wine'])) AS b(basket),
     assoc_recommend(m, basket, n => 100, min_confidence => 0.3, rules_only => true)
GROUP BY m, basket;

SELECT * FROM finish();
ROLLBACK;
