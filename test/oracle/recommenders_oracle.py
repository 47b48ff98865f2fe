"""ease(), svd(method => 'truncated') and nmf() against numpy and scikit-learn.

Run inside the throw-away cluster, in a database with the extension:
    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy scikit-learn
    PGDATABASE=... test/cluster run /tmp/oracle/bin/python test/oracle/recommenders_oracle.py
Needs psql on the path; prints one line a learner and ends with 1 when scores differ by more than
1e-5, singular values by 1e-9 of the largest, or the objective of nmf lies above scikit-learn's by
more than 0.5 % (starts differ).
"""
import json
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from sklearn.decomposition import NMF

warnings.filterwarnings("ignore")
USERS, ITEMS = 300, 120
rng = np.random.default_rng(3)
taste, kind = rng.gamma(0.3, 1, (USERS, 6)), rng.gamma(0.3, 1, (ITEMS, 6))
X = (rng.uniform(size=(USERS, ITEMS)) < 1 - np.exp(-0.15 * taste @ kind.T - 0.02)) * rng.integers(1, 4, (USERS, ITEMS)).astype(float)
X = X[X.sum(1) > 0][:, X.sum(0) > 0]
USERS, ITEMS = X.shape


def sql(text):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
        f.writelines("%d,%d,%g\n" % (u, i, X[u, i]) for u, i in zip(*X.nonzero()))
        f.flush()
        text = "CREATE TEMP TABLE d(u int, i int, w float8);\n\\copy d FROM '%s' CSV\n" % f.name + text
        out = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input=text, capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    return [json.loads(line) for line in out.stdout.splitlines()]


def scores(options):
    return """CREATE TEMP TABLE m AS SELECT train_recommender(u, i, w, %s) m FROM d;
        SELECT jsonb_agg(jsonb_build_array(user_id, item, score)) FROM m, recommend_all(m, user_type => NULL::int, item_type => NULL::int, n => NULL, exclude_seen => false);
        SELECT model_info(m) FROM m; DROP TABLE m;""" % options


def matrix(rows):
    S = np.zeros((USERS, ITEMS))
    for u, i, score in rows:
        S[u, i] = score
    return S


bad = 0


def say(what, gap, limit):
    global bad
    bad += gap > limit
    print("%s: %.2g (at most %g)%s" % (what, gap, limit, "" if gap <= limit else "  DIFFERS"))


P = np.linalg.inv(X.T @ X + 50 * np.eye(ITEMS))
B = -P / np.diag(P)
np.fill_diagonal(B, 0)
got, info = sql(scores("ease(lambda => 50, weighted => true)"))
say("ease, scores", np.abs(matrix(got) - X @ B).max(), 1e-5)

U, s, Vt = np.linalg.svd(X, full_matrices=False)
got, info = sql(scores("svd(method => 'truncated', factors => 12)"))
say("svd truncated, scores", np.abs(matrix(got) - X @ Vt[:12].T @ Vt[:12]).max(), 1e-5)
say("svd truncated, singular values", np.abs(np.array(info["singular_values"]) - s[:12]).max() / s[0], 1e-9)

for penalty in 0, 2, 10:
    reached = []
    for seed in range(3):
        model = NMF(8, init="random", solver="cd", max_iter=50, tol=0, alpha_W=penalty / ITEMS, alpha_H=penalty / USERS, random_state=seed)
        W = model.fit_transform(X)
        H = model.components_
        reached.append(0.5 * ((X - W @ H) ** 2).sum() + penalty / 2 * ((W ** 2).sum() + (H ** 2).sum()))
    losses = [sql(scores("nmf(factors => 8, lambda => %g, iterations => 50, implicit => true) || '{\"seed\": %d}'" % (penalty, seed)))[1]["loss"] for seed in range(3)]
    print("nmf, lambda %g: objective %s, scikit-learn %s" % (penalty, np.round(losses, 2), np.round(reached, 2)))
    say("nmf, above scikit-learn's mean by", np.mean(losses) / np.mean(reached) - 1, 0.005)
sys.exit(bad > 0)
