"""map, select and scan: an output element by element."""
import numpy as np

import arrays
import files
import splits
from job import Job, array_of, files_of, same
from oracles import expressions, orders


def columns(r, sandbox, largest=20011):
    """One to three files of one shape, and their elements as they are stored."""
    n = arrays.size(r, largest)
    shape = files.some_shape(r, n)
    fortran = bool(r.random() < 0.2)
    count = int(r.integers(1, 4))
    raw = bool(count == 1 and r.random() < 0.2)
    stored = [files.store(r, sandbox, f'f{k}', arrays.some(r, str(r.choice(arrays.CODES)), n), shape, raw, fortran)
              for k in range(count)]
    return stored


def written(r, x):
    """--raw or not, and how the output is read back."""
    raw = bool(r.random() < 0.2)
    if not raw:
        return [], array_of
    return ['--raw'], lambda content: np.frombuffer(content, x.dtype)


def flattened(found, like):
    """The output of map keeps the order in which its inputs are stored."""
    fortran = like.fortran and found.flags.f_contiguous
    return found.ravel('F' if fortran else 'C')


def map_(r, sandbox):
    stored = columns(r, sandbox)
    inputs = [s.in_storage() for s in stored]
    t = expressions.expression(r, inputs)
    to = str(r.choice(arrays.CODES)) if r.random() < 0.4 else None
    expected = expressions.stored(t, to or t.type)
    raw, read = written(r, expected)
    arguments = ['map', t.text, *[s.name for s in stored], *stored[0].options, '-o', 'o', *raw] + (['--to', to] if to else [])

    def complaint(answer):
        found = read(answer['o'])
        if not raw and found.shape != stored[0].x.shape:
            return f'shape {found.shape}, not {stored[0].x.shape}'
        return same('map', flattened(found, stored[0]), expected)
    return Job(arguments, ('o',), files_of('o'), complaint, splits.stream, count=len(expected))


def select(r, sandbox):
    stored = columns(r, sandbox)
    inputs = [s.in_c_order() for s in stored]
    t = expressions.expression(r, inputs, 2)
    keep = t.value != 0
    indices = bool(r.random() < 0.4)
    expected = np.flatnonzero(keep).astype('i8') if indices else inputs[0][keep]
    raw, read = written(r, expected)
    arguments = ['select', t.text, *[s.name for s in stored], *stored[0].options, '-o', 'o', *raw] + (['--indices'] if indices else [])

    def complaint(answer):
        return same('select', read(answer['o']), expected)
    return Job(arguments, ('o',), files_of('o'), complaint, splits.stream, count=len(keep))


def least_of(code, greatest):
    """The identity of min, or of max."""
    if code == 'b1':
        return not greatest
    if code[0] == 'f':
        return -np.inf if greatest else np.inf
    info = np.iinfo(code)
    return info.min if greatest else info.max


def running(op, x):
    """Running folds as 64 bits, or as the type itself for min and max."""
    if op in ('min', 'max'):
        found = (np.minimum if op == 'min' else np.maximum).accumulate(x) if len(x) else x.copy()
        if x.dtype.kind == 'f' and len(x):
            nan = np.isnan(x)
            found = np.where(np.logical_or.accumulate(nan), np.array(np.nan, x.dtype), found)
            negative = (x == 0) & (np.signbit(x) == (op == 'min'))
            seen = np.logical_or.accumulate(negative)
            zero = np.array(-0.0 if op == 'min' else 0.0, x.dtype)
            other = np.array(0.0 if op == 'min' else -0.0, x.dtype)
            found = np.where(found == 0, np.where(seen, zero, other), found)
        return found
    kind = 'f8' if x.dtype.kind == 'f' else 'i8' if x.dtype.kind == 'i' else 'u8'
    wide = x.astype(kind)
    return orders.base32(wide, np.add if op == 'sum' else np.multiply, 0 if op == 'sum' else 1)


def scan(r, sandbox):
    op = str(r.choice(['sum', 'product', 'min', 'max']))
    code = str(r.choice(arrays.CODES))
    x = arrays.some(r, code, arrays.size(r, 100003))
    file = files.store(r, sandbox, 'x', x)
    flat = file.in_c_order()
    exclusive = bool(r.random() < 0.4)
    with np.errstate(all='ignore'):
        full = running(op, flat)
        if exclusive and len(full):
            identity = {'sum': 0, 'product': 1}.get(op)
            if identity is None:
                identity = least_of(code, op == 'max')
            first = np.array([identity], full.dtype)
            rest = full[:-1]
            if op == 'sum' and full.dtype.kind == 'f':
                rest = 0.0 + rest
            full = np.concatenate([first, rest])
        expected = full.astype(code) if code[0] == 'f' else full
    expected = np.where(np.isnan(expected), np.array(np.nan, expected.dtype), expected) if code[0] == 'f' else expected
    raw, read = written(r, expected)
    arguments = ['scan', op, 'x', *file.options, '-o', 'o', *raw] + (['--exclusive'] if exclusive else [])

    def complaint(answer):
        found = read(answer['o']).reshape(-1)
        if found.dtype.kind == 'f':
            found = np.where(np.isnan(found), np.array(np.nan, found.dtype), found)
        return same('scan', found, expected)
    return Job(arguments, ('o',), files_of('o'), complaint, splits.stream, count=len(flat))


def generate(r, sandbox):
    code = str(r.choice(arrays.CODES))
    shape = files.some_shape(r, arrays.size(r, 20011)) or (1,)
    seed = [0, 1, 5, 2**64 - 1][r.integers(0, 4)]
    n = int(np.prod(shape))
    arguments = ['generate', '--shape', ','.join(map(str, shape)), '--dtype', code, '--seed', seed, '-o', 'o']
    with np.errstate(over='ignore'):
        z = np.uint64(seed) + (np.arange(n, dtype='u8') + np.uint64(1)) * np.uint64(0x9e3779b97f4a7c15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z ^= z >> np.uint64(31)
    if code == 'b1':
        expected = (z >> np.uint64(63)).astype('b1')
    elif code[0] == 'f':
        expected = ((z >> np.uint64(11)).astype('f8') * 2.0**-53 - 0.5).astype(code)
    else:
        expected = (z >> np.uint64(64 - 8 * np.dtype(code).itemsize)).astype(f'u{code[1]}').view(code)

    def complaint(answer):
        return same('generate', array_of(answer['o']), expected.reshape(shape))
    return Job(arguments, ('o',), files_of('o'), complaint)
