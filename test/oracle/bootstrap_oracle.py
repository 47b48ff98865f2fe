#!/usr/bin/env python3
"""Figures that test/registry.sql holds: differences of two predictions of the same rows with their intervals, by scipy and scikit-learn.

usage: pip install scipy scikit-learn; bootstrap_oracle.py      (prints measure, a, b, difference, low, high)

Rows are made by formulas that SQL repeats: label sin(i) > 0.2, a = sin(i) + (7 i mod 10) / 5, b = sin(i) + (3 i mod 10) / 3.
"""
import numpy as np
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score

i = np.arange(1, 601)
label = np.sin(i) > 0.2
a = np.sin(i) + (i * 7 % 10) / 5
b = np.sin(i) + (i * 3 % 10) / 3

MEASURES = {
    "mean": lambda y, s: (s - y).mean(),
    "root_mean": lambda y, s: np.sqrt(((s - y) ** 2).mean()),
    "auc": lambda y, s: roc_auc_score(y, s),
}
for name, f in MEASURES.items():
    interval = bootstrap((label, a, b), lambda y, s, t: f(y, s) - f(y, t), paired=True, vectorized=False, method="percentile",
                         n_resamples=9999, confidence_level=0.95, random_state=1).confidence_interval
    print(name, f(label, a), f(label, b), f(label, a) - f(label, b), interval.low, interval.high)
