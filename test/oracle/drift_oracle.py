"""Distances of distributions against NumPy and SciPy.

python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scipy psycopg2-binary
test/cluster run /tmp/oracle/bin/python test/oracle/drift_oracle.py
"""
import numpy as np
import psycopg2
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, ks_2samp, kstest

db = psycopg2.connect(dbname="postgres")
sql = db.cursor()
sql.execute("CREATE EXTENSION IF NOT EXISTS pg_shopper")
rng = np.random.default_rng(5)


def drift(expected, actual, ordered):
    cells = [list(map(float, [*c, 0, 0])) for c in (expected, actual)]
    sql.execute("SELECT psi, chance, ks, js FROM shopper.drift(%s::float8[], %s::float8[], %s)", (*cells, ordered))
    return sql.fetchone()


# cells that are large enough to stay as they are: the formulas
worst = 0.0
for _ in range(300):
    cells = int(rng.integers(2, 10))
    share = rng.dirichlet(np.full(cells, 30)) * 0.8 + 0.2 / cells
    expected = np.full(cells, 500) if cells > 4 else rng.multinomial(5000, share)
    actual = rng.multinomial(int(rng.integers(20, 4000)), share)
    for ordered in (False, True) if cells > 4 else (False,):
        psi, chance, ks, js = drift(expected, actual, ordered)
        e, a = ((c + 0.5) / (c + 0.5).sum() for c in (expected, actual))
        index = ((a - e) * np.log(a / e)).sum()
        pairs = [(psi, index), (chance, chi2.sf(index / (1 / expected.sum() + 1 / actual.sum()), cells - 1)),
                 (js, jensenshannon(expected, actual, base=2) ** 2)]
        if ordered:
            pairs.append((ks, np.abs(np.cumsum(expected) / expected.sum() - np.cumsum(actual) / actual.sum()).max()))
        worst = max(worst, *(abs(x - y) for x, y in pairs))
print(f"psi, chance, ks, js of 300 pairs: largest difference {worst:.1e}")
assert worst < 1e-9

# through a model: the distance over at most a hundred ranges is nearly that of the values, and
# without drift each probability is as frequent as it says
sql.execute("CREATE TEMP TABLE old AS SELECT i % 2 = 0 AS y, 0.0::float8 AS x FROM generate_series(1, 4000) i")
chances, widest = [], 0.0
for trial in range(200):
    shift = 0 if trial % 2 else rng.uniform(0, 1)
    x, z = rng.lognormal(size=4000), rng.lognormal(shift, size=1500)
    sql.execute("DROP TABLE IF EXISTS old, new")
    for name, values in (("old", x), ("new", z)):
        sql.execute(f"CREATE TEMP TABLE {name} AS SELECT i %% 2 = 0 AS y, v AS x FROM unnest(%s) WITH ORDINALITY u(v, i)", (list(map(float, values)),))
    sql.execute("""SELECT d.ks, d.chance FROM (SELECT train_classifier_from('SELECT y, x FROM old', 'y', logistic()) AS m) t,
        feature_drift(m, 'SELECT x FROM old', 'SELECT x FROM new') d WHERE feature = 'x'""")
    ks, chance = sql.fetchone()
    true = ks_2samp(x, z).statistic
    assert ks <= true + 1e-9
    widest = max(widest, true - ks)
    if not shift:
        chances.append(chance)
even = kstest(chances, "uniform").pvalue
print(f"ks of values: at most {widest:.4f} above that of ranges; chances without drift are even: p = {even:.2f}")
assert widest < 0.02 and even > 0.01
