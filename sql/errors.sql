-- What goes wrong says what was expected, what was found, and what to do.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
CREATE TEMP TABLE t AS SELECT i AS id, i % 5 AS a, i % 3 = 0 AS y, 'c' || i % 4 AS c FROM generate_series(1, 60) i;

-- options
SELECT train_classifier(f, 'y', logistic(cc => 1)) FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', '{"algorithm": "logistic", "cc": 1}') FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', '{"algorithm": "logistics"}') FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', linear()) FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', logistic(c => 0)) FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', logistic(penalty => 'l3')) FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', '{"c": "one"}') FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', '[1]') FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', logistic(exclude => ARRAY['nope'])) FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', logistic(weight => 'nope')) FROM (SELECT y, a FROM t) f;
SELECT train_classifier(f, 'y', logistic(class_weight => '{"perhaps": 2}')) FROM (SELECT y, a FROM t) f;
SELECT logistic(c => 'NaN');

-- rows
SELECT train_classifier(f, 'z') FROM (SELECT y, a FROM t) f;
SELECT train_classifier(ROW(y, a), 'y') FROM t;
SELECT train_classifier(f, 'y') FROM (SELECT y, a FROM t WHERE false) f;
SELECT train_classifier(f, 'y') FROM (SELECT y, a FROM t WHERE y) f;
SELECT train_classifier(f, 'y') FROM (SELECT NULL::boolean AS y, a FROM t) f;
SELECT train_classifier(f, 'y') FROM (SELECT y FROM t) f;
SELECT train_classifier(f, 'c') FROM (SELECT c, a FROM t WHERE c < 'c2') f;
SELECT train_classifier(f, 'c', logistic(positive => 'c9')) FROM (SELECT c, a FROM t WHERE c < 'c2') f;
SELECT train_classifier(f, 'y') FROM (SELECT y, '{}'::json AS doc FROM t) f;
SELECT train_classifier(f, 'y') FROM (SELECT y, ARRAY['a', 'b'] AS tags FROM t) f;
SELECT train_classifier(f, 'y') FROM (SELECT y, array_fill(1.0::float8, ARRAY[a + 1]) AS v FROM t ORDER BY id) f;
SELECT train_classifier_from('SELECT y, a, a FROM t', 'y');
SELECT train_regressor(f, 'c') FROM (SELECT c, a FROM t) f;
SELECT train_classifier(f, 'y', logistic(penalty => 'none')) FROM (SELECT y, y::int AS same FROM t) f;
SELECT train_classifier(f, 'y', logistic(weight => 'a')) FROM (SELECT y, -a AS a, id FROM t) f;
SELECT train_classifier(f, CASE WHEN id < 30 THEN 'y' ELSE 'z' END) FROM (SELECT y, a, id FROM t) f;
SELECT train_classifier(f, NULL) FROM (SELECT y, a FROM t) f;

-- failures that must not end a GROUP BY
SELECT g, train_classifier(f, 'y', logistic(on_failure => 'null')) IS NULL AS failed
FROM (SELECT y OR id > 30 AS y, a, id > 30 AS g FROM t) f GROUP BY g ORDER BY g;

-- query twins run one read-only statement
SELECT train_classifier_from('DELETE FROM t', 'y');
SELECT train_classifier_from('DELETE FROM t RETURNING *', 'y');
SELECT train_classifier_from('SELECT y, a FROM t; SELECT 1', 'y');
SELECT train_classifier_from('SELEC', 'y');
SELECT count(*) FROM t;

-- scoring
CREATE TEMP TABLE m AS SELECT train_classifier(f, 'y') AS m, train_classifier(f, 'y', logistic(on_unseen => 'error')) AS strict FROM (SELECT y, a, c FROM t) f;
SELECT predict_purchase(m, v) FROM m, (SELECT 1 AS a) v;
SELECT predict_purchase(m, ROW(1, 'c1')) FROM m;
SELECT predict_purchase(m, v) FROM m, (SELECT 'x' AS a, 'c1' AS c) v;
SELECT predict_value(m, v) FROM m, (SELECT 1 AS a, 'c1' AS c) v;
SELECT predict_purchase(strict, v) FROM m, (SELECT 1 AS a, 'new' AS c) v;
SELECT predict_purchase(strict, v) IS NOT NULL AS null_is_fine FROM m, (SELECT 1 AS a, NULL AS c) v;
SELECT predict_purchase('\x1234'::bytea, v) FROM (SELECT 1 AS a) v;
SELECT predict_purchase(substr(m, 1, octet_length(m) - 1), v) FROM m, (SELECT 1 AS a, 'c1' AS c) v;
SELECT predict_purchase(set_byte(other, 200, get_byte(other, 200) # 1), v)
FROM (SELECT train_classifier(f, 'y', logistic(seed => 2)) AS other FROM (SELECT y, a, c FROM t) f) s, (SELECT 1 AS a, 'c1' AS c) v;
SELECT predict_purchase(set_byte(m, 4, 9), v) FROM m, (SELECT 1 AS a, 'c1' AS c) v;
SELECT ok, message FROM m, model_check(set_byte(m, 200, get_byte(m, 200) # 1));
SELECT ok, message FROM model_check(''::bytea);

-- limits
SET pg_shopper.max_training_memory = 1;
SELECT train_classifier(f, 'y') FROM (SELECT i % 2 = 0 AS y, i AS a, i AS b, i AS c FROM generate_series(1, 200000) i) f;
RESET pg_shopper.max_training_memory;
