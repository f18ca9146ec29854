"""Sums, products and variances in exact arithmetic, rounded once."""
import fractions

import numpy as np

SCALE = 1200  # every double is a whole multiple of 2^-SCALE


def whole(x):
    """The sum of finite doubles in units of 2^-SCALE, as an int."""
    mantissa, exponent = np.frexp(x)
    mantissa = np.ldexp(mantissa, 53).astype('i8')
    total = 0
    for e in np.unique(exponent):
        mine = mantissa[exponent == e]
        total += ((int((mine >> 26).sum()) << 26) + int((mine & 0x3ffffff).sum())) << (int(e) - 53 + SCALE)
    return total


def rounded(fraction):
    """The nearest double, ties to even; beyond its range an infinity."""
    try:
        return float(fraction)
    except OverflowError:
        return float('inf') if fraction > 0 else float('-inf')


def not_finite(x):
    """What NaNs and infinities make of a sum, or None where there are none."""
    if np.isnan(x).any() or (np.isposinf(x).any() and np.isneginf(x).any()):
        return float('nan')
    if np.isinf(x).any():
        return float(x[np.isinf(x)][0])
    return None


def total(x):
    """The sum of any array, as a Fraction."""
    if x.dtype.kind == 'f':
        return fractions.Fraction(whole(x.astype('f8')), 1 << SCALE)
    return fractions.Fraction(sum(x.tolist()))


def exact_sum(x):
    """The correctly rounded sum; -0 where all are -0."""
    if x.dtype.kind == 'f':
        special = not_finite(x)
        if special is not None:
            return special
        if len(x) and np.all((x == 0) & np.signbit(x)):
            return -0.0
    return rounded(total(x))


def exact_mean(x):
    special = not_finite(x) if x.dtype.kind == 'f' else None
    return special if special is not None else rounded(total(x) / len(x))


def fractions_of(x):
    return [fractions.Fraction(v) for v in x.tolist()]


def exact_dot(x, y):
    """The correctly rounded sum of the products of two arrays of doubles."""
    with np.errstate(all='ignore'):
        products = x * y
    odd = ~(np.isfinite(x) & np.isfinite(y))
    special = not_finite(products[odd]) if odd.any() else None
    if special is not None:
        return special
    return rounded(sum((a * b for a, b in zip(fractions_of(x), fractions_of(y))), fractions.Fraction(0)))


def exact_variance(x, ddof=0):
    """The variance as a Fraction, or NaN; x has more than ddof elements."""
    if x.dtype.kind == 'f' and not_finite(x) is not None:
        return float('nan')
    n = len(x)
    if x.dtype.kind == 'f':
        wide = fractions_of(x)
        first, second = sum(wide), sum(v * v for v in wide)
    else:
        first, second = sum(x.tolist()), sum(v * v for v in x.tolist())
    return fractions.Fraction(second * n - first * first) / (n * (n - ddof))
