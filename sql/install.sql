-- What CREATE EXTENSION makes, and that DROP EXTENSION leaves nothing.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS pg_shopper CASCADE;
CREATE EXTENSION pg_shopper;
-- every object has a comment
SELECT d.objid::regprocedure::text AS without_comment FROM pg_depend d
WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper') AND deptype = 'e' AND classid = 'pg_proc'::regclass
  AND obj_description(objid, 'pg_proc') IS NULL;
SELECT objid::regclass::text AS without_comment FROM pg_depend
WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper') AND deptype = 'e' AND classid = 'pg_class'::regclass
  AND obj_description(objid, 'pg_class') IS NULL;
-- nothing runs with other rights than the caller's
SELECT count(*) AS definers FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper') AND prosecdef;
-- builders show the defaults of the learners' own tables
SELECT o.learner, o.option, o.default_value, j->>o.option AS built
FROM shopper.learner_options o
JOIN (VALUES ('logistic', logistic()), ('linear', linear()), ('mlp', mlp()), ('tree', tree()), ('forest', forest()), ('boosting', boosting()), ('bayes', bayes()), ('bayes_net', bayes_net()), ('knn', knn()), ('stack', stack()), ('blend', blend()), ('itemsets', itemsets()), ('sequences', sequences()), ('svd', svd()), ('als', als()), ('nmf', nmf()), ('ease', ease()), ('item_knn', item_knn()), ('user_knn', user_knn()), ('popular', popular())) b(learner, j) USING (learner)
WHERE o.type NOT LIKE '%[]'
  AND CASE WHEN o.type IN ('float8', 'bigint') THEN o.default_value::float8 IS DISTINCT FROM (j->>o.option)::float8
           ELSE o.default_value IS DISTINCT FROM j->>o.option END;
DROP EXTENSION pg_shopper;
SELECT count(*) AS left_behind FROM pg_proc WHERE probin LIKE '%pg_shopper%';
SELECT count(*) AS schemas FROM pg_namespace WHERE nspname = 'shopper';
-- another schema
CREATE SCHEMA tools;
CREATE EXTENSION pg_shopper SCHEMA tools;
SELECT tools.auc(true, 0.5) IS NULL AS works;
SELECT tools.train_classifier_from('SELECT i % 2 = 0 AS y, i % 3 AS a FROM generate_series(1, 30) i', 'y', tools.logistic()) IS NOT NULL AS trains;
DROP EXTENSION pg_shopper;
DROP SCHEMA tools;
CREATE EXTENSION pg_shopper;
