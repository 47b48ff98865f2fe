"""Isolation forests against scikit-learn: how well rare classes stand out, mean of ten seeds each.

python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scikit-learn pandas psycopg2-binary
test/cluster run /tmp/oracle/bin/python test/oracle/anomalies_oracle.py
"""
import numpy as np
import psycopg2
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

db = psycopg2.connect(dbname="postgres")
sql = db.cursor()
sql.execute("CREATE EXTENSION IF NOT EXISTS pg_shopper")

rng = np.random.default_rng(3)
normal = rng.normal(size=(2000, 6)) @ rng.normal(size=(6, 6))
far = rng.normal(size=(60, 6)) * 6
sets = {"made here": (np.vstack([normal, far]), np.r_[np.zeros(2000), np.ones(60)])}
for name, data, rare in (("breast cancer", load_breast_cancer(), 0), ("wine", load_wine(), 0), ("wine, third", load_wine(), 2)):
    row = np.arange(1, len(data.data) + 1)
    keep = (data.target != rare) | (row % 10 == 0)
    sets[name] = data.data[keep], (data.target[keep] == rare).astype(int)
for name, (x, y) in sets.items():
    d = x.shape[1]
    sql.execute("DROP TABLE IF EXISTS t")
    sql.execute(f"CREATE TEMP TABLE t (i int, y int, {', '.join(f'x{j} float8' for j in range(d))})")
    for i in range(len(x)):
        sql.execute(f"INSERT INTO t VALUES (%s, %s{', %s' * d})", (i, int(y[i]), *map(float, x[i])))
    sql.execute("""SELECT avg(auc) FROM (SELECT auc(y = 1, anomaly_score(m, t)) FROM t,
        (SELECT s, train_anomaly_from('SELECT * FROM t', isolation_forest(exclude => '{i,y}', seed => s)) AS m FROM generate_series(1, 10) s) f GROUP BY s) a""")
    ours = sql.fetchone()[0]
    theirs = np.mean([roc_auc_score(y, -IsolationForest(random_state=s).fit(x).score_samples(x)) for s in range(10)])
    print(f"{name}: {len(x)} rows, {int(y.sum())} rare; ours {ours:.4f}, scikit-learn {theirs:.4f}")
    assert ours >= theirs - 0.01, name
