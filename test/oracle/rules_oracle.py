#!/usr/bin/env python3
"""Figures that the tests of rules hold: closed and maximal sets by plain counting, Fisher's test by scipy, redundant rules by definition.

usage: rules_oracle.py sets FILE SUPPORT            (one basket a line, items separated by spaces; prints all, closed, maximal)
       rules_oracle.py fisher                       (prints tails of hypergeometric distributions)
       rules_oracle.py redundant FILE SUPPORT CONFIDENCE   (prints rules with one item on the right, those not redundant, and with q <= 0.05)
"""
import itertools
import math
import sys


def frequent(path, support):
    """All frequent sets with their counts: depth first over bit sets, nothing shared with the extension."""
    with open(path) as lines:
        baskets = [set(line.rstrip("\n").split(" ")) for line in lines]
    least = math.ceil(round(support * len(baskets), 9))
    where = {}
    for i, basket in enumerate(baskets):
        for item in basket:
            where[item] = where.get(item, 0) | 1 << i
    found = {}

    def extend(chosen, bits, items):
        for k, item in enumerate(items):
            both = bits & where[item]
            count = both.bit_count()
            if count >= least:
                found[chosen | {item}] = count
                extend(chosen | {item}, both, items[k + 1:])

    extend(frozenset(), (1 << len(baskets)) - 1, sorted(i for i in where if where[i].bit_count() >= least))
    return found, len(baskets)


def sets(path, support):
    found, _ = frequent(path, support)
    covered, within = set(), set()
    for s, count in found.items():
        for item in s:
            part = s - {item}
            within.add(part)
            if found.get(part) == count:
                covered.add(part)
    print(len(found), sum(s not in covered for s in found), sum(s not in within for s in found))


def fisher():
    from mpmath import binomial, mp, mpf
    mp.dps = 40
    for k, drawn, marked, whole in [(3, 5, 4, 10), (1, 8, 2, 20), (12, 40, 50, 1000), (102, 1066, 1903, 9835), (20, 30, 1000, 9835),
                                    (60, 1000, 900, 10000), (90, 1000, 900, 10000), (250, 1000, 900, 10000), (14000, 40000, 35000, 100000),
                                    (50200, 300000, 500000, 3000000), (700, 2000, 90000, 100000), (5, 5, 100000, 400000), (99999, 100000, 99999, 100001)]:
        top = min(drawn, marked)
        low = max(k, drawn + marked - whole)
        term = binomial(marked, low) * binomial(whole - marked, drawn - low) / binomial(whole, drawn)
        total = mpf(0)
        for i in range(low, top + 1):
            total += term
            if term < total * mpf(10) ** -30 and i * whole > drawn * marked:
                break
            if i < top:
                term = term * (marked - i) * (drawn - i) / (i + 1) / (whole - marked - drawn + i + 1)
        print(f"{{{k}, {drawn}, {marked}, {whole}, {mp.nstr(total, 16)}}},")


def redundant(path, support, confidence):
    from scipy.stats import hypergeom
    found, n = frequent(path, support)
    rules, kept, p = 0, 0, []
    for s, count in found.items():
        for y in s if len(s) > 1 else ():
            left = s - {y}
            if count < confidence * found[left]:
                continue
            rules += 1
            p.append(hypergeom.sf(count - 1, n, found[left], found[frozenset({y})]))
            kept += not any(found[frozenset(part) | {y}] * found[left] >= count * found[frozenset(part)]
                            for size in range(1, len(left)) for part in itertools.combinations(left, size))
    from scipy.stats import false_discovery_control
    print(rules, kept, int((false_discovery_control(p) <= 0.05).sum()))


if __name__ == "__main__":
    if sys.argv[1] == "sets":
        sets(sys.argv[2], float(sys.argv[3]))
    elif sys.argv[1] == "fisher":
        fisher()
    else:
        redundant(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
