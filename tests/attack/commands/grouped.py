"""groupby and histogram."""
import json
import math

import numpy as np

import arrays
import files
import splits
from job import Job, array_of, equal, files_of, first_of, same
from oracles import exact

AGGREGATES = ['count', 'sum', 'mean', 'var', 'std', 'min', 'max']


def some_keys(r, n):
    code = str(r.choice(arrays.CODES))
    if r.random() < 0.6 and code[0] in 'iu':
        return r.integers(0, int(r.choice([1, 3, 20, 100])), n).astype(code)
    return arrays.some(r, code, n)


def groupby(r, sandbox):
    n = arrays.size(r, 4097)
    keys = some_keys(r, n)
    values = arrays.some(r, str(r.choice(arrays.CODES)), n)
    return groupby_of(r, sandbox, keys, values, [a for a in AGGREGATES if r.random() < 0.5] or ['count'])


def large_groupby(r, sandbox):
    """Frequent keys near the ends of their order, among many that occur once."""
    n = int(r.integers(200_000, 700_000))
    code = str(r.choice(['f8', 'i8', 'u8', 'f4', 'i4']))
    keys = arrays.plain(r, code, n)
    if r.random() < 0.8:
        frequent = np.concatenate([arrays.specials(code), arrays.nans(r, code, 2)]) if code[0] == 'f' else arrays.specials(code)
        where = r.random(n) < r.choice([0.05, 0.3, 0.9])
        keys[where] = frequent[r.integers(0, len(frequent), n)][where] if r.random() < 0.5 else frequent[r.integers(0, len(frequent))]
    values = r.integers(-1000, 1000, n).astype(str(r.choice(['i4', 'f8'])))
    job = groupby_of(r, sandbox, keys, values, ['count', 'sum'])
    job.split = lambda r: splits.team(r) + ([] if r.random() < 0.5 else ['--memory', str(r.choice(['16M', '64M']))])
    return job


def groups(keys):
    """NumPy's groups: keys in order, and the rows of each."""
    distinct, inverse = np.unique(keys, return_inverse=True)
    order = np.argsort(inverse, kind='stable')
    return distinct, np.split(order, np.cumsum(np.bincount(inverse, minlength=len(distinct)))[:-1]) if len(distinct) else []


def aggregate(name, x, ddof):
    """One group's value, or None where it is not promised."""
    if name == 'count':
        return len(x)
    if name == 'sum':
        if x.dtype.kind == 'f':
            return exact.exact_sum(x)
        return (sum(x.tolist()) + (2**63 if x.dtype.kind == 'i' else 0)) % 2**64 - (2**63 if x.dtype.kind == 'i' else 0)
    if name == 'mean':
        return exact.exact_mean(x)
    if name in ('var', 'std'):
        if len(x) <= ddof:
            return None
        variance = exact.exact_variance(x, ddof)
        value = variance if variance != variance else exact.rounded(variance)
        return math.sqrt(value) if name == 'std' else value
    if x.dtype.kind == 'f' and np.isnan(x).any():
        return float('nan')
    return (x.min() if name == 'min' else x.max()).item()


def groupby_of(r, sandbox, keys, values, wanted):
    n = len(keys)
    shape = files.some_shape(r, n)
    fortran = bool(r.random() < 0.2)
    key_file = files.store(r, sandbox, 'k', keys, shape, raw=False, fortran=fortran)
    value_file = files.store(r, sandbox, 'v', values, shape, raw=False, fortran=fortran)
    alone = wanted == ['count'] and r.random() < 0.5
    ddof = int(r.choice([0, 0, 0, 1]))
    arguments = ['groupby', 'k', *([] if alone else ['v']), '--agg', ','.join(wanted), '-o', 'o'] + (['--ddof', ddof] if ddof else [])
    names = {name: f'o.{name}.npy' for name in ['key', *wanted]}
    flat, rows_of = value_file.in_storage(), groups(key_file.in_storage())

    def complaint(answer):
        distinct, rows = rows_of
        found = {name: array_of(answer[file]) for name, file in names.items()}
        wrong = first_of(*[f'{name}: {len(found[name])} groups, not {len(distinct)}' for name in names
                           if len(found[name]) != len(distinct)]) or equal('key', found['key'], distinct)
        if wrong:
            return wrong
        if len(rows) > 5000:
            return many_groups(found, rows, flat)
        for name in wanted:
            for k, of in enumerate(rows):
                expected, value = aggregate(name, flat[of], ddof), found[name][k].item()
                if expected is None or value == expected or (value != value and expected != expected):
                    continue
                return f'{name} of group {k} ({distinct[k]!r}): {value!r}, not {expected!r}'
        return ''
    outputs = tuple(names.values())
    return Job(arguments, outputs, files_of(*outputs), complaint, splits.by_disk, count=n)


def many_groups(found, rows, values):
    """Counts and sums of small whole numbers, which are exact in any order."""
    lengths = np.array([len(of) for of in rows])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    sums = np.add.reduceat(values[np.concatenate(rows)].astype(found['sum'].dtype), starts)
    return first_of(same('count', found['count'], lengths.astype('i8')), equal('sum', found['sum'], sums))


def bin_places(x, edges):
    """The bin of each element, or -1; and how many lie below, above, or are NaN. Bins hold their lower edge, the last both."""
    wide = x.astype('f8')
    at = np.searchsorted(edges, wide, 'right') - 1
    bins = len(edges) - 1
    last = wide == edges[-1]
    at[last] = np.searchsorted(edges[:-1], edges[-1], 'right') - 1  # where several edges are equal, the last bin
    nan = np.isnan(wide)
    below, above = (wide < edges[0]) & ~nan, (wide > edges[-1]) & ~nan
    at[nan | below | above | (at >= bins)] = -1
    return at, int(below.sum()), int(above.sum()), int(nan.sum())


def bins_of(r, sandbox, numbers, dtype):
    """Options that say what the bins are, and their edges by NumPy; None where NumPy has none."""
    kind = r.integers(0, 5)
    try:
        with np.errstate(all='ignore'):
            if kind == 0:
                edges = np.sort(arrays.finite(r, 'f8', int(r.integers(2, 30))))
                files.save(sandbox.path('e'), edges)
                return ['--edges', 'e'], edges
            bins = int(r.choice([1, 2, 10, 33, 257]))
            if kind == 1:
                low, high = [(0.0, 1.0), (-1.5, 2.25), (-100.0, 100.0), (0.0, 256.0)][r.integers(0, 4)]
                edges = np.histogram_bin_edges(np.zeros(0, dtype), bins, (low, high))
                return ['--bins', bins, f'--range={low},{high}'], edges
            if len(numbers) and not np.isfinite(numbers.max() - numbers.min()):
                return ['--bins', bins], None
            return ['--bins', bins], np.histogram_bin_edges(numbers, bins)
    except ValueError:
        return ['--bins', bins], None


def histogram(r, sandbox):
    code = str(r.choice(arrays.CODES))
    x = arrays.some(r, code, arrays.size(r, 20011))
    shape = files.some_shape(r, x.size)
    fortran = bool(r.random() < 0.3)
    weighted = bool(r.random() < 0.3)
    file = files.store(r, sandbox, 'x', x, shape, False if weighted else None, fortran)
    flat = file.in_storage()
    binned = flat.astype('f4') if code == 'f2' else flat.astype('u1') if code == 'b1' else flat
    numbers = binned[np.isfinite(binned)] if code[0] == 'f' else binned
    options, edges = bins_of(r, sandbox, numbers, binned.dtype)
    sensible = edges is not None and bool(np.isfinite(edges).all() and ('--edges' in options or (edges[:-1] < edges[1:]).all()))
    arguments = ['histogram', 'x', *file.options, *options, '--json']
    weights = None
    if weighted:
        weights = files.store(r, sandbox, 'w', arrays.some(r, str(r.choice(arrays.CODES)), x.size), shape, False, fortran).in_storage()
        arguments += ['--by', 'w']
    output = ('h',) if r.random() < 0.3 else ()
    picture = ('p.svg',) if r.random() < 0.2 else ()
    arguments += ['-o', 'h'] * len(output) + ['--svg', 'p.svg'] * len(picture)

    def answer(sandbox, ended):
        found = json.loads(ended.out)
        return ({k: found.get(k) for k in ('counts', 'edges', 'below', 'above', 'nan', 'weights')},
                files_of(*output, *picture)(sandbox, ended))

    def complaint(found):
        result, written = found
        if sum(result['counts']) + result['below'] + result['above'] + result['nan'] != len(flat):
            return 'histogram: counts do not add up to the elements'
        return right_bins(result, written, binned, edges, weights) if sensible else ''
    return Job(arguments, output + picture, answer, complaint, splits.stream, lambda ended: ended.code == 2 and not sensible,
               count=len(flat))


def right_bins(result, written, x, edges, weights):
    if result['edges'] != [float(e) for e in edges]:
        return f'histogram: edges {result["edges"][:4]}…, not {edges[:4].tolist()}…'
    at, below, above, nan = bin_places(x, edges.astype('f8'))
    bins = len(edges) - 1
    counts = np.bincount(at[at >= 0], minlength=bins).tolist()
    if [result['counts'], result['below'], result['above'], result['nan']] != [counts, below, above, nan]:
        return f'histogram: counts {result}, not {counts}, {below} below, {above} above, {nan} NaN'
    expected = counts
    if weights is not None:
        expected = [aggregate('sum', weights[at == k], 0) for k in range(bins)]
        for k, (value, wanted) in enumerate(zip(result['weights'], expected)):
            value = float(value) if isinstance(value, str) else value
            if not (value == wanted or (value != value and wanted != wanted)):
                return f'histogram: sum of bin {k} is {value!r}, not {wanted!r}'
    if 'h' in written and not np.array_equal(array_of(written['h']), np.array(expected), equal_nan=isinstance(expected[0], float)):
        return 'histogram: -o has other numbers'
    return ''
