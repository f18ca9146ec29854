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
SORTS = [['--devices', 'gpu:0'], ['--devices', 'gpu:0*3', '--weights', '5,1,2'],
         ['--devices', 'gpu:0,cpu', '--weights', '3,1'], ['--devices', 'cpu*2,gpu:0*2', '--weights', '1,0,2,5', '--threads', '2'],
         ['--devices', 'gpu:0*2,cpu', '--weights', '1,1,1', '--cap', '9000,20000,9000']]
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
            cpu, gpu = (answer('histogram', x, *more, '--devices', d) for d in ('cpu', 'gpu:0*2,cpu'))
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
    PRETENDED = any(d['name'] == 'pretended' for d in listed)
    here = any(d['device'].startswith('gpu') for d in listed)
    case = Gpu if here else NoGpu
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    done = unittest.TextTestRunner(verbosity=2).run(tests)
    if not here and done.wasSuccessful():
        print('no GPU on this machine: ran only what needs none')
    sys.exit(not done.wasSuccessful())
