-- All kinds of figures, and a report, on a small shop and on what strange rows make of them.
-- Writes build/pictures/*.svg (one of each kind), odd/*.svg and report.html; test/pictures.sh looks at them.
\set ON_ERROR_STOP on
SET client_min_messages = error;
CREATE EXTENSION pg_shopper;
\pset format unaligned
\pset tuples_only on

CREATE TABLE visits AS
SELECT i AS id, date '2025-01-01' + fold(i, 90, 6) AS day, 1 + fold(i, 12, 4) AS pages, fold(i, 200, 5) / 10.0 AS minutes,
	(ARRAY['phone', 'laptop', 'tablet'])[1 + fold(i, 3, 3)] AS device, (ARRAY['north', 'south', 'west'])[1 + fold(i, 3, 2)] AS region,
	fold(i, 12, 4) + fold(i, 200, 5) / 40.0 + fold(i, 100, 7) / 12.0 + CASE fold(i, 3, 3) WHEN 1 THEN 3 ELSE 0 END > 15 AS bought
FROM generate_series(1, 3000) i;
CREATE TABLE model AS SELECT train_classifier(f, 'bought', tree(max_depth => 5, max_leaves => 12)) AS tree,
	train_classifier(f, 'bought', logistic()) AS line, train_classifier(f, 'device', bayes(exclude => ARRAY['bought'])) AS device
FROM (SELECT bought, device, region, pages, minutes FROM visits) f;
CREATE TABLE scored AS SELECT v.*, predict_purchase(tree, v) AS tree, predict_purchase(line, v) AS line, predict_class(model.device, v) AS guess FROM visits v, model;

\o build/pictures/lines.svg
SELECT plot_svg_lines('SELECT date_trunc(''week'', day) AS week, avg(minutes) AS "minutes of a visit", region FROM visits GROUP BY 1, 3', 'Minutes of a visit, by region');
\o build/pictures/band.svg
SELECT plot_svg_lines('SELECT day, avg(minutes) AS minutes, avg(minutes) - 2 * stddev(minutes) / sqrt(count(*)) AS low, avg(minutes) + 2 * stddev(minutes) / sqrt(count(*)) AS high
	FROM visits GROUP BY day', 'Mean minutes of a day, with its band');
\o build/pictures/bars.svg
SELECT plot_svg_bars('SELECT feature, importance FROM model, feature_importance(line) ORDER BY importance DESC', 'What matters');
\o build/pictures/bars_grouped.svg
SELECT plot_svg_bars('SELECT device, avg(bought::int) - 0.4 AS "more buyers than 40 %", region FROM visits GROUP BY 1, 3 ORDER BY 1', 'Buyers by device and region');
\o build/pictures/roc.svg
SELECT plot_svg_roc('SELECT bought, tree, ''tree'' FROM scored UNION ALL SELECT bought, line, ''logistic'' FROM scored', 'Who will buy?');
\o build/pictures/lift.svg
SELECT plot_svg_lift('SELECT bought, line FROM scored', 'Lift');
\o build/pictures/calibration.svg
SELECT plot_svg_calibration('SELECT bought, tree, ''tree'' FROM scored UNION ALL SELECT bought, line, ''logistic'' FROM scored', 'Do the scores mean what they say?');
\o build/pictures/confusion.svg
SELECT plot_svg_confusion('SELECT bought, tree > 0.5 FROM scored', 'Bought or not');
\o build/pictures/scatter.svg
SELECT plot_svg_scatter('SELECT 20 + 15 * c + (fold(i, 100, 7) + fold(i, 100, 8) + fold(i, 100, 9)) / 10.0 AS age, 90 * (c % 2) + 20 * c + (fold(i, 100, 4) + fold(i, 100, 5) + fold(i, 100, 6)) / 3.0 AS spend,
	nullif((ARRAY[''students'', ''families'', ''commuters'', ''none''])[c + 1], ''none'') FROM generate_series(1, 2400) i, fold(i, 4, 1) c', 'Customers by age and spend');
\o build/pictures/tree.svg
SELECT plot_svg_tree(tree, title => 'Who buys') FROM model;

-- ---- many rows, strange rows ----
\o build/pictures/odd/dense.svg
SELECT plot_svg_lines('SELECT i AS visit, sin(i / 9000.0) * 1e5 + fold(i, 1000) * 40 AS value FROM generate_series(1, 100000) i', '100,000 points');
\o build/pictures/odd/confusion_many.svg
SELECT plot_svg_confusion('SELECT ''class '' || fold(i, 20, 1), ''class '' || CASE WHEN fold(i, 3) > 0 THEN fold(i, 20, 1) ELSE fold(i, 20, 2) END FROM generate_series(1, 5000) i', 'Twenty classes', width => 640);
\o build/pictures/odd/tree_cut.svg
SELECT plot_svg_tree(tree, max_depth => 2) FROM model;
\o build/pictures/odd/labels.svg
SELECT plot_svg_bars($$VALUES ('<b>&"quotes"', 3.5::float8), (E'tab\there \x01 control', -2), ('日本語のとても長いラベルは途中で切れます、それでも読めるはずです', 'infinity'),
	('مرحبا بالعالم', 1e-300), (repeat('very long label ', 20), 2), ('emoji 🛒 é ü', NULL), (NULL, 0.5), ('not a number', 'NaN')$$, '<script>alert("&")</script> ' || repeat('a very long title ', 12));
\o build/pictures/odd/many_series.svg
SELECT plot_svg_lines('SELECT i AS x, sin(i / 5.0) + s AS y, ''series with a long name, number '' || s FROM generate_series(1, 60) i, generate_series(1, 20) s', 'Twenty series');
\o build/pictures/odd/gaps.svg
SELECT plot_svg_lines('SELECT ts, CASE WHEN fold(i, 4) > 0 THEN i::float8 END AS "with gaps" FROM generate_series(1, 30) i, LATERAL (SELECT timestamp ''2025-03-01 22:10'' + i * interval ''7 minutes'') t(ts)', 'Gaps');
\o build/pictures/odd/huge.svg
SELECT plot_svg_lines('VALUES (-1e300, -1.7e308), (0, 1e308), (1e300, ''infinity''::float8), (5e299, 1.7e308)', 'Huge numbers');
\o build/pictures/odd/tiny.svg
SELECT plot_svg_lines('VALUES (1e-300, 2e-300), (2e-300, 3e-300), (4e-300, 1e-300)', 'Tiny numbers', 320, 240);
\o build/pictures/odd/one.svg
SELECT plot_svg_lines('SELECT date ''2025-03-01'' AS day, 5 AS orders', 'One point', 320, 240);
\o build/pictures/odd/empty.svg
SELECT plot_svg_lines('SELECT 1 AS x, 2 AS y WHERE false', 'No rows', 320, 240);
\o build/pictures/odd/years.svg
SELECT plot_svg_lines('SELECT d::date AS day, extract(year FROM d)::int * 12345 AS amount FROM generate_series(timestamp ''1990-01-01'', ''2024-01-01'', ''1 month'') d', 'Years', 320, 240);
\o

-- ---- reports ----
\o /dev/null
SET pg_shopper.clock = '2025-05-01 03:00+00';
SELECT shopper.create_model('buyers <of> "May"', 'classifier', 'SELECT id, bought, device, region, pages, minutes FROM visits WHERE id <= 2000', 'bought', tree(max_depth => 2), key_column => 'id', holdout => 0.3);
CREATE VIEW recent AS SELECT bought, CASE WHEN fold(id, 3, 9) > 0 THEN device ELSE 'television' END AS device, region, pages, minutes * 1.3 AS minutes FROM visits WHERE id > 2000;
SELECT shopper.watch('buyers <of> "May"', 'SELECT * FROM recent', min_labels => 100);
CALL shopper.train('buyers <of> "May"');
SET pg_shopper.clock = '2025-05-08 03:00+00';
CALL shopper.monitor();
UPDATE shopper.models SET options = boosting(trees => 40);
CALL shopper.train('buyers <of> "May"');
SET pg_shopper.clock = '2025-05-15 03:00+00';
CREATE OR REPLACE VIEW recent AS SELECT bought, device, region, pages, minutes * 1.1 AS minutes FROM visits WHERE id > 2000;
CALL shopper.monitor();
UPDATE shopper.models SET options = tree(max_depth => 1);
CALL shopper.train('buyers <of> "May"');
SET pg_shopper.clock = '2025-05-22 03:00+00';
CREATE OR REPLACE VIEW recent AS SELECT NOT bought AS bought, device, region, pages, minutes + 4 * fold(id, 2, 9) AS minutes FROM visits WHERE id > 2000;
CALL shopper.monitor();
\o build/pictures/report.html
SELECT shopper.report('buyers <of> "May"');
\o /dev/null
CREATE TABLE customers AS SELECT i AS id, 20 + 15 * c + (fold(i, 100, 7) + fold(i, 100, 8) + fold(i, 100, 9)) / 10.0 AS age, 90 * (c % 2) + 20 * c + (fold(i, 100, 4) + fold(i, 100, 5) + fold(i, 100, 6)) / 3.0 AS spend,
	(ARRAY['phone', 'laptop'])[1 + c % 2] AS device FROM generate_series(1, 2400) i, fold(i, 4, 1) c;
SELECT shopper.create_model('segments', 'clusters', 'SELECT * FROM customers', options => kmeans(k => 4), key_column => 'id');
CALL shopper.train('segments');
\o build/pictures/report_segments.html
SELECT shopper.report('segments');
\o /dev/null
SELECT shopper.create_model('together', 'rules', 'SELECT i / 3 AS basket, (ARRAY[''bread'', ''butter'', ''milk & more'', ''<tea>'', ''honey''])[1 + CASE WHEN fold(i, 3) = 0 THEN fold(i, 5, 1) ELSE i / 3 % 2 * 2 + fold(i, 2, 2) END] FROM generate_series(1, 6000) i');
CALL shopper.train('together');
\o build/pictures/report_rules.html
SELECT shopper.report('together');
\o
