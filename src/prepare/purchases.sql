-- Features of customers from a log of events; RFM, cohorts and churn from the same log.

CREATE FUNCTION @extschema@.purchase_features(events text, as_of "any", horizon interval DEFAULT NULL, history interval DEFAULT NULL, trend interval DEFAULT '90 days', columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(customer text, recency_days float8, frequency bigint, monetary float8, tenure_days float8, gap_days_mean float8, gap_days_sd float8,
	order_value float8, basket_lines float8, quantity float8, items bigint, return_share float8, discount_share float8,
	categories bigint, top_category text, top_category_share float8, category_entropy float8, brands bigint, top_brand text, top_brand_share float8,
	visits bigint, visits_per_week float8, days_since_event float8, dwell_seconds float8, orders_per_visit float8, trend float8,
	weekday_share float8[], daypart_share float8[], buys boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'shopper_purchase_features';
COMMENT ON FUNCTION @extschema@.purchase_features(text, "any", interval, interval, interval, jsonb, text) IS 'For each customer with an event before as_of, what the events say: recency, frequency, amounts, gaps between orders, returns, discounts, favourite category and brand, visits, trend, when it buys. Events from as_of on enter only buys, which is whether the customer buys within the horizon. The query returns events with customer, at and what there is of event (purchase, return; anything else is a visit), order_id, item, category, brand, visit, amount or price and quantity, discount, dwell_seconds; columns maps these to other names. as_of NULL: the end of the last day. Customers come in text form';
CREATE FUNCTION @extschema@.purchase_features_as(customer_type anyelement, events text, as_of "any", horizon interval DEFAULT NULL, history interval DEFAULT NULL, trend interval DEFAULT '90 days', columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(customer anyelement, recency_days float8, frequency bigint, monetary float8, tenure_days float8, gap_days_mean float8, gap_days_sd float8,
	order_value float8, basket_lines float8, quantity float8, items bigint, return_share float8, discount_share float8,
	categories bigint, top_category text, top_category_share float8, category_entropy float8, brands bigint, top_brand text, top_brand_share float8,
	visits bigint, visits_per_week float8, days_since_event float8, dwell_seconds float8, orders_per_visit float8, trend float8,
	weekday_share float8[], daypart_share float8[], buys boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'shopper_purchase_features_as';
COMMENT ON FUNCTION @extschema@.purchase_features_as(anyelement, text, "any", interval, interval, interval, jsonb, text) IS 'purchase_features with customers in the type of the first argument, which is null, as in purchase_features_as(NULL::bigint, ...)';

CREATE FUNCTION @extschema@.churn_labels(events text, as_of "any", silent_for interval DEFAULT '90 days', columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(customer text, recency_days float8, churned boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'shopper_churn_labels';
COMMENT ON FUNCTION @extschema@.churn_labels(text, "any", interval, jsonb, text) IS 'Which of the customers who bought before as_of have left: churned is true when nothing is bought within silent_for from as_of on. Events and columns as in purchase_features';
CREATE FUNCTION @extschema@.churn_labels_as(customer_type anyelement, events text, as_of "any", silent_for interval DEFAULT '90 days', columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(customer anyelement, recency_days float8, churned boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'shopper_churn_labels_as';
COMMENT ON FUNCTION @extschema@.churn_labels_as(anyelement, text, "any", interval, jsonb, text) IS 'churn_labels with customers in the type of the first argument, which is null, as in churn_labels_as(NULL::bigint, ...)';

CREATE FUNCTION @extschema@.cohort_table(events text, period text DEFAULT 'month', columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(cohort date, customers bigint, age int, period_start date, active bigint, retention_rate float8, amount float8)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 100 AS 'MODULE_PATHNAME', 'shopper_cohort_table';
COMMENT ON FUNCTION @extschema@.cohort_table(text, text, jsonb, text) IS 'Customers by the period (day, week, month, quarter, year) of their first purchase, and how many of them bought in each later period (age 0 is the first) and for how much. Events and columns as in purchase_features';

-- RFM

CREATE TABLE shopper.rfm_segments (
	position int NOT NULL, segment text PRIMARY KEY,
	r_min int NOT NULL DEFAULT 1, r_max int NOT NULL DEFAULT 5, fm_min int NOT NULL DEFAULT 1, fm_max int NOT NULL DEFAULT 5,
	advice text,
	CHECK (r_min BETWEEN 1 AND r_max AND r_max <= 5 AND fm_min BETWEEN 1 AND fm_max AND fm_max <= 5));
COMMENT ON TABLE shopper.rfm_segments IS 'Segments of rfm_scores, yours to edit: of those that a customer fits the one of the lowest position counts. While the table is empty, shopper.rfm_segment_defaults holds';
COMMENT ON COLUMN shopper.rfm_segments.position IS 'Segments are tried in this order';
COMMENT ON COLUMN shopper.rfm_segments.segment IS 'Its name';
COMMENT ON COLUMN shopper.rfm_segments.r_min IS 'Least recency score, 1 (longest ago) to 5 (latest)';
COMMENT ON COLUMN shopper.rfm_segments.r_max IS 'Greatest recency score';
COMMENT ON COLUMN shopper.rfm_segments.fm_min IS 'Least mean of frequency and monetary score, rounded up';
COMMENT ON COLUMN shopper.rfm_segments.fm_max IS 'Greatest mean of frequency and monetary score, rounded up';
COMMENT ON COLUMN shopper.rfm_segments.advice IS 'What to do with these customers';
SELECT pg_catalog.pg_extension_config_dump('shopper.rfm_segments', '');
GRANT SELECT ON shopper.rfm_segments TO PUBLIC;

CREATE VIEW shopper.rfm_segment_defaults AS
SELECT * FROM (VALUES
	(1, 'champions', 5, 5, 4, 5, 'Reward them; ask for reviews; first to see what is new'),
	(2, 'loyal', 3, 4, 4, 5, 'Offer better articles; thank them'),
	(3, 'potential loyal', 4, 5, 2, 3, 'Recommend what goes with their last purchase'),
	(4, 'new', 5, 5, 1, 1, 'Welcome them; help with the first steps'),
	(5, 'promising', 4, 4, 1, 1, 'Give a reason for the second order'),
	(6, 'need attention', 3, 3, 3, 3, 'Limited offers on what they bought before'),
	(7, 'about to sleep', 3, 3, 1, 2, 'Show popular articles; remind them of you'),
	(8, 'cannot lose', 1, 2, 5, 5, 'Call them; win them back before others do'),
	(9, 'at risk', 1, 2, 3, 4, 'Write to them in person; renew the offer'),
	(10, 'hibernating', 2, 2, 1, 2, 'Cheap reminders only'),
	(11, 'lost', 1, 1, 1, 2, 'One last offer, then leave them out')
) AS d(position, segment, r_min, r_max, fm_min, fm_max, advice);
COMMENT ON VIEW shopper.rfm_segment_defaults IS 'The segments of rfm_scores while shopper.rfm_segments is empty; copy them there to change them';
COMMENT ON COLUMN shopper.rfm_segment_defaults.position IS 'Segments are tried in this order';
COMMENT ON COLUMN shopper.rfm_segment_defaults.segment IS 'Its name';
COMMENT ON COLUMN shopper.rfm_segment_defaults.r_min IS 'Least recency score, 1 (longest ago) to 5 (latest)';
COMMENT ON COLUMN shopper.rfm_segment_defaults.r_max IS 'Greatest recency score';
COMMENT ON COLUMN shopper.rfm_segment_defaults.fm_min IS 'Least mean of frequency and monetary score, rounded up';
COMMENT ON COLUMN shopper.rfm_segment_defaults.fm_max IS 'Greatest mean of frequency and monetary score, rounded up';
COMMENT ON COLUMN shopper.rfm_segment_defaults.advice IS 'What to do with these customers';
GRANT SELECT ON shopper.rfm_segment_defaults TO PUBLIC;

CREATE FUNCTION @extschema@.rfm_scores_as(customer_type anyelement, events text, as_of date DEFAULT NULL, columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(customer anyelement, recency_days int, frequency bigint, monetary float8, r int, f int, m int, score text, segment text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS
$$
WITH customers AS (
	SELECT p.customer, pg_catalog.ceil(p.recency_days)::pg_catalog.int4 AS recency, p.frequency, p.monetary
	FROM @extschema@.purchase_features_as(customer_type, events, as_of, columns => columns, timezone => timezone) AS p
	WHERE p.frequency > 0),
limits AS (
	SELECT pg_catalog.percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]::pg_catalog.float8[]) WITHIN GROUP (ORDER BY c.recency) AS r,
		pg_catalog.percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]::pg_catalog.float8[]) WITHIN GROUP (ORDER BY c.frequency) AS f,
		pg_catalog.percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]::pg_catalog.float8[]) WITHIN GROUP (ORDER BY c.monetary) AS m
	FROM customers AS c),
scored AS (
	SELECT c.*,
		5 - (SELECT pg_catalog.count(*) FROM pg_catalog.unnest(l.r) AS x WHERE x < c.recency)::pg_catalog.int4 AS r,
		1 + (SELECT pg_catalog.count(*) FROM pg_catalog.unnest(l.f) AS x WHERE x < c.frequency)::pg_catalog.int4 AS f,
		1 + (SELECT pg_catalog.count(*) FROM pg_catalog.unnest(l.m) AS x WHERE x < c.monetary)::pg_catalog.int4 AS m
	FROM customers AS c, limits AS l),
segments AS MATERIALIZED (
	SELECT s.* FROM shopper.rfm_segments AS s
	UNION ALL
	SELECT d.* FROM shopper.rfm_segment_defaults AS d WHERE NOT EXISTS (SELECT FROM shopper.rfm_segments)),
grid AS MATERIALIZED (
	SELECT DISTINCT ON (rs, fs) rs, fs, s.segment
	FROM pg_catalog.generate_series(1, 5) AS rs, pg_catalog.generate_series(1, 5) AS fs, segments AS s
	WHERE rs BETWEEN s.r_min AND s.r_max AND fs BETWEEN s.fm_min AND s.fm_max
	ORDER BY rs, fs, s.position, s.segment)
SELECT s.customer, s.recency, s.frequency, s.monetary, s.r, s.f, s.m, s.r::pg_catalog.text || s.f || s.m, g.segment
FROM scored AS s LEFT JOIN grid AS g ON g.rs = s.r AND g.fs = (s.f + COALESCE(s.m, s.f) + 1) / 2
$$;
COMMENT ON FUNCTION @extschema@.rfm_scores_as(anyelement, text, date, jsonb, text) IS 'rfm_scores with customers in the type of the first argument, which is null, as in rfm_scores_as(NULL::bigint, ...)';
CREATE FUNCTION @extschema@.rfm_scores(events text, as_of date DEFAULT NULL, columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(customer text, recency_days int, frequency bigint, monetary float8, r int, f int, m int, score text, segment text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS
$$ SELECT * FROM @extschema@.rfm_scores_as(NULL::pg_catalog.text, events, as_of, columns, timezone) $$;
COMMENT ON FUNCTION @extschema@.rfm_scores(text, date, jsonb, text) IS 'For each buyer the days since the last order, the number of orders and the amount, each as a score from 1 to 5 by its quintiles (5 is best; equal values have equal scores), and a segment by name. as_of: the day from which on nothing counts, by default the day after the last event. Events and columns as in purchase_features; segments are those of shopper.rfm_segments';

CREATE FUNCTION @extschema@.rfm_segments(events text, as_of date DEFAULT NULL, columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(segment text, customers bigint, customer_share float8, amount float8, amount_share float8, mean_recency_days float8, mean_frequency float8, mean_monetary float8, advice text)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10 AS
$$
SELECT s.segment, pg_catalog.count(*), pg_catalog.count(*) / pg_catalog.sum(pg_catalog.count(*)) OVER ()::pg_catalog.float8,
	pg_catalog.sum(s.monetary), pg_catalog.sum(s.monetary) / NULLIF(pg_catalog.sum(pg_catalog.sum(s.monetary)) OVER (), 0),
	pg_catalog.avg(s.recency_days)::pg_catalog.float8, pg_catalog.avg(s.frequency)::pg_catalog.float8, pg_catalog.avg(s.monetary),
	(SELECT a.advice FROM (SELECT t.segment, t.advice FROM shopper.rfm_segments AS t
		UNION ALL SELECT d.segment, d.advice FROM shopper.rfm_segment_defaults AS d WHERE NOT EXISTS (SELECT FROM shopper.rfm_segments)) AS a
	 WHERE a.segment = s.segment)
FROM @extschema@.rfm_scores(events, as_of, columns, timezone) AS s
GROUP BY s.segment ORDER BY 4 DESC NULLS LAST, 2 DESC, 1
$$;
COMMENT ON FUNCTION @extschema@.rfm_segments(text, date, jsonb, text) IS 'The segments of rfm_scores: how many customers, their share, what they brought, and what to do with them; the most valuable first';

CREATE FUNCTION @extschema@.pareto_share(events text, top_shares float8[] DEFAULT '{0.01, 0.05, 0.1, 0.2, 0.5}', as_of date DEFAULT NULL, columns jsonb DEFAULT NULL, timezone text DEFAULT NULL)
RETURNS TABLE(top_share float8, customers bigint, amount float8, amount_share float8, least_monetary float8)
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 5 AS
$$
WITH ranked AS MATERIALIZED (
	SELECT p.monetary, pg_catalog.row_number() OVER (ORDER BY p.monetary DESC, p.customer) AS place, pg_catalog.count(*) OVER () AS n,
		pg_catalog.sum(p.monetary) OVER () AS total
	FROM @extschema@.purchase_features(events, as_of, columns => columns, timezone => timezone) AS p WHERE p.frequency > 0)
SELECT t, pg_catalog.count(*), pg_catalog.sum(k.monetary), pg_catalog.sum(k.monetary) / NULLIF(pg_catalog.max(k.total), 0), pg_catalog.min(k.monetary)
FROM pg_catalog.unnest(top_shares) AS t JOIN ranked AS k ON k.place <= pg_catalog.round((t * k.n)::pg_catalog.numeric)
GROUP BY t ORDER BY t
$$;
COMMENT ON FUNCTION @extschema@.pareto_share(text, float8[], date, jsonb, text) IS 'How much of the amount the best customers bring: for each share of the customers (0.2: the best fifth) how many they are, their amount and its share, and the least that one of them brought';
