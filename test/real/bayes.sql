-- Naive Bayes on real data: scikit-learn's GaussianNB on standardized columns, and a mixed naive Bayes, to the digits that they print.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(15);
CREATE TEMP TABLE scored AS
SELECT 'breast_cancer' AS data, diagnosis = 'malignant' AS y, predict_purchase(m, f) AS p FROM breast_cancer f,
  (SELECT train_classifier_from('SELECT * FROM breast_cancer WHERE rn % 5 <> 0', 'diagnosis', bayes(exclude => '{rn}', positive => 'malignant')) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'online_shoppers', revenue, predict_purchase(m, f) FROM online_shoppers f,
  (SELECT train_classifier_from('SELECT * FROM online_shoppers WHERE rn % 5 <> 0', 'revenue', bayes(exclude => '{rn}')) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'telco_churn', churn::text IN ('Yes', 'true'), predict_purchase(m, f) FROM telco_churn f,
  (SELECT train_classifier_from('SELECT * FROM telco_churn WHERE rn % 5 <> 0', 'churn', bayes(exclude => '{rn,customer_id}')) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'adult', income = '>50K', predict_purchase(m, f) FROM adult f,
  (SELECT train_classifier_from('SELECT * FROM adult WHERE NOT is_test', 'income', bayes(exclude => '{rn,is_test}', positive => '>50K')) AS m) t WHERE is_test
UNION ALL
SELECT 'customer_personality', response = 1, predict_purchase(m, f) FROM customer_personality f,
  (SELECT train_classifier_from('SELECT * FROM customer_personality WHERE rn % 5 <> 0', 'response', bayes(exclude => '{rn,id,z_cost_contact,z_revenue}', date_parts => 'days')) AS m) t WHERE rn % 5 = 0;
SELECT is(round(auc(y, p)::numeric, 4), 0.9936, 'breast_cancer: AUC') FROM scored WHERE data = 'breast_cancer';
SELECT is(round(log_loss(y, p)::numeric, 4), 0.3984, 'breast_cancer: log loss') FROM scored WHERE data = 'breast_cancer';
SELECT is(round(accuracy(y, p >= 0.5)::numeric, 4), 0.9381, 'breast_cancer: accuracy') FROM scored WHERE data = 'breast_cancer';
SELECT cmp_ok(auc(y, p), '>=', bar::float8, format('%s: AUC %s', data, round(auc(y, p)::numeric, 4)))
FROM scored JOIN (VALUES ('online_shoppers', 0.8459), ('telco_churn', 0.8045), ('adult', 0.8887), ('customer_personality', 0.7658)) b(data, bar) USING (data) GROUP BY data, bar;

CREATE TEMP TABLE classes AS
SELECT 'iris' AS data, species::text AS y, predict_class(m, f) AS class, (predict_proba(m, f)->>species)::float8 AS p FROM iris f,
  (SELECT train_classifier_from('SELECT * FROM iris WHERE rn % 5 <> 0', 'species', bayes(exclude => '{rn}')) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'wine', cultivar::text, predict_class(m, f), (predict_proba(m, f)->>cultivar)::float8 FROM wine f,
  (SELECT train_classifier_from('SELECT * FROM wine WHERE rn % 5 <> 0', 'cultivar', bayes(exclude => '{rn}')) AS m) t WHERE rn % 5 = 0;
SELECT is(round(accuracy(y, class)::numeric, 4), bar, data || ': accuracy')
FROM classes JOIN (VALUES ('iris', 0.9333), ('wine', 1.0)) b(data, bar) USING (data) GROUP BY data, bar;
SELECT is(round(avg(-ln(greatest(p, 1e-15)))::numeric, 4), bar, data || ': log loss')
FROM classes JOIN (VALUES ('iris', 0.1998), ('wine', 0.0022)) b(data, bar) USING (data) GROUP BY data, bar;

-- models of parts, merged by continuing, are the model of all rows
CREATE TEMP TABLE part AS
SELECT train_classifier_from('SELECT * FROM adult WHERE NOT is_test', 'income', bayes(exclude => '{rn,is_test}', positive => '>50K')) AS every,
       train_classifier_from('SELECT * FROM adult WHERE NOT is_test AND rn % 2 = 0', 'income', bayes(exclude => '{rn,is_test}', positive => '>50K'),
         train_classifier_from('SELECT * FROM adult WHERE NOT is_test AND rn % 2 = 1', 'income', bayes(exclude => '{rn,is_test}', positive => '>50K'))) AS continued;
SELECT cmp_ok(max(abs(predict_purchase(every, f) - predict_purchase(continued, f))), '<', 1e-9::float8, 'adult: continued') FROM part, adult f WHERE is_test;
SELECT ok(model_info(every)->'rows' = model_info(continued)->'rows', 'adult: rows of both parts') FROM part;
SELECT ok(bool_and(p BETWEEN 0 AND 1), 'probabilities') FROM scored;
SELECT ok(count(p) = count(*), 'every row has one') FROM scored;
SELECT * FROM finish();
ROLLBACK;
