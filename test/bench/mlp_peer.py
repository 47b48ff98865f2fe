"""Peers of the learner mlp on a file of mlp_bench.c: scikit-learn and PyTorch (CPU).

    mlp_peer.py FILE sklearn|embedding|dense [EPOCHS] [ROWS]

64-64 relu, Adam, batches of 200, alpha 1e-4. `embedding`: EmbeddingBag over the
categories plus Linear over the numbers, batches by index, fused Adam; `dense`:
one-hot columns as one float matrix.
"""
import os
import sys
import time

import numpy as np

THREADS = int(os.environ.get("PEER_THREADS", "2"))


def load(path):
    """Split sizes, numbers (n, 20), positions (n, 4), block sizes, target."""
    with open(path, "rb") as file:
        head = np.fromfile(file, "<i8", 6)
        n = int(head[:3].sum())
        sizes = np.fromfile(file, "<i4", head[4])
        np.fromfile(file, "<f8", 2)
        dense = np.fromfile(file, "<f4", n * head[3]).reshape(head[3], n).T.copy()
        lookup = np.fromfile(file, "<i4", n * head[4]).reshape(head[4], n).T.copy()
        return head, dense, lookup, sizes, np.fromfile(file, "<f8", n)


def one_hot(dense, lookup, sizes):
    x = np.zeros((len(dense), dense.shape[1] + sizes.sum()), "f4")
    x[:, :dense.shape[1]] = dense
    at = dense.shape[1]
    for k, size in enumerate(sizes):
        seen = np.flatnonzero(lookup[:, k] < size)
        x[seen, at + lookup[seen, k]] = 1
        at += size
    return x


def auc(y, p):
    from scipy.stats import rankdata
    rank = rankdata(p)
    positives = y.sum()
    return (rank[y > 0].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives))


def fit_sklearn(dense, lookup, sizes, y, train, epochs):
    import warnings

    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits
    warnings.filterwarnings("ignore")
    x = one_hot(dense, lookup, sizes)
    model = MLPClassifier((64, 64), batch_size=200, max_iter=epochs, tol=0, n_iter_no_change=1000, random_state=1)
    with threadpool_limits(THREADS):
        start = time.perf_counter()
        model.fit(x[:train], y[:train])
        seconds = time.perf_counter() - start
    return seconds, model.predict_proba(x[train:])[:, 1]


def fit_torch(form, dense, lookup, sizes, y, train, epochs):
    import torch
    from torch import nn
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    target = torch.from_numpy(y.astype("f4"))
    if form == "dense":
        inputs = [torch.from_numpy(one_hot(dense, lookup, sizes))]
    else:
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        inputs = [torch.from_numpy(dense), torch.from_numpy(lookup.astype("i8") + offsets)]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(inputs[0].shape[1], 64)
            self.bag = None if form == "dense" else nn.EmbeddingBag(int(sizes.sum()), 64, mode="sum")
            if self.bag is not None:
                nn.init.uniform_(self.bag.weight, -0.1, 0.1)
            self.rest = nn.Sequential(nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

        def forward(self, x, k=None):
            h = self.first(x)
            return self.rest(h if k is None else h + self.bag(k)).squeeze(1)

    net = Net()
    loss = nn.BCEWithLogitsLoss()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    start = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(train)
        for at in range(0, train, 200):
            rows = order[at:at + 200]
            adam.zero_grad(set_to_none=True)
            loss(net(*[x[rows] for x in inputs]), target[rows]).backward()
            adam.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        return seconds, net(*[x[train:] for x in inputs]).numpy()


def main():
    path, form = sys.argv[1:3]
    epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    head, dense, lookup, sizes, y = load(path)
    train = min(int(head[0]), int(sys.argv[4])) if len(sys.argv) > 4 else int(head[0])
    if train < head[0]:
        keep = np.r_[0:train, int(head[:2].sum()):len(y)]
        dense, lookup, y = dense[keep], lookup[keep], y[keep]
    args = (dense, lookup, sizes, y, train, epochs)
    seconds, p = fit_sklearn(*args) if form == "sklearn" else fit_torch(form, *args)
    print("%s, %d threads: fit %.3f s, auc %.6f" % (form, THREADS, seconds, auc(y[train:], p)), flush=True)


main()
