-- Nearest neighbours on real data, against scikit-learn's (which breaks ties in another order).
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(7);
CREATE TEMP TABLE scored AS
SELECT 'online_shoppers' AS data, revenue AS y, predict_purchase(m, f) AS p FROM online_shoppers f,
  (SELECT train_classifier_from('SELECT * FROM online_shoppers WHERE rn % 5 <> 0', 'revenue', knn(exclude => '{rn}', missing_flags => false, on_unseen => 'zero', importance => false)) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'telco_churn', churn::text IN ('Yes', 'true'), predict_purchase(m, f) FROM telco_churn f,
  (SELECT train_classifier_from('SELECT * FROM telco_churn WHERE rn % 5 <> 0', 'churn', knn(exclude => '{rn,customer_id}', missing_flags => false, on_unseen => 'zero', importance => false)) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'customer_personality', response = 1, predict_purchase(m, f) FROM customer_personality f,
  (SELECT train_classifier_from('SELECT * FROM customer_personality WHERE rn % 5 <> 0', 'response', knn(exclude => '{rn,id,z_cost_contact,z_revenue}', date_parts => 'days', missing_flags => false, on_unseen => 'zero', importance => false)) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'breast_cancer', diagnosis = 'malignant', predict_purchase(m, f) FROM breast_cancer f,
  (SELECT train_classifier_from('SELECT * FROM breast_cancer WHERE rn % 5 <> 0', 'diagnosis', knn(exclude => '{rn}', positive => 'malignant', importance => false)) AS m) t WHERE rn % 5 = 0
UNION ALL
SELECT 'adult', income = '>50K', predict_purchase(m, f) FROM adult f,
  (SELECT train_classifier_from('SELECT * FROM adult WHERE NOT is_test', 'income', knn(exclude => '{rn,is_test}', positive => '>50K', missing_flags => false, on_unseen => 'zero', importance => false)) AS m) t WHERE is_test;
SELECT cmp_ok(abs(auc(y, p) - bar), '<=', 0.001::float8, format('%s: AUC %s', data, round(auc(y, p)::numeric, 4)))
FROM scored JOIN (VALUES ('online_shoppers', 0.8776::float8), ('telco_churn', 0.8231), ('adult', 0.8943), ('customer_personality', 0.8575), ('breast_cancer', 0.9992)) b(data, bar) USING (data) GROUP BY data, bar;
SELECT is(round(accuracy(species::text, predict_class(m, f))::numeric, 4), 0.9333, 'iris: accuracy of 5 neighbours') FROM iris f,
  (SELECT train_classifier_from('SELECT * FROM iris WHERE rn % 5 <> 0', 'species', knn(k => 5, exclude => '{rn}')) AS m) t WHERE rn % 5 = 0;
SELECT is(round(accuracy(cultivar::text, predict_class(m, f))::numeric, 4), 0.9714, 'wine: accuracy of 5 neighbours') FROM wine f,
  (SELECT train_classifier_from('SELECT * FROM wine WHERE rn % 5 <> 0', 'cultivar', knn(k => 5, exclude => '{rn}')) AS m) t WHERE rn % 5 = 0;
SELECT * FROM finish();
ROLLBACK;
