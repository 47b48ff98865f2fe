"""Clusters against scikit-learn on bench.customers; prints seconds of the processor and of the clock, and ratios.

k-means fits start from the same centres and make the same iterations. Ours is the whole statement, less the
same statement with one cluster and one iteration for "fit"; the peer's "table to model" counts COPY to pandas.
"""
import io
import resource
import sys
import time

import numpy as np
import pandas as pd
import psycopg2
from sklearn.cluster import DBSCAN, KMeans

COLUMNS = ["x%d" % j for j in range(1, 9)]
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


def timed(work, cpu):
    t, c = time.time(), cpu()
    work()
    return time.time() - t, cpu() - c


def own_cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def ours(options, query):
    return timed(lambda: cur.execute("SELECT length(train_clusters_from(%s, " + options + "))", (query,)), backend_cpu)


def export(table):
    b = io.StringIO()
    cur.copy_expert("COPY (SELECT id, %s FROM %s) TO STDOUT (FORMAT csv, HEADER)" % (", ".join(COLUMNS), table), b)
    b.seek(0)
    return pd.read_csv(b)


def median(pairs):
    return tuple(float(np.median(v)) for v in zip(*pairs))


def show(name, own, peer):
    print("%-44s %6.2f s (cpu %6.2f), scikit-learn %6.2f s (cpu %6.2f), ratio %.3f (cpu %.3f)"
          % (name, *own, *peer, own[0] / peer[0], own[1] / peer[1]), flush=True)


QUERY = "SELECT %s FROM bench.customers" % ", ".join(COLUMNS)
x = export("bench.customers")[COLUMNS].to_numpy()
centres = x[:8]
given = ",".join(repr(float(v)) for v in centres.ravel())
fit, base, peer, route, whole = [], [], [], [], []
for _ in range(ROUNDS):
    base.append(ours("kmeans(k => 1, scale => 'none', starts => 1, max_iterations => 1)", QUERY))
    fit.append(ours("kmeans(centres => '{%s}', scale => 'none', max_iterations => 20, tolerance => 0)" % given, QUERY))
    peer.append(timed(lambda: KMeans(8, init=centres, n_init=1, max_iter=20, tol=0, algorithm="lloyd").fit(x), own_cpu))
    whole.append(ours("kmeans(k => 8, scale => 'none', starts => 1)", QUERY))
    route.append(timed(lambda: KMeans(8, n_init=1, max_iter=30, random_state=1).fit(export("bench.customers")[COLUMNS].to_numpy()), own_cpu))
base, fit, peer, whole, route = map(median, (base, fit, peer, whole, route))
show("k-means 1M x 8, k = 8, 20 iterations: fit", (fit[0] - base[0], fit[1] - base[1]), peer)
show("k-means 1M x 8, k = 8: table to model", whole, route)
big = x[:256]
fit = ours("kmeans(centres => '{%s}', scale => 'none', max_iterations => 10, tolerance => 0)" % ",".join(repr(float(v)) for v in big.ravel()), QUERY)
peer = timed(lambda: KMeans(256, init=big, n_init=1, max_iter=10, tol=0, algorithm="lloyd").fit(x), own_cpu)
show("k-means 1M x 8, k = 256, 10 iterations: fit", (fit[0] - base[0], fit[1] - base[1]), peer)
QUERY = QUERY + " WHERE id <= 50000"
own = median([ours("dbscan(eps => 1.6, min_points => 8, scale => 'none')", QUERY) for _ in range(ROUNDS)])
peer = timed(lambda: DBSCAN(eps=1.6, min_samples=8, n_jobs=2).fit(x[:50000]), own_cpu)
show("dbscan 50,000 x 8: table to model against fit", own, peer)
