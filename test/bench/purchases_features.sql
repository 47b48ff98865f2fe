-- The same columns twice. The plain SQL reads the log once into orders, lines by category and brand, and visits:
-- no sort of all lines, no correlated query, hash aggregates where the planner finds room, parallel where it wants to.
SET max_parallel_workers_per_gather = 2;
SET work_mem = '1GB';


CREATE OR REPLACE VIEW bench.plain AS
WITH past AS (SELECT * FROM bench.events WHERE at < timestamp '2025-10-01'),
totals AS (
	SELECT customer, sum(price * quantity) FILTER (WHERE event = 'purchase') AS monetary, max(at) AS last_at, min(at) AS first_at,
		count(*) FILTER (WHERE event = 'purchase') AS lines, sum(quantity) FILTER (WHERE event = 'purchase') AS quantity,
		sum(price * quantity) FILTER (WHERE event = 'return') AS returned,
		count(*) FILTER (WHERE event = 'purchase' AND discount > 0) AS discounted,
		sum(dwell_seconds) AS dwell,
		sum(price * quantity) FILTER (WHERE event = 'purchase' AND at >= timestamp '2025-10-01' - interval '90 days') AS recent,
		sum(price * quantity) FILTER (WHERE event = 'purchase' AND at >= timestamp '2025-10-01' - interval '180 days' AND at < timestamp '2025-10-01' - interval '90 days') AS earlier
	FROM past GROUP BY customer),
orders AS (SELECT customer, order_id, min(at) AS at FROM past WHERE event = 'purchase' GROUP BY customer, order_id),
gaps AS (SELECT customer, at, extract(epoch FROM at - lag(at) OVER (PARTITION BY customer ORDER BY at))::float8 / 86400 AS gap FROM orders),
times AS (
	SELECT customer, count(*) AS frequency, max(at) AS last_order, avg(gap) AS gap_mean, stddev_samp(gap) AS gap_sd,
		ARRAY[avg((extract(isodow FROM at) = 1)::int), avg((extract(isodow FROM at) = 2)::int), avg((extract(isodow FROM at) = 3)::int), avg((extract(isodow FROM at) = 4)::int),
			avg((extract(isodow FROM at) = 5)::int), avg((extract(isodow FROM at) = 6)::int), avg((extract(isodow FROM at) = 7)::int)]::float8[] AS weekday_share,
		ARRAY[avg((extract(hour FROM at) < 6)::int), avg((extract(hour FROM at) BETWEEN 6 AND 11)::int), avg((extract(hour FROM at) BETWEEN 12 AND 17)::int), avg((extract(hour FROM at) > 17)::int)]::float8[] AS daypart_share
	FROM gaps GROUP BY customer),
items AS (SELECT customer, count(*) AS items FROM (SELECT DISTINCT customer, item FROM past WHERE event = 'purchase') i GROUP BY customer),
visits AS (SELECT customer, count(*) AS visits FROM (SELECT DISTINCT customer, visit FROM past) v GROUP BY customer),
by_category AS (SELECT customer, category, count(*) AS lines, sum(price * quantity) AS amount FROM past WHERE event = 'purchase' GROUP BY customer, category),
categories AS (
	SELECT customer, count(*) AS categories, (array_agg(category ORDER BY lines DESC, amount DESC, category COLLATE "C"))[1] AS top_category,
		max(lines) / sum(lines) AS top_category_share, ln(sum(lines)) - sum(lines * ln(lines)) / sum(lines) AS category_entropy
	FROM by_category GROUP BY customer),
by_brand AS (SELECT customer, brand, count(*) AS lines, sum(price * quantity) AS amount FROM past WHERE event = 'purchase' GROUP BY customer, brand),
brands AS (
	SELECT customer, count(*) AS brands, (array_agg(brand ORDER BY lines DESC, amount DESC, brand COLLATE "C"))[1] AS top_brand, max(lines) / sum(lines) AS top_brand_share
	FROM by_brand GROUP BY customer),
later AS (SELECT DISTINCT customer FROM bench.events WHERE at >= timestamp '2025-10-01' AND at < timestamp '2025-10-01' + interval '30 days' AND event = 'purchase')
SELECT t.customer, extract(epoch FROM timestamp '2025-10-01' - o.last_order)::float8 / 86400 AS recency_days, COALESCE(o.frequency, 0) AS frequency, COALESCE(t.monetary, 0) AS monetary,
	extract(epoch FROM timestamp '2025-10-01' - t.first_at)::float8 / 86400 AS tenure_days, o.gap_mean AS gap_days_mean, o.gap_sd AS gap_days_sd,
	t.monetary / o.frequency AS order_value, t.lines::float8 / o.frequency AS basket_lines, COALESCE(t.quantity, 0) AS quantity, COALESCE(i.items, 0) AS items,
	COALESCE(t.returned, 0) / t.monetary AS return_share, t.discounted::float8 / NULLIF(t.lines, 0) AS discount_share,
	COALESCE(c.categories, 0) AS categories, c.top_category, c.top_category_share, c.category_entropy, COALESCE(b.brands, 0) AS brands, b.top_brand, b.top_brand_share,
	v.visits, v.visits * 7 / greatest(extract(epoch FROM timestamp '2025-10-01' - t.first_at)::float8 / 86400, 7) AS visits_per_week,
	extract(epoch FROM timestamp '2025-10-01' - t.last_at)::float8 / 86400 AS days_since_event, t.dwell::float8 / v.visits AS dwell_seconds,
	COALESCE(o.frequency, 0)::float8 / v.visits AS orders_per_visit,
	(COALESCE(t.recent, 0) - COALESCE(t.earlier, 0)) / NULLIF(COALESCE(t.recent, 0) + COALESCE(t.earlier, 0), 0) AS trend,
	o.weekday_share, o.daypart_share, l.customer IS NOT NULL AS buys
FROM totals t LEFT JOIN times o USING (customer) LEFT JOIN items i USING (customer) LEFT JOIN visits v USING (customer)
	LEFT JOIN categories c USING (customer) LEFT JOIN brands b USING (customer) LEFT JOIN later l USING (customer);

SELECT format($$
\echo round %s
\timing on
\echo plain SQL
CREATE TEMP TABLE plain AS SELECT * FROM bench.plain;
\echo purchase_features
CREATE TEMP TABLE ours AS SELECT * FROM purchase_features_as(NULL::int, 'SELECT * FROM bench.events', date '2025-10-01', '30 days');
\timing off
SELECT count(*) AS customers, count(*) FILTER (WHERE p.frequency = o.frequency AND p.items = o.items AND p.top_category IS NOT DISTINCT FROM o.top_category
		AND p.top_brand IS NOT DISTINCT FROM o.top_brand AND p.visits = o.visits AND p.buys = o.buys AND abs(p.monetary - o.monetary) <= 1e-9 * abs(p.monetary)
		AND abs(COALESCE(p.gap_days_sd, 0) - COALESCE(o.gap_days_sd, 0)) < 1e-9 * COALESCE(p.gap_days_sd, 1) + 1e-9 AND abs(COALESCE(p.trend, 2) - COALESCE(o.trend, 2)) < 1e-9
		AND abs(COALESCE(p.category_entropy, -1) - COALESCE(o.category_entropy, -1)) < 1e-9) AS equal
FROM plain p FULL JOIN ours o USING (customer);
DROP TABLE plain, ours;
$$, r) FROM generate_series(1, :rounds) r
\g (tuples_only=on format=unaligned) /tmp/shopper_purchases_rounds.sql
\i /tmp/shopper_purchases_rounds.sql
