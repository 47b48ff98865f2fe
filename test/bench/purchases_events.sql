-- A log of shop events, about 3 lines an order, customers of very different zeal, over two years.

SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.events CASCADE;
CREATE UNLOGGED TABLE bench.events AS
SELECT (power(d1, 2) * :events / 20)::int AS customer,
	timestamp '2024-01-01' + d2 * interval '730 days' + line * interval '1 second' AS at,
	CASE WHEN d3 < 0.03 THEN 'return' WHEN d3 < 0.45 THEN 'view' ELSE 'purchase' END AS event,
	o AS order_id, (power(d4, 3) * 20000)::int AS item, 'category ' || (power(d4, 3) * 40)::int AS category,
	'brand ' || (d4 * 100)::int % 60 AS brand, o / 2 AS visit,
	round((5 + d5 * 500)::numeric, 2)::float8 AS price, 1 + (d5 * 1000)::int % 3 AS quantity,
	CASE WHEN d3 > 0.8 THEN 0.1 ELSE 0 END::float4 AS discount, (d5 * 3000)::int % 240 AS dwell_seconds
FROM (SELECT o, line, (hashint8(o * 8) & 2147483647) / 2147483648.0::float8 AS d1, (hashint8(o * 8 + 1) & 2147483647) / 2147483648.0::float8 AS d2,
		(hashint8(o * 64 + line * 8 + 2) & 2147483647) / 2147483648.0::float8 AS d3, (hashint8(o * 64 + line * 8 + 3) & 2147483647) / 2147483648.0::float8 AS d4,
		(hashint8(o * 64 + line * 8 + 4) & 2147483647) / 2147483648.0::float8 AS d5
	FROM generate_series(1, :events / 3) o, generate_series(1, 3) line) d;
ANALYZE bench.events;
