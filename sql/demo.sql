-- The demo shop: whole, the same from the same seed, and with what is planted in it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
SELECT shopper.demo_shop('tiny', customers => 300) LIKE '300 customers, 153 products, % reviews' AS made;

SELECT c.relname AS "table", c.reltuples > 0 AS analyzed, obj_description(c.oid, 'pg_class') IS NOT NULL AS commented,
       EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p') AS primary_key
FROM pg_class c WHERE relnamespace = 'tiny'::regnamespace AND relkind = 'r' ORDER BY 1;

-- everything fits together
SELECT (SELECT count(*) FROM tiny.sessions s LEFT JOIN tiny.customers c ON c.id = s.customer_id WHERE c.id IS NULL) AS sessions_without_customer,
       (SELECT count(*) FROM tiny.sessions s JOIN tiny.customers c ON c.id = s.customer_id WHERE started_at < signed_up) AS too_early,
       (SELECT count(*) FROM tiny.sessions a JOIN tiny.sessions b ON b.id = a.id + 1 WHERE b.started_at < a.started_at) AS out_of_order,
       (SELECT count(*) FROM tiny.sessions s FULL JOIN tiny.orders o ON o.session_id = s.id AND o.customer_id = s.customer_id WHERE s.bought IS DISTINCT FROM (o.id IS NOT NULL)) AS bought_without_order,
       (SELECT count(*) FROM tiny.sessions s JOIN (SELECT session_id, count(*) FROM tiny.clicks GROUP BY 1) c ON session_id = id WHERE count <> product_views) AS views_without_click,
       (SELECT count(*) FROM tiny.clicks c LEFT JOIN tiny.products p ON p.id = product_id WHERE p.id IS NULL) AS clicks_without_product,
       (SELECT count(*) FROM tiny.orders o WHERE total IS DISTINCT FROM (SELECT sum(quantity * price) FROM tiny.order_lines WHERE order_id = o.id)) AS wrong_totals,
       (SELECT count(*) FROM tiny.order_lines l LEFT JOIN tiny.products p ON p.id = product_id WHERE l.price > p.price IS NOT FALSE) AS wrong_prices,
       (SELECT count(*) FROM tiny.returns LEFT JOIN tiny.order_lines l USING (order_id, product_id) WHERE l.price IS NULL) AS returned_nothing,
       (SELECT count(*) FROM tiny.ratings WHERE rating NOT BETWEEN 1 AND 5) AS wrong_ratings,
       (SELECT count(*) FROM tiny.reviews v LEFT JOIN tiny.ratings r USING (customer_id, product_id) WHERE v.rating IS DISTINCT FROM r.rating OR review IS NULL) AS reviews_without_rating
\gx
-- the last order is really the one before
SELECT count(*) AS wrong_recency
FROM (SELECT s.*, max(started_at) FILTER (WHERE bought) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_order FROM tiny.sessions s) s
WHERE days_since_last_order IS DISTINCT FROM floor(extract(epoch FROM started_at - last_order) / 86400)::int;
SELECT min(started_at AT TIME ZONE 'UTC') >= '2023-01-01' AND max(started_at AT TIME ZONE 'UTC') < '2025-01-01' AS two_years FROM tiny.sessions;

-- what is planted is found: rules between kinds of products, and that the case fits the phone
SELECT consequent[1] AS "with a phone", confidence BETWEEN 0.4 AND 0.65 AS confident, lift > 2 AS lifted
FROM assoc_rules((SELECT train_rules(order_id, category) FROM tiny.order_lines JOIN tiny.products ON id = product_id),
                 antecedent_contains => ARRAY['Phones'], max_antecedent => 1, max_rules => 1);
SELECT consequent[1] AS "with a printer", confidence BETWEEN 0.45 AND 0.8 AS confident, lift > 3 AS lifted
FROM assoc_rules((SELECT train_rules(order_id, category) FROM tiny.order_lines JOIN tiny.products ON id = product_id),
                 antecedent_contains => ARRAY['Printers'], max_antecedent => 1, max_rules => 1);
SELECT count(*) > 10 AS enough, count(*) FILTER (WHERE consequent[1] = 'Case for ' || replace(antecedent[1], ' phone', '')) = count(*) AS all_fit
FROM assoc_rules((SELECT train_rules(order_id, name, itemsets(min_count => 2)) FROM tiny.order_lines JOIN tiny.products ON id = product_id), max_rules => 1000) r,
     generate_series(1, basket_count::int)
WHERE antecedent[1] LIKE '% phone' AND cardinality(antecedent) = 1 AND consequent[1] LIKE 'Case for %';
-- buyers are found, better than by the cart alone; the first months teach, the last one is the test
WITH v AS (SELECT id, started_at < '2024-09-01' AS past, bought, device, channel, pages, product_views, cart_adds, dwell_seconds, days_since_last_order, discount_seen FROM tiny.sessions),
m AS MATERIALIZED (SELECT train_classifier(f, 'bought', logistic(exclude => '{id,past}')) AS m FROM (SELECT * FROM v WHERE past) f)
SELECT auc(bought, predict_purchase(m, v)) > 0.75 AS good, auc(bought, predict_purchase(m, v)) > auc(bought, cart_adds) AS better FROM v, m WHERE NOT past;
-- tastes are found: better than the mean of each product
WITH r AS (SELECT *, fold(customer_id * 1000 + product_id, 5) = 0 AS held_out FROM tiny.ratings),
m AS MATERIALIZED (SELECT train_recommender(customer_id, product_id, rating, svd(factors => 3, epochs => 60)) AS m FROM r WHERE NOT held_out),
p AS (SELECT product_id, avg(rating)::float8 AS mean FROM r WHERE NOT held_out GROUP BY 1)
SELECT rmse(rating, predict_rating(m, customer_id, product_id)) < 0.95 * rmse(rating, mean) AS better FROM r JOIN p USING (product_id), m WHERE held_out;
-- words: good reviews with bad words, and the other way round
SELECT bool_or(rating >= 4 AND review ~* 'not bad|no problem|not a single complaint') AS negated_bad, bool_or(rating <= 2 AND review ~* 'not good|not recommended|not worth') AS negated_good FROM tiny.reviews;

-- the same seed makes the same shop, whatever the time zone; another one another
SET TimeZone = 'Asia/Tokyo';
SELECT shopper.demo_shop('again', 300, 1) IS NOT NULL AS made;
RESET TimeZone;
SELECT shopper.demo_shop('Other shop', 300, seed => 2) IS NOT NULL AS made;
SELECT string_agg(format('SELECT %L AS "table", (SELECT count(*) FROM (TABLE tiny.%1$I EXCEPT TABLE again.%1$I) d) + (SELECT count(*) FROM (TABLE again.%1$I EXCEPT TABLE tiny.%1$I) d) AS differ, '
                         '(SELECT count(*) FROM (TABLE tiny.%1$I EXCEPT TABLE "Other shop".%1$I) d) > 0 AS others_differ', t), ' UNION ALL ')
FROM unnest('{customers,products,sessions,clicks,orders,order_lines,returns,ratings,reviews}'::text[]) t \gexec
-- and on every machine
SELECT md5(string_agg(format('%s %s %s', order_id, product_id, price), ',' ORDER BY order_id, product_id)) AS order_lines FROM tiny.order_lines;
SELECT md5(string_agg(format('%s %s %s', customer_id, product_id, rating), ',' ORDER BY customer_id, product_id)) AS ratings FROM tiny.ratings;

-- what goes wrong
\set SHOW_CONTEXT never
SELECT shopper.demo_shop('tiny');
SELECT shopper.demo_shop('none', 0);
SELECT shopper.demo_shop(NULL);
SELECT shopper.demo_shop('solo', 1) LIKE '1 customers%' AS one_customer;

-- gone without a trace
DROP SCHEMA tiny CASCADE;
DROP SCHEMA again CASCADE;
DROP SCHEMA "Other shop" CASCADE;
DROP SCHEMA solo CASCADE;
RESET client_min_messages;
