#!/usr/bin/env python3
"""The command line on GPUs: every operation has the bits it has on the CPU, over every type and split.

usage: cli_gpu_test.py PRORATA
"""
import io
import multiprocessing
import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from command_line import CODES, Case, answer, run, some

ONE = ['sum', 'product', 'mean', 'var', 'std', 'norm', 'minmax', 'argmin', 'argmax', 'any', 'all', 'count']
EXACT = ['sum', 'mean', 'norm']
TWO = ['dot', 'wmean', 'wvar']
SORTS = [['--devices', 'gpu:0'], ['--devices', 'gpu:0*3', '--weights', '5,1,2'],
         ['--devices', 'gpu:0,cpu', '--weights', '3,1'], ['--devices', 'cpu*2,gpu:0*2', '--weights', '1,0,2,5', '--threads', '2'],
         ['--devices', 'gpu:0*2,cpu', '--weights', '1,1,1', '--cap', '9000,20000,9000']]
SPLITS = [['--devices', 'gpu:0'], ['--devices', 'gpu:0*4', '--chunk', '64K'],
          ['--devices', 'gpu:0,cpu', '--weights', '3,1', '--chunk', '12K'],
          ['--devices', 'cpu,gpu:0*2', '--weights', '1,2,5']]
VERIFYING = [SPLITS[3] + ['--verify', '100']]


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
        self.same('stats', x, splits=SPLITS + VERIFYING)

    def test_every_type_and_byte_order(self):
        for code in CODES:
            for order in '<>':
                x = self.save('x.npy', some(code, 20011, 3).astype(np.dtype(code).newbyteorder(order)))
                split = SPLITS[1 if order == '<' else 2:][:1]
                self.same('stats', x, splits=split + [VERIFYING[0] + ['--chunk', '16K']])
                for op in ('product', 'mean', 'norm', 'minmax', 'count'):
                    self.same('reduce', op, x, splits=split)
                self.same('reduce', 'sum', x, *([] if code[0] == 'f' else ['--wrap']), splits=split)
                if code in ('i8', 'u8'):  # a sum that 64 bits do not hold
                    refused = [run('reduce', 'sum', x, *where) for where in ([], split[0])]
                    self.assertEqual([done.returncode for done in refused], [3, 3])
                    self.assertEqual(refused[0].stderr, refused[1].stderr)
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

    def same_file(self, *args, splits=SPLITS[:3]):
        c, g = self.path('c.npy'), self.path('g.npy')
        done = run(*args, '-o', c, '--devices', 'cpu')
        self.assertEqual(done.returncode, 0, done.stderr)
        for split in splits:
            done = run(*args, '-o', g, *split)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(c, 'rb') as cpu, open(g, 'rb') as gpu:
                self.assertTrue(cpu.read() == gpu.read(), (args, split))

    def test_scan_of_every_type(self):
        for code in CODES:
            for order in '<>':
                x = self.save('x.npy', some(code, 40011, 3).astype(np.dtype(code).newbyteorder(order)))
                for op in ('sum', 'product', 'min', 'max'):
                    for more in ([], ['--exclusive']):
                        self.same_file('scan', op, x, *more, splits=SPLITS[1 if order == '<' else 2:][:1])
        for code in ('i4', 'u8'):
            x = self.save('x.npy', some(code, 5000, 4))
            for to in CODES:
                self.same_file('scan', 'sum', x, '--to', to, splits=SPLITS[2:3])
        for code in ('f2', 'f4', 'f8'):
            x = self.save('x.npy', some(code, 5000, 5))
            for to in ('f2', 'f4', 'f8'):
                self.same_file('scan', 'sum', x, '--to', to, splits=SPLITS[2:3])

    def test_scan_of_odd_values_and_sizes(self):
        for n in (0, 1, 31, 33, 1023, 1024, 1025, 5000):
            self.same_file('scan', 'sum', self.save('x.npy', some('f4', n, n)))
        x = some('f8', 9000, 9)
        x[5000], x[7000] = np.inf, -np.inf
        self.same_file('scan', 'sum', self.save('x.npy', x), '--to', 'f4')
        self.same_file('scan', 'sum', self.save('x.npy', np.full(5000, -0.0)), '--exclusive')
        x = self.save('x.npy', some('f8', 3_000_017, 6))
        self.same_file('scan', 'sum', x)
        self.same_file('scan', 'product', x, '--exclusive', '--to', 'f2', splits=SPLITS[:1])

    def test_histogram(self):
        ranges = ['--range', '-2,2', '--bins', '37']
        for code in CODES:
            for order in '<>':
                x = self.save('x.npy', some(code, 20011, 3).astype(np.dtype(code).newbyteorder(order)))
                for more in (ranges, ['--bins', '5'], []):
                    self.same_file('histogram', x, *more, splits=SPLITS[1 if order == '<' else 2:][:1])
        odd = some('f4', 300_001, 4)
        odd[[1, 70_000]], odd[2], odd[3] = np.nan, np.inf, -0.0
        x = self.save('x.npy', odd)
        edges = self.save('edges.npy', np.array([-np.inf, -1, 0, 0, 1e-3, 2, np.inf]))
        for more in (['--edges', edges], ['--bins', '70000', '--range', '-3,3'], ['--bins', '1']):
            self.same_file('histogram', x, *more)
            cpu, gpu = (answer('histogram', x, *more, '--chunk', '4096', '--devices', d) for d in ('cpu', 'gpu:0*2,cpu'))
            for what in ('edges', 'counts', 'below', 'above', 'nan'):
                self.assertEqual(cpu[what], gpu[what], (more, what))
        self.same_file('histogram', self.save('x.npy', np.zeros(0)))

    def test_order_statistics(self):
        many = ','.join(str(k / 200) for k in range(201))
        for code in CODES:
            for order in '<>':
                x = self.save('x.npy', some(code, 20011, 3).astype(np.dtype(code).newbyteorder(order)))
                splits = SPLITS[1 if order == '<' else 2:][:1]
                self.same('quantile', '0,0.25,0.5,1', x, splits=splits)
                self.same('quantile', many, x, '--interpolation', 'lower', splits=splits)
                self.same('topk', '17', x, splits=splits)
                self.same('topk', '3000', x, '--smallest', splits=splits)
        odd = some('f8', 300_001, 4)
        odd[[1, 70_000]], odd[2], odd[3:9] = np.nan, np.inf, -0.0
        x = self.save('x.npy', odd)
        for args in (['quantile', '0.5'], ['topk', '5'], ['topk', '5', '--smallest']):
            self.same(*args, x)
            self.same(*args, x, splits=[s + ['--memory', '1M'] for s in SPLITS[:1]])

    def test_select(self):
        for code in CODES:
            for order in '<>':
                x = self.save('x.npy', some(code, 40011, 3).astype(np.dtype(code).newbyteorder(order)))
                self.same_file('select', 'x > 0', x, splits=SPLITS[1 if order == '<' else 2:][:1])
        x, y = self.save('x.npy', some('f4', 1_300_003, 1)), self.save('y.npy', some('i2', 1_300_003, 2))
        for text in ('x > y', 'y', 'x != x', 'x == x'):
            self.same_file('select', text, x, y)
            self.same_file('select', text, x, y, '--indices', splits=SPLITS[:1])
        x = self.save('x.npy', some('f4', 4_000_003, 1))
        for memory in ('1500K', '256K'):  # too little to remember what was answered
            self.same_file('select', 'x*x > 0.5', x, '--memory', memory, splits=[SPLITS[0], SPLITS[2][:4]])
        self.same_file('select', 'x > 0', self.save('x.npy', np.zeros(0)))

    def files(self, command, outputs, path, *args):
        """The bytes of each output, and the answer."""
        names = [self.path(f'{k}.out.npy') for k in range(len(outputs))]
        found = answer(command, path, *[word for pair in zip(outputs, names) for word in pair], *args)
        contents = []
        for name in names:
            with open(name, 'rb') as f:
                contents.append(f.read())
            os.remove(name)
        return contents, found

    def same_files(self, command, outputs, path, splits, *more):
        expected, _ = self.files(command, outputs, path, '--devices', 'cpu', *more)
        for split in splits:
            found, told = self.files(command, outputs, path, *split, *more)
            for name, a, b in zip(outputs, expected, found):
                self.assertTrue(a == b, (command, name, path, split, more))
        return told

    def sorts(self, path, splits, *more):
        for way in ([], ['--descending']):
            self.same_files('sort', ['-o'], path, splits, *way, *more)
            told = self.same_files('argsort', ['-o'], path, splits, *way, *more)
        return told

    def distinct(self, path, splits, *more):
        self.same_files('unique', ['-o', '--counts', '--index', '--inverse'], path, splits, *more)
        self.same_files('unique', ['-o'], path, splits, *more)

    def hostile(self, code, n, seed):
        """Values that are there many times, and of floats NaNs of either sign and both zeros."""
        x = some(code, n, seed)
        r = np.random.default_rng(seed)
        if code[0] == 'f':
            specials = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0], code)
            x[::3] = specials[r.integers(0, len(specials), len(x[::3]))]
        else:
            x[::3] = x[:1]
        return x

    def test_sort_argsort_and_unique_of_every_type_and_byte_order(self):
        for k, code in enumerate(CODES):
            for order in '<>':
                x = self.hostile(code, 20011, k)
                path = self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order)))
                splits = [SORTS[k % len(SORTS)], SORTS[(k + 2) % len(SORTS)]]
                self.sorts(path, splits)
                self.distinct(path, splits)

    def test_sort_argsort_and_unique_over_every_split(self):
        shapes = [self.hostile('f8', 30011, 1), np.arange(30011)[::-1].astype('i4'), np.full(20000, 7, 'u8')]
        for x in shapes + [some('f4', n, n) for n in (0, 1, 2, 33, 1023, 1025)]:
            path = self.save('x.npy', x)
            self.sorts(path, SORTS)
            self.distinct(path, SORTS)

    def test_sort_argsort_and_unique_by_way_of_the_disk(self):
        splits = [SORTS[0], SORTS[2]]
        for code, n in (('f4', 3_000_000), ('i8', 1_500_001)):
            path = self.save('x.npy', self.hostile(code, n, 4))
            before = set(os.listdir(self.dir))
            told = self.sorts(path, splits, '--memory', '16M')
            self.assertGreater(told['ranges'], 1)
            for outputs in (['-o'], ['-o', '--counts'], ['-o', '--counts', '--index']):
                self.same_files('unique', outputs, path, splits, '--memory', '16M')
            self.assertEqual(set(os.listdir(self.dir)), before)
        few = self.save('few.npy', np.random.default_rng(5).integers(0, 1000, 3_000_000))  # chunks, without the disk
        self.distinct(few, splits, '--memory', '16M')

    def test_arrays_that_do_not_fit_the_devices_go_by_ranges(self):
        x = self.save('x.npy', self.hostile('u8', 2_500_000, 6))
        self.sorts(x, [SORTS[0]])
        self.distinct(x, [SORTS[0]])
        if PRETENDED:  # of 24 MiB a GPU, three quarters are for the 17 and 33 bytes that an element needs
            for command in ('sort', 'argsort'):
                _, told = self.files(command, ['-o'], x, '--devices', 'gpu:0,gpu:1')
                self.assertGreater(told['ranges'], 1)
                _, told = self.files(command, ['-o'], x, '--devices', 'gpu:0,cpu')  # the CPU takes the rest
                self.assertEqual(told['ranges'], 0)
            small = dict(os.environ, PRORATA_TEST_GPU_FREE='1000000')
            before = set(os.listdir(self.dir))
            for command in ('sort', 'argsort', 'unique'):
                self.refused(5, 'the GPUs have room to sort', command, x, '-o', self.path('o.npy'), '--devices', 'gpu:0',
                             env=small)
            self.assertEqual(set(os.listdir(self.dir)), before)
            tiny = self.save('tiny.npy', some('u8', 20000, 1))
            self.assertEqual(run('sort', tiny, '-o', self.path('o.npy'), '--devices', 'gpu:0', env=small).returncode, 0)

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


def run_alone(test):
    case, name = test
    told = io.StringIO()
    done = unittest.TextTestRunner(stream=told, verbosity=2).run(case(name))
    return done.wasSuccessful(), told.getvalue()


if __name__ == '__main__':
    listed = answer('devices')['devices']
    PRETENDED = any(d['name'] == 'pretended' for d in listed)
    here = any(d['device'].startswith('gpu') for d in listed)
    case = Gpu if here else NoGpu
    names = sys.argv[2:] or unittest.defaultTestLoader.getTestCaseNames(case)
    failed = 0
    # a process that wakes a GPU spends most of its time on that: many are started side by side
    with multiprocessing.Pool(max(1, os.cpu_count() // 2)) as pool:
        for passed, told in pool.imap_unordered(run_alone, [(case, name) for name in names]):
            print(told, flush=True)
            failed += not passed
    print(f'{len(names)} tests, {failed} failed')
    if not here and not failed:
        print('no GPU on this machine: ran only what needs none')
    sys.exit(failed > 0)
