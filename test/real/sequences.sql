-- Sequence rules of Online Retail against queries that count them by brute force.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(8);

CREATE TEMP TABLE event AS
SELECT customer_id AS c, stock_code AS i, invoice_date AT TIME ZONE 'UTC' AS t
FROM online_retail WHERE customer_id % 20 = 0 AND quantity > 0 AND unit_price > 0;
CREATE TEMP TABLE numbers AS SELECT count(DISTINCT c)::int AS customers FROM event;
CREATE TEMP TABLE frequent AS
SELECT DISTINCT c, i, t FROM event WHERE i IN (SELECT i FROM event GROUP BY i HAVING count(DISTINCT c) >= 3);
CREATE INDEX ON frequent(c);
ANALYZE frequent;

CREATE FUNCTION pg_temp.brute(max_gap float8, min_gap float8, together float8, min_count int, two boolean)
RETURNS TABLE(antecedent text[], consequent text, n bigint, a bigint, mean float8, median float8) LANGUAGE sql AS $$
  WITH pair AS MATERIALIZED (
    SELECT x.c, x.i AS i, y.i AS j, greatest(x.t, y.t) AS t FROM frequent x JOIN frequent y ON x.c = y.c AND x.i COLLATE "C" < y.i
    WHERE two AND abs(extract(epoch FROM x.t - y.t)) <= together * 86400),
  antecedent AS MATERIALIZED (
    SELECT c, ARRAY[i] AS items, t FROM frequent
    UNION ALL SELECT c, ARRAY[i, j], t FROM pair
      WHERE (i, j) IN (SELECT i, j FROM pair GROUP BY i, j HAVING count(DISTINCT c) >= min_count)),
  followed AS (
    SELECT b.items, f.i, b.c, min(extract(epoch FROM f.t - b.t))::float8 / 86400 AS days
    FROM antecedent b JOIN frequent f ON f.c = b.c AND f.t > b.t
    WHERE extract(epoch FROM f.t - b.t) BETWEEN min_gap * 86400 AND max_gap * 86400 GROUP BY b.items, f.i, b.c)
  SELECT r.items, r.i, r.n, h.a, r.mean, r.median
  FROM (SELECT items, i, count(*) AS n, avg(days) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS median
        FROM followed GROUP BY items, i HAVING count(*) >= min_count) AS r
  JOIN (SELECT items, count(DISTINCT c) AS a FROM antecedent GROUP BY items) AS h USING (items)
$$;

CREATE TEMP TABLE course(name text, max_gap float8, min_gap float8, together float8, min_count int, two boolean);
INSERT INTO course VALUES ('one item, within 14 days', 14, 0, 0, 3, false), ('one item, 7 to 60 days', 60, 7, 0, 6, false),
  ('two items at once, within 60 days', 60, 0, 0, 7, true), ('two items within 3 days, 1 to 90 days', 90, 1, 3, 8, true);
CREATE TEMP TABLE counted AS SELECT name, b.* FROM course, pg_temp.brute(max_gap, min_gap, together, min_count, two) AS b;
CREATE TEMP TABLE model AS
SELECT course.*, (SELECT train_sequence_rules(c, i, t, sequences(max_gap => max_gap, min_gap => min_gap, together => together, min_count => min_count,
                                                                max_antecedent => CASE WHEN two THEN 2 ELSE 1 END)) FROM event) AS m
FROM course;

SELECT is((SELECT string_agg(format('%s %s %s %s', antecedent, consequent, customer_count, antecedent_count), E'\n' ORDER BY antecedent, consequent) FROM sequence_rules(m)),
          (SELECT string_agg(format('%s %s %s %s', antecedent, consequent, n, a), E'\n' ORDER BY antecedent, consequent)
           FROM counted WHERE counted.name = model.name), name || ': the rules and their counts')
FROM model;
SELECT ok(count(*) >= 20 AND bool_and(r.support = r.customer_count::float8 / customers AND r.confidence = r.customer_count::float8 / r.antecedent_count
             AND abs(r.lift - r.confidence / (d.n::float8 / customers)) < 1e-12 AND d.n = r.consequent_count
             AND abs(r.mean_days - b.mean) < 1e-9 AND abs(r.median_days - b.median) < 1e-9), model.name || ': figures of ' || count(*) || ' rules')
FROM model, numbers, LATERAL sequence_rules(m) AS r
JOIN (SELECT i, count(DISTINCT c) AS n FROM event GROUP BY i) AS d ON d.i = r.consequent
JOIN counted AS b ON b.antecedent = r.antecedent AND b.consequent = r.consequent
WHERE b.name = model.name
GROUP BY model.name;

SELECT * FROM finish();
ROLLBACK;
