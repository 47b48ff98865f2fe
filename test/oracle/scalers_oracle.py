"""Scalers and encoders against scikit-learn's, on data made here.

python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scikit-learn psycopg2-binary
test/cluster run /tmp/oracle/bin/python test/oracle/scalers_oracle.py
"""
import numpy as np
import psycopg2
from sklearn.impute import KNNImputer
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder, QuantileTransformer, RobustScaler, StandardScaler

rng = np.random.default_rng(1)
n, d = 900, 4
x = np.c_[rng.normal(50, 7, n), rng.exponential(3, n), rng.integers(0, 6, n), rng.normal(0, 1e-3, n)]
x[rng.random((n, d)) < 0.1] = np.nan
level = rng.choice(["b", "a", "d", "c"], n)

db = psycopg2.connect(dbname="postgres")
sql = db.cursor()
sql.execute("CREATE EXTENSION IF NOT EXISTS pg_shopper")
names = [f"x{j}" for j in range(d)]
sql.execute(f"CREATE TEMP TABLE t (i int, level text, {', '.join(c + ' float8' for c in names)})")
for i in range(n):
    sql.execute(f"INSERT INTO t VALUES (%s, %s{', %s' * d})", (i, level[i], *(None if np.isnan(v) else float(v) for v in x[i])))


def ours(options, columns=", ".join(names)):
    sql.execute(f"WITH m AS MATERIALIZED (SELECT train_scaler(f, {options}) AS model FROM (SELECT {columns} FROM t) f) SELECT scale_array(model, t) FROM m, t ORDER BY i")
    return np.array([row[0] for row in sql.fetchall()], dtype=float)


def report(what, got, wanted):
    assert (np.isnan(got) == np.isnan(wanted)).all(), what
    error = np.nanmax(np.abs(got - wanted))
    print(f"{what}: largest difference {error:.2e}")
    assert error < 1e-9, what


report("standard", ours("scaler()"), StandardScaler().fit_transform(x))
report("min_max", ours("scaler(method => 'min_max')"), MinMaxScaler().fit_transform(x))
report("robust", ours("scaler(method => 'robust')"), RobustScaler().fit_transform(x))
for quantiles in (100, 1000):
    for distribution in ("uniform", "normal"):
        peer = QuantileTransformer(n_quantiles=min(quantiles, n), output_distribution=distribution, subsample=None)
        report(f"quantile, {quantiles}, {distribution}", ours(f"scaler(method => 'quantile', quantiles => {quantiles}, distribution => '{distribution}')"), peer.fit_transform(x))
report("ordinal", ours("encoder(method => 'ordinal', sort => 'value')", "level"), OrdinalEncoder().fit_transform(level[:, None]))
# without the column in which many rows are as near
for neighbours in (1, 5, 20):
    report(f"nearest {neighbours}", ours(f"scaler(method => 'none', impute => 'nearest', neighbours => {neighbours})", "x0, x1, x3"), KNNImputer(n_neighbors=neighbours).fit_transform(x[:, [0, 1, 3]]))
