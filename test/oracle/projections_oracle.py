"""Principal components and discriminants against scikit-learn, on data made here.

python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scikit-learn psycopg2-binary
test/cluster run /tmp/oracle/bin/python test/oracle/projections_oracle.py
"""
import numpy as np
import psycopg2
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(1)
n, d = 700, 6
y = rng.integers(0, 4, n)
x = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=(4, d))[y] * 1.5
names = [f"x{j}" for j in range(d)]

db = psycopg2.connect(dbname="postgres")
sql = db.cursor()
sql.execute("CREATE EXTENSION IF NOT EXISTS pg_shopper")
sql.execute(f"CREATE TEMP TABLE t (i int, y text, {', '.join(c + ' float8' for c in names)})")
for i in range(n):
    sql.execute(f"INSERT INTO t VALUES (%s, %s{', %s' * d})", (i, f"k{y[i]}", *map(float, x[i])))


def ours(train, call):
    sql.execute(f"WITH m AS MATERIALIZED (SELECT {train} AS model FROM (SELECT {', '.join(names)}, y FROM t) f) SELECT {call} FROM m, t ORDER BY i")
    return np.array([row[0] for row in sql.fetchall()])


def report(what, got, wanted):
    error = np.abs(got - wanted).max()
    print(f"{what}: largest difference {error:.2e}")
    assert error < 1e-8, what


z = StandardScaler().fit_transform(x)
for whiten in (False, True):
    wanted = PCA(3, whiten=whiten).fit_transform(z)
    got = ours(f"train_projection(f, pca(components => 3, whiten => {whiten}, exclude => '{{y}}'))", "project(model, t)")
    report(f"pca, whiten {whiten}", got * np.sign((got * wanted).sum(0)), wanted)

# the pooled covariance has the divisor n - classes (as in R's MASS); scikit-learn divides by n
within = sum(np.cov(z[y == c].T, bias=True) * (y == c).sum() for c in range(4)) / (n - 4)
for prior in ("rows", "equal"):
    share = np.bincount(y) / n if prior == "rows" else np.full(4, 0.25)
    density = np.array([share[c] * multivariate_normal(z[y == c].mean(0), within).pdf(z) for c in range(4)]).T
    got = ours(f"train_classifier(f, 'y', lda(priors => '{prior}', validation => 0))", "ARRAY(SELECT value::float8 FROM jsonb_each_text(predict_proba(model, t)) ORDER BY key)")
    report(f"lda, {prior}: probabilities", got, density / density.sum(1, keepdims=True))
wanted = LinearDiscriminantAnalysis().fit(z, y).transform(z) * np.sqrt((n - 4) / n)
got = ours("train_projection(f, lda(target => 'y', validation => 0))", "project(model, t)")
report("lda: scores", got * np.sign((got * wanted).sum(0)), wanted)
