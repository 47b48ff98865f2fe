/*
 * shopper.demo_shop: an electronics shop to try everything on, made up from a seed.
 *
 * Every draw is a hash of the seed and of what it is for, so the same call makes the
 * same shop on every machine. What is planted, for models to find:
 *
 * Purchases. log-odds of a session = a base of -2.6
 *   + cart_adds: 0 -1.3, 1 +0.7, 2 +1.2, 3 or 4 +0.8, more -0.6 (wish lists)
 *   + device: desktop +0.3; phone -0.4, but +0.8 instead from email
 *   + channel: email +0.5, direct +0.3, ads -0.3, social -0.8
 *   + discount_seen: +0.9 for new customers and after 120 days, -0.1 for the others
 *   + days since the last order: below 7 -1.2, 14 to 60 +0.8, above 200 -0.5, new -0.3
 *   + pages: 5 to 12 +0.3, above 25 -0.5;  dwell: below 20 seconds -1.5
 *   + December +0.2, and a hidden intent (sd 0.5), of which product_views tells a part.
 * A session without product views buys nothing.
 *
 * Baskets. With its chance each, an order has besides its main product: the case of that
 * phone 0.55, a screen protector 0.25, a charger 0.18; the ink of that printer 0.65; an
 * HDMI cable with a TV 0.45, a soundbar 0.12; a memory card with a camera 0.60, a camera
 * bag 0.15; a mouse with a laptop 0.35, a sleeve 0.20; the cover of that tablet 0.40; the
 * strap of that watch 0.30; the controller of that console 0.50. 12 of 100 orders have a
 * popular product besides.
 *
 * Taste. A rating is 3.6 + customer (sd 0.4) + product (sd 0.35) + the dot product of
 * three hidden tastes (gadgets, pictures, living room) + noise (sd 0.55), rounded and
 * kept within 1 to 5. Of four products, drawn by popularity, a customer clicks at the one
 * most to his taste; what he clicks at last he buys, if he buys.
 *
 * Times. Visits grow by 30 % a year, are 30 % more at weekends, 2.2 times as many from
 * Black Friday to Christmas and peak in the evening. Customers leave for good at a
 * constant rate (once in 500 days); how often they come is exponential among them.
 */

CREATE FUNCTION shopper.demo_draw(seed bigint, stream int, key bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (@extschema@.fold(key * 64 + stream, 1073741824, seed) + 0.5::pg_catalog.float8) / 1073741824 $$;
COMMENT ON FUNCTION shopper.demo_draw(bigint, int, bigint) IS 'A number between 0 and 1 that depends on its arguments alone; the demo shop is drawn with it';

CREATE FUNCTION shopper.demo_noise(seed bigint, stream int, key bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT pg_catalog.ln(u / (1 - u)) * 0.5513 FROM (SELECT shopper.demo_draw(seed, stream, key) AS u OFFSET 0) AS d $$;
COMMENT ON FUNCTION shopper.demo_noise(bigint, int, bigint) IS 'A draw from the logistic distribution with mean 0 and standard deviation 1; the demo shop is drawn with it';

CREATE FUNCTION shopper.demo_tables(shop text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$body$
BEGIN
	EXECUTE format($sql$
	CREATE TABLE %1$I.customers (
		id bigint PRIMARY KEY, name text NOT NULL, signed_up date NOT NULL, city text NOT NULL, age int NOT NULL);
	CREATE TABLE %1$I.products (
		id bigint PRIMARY KEY, name text NOT NULL UNIQUE, category text NOT NULL, brand text NOT NULL, price numeric(8,2) NOT NULL);
	CREATE TABLE %1$I.sessions (
		id bigint PRIMARY KEY, customer_id bigint NOT NULL, started_at timestamptz NOT NULL, device text NOT NULL, channel text NOT NULL,
		pages int NOT NULL, product_views int NOT NULL, searches int NOT NULL, cart_adds int NOT NULL, dwell_seconds int NOT NULL,
		days_since_last_order int, discount_seen boolean NOT NULL, bought boolean NOT NULL);
	CREATE TABLE %1$I.clicks (
		session_id bigint, product_id bigint NOT NULL, clicked_at timestamptz, dwell_seconds int NOT NULL, PRIMARY KEY (session_id, clicked_at));
	CREATE TABLE %1$I.orders (
		id bigint PRIMARY KEY, customer_id bigint NOT NULL, session_id bigint NOT NULL UNIQUE, ordered_at timestamptz NOT NULL, total numeric(10,2) NOT NULL);
	CREATE TABLE %1$I.order_lines (
		order_id bigint, product_id bigint, quantity int NOT NULL, price numeric(8,2) NOT NULL, PRIMARY KEY (order_id, product_id));
	CREATE TABLE %1$I.returns (
		order_id bigint, product_id bigint, returned_at timestamptz NOT NULL, reason text NOT NULL, PRIMARY KEY (order_id, product_id));
	CREATE TABLE %1$I.ratings (
		customer_id bigint, product_id bigint, rating int NOT NULL, rated_at timestamptz NOT NULL, PRIMARY KEY (customer_id, product_id));
	CREATE TABLE %1$I.reviews (
		customer_id bigint, product_id bigint, rating int NOT NULL, review text NOT NULL, written_at timestamptz NOT NULL, PRIMARY KEY (customer_id, product_id));

	COMMENT ON TABLE %1$I.customers IS 'Customers of the demo shop';
	COMMENT ON COLUMN %1$I.customers.signed_up IS 'Day from which the customer may come';
	COMMENT ON TABLE %1$I.products IS 'What the demo shop sells';
	COMMENT ON COLUMN %1$I.products.price IS 'List price';
	COMMENT ON TABLE %1$I.sessions IS 'Visits of the demo shop in 2023 and 2024, numbered in the order of time';
	COMMENT ON COLUMN %1$I.sessions.channel IS 'How the customer came: search, direct, email, ads or social';
	COMMENT ON COLUMN %1$I.sessions.pages IS 'Pages of all kinds that were opened';
	COMMENT ON COLUMN %1$I.sessions.cart_adds IS 'Products put into the cart';
	COMMENT ON COLUMN %1$I.sessions.dwell_seconds IS 'Length of the visit';
	COMMENT ON COLUMN %1$I.sessions.days_since_last_order IS 'Before this visit; NULL for customers without an order';
	COMMENT ON COLUMN %1$I.sessions.discount_seen IS 'Was a discount offered? Then prices are 10 %% lower';
	COMMENT ON COLUMN %1$I.sessions.bought IS 'Did the visit end with an order? The target to predict';
	COMMENT ON TABLE %1$I.clicks IS 'Product pages that were opened in sessions';
	COMMENT ON TABLE %1$I.orders IS 'Orders, one for each session that bought';
	COMMENT ON COLUMN %1$I.orders.total IS 'Sum of quantity and price of the order''s lines';
	COMMENT ON TABLE %1$I.order_lines IS 'Products of orders: baskets to find rules in';
	COMMENT ON COLUMN %1$I.order_lines.price IS 'Price paid for one piece';
	COMMENT ON TABLE %1$I.returns IS 'Order lines that were sent back';
	COMMENT ON TABLE %1$I.ratings IS 'Ratings of products, also of products bought elsewhere';
	COMMENT ON COLUMN %1$I.ratings.rating IS '1 (worst) to 5 (best)';
	COMMENT ON TABLE %1$I.reviews IS 'What some customers wrote about their rating';
	COMMENT ON COLUMN %1$I.reviews.rating IS 'The rating that belongs to the review';
	$sql$, shop);
END
$body$;
COMMENT ON FUNCTION shopper.demo_tables(text) IS 'A step of demo_shop: its empty tables';

-- hidden_* tables hold what is not to be seen, while the shop is made.
CREATE FUNCTION shopper.demo_products(shop text, seed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$body$
BEGIN
	EXECUTE format($sql$
	CREATE TABLE %1$I.hidden_products AS
	WITH kinds(kind, category, pattern, low, high, weight, f1, f2, f3, models) AS (VALUES
		('phone', 'Phones', '%%s phone', 199, 1199, 30, 0.9, 0.2, -0.2, 'Kestrel Aero|Kestrel Bolt|Kestrel Cirrus|Halden One|Halden One Plus|Halden Mini|Nordlys 5|Nordlys 6|Nordlys 6 Pro|Voltara Go|Voltara Max|Voltara Fold'),
		('case', 'Phone cases', 'Case for %%s', 15, 45, 3, 0.6, 0.1, -0.1, 'Kestrel Aero|Kestrel Bolt|Kestrel Cirrus|Halden One|Halden One Plus|Halden Mini|Nordlys 5|Nordlys 6|Nordlys 6 Pro|Voltara Go|Voltara Max|Voltara Fold'),
		('screen', 'Screen protectors', '%%s screen protector', 9, 25, 2, 0.5, 0, 0, 'Shellby Clear|Shellby Matte|Tessera Glass'),
		('charger', 'Chargers', '%%s charger', 12, 49, 6, 0.5, -0.2, 0, 'Arcwell 45 W|Arcwell 20 W|Arcwell 65 W|Voltara 30 W|Arcwell wireless|Voltara car'),
		('laptop', 'Laptops', '%%s laptop', 449, 2399, 16, 0.7, 0.6, -0.3, 'Quill Air 13|Quill Air 15|Quill Pro 14|Quill Pro 16|Halden Book 14|Halden Book 16|Tessera Nova|Tessera Nova Gaming|Nordlys Slate|Pixelon Studio'),
		('mouse', 'Mice', '%%s mouse', 14, 89, 4, 0.6, 0.3, -0.2, 'Arcwell Silent|Arcwell Travel|Tessera Claw|Tessera Claw Pro|Quill Vertical|Pixelon Pen'),
		('sleeve', 'Laptop sleeves', '%%s sleeve', 19, 39, 2, 0.3, 0.5, 0, 'Shellby 14 inch|Shellby 13 inch|Shellby 15 inch|Shellby 16 inch'),
		('printer', 'Printers', '%%s printer', 79, 349, 8, -0.5, 0.5, 0.3, 'Inkwell 200|Inkwell 300|Inkwell 450|Laserly M1|Laserly M2|Laserly Color'),
		('ink', 'Ink and toner', 'Cartridge for %%s', 19, 79, 5, -0.5, 0.4, 0.3, 'Inkwell 200|Inkwell 300|Inkwell 450|Laserly M1|Laserly M2|Laserly Color'),
		('tv', 'Televisions', '%%s TV', 229, 2499, 12, -0.2, -0.3, 1.0, 'Lumio 43 inch|Lumio 55 inch|Lumio 32 inch|Lumio 65 inch|Sonora 50 inch|Sonora 65 inch|Sonora 77 inch|Pixelon 55 inch'),
		('hdmi', 'Cables', '%%s HDMI cable', 8, 29, 3, 0.1, 0, 0.5, 'Arcwell 2 m|Arcwell 1 m|Arcwell 5 m|Lumio braided'),
		('soundbar', 'Soundbars', '%%s soundbar', 129, 699, 4, -0.1, 0, 0.9, 'Sonora Beam|Sonora Arch|Lumio Bar|Lumio Bar Pro'),
		('headphones', 'Headphones', '%%s headphones', 29, 349, 15, 0.6, 0.3, 0.4, 'Sonora Quiet|Sonora Quiet Pro|Sonora Run|Tessera Arena|Tessera Arena Pro|Lumio Buds|Lumio Buds Pro|Kestrel Pods|Arcwell Kids|Nordlys Studio'),
		('camera', 'Cameras', '%%s camera', 299, 2199, 10, -0.1, 1.0, 0.1, 'Pixelon A1|Pixelon A3|Pixelon A7|Pixelon Compact|Optika M|Optika M2|Optika Travel|Optika Action'),
		('card', 'Memory cards', '%%s memory card', 12, 119, 3, 0.2, 0.8, 0, 'Tessera 128 GB|Tessera 64 GB|Tessera 256 GB|Tessera 512 GB|Pixelon fast 128 GB'),
		('bag', 'Camera bags', '%%s camera bag', 29, 99, 2, -0.2, 0.8, 0, 'Shellby Small|Shellby Large|Optika Sling'),
		('tablet', 'Tablets', '%%s tablet', 149, 1099, 9, 0.4, 0.5, 0.4, 'Halden Tab 8|Halden Tab 11|Nordlys Pad|Nordlys Pad Pro|Quill Draw|Kestrel Kids'),
		('cover', 'Tablet covers', 'Cover for %%s', 19, 59, 2, 0.3, 0.4, 0.3, 'Halden Tab 8|Halden Tab 11|Nordlys Pad|Nordlys Pad Pro|Quill Draw|Kestrel Kids'),
		('watch', 'Watches', '%%s watch', 99, 499, 8, 0.8, -0.2, 0.2, 'Kestrel Pulse|Kestrel Pulse 2|Halden Fit|Halden Fit Pro|Nordlys Time'),
		('strap', 'Watch straps', 'Strap for %%s', 15, 49, 2, 0.6, -0.1, 0.1, 'Kestrel Pulse|Kestrel Pulse 2|Halden Fit|Halden Fit Pro|Nordlys Time'),
		('console', 'Consoles', '%%s console', 249, 549, 8, 0.9, -0.6, 0.6, 'Arena S|Arena X|Pocketplay'),
		('controller', 'Controllers', 'Controller for %%s', 39, 69, 3, 0.8, -0.5, 0.5, 'Arena S|Arena X|Pocketplay'),
		('keyboard', 'Keyboards', '%%s keyboard', 25, 179, 5, 0.8, 0.3, -0.4, 'Tessera Clicky|Tessera Low|Quill Slim|Arcwell Fold|Arcwell Desk'),
		('speaker', 'Speakers', '%%s speaker', 39, 399, 7, 0.2, -0.1, 0.8, 'Sonora Cube|Sonora Tower|Lumio Party|Lumio Mini|Kestrel Home'),
		('router', 'Routers', '%%s router', 59, 299, 5, 0.4, -0.3, 0.5, 'Voltara Mesh|Voltara AX|Halden Net|Arcwell Link'),
		('power', 'Power banks', '%%s power bank', 19, 69, 6, 0.5, 0.4, -0.3, 'Voltara 10000|Voltara 5000|Voltara 20000|Arcwell Slim')),
	listed AS (
		SELECT row_number() OVER (ORDER BY k.at, m.no) AS id, k.*, m.model, m.no::int, count(*) OVER (PARTITION BY kind) AS models_of_kind
		FROM (SELECT *, row_number() OVER () AS at FROM kinds) AS k, unnest(string_to_array(k.models, '|')) WITH ORDINALITY AS m(model, no))
	SELECT id, kind, no, models_of_kind::int, category, format(pattern, model) AS name, split_part(model, ' ', 1) AS brand,
		(round(low + (high - low) * (no - 1 + shopper.demo_draw($1, 1, id)) / models_of_kind) - 0.01)::numeric(8,2) AS price,
		ceil(12 * weight / no ^ 0.4 / models_of_kind ^ 0.6)::int AS tickets,
		0.35 * shopper.demo_noise($1, 2, id) AS bias,
		f1 + 0.35 * shopper.demo_noise($1, 3, id) AS f1, f2 + 0.35 * shopper.demo_noise($1, 4, id) AS f2, f3 + 0.35 * shopper.demo_noise($1, 5, id) AS f3
	FROM listed;
	INSERT INTO %1$I.products SELECT id, name, category, brand, price FROM %1$I.hidden_products ORDER BY id;

	CREATE TABLE %1$I.hidden_attach AS
	SELECT row_number() OVER () AS no, * FROM (VALUES
		('phone', 'case', true, 0.55), ('phone', 'screen', false, 0.25), ('phone', 'charger', false, 0.18), ('printer', 'ink', true, 0.65),
		('tv', 'hdmi', false, 0.45), ('tv', 'soundbar', false, 0.12), ('camera', 'card', false, 0.60), ('camera', 'bag', false, 0.15),
		('laptop', 'mouse', false, 0.35), ('laptop', 'sleeve', false, 0.20), ('tablet', 'cover', true, 0.40), ('watch', 'strap', true, 0.30),
		('console', 'controller', true, 0.50)) AS v(kind, other, own, chance);
	$sql$, shop) USING seed;
END
$body$;
COMMENT ON FUNCTION shopper.demo_products(text, bigint) IS 'A step of demo_shop: the products';

CREATE FUNCTION shopper.demo_customers(shop text, customers int, seed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$body$
BEGIN
	-- days count from 2023-01-01; four of ten customers are there when the shop opens
	EXECUTE format($sql$
	CREATE TABLE %1$I.hidden_customers AS
	WITH starts AS (
		SELECT c AS customer_id, greatest(0, floor(731 * (shopper.demo_draw($1, 10, c) * 1.6 - 0.65)))::int AS first_day FROM generate_series(1::bigint, $2) AS c OFFSET 0)
	SELECT customer_id, first_day, least(730, first_day + floor(-500 * ln(shopper.demo_draw($1, 11, customer_id))))::int AS last_day,
		-12 * ln(shopper.demo_draw($1, 12, customer_id)) AS visits_a_year,
		0.4 * shopper.demo_noise($1, 13, customer_id) AS bias,
		0.75 * shopper.demo_noise($1, 14, customer_id) AS t1, 0.75 * shopper.demo_noise($1, 15, customer_id) AS t2, 0.75 * shopper.demo_noise($1, 16, customer_id) AS t3
	FROM starts;
	INSERT INTO %1$I.customers
	SELECT customer_id,
		(string_to_array('Ada,Ben,Chloe,David,Emma,Felix,Grace,Hugo,Iris,Jonas,Karin,Liam,Mona,Noah,Olga,Paul,Quentin,Rosa,Sam,Tara,Uma,Victor,Wendy,Yusuf', ','))
			[1 + floor(24 * shopper.demo_draw($1, 17, customer_id))::int] || ' ' ||
		(string_to_array('Adler,Berg,Costa,Dubois,Evans,Ferrari,Garcia,Hansen,Ivanova,Jensen,Kowalski,Lind,Moreau,Novak,Okafor,Patel,Quinn,Rossi,Silva,Tanaka,Ueda,Vogel,Weber,Zhang', ','))
			[1 + floor(24 * shopper.demo_draw($1, 18, customer_id))::int],
		date '2023-01-01' + first_day,
		(string_to_array('London,London,Paris,Paris,Berlin,Berlin,Madrid,Rome,Vienna,Prague,Oslo,Lisbon', ','))[1 + floor(12 * shopper.demo_draw($1, 19, customer_id))::int],
		18 + floor(60 * shopper.demo_draw($1, 20, customer_id) ^ 1.5)::int
	FROM %1$I.hidden_customers ORDER BY customer_id;
	$sql$, shop) USING seed, customers;
END
$body$;
COMMENT ON FUNCTION shopper.demo_customers(text, int, bigint) IS 'A step of demo_shop: the customers';

CREATE FUNCTION shopper.demo_visits(shop text, seed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$body$
DECLARE
	day_of int[];		-- each day as often as its share of the visits
	first_of int[];		-- where each day begins in day_of
	hour_of int[] := string_to_array('0,1,6,7,7,8,8,9,9,9,10,10,10,11,11,11,12,12,12,12,13,13,13,14,14,15,15,16,16,17,17,17,18,18,18,18,19,19,19,19,19,20,20,20,20,20,20,21,21,21,21,21,22,22,22,23', ',')::int[];
BEGIN
	WITH days AS (
		SELECT i AS day, round(10 * (1 + 0.3 * i / 365.0) * CASE WHEN extract(isodow FROM date '2023-01-01' + i) >= 6 THEN 1.3 ELSE 1 END
			* CASE WHEN to_char(date '2023-01-01' + i, 'MMDD') BETWEEN '1124' AND '1223' THEN 2.2 ELSE 1 END)::int AS weight
		FROM generate_series(0, 730) AS i)
	SELECT (SELECT array_agg(day ORDER BY day) FROM days, generate_series(1, weight)),
		(SELECT array_agg(first ORDER BY day) FROM (SELECT day, 1 + sum(weight) OVER (ORDER BY day) - weight AS first FROM days) AS s)
	INTO day_of, first_of;

	EXECUTE format($sql$
	CREATE TABLE %1$I.hidden_visits AS
	WITH visits AS MATERIALIZED (
		SELECT customer_id, customer_id * 1024 + k AS v, day_of, date_part('month', date '2023-01-01' + day_of) AS month, shopper.demo_noise($1, 21, customer_id * 1024 + k) AS intent
		FROM (SELECT customer_id, k, ($2)[($3)[first_day + 1] + floor((coalesce(($3)[last_day + 2], array_length($2, 1) + 1) - ($3)[first_day + 1]) * shopper.demo_draw($1, 20, customer_id * 1024 + k))::int] AS day_of
			FROM %1$I.hidden_customers,
				generate_series(1, least(1000, 1 + floor(visits_a_year * (last_day - first_day) / 365)::int)) AS k) AS s),
	seen AS MATERIALIZED (
		SELECT *, CASE WHEN shopper.demo_draw($1, 22, v) < 0.75 THEN shopper.demo_draw($1, 23, customer_id) ELSE shopper.demo_draw($1, 24, v) END AS device_draw,
			shopper.demo_draw($1, 25, v) AS channel_draw, floor(exp(0.7 + 0.45 * intent + 0.5 * shopper.demo_noise($1, 26, v)))::int AS views FROM visits),
	known AS MATERIALIZED (
		SELECT *, CASE WHEN device_draw < 0.52 THEN 'phone' WHEN device_draw < 0.9 THEN 'desktop' ELSE 'tablet' END AS device,
			CASE WHEN channel_draw < 0.35 THEN 'search' WHEN channel_draw < 0.6 THEN 'direct' WHEN channel_draw < 0.75 THEN 'email' WHEN channel_draw < 0.9 THEN 'ads' ELSE 'social' END AS channel,
			least(views, 40) AS product_views, 1 + least(views, 40) + floor(-2.5 * ln(shopper.demo_draw($1, 27, v)))::int AS pages FROM seen),
	acted AS MATERIALIZED (
		SELECT *, CASE WHEN product_views = 0 THEN 0 ELSE least(product_views, floor(-ln(shopper.demo_draw($1, 28, v)) * (0.75 + 0.15 * least(product_views, 6)))::int) END AS cart_adds,
			greatest(3, round(pages * 22 * exp(0.7 * shopper.demo_noise($1, 29, v))))::int AS dwell_seconds,
			floor(-ln(shopper.demo_draw($1, 30, v)) * CASE channel WHEN 'search' THEN 1.8 ELSE 0.9 END)::int AS searches,
			shopper.demo_draw($1, 31, v) < CASE WHEN channel = 'email' THEN 0.6 WHEN month >= 11 THEN 0.4 ELSE 0.2 END AS discount_seen,
			timestamptz '2023-01-01 00:00+00' + make_interval(secs => day_of * 86400 + ($4)[1 + floor(array_length($4, 1) * shopper.demo_draw($1, 32, v))::int] * 3600
				+ floor(3600 * shopper.demo_draw($1, 33, v))) AS started_at FROM known)
	SELECT customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY started_at, v)::int AS n, v, started_at, device, channel, pages, product_views, searches, cart_adds, dwell_seconds, discount_seen,
		CASE WHEN product_views = 0 THEN -99 ELSE -2.6
			+ CASE WHEN cart_adds = 0 THEN -1.3 WHEN cart_adds = 1 THEN 0.7 WHEN cart_adds = 2 THEN 1.2 WHEN cart_adds <= 4 THEN 0.8 ELSE -0.6 END
			+ CASE device WHEN 'desktop' THEN 0.3 WHEN 'phone' THEN CASE channel WHEN 'email' THEN 0.8 ELSE -0.4 END ELSE 0 END
			+ CASE channel WHEN 'email' THEN 0.5 WHEN 'direct' THEN 0.3 WHEN 'ads' THEN -0.3 WHEN 'social' THEN -0.8 ELSE 0 END
			+ CASE WHEN pages BETWEEN 5 AND 12 THEN 0.3 WHEN pages > 25 THEN -0.5 ELSE 0 END + CASE WHEN dwell_seconds < 20 THEN -1.5 ELSE 0 END
			+ CASE WHEN month = 12 THEN 0.2 ELSE 0 END + 0.5 * intent END
			- ln(luck / (1 - luck)) AS surplus
	FROM (SELECT *, shopper.demo_draw($1, 34, v) AS luck FROM acted OFFSET 0) AS s;
	CREATE UNIQUE INDEX ON %1$I.hidden_visits (customer_id, n);
	ANALYZE %1$I.hidden_visits;
	$sql$, shop) USING seed, day_of, first_of, hour_of;

	-- a visit's last order depends on the visits before it: customer by customer, visit by visit
	EXECUTE format($sql$
	INSERT INTO %1$I.sessions
	WITH RECURSIVE walk AS (
		SELECT customer_id, n, started_at, NULL::int AS days, NULL::timestamptz AS last_order, surplus - 0.3 + CASE WHEN discount_seen THEN 0.9 ELSE 0 END > 0 AS bought
		FROM %1$I.hidden_visits WHERE n = 1
		UNION ALL
		SELECT v.customer_id, v.n, v.started_at, s.days, s.last_order, v.surplus
			+ CASE WHEN s.days IS NULL THEN -0.3 WHEN s.days < 7 THEN -1.2 WHEN s.days BETWEEN 14 AND 60 THEN 0.8 WHEN s.days > 200 THEN -0.5 ELSE 0 END
			+ CASE WHEN NOT v.discount_seen THEN 0 WHEN s.days IS NULL OR s.days > 120 THEN 0.9 ELSE -0.1 END > 0
		FROM walk AS w JOIN %1$I.hidden_visits AS v ON v.customer_id = w.customer_id AND v.n = w.n + 1,
			LATERAL (SELECT CASE WHEN w.bought THEN w.started_at ELSE w.last_order END AS last_order) AS l,
			LATERAL (SELECT l.last_order, floor(extract(epoch FROM v.started_at - l.last_order) / 86400)::int AS days OFFSET 0) AS s)
	SELECT row_number() OVER (ORDER BY v.started_at, v.v), customer_id, v.started_at, device, channel, pages, product_views, searches, cart_adds, dwell_seconds,
		w.days, discount_seen, w.bought
	FROM walk AS w JOIN %1$I.hidden_visits AS v USING (customer_id, n)
	ORDER BY v.started_at, v.v;
	$sql$, shop);
END
$body$;
COMMENT ON FUNCTION shopper.demo_visits(text, bigint) IS 'A step of demo_shop: the sessions';

CREATE FUNCTION shopper.demo_orders(shop text, seed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$body$
DECLARE
	popular int[];		-- each product as often as its share
BEGIN
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM %1$I.hidden_products, generate_series(1, tickets)', shop) INTO popular;

	-- of four popular products a customer clicks at the one most to his taste
	EXECUTE format($sql$
	INSERT INTO %1$I.clicks
	WITH drawn AS MATERIALIZED (
		SELECT id AS session_id, customer_id, c, started_at, dwell_seconds, product_views,
			($2)[1 + floor(array_length($2, 1) * shopper.demo_draw($1, 40, (id * 64 + c) * 4 + choice))::int] AS product_id
		FROM %1$I.sessions, generate_series(1, product_views) AS c, generate_series(0, 3) AS choice)
	SELECT DISTINCT ON (session_id, c) session_id, p.id,
		started_at + make_interval(secs => floor(1000.0 * c * dwell_seconds / (product_views + 1)) / 1000), 1 + dwell_seconds / (product_views + 2)
	FROM drawn AS d JOIN %1$I.hidden_customers AS h USING (customer_id) JOIN %1$I.hidden_products AS p ON p.id = d.product_id
	ORDER BY session_id, c, t1 * f1 + t2 * f2 + t3 * f3 DESC, p.id;

	-- the main product is the one clicked at last
	CREATE TABLE %1$I.hidden_orders AS
	SELECT row_number() OVER (ORDER BY s.id) AS order_id, s.id AS session_id, s.customer_id, s.started_at + make_interval(secs => s.dwell_seconds) AS ordered_at, discount_seen,
		(SELECT product_id FROM %1$I.clicks AS c WHERE c.session_id = s.id ORDER BY clicked_at DESC LIMIT 1) AS product_id
	FROM %1$I.sessions AS s WHERE bought;

	INSERT INTO %1$I.order_lines
	WITH wanted AS (
		SELECT order_id, product_id, 1 AS quantity, discount_seen FROM %1$I.hidden_orders
		UNION ALL
		SELECT o.order_id, q.id, 1, discount_seen
		FROM %1$I.hidden_orders AS o JOIN %1$I.hidden_products AS p ON p.id = o.product_id JOIN %1$I.hidden_attach AS a ON a.kind = p.kind
			JOIN %1$I.hidden_products AS q ON q.kind = a.other
				AND q.no = CASE WHEN own THEN p.no ELSE 1 + floor(q.models_of_kind * shopper.demo_draw($1, 42, o.order_id * 64 + a.no) ^ 3)::int END
		WHERE shopper.demo_draw($1, 43, o.order_id * 64 + a.no) < chance
		UNION ALL
		SELECT order_id, ($2)[1 + floor(array_length($2, 1) * shopper.demo_draw($1, 44, order_id))::int], 1 + (shopper.demo_draw($1, 45, order_id) < 0.2)::int, discount_seen
		FROM %1$I.hidden_orders WHERE shopper.demo_draw($1, 46, order_id) < 0.12)
	SELECT order_id, w.product_id, max(quantity), round(p.price * CASE WHEN bool_or(discount_seen) THEN 0.9 ELSE 1 END, 2)
	FROM wanted AS w JOIN %1$I.products AS p ON p.id = w.product_id
	GROUP BY order_id, w.product_id, p.price ORDER BY order_id, w.product_id;

	INSERT INTO %1$I.orders
	SELECT order_id, customer_id, session_id, ordered_at, (SELECT sum(quantity * price) FROM %1$I.order_lines AS l WHERE l.order_id = o.order_id)
	FROM %1$I.hidden_orders AS o ORDER BY order_id;

	INSERT INTO %1$I.returns
	SELECT order_id, product_id, ordered_at + make_interval(secs => floor(86400 * (2 + 20 * shopper.demo_draw($1, 47, order_id * 256 + product_id)))),
		(string_to_array('wrong size,does not work,changed my mind,found it cheaper,late', ','))[1 + floor(5 * shopper.demo_draw($1, 48, order_id * 256 + product_id) ^ 1.5)::int]
	FROM %1$I.order_lines JOIN %1$I.orders ON orders.id = order_id JOIN %1$I.hidden_products AS p ON p.id = product_id
	WHERE shopper.demo_draw($1, 49, order_id * 256 + product_id) < CASE kind WHEN 'headphones' THEN 0.12 WHEN 'case' THEN 0.09 WHEN 'ink' THEN 0.01 ELSE 0.05 END;
	$sql$, shop) USING seed, popular;
END
$body$;
COMMENT ON FUNCTION shopper.demo_orders(text, bigint) IS 'A step of demo_shop: clicks, orders, order lines and returns';

CREATE FUNCTION shopper.demo_ratings(shop text, seed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$body$
DECLARE
	popular int[];
BEGIN
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM %1$I.hidden_products, generate_series(1, tickets)', shop) INTO popular;

	-- six of ten customers rate about twelve products, half of the order lines are rated
	EXECUTE format($sql$
	INSERT INTO %1$I.ratings
	WITH rated AS (
		SELECT customer_id, ($2)[1 + floor(array_length($2, 1) * shopper.demo_draw($1, 50, customer_id * 64 + k))::int]::bigint AS product_id,
			timestamptz '2023-01-01 00:00+00' + make_interval(secs => floor(86400 * (first_day + (last_day + 1 - first_day) * shopper.demo_draw($1, 51, customer_id * 64 + k)))) AS rated_at
		FROM %1$I.hidden_customers, generate_series(1, 1 + floor(-11 * ln(shopper.demo_draw($1, 52, customer_id)))::int) AS k
		WHERE shopper.demo_draw($1, 53, customer_id) < 0.6 AND k < 60
		UNION ALL
		SELECT customer_id, product_id, ordered_at + make_interval(secs => floor(86400 * (3 + 11 * shopper.demo_draw($1, 54, order_id * 256 + product_id))))
		FROM %1$I.order_lines JOIN %1$I.orders ON orders.id = order_id
		WHERE shopper.demo_draw($1, 55, order_id * 256 + product_id) < 0.5)
	SELECT r.customer_id, r.product_id, greatest(1, least(5, round(3.6 + c.bias + p.bias + t1 * f1 + t2 * f2 + t3 * f3
		+ 0.55 * shopper.demo_noise($1, 56, r.customer_id * 256 + r.product_id))))::int, min(rated_at)
	FROM rated AS r JOIN %1$I.hidden_customers AS c USING (customer_id) JOIN %1$I.hidden_products AS p ON p.id = r.product_id
	GROUP BY r.customer_id, r.product_id, c.customer_id, c.bias, t1, t2, t3, p.bias, f1, f2, f3 ORDER BY min(rated_at), r.customer_id, r.product_id;

	-- a quarter of the ratings come with words; bad words in good reviews and the other way round
	INSERT INTO %1$I.reviews
	WITH openings(rating, texts) AS (VALUES
		(1, 'Broken after a week.|Not worth the money.|I wanted to like it, but it never worked.|Terrible, not recommended at all.|The best thing about it is the box.'),
		(2, 'Not good.|Could be better, I expected more.|Works, but not as described.|Disappointing for this price.|Nothing great about it.'),
		(3, 'It is ok, nothing special.|Neither good nor bad.|Does its job, no more.|Fine for the price.|Some good sides, some bad ones.'),
		(4, 'Not bad at all.|Good, with small flaws.|Works well, no problem so far.|I had doubts, they were wrong.|Happy with it.'),
		(5, 'Excellent, not a single complaint.|Could not be better.|Best purchase this year.|I love it, nothing is missing.|Never had a problem, perfect.')),
	middles(texts) AS (VALUES ('The battery lasts.|The battery does not last.|Setup was easy.|Setup was not easy.|It looks solid.|It does not feel solid.|Delivery was fast.|Delivery was not fast.')),
	chosen AS MATERIALIZED (SELECT *, customer_id * 256 + product_id AS key FROM %1$I.ratings WHERE shopper.demo_draw($1, 57, customer_id * 256 + product_id) < 0.25)
	SELECT customer_id, product_id, c.rating,
		(string_to_array(o.texts, '|'))[1 + floor(5 * shopper.demo_draw($1, 58, key))::int] || ' '
		|| (string_to_array(m.texts, '|'))[1 + 2 * floor(4 * shopper.demo_draw($1, 59, key))::int + (shopper.demo_draw($1, 60, key) > 0.1 + 0.2 * (c.rating - 1))::int]
		|| CASE WHEN shopper.demo_draw($1, 61, key) < 0.3 THEN CASE WHEN c.rating >= 4 THEN ' I would buy it again.' WHEN c.rating <= 2 THEN ' I would not buy it again.' ELSE '' END ELSE '' END,
		rated_at
	FROM chosen AS c JOIN openings AS o USING (rating), middles AS m ORDER BY rated_at, customer_id, product_id;
	$sql$, shop) USING seed, popular;
END
$body$;
COMMENT ON FUNCTION shopper.demo_ratings(text, bigint) IS 'A step of demo_shop: ratings and reviews';

CREATE FUNCTION shopper.demo_shop(schema_name text, customers int DEFAULT 20000, seed bigint DEFAULT 1) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS
$body$
DECLARE
	summary text;
BEGIN
	IF schema_name IS NULL OR customers IS NULL OR seed IS NULL THEN
		RAISE null_value_not_allowed USING MESSAGE = 'schema_name, customers and seed must not be null';
	END IF;
	IF customers NOT BETWEEN 1 AND 10000000 THEN
		RAISE invalid_parameter_value USING MESSAGE = format('customers must be between 1 and 10000000, got %s', customers);
	END IF;
	IF to_regclass(format('%I.customers', schema_name)) IS NOT NULL THEN
		RAISE duplicate_table USING MESSAGE = format('schema "%s" has a table "customers" already', schema_name),
			HINT = format('Choose another schema, or DROP SCHEMA %I CASCADE.', schema_name);
	END IF;
	IF to_regnamespace(quote_ident(schema_name)) IS NULL THEN
		EXECUTE format('CREATE SCHEMA %I', schema_name);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema_name, format('Demo shop of pg_shopper: shopper.demo_shop(%L, %s, %s)', schema_name, customers, seed));
	END IF;
	PERFORM shopper.demo_tables(schema_name);
	PERFORM shopper.demo_products(schema_name, seed);
	PERFORM shopper.demo_customers(schema_name, customers, seed);
	PERFORM shopper.demo_visits(schema_name, seed);
	PERFORM shopper.demo_orders(schema_name, seed);
	PERFORM shopper.demo_ratings(schema_name, seed);
	EXECUTE format($sql$
	DROP TABLE %1$I.hidden_products, %1$I.hidden_attach, %1$I.hidden_customers, %1$I.hidden_visits, %1$I.hidden_orders;
	ANALYZE %1$I.customers, %1$I.products, %1$I.sessions, %1$I.clicks, %1$I.orders, %1$I.order_lines, %1$I.returns, %1$I.ratings, %1$I.reviews;
	$sql$, schema_name);
	EXECUTE format($sql$
	SELECT format('%%s customers, %%s products, %%s sessions, %%s clicks, %%s orders, %%s order lines, %%s ratings, %%s reviews',
		(SELECT count(*) FROM %1$I.customers), (SELECT count(*) FROM %1$I.products), (SELECT count(*) FROM %1$I.sessions), (SELECT count(*) FROM %1$I.clicks),
		(SELECT count(*) FROM %1$I.orders), (SELECT count(*) FROM %1$I.order_lines), (SELECT count(*) FROM %1$I.ratings), (SELECT count(*) FROM %1$I.reviews))
	$sql$, schema_name) INTO summary;
	RETURN summary;
END
$body$;
COMMENT ON FUNCTION shopper.demo_shop(text, int, bigint) IS 'Make a demo electronics shop in a schema: customers, products, sessions, clicks, orders, order_lines, returns, ratings, reviews; the same from the same seed. DROP SCHEMA ... CASCADE removes it';
