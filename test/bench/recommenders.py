"""Recommenders against their peers: implicit, scikit-learn, numpy and LAPACK.

Run by test/bench/recommenders.sh inside the throw-away cluster, with the ratings of svd_peer.py as bench_ratings
(u, i, r, test). Ours is a whole call of SQL, rows read and bytes written; theirs the fit alone, on a matrix that is
there. Two threads each. Prints seconds, processor seconds (which other work on the machine changes little), quality
and ratios; asserts nothing.
"""
import os
import statistics
import sys
import time
import warnings

for v in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ[v] = "2"
import numpy as np
import psycopg2
import scipy.linalg
import scipy.sparse as sp

warnings.filterwarnings("ignore")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
con = psycopg2.connect("")
con.autocommit = True
cur = con.cursor()
cur.execute("SET client_min_messages = error; SET pg_shopper.max_threads = 2")
# bytes of numbers get no smaller by pglz, the default: up to 0.2 s of a statement that stores a model
cur.execute("SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
if cur.fetchall() == [(True,)]:
    cur.execute("SET default_toast_compression = '%s'" % os.environ.get("TOAST_COMPRESSION", "lz4"))
cur.execute("SELECT u, i, r FROM bench_ratings WHERE NOT test")
train = np.array(cur.fetchall())
cur.execute("SELECT u, i, r FROM bench_ratings WHERE test")
test = np.array(cur.fetchall())
USERS, ITEMS = 50001, 5001
u, i, r = train[:, 0].astype(int), train[:, 1].astype(int), train[:, 2]
X = sp.csr_matrix((np.ones(len(u), np.float32), (u, i)), (USERS, ITEMS))
held = sp.csr_matrix((np.ones(len(test)), (test[:, 0].astype(int), test[:, 1].astype(int))), (USERS, ITEMS))


def sql(text, *values):
    cur.execute(text, values)
    return cur.fetchall()[0][0] if cur.description else None


def cpu():
    """Seconds of processor time of this process and of the backend."""
    with open("/proc/%d/stat" % con.info.backend_pid) as f:
        of_backend = f.read().rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + sum(map(int, of_backend)) / os.sysconf("SC_CLK_TCK")


def timed(fn, rounds=ROUNDS):
    """(seconds, seconds of processor time), medians; and the last result."""
    seconds, busy = [], []
    for _ in range(rounds):
        start, of_cpu = time.perf_counter(), cpu()
        result = fn()
        seconds.append(time.perf_counter() - start)
        busy.append(cpu() - of_cpu)
    return (statistics.median(seconds), statistics.median(busy)), result


def train_sql(options, columns="u, i", name="m"):
    sql("DROP TABLE IF EXISTS bench_model_%s" % name)
    sql("CREATE TABLE bench_model_%s AS SELECT train_recommender_from('SELECT %s FROM bench_ratings WHERE NOT test', %s) AS m" % (name, columns, options))


def lists(name="m"):
    cur.execute("SELECT user_id, item FROM bench_model_%s, recommend_all(m, NULL::int, NULL::int, 10)" % name)
    got = {}
    for user, item in cur.fetchall():
        got.setdefault(user, []).append(item)
    return got


def ndcg(got):
    total, gain = [], 1 / np.log2(np.arange(2, 12))
    for user in np.unique(test[:, 0].astype(int)):
        liked = set(held[user].indices)
        if user in got:
            hits = np.array([item in liked for item in got[user]] + [False] * (10 - len(got[user])))
            total.append((hits * gain).sum() / gain[:min(10, len(liked))].sum())
    return np.mean(total)


def say(job, ours, theirs, peer, bar, more=""):
    print("%-27s %7.3f s (cpu %6.2f)   %-21s %7.3f s (cpu %6.2f)   ratio %.3f, of cpu %.3f (bar %.2f)  %s" % (
        job, *ours, peer, *theirs, ours[0] / theirs[0], ours[1] / theirs[1], bar, more), flush=True)


def als_events():
    from implicit.als import AlternatingLeastSquares
    def fit():
        model = AlternatingLeastSquares(factors=64, iterations=15, regularization=10, alpha=10, num_threads=2, random_state=1)
        model.fit(X, show_progress=False)
        return model
    theirs, model = timed(fit)
    ours, _ = timed(lambda: train_sql("als(factors => 64, epochs => 15, alpha => 10, lambda => 10, cg_steps => 3)"))
    users = np.arange(USERS)[np.diff(X.indptr) > 0]
    all_theirs, (items, _) = timed(lambda: model.recommend(users, X[users], N=10))
    all_ours, _ = timed(lambda: sql("SELECT count(*) FROM bench_model_m, recommend_all(m, NULL::int, NULL::int, 10)"))
    say("als of events, 64, 15, cg 3", ours, theirs, "implicit", 1, "NDCG@10 %.4f, theirs %.4f" % (ndcg(lists()), ndcg(dict(zip(users, items.tolist())))))
    say("recommend_all, 10 of 5,000", all_ours, all_theirs, "implicit", 1)
    sql("SELECT count(*) FROM bench_model_m, recommend(m, 1)")
    cur.execute("PREPARE one AS SELECT count(*) FROM (SELECT m FROM bench_model_m OFFSET 0) AS b, generate_series(1, 2000) AS user_id, LATERAL recommend(m, user_id, 10)")
    one, _ = timed(lambda: cur.execute("EXECUTE one"))
    print("one warm recommend of 64 factors, 5,000 items: %.0f microseconds (bar 300)" % (one[0] / 2000 * 1e6))


def reading():
    ours, _ = timed(lambda: train_sql("popular()"))
    print("reading alone (popular)      %7.3f s (cpu %6.2f)" % ours, flush=True)


def item_knn():
    from implicit.nearest_neighbours import CosineRecommender
    def fit():
        model = CosineRecommender(K=50, num_threads=2)
        model.fit(X, show_progress=False)
    theirs, _ = timed(fit)
    ours, _ = timed(lambda: train_sql("item_knn(k => 50)"))
    say("item_knn, 50", ours, theirs, "implicit", 1)


def als_ratings():
    """Alternating least squares of rank 16 in numpy: a Gram matrix a row from one sparse product, solved all at once."""
    def fit():
        mean = r.mean()
        of_item = np.bincount(i, r - mean, ITEMS) / (np.bincount(i, minlength=ITEMS) + 5)
        of_user = np.bincount(u, r - mean - of_item[i], USERS) / (np.bincount(u, minlength=USERS) + 5)
        rest = (r - mean - of_item[i] - of_user[u]).astype(np.float32)
        cells, known = sp.csr_matrix((rest, (u, i)), (USERS, ITEMS)), X
        cells_t, known_t = cells.T.tocsr(), known.T.tocsr()
        Q = (0.1 * np.random.default_rng(1).standard_normal((ITEMS, 16))).astype(np.float32)
        def solve(known, cells, F):
            A = np.asarray(known @ np.einsum("ij,ik->ijk", F, F).reshape(len(F), -1)).reshape(-1, 16, 16) + 6 * np.eye(16, dtype=np.float32)
            return np.linalg.solve(A, np.asarray(cells @ F)[:, :, None])[:, :, 0]
        for _ in range(10):
            P = solve(known, cells, Q)
            Q = solve(known_t, cells_t, P)
        return mean, of_user, of_item, P, Q
    theirs, (mean, of_user, of_item, P, Q) = timed(fit)
    ours, _ = timed(lambda: train_sql("als(factors => 16, epochs => 10)", "u, i, r"))
    tu, ti = test[:, 0].astype(int), test[:, 1].astype(int)
    error = np.sqrt(np.mean((np.clip(mean + of_user[tu] + of_item[ti] + (P[tu] * Q[ti]).sum(1), 0.5, 5) - test[:, 2]) ** 2))
    say("als of ratings, 16, 10", ours, theirs, "numpy", 0.2,
        "RMSE %.4f, theirs %.4f" % (sql("SELECT rmse(r, predict_rating(m, u, i)) FROM bench_ratings, bench_model_m WHERE test"), error))


def nmf():
    from sklearn.decomposition import NMF
    def fit():
        model = NMF(16, init="random", solver="cd", max_iter=50, tol=0, random_state=1)
        model.fit_transform(X[1:, 1:])
        return model
    theirs, model = timed(fit)
    ours, _ = timed(lambda: train_sql("nmf(factors => 16, iterations => 50, lambda => 0)"))
    say("nmf, 16, 50", ours, theirs, "scikit-learn", 0.5, "objective %.0f, theirs %.0f" % (
        sql("SELECT (model_info(m) ->> 'loss')::float8 FROM bench_model_m"), model.reconstruction_err_ ** 2 / 2))


def ease():
    sql("SET pg_shopper.max_model_size = 256")
    G = np.asfortranarray((X[:, 1:].T @ X[:, 1:]).toarray().astype(float) + 300 * np.eye(ITEMS - 1))
    inv, _ = timed(lambda: np.linalg.inv(G))
    potri, _ = timed(lambda: scipy.linalg.lapack.dpotri(scipy.linalg.lapack.dpotrf(G, lower=1)[0], lower=1))
    whole, _ = timed(lambda: train_sql("ease()"))
    say("ease, whole training", whole, inv, "numpy.linalg.inv", 0.6)
    say("ease, whole training", whole, potri, "dpotrf and dpotri", 1.1, "NDCG@10 %.4f" % ndcg(lists()))


def truncated():
    from sklearn.decomposition import TruncatedSVD
    theirs, model = timed(lambda: TruncatedSVD(32, algorithm="arpack").fit(X))
    ours, _ = timed(lambda: train_sql("svd(method => 'truncated', factors => 32)"))
    s = np.array(sql("SELECT model_info(m) -> 'singular_values' FROM bench_model_m"))
    say("svd truncated, 32", ours, theirs, "scikit-learn (arpack)", 1, "singular values differ by %.1g of the first" % (np.abs(s - model.singular_values_).max() / s[0]))


for job in sys.argv[1:] or ["reading", "als_events", "item_knn", "als_ratings", "nmf", "ease", "truncated"]:
    globals()[job]()
