-- Anomalies of real data: rare classes are strange. The bars are what scikit-learn reaches on the same rows (mean of 10 seeds, test/oracle/anomalies_oracle.py) less 0.01.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT plan(3);
CREATE TEMP TABLE tumours AS SELECT * FROM breast_cancer WHERE diagnosis = 'benign' OR rn % 10 = 0;
CREATE TEMP TABLE wines AS SELECT * FROM wine WHERE cultivar <> 'class_0' OR rn % 10 = 0;
SELECT ok(avg(auc) >= 0.943, 'breast_cancer: 5 % malignant, area under the curve ' || round(avg(auc)::numeric, 4)) FROM (
	SELECT auc(diagnosis = 'malignant', anomaly_score(m, t)) FROM tumours t,
		(SELECT seed, train_anomaly_from('SELECT * FROM tumours', isolation_forest(exclude => '{rn,diagnosis}', seed => seed)) AS m FROM generate_series(1, 10) seed) s GROUP BY seed) a;
SELECT is(count(*) FILTER (WHERE is_anomaly(m, t)), 19::bigint, 'breast_cancer: contamination is kept') FROM tumours t,
	(SELECT train_anomaly_from('SELECT * FROM tumours', isolation_forest(exclude => '{rn,diagnosis}', contamination => 0.05)) AS m) s;
SELECT ok(avg(auc) >= 0.908, 'wine: few of the first cultivar, area under the curve ' || round(avg(auc)::numeric, 4)) FROM (
	SELECT auc(cultivar = 'class_0', anomaly_score(m, t)) FROM wines t,
		(SELECT seed, train_anomaly_from('SELECT * FROM wines', isolation_forest(exclude => '{rn,cultivar}', seed => seed)) AS m FROM generate_series(1, 10) seed) s GROUP BY seed) a;
SELECT * FROM finish();
ROLLBACK;
