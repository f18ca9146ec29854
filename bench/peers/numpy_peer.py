"""NumPy's side of the contests: maps the same memory, does on request one thing once, answers with its time.

stdin    FILE_X FILE_Y FILE_OUT, then lines VERB[:ARGUMENT…] DTYPE
stdout   the version, then for each line: seconds and the answers as hexadecimal floats or integers
"""
import sys
import time

import numpy as np

FACTOR = 0.75


def statistics(x, y, out):
    return [x.mean(), x.var(), x.min(), x.max(), x.argmin(), x.argmax()]


def total(x, y, out):
    return [x.sum()]


def dot(x, y, out):
    return [np.dot(x, y)]


def triad(x, y, out):
    np.multiply(y, x.dtype.type(FACTOR), out=out)
    np.add(x, out, out=out)
    return []


def six(x, y, out):
    np.multiply(x + y, x - y, out=out)
    out += x.dtype.type(FACTOR) * x * y
    return []


def fill(x, y, out, value):
    out.fill(float(value))
    return []


def generate(x, y, out, shift):
    places = np.arange(int(shift), int(shift) + len(out), dtype="u4")
    places *= np.uint32(0x9E3779B1)
    places >>= np.uint32(8)
    out[:] = places
    return []


def turn(x, y, out):
    out *= out.dtype.type(-0.5)
    return []


def histogram_of(bins):
    return lambda x, y, out: list(np.histogram(x, bins, (-1, 1))[0])


def weighted(x, y, out, bins):
    return list(np.histogram(x, int(bins), (-1, 1), weights=y)[0])


def groups(x, y, out):
    keys = out.view("i8")
    unique, inverse = np.unique(keys, return_inverse=True)
    sums = np.bincount(inverse, weights=x[-len(keys):])
    return [np.int64(len(unique)), sums.sum()]


def sums(x, y, out):
    np.cumsum(x, dtype=x.dtype, out=out)
    return []


def select(x, y, out, limit):
    return [x[x > x.dtype.type(limit)]]


def places(x, y, out, limit):
    return [np.flatnonzero(x > x.dtype.type(limit))]


def count(x, y, out, limit):
    return [np.count_nonzero(x > x.dtype.type(limit))]


def any_above(x, y, out, limit):
    return [np.int64((x > x.dtype.type(limit)).any())]


def argmax(x, y, out):
    return [x.argmax()]


def unique(x, y, out):
    return [np.unique(x)]


def unique_counts(x, y, out):
    return list(np.unique(x, return_counts=True))


def unique_all(x, y, out):
    values, _, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    return [values, inverse, counts]


def topk(x, y, out, k):
    k = int(k)
    best = np.sort(np.partition(x, x.size - k)[x.size - k:])[::-1]
    return [best[0], best[-1]]


def quantiles(x, y, out):
    return list(np.quantile(x, [0.01, 0.5, 0.99], method="lower"))


def partition(x, y, out, limit):
    kept = x > x.dtype.type(limit)
    return [x[kept], x[~kept]]


def placed_keys(out, n):
    """n keys, and behind n words of eight bytes the places or values that belong to them."""
    n = int(n)
    return out[:n], out.view("u8")[n:2 * n]


def argsort(x, y, out, n):
    keys, places = placed_keys(out, n)
    places[:] = np.argsort(keys, kind="stable")
    return []


def sort_by_key(x, y, out, n):
    keys, values = placed_keys(out, n)
    order = np.argsort(keys, kind="stable")
    keys[:], values[:] = keys[order], values[order]
    return []


def sum_by_key(x, y, out):
    keys = out.view(f"i{out.itemsize}")
    begins = np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))
    return [keys[begins], np.add.reduceat(x, begins)]


def costs(x, y, out, *speeds):
    """Ranges in proportion to speeds by running sums: where each ends, and what it costs."""
    before = np.cumsum(out)
    shares = np.cumsum([float(speed) for speed in speeds])
    ends = np.searchsorted(before, before[-1] * (shares / shares[-1]), side="right")
    ends[-1] = len(out)
    loads = np.diff(np.concatenate(([0], before))[ends], prepend=0)
    return [*ends, *loads]


VERBS = {"fill": fill, "generate": generate, "turn": turn, "triad": triad, "six": six, "sum": total, "dot": dot,
         "statistics": statistics, "count": count, "any": any_above, "argmax": argmax, "sums": sums, "select": select,
         "places": places, "partition": partition, "topk": topk, "quantiles": quantiles, "argsort": argsort,
         "sort_by_key": sort_by_key, "sum_by_key": sum_by_key, "unique": unique, "unique_counts": unique_counts,
         "unique_all": unique_all, "histogram256": histogram_of(256), "histogram65536": histogram_of(65536),
         "weighted": weighted, "groups": groups, "costs": costs}


def text(value):
    if isinstance(value, np.ndarray):  # its size and its greatest element, looked up after the clock stopped
        return str(value.size) + " " + text(value.max())
    return str(int(value)) if isinstance(value, np.integer) else float(value).hex()


def main():
    maps = [np.memmap(file, dtype="u1", mode="r+").view(np.ndarray) for file in sys.stdin.readline().split()]
    print(np.__version__, flush=True)
    for line in sys.stdin:
        verb, dtype = line.split()
        x, y, out = (m.view(dtype) for m in maps)
        start = time.perf_counter()
        answers = VERBS[verb.split(":")[0]](x, y, out, *verb.split(":")[1:])
        seconds = time.perf_counter() - start
        print(seconds.hex(), *map(text, answers), flush=True)


main()
