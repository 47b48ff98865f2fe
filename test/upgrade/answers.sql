-- What the views and models of shop.sql say, in one line.
SELECT md5(string_agg(answer, ',' ORDER BY answer COLLATE "C")) FROM (
	SELECT 'scores' || s AS answer FROM scores s
	UNION ALL SELECT 'good' || g FROM good g
	UNION ALL SELECT 'versions' || v FROM my_versions v
	UNION ALL SELECT 'folds' || f FROM folds f
	UNION ALL SELECT 'stored' || s FROM stored s
	UNION ALL SELECT 'score' || score_of(17)
	UNION ALL SELECT 'rules' || r FROM assoc_rules('rules', max_rules => 100) r
	UNION ALL SELECT 'taste' || r FROM generate_series(1, 20) u, LATERAL (SELECT r::text FROM recommend('taste', u::bigint, n => 5, item_type => NULL::text) r) r
	UNION ALL SELECT 'gates' || g.name || g.maximum_drop FROM shopper.gates g
	UNION ALL SELECT 'segments' || s FROM shopper.rfm_segments s) a;
