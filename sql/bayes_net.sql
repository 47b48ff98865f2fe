-- Bayesian networks: structures, questions in any direction, tables.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE people AS
SELECT i, 18 + i * 37 % 60 AS age, (ARRAY['phone', 'desktop', 'tablet'])[1 + (i * 37 % 60 / 25 + (i * 7 % 10 > 7)::int) % 3] AS device,
       (i * 37 % 60 < 30) = (i * 13 % 10 < 8) AS member, (i * 53 % 97) / 4.0 AS spent, date '2024-01-01' + i * 7 % 365 AS day,
       CASE WHEN (i * 37 % 60 < 30) = (i * 11 % 10 < 7) THEN 'yes' ELSE 'no' END AS buys
FROM generate_series(1, 2000) i;
CREATE TEMP TABLE net AS SELECT train_classifier(f, 'buys', bayes_net(exclude => '{i}')) AS tan, train_classifier(f, 'buys', bayes_net(exclude => '{i}', structure => 'naive')) AS naive,
  train_classifier(f, 'buys', bayes_net(exclude => '{i}', structure => 'chow_liu')) AS chow_liu,
  train_classifier(f, 'buys', bayes_net(exclude => '{i,spent,day}', structure => 'given', edges => ARRAY['age -> device', 'age->member', 'age -> buys', 'member -> buys'])) AS given
FROM people f;
SELECT parent, child, strength::numeric(6,3) FROM net, bayes_structure(tan);
SELECT parent, child, strength::numeric(6,3) FROM net, bayes_structure(chow_liu);
SELECT parent, child, strength::numeric(6,3) FROM net, bayes_structure(given);
SELECT count(*) AS edges FROM net, bayes_structure(naive);
-- forwards, backwards, from anything to anything
SELECT level, probability::numeric(6,4) FROM net, bayes_query(given);
SELECT level, probability::numeric(6,4) FROM net, bayes_query(given, '{"age": 20, "member": true}');
SELECT level, probability::numeric(6,4) FROM net, bayes_query(given, '{"buys": "yes"}', 'age');
SELECT level, probability::numeric(6,4) FROM net, bayes_query(given, '{"buys": "yes", "age": "18-35"}', target => 'device');
SELECT level, probability::numeric(6,4) FROM net, bayes_query(given, '{"device": ["phone", "tablet"], "age": [20, "[40, 50)", ">= 66"]}', 'member');
SELECT level, probability::numeric(6,4) FROM net, bayes_query(tan, '{"day": "2024-02-03", "spent": null, "member": 1}', 'buys');
SELECT level FROM net, bayes_query(tan, '{}', 'day');
SELECT level FROM net, bayes_query(tan, NULL, 'spent');
-- counted by hand
SELECT abs((SELECT probability FROM bayes_query(given, '{"member": false}', 'buys') WHERE level = 'yes') - (SELECT avg((buys = 'yes')::int) FROM people WHERE NOT member)) < 0.01 AS near FROM net;
SELECT node, level, parents, probability::numeric(6,4) FROM net, bayes_tables(given) WHERE node IN ('buys', 'device') ORDER BY 1, 2, 3;
SELECT bool_and(abs(total - 1) < 1e-12) AS sums_to_one FROM (SELECT sum(probability) AS total FROM net, bayes_tables(tan) GROUP BY node, parents) s;
-- scoring and asking agree; unknown values are summed out
SELECT bool_and(abs(predict_purchase(m, f) - (SELECT probability FROM bayes_query(m, CASE WHEN m = given THEN to_jsonb(f) - '{spent,day}'::text[] ELSE to_jsonb(f) END) WHERE level = 'yes')) < 1e-12) AS same
FROM net, LATERAL (VALUES (tan), (naive), (chow_liu), (given)) v(m), people g, LATERAL (SELECT CASE WHEN i % 3 > 0 THEN age END AS age, device, CASE WHEN i % 5 > 1 THEN member END AS member, CASE WHEN i % 7 > 2 THEN spent END AS spent, day) f WHERE i <= 60;
SELECT metric, value::numeric(8,4) FROM net, model_metrics(given) WHERE metric IN ('auc', 'log_loss', 'accuracy') ORDER BY metric;
SELECT model_info(given)->'nodes' AS nodes, model_info(given)->'edges' AS edges FROM net;
-- labels of bins: of few values, negative numbers, parts
SELECT string_agg(level, ' | ') AS bins FROM bayes_query(train_classifier_from('SELECT buys, i % 3 AS few FROM people', 'buys', bayes_net()), NULL, 'few');
SELECT string_agg(level, ' | ') AS bins FROM bayes_query(train_classifier_from('SELECT buys, i % 100 - 50 AS x FROM people', 'buys', bayes_net()), NULL, 'x');
SELECT string_agg(level, ' | ') AS bins FROM bayes_query(train_classifier_from('SELECT buys, (i % 100) / 8.0 AS x FROM people', 'buys', bayes_net(bins => 4)), NULL, 'x');
-- refused
SELECT bayes_query(given, '{"height": 3}') FROM net;
SELECT bayes_query(given, '{"device": "watch"}') FROM net;
SELECT bayes_query(given, '{"age": "old"}') FROM net;
SELECT bayes_query(given, '{"age": {"from": 3}}') FROM net;
SELECT bayes_query(given, '[1]') FROM net;
SELECT bayes_query(given, '{}', 'height') FROM net;
SELECT bayes_query(train_classifier_from('SELECT buys, age FROM people', 'buys', bayes()));
SELECT train_classifier_from('SELECT buys, age FROM people', 'buys', bayes_net(structure => 'given'));
SELECT train_classifier_from('SELECT buys, age FROM people', 'buys', bayes_net(structure => 'given', edges => ARRAY['age -> buys', 'buys -> age']));
SELECT train_classifier_from('SELECT buys, age FROM people', 'buys', bayes_net(structure => 'given', edges => ARRAY['age to buys']));
SELECT train_classifier_from('SELECT buys, age FROM people', 'buys', bayes_net(structure => 'given', edges => ARRAY['size -> buys']));
SELECT train_classifier_from('SELECT buys, age, member FROM people', 'buys', bayes_net(structure => 'given', max_parents => 1, edges => ARRAY['age -> buys', 'member -> buys']));
SELECT train_classifier_from('SELECT buys, age FROM people', 'buys', bayes_net(root => 'buys'));
SELECT train_classifier_from('SELECT buys, ARRAY[age, 1] AS x FROM people', 'buys', bayes_net());
SELECT train_classifier_from('SELECT buys, age FROM people', 'buys', bayes_net(), tan) FROM net;
