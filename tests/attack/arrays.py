"""Arrays with every kind of value that a type has."""
import numpy as np

CODES = ['b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8']
SIZES = [0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 100, 511, 1023, 1024, 1025, 2047, 2048, 2500, 4097]
LARGE = [8192, 10007, 20011, 33000, 65537, 100003]


def size(r, largest=4097):
    """Mostly small, around the sizes of tiles; now and then several chunks."""
    choices = [n for n in SIZES if n <= largest]
    if largest > 4097 and r.random() < 0.15:
        choices = [n for n in LARGE if n <= largest] or choices
    return int(r.choice(choices)) if r.random() < 0.8 else int(r.integers(0, min(largest, 5000) + 1))


def plain(r, code, n):
    if code == 'b1':
        return r.integers(0, 2, n).astype('b1')
    if code[0] == 'f':
        spread = {'f2': 3, 'f4': 20, 'f8': 200}[code]
        wide = r.random() < 0.3
        x = r.standard_normal(n) * np.exp2(r.integers(-spread, spread, n) if wide else 0)
        return x.astype(code)
    info = np.iinfo(code)
    if r.random() < 0.5:
        low, high = max(info.min, -100), min(info.max, 100)
        return r.integers(low, high, n, endpoint=True).astype(code)
    return r.integers(info.min, info.max, n, dtype=code, endpoint=True)


def specials(code):
    """Values at the borders of a type."""
    if code == 'b1':
        return np.array([0, 1], 'b1')
    if code[0] != 'f':
        info = np.iinfo(code)
        return np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max], code)
    info = np.finfo(code)
    values = [np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, info.max, -info.max, info.tiny, -info.tiny, info.smallest_subnormal,
              -info.smallest_subnormal, 0.5, 1.5]
    return np.array(values, code)


def nans(r, code, n):
    """NaNs of both signs with any payload."""
    width = np.dtype(code).itemsize
    word = np.dtype(f'u{width}')
    mantissa = {2: 10, 4: 23, 8: 52}[width]
    exponent = ((1 << (8 * width - 1 - mantissa)) - 1) << mantissa
    payload = r.integers(1, 1 << mantissa, n, dtype='u8')
    quiet = payload | (1 << (mantissa - 1)) if r.random() < 0.5 else payload
    sign = r.integers(0, 2, n, dtype='u8') << (8 * width - 1)
    return (sign | np.uint64(exponent) | quiet).astype(word).view(code)


def finite(r, code, n):
    """Numbers alone, in some arrangement."""
    x = plain(r, code, n)
    kind = r.integers(0, 9)
    if n == 0:
        return x
    if kind == 0:
        x[:] = x[0]
    elif kind == 1:
        few = x[:max(1, min(n, int(r.integers(1, 9))))].copy()
        x = few[r.integers(0, len(few), n)]
    elif kind == 2:
        x[r.random(n) < 0.9] = x[0]
    elif kind == 3:
        x = np.sort(x)
    elif kind == 4:
        x = np.sort(x)[::-1].copy()
    elif kind == 5 and code[0] in 'if':
        x = -np.abs(x)
    elif kind == 6:
        borders = specials(code)
        borders = borders[np.isfinite(borders)] if code[0] == 'f' else borders
        where = r.random(n) < 0.3
        x[where] = borders[r.integers(0, len(borders), n)][where]
    return x


def some(r, code, n):
    """Any array of a type, hostile values included."""
    x = finite(r, code, n)
    if code[0] == 'f' and n > 0 and r.random() < 0.5:
        borders = specials(code)
        where = r.random(n) < r.choice([0.01, 0.3, 1.0])
        x[where] = borders[r.integers(0, len(borders), n)][where]
    if code[0] == 'f' and n > 0 and r.random() < 0.35:
        where = r.random(n) < r.choice([0.002, 0.3, 1.0])
        x = put_nans(r, x, where)
    return x


def put_nans(r, x, where):
    """Through integers: assigning a signalling NaN as a number would make it quiet."""
    word = f'u{x.itemsize}'
    bits = x.view(word).copy()
    bits[where] = nans(r, x.dtype.str[1:], len(x)).view(word)[where]
    return bits.view(x.dtype)
