"""Isolation forests against scikit-learn on bench.visitors; prints seconds of the processor and of the clock, and ratios.

Ours are whole statements: table to model, model to scores of all rows, in one process and two threads of
training. The peer's rows are in memory already. Both find the cut-off for one row in a hundred.
"""
import resource
import sys
import time

import numpy as np
import psycopg2
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

COLUMNS = ", ".join("x%d" % j for j in range(1, 9))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error; SET max_parallel_workers_per_gather = 0; SET pg_shopper.max_threads = 2")
cur.execute("SELECT pg_backend_pid()")
PID = cur.fetchone()[0]


def backend_cpu():
    f = open("/proc/%d/stat" % PID).read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / 100


def own_cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def timed(work, cpu):
    t, c = time.time(), cpu()
    work()
    return time.time() - t, cpu() - c


def show(name, own, peer):
    own, peer = (tuple(float(np.median(v)) for v in zip(*p)) for p in (own, peer))
    print("%-36s %6.2f s (cpu %6.2f), scikit-learn %6.2f s (cpu %6.2f), ratio %.3f (cpu %.3f)"
          % (name, *own, *peer, own[0] / peer[0], own[1] / peer[1]), flush=True)


cur.execute("SELECT strange, %s FROM bench.visitors ORDER BY id" % COLUMNS)
rows = np.array(cur.fetchall(), dtype=float)
y, x = rows[:, 0], np.ascontiguousarray(rows[:, 1:])
fit, score, peer_fit, peer_plain, peer_score = [], [], [], [], []
for _ in range(ROUNDS):
    cur.execute("DROP TABLE IF EXISTS bench.model")
    fit.append(timed(lambda: cur.execute("CREATE TABLE bench.model AS SELECT train_anomaly_from('SELECT %s FROM bench.visitors', isolation_forest(contamination => 0.01)) AS m" % COLUMNS), backend_cpu))
    score.append(timed(lambda: cur.execute("SELECT sum(anomaly_score(m, v)) FROM bench.model, bench.visitors v"), backend_cpu))
    plain = IsolationForest(random_state=1)
    peer_plain.append(timed(lambda: plain.fit(x), own_cpu))
    peer = IsolationForest(random_state=1, contamination=0.01)
    peer_fit.append(timed(lambda: peer.fit(x), own_cpu))
    peer_score.append(timed(lambda: peer.score_samples(x), own_cpu))
cur.execute("SELECT auc(strange, anomaly_score(m, v)) FROM bench.model, bench.visitors v")
print("area under the curve: ours %.4f, scikit-learn %.4f" % (cur.fetchone()[0], roc_auc_score(y, -peer.score_samples(x))))
show("1M x 8, 100 trees: fit and cut-off", fit, peer_fit)
show("1M x 8, 100 trees: fit, theirs without", fit, peer_plain)
show("1M x 8, 100 trees: score", score, peer_score)
