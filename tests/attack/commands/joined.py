"""lookup and join."""
import numpy as np

import arrays
import files
from job import Job, array_of, files_of, first_of, same

KEYS = [code for code in arrays.CODES if code[0] in 'iub']


def split(r):
    """They have threads and memory, and no devices."""
    return [*(['--threads', str(r.integers(1, 8))] if r.random() < 0.5 else []),
            *(['--memory', str(r.choice(['16M', '17M', '64M']))] if r.random() < 0.5 else [])]


def some_keys(r, n, different):
    """Keys of any type, some at the ends of its range."""
    code = str(r.choice(KEYS))
    if code == 'b1':
        return r.integers(0, 2, n).astype(code)
    info = np.iinfo(code)
    keys = r.integers(max(info.min, -different), min(info.max, different), n, endpoint=True).astype(code)
    ends = r.random(n) < 0.05
    keys[ends] = r.choice(np.array([info.min, info.max, 0, info.max // 2 + 1], code), int(ends.sum()))
    return keys


def stored(r, sandbox, name, x):
    files.store(r, sandbox, name, x, (len(x),), raw=False, fortran=False)


def missing_of(values):
    return np.array(np.nan if values.dtype.kind == 'f' else 0).astype(values.dtype)


def lookup_of(r, sandbox, keys, values, queries):
    for name, x in (('k', keys), ('v', values), ('q', queries)):
        stored(r, sandbox, name, x)
    place = {key: i for i, key in enumerate(keys.tolist())}  # the last one of a key
    rows = np.array([place.get(query, -1) for query in queries.tolist()], 'i8')
    flags = r.random() < 0.5

    def complaint(answer):
        expected = np.where(rows >= 0, values[rows] if len(values) else missing_of(values), missing_of(values)).astype(values.dtype)
        return first_of(same('values', array_of(answer['o']), expected),
                        same('found', array_of(answer['index']), rows >= 0) if flags else '')
    outputs = ('o', 'index') if flags else ('o',)
    arguments = ['lookup', '--keys', 'k', '--values', 'v', '--queries', 'q', '-o', 'o'] + (['--found', 'index'] if flags else [])
    return Job(arguments, outputs, files_of(*outputs), complaint, split)


def lookup(r, sandbox):
    n, different = arrays.size(r, 4097), int(r.choice([3, 300, 10**9]))
    return lookup_of(r, sandbox, some_keys(r, n, different), arrays.some(r, str(r.choice(arrays.CODES)), n),
                     some_keys(r, arrays.size(r, 4097), different))


def large_lookup(r, sandbox):
    """More than 16M hold, where keys come once or a key comes again and again."""
    n = int(r.integers(700_000, 1_500_000))
    keys = r.integers(-2**62, 2**62, n)
    keys[r.random(n) < r.choice([0, 0.01, 0.6])] = 5
    queries = np.where(r.random(50_000) < 0.7, keys[r.integers(0, n, 50_000)], r.integers(-2**62, 2**62, 50_000))
    return lookup_of(r, sandbox, keys, arrays.some(r, str(r.choice(['f8', 'i2', 'f4'])), n), queries)


def join(r, sandbox):
    different = int(r.choice([3, 300, 10**9]))
    left, right = some_keys(r, arrays.size(r, 600), different), some_keys(r, arrays.size(r, 400), different)
    a, b = arrays.some(r, str(r.choice(arrays.CODES)), len(left)), arrays.some(r, str(r.choice(arrays.CODES)), len(right))
    for name, x in (('l', left), ('r', right), ('a', a), ('b', b)):
        stored(r, sandbox, name, x)
    how = str(r.choice(['inner', 'left', 'semi', 'anti']))
    pairs = how in ('inner', 'left')
    rows = {}
    for j, key in enumerate(right.tolist()):
        rows.setdefault(key, []).append(j)
    both = []
    for i, key in enumerate(left.tolist()):
        mine = rows.get(key, [])
        if not pairs:
            mine = [-1] if (how == 'semi') == bool(mine) else []
        both += [(i, j) for j in (mine or ([-1] if how == 'left' else []))]
    i, j = np.array(both, 'i8').reshape(-1, 2).T
    expected = {'key': left[i], 'a': a[i], 'left_row': i}
    if pairs:
        expected['b'] = np.where(j >= 0, b[j] if len(b) else missing_of(b), missing_of(b)).astype(b.dtype)
        expected['right_row'] = j
    if how == 'left':
        expected['found'] = j >= 0
    outputs = tuple(f'o.{name}.npy' for name in expected)

    def complaint(answer):
        return first_of(*[same(name, array_of(answer[f'o.{name}.npy']), x) for name, x in expected.items()])
    arguments = ['join', 'l', 'r', '-o', 'o', '--how', how, '--rows', '--left-value', 'a', *(['--right-value', 'b'] if pairs else [])]
    return Job(arguments, outputs, files_of(*outputs), complaint, split)
