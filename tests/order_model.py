"""Folds in the order canonical-v2, by its definition: one number at a time, in Python's own floats.

Also the exact variance of the same doubles, by fractions, and how many units in the last place lie between two.
"""
import fractions
import math
import struct

import numpy as np

LANES = 32
BASE_MOVES = 32


def merged(a, b):
    """Two neighbours (n, base, rest, m2)."""
    na, base_a, rest_a, m2_a = a
    nb, base_b, rest_b, m2_b = b
    apart = base_b - base_a
    if na == 1 and nb == 1:
        return 2, base_a, apart, (apart * apart) * 0.5
    fa, fb = float(na), float(nb)
    n = fa + fb
    r = rest_b + apart * fb
    d = r * (fa / fb) - rest_a
    m2 = (m2_a + m2_b) + (d * d) * (fb / (fa * n))
    rest = rest_a + r
    if na < BASE_MOVES:
        return na + nb, base_a, rest, m2
    base = base_a + rest * (1.0 / n)
    return na + nb, base, rest - (base - base_a) * n, m2


def pairwise(nodes, merge):
    """Neighbours first; an odd last one is carried up unchanged."""
    while len(nodes) > 1:
        last = [nodes[-1]] if len(nodes) % 2 else []
        nodes = [merge(a, b) for a, b in zip(nodes[0::2], nodes[1::2])] + last
    return nodes[0]


def fold(x, merge):
    """Each lane pairwise, then the lanes."""
    return pairwise([pairwise(x[lane::LANES], merge) for lane in range(min(LANES, len(x)))], merge)


def fold_array(x, merge):
    """The same of an array, where merge takes arrays: NumPy's add, multiply and the like."""
    def halved(rows):
        while len(rows) > 1:
            paired = merge(rows[0:len(rows) // 2 * 2:2], rows[1::2])
            rows = np.concatenate([paired, rows[-1:]]) if len(rows) % 2 else paired
        return rows[0]
    return float(halved(np.array([halved(x[lane::LANES]) for lane in range(min(LANES, len(x)))])))


def canonical_sum(x):
    return fold_array(x, np.add)


def second_moment(x):
    """Sum of the squared deviations of a list of floats."""
    n, base, rest, m2 = fold([(1, v, 0.0, 0.0) for v in x], merged)
    assert n == len(x)
    return m2 if math.isfinite(base) and math.isfinite(rest) else math.nan


def weighted_merged(a, b):
    """Two neighbours (weight, sum, mean, rest, m2): their mean is mean + rest, near that of the heavier one."""
    total = a[0] + b[0]
    light, heavy = (a, b) if b[0] > a[0] else (b, a)
    share = light[0] / total if light[0] != 0 else 0.0
    apart = (b[2] - a[2]) + (b[3] - a[3])
    moved = apart * share
    rest = heavy[3] + (moved if heavy is a else -moved)
    mean = heavy[2] + rest
    return total, a[1] + b[1], mean, rest - (mean - heavy[2]), (a[4] + b[4]) + (apart * apart) * (heavy[0] * share)


def weighted(x, w):
    """Mean and variance of values x with weights w, both lists of floats."""
    weight, total, mean, rest, m2 = fold([(v, v * u, u, u - u, 0.0) for u, v in zip(x, w)], weighted_merged)
    return total / weight, m2 / weight if math.isfinite(mean) and math.isfinite(rest) else math.nan


def exact_weighted_variance(x, w):
    """As a fraction."""
    values, weights = [fractions.Fraction(v) for v in x], [fractions.Fraction(v) for v in w]
    total = sum(weights)
    mean = sum(u * v for u, v in zip(values, weights)) / total
    return sum(v * (u - mean) ** 2 for u, v in zip(values, weights)) / total


def variance(x, ddof=0):
    return second_moment(x) / float(len(x) - ddof)


def variance_of_small_integers(x, ddof=0):
    """Of integers of 16 bits at most: the second moment is rounded once."""
    return float(exact_variance(x, 0) * len(x)) / float(len(x) - ddof)


def exact_variance(x, ddof=0):
    """As a fraction. Floats are multiples of a common power of two: integers are summed."""
    scale = max(v.as_integer_ratio()[1] for v in x)
    whole = [int(fractions.Fraction(v) * scale) for v in x]
    n, total = len(whole), sum(whole)
    return fractions.Fraction(n * sum(w * w for w in whole) - total * total, n * (n - ddof) * scale * scale)


def rounded_root(q):
    """The square root of a fraction as a float, rounded once."""
    if q == 0:
        return 0.0
    shift = max(0, 130 - (q.numerator.bit_length() - q.denominator.bit_length()))
    shift += shift % 2
    root = math.isqrt((q.numerator << shift) // q.denominator)
    return float(fractions.Fraction(2 * root + 1, 2 << (shift // 2)))  # between two neighbours of 65 bits or more


def ulps(a, b):
    """How many floats lie between two of one sign."""
    order = [struct.unpack('<q', struct.pack('<d', v))[0] for v in (a, b)]
    return abs(order[0] - order[1])


def nist(path):
    """The data of a file of NIST's Statistical Reference Datasets, and its certified standard deviation."""
    with open(path) as f:
        lines = f.read().splitlines()
    certified = next(line for line in lines if 'Standard Deviation' in line).split(':')[1]
    return [float(word) for line in lines[60:] for word in line.split()], float(certified.replace('(exact)', '').split()[0])
