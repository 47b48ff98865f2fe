#!/usr/bin/env python3
"""Compares the sets by length of both miners with pyfim, and with the published totals.

usage: itemsets_oracle.py DIR     (a directory prepared by test/bench/itemsets.sh)
"""
import collections
import math
import os
import re
import subprocess
import sys

import fim

CASES = {  # support: total, where the reference figures of the project have one
    "groceries": {"0.1": 8, "0.05": 31, "0.02": 122, "0.01": 333, "0.005": 1001, "0.002": 4223, "0.001": 13492},
    "mushroom": {"0.5": 153, "0.4": 565, "0.3": 2735, "0.2": 53583, "0.1": 574431},
    "t10i4d100k": {"0.05": 10, "0.02": 155, "0.01": 385, "0.005": 1073, "0.002": 13255, "0.001": 27532},
    "online_retail": {"0.05": 36, "0.03": 142, "0.02": 385, "0.01": 2026, "0.005": None},
    "baskets": {"0.01": None, "0.001": None, "0.0002": None},
}


def ours(directory, path, support, method):
    line = subprocess.run([os.path.join(directory, "itemsets_bench"), path, support, method, "1"],
                          check=True, capture_output=True, text=True).stdout
    return {int(k): int(n) for k, n in re.findall(r" (\d+):(\d+)", line)}


def theirs(baskets, support):
    count = math.ceil(round(float(support) * len(baskets), 6))
    found = collections.Counter()  # relim: the spectrum of eclat and others misses an item that every basket has
    for (length, _), n in fim.relim(baskets, supp=-count, zmin=1, report="#").items():
        found[length] += n
    return {length: round(n) for length, n in found.items() if n}


def main():
    directory = sys.argv[1]
    wrong = 0
    for name, supports in CASES.items():
        path = os.path.join(directory, name + ".txt")
        if not os.path.exists(path):
            continue
        with open(path) as lines:
            baskets = [tuple(map(int, line.split())) for line in lines]
        for support, total in supports.items():
            peer = theirs(baskets, support)
            for method in ("lcm", "apriori"):
                got = ours(directory, path, support, method)
                same = got == peer and total in (None, sum(got.values()))
                wrong += not same
                print(f"{name} {support} {method}: {sum(got.values())} sets, {'equal' if same else f'DIFFERENT from {peer}'}", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
