"""The peers of boosting_bench.c: LightGBM and XGBoost on the same file.

    boosting_peer.py make FILE TRAIN_QUERY TEST_QUERY    rows of a database, through psql
    boosting_peer.py fit FILE PEER THREADS ROUNDS        lightgbm, lightgbm_quantized, xgboost, xgboost_codes

A query gives bought (boolean), numbers, and texts (columns named c1, c2 ...); id is left out.
Binning is part of the time of all.
"""
import io
import os
import subprocess
import sys
import time

import numpy as np


def read(query):
    import pandas as pd
    csv = subprocess.run(["psql", "-XqAt", "-c", "COPY (%s) TO STDOUT (FORMAT csv, HEADER)" % query], check=True, capture_output=True).stdout
    return pd.read_csv(io.BytesIO(csv))


def make(path, train_query, test_query):
    train, test = read(train_query), read(test_query)
    texts = [c for c in train if c.startswith("c")]
    numbers = [c for c in train if c not in texts and c not in ("id", "bought")]
    with open(path + ".tmp", "wb") as f:
        np.array([len(train), len(test), len(numbers), len(texts)], np.int64).tofile(f)
        order = {c: list(train[c].value_counts().index) for c in texts}
        np.array([len(order[c]) for c in texts], np.int32).tofile(f)
        for c in numbers:
            np.concatenate([train[c], test[c]]).astype(np.float32).tofile(f)
        for c in texts:
            code = {v: i for i, v in enumerate(order[c])}
            np.concatenate([train[c].map(code), test[c].map(code).fillna(-1)]).astype(np.int32).tofile(f)
        np.concatenate([train["bought"] == "t", test["bought"] == "t"]).astype(np.uint8).tofile(f)
    os.rename(path + ".tmp", path)


def load(path):
    with open(path, "rb") as f:
        train, test, numbers, texts = np.fromfile(f, np.int64, 4)
        np.fromfile(f, np.int32, texts)
        n = train + test
        x = np.empty((n, numbers + texts), np.float32)
        for j in range(numbers):
            x[:, j] = np.fromfile(f, np.float32, n)
        for k in range(texts):
            x[:, numbers + k] = np.fromfile(f, np.int32, n)
        y = np.fromfile(f, np.uint8, n)
    return int(train), int(numbers), int(texts), x, y


def auc(y, p):
    from sklearn.metrics import roc_auc_score
    return roc_auc_score(y, p)


def fit(path, peer, threads, rounds):
    train, numbers, texts, x, y = load(path)
    a, b, ya, yb = x[:train], x[train:], y[:train], y[train:]
    for _ in range(rounds):
        if peer.startswith("lightgbm"):
            import lightgbm as lgb
            options = dict(objective="binary", num_leaves=31, max_depth=6, learning_rate=0.1, lambda_l2=1.0, num_threads=threads,
                           max_bin=255, verbose=-1, use_quantized_grad=peer.endswith("quantized"))
            wall, cpu = time.perf_counter(), time.process_time()
            data = lgb.Dataset(a, ya, categorical_feature=list(range(numbers, numbers + texts)), params=options)
            model = lgb.train(options, data, 100)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            p = model.predict(b, num_threads=threads)
        else:
            import xgboost as xgb
            options = dict(objective="binary:logistic", tree_method="hist", max_depth=6, max_leaves=31, eta=0.1, nthread=threads, max_bin=256)
            kinds = dict(nthread=threads)
            if peer == "xgboost":
                kinds = dict(nthread=threads, enable_categorical=True, feature_types=["q"] * numbers + ["c"] * texts)
            if peer == "xgboost":      # a level that training has not seen is missing
                b = np.where(np.arange(b.shape[1]) >= numbers, np.where(b < 0, np.nan, b), b)
            test = xgb.DMatrix(b, **kinds)
            wall, cpu = time.perf_counter(), time.process_time()
            data = xgb.QuantileDMatrix(a, ya, max_bin=256, **kinds)
            model = xgb.train(options, data, 100)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            p = model.predict(test)
        print("%s: fit %.3f s, CPU %.3f s, test AUC %.5f" % (peer, wall, cpu, auc(yb, p)), flush=True)


if sys.argv[1] == "make":
    make(*sys.argv[2:5])
else:
    fit(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
