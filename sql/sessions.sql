-- The next item of a session: markov and session_knn.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_shopper;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TEMP TABLE views(session int, item text, at timestamptz);
INSERT INTO views
SELECT s, i, timestamptz '2026-01-01 UTC' + s * interval '1 hour' + k * interval '1 minute'
FROM (VALUES (1, '{lamp,bulb,lamp}'::text[]), (2, '{lamp,bulb,desk}'), (3, '{desk,chair}'), (4, '{lamp,desk,chair,desk}'), (5, '{bulb,lamp,bulb}'), (6, '{chair,rug}')) AS v(s, items),
     unnest(items) WITH ORDINALITY AS u(i, k);

CREATE TEMP TABLE m AS
SELECT train_recommender(session, item, at, markov(fallback => 'none', returns => false)) AS plain,
       train_recommender(session, item, at, markov(fallback => 'recent')) AS markov,
       train_recommender(session, item, at, session_knn(k => 3)) AS knn
FROM views;
-- after a lamp: three times a bulb, once a desk
SELECT item, round(score::numeric, 4) AS score, rank, source FROM m, recommend_for_basket(plain, ARRAY['rug', 'lamp'], exclude_seen => false);
SELECT item, round(score::numeric, 4) AS score FROM m, similar_items(plain, 'lamp'::text);
-- the last one given is the latest; an item twice stands where it came last; one that the model does not know may come back
SELECT b, string_agg(item, ' ' ORDER BY rank) AS items
FROM (VALUES ('{lamp,desk}'::text[]), ('{desk,lamp}'), ('{lamp,desk,lamp}'), ('{sofa,lamp}'), ('{lamp,sofa}'), ('{sofa}'), ('{NULL}'), ('{}')) AS v(b), m, recommend_for_basket(markov, b, exclude_seen => false) GROUP BY b ORDER BY b;
SELECT string_agg(item, ' ' ORDER BY rank) AS without_seen FROM m, recommend_for_basket(markov, ARRAY['sofa', 'desk']);
SELECT string_agg(item, ' ' ORDER BY rank) AS without_sofa FROM m, recommend_for_basket(markov, '{sofa,lamp}', exclude_seen => false, not_items => ARRAY['sofa']);
SELECT string_agg(item, ' ' ORDER BY rank) AS only_some FROM m, recommend_for_basket(markov, '{sofa,lamp}', exclude_seen => false, only_items => ARRAY['sofa', 'bulb']);
SELECT item, round(score::numeric, 4) AS score, rank, source FROM m, recommend_for_basket(knn, ARRAY['lamp', 'desk']);
-- known sessions
SELECT item, round(score::numeric, 4) AS score, rank, source FROM m, recommend(markov, 3, item_type => null::text, exclude_seen => false);
SELECT item, round(score::numeric, 4) AS score FROM m, recommend(knn, '5', n => 2);
SELECT item, round(contribution::numeric, 4) AS contribution FROM m, explain_recommendation(markov, 4, 'chair'::text);
SELECT count(*) FROM m, recommend_all(knn, n => 2);
SELECT id, round(score::numeric, 4) AS score FROM m, similar_users(knn, 1, n => 2) AS u(id, score, rank);

-- the same bytes from any order, as a query, and with times as date and time without zone; ids that are integers
SELECT knn = (SELECT train_recommender(session, item, at, session_knn(k => 3)) FROM (SELECT * FROM views ORDER BY random()) v) AS same,
       markov = train_recommender_from('SELECT session, item, at FROM views', markov(fallback => 'recent')) AS twin,
       markov = (SELECT train_recommender(session, item, at AT TIME ZONE 'UTC', markov(fallback => 'recent')) FROM views) AS zoneless,
       markov = (SELECT train_recommender(session, item, 1, at, markov(fallback => 'recent')) FROM views) AS weighted FROM m;
SELECT item, rank FROM (SELECT train_recommender(session, length(item), at, markov(fallback => 'recent', returns => false)) AS model FROM views) t,
       recommend_for_basket(model, ARRAY[77, 4, 77], n => 4, exclude_seen => false);
SELECT item FROM (SELECT train_recommender(session, length(item), at, markov(fallback => 'recent', returns => false)) AS model FROM views) t,
       recommend_for_basket(model, '{077,x,4}', n => 9, exclude_seen => false) WHERE item LIKE '%7%';
SELECT model_info(markov) - 'bytes' AS info FROM m;
SELECT train_recommender(session, item, markov()) FROM views;
SELECT predict_rating(markov, '1', 'lamp') FROM m;
SELECT * FROM m, similar_users(markov, 1);
