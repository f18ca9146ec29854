"""sort, argsort, topk, quantile and unique."""
import json

import numpy as np

import arrays
import files
import splits
from job import Job, array_of, bits, equal, files_of, first_of, same, value_of
from oracles import total_order


def some_file(r, sandbox, largest=100003, least=0):
    code = str(r.choice(arrays.CODES))
    return files.store(r, sandbox, 'x', arrays.some(r, code, max(least, arrays.size(r, largest))))


def sort(r, sandbox):
    file = some_file(r, sandbox)
    return sort_of(r, file)


def large_sort(r, sandbox):
    """By way of the disk."""
    code = str(r.choice(['f8', 'i8', 'u8']))
    x = arrays.some(r, code, int(r.integers(1_200_000, 2_600_000)))
    file = files.store(r, sandbox, 'x', x, (x.size,), raw=False)
    job = sort_of(r, file)
    job.split = lambda r: splits.team(r) + ['--memory', '16M']
    return job


def sort_of(r, file):
    flat = file.in_c_order()
    descending = bool(r.random() < 0.5)
    order = total_order.order_of(flat, descending)
    indices = bool(r.random() < 0.5)
    raw = ['--raw'] if not indices and r.random() < 0.2 else []
    name = 'argsort' if indices else 'sort'
    arguments = [name, 'x', *file.options, '-o', 'o', *raw] + (['--descending'] if descending else [])

    def complaint(answer):
        if indices:
            return same('argsort', array_of(answer['o']), order.astype('i8'))
        found = np.frombuffer(answer['o'], flat.dtype) if raw else array_of(answer['o'])
        return same('sort', found, flat[order])
    return Job(arguments, ('o',), files_of('o'), complaint, splits.by_disk)


def topk(r, sandbox):
    file = some_file(r, sandbox, 20011, 1)
    flat = file.in_c_order()
    k = int(r.choice([1, 2, 10, 100, 1000]))
    smallest = bool(r.random() < 0.5)
    places = total_order.order_of(flat, not smallest)[:k]
    arguments = ['topk', k, 'x', *file.options, '--json'] + (['--smallest'] if smallest else [])

    def complaint(answer):
        found = answer
        if [f['index'] for f in found] != places.tolist():
            wrong = next((i for i, f in enumerate(found) if i >= len(places) or f['index'] != places[i]), len(found))
            return f'topk: {len(found)} found; place {wrong} is not the expected one'
        for f in found:
            expected, value = flat[f['index']], value_of(f)
            value = float(value) if isinstance(value, str) else value
            if not (value == expected or (value != value and expected != expected)):
                return f'topk: index {f["index"]} has {expected!r}, not {value!r}'
        return ''
    return Job(arguments, (), lambda sandbox, ended: json.loads(ended.out)['result'], complaint, splits.stream,
               lambda ended: ended.code == 5 and '--memory' in ended.err, count=len(flat))


def quantiles(x, q, method):
    """NumPy's, but between equal infinities that infinity."""
    with np.errstate(all='ignore'):
        expected = np.quantile(x, q, method=method)
        if not np.isnan(x).any():
            low, high = np.quantile(x, q, method='lower'), np.quantile(x, q, method='higher')
            expected = np.where(np.isinf(low) & (low == high), low, expected)
    return expected


def quantile(r, sandbox):
    file = some_file(r, sandbox, 20011, 1)
    q = sorted({float(v) for v in r.choice([0, 1, 0.5, 0.25, 0.75, 0.01, 0.999, 1 / 3, float(r.random())], 4)})
    method = str(r.choice(['linear', 'lower', 'higher', 'nearest', 'midpoint']))
    text = ','.join(map(repr, q))
    arguments = ['quantile', text, 'x', *file.options, '--json', '--interpolation', method]
    expected = quantiles(file.in_c_order().astype('f8'), q, method)

    def answer(sandbox, ended):
        result = json.loads(ended.out)['result']
        return [result] if len(q) == 1 else [result[k] for k in sorted(result, key=float)]

    def complaint(found):
        for one, f, e in zip(q, found, expected):
            value = float(value_of(f))
            if not (value == e or (value != value and e != e)):
                return f'quantile {one}: {value!r}, not {e!r}'
            if value == value and value != 0 and f['bits'] != bits(e):
                return f'quantile {one}: bits {f["bits"]}, not {bits(e)}'
        return ''
    return Job(arguments, (), answer, complaint, splits.stream, count=file.x.size)


def unique(r, sandbox):
    file = some_file(r, sandbox)
    return unique_of(r, file)


def large_unique(r, sandbox):
    """More distinct elements than memory is for."""
    code = str(r.choice(['f8', 'i8', 'i4']))
    x = arrays.some(r, code, int(r.integers(900_000, 1_600_000)))
    file = files.store(r, sandbox, 'x', x, (x.size,), raw=False)
    job = unique_of(r, file, inverse=False)
    job.split = lambda r: splits.team(r) + ['--memory', '16M']
    return job


def unique_of(r, file, inverse=True):
    flat = file.in_c_order()
    values, index, which, counts = np.unique(flat, return_index=True, return_inverse=True, return_counts=True)
    expected = {'counts': counts, 'index': index, 'inverse': which}
    wanted = [name for name in expected if r.random() < 0.5 and (inverse or name != 'inverse')]
    arguments = ['unique', 'x', *file.options, '-o', 'o']
    for name in wanted:
        arguments += [f'--{name}', name]

    def complaint(answer):
        found = array_of(answer['o'])
        zeros = found.dtype.kind == 'f' and bool(np.signbit(found[found == 0]).any())
        return first_of(equal('unique', found, values), 'unique: -0, which counts as 0' if zeros else '',
                        *[same(name, array_of(answer[name]).reshape(-1), expected[name].astype('i8')) for name in wanted])
    return Job(arguments, ('o', *wanted), files_of('o', *wanted), complaint, splits.by_disk, count=len(flat))
