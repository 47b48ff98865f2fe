#!/usr/bin/env python3
"""Times of pyfim (C. Borgelt's C library) on a file of transactions, mining alone.

usage: itemsets_peer.py FILE SUPPORT [RUNS] [ALGORITHM ...]

Prints, for each algorithm, the median over RUNS of time(support) - time(100 %): reading the
Python lists cancels out. Only the spectrum is reported, so no set is written.
"""
import math
import statistics
import sys
import time

import fim

ALGORITHMS = ("apriori", "eclat", "fpgrowth", "sam", "relim")


def seconds(algorithm, baskets, count):
    began = time.perf_counter()
    found = getattr(fim, algorithm)(baskets, supp=-count, zmin=1, report="#")  # negative: a count
    return time.perf_counter() - began, found


def main():
    path, support = sys.argv[1], float(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    algorithms = sys.argv[4:] or ALGORITHMS
    with open(path) as lines:
        baskets = [tuple(map(int, line.split())) for line in lines]
    count = math.ceil(round(support * len(baskets), 6))
    for algorithm in algorithms:
        mining, whole, found = [], [], None
        for _ in range(runs):
            base, _ = seconds(algorithm, baskets, len(baskets))
            took, found = seconds(algorithm, baskets, count)
            mining.append(took - base)
            whole.append(took)
        sets = round(sum(found.values()))  # keyed by (length, support)
        print(f"{algorithm:9s} support {support:g}: mining {1000 * statistics.median(mining):9.2f} ms"
              f"  (whole call {1000 * statistics.median(whole):9.2f} ms)  sets {sets}", flush=True)


if __name__ == "__main__":
    main()
