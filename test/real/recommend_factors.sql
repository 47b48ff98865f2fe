-- EASE, truncated and implicit factors on MovieLens 100k, rn % 5 = 0 held out, against figures of independent numpy code.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SET LOCAL extra_float_digits = 1;
SELECT plan(19);

-- what is exact to the last digit of the figures; then means of 5 seeds, as far from those of 2 seeds as noise goes
CREATE TEMP TABLE line(line text, options jsonb, seeds int, tolerance float8, metrics text[], figures float8[]);
INSERT INTO line
SELECT line, options, 1, 0.00006, '{precision,recall,ndcg,map,hit_rate,mrr,coverage}'::text[], figures::float8[]
FROM (VALUES ('ease, lambda 100', ease(lambda => 100), '{0.3533,0.2288,0.4214,0.2807,0.9224,0.6642,0.2558}'), ('ease, lambda 300', ease(lambda => 300), '{0.3702,0.2363,0.4414,0.3023,0.9245,0.6881,0.2066}'),
             ('ease, lambda 500', ease(lambda => 500), '{0.3675,0.2332,0.4399,0.3023,0.9203,0.6923,0.1853}')) AS l(line, options, figures)
UNION ALL
SELECT line, options, 1, 0.00006, '{precision,recall,ndcg,hit_rate}', figures::float8[]
FROM (VALUES ('svd truncated, 10', svd(method => 'truncated', factors => 10), '{0.3452,0.2204,0.4141,0.9097}'), ('svd truncated, 20', svd(method => 'truncated', factors => 20), '{0.3588,0.2296,0.4277,0.9171}'),
             ('svd truncated, 50', svd(method => 'truncated', factors => 50), '{0.3062,0.2088,0.3636,0.9012}')) AS l(line, options, figures)
UNION ALL
SELECT format('als %s, 1 + %s, lambda %s', k, alpha, lambda), als(factors => k, alpha => alpha, lambda => lambda, cg_steps => 0, init_sd => 0.01), 5, 0.005, '{precision,recall,ndcg,hit_rate}', figures::float8[]
FROM (VALUES (16, 10, 10, '{0.3227,0.2226,0.3817,0.9198}'), (32, 1, 5, '{0.3485,0.2308,0.4147,0.9219}'), (32, 10, 50, '{0.3580,0.2349,0.4261,0.9230}'), (32, 10, 1, '{0.2909,0.2108,0.3399,0.9129}')) AS l(k, alpha, lambda, figures);
CREATE TEMP TABLE got AS
SELECT line, tolerance, e.metric, avg(value) AS value, figures[array_position(metrics, e.metric)] AS wanted
FROM line, generate_series(1, seeds) AS seed,
     evaluate_recommender('SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 <> 0', 'SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 = 0', options || jsonb_build_object('seed', seed)) AS e
WHERE e.metric = ANY (metrics) GROUP BY line, tolerance, e.metric, figures, metrics;
SELECT diag(format('%s: %s', line, string_agg(format('%s %s', metric, round(value::numeric, 4)), ', '))) FROM got GROUP BY line ORDER BY line;
SELECT cmp_ok(max(abs(value - wanted) - tolerance), '<=', 0::float8, line || ': ' || count(*) || ' measures of its lists') FROM got GROUP BY line ORDER BY line;

-- the first ten singular values, to five digits and more
SELECT cmp_ok(max(abs(got::float8 - wanted)), '<=', 0.00006::float8, 'singular values')
FROM (SELECT model_info(train_recommender(user_id, item_id, svd(method => 'truncated', factors => 10))) -> 'singular_values' AS list FROM ml100k_ratings WHERE rn % 5 <> 0) AS m,
     jsonb_array_elements_text(list) WITH ORDINALITY AS g(got, n)
JOIN unnest(ARRAY[137.4424, 53.9595, 46.4036, 37.2520, 33.1519, 32.0174, 27.3002, 26.2301, 23.2832, 22.7984]) WITH ORDINALITY AS w(wanted, n) USING (n);

-- nmf of events makes better lists than what everybody sees (NDCG@10 0.2170) by far, of ratings better figures than the means (RMSE 0.9445 with biases) nearly
SELECT cmp_ok(value, '>=', 0.39::float8, 'nmf: NDCG@10')
FROM evaluate_recommender('SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 <> 0', 'SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 = 0', nmf()) WHERE metric = 'ndcg';
CREATE TEMP TABLE rated AS
SELECT o.name, o.bar, t.model FROM (VALUES ('nmf', nmf(), 0.97), ('svd by gradient', svd(method => 'gradient', factors => 20, learning_rate => 0.001, epochs => 300, lambda => 4), 0.935)) AS o(name, options, bar),
     LATERAL (SELECT train_recommender(user_id, item_id, rating, options) AS model FROM ml100k_ratings WHERE rn % 5 <> 0) AS t;
SELECT cmp_ok(rmse(rating, predict_rating(model, user_id, item_id)), '<=', max(bar)::float8, name || ': RMSE') FROM rated, ml100k_ratings WHERE rn % 5 = 0 GROUP BY name ORDER BY name;

-- a tenth of the users and of the films come later: their lists are nearly as good as if they had been there
CREATE TEMP VIEW early AS SELECT * FROM ml100k_ratings WHERE rn % 5 <> 0 AND user_id % 10 <> 0 AND item_id % 50 <> 0;
CREATE TEMP VIEW late AS SELECT * FROM ml100k_ratings WHERE rn % 5 <> 0 AND NOT (user_id % 10 <> 0 AND item_id % 50 <> 0);
CREATE TEMP TABLE folded AS
SELECT o.name, whole.model AS whole, fold_in_from(part.model, 'SELECT user_id, item_id FROM late') AS folded
FROM (VALUES ('als', als(factors => 16)), ('svd truncated', svd(method => 'truncated', factors => 20)), ('nmf', nmf()), ('ease', ease()), ('item_knn', item_knn())) AS o(name, options),
     LATERAL train_recommender_from('SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 <> 0', options) AS whole(model), LATERAL train_recommender_from('SELECT user_id, item_id FROM early', options) AS part(model);
CREATE TEMP TABLE late_ndcg AS
SELECT name, how, avg(ndcg) AS ndcg
FROM (SELECT name, how, r.user_id, ndcg((h.item_id IS NOT NULL)::int::float8, rank, 10) AS ndcg
      FROM folded CROSS JOIN LATERAL (VALUES ('whole', whole), ('folded', folded)) AS v(how, model)
      CROSS JOIN recommend_all(model, NULL::int, NULL::int, 10, users => ARRAY(SELECT DISTINCT user_id FROM ml100k_ratings WHERE user_id % 10 = 0)) AS r
      LEFT JOIN ml100k_ratings AS h ON h.rn % 5 = 0 AND h.item_id = r.item AND h.user_id = r.user_id
      GROUP BY 1, 2, 3) AS u GROUP BY 1, 2;
SELECT diag(format('%s: NDCG@10 of the later users %s, folded in %s', name, round(max(ndcg) FILTER (WHERE how = 'whole')::numeric, 4), round(max(ndcg) FILTER (WHERE how = 'folded')::numeric, 4))) FROM late_ndcg GROUP BY name ORDER BY name;
SELECT cmp_ok(max(ndcg) FILTER (WHERE how = 'folded'), '>=', 0.93 * max(ndcg) FILTER (WHERE how = 'whole'), name || ': users folded in') FROM late_ndcg GROUP BY name ORDER BY name;
SELECT * FROM finish();
ROLLBACK;
