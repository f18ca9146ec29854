#!/usr/bin/env python3
"""The command line on GPUs: every operation has the bits it has on the CPU, over every type and split.

usage: cli_gpu_test.py PRORATA [unittest arguments]
"""
import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from command_line import CODES, Case, answer, run, some

ONE = ['sum', 'product', 'mean', 'var', 'std', 'norm', 'minmax', 'argmin', 'argmax', 'any', 'all', 'count']
EXACT = ['sum', 'mean', 'norm']
TWO = ['dot', 'wmean', 'wvar']
SPLITS = [['--devices', 'gpu:0'], ['--devices', 'gpu:0*4', '--chunk', '64K'],
          ['--devices', 'gpu:0,cpu', '--weights', '3,1', '--chunk', '12K'],
          ['--devices', 'cpu,gpu:0*2', '--weights', '1,2,5', '--verify', '100']]


class Gpu(Case):
    def result(self, *args):
        return answer(*args)['result']

    def same(self, *args, splits=SPLITS):
        expected = self.result(*args, '--devices', 'cpu')
        for split in splits:
            self.assertEqual(self.result(*args, *split), expected, (args, split))

    def test_every_operation_over_every_split(self):
        x, y = self.save('x.npy', some('f4', 300001, 1)), self.save('y.npy', np.abs(some('f4', 300001, 2)))
        for op in ONE:
            self.same('reduce', op, x)
        for op in TWO:
            self.same('reduce', op, x, y)
        for op in EXACT:
            self.same('reduce', op, x, '--exact')
        for op in ('dot', 'wmean'):
            self.same('reduce', op, x, y, '--exact')
        self.same('stats', x)

    def test_every_type_and_byte_order(self):
        for code in CODES:
            for order in '<>':
                x = self.save('x.npy', some(code, 20011, 3).astype(np.dtype(code).newbyteorder(order)))
                split = SPLITS[1 if order == '<' else 2:][:1]
                self.same('stats', x, splits=split + [SPLITS[3] + ['--chunk', '16K']])
                for op in ('sum', 'product', 'mean', 'norm', 'minmax', 'count'):
                    self.same('reduce', op, x, splits=split)
                for op in EXACT:
                    self.same('reduce', op, x, '--exact', splits=split)

    def test_pairs_of_types(self):
        for a, b in [('f8', 'f8'), ('i4', 'i4'), ('i2', 'i8'), ('u1', 'u4'), ('b1', 'u8'), ('f4', 'i4'), ('f2', '>f8'),
                     ('>i8', 'i1')]:
            x = self.save('x.npy', some(a.lstrip('>'), 7001, 5).astype(a))
            y = self.save('y.npy', some(b.lstrip('>'), 7001, 6).astype(b))
            self.same('reduce', 'dot', x, y, splits=SPLITS[1:2])
            self.same('reduce', 'dot', x, y, '--exact', splits=SPLITS[1:2])
        self.same('reduce', 'dot', x, x, splits=SPLITS[:1])

    def test_nan_infinity_zeros_and_tiny_arrays(self):
        x = some('f8', 5000, 9)
        x[[7, 3000]] = np.nan
        x[4000] = np.inf
        nan = self.save('nan.npy', x)
        zeros = self.save('z.npy', np.full(5000, -0.0))
        for path in (nan, zeros):
            self.same('stats', path)
            self.same('reduce', 'sum', path)
            self.same('reduce', 'sum', path, '--exact')
        narrow = x.astype('f4')
        narrow[[9, 2000]] = np.array([0x7fc00123, 0xffc00001], 'u4').view('f4')  # NaN as nobody else writes it
        for op in ('sum', 'var', 'norm'):
            self.same('reduce', op, self.save('narrow.npy', narrow))
        self.same('stats', self.save('narrow.npy', narrow))
        for n in (1, 31, 32, 33, 1023, 1024, 1025, 4097):
            self.same('stats', self.save('x.npy', some('f8', n, n)), splits=SPLITS[:3])
        self.same('reduce', 'sum', self.save('e.npy', np.zeros(0)))

    def test_many_slots(self):
        path = self.path('big.npy')
        self.assertEqual(run('generate', '--dtype', 'f4', '--count', 20_000_003, '--seed', 3, '-o', path).returncode, 0)
        self.same('stats', path, splits=SPLITS[:1])
        self.same('reduce', 'sum', path, '--exact', splits=SPLITS[:1])

    def test_map(self):
        x = self.save('x.npy', some('f4', 1_300_003, 1))
        y = self.save('y.npy', some('f8', 1_300_003, 2).astype('>f8'))
        c, g = self.path('c.npy'), self.path('g.npy')
        for text, more in [('sqrt(x*x + y*y) / 2', []), ('x > y', []), ('x*3 - y', ['--to', 'f2']),
                           ('floor(y)', ['--to', 'i2'])]:
            self.assertEqual(run('map', text, x, y, '-o', c, '--devices', 'cpu', *more).returncode, 0)
            for split in SPLITS[:3]:
                done = run('map', text, x, y, '-o', g, *split, *more)
                self.assertEqual(done.returncode, 0, done.stderr)
                with open(c, 'rb') as cpu, open(g, 'rb') as gpu:
                    self.assertTrue(cpu.read() == gpu.read(), (text, split))

    def columns(self, folder, *args):
        """What groupby writes, by name, and what it says."""
        os.makedirs(self.path(folder), exist_ok=True)
        found = answer('groupby', *args, '-o', self.path(folder))
        return {name: open(path, 'rb').read() for name, path in found['outputs'].items()}, found

    def same_groups(self, *args, splits=SPLITS, expected=None):
        expected = expected or self.columns('cpu', *args, '--devices', 'cpu')[0]
        for split in splits:
            got, found = self.columns('gpu', *args, *split)
            self.assertEqual(list(got), list(expected))
            for name in got:
                self.assertTrue(got[name] == expected[name], (args, split, name))
        return found

    def test_groups_with_every_aggregate_over_every_split(self):
        n = 300_001
        keys = self.save('k.npy', np.random.default_rng(1).integers(-500, 500, n).astype('i4'))
        for code in ('f4', 'f8', 'i2', 'u8'):
            values = self.save('v.npy', some(code, n, 2))
            self.same_groups(keys, values, '--agg', 'count,sum,mean,var,std,min,max', '--ddof', 1)
        for agg in ('count', 'sum', 'mean', 'var', 'std', 'min', 'max', 'max,count'):
            self.same_groups(keys, values, '--agg', agg, splits=SPLITS[1:3])
        self.same_groups(keys)

    def test_groups_of_every_key_type(self):
        n = 20_011
        for k, code in enumerate(CODES):
            for order in '<>':
                keys = self.save('k.npy', some(code, n, 3).astype(np.dtype(code).newbyteorder(order)))
                for other in (CODES[(k + 1) % 12], CODES[(k + 7) % 12]):
                    values = self.save('v.npy', some(other, n, 4).astype(np.dtype(other).newbyteorder(order)))
                    self.same_groups(keys, values, '--agg', 'sum,var,min,max', splits=SPLITS[1:2])
                self.same_groups(keys, keys, splits=SPLITS[2:3])

    def test_groups_of_special_keys_and_values(self):
        n = 30_011
        for code, bits in [('f2', 'u2'), ('f4', 'u4'), ('f8', 'u8')]:
            keys = some(code, n, 9).round(1)
            for k, special in enumerate([np.nan, np.inf, -np.inf, 0.0, -0.0]):
                keys[k::11] = special
            other = (np.full(1, np.nan, code).view(bits) | np.array(5, bits)).view(code)  # another NaN
            keys[9::22] = -other
            values = some(code, n, 8)
            for k, special in enumerate([np.nan, np.inf, -np.inf, 0.0, -0.0, 6e-8]):
                values[keys == np.dtype(code).type(k - 2)] = special
            values[::1000] = other
            self.same_groups(self.save('k.npy', keys), self.save('v.npy', values), '--agg', 'count,sum,var,min,max')

    def test_groups_of_many_exponents(self):
        r = np.random.default_rng(6)
        n = 250_000
        values = r.standard_normal(n) * np.exp2(r.integers(-450, 450, n))
        values[:50_000] *= 1e-100  # the parts' largest exponents differ
        for groups in (7, 100_000):
            keys = self.save('k.npy', r.integers(0, groups, n) * 1_000_003)
            self.same_groups(keys, self.save('v.npy', values), '--agg', 'sum,mean,var,min', splits=SPLITS[1:])

    def test_groups_of_a_heavy_key_and_of_none(self):
        r = np.random.default_rng(7)
        n = 400_003
        values = self.save('v.npy', some('f8', n, 5))
        self.same_groups(self.save('k.npy', np.where(r.random(n) < 0.9, 5, r.integers(0, 2**50, n))), values)
        self.same_groups(self.save('k.npy', np.arange(n)), values)
        for n in (0, 1, 2, 1025):
            self.same_groups(self.save('k.npy', np.arange(n) // 2), self.save('v.npy', some('f4', n, n)))
            self.same_groups(self.save('k.npy', np.arange(n) // 2))

    def test_groups_by_way_of_the_disk(self):
        r = np.random.default_rng(5)
        n = 1_500_000
        values = self.save('v.npy', r.integers(-2**63, 2**63, n))
        small = ['--memory', '16M', '--threads', 2]
        for keys, least, most in [(np.arange(n, dtype='u8') * np.uint64(0x9e3779b97f4a7c15), 0.9, 1.1), (np.arange(n), 0.9, 1.1),
                                  (np.arange(n) // 3, 0.3, 1.1), (r.integers(0, 300_000, n), 0.1, 1.1),
                                  (r.integers(0, 12_000, n), 0, 0.5), (np.full(n, 3), 0, 0),
                                  (np.where(r.random(n) < 0.02, r.integers(0, 2**62, n), r.integers(0, 2**30, n)), 0.9, 2.2)]:
            keys = self.save('k.npy', keys)
            expected, _ = self.columns('cpu', keys, values, '--devices', 'cpu')
            for split in SPLITS[:3]:
                before = set(os.listdir(self.dir))
                found = self.same_groups(keys, values, *small, splits=[split], expected=expected)
                self.assertEqual(set(os.listdir(self.dir)) - before, {'gpu'} - before)  # nothing is left there
                rows = 16 * n
                self.assertTrue(least * rows <= found['spilled'] <= most * rows, (split, found['spilled'] / rows))

    def test_groups_stay_within_the_budget(self):
        n = 6_000_000
        values = self.save('v.npy', np.arange(n, dtype='f8'))
        shuffled = np.arange(n, dtype='u8') * np.uint64(0x9e3779b97f4a7c15)
        resting, rows, records = (
            self.peak_memory('groupby', self.save('k.npy', keys), values, '-o', self.path('out'), '--memory', '48M',
                             '--threads', 2, '--devices', 'gpu:0,gpu:1')
            for keys in (np.ones(n), shuffled, shuffled[:n // 4].repeat(4)))
        for peak in (rows, records):
            self.assertLess(peak - resting, 48 + 24)  # 160 and more if nothing went to the disk

    def same_weights(self, *args, splits=SPLITS):
        wanted = ('counts', 'weights', 'below', 'above', 'nan', 'edges')
        expected = answer('histogram', *args, '--devices', 'cpu')
        for split in splits:
            found = answer('histogram', *args, *split)
            for key in wanted:
                self.assertEqual(repr(found[key]), repr(expected[key]), (args, split, key))

    def test_histograms_of_weights(self):
        n = 200_003
        x, w = self.save('x.npy', some('f4', n, 1)), self.save('w.npy', some('f8', n, 2))
        for bins in (['--bins', 1], ['--bins', 50, '--range=-3,3'], ['--bins', 100_000]):
            self.same_weights(x, '--by', w, *bins)
        edges = self.save('e.npy', np.sort(np.r_[some('f8', 300, 3), 0.0, 0.0, -np.inf]))
        self.same_weights(x, '--by', w, '--edges', edges)
        self.same_weights(x, '--by', x, '--bins', 30, splits=SPLITS[:1])
        for k, code in enumerate(CODES):
            for order in '<>':
                x = self.save('x.npy', some(code, 20_011, 3).astype(np.dtype(code).newbyteorder(order)))
                w = self.save('w.npy', some(CODES[(k + 5) % 12], 20_011, 4).astype(
                    np.dtype(CODES[(k + 5) % 12]).newbyteorder(order)))
                self.same_weights(x, '--by', w, '--bins', 37, splits=SPLITS[1:3])
        special = some('f8', 20_011, 6)
        special[::7], special[3::7], special[5::7] = np.nan, np.inf, -0.0
        self.same_weights(self.save('x.npy', special), '--by', self.save('w.npy', special[::-1]))
        empty = self.save('none.npy', np.zeros(0))
        self.same_weights(empty, '--by', empty)

    def test_plan_names_the_devices(self):
        x = self.save('x.npy', some('f4', 5000, 1))
        found = answer('stats', x, '--devices', 'gpu:0*2,cpu')
        self.assertEqual([p['device'] for p in found['plan']], ['gpu:0#0', 'gpu:0#1', 'cpu'])
        self.assertEqual(run('stats', x, '--devices', 'gpu:0,cpu', '--weights', 'auto').returncode, 0)
        self.assertEqual(run('stats', x, '--devices', 'gpu:99').returncode, 4)


class NoGpu(Case):
    def test_says_so_in_one_line(self):
        x = self.save('x.npy', np.ones(3000, 'f4'))
        for devices in ('gpu', 'gpu:0', 'cpu,gpu:0*2'):
            self.refused(4, '--devices cpu', 'stats', x, '--devices', devices)
        self.assertEqual([p['device'] for p in answer('stats', x)['plan']], ['cpu'])


if __name__ == '__main__':
    listed = answer('devices')['devices']
    here = any(d['device'].startswith('gpu') for d in listed)
    case = Gpu if here else NoGpu
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    done = unittest.TextTestRunner(verbosity=2).run(tests)
    if not here and done.wasSuccessful():
        print('no GPU on this machine: ran only what needs none')
    sys.exit(not done.wasSuccessful())
