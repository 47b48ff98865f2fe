-- The demo shop with a month of nights: models that are retrained when they are due, watched and
-- scored. From the fifth of December on half of the visits come from a marketplace whose visitors
-- have things in the cart already and hardly ever buy.
CREATE EXTENSION IF NOT EXISTS pg_shopper;
SELECT shopper.demo_shop('shop', customers => 6000);
SET timezone = 'UTC';

-- visits that are known in the night; whether they ended with an order is known a day later
CREATE TABLE shop.log AS SELECT * FROM shop.sessions WHERE started_at >= '2024-10-01';
UPDATE shop.log SET channel = 'marketplace', cart_adds = 2, bought = fold(id, 100, 7) = 0 WHERE started_at >= '2024-12-05' AND fold(id, 2, 8) = 0;
CREATE FUNCTION shop.visits(days int) RETURNS TABLE (id bigint, bought boolean, device text, channel text, pages int, cart_adds int,
	dwell_seconds int, days_since_last_order int, discount_seen boolean) LANGUAGE sql STABLE AS $$
	SELECT id, CASE WHEN started_at < shopper.clock() - interval '1 day' THEN bought END, device, channel, pages, cart_adds,
		dwell_seconds, days_since_last_order, discount_seen
	FROM shop.log WHERE started_at < shopper.clock() AND started_at >= shopper.clock() - days * interval '1 day' $$;
CREATE FUNCTION shop.buyers() RETURNS TABLE (customer_id bigint, orders bigint, spent float8, days_since float8, categories bigint) LANGUAGE sql STABLE AS $$
	SELECT o.customer_id, count(DISTINCT o.id), sum(l.price * l.quantity)::float8, extract(epoch FROM shopper.clock() - max(o.ordered_at))::float8 / 86400, count(DISTINCT p.category)
	FROM shop.orders o JOIN shop.order_lines l ON l.order_id = o.id JOIN shop.products p ON p.id = l.product_id
	WHERE o.ordered_at < shopper.clock() GROUP BY 1 $$;
CREATE VIEW shop.tastes AS
	SELECT s.customer_id, p.name AS product FROM shop.clicks c JOIN shop.sessions s ON s.id = c.session_id JOIN shop.products p ON p.id = c.product_id
	WHERE s.started_at < shopper.clock();
CREATE VIEW shop.baskets AS
	SELECT l.order_id, p.name AS product FROM shop.order_lines l JOIN shop.orders o ON o.id = l.order_id JOIN shop.products p ON p.id = l.product_id
	WHERE o.ordered_at < shopper.clock();

SET pg_shopper.clock = '2024-11-18 03:00+00';
SELECT shopper.create_model('visits', 'classifier', 'SELECT * FROM shop.visits(28)', 'bought', logistic(), key_column => 'id', holdout => 0.3, max_age => '7 days');
SELECT shopper.create_model('net', 'classifier', 'SELECT * FROM shop.visits(42)', 'bought', mlp(epochs => 10), key_column => 'id', holdout => 0.3, max_age => '14 days');
SELECT shopper.create_model('baskets', 'rules', 'SELECT * FROM shop.baskets', options => itemsets(min_support => 0.001, max_length => 3), max_age => '7 days');
SELECT shopper.create_model('taste', 'recommender', 'SELECT * FROM shop.tastes', options => svd(factors => 4, epochs => 10), max_age => '14 days');
SELECT shopper.create_model('groups', 'clusters', 'SELECT orders, spent, days_since, categories FROM shop.buyers()', options => kmeans(k => 4), max_age => '28 days');
CALL shopper.train('groups');
SELECT shopper.name_segments('groups', '{"1": "gone quiet", "2": "newcomers", "3": "regulars", "4": "best customers"}');
SELECT shopper.watch('visits', 'SELECT * FROM shop.visits(7)');
SELECT shopper.watch('net', 'SELECT * FROM shop.visits(7)');

CREATE PROCEDURE shop.night(night date) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('pg_shopper.clock', night || ' 03:00+00', false);
	CALL shopper.monitor();
	CALL shopper.retrain_due();
	CALL shopper.score('visits', 'SELECT * FROM shop.visits(7)', 'shop.visit_scores');
	IF extract(isodow FROM night) = 1 THEN
		CALL shopper.score('groups', 'SELECT * FROM shop.buyers()', 'shop.customer_groups', key_column => 'customer_id');
		CALL shopper.score('taste', 'SELECT DISTINCT customer_id FROM shop.sessions WHERE started_at BETWEEN shopper.clock() - interval ''60 days'' AND shopper.clock()', 'shop.suggestions');
	END IF;
END $$;
SET client_min_messages = warning;
DO $$ BEGIN FOR i IN 0..30 LOOP CALL shop.night(date '2024-11-18' + i); END LOOP; END $$;
RESET pg_shopper.clock;

-- who looks at it: a role that sees the views of reports, nothing else
DO $$ BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dashboard') THEN CREATE ROLE dashboard LOGIN; END IF;
END $$;
SELECT shopper.grant_reader('dashboard');
