"""Clusters against scikit-learn and scipy, on rows that the reference figures do not cover.

Run inside the throw-away cluster:
    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scikit-learn scipy psycopg2-binary
    test/cluster run /tmp/oracle/bin/python test/oracle/segments_oracle.py
Prints one line a check and ends with 1 when one fails.
"""
import sys
import warnings

import numpy as np
import psycopg2
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

warnings.filterwarnings("ignore")
rng = np.random.default_rng(1)
N, D = 6000, 4
x = rng.normal(size=(N, D)) * rng.uniform(0.5, 2, D) + rng.normal(size=(9, D))[rng.integers(0, 9, N)] * 4
weight = rng.integers(1, 4, N).astype(float)
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS pg_shopper")
cur.execute("CREATE TEMP TABLE points(i int, a float8, b float8, c float8, d float8, w float8)")
cur.executemany("INSERT INTO points VALUES (%s, %s, %s, %s, %s, %s)", [(i, *map(float, r), float(w)) for i, (r, w) in enumerate(zip(x, weight))])
QUERY = "SELECT a, b, c, d FROM points"
failed = 0


def check(name, ok, figures=""):
    global failed
    failed += not ok
    print("%-6s %s  %s" % ("ok" if ok else "FAILED", name, figures), flush=True)


def train(options, query=QUERY):
    cur.execute("DROP TABLE IF EXISTS model; CREATE TEMP TABLE model AS SELECT train_clusters_from(%s, " + options + ") AS m", (query,))


def metric(name):
    cur.execute("SELECT value FROM model, model_metrics(m) WHERE metric = %s", (name,))
    return cur.fetchone()[0]


def labels():
    cur.execute("SELECT coalesce(predict_cluster(m, f), 0) FROM model, points f ORDER BY i")
    return np.array([r[0] for r in cur.fetchall()])


# k-means: the same centres to start from, the same number of iterations, each scale, weights
for scale, scaler in (("none", None), ("standard", StandardScaler()), ("min_max", MinMaxScaler()), ("robust", RobustScaler())):
    y = x if scaler is None else scaler.fit_transform(x)
    for k, iterations in ((7, 5), (120, 4)):
        peer = KMeans(k, init=y[:k], n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(y)
        train("kmeans(centres => '{%s}', scale => '%s', max_iterations => %d, tolerance => 0)" % (",".join(map(repr, map(float, x[:k].ravel()))), scale, iterations))
        check("kmeans, %s, k = %d: inertia" % (scale, k), abs(metric("inertia") / peer.inertia_ - 1) < 1e-9, "%.9g %.9g" % (metric("inertia"), peer.inertia_))
        check("kmeans, %s, k = %d: labels" % (scale, k), adjusted_rand_score(labels(), peer.predict(y)) > 1 - 1e-9)
peer = KMeans(6, init=x[:6], n_init=1, max_iter=7, tol=0, algorithm="lloyd").fit(x, sample_weight=weight)
train("kmeans(centres => '{%s}', scale => 'none', max_iterations => 7, tolerance => 0, weight => 'w')" % ",".join(map(repr, map(float, x[:6].ravel()))), "SELECT a, b, c, d, w FROM points")
check("kmeans, weights: inertia", abs(metric("inertia") / peer.inertia_ - 1) < 1e-9, "%.9g %.9g" % (metric("inertia"), peer.inertia_))

# the best of ten starts is as good
for k in (5, 9, 20):
    peer = KMeans(k, n_init=10, random_state=0).fit(x)
    train("kmeans(k => %d, scale => 'none')" % k)
    check("kmeans, k = %d: ten starts" % k, metric("inertia") < peer.inertia_ * 1.01, "%.9g %.9g" % (metric("inertia"), peer.inertia_))

# measures of any partition
part = rng.integers(0, 6, N)
for lab, name in ((part, "random"), (peer.labels_, "k-means")):
    cur.execute("SELECT silhouette(ARRAY[a, b, c, d], l), calinski_harabasz(ARRAY[a, b, c, d], l), davies_bouldin(ARRAY[a, b, c, d], l) "
                "FROM points, LATERAL (SELECT (%s::int[])[i + 1] AS l) t", ([int(v) for v in lab],))
    got = cur.fetchone()
    want = silhouette_score(x, lab), calinski_harabasz_score(x, lab), davies_bouldin_score(x, lab)
    check("measures of a %s partition" % name, np.allclose(got, want, rtol=1e-9, atol=1e-12), str(got))

# dbscan: core rows, noise, the partition of core rows; weights; distances
for eps, points in ((0.6, 5), (0.9, 10), (1.3, 20)):
    for w in (None, weight):
        peer = DBSCAN(eps=eps, min_samples=points).fit(x, sample_weight=w)
        core = peer.core_sample_indices_
        train("dbscan(eps => %g, min_points => %d, scale => 'none'%s)" % (eps, points, ", weight => 'w'" if w is not None else ""),
              QUERY if w is None else "SELECT a, b, c, d, w FROM points")
        own = labels()
        name = "dbscan, eps %g, min_points %d%s" % (eps, points, ", weights" if w is not None else "")
        check(name + ": core rows", metric("core_rows") == len(core), "%d" % len(core))
        check(name + ": noise", (own == 0).sum() == (peer.labels_ < 0).sum(), "%d" % (own == 0).sum())
        check(name + ": partition", len(core) == 0 or adjusted_rand_score(own[core], peer.labels_[core]) > 1 - 1e-9)
for k in (1, 4, 15):
    want = np.sort(NearestNeighbors(n_neighbors=k).fit(x).kneighbors(x)[0][:, -1])[::-1]
    cur.execute("SELECT distance FROM k_distance(%s, %s, dbscan(scale => 'none')) ORDER BY rank", (QUERY, k))
    check("k_distance, k = %d" % k, np.allclose([r[0] for r in cur.fetchall()], want, rtol=1e-12, atol=1e-7))

# hierarchical: heights of all steps, labels of a cut
for method in ("ward", "average", "complete", "single"):
    tree = linkage(x[:2000], method)
    train("hierarchical(k => 8, linkage => '%s', scale => 'none')" % method, QUERY + " WHERE i < 2000")
    cur.execute("SELECT height FROM model, dendrogram(m) ORDER BY merge")
    check("hierarchical, %s: heights" % method, np.allclose([r[0] for r in cur.fetchall()], tree[:, 2], rtol=1e-9))
    cur.execute("SELECT size FROM model, clusters(m) ORDER BY size DESC")
    check("hierarchical, %s: sizes" % method, [int(r[0]) for r in cur.fetchall()] == sorted(np.bincount(fcluster(tree, 8, "maxclust"))[1:], reverse=True))

# mixtures: no start of the peer is more likely; memberships of the same mixture
for ours, theirs in (("full", "full"), ("tied", "tied"), ("diagonal", "diag"), ("spherical", "spherical")):
    best = max((GaussianMixture(4, covariance_type=theirs, tol=1e-10, max_iter=3000, init_params=init, random_state=s).fit(x) for s in range(3)
                for init in ("kmeans", "k-means++")), key=lambda g: g.score(x))
    train("gaussian_mixture(k => 4, covariance => '%s', scale => 'none', starts => 10, tolerance => 1e-10, max_iterations => 3000)" % ours)
    got, want = metric("mean_log_likelihood"), best.score(x)
    check("mixture, %s: log likelihood" % ours, got > want - 1e-5, "%.7f %.7f" % (got, want))
    if abs(got - want) < 1e-6:
        cur.execute("SELECT (SELECT array_agg(value::float8 ORDER BY value::float8) FROM jsonb_each_text(cluster_membership(m, f))) FROM model, points f ORDER BY i")
        own = np.array([r[0] for r in cur.fetchall()])
        check("mixture, %s: memberships" % ours, np.abs(own - np.sort(best.predict_proba(x), 1)).max() < 1e-3, "%.2g" % np.abs(own - np.sort(best.predict_proba(x), 1)).max())

sys.exit(failed > 0)
