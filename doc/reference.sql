-- Prints doc/reference.md from the comments and catalogs of the installed extension.
-- `make doc` runs it; what it says comes from COMMENT ON, the argument defaults and the
-- learners' own option tables. Only the grouping and the words about arguments stand here.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = error;
SET search_path = public, pg_catalog;
SET extra_float_digits = 1;
CREATE EXTENSION pg_shopper;
LOAD 'pg_shopper';

CREATE TEMP TABLE chapter (place numeric, title text, intro text, name_pattern text);
INSERT INTO chapter VALUES
  (1, 'Training on rows', 'Aggregates that learn a target column from the other columns of a row. `*_from` takes the text of a query instead and runs it with your rights: the same model, read faster. `train_linear` and `train_naive_bayes` keep sums only and run in parallel plans.', '^(train_(classifier|regressor|linear|naive_bayes)|merge_models)'),
  (2, 'Scoring rows', 'The row is matched to the model by column name. Extra columns are ignored, a missing one is an error, NULLs are fine. The `*_array` forms take the columns in the order of training.', '^predict_(purchase|class|proba|value|interval|set)'),
  (2.2, 'Reasons', NULL, '^(explain_prediction|top_reasons|prediction_receipt|partial_dependence|tree_|bayes_)'),
  (2.4, 'Decisions', NULL, '^(profit_curve|best_cutoff|set_cutoff)'),
  (2.6, 'Choosing learners, options and columns', 'Each reads the rows of its query once and fits many models on parts of them.', '^(cross_validate|tune|select_features|explain_train)'),
  (3, 'Baskets and rules', NULL, '^(train_rules|assoc_|frequent_itemsets|rule_changes|train_sequence_rules|sequence_rules)'),
  (4, 'Recommenders', NULL, '^(train_recommender|svd_recommend|recommend|similar_|predict_rating|user_factors|item_factors|explain_recommendation|evaluate_recommender)'),
  (4.5, 'Groups of rows', 'Aggregates that learn from rows without a target which of them are alike; `*_from` takes the text of a query instead. Rows are matched to the model by column name.', '^(train_clusters|predict_cluster|cluster|name_clusters|dendrogram|segment_|k_distance|silhouette|calinski_harabasz|davies_bouldin)'),
  (4.6, 'Strange rows', NULL, '^(train_anomaly|anomaly_score|is_anomaly|explain_anomaly)'),
  (4.7, 'Rows for use elsewhere', 'Numbers on one scale, categories as numbers, bins, missing values: where the models here do not do it themselves.', '^(train_scaler|scale$|scale_array|scaled_columns|hash_encode|bins_from|target_encod|impute_nearest)'),
  (5, 'Looking into a model', NULL, '^(model_|training_history|feature_importance|coefficients|learner_options)'),
  (6, 'Measuring predictions', 'Aggregates over plain columns; all run in parallel plans.', '^(log_loss|brier_score|accuracy|precision_|recall_|f1_score|rmse|mae|r2|auc|roc_curve|lift_curve|calibration_curve|ndcg|confusion|fold)'),
  (6.5, 'Figures', 'SVG is one text: valid XML for light and dark pages, without scripts or anything from elsewhere; the same for the same rows. Columns of a query count by their position, their names become the titles of the axes. A page about a model: `shopper.report`.', '^(plot_svg_|sparkline|bar$)'),
  (9, 'Other functions', NULL, '.');

-- What an argument means: function pattern, argument, words. The first fitting line counts.
CREATE TEMP TABLE word (place serial, functions text, argument text, meaning text);
INSERT INTO word (functions, argument, meaning) VALUES
  ('^plot_svg_', 'query', 'a SELECT of the columns that the figure takes; it is run with your rights'),
  ('^plot_svg_', 'title', 'above the figure, and what screen readers say; NULL: none'),
  ('^plot_svg_', 'width', 'pixels'),
  ('^plot_svg_', 'height', 'pixels; NULL: what the figure takes'),
  ('^plot_svg_tree', 'tree', 'number of the tree, from 1'),
  ('^plot_svg_tree', 'max_depth', 'levels below the root that are drawn'),
  ('^sparkline', 'numbers', 'the series, in its order'),
  ('^bar$', 'value', 'what the bar shows'),
  ('^bar$', 'min', 'value of an empty bar'),
  ('^bar$', 'max', 'value of a full bar'),
  ('^bar$', 'width', 'characters of a full bar'),
  ('^train_clusters', 'options', 'from a builder such as `kmeans()`; NULL: all defaults'),
  ('^train_clusters', 'previous_model', 'clusters of the same algorithm and columns, whose ids and names are kept'),
  ('^train_clusters_from', 'query', 'a SELECT; all its columns count, unless options choose'),
  ('^cluster_', 'features', 'the row: a table alias or the alias of a sub-select'),
  ('^name_clusters', 'names', 'a json object: id of a cluster to its name, or null'),
  ('^segment_moves', 'old_model', 'clusters of before'),
  ('^segment_moves', 'new_model', 'clusters of now'),
  ('^segment_moves', 'query', 'a SELECT with the columns of both models'),
  ('^segment_quality', 'query', 'a SELECT with the columns of the model'),
  ('^segment_quality', 'sample', 'rows that the silhouette is computed on; NULL: all'),
  ('^k_distance', 'query', 'a SELECT, as for `train_clusters_from`'),
  ('^k_distance', 'k', 'which neighbour, the row itself is the first: `min_points` of dbscan()'),
  ('^k_distance', 'options', 'how rows are read and scaled, from a builder such as `dbscan()`'),
  ('^(silhouette|calinski_harabasz|davies_bouldin)', 'point', 'coordinates; all points have as many'),
  ('^(silhouette|calinski_harabasz|davies_bouldin)', 'label', 'the group of the point; rows with NULL are left out'),
  ('^silhouette', 'sample', 'how many points, drawn at random, are used'),
  ('^train_(linear|naive_bayes)', 'target', 'the class of the row'),
  ('^train_(linear|naive_bayes)', 'options', 'from `linear()` or `bayes()`; NULL: all defaults'),
  ('^train_(linear|naive_bayes)', 'y', 'the amount'),
  ('^train_(linear|naive_bayes)', 'x', 'the features; all arrays have the same length'),
  ('^train_(linear|naive_bayes)', 'feature_names', 'one name for each feature; NULL: x1, x2, ...'),
  ('^merge_models', 'other', 'the second model'),
  ('^(cross_validate|tune|select_features|explain_train)', 'query', 'a SELECT; its columns are the target and the features'),
  ('^(cross_validate|tune|select_features|explain_train)', 'target', 'name of the column to learn'),
  ('^select_features', 'options', 'how rows are read and, for elimination, the learner; NULL: all defaults'),
  ('^(cross_validate|explain_train)', 'options', 'from a builder such as `boosting()`; NULL: all defaults'),
  ('^tune', 'search', 'options of a builder in which values are ranges or arrays of choices; or an array of such objects'),
  ('^tune', 'trials', 'how many options are tried; `grid` tries all'),
  ('^tune', 'metric', '`log_loss` (default), `auc`, `brier`, `accuracy`; `rmse` (default), `mae`, `r2`'),
  ('^tune', 'method', '`tpe`, `random`, `grid`, `halving`'),
  ('^tune', 'seed', 'another seed, other trials'),
  ('^select_features', 'method', '`mutual_information`, `l1`, `elimination`'),
  ('^(cross_validate|tune|select_features)', 'k', 'number of folds'),
  ('^(cross_validate|tune|select_features)', 'groups', 'name of a column whose equal values stay in one fold; it is no feature'),
  ('^(cross_validate|tune|select_features)', 'time_column', 'name of a column by which each fold is tested after training on all earlier ones; it is no feature'),
  ('^(cross_validate|tune|select_features|explain_train)', 'job', '`classifier` or `regressor`; NULL: the algorithm, else the type of the target decides'),
  ('^partial_dependence', 'query', 'a SELECT with the columns of the model'),
  ('^partial_dependence', 'feature', 'name of the column that takes each value in all rows'),
  ('^partial_dependence', 'points', 'most quantiles of a number'),
  ('^train_sequence_rules', 'customer', 'id of the customer, of any integer type, text, uuid or enum'),
  ('^train_sequence_rules', 'item', 'id of the item, of any integer type, text, uuid or enum'),
  ('^train_sequence_rules', 'at', 'when it was bought'),
  ('^rule_changes', 'old_model', 'rules of before'),
  ('^rule_changes', 'new_model', 'rules of now'),
  ('^rule_changes', 'alpha', 'confidence has changed when chance would do it less often than this'),
  ('.', 'max_q', 'leave out rules above this q-value: the share of chance findings among what is left; NULL: keep all'),
  ('.', 'max_p', 'leave out rules above this p-value; NULL: keep all'),
  ('.', 'no_redundant', 'leave out a rule when a part of its antecedent makes the same consequent as likely'),
  ('.', 'sets', '`all`, `closed` (no larger set is in as many baskets) or `maximal` (inside no larger frequent set)'),
  ('.', 'diversity', 'from 0 to 1: how far items shall be unlike each other; re-ranks the best max(5 n, 100)'),
  ('^recommend_all', 'users', 'array of users; NULL: all that the model knows'),
  ('^evaluate_recommender', 'train_query', 'a SELECT of user, item [, rating [, time]] to learn from'),
  ('^evaluate_recommender', 'test_query', 'a SELECT of user and item: what the users took later'),
  ('^evaluate_recommender', 'query', 'a SELECT of user, item [, rating [, time]], which is split'),
  ('^evaluate_recommender', 'options', 'from a builder such as `als()`; NULL: all defaults'),
  ('^evaluate_recommender', 'k', 'length of the lists'),
  ('^evaluate_recommender', 'method', '`leave_last_out`, `time` or `random`'),
  ('^evaluate_recommender', 'fraction', 'share of the lines held out by time or at random'),
  ('.', 'gain', 'what a true yes earns'),
  ('.', 'cost', 'what a false yes costs'),
  ('.', 'cutoff', 'from this probability on the positive class is said'),
  ('.', 'level', 'share of the cases in which the true value shall be inside'),
  ('.', 'class', 'which class is explained; NULL: the positive one, else the most probable'),
  ('^tree_', 'tree', 'number of the tree, from 1'),
  ('^bayes_query', 'evidence', 'what is known: a level, a number, or an array of several for each column'),
  ('^bayes_query', 'target', 'the column asked for; NULL: the target of the model'),
  ('^train_naive_bayes', 'features', 'numbers; all arrays have the same length, NULL elements are missing'),
  ('^(model_metrics|feature_importance)', 'query', 'a SELECT with the columns of the model and the target'),
  ('_array$', 'features', 'numbers in the order of the columns in training'),
  ('^(explain_prediction|prediction_receipt)', 'features', 'the row: a table alias or the alias of a sub-select'),
  ('^train_.*', 'f', 'the row: the alias of a sub-select, as in `FROM (SELECT ...) f`'),
  ('^train_.*', 'target', 'name of the column to learn'),
  ('^train_.*', 'options', 'from a builder such as `logistic()`, or hand-written jsonb with the key `algorithm`; NULL: all defaults'),
  ('^train_.*', 'previous_model', 'a model of the same algorithm to start from'),
  ('^train_(rules|recommender)_from', 'query', 'a SELECT whose columns are read by position'),
  ('^train_.*', 'query', 'a SELECT; its columns are the target and the features'),
  ('^train_rules', 'basket', 'id of the basket (order, receipt, session)'),
  ('^train_rules', 'item', 'id of the item, of any integer type, text, uuid or enum'),
  ('^train_recommender', 'user_id', 'id of the user, of any integer type, text, uuid or enum'),
  ('^train_recommender', 'item_id', 'id of the item, of any integer type, text, uuid or enum'),
  ('^train_recommender', 'rating', 'a number; with `implicit => true` the weight of an event'),
  ('^train_recommender', 'rated_at', 'time of the rating; the latest one of a user and item counts'),
  ('^shopper\.', 'model', 'name of the model'),
  ('^shopper\.name_segments', 'names', 'names by number, as in `{"1": "regulars"}`; null takes one away'),
  ('^shopper\.(un)?schedule', 'name', 'name of the model; `*`: all models of yours'),
  ('^shopper\.schedule', 'cron', 'minute, hour, day of the month, month, day of the week: `0 3 * * *` is every night at three'),
  ('^shopper\.', 'name', 'name of the model'),
  ('^shopper\.', 'version', 'number of the version'),
  ('^shopper\.', 'old_version', 'number of the earlier version'),
  ('^shopper\.', 'new_version', 'number of the later version'),
  ('^shopper\.', 'reason', 'why, for the history'),
  ('^shopper\.', 'cutoff', 'score from which on a row is chosen'),
  ('^shopper\.create_model', 'job', 'a job of `shopper.jobs`'),
  ('^shopper\.score$', 'query', 'a SELECT of the rows to score: the key and the columns of the model; for recommenders the users'),
  ('^shopper\.score$', 'target_table', 'where the scores are kept; made when it does not exist'),
  ('^shopper\.score$', 'key_column', 'column that identifies a row; NULL: that of the model, for recommenders the first of the query'),
  ('^shopper\.score$', 'reasons', 'most reasons of a row; 0: none'),
  ('^shopper\.score$', 'everything', 'score all rows anew, changed or not'),
  ('^shopper\.score$', 'n', 'items for each user of a recommender'),
  ('^shopper\.score$', 'all_reasons', 'reasons for all rows, not only those of the highest band'),
  ('^top_reasons', 'n', 'most reasons'),
  ('^shopper\.create_model', 'query', 'a SELECT; it is run as the owner of the model'),
  ('^shopper\.create_model', 'target', 'column to learn, for jobs that need one'),
  ('^shopper\.create_model', 'options', 'from a builder such as `boosting()`; NULL: all defaults'),
  ('^shopper\.create_model', 'key_column', 'column that identifies a row: decides which rows are held out, and is no feature; NULL: the content of the row decides'),
  ('^shopper\.create_model', 'holdout', 'share of rows held out to judge by'),
  ('^shopper\.create_model', 'max_age', 'age of the newest version from which the model is due; NULL: never by age'),
  ('^shopper\.create_model', 'min_new_rows', 'new rows from which the model is due; NULL: never by rows'),
  ('^shopper\.create_model', 'metric', 'what versions are judged by; NULL: the first of the job'),
  ('^shopper\.', 'query', 'a SELECT; NULL: the query of the model, for its owner only'),
  ('^shopper\.', 'key_column', 'column that identifies a row; NULL: that of the model'),
  ('.', 'model', 'bytes made by a `train_*` call, or the name of a registered model; NULL gives NULL or no rows'),
  ('^predict_', 'features', 'the row: a table alias or the alias of a sub-select'),
  ('^assoc_recommend|^recommend_for_basket', 'items', 'ids in the basket; unknown ids and NULLs do nothing'),
  ('.', 'user_id', 'the user, as the model was trained'),
  ('.', 'item_id', 'the item, as the model was trained'),
  ('^similar_items', 'item', 'the item to compare with'),
  ('.', 'item_type', 'a NULL of the type that items shall have in the result: `item_type => null::int`; pass it by name'),
  ('.', 'user_type', 'a NULL of the type that users shall have in the result: `user_type => null::int`; pass it by name'),
  ('.', 'n', 'how many; NULL: no limit'),
  ('.', 'exclude_seen', 'leave out what the user, or the basket, has already'),
  ('.', 'only_items', 'array of the items that may come back, applied before the cut to n; NULL: all'),
  ('.', 'not_items', 'array of items that must not come back'),
  ('.', 'ratings', 'one rating for each item of the basket, for models of ratings'),
  ('.', 'rules_only', 'do not fill up with popular items'),
  ('.', 'min_confidence', 'least confidence of a rule'),
  ('.', 'max_confidence', 'greatest confidence of a rule; 0: no limit'),
  ('.', 'min_lift', 'least lift of a rule'),
  ('.', 'min_support', 'least share of baskets'),
  ('.', 'min_count', 'least number of baskets'),
  ('.', 'min_length', 'fewest items, of both sides together'),
  ('.', 'max_length', 'most items, of both sides together; 0: no limit'),
  ('.', 'max_antecedent', 'most items on the left; 0: no limit'),
  ('.', 'max_consequent', 'most items on the right; 0: no limit'),
  ('.', 'antecedent_contains', 'array of ids that must all be on the left'),
  ('.', 'consequent_contains', 'array of ids of which one must be on the right'),
  ('.', 'item_contains', 'array of ids that must all be in the set'),
  ('.', 'max_rules', 'most rows, the best ones; 0: no limit'),
  ('.', 'max_sets', 'most rows, the most frequent ones; 0: no limit'),
  ('.', 'order_by', '`lift`, `confidence`, `support`, `leverage` or `conviction`'),
  ('.', 'label', 'what happened: boolean, number or text'),
  ('.', 'actual', 'what happened'),
  ('.', 'predicted', 'what was predicted'),
  ('.', 'probability', 'predicted probability of the positive class'),
  ('.', 'score', 'any number that is higher for likelier positives'),
  ('.', 'bins', 'number of bins'),
  ('.', 'positive', 'the class that counts as positive'),
  ('.', 'relevance', 'how relevant the item is, 0: not at all'),
  ('.', 'rank', 'place of the item, from 1; NULL: was not suggested'),
  ('^fold', 'k', 'number of folds'),
  ('.', 'k', 'how many places count'),
  ('^fold', 'key', 'any value, such as a customer id'),
  ('^fold', 'seed', 'another seed, another split'),
  ('demo_shop$', 'schema_name', 'schema to make the tables in; it may exist, its tables may not'),
  ('demo_shop$', 'customers', 'number of customers; everything else grows with it'),
  ('demo_shop$', 'seed', 'another seed, another shop');

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_shopper');

CREATE TEMP VIEW type_name AS
SELECT oid, CASE typname WHEN 'int4' THEN 'int' WHEN 'int8' THEN 'bigint' WHEN 'bool' THEN 'boolean' WHEN '_int8' THEN 'bigint[]'
              WHEN '_text' THEN 'text[]' WHEN '_uuid' THEN 'uuid[]' WHEN '_float8' THEN 'float8[]' WHEN '_float4' THEN 'float4[]' WHEN '_int4' THEN 'int[]'
              WHEN 'any' THEN 'any' ELSE replace(format_type(oid, NULL), '"', '') END AS name
FROM pg_type WHERE typname NOT IN ('timestamptz', 'float8', 'float4')
UNION ALL SELECT oid, typname FROM pg_type WHERE typname IN ('timestamptz', 'float8', 'float4');

CREATE TEMP TABLE routine AS
SELECT p.oid, n.nspname, p.proname, p.prokind, (CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END) || p.proname AS name,
       obj_description(p.oid, 'pg_proc') AS comment, p.proretset, t.name AS returns, p.provolatile,
       EXISTS (SELECT FROM shopper.learner_options o WHERE o.learner = p.proname) AND n.nspname = 'public' AS builder,
       p.proname ~ '^shopper_' OR n.nspname = 'shopper' AND (p.proname ~ '^demo_' AND p.proname <> 'demo_shop' OR obj_description(p.oid, 'pg_proc') ~ '^(Step|State function|Final function) of ') AS support
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
JOIN pg_namespace n ON n.oid = p.pronamespace JOIN type_name t ON t.oid = p.prorettype;

CREATE TEMP TABLE argument AS
SELECT r.oid, a.place, coalesce(p.proargnames[a.place], '') AS name, t.name AS type,
       coalesce(p.proargmodes[a.place]::text, 'i') AS mode,
       pg_get_function_arg_default(p.oid, (count(*) FILTER (WHERE coalesce(p.proargmodes[a.place]::text, 'i') IN ('i', 'b', 'v')) OVER (PARTITION BY r.oid ORDER BY a.place))::int) AS initial
FROM routine r JOIN pg_proc p USING (oid),
     unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a(type, place)
JOIN type_name t ON t.oid = a.type;
UPDATE argument SET initial = regexp_replace(initial, '::[a-z" ]+(\[\])?$', '') WHERE initial IS NOT NULL;

CREATE TEMP TABLE place AS
SELECT DISTINCT ON (r.name) r.name, CASE WHEN r.nspname = 'shopper' THEN 8 ELSE c.place END AS chapter
FROM routine r JOIN chapter c ON r.proname ~ c.name_pattern
WHERE NOT r.builder AND NOT r.support ORDER BY r.name, c.place;
INSERT INTO chapter VALUES (8, 'Functions in schema shopper', NULL, NULL);

-- One text for each function name.
CREATE TEMP VIEW function_text AS
SELECT p.chapter, p.name, rtrim(format(E'### %s\n\n%s%s%s', p.name,
  (SELECT string_agg(format(E'- `%s(%s)%s`%s  \n  %s.\n', r.name,
            (SELECT string_agg(CASE WHEN a.name = '' THEN a.type ELSE a.name || ' ' || a.type END || coalesce(' = ' || a.initial, ''), ', ' ORDER BY a.place)
             FROM argument a WHERE a.oid = r.oid AND a.mode IN ('i', 'b', 'v')),
            CASE WHEN r.prokind = 'p' THEN '' WHEN r.proretset THEN ' → rows' ELSE ' → ' || r.returns END,
            CASE r.prokind WHEN 'a' THEN ' aggregate' WHEN 'p' THEN ' procedure' ELSE '' END,
            rtrim(coalesce(r.comment, ''), '.')), '' ORDER BY (SELECT count(*) FROM argument a WHERE a.oid = r.oid), r.oid)
   FROM routine r WHERE r.name = p.name AND coalesce(r.comment, '') !~ '; of the live version of that name$'),
  coalesce((SELECT E'\n| argument | type | default | meaning |\n|---|---|---|---|\n' ||
     string_agg(format(E'| %s | %s | %s | %s |\n', q.name, q.types, coalesce('`' || q.initial || '`', ''), coalesce(q.meaning, '')), '' ORDER BY q.place)
   FROM (SELECT a.name, string_agg(DISTINCT a.type, ', ') AS types, min(a.initial) AS initial, max(a.place) AS place,
                (SELECT w.meaning FROM word w WHERE w.argument = a.name AND p.name ~ w.functions ORDER BY w.place LIMIT 1) AS meaning
         FROM argument a JOIN routine r USING (oid) WHERE r.name = p.name AND a.mode IN ('i', 'b', 'v') AND a.name <> '' GROUP BY a.name) q), ''),
  coalesce((SELECT E'\nColumns of the result: ' || string_agg(format('`%s` %s', q.name, q.types), ', ' ORDER BY q.place) || E'.\n'
   FROM (SELECT a.name, string_agg(DISTINCT a.type, ' or ') AS types, min(a.place) AS place
         FROM argument a JOIN routine r USING (oid) WHERE r.name = p.name AND a.mode IN ('o', 't') GROUP BY a.name) q), '')), E'\n') AS text
FROM place p;

-- Options of a learner, and those that several learners share, with the same words.
CREATE TEMP TABLE option AS
SELECT row_number() OVER () AS place, o.*,
       CASE WHEN choices IS NOT NULL THEN '`' || replace(choices, ',', '`, `') || '`'
            WHEN min_value IS NOT NULL OR max_value IS NOT NULL THEN concat_ws(' ', CASE WHEN min_excluded THEN 'above ' ELSE 'from ' END || min_value, 'to ' || max_value)
            ELSE '' END AS range
FROM shopper.learner_options o;
CREATE TEMP TABLE row_learner AS SELECT learner FROM option WHERE option = 'validation_column';
CREATE TEMP TABLE point_learner AS SELECT learner FROM option WHERE option = 'category_weight';
CREATE TEMP TABLE shared_by_points AS
SELECT option FROM option WHERE learner = 'kmeans' AND place >= (SELECT place FROM option WHERE learner = 'kmeans' AND option = 'weight');
CREATE TEMP TABLE shared AS
SELECT o.option FROM option o
WHERE o.learner IN (SELECT learner FROM row_learner)
GROUP BY o.option, o.type, o.default_value, o.range, o.help HAVING count(*) = (SELECT count(*) FROM row_learner)
  AND o.option NOT IN (SELECT option FROM option WHERE learner = 'logistic' AND place < (SELECT place FROM option WHERE learner = 'logistic' AND option = 'validation'));

CREATE TEMP VIEW option_line AS
SELECT place, learner, option, format('| %s | %s | %s | %s | %s |', option, type,
  coalesce('`' || default_value || '`', 'not set'), range, replace(help, '|', '\|')) AS line FROM option;

-- ---- the page ----
SELECT format(E'# Reference\n\nVersion %s. Written by `make doc` from the comments, catalogs and option tables of the extension; do not edit.\n', default_version)
FROM pg_available_extensions WHERE name = 'pg_shopper';
SELECT '- [' || title || '](#' || lower(regexp_replace(replace(title, ',', ''), ' ', '-', 'g')) || ')'
FROM (SELECT place, title FROM chapter c WHERE EXISTS (SELECT FROM place p WHERE p.chapter = c.place)
      UNION ALL VALUES (7, 'Learners and their options'), (10, 'Views'), (11, 'Types'), (12, 'Settings'), (13, 'Support functions')) t ORDER BY t.place;
SELECT E'\nFunctions of a model take its bytes, as declared here, or as text the name of a registered model, whose live version then counts; those are STABLE.\n\nTypes as they are written here: `any` takes a value of any type (give a parameter of a driver a cast), `int` is integer, `float8` is double precision. `name type = value` is an argument with a default.';

SELECT E'\n## ' || c.title || coalesce(E'\n\n' || c.intro, '') || E'\n\n' ||
       (SELECT string_agg(text, E'\n\n' ORDER BY array_position(ARRAY['train_classifier', 'train_classifier_from', 'train_regressor', 'train_regressor_from',
                 'train_rules', 'train_rules_from', 'train_recommender', 'train_recommender_from', 'predict_purchase', 'predict_class', 'predict_proba', 'predict_value',
                 'recommend', 'svd_recommend', 'model_info', 'model_metrics'], name), name) FROM function_text f WHERE f.chapter = c.place)
FROM chapter c WHERE c.place < 7 AND EXISTS (SELECT FROM place p WHERE p.chapter = c.place) ORDER BY c.place;

SELECT E'\n## Learners and their options\n\nEach builder returns jsonb for the argument `options`: `logistic(c => 0.5)`. All arguments are named and have defaults, a wrong name is an error. The same as jsonb by hand: `''{"algorithm": "logistic", "c": 0.5}''`. Every builder also has `extra jsonb`, whose keys count as options too. The same rows are in the view `shopper.learner_options`.';
SELECT E'\n### ' || l.learner || E'()\n\n' || (SELECT upper(left(d, 1)) || substr(d, 2) || '.' FROM regexp_replace(split_part(obj_description(r.oid, 'pg_proc'), '; ' ||
         (SELECT option FROM option o WHERE o.learner = l.learner ORDER BY place LIMIT 1) || ': ', 1), '^Options of ', '') AS d) ||
       E'\n\n| option | type | default | values | meaning |\n|---|---|---|---|---|\n' ||
       (SELECT string_agg(line, E'\n' ORDER BY place) FROM option_line o WHERE o.learner = l.learner
          AND NOT (l.learner IN (SELECT learner FROM row_learner) AND o.option IN (SELECT option FROM shared))
          AND NOT (l.learner IN (SELECT learner FROM point_learner) AND o.option IN (SELECT option FROM shared_by_points))) ||
       CASE WHEN l.learner IN (SELECT learner FROM row_learner) THEN E'\n\nAnd the [options of all learners of rows](#options-of-all-learners-of-rows).'
            WHEN l.learner IN (SELECT learner FROM point_learner) THEN E'\n\nAnd the [options of all learners of rows without a target](#options-of-all-learners-of-rows-without-a-target).' ELSE '' END
FROM (SELECT learner, min(place) AS place FROM option GROUP BY learner) l JOIN routine r ON r.proname = l.learner AND r.builder ORDER BY l.place;
SELECT E'\n### Options of all learners of rows\n\n| option | type | default | values | meaning |\n|---|---|---|---|---|\n' ||
       (SELECT string_agg(line, E'\n' ORDER BY place) FROM option_line WHERE learner = 'logistic' AND option IN (SELECT option FROM shared));
SELECT E'\n### Options of all learners of rows without a target\n\n| option | type | default | values | meaning |\n|---|---|---|---|---|\n' ||
       (SELECT string_agg(line, E'\n' ORDER BY place) FROM option_line WHERE learner = 'kmeans' AND option IN (SELECT option FROM shared_by_points));

SELECT E'\n## ' || c.title || E'\n\n' || (SELECT string_agg(text, E'\n\n' ORDER BY name) FROM function_text f WHERE f.chapter = c.place)
FROM chapter c WHERE c.place IN (8, 9) AND EXISTS (SELECT FROM place p WHERE p.chapter = c.place) ORDER BY c.place;

SELECT E'\n## Views\n';
SELECT format(E'### %s.%s\n\n%s.\n\n| column | type | meaning |\n|---|---|---|\n%s\n', n.nspname, c.relname, rtrim(obj_description(c.oid, 'pg_class'), '.'),
  (SELECT string_agg(format('| %s | %s | %s |', a.attname, t.name, coalesce(col_description(c.oid, a.attnum), '')), E'\n' ORDER BY a.attnum)
   FROM pg_attribute a JOIN type_name t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'r', 'm') ORDER BY 1;

SELECT E'## Types\n\n| type | fields | meaning |\n|---|---|---|';
SELECT format('| %s | %s | %s |', t.typname,
  (SELECT string_agg(format('`%s` %s', a.attname, tn.name), ', ' ORDER BY a.attnum) FROM pg_attribute a JOIN type_name tn ON tn.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0),
  obj_description(t.oid, 'pg_type'))
FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' ORDER BY t.typname COLLATE "C";

SELECT E'\n## Settings\n\nEach can be set for a session, a transaction, a role or a database, by any user.\n\n| setting | default | values | meaning |\n|---|---|---|---|';
SELECT format('| %s | %s | %s | %s |', name, boot_val || coalesce(' ' || unit, ''),
  CASE WHEN vartype = 'bool' THEN 'on, off' ELSE min_val || ' to ' || max_val END, concat_ws(' ', short_desc, extra_desc))
FROM pg_settings WHERE name LIKE 'pg\_shopper.%' ORDER BY name COLLATE "C";

SELECT format(E'\n## Support functions\n\n%s functions named `shopper_...` are the state, combine, serial and final functions of the aggregates above; they cannot be called directly. %s functions in schema `shopper` are steps of `shopper.demo_shop`, `shopper.train` and their like.',
  count(*) FILTER (WHERE nspname = 'public'), count(*) FILTER (WHERE nspname = 'shopper'))
FROM routine WHERE support;
