"""boosting() against LightGBM and XGBoost, tree by tree, on numbers whose bins are exact.

    PGHOST=... boosting_oracle.py     in a database with pg_shopper; needs lightgbm, xgboost, numpy, psycopg2

Same settings, few distinct values a column: the scores of all rows after 1 to 10 trees must agree, which they
do only when splits and leaf values do. Classes get random row weights, since counts of classes make many splits
of equal gain; and no least number of rows, which LightGBM estimates from hessians. Our gradients are rounded to
some 15 bits for the search of splits (not for the leaves), so two splits of nearly equal gain may change places,
and everything after such a change differs: of 4 data sets the number that agree in all rows is shown. Classes
meet LightGBM with l2 0: with l2 1 it finds other splits than XGBoost and boosting(), which agree. Poisson, tweedie
and gamma are left out: leaves are damped otherwise.
"""
import sys

import lightgbm as lgb
import numpy as np
import psycopg2
import xgboost as xgb

con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error")
LOSS = {"squared": ("regression", "reg:squarederror"), "logistic": ("binary", "binary:logistic"), "softmax": ("multiclass", None)}


def data(kind, seed, n=2000, columns=6):
    r = np.random.default_rng(seed)
    x = r.integers(0, 200, (n, columns)) / 7.0
    f = np.sin(x[:, 0] / 4) + 0.1 * x[:, 1] - (x[:, 2] > 12) * (x[:, 3] < 9) + 0.3 * r.normal(size=n)
    w = np.round(0.5 + r.random(n), 6)
    if kind == "squared":
        return x, f, np.ones(n)
    if kind == "softmax":
        return x, np.digitize(f, [0.5, 1.5]).astype(int), w
    return x, (r.random(n) < 1 / (1 + np.exp(-2 * (f - 1)))).astype(int), w


def ours(kind, x, y, w, trees, settings):
    cur.execute("DROP TABLE IF EXISTS pg_temp.rows; CREATE TEMP TABLE rows (id int, y float8, w float8, %s)" % ", ".join("x%d float8" % j for j in range(x.shape[1])))
    for i in range(0, len(y), 500):
        cur.execute("INSERT INTO rows VALUES " + ",".join("(%d,%r,%r,%s)" % (k, float(y[k]), float(w[k]), ",".join(repr(float(v)) for v in x[k])) for k in range(i, min(i + 500, len(y)))))
    columns = ",".join("x%d" % j for j in range(x.shape[1]))
    options = ", ".join("%s => %s" % s for s in {**settings, "trees": trees, "importance": "false"}.items())
    if kind == "squared":
        cur.execute("SELECT predict_value(m, r) FROM (SELECT train_regressor_from('SELECT y, %s FROM rows', 'y', boosting(%s)) AS m) m, rows r ORDER BY id" % (columns, options))
        return np.array([r[0] for r in cur.fetchall()])
    options += ", weight => 'w'"
    cur.execute("SELECT predict_proba(m, r) FROM (SELECT train_classifier_from('SELECT y::int AS y, w, %s FROM rows', 'y', boosting(%s)) AS m) m, rows r ORDER BY id" % (columns, options))
    p = np.array([[r[0][k] for k in sorted(r[0], key=int)] for r in cur.fetchall()], float)
    if kind == "logistic":
        return np.log(p[:, 1] / p[:, 0])
    return np.log(p) - np.log(p).mean(axis=1, keepdims=True)


def lightgbm(kind, x, y, w, trees, s):
    o = dict(objective=LOSS[kind][0], num_leaves=s["max_leaves"], max_depth=s.get("max_depth", -1), learning_rate=s["learning_rate"], lambda_l2=s["l2"],
             min_data_in_leaf=s["min_rows"], min_sum_hessian_in_leaf=s["min_hessian"], min_data_in_bin=1, max_bin=255, feature_pre_filter=False, verbose=-1, num_threads=1)
    if kind == "softmax":
        o["num_class"] = int(y.max()) + 1
    m = lgb.train(o, lgb.Dataset(x, y, weight=w, params=o), trees)
    p = m.predict(x, raw_score=True)
    return p - p.mean(axis=1, keepdims=True) if kind == "softmax" else p


def xgboost(kind, x, y, w, trees, s):
    base = np.average(y, weights=w)
    o = dict(objective=LOSS[kind][1], eta=s["learning_rate"], reg_lambda=s["l2"], min_child_weight=s["min_hessian"], tree_method="hist", max_bin=256,
             base_score=base, nthread=1, grow_policy="depthwise", max_depth=s["max_depth"], max_leaves=0)
    m = xgb.train(o, xgb.DMatrix(x, y, weight=w), trees)
    return m.predict(xgb.DMatrix(x), output_margin=True)


bad = 0
for kind in LOSS:
    few = 20 if kind == "squared" else 1
    for name, peer, settings in (
            ("LightGBM", lightgbm, dict(learning_rate=0.1, max_leaves=31, l2=1 if kind == "squared" else 0, min_rows=few, min_hessian=0.5)),
            ("LightGBM", lightgbm, dict(learning_rate=0.3, max_leaves=15, l2=0, min_rows=few, min_hessian=2)),
            ("XGBoost", xgboost, dict(learning_rate=0.3, growth="'depth'", max_depth=6, l2=1, min_rows=1, min_hessian=1)),
            ("XGBoost", xgboost, dict(learning_rate=0.1, growth="'depth'", max_depth=3, l2=5, min_rows=1, min_hessian=10))):
        if name == "XGBoost" and LOSS[kind][1] is None:
            continue
        line = []
        for trees in (1, 2, 5, 10):
            same, close = 0, 0
            for seed in range(4):
                x, y, w = data(kind, seed)
                d = np.abs(ours(kind, x, y, w, trees, settings) - peer(kind, x, y, w, trees, settings))
                d = d.max(axis=1) if d.ndim > 1 else d
                if (d > 2e-6).any():
                    continue
                same, close = same + 1, max(close, float(d.max()))
            line.append("%d trees: %d of 4 (%.0e)" % (trees, same, close))
            bad += trees == 1 and same < 3
        print("%-8s %-8s %s  %s" % (kind, name, "depth" if "growth" in settings else "leaf ", "; ".join(line)), flush=True)
sys.exit(bad > 0)
