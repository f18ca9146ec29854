#!/usr/bin/env python3
"""Files in Fortran order: every command numbers elements as NumPy does, in C order, and takes both orders together.

usage: cli_order_test.py PRORATA [unittest arguments]
"""
import math
import os

import numpy as np

from command_line import CODES, Case, answer, main, run

SHAPES = [(7, 72, 10), (1, 500), (500, 1), (3, 1, 5, 1, 4), (2, 2, 2, 2, 2, 2), (1, 1), (0, 5), (5, 0), (40, 30), (1025, 33),
          (3, 4000), (4000, 3), (6, 50, 7, 9)]


def few(code, shape, seed):
    """Few different values, so that equal ones lie everywhere; NaNs and zeros of both signs among floats."""
    r = np.random.default_rng(seed)
    x = r.integers(0, 4, shape).astype(code)
    if code[0] == 'f' and x.size > 5:
        x = x * r.choice(np.array([1, -1], code), shape)  # −0, too
        if seed % 2:
            x[r.random(shape) < .1] = np.nan
    return x


def total_order(x):
    """A stable argsort with −0 before +0 and NaNs last."""
    flat = x.ravel()
    if x.dtype.kind != 'f':
        return np.argsort(flat, kind='stable')
    return np.lexsort((np.where(flat == 0, ~np.signbit(flat), 0), flat)) if flat.size else np.zeros(0, 'i8')


class FortranOrder(Case):
    def both(self, name, x):
        return self.save(f'{name}_c.npy', np.ascontiguousarray(x)), self.save(f'{name}_f.npy', np.asfortranarray(x))

    def each_array(self):
        for seed, shape in enumerate(SHAPES):
            for code in CODES if shape == SHAPES[0] else (CODES[seed % len(CODES)], 'f8'):
                x = few(code, shape, seed)
                yield x, *self.both('x', x)

    def written(self, *args, out='o.npy'):
        done = run(*args, '-o', self.path(out))
        self.assertEqual(done.returncode, 0, (args, done.stderr))
        return np.load(self.path(out))

    def test_places_of_extremes(self):
        for x, *paths in self.each_array():
            if x.size == 0:
                continue
            y = np.where(np.signbit(x) & (x == 0), np.nextafter(np.array(0, x.dtype), np.array(-1, x.dtype)), x) if x.dtype.kind == 'f' else x
            low, high = (np.isnan(x).argmax(),) * 2 if np.isnan(x).any() else (y.argmin(), y.argmax())
            for path in paths:
                for split in ([], ['--devices', 'cpu*3', '--chunk', '8K', '--weights', '5,0,1']):
                    found = answer('stats', path, *split)['result']
                    self.assertEqual((found['argmin']['value'], found['argmax']['value']), (low, high), (path, x.shape, x.dtype, split))
                    for name, index in (('argmin', low), ('argmax', high)):
                        one = answer('reduce', name, path, *split)['result']
                        self.assertEqual(one['value'], index, (name, path, x.shape, x.dtype, split))
                        if x.ndim > 1:
                            self.assertEqual(one['where'], str(tuple(map(int, np.unravel_index(index, x.shape)))))

    def test_topk(self):
        for x, *paths in self.each_array():
            if x.size == 0:
                continue
            k = min(9, x.size)
            for path in paths:
                least = answer('topk', k, path, '--smallest')['result']
                self.assertEqual([one['index'] for one in least], total_order(x)[:k].tolist(), (path, x.shape, x.dtype))
                if x.ndim > 1:
                    self.assertEqual([one['where'] for one in least],
                                     [str(tuple(map(int, np.unravel_index(i, x.shape)))) for i in total_order(x)[:k]])

    def test_argsort_and_select(self):
        for x, *paths in self.each_array():
            flat = x.ravel()
            for path in paths:
                if not (x.dtype.kind == 'f' and np.isnan(x).any()):
                    self.assertTrue(np.array_equal(self.written('argsort', path), total_order(x)), (path, x.shape, x.dtype))
                self.assertTrue(np.array_equal(self.written('select', 'x > 1', path), flat[flat > 1]), (path, x.shape, x.dtype))
                self.assertTrue(np.array_equal(self.written('select', 'x > 1', path, '--indices'), np.nonzero(flat > 1)[0]))

    def test_unique_and_scan(self):
        for x, *paths in self.each_array():
            if x.dtype.kind == 'f':
                x = np.where(np.isnan(x), 1, x) + np.array(0, x.dtype)
                paths = self.both('x', x)
            values, first, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
            for path in paths:
                got = self.written('unique', path, '--index', self.path('i.npy'), '--inverse', self.path('v.npy'), '--counts',
                                   self.path('n.npy'))
                self.assertTrue(np.array_equal(got, values), (path, x.shape, x.dtype))
                for name, expected in (('i', first), ('v', inverse.ravel()), ('n', counts)):
                    self.assertTrue(np.array_equal(np.load(self.path(f'{name}.npy')), expected), (name, path, x.shape, x.dtype))
                if x.dtype.kind in 'iu':
                    sums = self.written('scan', 'sum', path)
                    self.assertEqual(sums.shape, x.shape)
                    self.assertTrue(np.array_equal(sums.ravel(), np.cumsum(x.ravel(), dtype=sums.dtype)), (path, x.shape, x.dtype))

    def test_both_orders_in_one_command(self):
        r = np.random.default_rng(7)
        for shape in SHAPES:
            x, y = r.integers(0, 50, shape).astype('i4'), r.standard_normal(shape)
            (xc, xf), (yc, yf) = self.both('x', x), self.both('y', y)
            total = math.fsum((x * y).ravel())
            for a, b in ((xc, yf), (xf, yc), (xf, yf)):
                why = (a, b, shape)
                got = self.written('map', 'x+y', a, b)
                self.assertTrue(got.shape == shape and np.array_equal(got, x + y), why)
                self.assertEqual(np.isfortran(got), np.isfortran(np.load(a)) and np.isfortran(np.load(b)), why)
                self.assertTrue(np.array_equal(self.written('select', 'y > 0', a, b), x.ravel()[y.ravel() > 0]), why)
                self.assertAlmostEqual(answer('reduce', 'dot', a, b, '--exact')['result']['value'], total, delta=1e-9 * (1 + abs(total)))
                if x.size == 0:
                    continue
                counts, edges = np.histogram(x, bins=7)
                said = answer('histogram', a, '--bins', 7, '--by', b)
                self.assertEqual(said['counts'], counts.tolist(), why)
                for k, weight in enumerate(said['weights']):
                    inside = (x >= edges[k]) & ((x < edges[k + 1]) | (k == 6))
                    self.assertEqual(weight['value'] if isinstance(weight, dict) else weight, math.fsum(y[inside]), why)
                self.assertEqual(run('groupby', a, b, '--agg', 'sum', '-o', self.path('g')).returncode, 0)
                keys = np.load(self.path('g.key.npy'))
                self.assertTrue(np.array_equal(keys, np.unique(x)), why)
                self.assertEqual(np.load(self.path('g.sum.npy')).tolist(), [math.fsum(y[x == k]) for k in keys], why)

    def test_more_than_memory_and_what_is_left_behind(self):
        r = np.random.default_rng(3)
        for shape in ((2, 3_000_001), (3_000_001, 2), (1733, 3463), (150, 200, 201)):
            x = r.integers(-9, 9, shape).astype('i8')
            _, path = self.both('x', x)
            before = set(os.listdir(self.dir)) | {'o.npy'}
            peak = self.peak_memory('argsort', path, '-o', self.path('o.npy'), '--memory', '16M')
            self.assertLess(peak, 16 + 64)
            self.assertTrue(np.array_equal(np.load(self.path('o.npy')), total_order(x)), shape)
            self.assertEqual(set(os.listdir(self.dir)), before)

    def test_refusals(self):
        x = few('f8', (300, 400), 2)
        c, f = self.both('x', x)
        other = self.save('other.npy', np.asfortranarray(x.T))
        self.refused(3, 'shape', 'map', 'x+y', c, other, '-o', self.path('o.npy'))
        self.refused(2, 'nowhere', 'argsort', f, '-o', self.path('o.npy'), '--temp', self.path('nowhere'))
        self.refused(2, '', 'map', 'x+y', c, f, '-o', f)
        self.assertTrue(np.array_equal(np.load(f), x, equal_nan=True))


if __name__ == '__main__':
    main()
