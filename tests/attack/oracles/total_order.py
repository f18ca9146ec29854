"""The order of sort, argsort and topk: numbers by value, -0 before +0, NaNs behind all of them either way,
equal where their bits are."""
import numpy as np


def keys_of(x):
    """Unsigned keys in that order; NaNs by their bits."""
    if x.dtype.kind != 'f':
        return x
    u = x.view(f'u{x.itemsize}')
    sign = u.dtype.type(1 << (8 * x.itemsize - 1))
    flipped = np.where(u & sign, ~u, u | sign)
    nans = u.dtype.type((1 << {2: 10, 4: 23, 8: 52}[x.itemsize]) - 1)
    return flipped - nans  # negative NaNs wrap round to the top


def order_of(x, descending=False):
    """A stable argsort in that order."""
    keys = keys_of(x)
    if descending and x.dtype.kind == 'f':
        last = keys_of(np.array([np.inf], x.dtype))[0]
        keys = np.where(keys <= last, last - keys, keys)
    elif descending:
        keys = ~keys
    return np.argsort(keys, kind='stable')
