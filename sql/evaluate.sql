-- Measuring predictions over plain arguments.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;
CREATE TEMP TABLE s AS SELECT i, i % 3 = 0 AS y, (i * 7919 % 1000) / 1000.0 AS p, 2.0 * i AS amount, 2.0 * i + i % 5 AS guess FROM generate_series(1, 2000) i;

SELECT round(auc(y, p)::numeric, 6) AS auc, round(log_loss(y, greatest(p, 0.001))::numeric, 6) AS log_loss, round(brier_score(y, p)::numeric, 6) AS brier FROM s;
-- the definition: pairs won, ties half
SELECT round(avg(CASE WHEN a.p > b.p THEN 1 WHEN a.p = b.p THEN 0.5 ELSE 0 END), 6) AS auc FROM s a, s b WHERE a.y AND NOT b.y;
SELECT accuracy(y, p > 0.5) AS accuracy, precision_score(y, p > 0.5) AS precision, recall_score(y, p > 0.5) AS recall, f1_score(y, p > 0.5) AS f1 FROM s;
SELECT f1_score(c, d, 'a') AS a, f1_score(c, d, 'b') AS b, accuracy(c, d) AS accuracy FROM (VALUES ('a', 'a'), ('a', 'b'), ('b', 'b'), ('c', 'a')) v(c, d);
SELECT * FROM unnest((SELECT confusion(c, d) FROM (VALUES ('a', 'a'), ('a', 'b'), ('b', 'b'), ('c', 'a'), ('a', 'a'), (NULL, 'a')) v(c, d)));
SELECT round(rmse(amount, guess)::numeric, 6) AS rmse, mae(amount, guess) AS mae, round(r2(amount, guess)::numeric, 8) AS r2 FROM s;
SELECT bin, row_count, positive_count, round(cumulative_lift::numeric, 3) AS lift FROM unnest((SELECT lift_curve(y, p, 4) FROM s));
SELECT bin, row_count, round(mean_score::numeric, 3) AS mean_score, round(positive_rate::numeric, 3) AS positive_rate FROM unnest((SELECT calibration_curve(y, p, 4) FROM s));
SELECT * FROM unnest((SELECT roc_curve(y, p) FROM (VALUES (true, 0.9), (false, 0.8), (true, 0.7), (true, 0.7), (false, 0.1)) v(y, p)));
-- the published example of discounted gain: relevances 3 2 3 0 1 2 in this order
SELECT round(ndcg(r, k, 6)::numeric, 4) AS ndcg, precision_at(r, k, 3) AS p3, recall_at(r, k, 3) AS r3
FROM (VALUES (3.0::float8, 1), (2, 2), (3, 3), (0, 4), (1, 5), (2, 6)) v(r, k);
SELECT ndcg(r, k, 3) AS ndcg, recall_at(r, k, 3) AS recall FROM (VALUES (1.0::float8, NULL::int), (0, 1)) v(r, k);

-- nothing to measure
SELECT auc(y, p) AS auc, log_loss(y, p) AS log_loss, accuracy(y, y) AS accuracy, rmse(p, p) AS rmse, confusion(y, y) AS confusion FROM s WHERE false;
SELECT auc(y, p) AS one_class FROM s WHERE y;
SELECT log_loss(true, 1.5);
SELECT ndcg(1, 1, 0);
SELECT auc(true, 'NaN');

-- folds
SELECT fold(i, 5) AS fold, count(*) FROM s GROUP BY 1 ORDER BY 1;
SELECT bool_and(fold(i, 7) = fold(i::bigint, 7)) AS same, bool_or(fold(i, 7) <> fold(i, 7, 2)) AS seeded FROM s;

-- what is no class and no key
SELECT accuracy(true, 0.9::float8);
SELECT accuracy(ARRAY[1], ARRAY[1]);
SELECT fold(now(), 5);
-- parallel plans give the same
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE evaluate_rows AS SELECT * FROM s;
ANALYZE evaluate_rows;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text; BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP RETURN NEXT line; END LOOP; END $$;
SELECT count(*) AS partial FROM plan_of('SELECT auc(y, p), log_loss(y, p), confusion(y, p > 0.5), rmse(amount, guess), lift_curve(y, p) FROM evaluate_rows') line WHERE line ~ 'Partial Aggregate';
SELECT (SELECT auc(y, p) FROM evaluate_rows) = (SELECT auc(y, p) FROM s) AS auc,
       (SELECT lift_curve(y, p) FROM evaluate_rows) = (SELECT lift_curve(y, p) FROM s) AS lift,
       (SELECT confusion(y, p > 0.5) FROM evaluate_rows) = (SELECT confusion(y, p > 0.5) FROM s) AS confusion,
       abs((SELECT r2(amount, guess) FROM evaluate_rows) - (SELECT r2(amount, guess) FROM s)) < 1e-12 AS r2;
DROP TABLE evaluate_rows;
DROP FUNCTION plan_of;
