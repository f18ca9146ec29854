"""stats and reduce: numbers of one file, or of two."""
import json
import math

import numpy as np

import arrays
import files
import splits
from job import Job, close_complaint, first_of, number_complaint, result_of
from oracles import exact, orders


def extreme_at(x, greatest):
    """Where the least or greatest element is: a NaN before all, -0 below +0, equal ones the first."""
    if x.dtype.kind == 'f':
        nan = np.flatnonzero(np.isnan(x))
        if len(nan):
            return int(nan[0])
        zero = (x == 0) & (np.signbit(x) != greatest)
        best = x.max() if greatest else x.min()
        if best == 0 and zero.any():
            return int(np.flatnonzero(zero)[0])
        return int(np.flatnonzero(x == best)[0])
    return int(x.argmax() if greatest else x.argmin())


def element(x, at):
    return bool(x[at]) if x.dtype.kind == 'b' else x[at].item()


def wide(x):
    return x.astype('f8')


def wrapped(value, signed):
    """An integer modulo 2^64."""
    low = 2**63 if signed else 0
    return (value + low) % 2**64 - low


def plain_sum(x):
    if x.dtype.kind == 'f':
        return float(orders.canonical(wide(x))) if len(x) else 0.0
    return sum(x.tolist())


ULPS = 8  # of variances and deviations, whatever the mean and the weights are


def spread_complaint(what, found, x, ddof, root):
    """Variances of the elements as doubles against exact ones; where these leave the normal numbers, only NaN is told."""
    expected = exact.exact_variance(wide(x), ddof)
    if expected != expected:
        return number_complaint(what, found, float('nan'))
    value = exact.rounded(expected)
    if root:
        value = math.sqrt(value)
    largest = float(np.abs(wide(x)).max())
    if not (largest < 1e150 and (value == 0 or value > 1e-140)):
        return ''
    return close_complaint(what, found, value, ULPS * 2**-52 * value)


def exact_spread(what, found, x, ddof, root):
    """Of the elements as doubles."""
    variance = exact.exact_variance(wide(x), ddof)
    value = variance if variance != variance else exact.rounded(variance)
    return number_complaint(what, found, math.sqrt(value) if root else value)


def stats(r, sandbox):
    n = max(1, arrays.size(r, 100003))
    x = arrays.some(r, str(r.choice(arrays.CODES)), n)
    file = files.store(r, sandbox, 'x', x)
    ddof = int(r.choice([0, 0, 1]))
    arguments = ['stats', 'x', *file.options, '--json'] + (['--ddof', ddof] if ddof else [])
    flat, c_order = file.in_storage(), file.in_c_order()

    def complaint(answer):
        found = json.loads(answer)
        low, high = extreme_at(c_order, False), extreme_at(c_order, True)
        return first_of(
            number_complaint('count', found['count'], n),
            number_complaint('sum', found['sum'], sum_of_stats(flat)),
            mean_complaint(found['mean'], flat),
            n > ddof and spread_complaint('std', found['std'], flat, ddof, True),
            number_complaint('argmin', found['argmin'], low),
            number_complaint('argmax', found['argmax'], high),
            number_complaint('min', found['min'], element(c_order, low)),
            number_complaint('max', found['max'], element(c_order, high)))
    return Job(arguments, (), result_of, complaint, splits.stream, count=n)


def fits(total, x):
    return -2**63 <= total < 2**63 if x.dtype.kind == 'i' else total < 2**64


def sum_of_stats(x):
    """A sum of integers that 64 bits do not hold is rounded, and that is said."""
    total = plain_sum(x)
    return total if x.dtype.kind == 'f' or fits(total, x) else float(total)


def mean_complaint(found, x):
    """Means of floats are those of the canonical sum; of integers they are rounded once."""
    if x.dtype.kind == 'f':
        return number_complaint('mean', found, float(orders.canonical(wide(x)) / np.float64(len(x))))
    return number_complaint('mean', found, exact.exact_mean(x))


def one_file(r, sandbox):
    op = str(r.choice(['sum', 'product', 'mean', 'var', 'std', 'norm', 'min', 'max', 'minmax', 'argmin', 'argmax', 'any', 'all',
                       'count']))
    n = arrays.size(r, 20011 if op in ('var', 'std') else 100003)
    if op in ('mean', 'var', 'std', 'min', 'max', 'minmax', 'argmin', 'argmax'):
        n = max(n, 2)
    x = arrays.some(r, str(r.choice(arrays.CODES)), n)
    file = files.store(r, sandbox, 'x', x)
    exactly = op in ('sum', 'mean', 'norm', 'var', 'std') and r.random() < 0.5
    arguments = ['reduce', op, 'x', *file.options, '--json'] + (['--exact'] if exactly else [])
    flat, c_order = file.in_storage(), file.in_c_order()

    def complaint(answer):
        return right_number(op, json.loads(answer), flat, c_order, exactly)
    # An integer that does not fit 64 bits is said, not wrapped.
    return Job(arguments, (), result_of, complaint, splits.stream, integer_overflow(op, flat, exactly), count=n)


def integer_overflow(op, x, exactly):
    if x.dtype.kind == 'f' or op != 'sum' or exactly:
        return lambda ended: False
    value = sum(x.tolist())
    return lambda ended: not fits(value, x) and '64 bits' in ended.err


def right_number(op, found, flat, c_order, exactly):
    if op == 'sum':
        return number_complaint(op, found, exact.exact_sum(flat) if exactly else plain_sum(flat))
    if op == 'product':
        if flat.dtype.kind == 'f':
            expected = float(orders.canonical(wide(flat), np.multiply)) if len(flat) else 1.0
        else:
            expected = wrapped(math.prod(flat.tolist()), flat.dtype.kind == 'i')
        return number_complaint(op, found, expected)
    if op == 'mean':
        return number_complaint(op, found, exact.exact_mean(flat)) if exactly else mean_complaint(found, flat)
    if op in ('var', 'std'):
        return (exact_spread if exactly else spread_complaint)(op, found, flat, 0, op == 'std')
    if op == 'norm':
        if len(flat) == 0:
            return number_complaint(op, found, 0.0)
        x = wide(flat)
        return number_complaint(op, found, float(np.sqrt(exact.exact_dot(x, x) if exactly else orders.canonical(x * x))))
    if op in ('any', 'all', 'count'):
        truth = flat != 0
        expected = {'any': bool(truth.any()), 'all': bool(truth.all()), 'count': int(truth.sum())}[op]
        return number_complaint(op, found, expected)
    low, high = extreme_at(c_order, False), extreme_at(c_order, True)
    if op == 'minmax':
        return first_of(number_complaint('min', found['min'], element(c_order, low)),
                        number_complaint('max', found['max'], element(c_order, high)))
    expected = {'min': lambda: element(c_order, low), 'max': lambda: element(c_order, high), 'argmin': lambda: low,
                'argmax': lambda: high}[op]()
    return number_complaint(op, found, expected)


def two_files(r, sandbox):
    op = str(r.choice(['dot', 'wmean', 'wvar']))
    n = max(1, arrays.size(r, 2500))
    codes = [str(c) for c in r.choice(arrays.CODES, 2)]
    if r.random() < 0.5:
        codes[1] = codes[0]
    x = arrays.some(r, codes[0], n)
    y = arrays.some(r, codes[1], n)
    if op != 'dot' and r.random() < 0.8 and codes[1] != 'b1':  # weights as they should be
        y = np.abs(arrays.finite(r, 'f4', n)).astype(codes[1]) if codes[1][0] == 'f' else np.maximum(y, 0)
    shape = files.some_shape(r, n)
    fortran = bool(r.random() < 0.2)
    one = files.store(r, sandbox, 'x', x, shape, raw=False, fortran=fortran)
    two = files.store(r, sandbox, 'y', y, shape, raw=False, fortran=fortran)
    exactly = op in ('dot', 'wmean') and r.random() < 0.5
    arguments = ['reduce', op, 'x', 'y', '--json'] + (['--exact'] if exactly else [])
    a, b = one.in_storage(), two.in_storage()

    def complaint(answer):
        return right_pair(op, json.loads(answer), a, b, exactly)
    return Job(arguments, (), result_of, complaint, splits.stream, count=n)


def right_pair(op, found, a, b, exactly):
    x, y = wide(a), wide(b)
    if op == 'dot':
        kinds = {a.dtype.kind, b.dtype.kind}
        if exactly:
            return number_complaint(op, found, exact.exact_dot(x, y))
        if kinds == {'i'} or kinds <= {'u', 'b'}:
            products = sum(int(p) * int(q) for p, q in zip(a.tolist(), b.tolist()))
            return number_complaint(op, found, wrapped(products, kinds == {'i'}))
        return number_complaint(op, found, float(orders.canonical(x * y)))
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (y >= 0).all() and np.abs(x).max() < 1e100 and y.max() < 1e100):
        return ''
    weights = exact.total(y)
    if weights == 0 or y.max() < 1e-100:
        return ''
    xs, ws = exact.fractions_of(x), exact.fractions_of(y)
    mean = sum(p * q for p, q in zip(xs, ws)) / weights
    if op == 'wmean':
        expected = exact.rounded(mean)
        if exactly:
            return number_complaint(op, found, expected)
        scale = float(sum(abs(p) * q for p, q in zip(xs, ws)) / weights)
        return close_complaint(op, found, expected, 2**-45 * scale)
    expected = exact.rounded(sum(q * (p - mean)**2 for p, q in zip(xs, ws)) / weights)
    if not (expected == 0 or expected > 1e-140):
        return ''
    return close_complaint(op, found, expected, ULPS * 2**-52 * expected)
