-- Figures as text and as SVG, reports as HTML.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
\set SHOW_CONTEXT never
\set VERBOSITY default
SET timezone = 'UTC';

-- figures of text
SELECT sparkline('{1,2,3,4,5,6,7,8}'), sparkline('{3,NULL,5,NaN,4}'), sparkline('{2,2,2}'), sparkline('{0,Infinity,1,-Infinity}'), sparkline('{-1.7e308,0,1.7e308}'), sparkline('{}') = '' AS empty, sparkline('{NULL}') = ' ' AS blank, sparkline(NULL) IS NULL AS missing;
SELECT v, '[' || bar(v, 0, 10, 8) || ']' AS bar FROM unnest('{-1,0,0.3,5,9.9,10,11,Infinity,-Infinity,NaN}'::float8[]) v;
SELECT bar(5, 0, 10), bar(NULL, 0, 10), bar(1, 1, 1), bar(3, 5, 1);
SELECT bar(1, 0, 1, 0);
SELECT bar(1, 0, 1, 1001);

-- every figure is well-formed, as PostgreSQL's own parser sees it
CREATE FUNCTION pg_temp.parts(figure text, path text) RETURNS bigint LANGUAGE sql AS $$ SELECT cardinality(xpath(path, xmlparse(DOCUMENT figure), ARRAY[ARRAY['s', 'http://www.w3.org/2000/svg']])) $$;
CREATE FUNCTION pg_temp.words(figure text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(t::text, '|') FROM unnest(xpath('//s:text/text()', xmlparse(DOCUMENT figure), ARRAY[ARRAY['s', 'http://www.w3.org/2000/svg']])) t $$;
CREATE TABLE sales AS SELECT date '2025-01-06' + i AS day, i % 7 + i / 10 AS amount, (ARRAY['north', 'south'])[1 + i % 2] AS region, i % 3 = 0 AS bought, (i % 3 = 0)::int * 0.4 + i % 5 / 10.0 AS score FROM generate_series(0, 89) i;
SELECT left(figure, 140) AS begins, pg_temp.parts(figure, '/s:svg/s:title') AS titles, pg_temp.parts(figure, '/s:svg/s:desc') AS descriptions, pg_temp.parts(figure, '//s:script') AS scripts
FROM plot_svg_lines('SELECT day, amount FROM sales', 'Amounts', 400, 300) figure;
SELECT pg_temp.words(plot_svg_lines('SELECT day, amount, region FROM sales WHERE amount < 9', 'Amounts'));
SELECT pg_temp.words(plot_svg_lines('SELECT i, i, i - 1, i + 1 FROM generate_series(1, 5) i'));
SELECT pg_temp.words(plot_svg_bars('SELECT region, sum(amount) AS amount FROM sales GROUP BY region ORDER BY 2 DESC', 'Regions'));
SELECT pg_temp.words(plot_svg_bars('SELECT day, amount, region FROM sales ORDER BY day LIMIT 3'));
SELECT pg_temp.words(plot_svg_roc('SELECT bought, score FROM sales')), pg_temp.words(plot_svg_roc('SELECT bought, score, region FROM sales -- all')) LIKE '%north, area%south, area%' AS series;
SELECT pg_temp.words(plot_svg_lift('SELECT bought, score FROM sales;', 'Lift'));
SELECT pg_temp.words(plot_svg_calibration('SELECT bought, score FROM sales'));
SELECT pg_temp.words(plot_svg_confusion('SELECT bought, score > 0.3 FROM sales', 'Right and wrong'));
SELECT pg_temp.words(plot_svg_scatter('SELECT amount, score, region FROM sales')), pg_temp.words(plot_svg_scatter('SELECT i, sin(i) FROM generate_series(1, 9000) i')) LIKE '%2000 of 9000 points%' AS sampled;
CREATE TABLE grown AS SELECT train_classifier(s, 'bought', tree(max_depth => 2)) AS model FROM (SELECT bought, score, region FROM sales) s;
SELECT pg_temp.words(plot_svg_tree(model, title => 'Who buys')), pg_temp.words(plot_svg_tree(model, max_depth => 1)) FROM grown;

-- the same rows in another order: the same figure
SELECT plot_svg_lines('SELECT day, amount, region FROM sales ORDER BY day') = plot_svg_lines('SELECT day, amount, region FROM sales ORDER BY amount, day DESC') AS lines,
	plot_svg_scatter('SELECT i, cos(i) FROM generate_series(1, 5000) i') = plot_svg_scatter('SELECT i, cos(i) FROM generate_series(5000, 1, -1) i') AS points,
	plot_svg_confusion('SELECT region, bought FROM sales ORDER BY day') = plot_svg_confusion('SELECT region, bought FROM sales ORDER BY day DESC') AS matrix;

-- strange rows
CREATE TABLE strange AS SELECT * FROM (VALUES (1::float8, 1::float8, '<b>&"q"'''), (NULL, 2, 'x'), (3, NULL, NULL), ('NaN', 4, ''), (5, 'NaN', E'\x01\t\n'), ('Infinity', 1, '日本語'), (7, '-Infinity', 'مرحبا'),
	(1e-300, 1e300, repeat('long ', 300)), (-1e300, -1e-300, '🛒'), (1e-320, 1.7e308, '%n%s')) v(x, y, label);
SELECT kind, pg_temp.parts(figure, '/s:svg') AS documents, figure ~* 'nan|"inf' AS numbers_escape FROM (VALUES
	('lines', plot_svg_lines('SELECT x, y, label FROM strange', '<title>&')), ('band', plot_svg_lines('SELECT x, y, y, x, label FROM strange')), ('bars', plot_svg_bars('SELECT label, y, label FROM strange', '<')),
	('scatter', plot_svg_scatter('SELECT x, y, label FROM strange')), ('confusion', plot_svg_confusion('SELECT label, label FROM strange')), ('small', plot_svg_lines('SELECT x, y, label FROM strange', repeat('t', 999), 160, 120)),
	('no rows', plot_svg_lines('SELECT x, y FROM strange WHERE false')), ('no bars', plot_svg_bars('SELECT x, y FROM strange WHERE false')), ('no points', plot_svg_scatter('SELECT x, y FROM strange WHERE false')),
	('no scores', plot_svg_roc('SELECT true, 0.5 WHERE false')), ('no lift', plot_svg_lift('SELECT true, 0.5 WHERE false')), ('no bins', plot_svg_calibration('SELECT true, 0.5 WHERE false')),
	('no classes', plot_svg_confusion('SELECT 1, 1 WHERE false')), ('one class', plot_svg_roc('SELECT true, 0.5')), ('all NULL', plot_svg_lines('SELECT NULL::int, NULL::float8 FROM strange'))) f(kind, figure);
SELECT plot_svg_lines(NULL) IS NULL AND plot_svg_roc(NULL) IS NULL AND plot_svg_tree(NULL::bytea) IS NULL AS missing;

-- errors
SELECT plot_svg_lines('SELECT 1');
SELECT plot_svg_lines('SELECT 1, 2, 3, 4, 5, 6');
SELECT plot_svg_lines('SELECT ''a''::text, 1');
SELECT plot_svg_bars('SELECT ''a'', ''b''::text');
SELECT plot_svg_scatter('SELECT 1, 2, 3', width => 10);
SELECT plot_svg_lines('SELECT 1, 2', height => 5000);
SELECT plot_svg_roc('SELECT 1');
SELECT plot_svg_confusion('SELECT 1');
SELECT plot_svg_roc('DELETE FROM sales');
SELECT plot_svg_lines('DELETE FROM sales RETURNING 1, 2');
SELECT plot_svg_tree(model, 2) FROM grown;
SELECT plot_svg_tree(model, max_depth => 0) FROM grown;
SELECT plot_svg_tree(train_classifier(s, 'bought', logistic())) FROM (SELECT bought, score FROM sales) s;
SELECT plot_svg_tree('\x00'::bytea);

-- a report
SELECT shopper.report('nobody');
SET pg_shopper.clock = '2025-06-01 12:00+00';
CREATE TABLE shoppers AS SELECT i AS id, 20 + fold(i, 50, 1) AS age, (ARRAY['<a>', 'b & c', 'd'])[1 + fold(i, 3, 2)] AS city, fold(i, 50, 1) + fold(i, 40, 3) > 45 AS bought FROM generate_series(1, 600) i;
SELECT shopper.create_model('who <b>"buys"</b>', 'classifier', 'SELECT * FROM shoppers', 'bought', tree(max_depth => 2), key_column => 'id', holdout => 0.3);
SELECT shopper.report('who <b>"buys"</b>') LIKE '%No version is live.%' AS untrained;
CALL shopper.train('who <b>"buys"</b>');
CREATE TABLE page AS SELECT shopper.report('who <b>"buys"</b>') AS html;
-- HTML and XML agree on all of it but the head
SELECT array_agg(t::text) AS sections FROM page, unnest(xpath('//h2/text()', xmlparse(DOCUMENT '<body>' || substr(html, strpos(html, '<header>'), strpos(html, '</body>') - strpos(html, '<header>')) || '</body>'))) t;
SELECT html LIKE '<!DOCTYPE html>%</html>_' AS whole, html LIKE '%<h1>who &lt;b&gt;&quot;buys&quot;&lt;/b&gt;</h1>%' AS escaped, html ~ '<script|(src|href)=|@import|url\(' AS loads, regexp_count(html, '<svg ') AS figures,
	html LIKE '%defined on 2025-06-01 12:00; live. Report of 2025-06-01 12:00 UTC.%' AS dated, html LIKE '%prefers-color-scheme:dark%' AS dark FROM page;
-- readers get it, others do not
CREATE ROLE regress_shopper_boss;
SELECT shopper.grant_reader('regress_shopper_boss');
SET ROLE regress_shopper_boss;
SELECT length(shopper.report('who <b>"buys"</b>')) > 10000 AS long;
RESET ROLE;
DROP OWNED BY regress_shopper_boss;
SET ROLE regress_shopper_boss;
SELECT shopper.report('who <b>"buys"</b>');
RESET ROLE;
DROP ROLE regress_shopper_boss;
SELECT shopper.drop_model('who <b>"buys"</b>');
DROP TABLE sales, grown, strange, shoppers, page;
