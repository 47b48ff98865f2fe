-- The next view of a session (Diginetica): figures of independent SQL; test sessions are every fifth, the last view is foretold from those before it.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SET LOCAL extra_float_digits = 1;
SELECT plan(8);

CREATE TEMP TABLE view AS
SELECT * FROM (SELECT session_id, item_id, to_timestamp(timeframe / 1000.0) AS at, row_number() OVER w AS place, count(*) OVER (PARTITION BY session_id) AS n
               FROM diginetica_sample WINDOW w AS (PARTITION BY session_id ORDER BY timeframe, rn)) AS v WHERE n > 1;
CREATE TEMP TABLE test AS
SELECT session_id, max(item_id) FILTER (WHERE place = n) AS target, array_agg(item_id ORDER BY place) FILTER (WHERE place < n) AS before
FROM view WHERE session_id % 5 = 0 GROUP BY session_id;
SELECT is(count(*)::int, 409, 'test sessions') FROM test;

CREATE TEMP TABLE quality AS
SELECT line, repeats, avg(coalesce(rank <= 20, false)::int) AS hit, avg(coalesce(1.0 / rank, 0)) AS mrr
FROM (SELECT line, train_recommender(session_id, item_id, at, options) AS model
      FROM (VALUES ('popular', popular()), ('markov, last item alone', markov(fallback => 'none', returns => false)),
                   ('markov then recent', markov(fallback => 'recent', returns => false)), ('markov', markov()), ('session_knn', session_knn())) AS l(line, options), view
      WHERE session_id % 5 <> 0 GROUP BY line, options) AS m
     CROSS JOIN unnest(ARRAY[true, false]) AS repeats CROSS JOIN test
     LEFT JOIN LATERAL (SELECT rank FROM recommend_for_basket(model, before, n => 20, exclude_seen => NOT repeats) AS r WHERE r.item = target) AS r ON true
GROUP BY line, repeats;
SELECT diag(format('%s, %s: Hit@20 %s, MRR@20 %s', line, CASE WHEN repeats THEN 'seen items may come' ELSE 'without seen items' END, round(hit, 4), round(mrr, 4)))
FROM quality ORDER BY line, repeats DESC;
-- no fall-back; ties by id
SELECT is(format('%s %s', round(hit, 4), round(mrr, 4)), '0.0440 0.0266', 'markov, last item alone: Hit@20, MRR@20') FROM quality WHERE line = 'markov, last item alone' AND repeats;
SELECT is(format('%s %s', round(hit, 4), round(mrr, 4)), '0.0269 0.0173', 'the same without seen items') FROM quality WHERE line = 'markov, last item alone' AND NOT repeats;
SELECT is(format('%s %s', round(hit, 4), round(mrr, 4)), '0.0098 0.0018', 'popular: Hit@20, MRR@20') FROM quality WHERE line = 'popular' AND repeats;
SELECT cmp_ok(hit, '>=', 0.2469, line || ': Hit@20 when seen items may come') FROM quality WHERE line IN ('session_knn', 'markov then recent') AND repeats ORDER BY line;
SELECT cmp_ok(mrr, '>=', 0.1605, line || ': MRR@20 when seen items may come') FROM quality WHERE line = 'session_knn' AND repeats;
SELECT cmp_ok(hit, '>=', 0.08, line || ': Hit@20 without seen items') FROM quality WHERE line = 'session_knn' AND NOT repeats;
SELECT * FROM finish();
ROLLBACK;
