"""Which figures of user_knn(k => 50) on MovieLens 100k are a matter of ties?

One user in seven has a tie at the 50th neighbour, so whoever breaks ties in another way gets
other figures. Random orders of the tied ones show how far these go, and ours (the smaller key
first) must lie among them.

python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy psycopg2-binary
In a database with the extension and the table ml100k_ratings:
    PGDATABASE=... test/cluster run /tmp/oracle/bin/python test/oracle/user_knn_oracle.py
"""
import numpy as np
import psycopg2

sql = psycopg2.connect("").cursor()
sql.execute("SELECT rn, user_id, item_id FROM ml100k_ratings")
rn, user, item = np.array(sql.fetchall()).T
X, T = (np.zeros((user.max() + 1, item.max() + 1)) for _ in range(2))
X[user[rn % 5 != 0], item[rn % 5 != 0]] = 1
T[user[rn % 5 == 0], item[rn % 5 == 0]] = 1
X, T = X[X.sum(1) > 0], T[X.sum(1) > 0]
size = X.sum(1)
common = X @ X.T
squared = np.round(common**2 / np.outer(size, size), 12)
np.fill_diagonal(squared, -1)
near, rng = np.sqrt(np.maximum(squared, 0)), np.random.default_rng(1)
tied = np.sort(squared, axis=1)[:, ::-1]
print(f"{(tied[:, 49] == tied[:, 50]).sum()} of {len(X)} users have a tie at the 50th neighbour")


def measures(chosen):
    weight = np.zeros_like(near)
    np.put_along_axis(weight, chosen, np.take_along_axis(near, chosen, 1), 1)
    score = np.round(weight @ X, 10)
    score[(X > 0) | (X.sum(0) == 0)] = -1
    best = np.argsort(-score, axis=1, kind="stable")[:, :10]
    known = T.any(1)
    hit, wanted = np.take_along_axis(T, best, 1)[known], T.sum(1)[known]
    first = np.where(hit.any(1), 1 / (hit.argmax(1) + 1), 0)
    gain = 1 / np.log2(np.arange(2, 12))
    shortest = np.minimum(10, wanted).astype(int)
    return [hit.mean(), (hit.sum(1) / wanted).mean(), (hit @ gain / np.cumsum(gain)[shortest - 1]).mean(),
            ((hit * np.cumsum(hit, 1) / np.arange(1, 11)).sum(1) / shortest).mean(), hit.any(1).mean(), first.mean()]


draws = np.array([measures(np.lexsort((rng.random(near.shape), -squared), axis=1)[:, :50]) for _ in range(60)])
names = ["precision", "recall", "ndcg", "map", "hit_rate", "mrr"]
sql.execute("""SELECT metric, value FROM evaluate_recommender('SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 <> 0',
    'SELECT user_id, item_id FROM ml100k_ratings WHERE rn % 5 = 0', user_knn(k => 50))""")
ours = dict(sql.fetchall())
for name, low, high, spread in zip(names, draws.min(0), draws.max(0), draws.std(0)):
    print(f"{name}: {low:.4f} to {high:.4f} by the order of ties (sd {spread:.4f}), ours {ours[name]:.4f}")
    assert low - spread <= ours[name] <= high + spread, name
