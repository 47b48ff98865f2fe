-- One list for a group of users.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE buys AS
SELECT u AS customer, i AS item FROM generate_series(1, 40) u, generate_series(1, 12) i WHERE (u + i) % 4 < 2 AND (u % 3 = 0) = (i % 3 = 0);
CREATE TEMP TABLE m AS SELECT train_recommender(customer, item, item_knn(k => 5)) AS model, train_recommender(customer, item, popular()) AS popular FROM buys;
SELECT item, round(score::numeric, 4) AS score, rank, round(reach::numeric, 4) AS reach, round(seen::numeric, 4) AS seen, source
FROM m, recommend_for_segment(model, ARRAY[1, 2, 4, 5, 999, NULL, 1], n => 3);
SELECT item, pg_typeof(item), rank FROM m, recommend_for_segment(model, (SELECT array_agg(DISTINCT customer) FROM buys WHERE customer > 30), item_type => null::int, n => 2, not_items => ARRAY[1]);
-- by hand
WITH member AS (SELECT u, item, (score - min(score) OVER (PARTITION BY u)) / (max(score) OVER (PARTITION BY u) - min(score) OVER (PARTITION BY u)) AS score, rank
                FROM m, generate_series(1, 11, 2) AS u, recommend(model, u, n => 100)),
     wanted AS (SELECT item, sum(score) / 6 AS score, sum((rank <= 4)::int) / 6.0 AS reach, (SELECT count(*) / 6.0 FROM buys AS b WHERE b.item = member.item AND customer <= 11 AND customer % 2 = 1) AS seen FROM member GROUP BY item)
SELECT count(*) AS items, count(*) FILTER (WHERE abs(w.score - s.score) < 1e-9 AND abs(w.reach - s.reach) < 1e-9 AND abs(w.seen - s.seen) < 1e-9) AS same,
       count(*) = least(4, (SELECT count(*) FROM wanted WHERE seen <= 0.4 AND score > 0)) AS full
FROM m, recommend_for_segment(model, ARRAY[1, 3, 5, 7, 9, 11], item_type => null::bigint, n => 4, max_seen => 0.4) AS s JOIN wanted AS w USING (item);
-- a group of one gets its own list
SELECT count(*) AS n, count(*) FILTER (WHERE s.item = r.item AND s.reach = 1) AS same FROM m, recommend_for_segment(model, ARRAY[7], item_type => null::bigint, n => 3) AS s JOIN LATERAL (SELECT r.* FROM m, recommend(m.model, 7, n => 3) AS r) AS r USING (rank);
-- nobody is known; everybody
SELECT item, score, reach, source FROM m, recommend_for_segment(popular, ARRAY[998, 999], n => 2);
SELECT item, round(reach::numeric, 3) AS reach FROM m, recommend_for_segment(model, NULL::int[], n => 2, max_seen => 1);
SELECT count(*) FROM m, recommend_for_segment(model, ARRAY[1], n => 0);
SELECT * FROM m, recommend_for_segment(model, ARRAY[1], max_seen => 1.5);
SELECT * FROM m, recommend_for_segment(model, 7);
SELECT * FROM recommend_for_segment((SELECT train_content(item, b) FROM (SELECT DISTINCT item, item % 2 AS odd FROM buys) b), ARRAY[7]);
