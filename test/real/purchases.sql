-- RFM and cohorts of Online Retail: the published figures, and PostgreSQL's own aggregates.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(15);

\set sales '$$SELECT * FROM online_retail WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE ''C%'' AND quantity > 0 AND unit_price > 0$$'
\set columns '''{"customer": "customer_id", "at": "invoice_date", "order_id": "invoice_no", "item": "stock_code", "price": "unit_price"}'''
CREATE TEMP TABLE rfm AS SELECT * FROM rfm_scores_as(NULL::int, :sales, '2011-12-10', :columns);
SELECT is(count(*), 4338::bigint, 'customers') FROM rfm;
SELECT is(ARRAY[round(avg(recency_days), 6), round(avg(frequency), 6), round(avg(monetary)::numeric, 6)], '{93.059474,4.272015,2054.266460}', 'means') FROM rfm;
SELECT is(percentile_cont('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY recency_days)::numeric(9,4)[], '{13.8000,33.0000,72.0000,180.0000}', 'limits of recency') FROM rfm;
SELECT is(array_agg(worst ORDER BY r DESC), '{13,33,72,180,374}', 'recency scores end at these limits') FROM (SELECT r, max(recency_days) AS worst FROM rfm GROUP BY r) s;
SELECT is(array_agg(best ORDER BY f), '{1,2,3,6,209}', 'frequency scores end at their limits') FROM (SELECT f, max(frequency) AS best FROM rfm GROUP BY f) s;
SELECT is(array_agg(round(best::numeric, 3) ORDER BY m) FILTER (WHERE m < 5),
	(SELECT array_agg(round(max::numeric, 3) ORDER BY upto) FROM (SELECT upto, max(monetary) FROM rfm, unnest('{250.194,490.096,942.276,2058.426}'::float8[]) upto WHERE monetary <= upto GROUP BY upto) l),
	'monetary scores end at their limits') FROM (SELECT m, max(monetary) AS best FROM rfm GROUP BY m) s;
SELECT is(round(100 * avg((frequency > 1)::int), 4), 65.5832, 'more than one invoice') FROM rfm;
SELECT is(array_agg(customer || ': ' || round(monetary::numeric, 2) ORDER BY monetary DESC), '{14646: 280206.02,18102: 259657.30,17450: 194550.79}', 'the first three')
FROM (SELECT * FROM rfm ORDER BY monetary DESC LIMIT 3) t;
SELECT is(customers || ': ' || round(100 * amount_share::numeric, 4), '868: 74.6171', 'the best fifth') FROM pareto_share(:sales, '{0.2}', '2011-12-10', :columns);
SELECT is(array_agg(active ORDER BY age), '{885,324,286,340,321,352,321,309,313,350,331,445,235}', 'the cohort of December 2010')
FROM cohort_table(:sales, 'month', :columns) WHERE cohort = '2010-12-01';
SELECT is(array_agg(round(amount::numeric, 2) ORDER BY period_start),
	'{572713.89,569445.04,447137.35,595500.76,469200.36,678594.56,661213.69,600091.01,645343.90,952838.38,1039318.79,1161817.38,518192.79}', 'revenue by month')
FROM (SELECT period_start, sum(amount) AS amount FROM cohort_table(:sales, 'month', :columns) GROUP BY 1) m;
SELECT is(count(*), 0::bigint, 'every week''s cohorts as by GROUP BY') FROM (
	SELECT cohort, period_start, active FROM cohort_table(:sales, 'week', :columns) WHERE active > 0
	EXCEPT SELECT cohort, week, count(DISTINCT customer_id) FROM (
		SELECT customer_id, date_trunc('week', invoice_date)::date AS week, min(date_trunc('week', invoice_date)::date) OVER (PARTITION BY customer_id) AS cohort
		FROM online_retail WHERE customer_id IS NOT NULL AND invoice_no NOT LIKE 'C%' AND quantity > 0 AND unit_price > 0) w GROUP BY 1, 2) d;

-- the whole file, returns and customers without a number in it
CREATE TEMP TABLE features AS SELECT * FROM purchase_features_as(NULL::int, 'SELECT * FROM online_retail', date '2011-09-01', '90 days', columns => :columns);
SELECT is(count(*), 0::bigint, 'features as by GROUP BY') FROM (
	SELECT customer, frequency, items, quantity, round(monetary::numeric, 4), round(return_share::numeric, 8) FROM features
	EXCEPT SELECT customer_id, count(DISTINCT invoice_no) FILTER (WHERE quantity >= 0), count(DISTINCT stock_code) FILTER (WHERE quantity >= 0),
		COALESCE(sum(quantity) FILTER (WHERE quantity >= 0), 0), round(COALESCE(sum(quantity * unit_price) FILTER (WHERE quantity >= 0), 0)::numeric, 4),
		round((COALESCE(-sum(quantity * unit_price) FILTER (WHERE quantity < 0), 0) / NULLIF(sum(quantity * unit_price) FILTER (WHERE quantity >= 0), 0))::numeric, 8)
	FROM online_retail WHERE invoice_date < '2011-09-01' AND customer_id IS NOT NULL GROUP BY 1) d;
SELECT is(count(*) FILTER (WHERE buys), (SELECT count(DISTINCT customer_id) FROM online_retail WHERE quantity >= 0 AND invoice_date >= '2011-09-01' AND invoice_date < '2011-11-30'
	AND customer_id IN (SELECT customer_id FROM online_retail WHERE invoice_date < '2011-09-01')), 'labels') FROM features;

-- what they are for: who will buy again. Trained at one date, tested at a later one.
CREATE TEMP TABLE churn AS SELECT train_classifier(f, 'buys', boosting(exclude => '{customer}', learning_rate => 0.05, trees => 150, min_rows => 30)) AS m
FROM purchase_features('SELECT * FROM online_retail', date '2011-06-01', '90 days', columns => :columns) f;
SELECT cmp_ok(auc(buys, predict_purchase(m, f)), '>', auc(buys, -recency_days) + 0.03, 'who buys in the next 90 days, asked three months later: better than recency alone') FROM churn, features f;
SELECT diag('AUC ' || round(auc(buys, predict_purchase(m, f))::numeric, 4) || ', recency alone ' || round(auc(buys, -recency_days)::numeric, 4)) FROM churn, features f;
SELECT * FROM finish();
ROLLBACK;
