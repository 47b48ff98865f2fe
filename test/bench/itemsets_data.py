#!/usr/bin/env python3
"""Writes the transaction files of the itemsets benchmark: one basket a line, item numbers separated by spaces.

usage: itemsets_data.py DATA_DIR OUT_DIR

DATA_DIR holds fimi_mushroom, fimi_t10i4d100k, groceries and online_retail; a set that is missing is left out.
baskets.txt is made here: 200,000 baskets of about 10 of 5,000 items, skewed, with 60 planted triples.
"""
import csv
import gzip
import os
import sys

import numpy as np


def write(path, baskets):
    with open(path, "w") as out:
        for basket in baskets:
            out.write(" ".join(map(str, basket)) + "\n")
    print(path)


def fimi(source, target):
    with gzip.open(source, "rt") as lines:
        write(target, (row["items"].split() for row in csv.DictReader(lines)))


def long_form(source, target, basket, item, keep):
    """Items become numbers in the order of their texts; their names go beside the file."""
    found = {}
    with gzip.open(source, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            if keep(row):
                found.setdefault(row[basket], set()).add(row[item])
    names = sorted({item for items in found.values() for item in items})
    number = {name: i for i, name in enumerate(names)}
    write(target, (sorted(number[item] for item in items) for items in found.values()))
    with open(target.replace(".txt", ".names"), "w") as out:
        out.writelines(name + "\n" for name in names)


def shop(target, n=200000, items=5000, triples=60):
    random = np.random.default_rng(33)
    length = 4 + np.floor(10 * random.random(n) ** 0.9).astype(int)
    planted = random.random(n)
    group = np.floor(triples * random.random(n) ** 1.5).astype(int)
    parts = random.random((n, 3)) < (0.92, 0.92, 0.88)

    def basket(b):
        chosen = set((1 + np.floor(items * random.random(length[b]) ** 2.0)).astype(int).tolist())
        if planted[b] < 0.40:
            chosen.update(first + int(group[b]) * 71 for first, has in zip((301, 317, 342), parts[b]) if has)
        return sorted(chosen)

    write(target, (basket(b) for b in range(n)))


def main():
    data, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    for source, make in (
        ("fimi_mushroom/mushroom.csv.gz", lambda path: fimi(path, os.path.join(out, "mushroom.txt"))),
        ("fimi_t10i4d100k/t10i4d100k.csv.gz", lambda path: fimi(path, os.path.join(out, "t10i4d100k.txt"))),
        ("groceries/groceries.csv.gz", lambda path: long_form(
            path, os.path.join(out, "groceries.txt"), "basket_id", "item", lambda row: True)),
        ("online_retail/online_retail.csv.gz", lambda path: long_form(
            path, os.path.join(out, "online_retail.txt"), "invoice_no", "stock_code",
            lambda row: not row["invoice_no"].startswith("C") and int(row["quantity"]) > 0 and float(row["unit_price"]) > 0)),
    ):
        path = os.path.join(data, source)
        if os.path.exists(path):
            make(path)
    shop(os.path.join(out, "baskets.txt"))


if __name__ == "__main__":
    main()
