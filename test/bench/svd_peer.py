#!/usr/bin/env python3
"""The svd benchmark's data, and the same fit by scikit-surprise.

usage: svd_peer.py data FILE      write 1,000,000 training and 100,000 test ratings: user,item,rating,test
       svd_peer.py fit FILE SEED  fit surprise's SVD (16 factors, 20 epochs, its defaults) and print seconds and RMSE

The data: 50,000 users, 5,000 items, both with power-law activity, a truth of rank 4 plus biases and noise,
ratings from 0.5 to 5 in halves; people mostly rate what they like.
"""
import sys
import time

import numpy as np

USERS, ITEMS, TRAIN, TEST = 50000, 5000, 1000000, 100000


def write(path):
    random = np.random.default_rng(22)
    user_bias, item_bias = 0.35 * random.normal(size=USERS), 0.35 * random.normal(size=ITEMS)
    p, q = random.normal(size=(USERS, 4)), random.normal(size=(ITEMS, 4))
    n = 6500000
    u = np.floor(USERS * random.random(n) ** 1.7).astype(int)
    i = np.floor(ITEMS * random.random(n) ** 2.6).astype(int)
    dot = np.einsum("nk,nk->n", p[u], q[i])
    kept = random.random(n) < 1 / (1 + np.exp(2.5 - 5.0 * 0.50 * dot))
    u, i, dot = u[kept], i[kept], dot[kept]
    rating = np.round(2 * (2.6 + user_bias[u] + item_bias[i] + 0.60 * dot + 0.35 * random.normal(size=len(u)))) / 2
    rating = np.clip(rating, 0.5, 5.0)
    _, first = np.unique(u * ITEMS + i, return_index=True)
    chosen = random.permutation(first)[:TRAIN + TEST]
    with open(path, "w") as out:
        for at, line in enumerate(chosen):
            out.write(f"{u[line] + 1},{i[line] + 1},{rating[line]},{int(at >= TRAIN)}\n")


def fit(path, seed):
    from surprise import SVD, Dataset, Reader

    lines = np.loadtxt(path, delimiter=",")
    train, test = lines[lines[:, 3] == 0], lines[lines[:, 3] == 1]
    data = Dataset(Reader(rating_scale=(0.5, 5)))
    trainset = data.construct_trainset([(int(u), int(i), r, None) for u, i, r, _ in train])
    start = time.perf_counter()
    model = SVD(n_factors=16, n_epochs=20, random_state=seed).fit(trainset)
    seconds = time.perf_counter() - start
    error = np.array([model.predict(int(u), int(i)).est - r for u, i, r, _ in test])
    print(f"seed {seed}  fit {seconds:.3f} s  rmse {np.sqrt(np.mean(error ** 2)):.4f}", flush=True)


if sys.argv[1:2] == ["data"]:
    write(sys.argv[2])
elif sys.argv[1:2] == ["fit"]:
    fit(sys.argv[2], int(sys.argv[3]))
else:
    sys.exit(__doc__)
