"""Fits of tree() and forest() against scikit-learn on bench.sessions; prints seconds, ratios and AUC.

The last tenth of the rows is for testing. The peer's time is its fit alone: the way of the
rows to Python is not counted; ours is the whole statement.
"""
import sys
import time

import numpy as np
import pandas as pd
import psycopg2
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

ROWS = int(sys.argv[1])
NUM = ["f%d" % i for i in range(1, 21)]
CAT = ["c1", "c2", "c3", "c4"]
COLUMNS = ", ".join(NUM + CAT + ["bought"])
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error; SET max_parallel_workers_per_gather = 0")
TRAIN = "SELECT %s FROM bench.sessions WHERE id <= %d" % (COLUMNS, ROWS * 9 // 10)
TEST = "SELECT %s FROM bench.sessions WHERE id > 900000 ORDER BY id" % COLUMNS


def matrix(query, levels):
    cur.execute(query)
    d = pd.DataFrame(cur.fetchall(), columns=NUM + CAT + ["bought"])
    for c in CAT:
        levels.setdefault(c, sorted(d[c].unique()))
        d[c] = pd.Categorical(d[c], levels[c]).codes
    return d[NUM + CAT].to_numpy(np.float32), d["bought"].to_numpy(bool)


levels = {}
x, y = matrix(TRAIN, levels)
tx, ty = matrix(TEST, levels)


def compare(name, options, peer, repeat):
    ours = []
    for _ in range(repeat):
        t = time.time()
        cur.execute("DROP TABLE IF EXISTS model; CREATE TEMP TABLE model AS SELECT train_classifier_from(%s, 'bought', " + options + ") AS m", (TRAIN,))
        ours.append(time.time() - t)
    cur.execute("SELECT auc(bought, predict_purchase(m, f)) FROM model, (SELECT * FROM bench.sessions WHERE id > 900000) f")
    auc = cur.fetchone()[0]
    t = time.time()
    peer.fit(x, y)
    theirs = time.time() - t
    print("%-28s %7d rows: %7.2f s, scikit-learn %7.2f s, ratio %.3f; AUC %.4f, scikit-learn %.4f"
          % (name, len(y), min(ours), theirs, min(ours) / theirs, auc, roc_auc_score(ty, peer.predict_proba(tx)[:, 1])), flush=True)


compare("tree, depth 10", "tree(max_depth => 10, min_rows => 7, min_split_rows => 20, importance => false)",
        DecisionTreeClassifier(max_depth=10, min_samples_split=20, min_samples_leaf=7, random_state=1), 3)
compare("forest, 100 trees, depth 10", "forest(trees => 100, max_depth => 10, min_rows => 1, importance => false)",
        RandomForestClassifier(100, max_depth=10, n_jobs=2, random_state=1), 2)
compare("forest, 100 trees, 5 rows", "forest(trees => 100, min_rows => 5, importance => false)",
        RandomForestClassifier(100, min_samples_leaf=5, n_jobs=2, random_state=1), 1)
