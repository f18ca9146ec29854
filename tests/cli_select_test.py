#!/usr/bin/env python3
"""select, quantile, topk and unique against NumPy, over every split.

usage: cli_select_test.py PRORATA [unittest arguments]
"""
import os

import numpy as np

from command_line import CODES, Case, SPLITS, answer, bits, main, run, some

SPLITS = [s for s in SPLITS if '--cap' not in s]


def in_order(x):
    """The places of a stable sort, −0 before +0 and NaNs last."""
    if x.dtype.kind != 'f':
        return np.argsort(x, kind='stable')
    return np.lexsort((~np.signbit(x) & (x == 0), x))


class Select(Case):
    def test_matches_numpy_over_every_split(self):
        x, y = some('f8', 200003, 1), some('f4', 200003, 2)
        px, py, out = self.save('x.npy', x), self.save('y.npy', y), self.path('o.npy')
        for text, keep in [('x > y', x > y), ('abs(x) < 1e9', np.full(x.size, True)), ('x > 1e9', np.full(x.size, False)),
                           ('y % 2', np.mod(y, np.float32(2)) != 0), ('x < -30 or isnan(y)', x < -30)]:
            for split in SPLITS:
                done = run('select', text, px, py, '-o', out, *split)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(np.load(out).tobytes(), x[keep].tobytes(), (text, split))
                self.assertEqual(run('select', text, px, py, '-o', out, '--indices', *split).returncode, 0)
                self.assertTrue(np.array_equal(np.load(out), np.flatnonzero(keep)), (text, split))
                self.assertEqual(np.load(out).dtype, np.dtype('i8'))

    def test_every_type_and_byte_order(self):
        out = self.path('o.npy')
        flags = some('u1', 10007, 4) % 3
        pf = self.save('f.npy', flags)
        for code in CODES:
            for order in '<>':
                x = some(code, 10007, 3)
                path = self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order)))
                self.assertEqual(run('select', 'y', path, pf, '-o', out, '--devices', 'cpu*3').returncode, 0)
                self.assertEqual(np.load(out).dtype, np.dtype(code))
                self.assertEqual(np.load(out).tobytes(), x[flags != 0].tobytes(), (code, order))
        with open(self.path('x.bin'), 'wb') as f:  # elements at odd addresses
            f.write(b'abc' + some('f8', 5000, 5).tobytes())
        self.assertEqual(run('select', 'x > 0', self.path('x.bin'), '--dtype', 'f8', '--offset', 3, '-o', out, '--raw').returncode, 0)
        x = some('f8', 5000, 5)
        self.assertEqual(np.fromfile(out, 'f8').tobytes(), x[x > 0].tobytes())

    def test_little_memory_and_tiny_arrays(self):
        x = some('i4', 3_000_001, 6)
        path, out = self.save('x.npy', x), self.path('o.npy')
        self.assertEqual(run('select', 'x % 3 == 0', path, '-o', out, '--memory', '64K').returncode, 0)
        self.assertTrue(np.array_equal(np.load(out), x[x % 3 == 0]))
        for n in (0, 1, 31, 32, 33, 1023, 1024, 1025):
            x = some('f4', n, n)
            self.assertEqual(run('select', 'x > 0', self.save('t.npy', x), '-o', out, '--devices', 'cpu*3').returncode, 0)
            self.assertTrue(np.array_equal(np.load(out), x[x > 0]))
        found = answer('select', 'x > 0', path, '-o', out)
        self.assertEqual(found['selected'], np.load(out).size)

    def test_refuses_and_leaves_nothing(self):
        x = self.save('x.npy', some('f8', 5000, 1))
        before = set(os.listdir(self.dir))
        out = self.path('o.npy')
        self.refused(2, 'expression: column', 'select', 'x >', x, '-o', out)
        self.refused(2, '-o', 'select', 'x > 0', x)
        self.refused(2, 'also an input', 'select', 'x > 0', x, '-o', x)
        self.refused(2, '', 'select', 'x > 0', x, '-o', self.path('missing/o.npy'))
        self.assertEqual(set(os.listdir(self.dir)), before)
        self.out_of_room(1 << 20, 'select', 'true', self.save('big.npy', some('f8', 500000, 1)), '-o', out)


class Quantile(Case):
    Q = '0.5,0,1,0.25,0.75,0.01,0.999,0.3333333333333333'

    def expect(self, x, path, *more):
        q = [float(t) for t in self.Q.split(',')]
        for method in ('linear', 'lower', 'higher', 'nearest', 'midpoint'):
            found = answer('quantile', self.Q, path, '--interpolation', method, *more)['result']
            wide = np.quantile(x.astype('f8'), q, method=method)
            got = [found[k]['bits'] for k in map(lambda t: repr(float(t)).removesuffix('.0'), self.Q.split(','))]
            self.assertEqual(got, [bits(v) for v in wide], (path, method, more))

    def test_matches_numpy_for_every_type(self):
        for code in CODES:
            for order in '<>':
                x = some(code, 20011, 7)
                path = self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order)))
                self.expect(x, path, '--devices', 'cpu*2')

    def test_every_split_gives_the_same_bits(self):
        for x in (some('f8', 200003, 8), some('f4', 200003, 9), np.full(50001, 2.5), np.sort(some('i4', 100001, 10)),
                  np.where(np.arange(100003) % 10 == 0, some('f8', 100003, 11), 7.0), some('i8', 33, 12), some('f4', 1, 13)):
            path = self.save('x.npy', x)
            for split in SPLITS:
                self.expect(x, path, *split)

    def test_little_memory(self):
        x = some('f8', 1_000_003, 14)
        self.expect(x, self.save('x.npy', x), '--memory', '64K')

    def test_infinities(self):
        x = np.concatenate([np.full(40, -np.inf), np.arange(20.0), np.full(40, np.inf)])
        for q, expected in [(0.1, '-inf'), (0.333, '-inf'), (0.45, '4.55'), (0.61, 'inf'), (0.9, 'inf')]:
            for method in ('linear', 'midpoint', 'lower'):
                found = answer('quantile', q, self.save('x.npy', x), '--interpolation', method)['result']['value']
                if 'inf' in expected:
                    self.assertEqual(found, expected, (q, method))  # NumPy: NaN, where it interpolates between equal infinities
                elif method == 'linear':
                    self.assertEqual(found, np.quantile(x, q))
        both = self.save('x.npy', np.array([-np.inf, np.inf]))
        self.assertEqual(answer('quantile', '0.5', both)['result']['value'], 'nan')

    def test_nan_and_bad_arguments(self):
        x = some('f4', 5000, 15)
        x[77] = np.nan
        path = self.save('x.npy', x)
        self.assertEqual(answer('quantile', '0.5', path)['result']['bits'], '0x7ff8000000000000')
        self.refused(2, 'from 0 to 1', 'quantile', '0.5,1.5', path)
        self.refused(2, 'quantile', 'quantile', 'half', path)
        self.refused(2, '--interpolation', 'quantile', '0.5', path, '--interpolation', 'cubic')
        self.refused(3, 'the array is empty', 'quantile', '0.5', self.save('e.npy', np.zeros(0)))
        self.refused(2, 'one file', 'quantile', '0.5')


class TopK(Case):
    def expect(self, x, path, k, *more):
        order = in_order(x)
        for smallest in ([], ['--smallest']):
            if smallest:
                places = order
            else:  # descending, equal ones by their index, NaNs last
                rank = np.empty(x.size, 'i8')
                sorted_x = x[order]
                same = np.concatenate([[True], (sorted_x[1:] != sorted_x[:-1]) |
                                       ((np.signbit(sorted_x[1:]) != np.signbit(sorted_x[:-1])) if x.dtype.kind == 'f' else False)])
                rank[order] = np.cumsum(same)
                places = np.lexsort((np.arange(x.size), -rank))
                if x.dtype.kind == 'f':
                    places = np.concatenate([places[~np.isnan(x[places])], places[np.isnan(x[places])]])
            found = answer('topk', k, path, *smallest, *more)['result']
            self.assertEqual([f['index'] for f in found], places[:k].tolist(), (path, k, smallest, more))
            for f in found:
                v = x[f['index']]
                if x.dtype.kind == 'f' and np.isfinite(v):
                    self.assertEqual(x.dtype.type(f['value']), v)
                elif x.dtype.kind != 'f':
                    self.assertEqual(f['value'], v.item())

    def test_matches_a_stable_sort(self):
        for code in CODES:
            for order in '<>':
                x = some(code, 20011, 16)
                path = self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order)))
                for k in (1, 10, 1000):
                    self.expect(x, path, k, '--devices', 'cpu*2')

    def test_every_split(self):
        mixed = some('f8', 100003, 18)
        mixed[::7] = 0.0
        mixed[::14] = -0.0
        mixed[5:100:10] = np.nan
        for x in (some('f4', 200003, 17), mixed, np.full(50001, 2.5), np.arange(70000), some('i8', 33, 19)):
            path = self.save('x.npy', x)
            for split in SPLITS:
                self.expect(x, path, 50, *split)
        x = np.arange(1200).reshape(30, 40)
        self.assertEqual(answer('topk', 1, self.save('x.npy', x))['result'][0]['where'], '(29, 39)')

    def test_bad_arguments(self):
        path = self.save('x.npy', some('f4', 5000, 15))
        self.refused(2, 'from 1', 'topk', 0, path)
        self.refused(2, 'topk', 'topk', 'ten', path)
        self.refused(3, 'the array is empty', 'topk', 3, self.save('e.npy', np.zeros(0)))
        self.refused(5, '--memory', 'topk', 5000, path, '--memory', '64K')
        self.assertEqual(len(answer('topk', 9000, path)['result']), 5000)


class Unique(Case):
    def expect(self, x, path, *more):
        names = {k: self.path(k + '.npy') for k in ('o', 'counts', 'index', 'inverse')}
        done = run('unique', path, '-o', names['o'], '--counts', names['counts'], '--index', names['index'], '--inverse',
                   names['inverse'], *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        flat = x.ravel()
        values, index, inverse, counts = np.unique(flat, return_index=True, return_inverse=True, return_counts=True)
        got = {k: np.load(v) for k, v in names.items()}
        self.assertEqual(got['o'].dtype, x.dtype.newbyteorder('='))
        self.assertTrue(np.array_equal(got['o'], values, equal_nan=x.dtype.kind == 'f'), more)
        self.assertTrue(np.array_equal(got['counts'], counts), more)
        self.assertTrue(np.array_equal(got['index'], index), more)
        self.assertTrue(np.array_equal(got['inverse'], inverse), more)
        self.assertEqual(run('unique', path, '-o', names['o'], *more).returncode, 0)
        self.assertTrue(np.array_equal(np.load(names['o']), values, equal_nan=x.dtype.kind == 'f'), more)

    def test_matches_numpy_for_every_type(self):
        for code in CODES:
            for order in '<>':
                x = some(code, 20011, 20)
                self.expect(x, self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order))), '--devices', 'cpu*2')

    def test_every_split(self):
        r = np.random.default_rng(21)
        zeros = some('f8', 60003, 22)
        zeros[::3] = 0.0
        zeros[::6] = -0.0
        zeros[::7] = np.nan
        for x in (some('f4', 100003, 23), zeros, np.full(50001, 2.5), np.sort(r.integers(0, 50, 90001)), np.arange(70000)[::-1].copy(),
                  np.where(r.random(80001) < 0.9, 7, r.integers(0, 1000, 80001)), some('i8', 33, 24)):
            path = self.save('x.npy', x)
            for split in SPLITS:
                if '--memory' not in split or np.unique(x).size < 60000:
                    self.expect(x, path, *split)

    def test_small_elements_counted_in_pieces(self):
        x = np.sort(some('i2', 9_000_001, 29) // 5)[::-1].copy()  # most values are in one piece
        self.expect(x, self.save('x.npy', x))

    def test_more_than_memory(self):
        x = np.random.default_rng(25).integers(0, 60000, 1_500_007).astype('i4')
        self.expect(x, self.save('x.npy', x), '--memory', '6M')

    def test_distinct_elements_that_are_more_than_memory(self):
        r = np.random.default_rng(27)
        many = some('f8', 1_500_007, 28)
        many[::11], many[::13], many[::17] = 0.0, -0.0, np.nan
        for x in (many, r.integers(-2**62, 2**62, 1_200_003), r.integers(0, 2**31, 1_600_001).astype('>i4'),
                  np.where(r.random(1_500_001) < 0.9, 5, r.integers(0, 2**40, 1_500_001)).astype('f4')):
            path = self.save('x.npy', x)
            values, index, counts = np.unique(x, return_index=True, return_counts=True)
            self.assertGreater(values.size, 65536)
            o, c, i = self.path('o.npy'), self.path('c.npy'), self.path('i.npy')
            for more in ([], ['--devices', 'cpu*3', '--weights', '1,0,7']):
                for index_too in ([], ['--index', i]):
                    done = run('unique', path, '-o', o, '--counts', c, *index_too, '--memory', '16M', *more)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertTrue(np.array_equal(np.load(o), values, equal_nan=x.dtype.kind == 'f'), more)
                    self.assertTrue(np.array_equal(np.load(c), counts), more)
                    if index_too:
                        self.assertTrue(np.array_equal(np.load(i), index), more)

    def test_refuses_and_leaves_nothing(self):
        x = self.save('x.npy', some('f8', 300000, 26))
        before = set(os.listdir(self.dir))
        self.refused(5, 'leave out --inverse', 'unique', x, '-o', self.path('o.npy'), '--memory', '1M', '--inverse',
                     self.path('i.npy'))
        self.refused(2, 'no-such-folder', 'unique', self.save('y.npy', np.arange(3e6)), '-o', self.path('o.npy'), '--memory', '16M',
                     '--temp', self.path('no-such-folder'))
        os.remove(self.path('y.npy'))
        self.refused(5, 'distinct elements do not fit --memory', 'unique', x, '-o', self.path('o.npy'), '--memory', '1M')
        self.refused(2, 'it is also written', 'unique', x, '-o', self.path('o.npy'), '--counts', self.path('o.npy'))
        self.refused(2, 'also an input', 'unique', x, '-o', self.path('o.npy'), '--counts', x)
        self.refused(2, '-o', 'unique', x)
        self.assertEqual(set(os.listdir(self.dir)), before)
        empty = self.save('e.npy', np.zeros(0, 'f4'))
        self.assertEqual(run('unique', empty, '-o', self.path('o.npy'), '--inverse', self.path('i.npy')).returncode, 0)
        self.assertEqual(np.load(self.path('o.npy')).size, 0)


if __name__ == '__main__':
    main()
