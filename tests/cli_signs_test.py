#!/usr/bin/env python3
"""Every command against NumPy over numbers of one sign, of both, over NaNs alone, NaNs of different bits, and zeros.

usage: cli_signs_test.py PRORATA [unittest arguments]
"""
import math
import os

import numpy as np

import order_model as model
from command_line import CODES, Case, answer, bits, main, run, some

FEW_SPLITS = [[], ['--devices', 'cpu*3', '--weights', '5,0,1', '--chunk', '4K'], ['--threads', '1', '--chunk', '20000']]
FLOATS = ['f2', 'f4', 'f8']


def nans(code, n):
    """NaNs of both signs and of many payloads."""
    width = 8 * int(code[1])
    exponent = {16: 0x7c00, 32: 0x7f800000, 64: 0x7ff0000000000000}[width]
    payload = np.random.default_rng(n).integers(1, min(exponent & -exponent, 2**9), n).astype(f'u{code[1]}')
    sign = (np.random.default_rng(n + 1).integers(0, 2, n).astype(f'u{code[1]}') << np.array(width - 1, f'u{code[1]}'))
    return (sign | np.array(exponent, f'u{code[1]}') | payload).view(code)


def arrays(code, n):
    """Arrays of every sign that the type has; with their names."""
    x = some(code, n, n)
    if code == 'b1':
        yield 'mixed', x
        yield 'false', np.zeros(n, code)
        yield 'true', np.ones(n, code)
        return
    if code[0] == 'u':
        yield 'mixed', x
        yield 'large', x | x.dtype.type(1 << (8 * int(code[1]) - 1))
        return
    size = np.abs(np.where(x == x.dtype.type(np.iinfo(code).min), 1, x)) if code[0] == 'i' else np.abs(x)
    size = np.maximum(size, x.dtype.type(1))  # no zeros
    yield 'mixed', x
    yield 'positive', size
    yield 'negative', -size
    yield '-1 … -10', (-1 - np.arange(n) % 10).astype(code)
    one = size.copy()
    one[n // 2] = -one[n // 2]
    yield 'positive but for one', one
    yield 'negative but for one', -one
    yield 'equal and negative', np.full(n, -3, code)
    if code[0] == 'f':
        yield 'infinite', np.full(n, -np.inf, code)
        yield 'NaN', nans(code, n)
        some_nan = -size
        some_nan[n // 3::7] = nans(code, len(some_nan[n // 3::7]))
        yield 'negative, and NaN', some_nan
        one_nan = -size
        one_nan[-1] = nans(code, 1)[0]
        yield 'negative, the last one NaN', one_nan
        yield 'zeros of both signs', np.where(np.arange(n) % 3 == 1, -0.0, 0.0).astype(code)


def each(sizes, codes=CODES, of=1):
    """Every kind of array of every type, in `of` of the sizes, in turn; with its name."""
    for c, code in enumerate(codes):
        for s, n in enumerate(sizes):
            for k, (name, x) in enumerate(arrays(code, n)):
                if (s - k - c) % (len(sizes) // of) == 0:
                    yield f'{code} {name} {n}', x


def places_in_order(x, descending=False):
    """Where the elements of a stable sort come from: −0 below +0; NaNs last, by their bits, negative ones behind, downwards."""
    if x.dtype.kind != 'f':
        if descending:
            return len(x) - 1 - np.argsort(x[::-1], kind='stable')[::-1]
        return np.argsort(x, kind='stable')
    unsigned = x.view(f'u{x.itemsize}').astype('O')
    top = 1 << (8 * x.itemsize - 1)
    key = [(1, int(b) if b < top else 2 * top - int(b) + top) if v != v else
           (0, -float(v) if descending else float(v), (b >= top) == descending)
           for v, b in zip(x.tolist(), unsigned)]
    return np.array(sorted(range(len(x)), key=lambda i: key[i]), dtype='i8')


def finite(number):
    """JSON's numbers, and its words for those that it lacks."""
    return float(number) if isinstance(number, str) else number


class Signs(Case):
    def same(self, found, expected, why):
        """Two numbers, with every NaN one."""
        a = np.asarray(expected).dtype.type(finite(found))  # a float is told by the digits that read back as that float
        self.assertTrue(a == expected or (a != a and expected != expected), (why, found, expected))

    def test_extremes(self):
        for turn, (name, x) in enumerate(each((1, 33, 1025, 9001), of=2)):
            path = self.save('x.npy', x)
            for k, split in enumerate(FEW_SPLITS if len(x) > 33 else FEW_SPLITS[:2]):
                found = answer('stats', path, *split)['result']
                alone = k == turn % 2
                for op in ('min', 'max'):
                    expected = getattr(x, op)()
                    if x.dtype.kind == 'f' and expected == 0:  # NumPy gives either zero
                        negative = np.signbit(x).any() if op == 'min' else np.signbit(x).all()
                        self.assertEqual(math.copysign(1, finite(found[op]['value'])) < 0, negative, name)
                    self.same(found[op]['value'], expected, (name, op, split))
                    if alone:
                        self.same(answer('reduce', op, path, *split)['result']['value'], expected, (name, op, split))
                    place = places_in_order(x)[0] if op == 'min' else places_in_order(x, True)[0]
                    if x.dtype.kind == 'f' and np.isnan(x).any():
                        place = np.argmax(np.isnan(x))
                    self.assertEqual(found['arg' + op]['value'], place, (name, op, split))
                    if alone:
                        self.assertEqual(answer('reduce', 'arg' + op, path, *split)['result']['value'], place, (name, op, split))
                if alone:
                    both = answer('reduce', 'minmax', path, *split)['result']
                    self.assertEqual([both['min'], both['max']], [found['min'], found['max']], name)

    def test_folds(self):
        for name, x in each((1, 33, 2049), [c for c in CODES if c != 'f2']):
            path, wide = self.save('x.npy', x), x.astype('f8')
            ask = lambda op, *more: answer('reduce', op, path, '--devices', 'cpu*3', '--chunk', '4K', *more)['result']
            self.assertEqual(ask('count')['value'], int(np.count_nonzero(x)), name)
            self.assertEqual((ask('any')['value'], ask('all')['value']), (bool(x.any()), bool(x.all())), name)
            with np.errstate(all='ignore'):
                if x.dtype.kind == 'f':
                    for op, merge in (('sum', np.add), ('product', np.multiply)):
                        self.same_bits(ask(op), model.fold_array(wide, merge), (name, op))
                    self.same_bits(ask('mean'), model.canonical_sum(wide) / len(x), name)
                else:
                    self.assertEqual(ask('product')['value'] % 2**64, math.prod(map(int, x)) % 2**64, name)
                    self.assertEqual(ask('sum', '--wrap')['value'] % 2**64, sum(map(int, x)) % 2**64, name)
                    self.same_bits(ask('mean'), sum(map(int, x)) / len(x), name)
                self.same_bits(ask('norm'), math.sqrt(model.canonical_sum(wide * wide)), name)
                small = x.dtype.kind != 'f' and x.dtype.itemsize <= 2
                variance = (model.variance_of_small_integers if small else model.variance)(wide.tolist())
                self.same_bits(ask('var'), variance, name)
                self.same_bits(ask('std'), math.sqrt(variance), name)
                if x.dtype.kind == 'f':
                    self.same_bits(answer('reduce', 'dot', path, path)['result'], model.canonical_sum(wide * wide), name)
                    fsum = float('nan') if np.isnan(wide).any() else math.fsum(wide)
                    self.same_bits(ask('sum', '--exact'), fsum if fsum != 0 else ask('sum', '--exact')['value'], name)

    def test_dot_products_of_mixed_signs(self):
        for a, b in (('u4', 'i4'), ('i4', 'u4'), ('u1', 'i8'), ('u8', 'i2'), ('b1', 'i4'), ('i1', 'b1'), ('i2', 'f4'), ('u2', 'f8')):
            x, y = some(a, 3001, 1), some(b, 3001, 2)
            expected = model.canonical_sum(x.astype('f8') * y.astype('f8'))
            found = answer('reduce', 'dot', self.save('x.npy', x), self.save('y.npy', y), '--devices', 'cpu*2')['result']
            self.same_bits(found, expected, (a, b))

    def same_bits(self, found, expected, why):
        self.assertEqual(found['bits'], '0x7ff8000000000000' if expected != expected else bits(expected), why)

    def test_orders(self):
        out = self.path('o.npy')
        for turn, (name, x) in enumerate(each((33, 3001))):
            path = self.save('x.npy', x)
            for more in ([], ['--descending']):
                expected = places_in_order(x, bool(more))
                for split in ([['--devices', 'cpu*3', '--weights', '5,0,1']] if (turn + len(more)) % 2 else [[]]):
                    self.ran('argsort', path, '-o', out, *more, *split)
                    self.assertTrue(np.array_equal(np.load(out), expected), (name, more, split))
                    self.ran('sort', path, '-o', out, *more, *split)
                    self.assertEqual(np.load(out).tobytes(), x[expected].tobytes(), (name, more, split))
            for k in (1, 10):
                for more in ([], ['--smallest']):
                    expected = places_in_order(x, not more)[:k]
                    found = answer('topk', k, path, *more)['result']
                    self.assertEqual([e['index'] for e in found], expected.tolist(), (name, k, more))

    def test_quantiles(self):
        for name, x in each((33, 2049)):
            found = answer('quantile', '0,0.25,0.5,1', self.save('x.npy', x), '--devices', 'cpu*2')['result']
            for q in ('0', '0.25', '0.5', '1'):
                with np.errstate(all='ignore'):
                    expected = np.quantile(x.astype('f8'), float(q))
                if 'infinite' in name:
                    expected = -np.inf  # NumPy interpolates between equal infinities, to NaN
                self.same(found[q]['value'], expected, (name, q))

    def test_running_extremes(self):
        out = self.path('o.npy')
        for name, x in each((1, 1025, 9001)):
            path = self.save('x.npy', x)
            for op, running in (('min', np.minimum), ('max', np.maximum)):
                for split in FEW_SPLITS:
                    self.ran('scan', op, path, '-o', out, *split)
                    found, expected = np.load(out), running.accumulate(x)
                    self.assertTrue(np.array_equal(found, expected, equal_nan=x.dtype.kind == 'f'), (name, op, split))

    def test_distinct_and_grouped(self):
        out = self.path('o')
        os.makedirs(out, exist_ok=True)
        for name, x in each((1, 2049)):
            path = self.save('x.npy', x)
            unique, first, inverse, count = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
            equal = lambda a, b: self.assertTrue(np.array_equal(a, b, equal_nan=b.dtype.kind == 'f'), name)
            self.ran('unique', path, '-o', self.path('u.npy'), '--counts', self.path('c.npy'), '--devices', 'cpu*2')
            equal(np.load(self.path('u.npy')), unique)
            equal(np.load(self.path('c.npy')), count)
            self.ran('groupby', path, '-o', out)
            equal(np.load(os.path.join(out, 'key.npy')), unique)
            equal(np.load(os.path.join(out, 'count.npy')), count)
            keys = (np.arange(len(x)) % 5).astype('i4')
            self.ran('groupby', self.save('k.npy', keys), path, '--agg', 'min,max', '-o', out)
            for op in ('min', 'max'):
                expected = np.array([getattr(x[keys == k], op)() for k in range(min(5, len(x)))], x.dtype)
                equal(np.load(os.path.join(out, op + '.npy')), expected)

    def test_histograms(self):
        for name, x in each((33, 2049), [c for c in CODES if c not in ('f2', 'b1')]):
            kept = x[np.isfinite(x)] if x.dtype.kind == 'f' else x
            found = answer('histogram', self.save('x.npy', x), '--bins', '7', '--devices', 'cpu*2')
            counts, edges = np.histogram(kept, 7)
            self.assertEqual((found['counts'], found['edges']), (counts.tolist(), edges.tolist()), name)

    def test_conditions(self):
        out, turn = self.path('o.npy'), 0
        for name, x in each((33, 2049)):
            path = self.save('x.npy', x)
            signed = x.dtype.kind != 'b'
            conditions = [('x', x != 0), ('x != 0', x != 0), ('not x', x == 0)]
            if signed:
                conditions += [('x < 0', x < 0), ('x <= 0', x <= 0), ('x > 0', x > 0), ('x >= 0', x >= 0), ('x == 0', x == 0)]
            if x.dtype.kind in 'if':
                conditions += [('x > -3', x > -3), ('x < -1', x < -1), ('x == -3', x == -3), ('0 - x', x != 0)]
            if x.dtype.kind == 'f':
                conditions += [('isnan(x)', np.isnan(x)), ('x == x', x == x), ('x != x', x != x), ('not (x < 0)', ~(x < 0)), ('x + 3', x + x.dtype.type(3) != 0)]
            for text, keep in conditions:
                turn += 1
                split = FEW_SPLITS[turn % 2]
                self.ran('select', text, path, '-o', out, *split)
                self.assertEqual(np.load(out).tobytes(), x[keep].tobytes(), (name, text, split))
            # the elements themselves as flags of another file
            self.ran('select', 'y', self.save('i.npy', np.arange(len(x))), path, '-o', out)
            self.assertEqual(np.load(out).tolist(), np.flatnonzero(x).tolist(), name)

    def ran(self, *args):
        done = run(*args)
        self.assertEqual(done.returncode, 0, (args, done.stderr))


if __name__ == '__main__':
    main()
