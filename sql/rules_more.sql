-- Baskets beyond pairs: closed and maximal sets, false discoveries, redundant rules, changes, sequences.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

-- 40 baskets: phone and case go together, chargers join both, cables are everywhere
CREATE TEMP TABLE lines AS
SELECT b AS basket, i.item
FROM generate_series(1, 40) b,
     LATERAL (VALUES ('phone', b <= 20), ('case', b <= 16 OR b = 30), ('charger', b % 4 = 0), ('cable', true), ('lamp', b > 36)) i(item, bought)
WHERE bought;
CREATE TEMP TABLE models AS SELECT train_rules(basket, item, itemsets(min_count => 2)) AS m FROM lines;

-- every set is in as many baskets as the smallest closed one around it
SELECT f.items, f.basket_count FROM models, frequent_itemsets(m, sets => 'closed') f;
SELECT f.items, f.basket_count FROM models, frequent_itemsets(m, sets => 'maximal') f;
SELECT f.items, f.basket_count FROM models, frequent_itemsets(m, sets => 'Maximal', min_count => 10) f;
SELECT f.items, f.basket_count FROM models, frequent_itemsets(m, sets => 'closed', item_contains => '{charger}', min_length => 2, item_type => null::varchar) f;
SELECT count(*) FROM models, frequent_itemsets(m, sets => NULL);
SELECT f.* FROM models, frequent_itemsets(m, sets => 'open') f;

-- Fisher's exact test and the false discovery rate
SELECT r.antecedent, r.consequent, basket_count AS n, antecedent_count AS a, consequent_count AS c,
       round(fisher_p_value::numeric, 10) AS p, round(q_value::numeric, 10) AS q
FROM models, assoc_rules(m, max_length => 2) r ORDER BY fisher_p_value, antecedent;
-- q does not depend on what is cut afterwards
SELECT count(*) AS rules, count(*) FILTER (WHERE q_value <= 0.01) AS significant,
       (SELECT count(*) FROM models, assoc_rules(m, max_q => 0.01)) AS cut,
       (SELECT count(*) FROM models, assoc_rules(m, max_q => 0.01, max_rules => 3) x WHERE x IN (SELECT a FROM models, assoc_rules(m) a)) AS best
FROM models, assoc_rules(m);
SELECT count(*) FROM models, assoc_rules(m, max_q => 2);

-- a rule goes when a part of its antecedent is as good
SELECT r.antecedent, r.consequent, round(confidence::numeric, 4) AS confidence FROM models, assoc_rules(m, 0.5, consequent_contains => '{phone,case}', max_consequent => 1) r;
SELECT r.antecedent, r.consequent, round(confidence::numeric, 4) AS confidence FROM models, assoc_rules(m, 0.5, consequent_contains => '{phone,case}', no_redundant => true) r;
WITH r AS MATERIALIZED (SELECT a.* FROM models, assoc_rules(m, max_consequent => 2) a)
SELECT count(*) AS rules,
       (SELECT count(*) FROM models, assoc_rules(m, max_consequent => 2, no_redundant => true)) AS kept,
       count(*) FILTER (WHERE NOT EXISTS (SELECT FROM r AS p WHERE p.consequent = r.consequent AND p.antecedent <@ r.antecedent
                                          AND p.antecedent <> r.antecedent AND p.confidence >= r.confidence)) AS expected
FROM r;

-- two models side by side: item 1 loses 2, 3 finds 5, 12 is gone; ids are the same as integers and as texts
CREATE TEMP TABLE then_and_now AS
SELECT (SELECT train_rules(b, i, itemsets(min_count => 4)) FROM generate_series(1, 100) b,
          LATERAL (VALUES (1, b % 2 = 0), (2, b % 2 = 0 AND b <= 80), (3, b % 5 = 0), (4, b % 7 = 0), (12, b % 5 = 0 AND b % 2 = 1)) l(i, bought) WHERE bought) AS old,
       (SELECT train_rules(b, i::text, itemsets(min_count => 4)) FROM generate_series(1, 100) b,
          LATERAL (VALUES (1, b % 2 = 0), (2, b % 2 = 0 AND b <= 30), (3, b % 5 = 0), (4, b % 7 = 0), (5, b % 5 = 0)) l(i, bought) WHERE bought) AS new;
SELECT c.antecedent, c.consequent, status, round(old_support::numeric, 3) AS old_support, round(new_support::numeric, 3) AS new_support,
       round(old_confidence::numeric, 3) AS old_confidence, round(new_confidence::numeric, 3) AS new_confidence,
       round(old_lift::numeric, 3) AS old_lift, round(new_lift::numeric, 3) AS new_lift, round(z::numeric, 4) AS z, round(p_value::numeric, 6) AS p
FROM then_and_now, rule_changes(old, new, 0.25, 1.2, max_length => 2) c;
SELECT status, count(*) FROM then_and_now, rule_changes(new, old, alpha => 0) GROUP BY status ORDER BY status;
SELECT status, count(*) FROM then_and_now, rule_changes(NULL, old, NULL, NULL, NULL, NULL, NULL, NULL) GROUP BY status;

-- sequences: 30 customers buy a phone, 20 of them a case 1 to 20 days later, 12 a charger on the day of the phone and a cable a week after
CREATE TEMP TABLE visits AS
SELECT c AS customer, i.item, '2024-03-01'::timestamptz + i.day * interval '24 hours' AS at
FROM generate_series(1, 40) c,
     LATERAL (VALUES ('phone', 5, c <= 30), ('case', 5 + c, c <= 20), ('charger', 5, c % 5 < 2), ('cable', 12, c % 5 < 2), ('lamp', c, true), ('lamp', c + 10, c > 20)) i(item, day, bought)
WHERE bought;
CREATE TEMP TABLE paths AS SELECT train_sequence_rules(customer, item, at, sequences(max_gap => 14, min_count => 4)) AS m FROM visits;
SELECT r.antecedent, r.consequent, customer_count AS n, antecedent_count AS a, consequent_count AS c, round(support::numeric, 4) AS support,
       round(confidence::numeric, 4) AS confidence, round(lift::numeric, 4) AS lift, round(mean_days::numeric, 3) AS mean,
       round(median_days::numeric, 3) AS median, round(p_value::numeric, 6) AS p
FROM paths, sequence_rules(m) r;
SELECT r.antecedent, r.consequent, customer_count FROM paths, sequence_rules(m, 0.4, 1.1, 0.1, 12, ARRAY['phone'], '{case,cable}') r;
SELECT r.antecedent, r.consequent FROM paths, sequence_rules(m, max_p => 0.01, max_rules => 2) r;
SELECT count(*) FROM paths, sequence_rules(m, antecedent_contains => '{phone,tram}');
SELECT count(*) FROM sequence_rules(NULL);
SELECT model_info(m) - 'bytes' - 'options' FROM paths;
-- the same model from a query, from dates in their place, and from any order of lines
SELECT train_sequence_rules_from('SELECT customer, item, at FROM visits', sequences(max_gap => 14, min_count => 4)) = m AS same,
       (SELECT train_sequence_rules(customer, item, at, sequences(max_gap => 14, min_count => 4) ORDER BY item DESC, customer) FROM visits) = m AS any_order,
       (SELECT train_sequence_rules_from('SELECT customer, item, (at AT TIME ZONE current_setting(''timezone''))::date FROM visits', sequences(max_gap => 14, min_count => 4))) IS NOT NULL AS dates
FROM paths;
SELECT customer_count, round(mean_days::numeric, 2) AS mean FROM sequence_rules((SELECT train_sequence_rules(customer, item, at, sequences(max_gap => 20, min_gap => 15, max_antecedent => 1)) FROM visits), antecedent_contains => '{phone}', consequent_contains => '{case}');
-- two items of an antecedent within a week
SELECT r.antecedent, r.consequent, customer_count FROM sequence_rules((SELECT train_sequence_rules(customer, item, at, sequences(max_gap => 30, together => 7, min_count => 8)) FROM visits), antecedent_contains => '{charger,cable}') r;
SELECT train_sequence_rules(customer, item, at, sequences(min_gap => 20, max_gap => 10)) FROM visits;
SELECT train_sequence_rules(customer, item, at, sequences(max_gap => 0)) FROM visits;
SELECT train_sequence_rules(customer, item, at, sequences(max_rules => 1, min_count => 1)) FROM visits;
SELECT train_sequence_rules(customer, item, at, itemsets()) FROM visits;
SELECT train_sequence_rules_from('SELECT customer, item FROM visits');
SELECT train_sequence_rules_from('SELECT customer, item, customer FROM visits');
SELECT train_sequence_rules(customer, item, NULL::timestamptz) FROM visits;
SELECT length(train_sequence_rules(customer, item, at, sequences(min_count => 41))) > 0 AS empty_model FROM visits;
SELECT r.* FROM models, sequence_rules(m) r;
SELECT r.* FROM paths, assoc_rules(m) r;

-- a statement that would look at a very many pairs ends when it is told to
SET statement_timeout = 300;
SELECT train_sequence_rules(c, i, '2024-01-01'::timestamptz + (i * 7 + c) % 100 * interval '1 day', sequences(together => 100, min_count => 2, max_rules => 100000000))
FROM generate_series(1, 3) c, generate_series(1, 3000) i;
RESET statement_timeout;
