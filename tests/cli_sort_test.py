#!/usr/bin/env python3
"""`prorata sort` and `argsort` against NumPy: in memory, by way of the disk, and when they are disturbed.

usage: cli_sort_test.py PRORATA [unittest arguments]
"""
import os

import numpy as np

from command_line import CODES, Case, answer, main, run, some

SPLITS = [[], ['--devices', 'cpu*3', '--weights', '5,1,2'], ['--devices', 'sim:1,4', '--threads', '1'],
          ['--devices', 'cpu*4', '--weights', '0,1,0,3']]
SMALL = ['--memory', '16M']


def keys_of(x):
    """Unsigned keys of the promised order: numbers by value, -0 before +0, NaNs behind them by their bits."""
    if x.dtype.kind != 'f':
        return x
    u = x.view(f'u{x.itemsize}')
    sign = u.dtype.type(1 << (8 * x.itemsize - 1))
    flipped = np.where(u & sign, ~u, u | sign)
    nans = u.dtype.type((1 << {2: 10, 4: 23, 8: 52}[x.itemsize]) - 1)
    return flipped - nans


def order_of(x, descending=False):
    """A stable argsort in that order."""
    keys = keys_of(x)
    if not descending:
        return np.argsort(keys, kind='stable')
    if x.dtype.kind == 'f':
        last = keys_of(np.array([np.inf], x.dtype))[0]
        with np.errstate(over='ignore'):
            keys = np.where(keys <= last, last - keys, keys)
    else:
        keys = ~keys
    return np.argsort(keys, kind='stable')


def hostile(code, n, seed):
    """Every kind of value a type has, many of them twice."""
    x = some(code, n, seed)
    r = np.random.default_rng(seed)
    if code[0] == 'f':
        specials = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -np.nan, 1.0], code)
        where = r.integers(0, 4, n) == 0
        x[where] = specials[r.integers(0, len(specials), n)][where]
    else:
        where = r.integers(0, 2, n) == 0
        x[where] = x[0]
    return x


class Sort(Case):
    def same(self, path, expected, note=None):
        found = np.load(path)
        self.assertEqual(found.dtype, expected.dtype, note)
        self.assertEqual(found.tobytes(), expected.tobytes(), note)

    def check(self, x, *options):
        path, out = self.save('x.npy', x), self.path('o.npy')
        flat = x.ravel()
        for descending in (False, True):
            order = order_of(flat, descending)
            way = ['--descending'] if descending else []
            done = answer('sort', path, '-o', out, *way, *options)
            self.same(out, flat[order], (flat.dtype, len(flat), options, descending))
            where = answer('argsort', path, '-o', out, *way, *options)
            self.same(out, order.astype('i8'), (flat.dtype, len(flat), options, descending))
        return done, where

    def test_every_type_over_every_split(self):
        for seed, code in enumerate(CODES):
            self.check(hostile(code, 20011, seed), *SPLITS[seed % len(SPLITS)])
        for n in (0, 1, 2, 31, 33, 1023, 1025):
            for split in SPLITS:
                self.check(hostile('f8', n, n), *split)

    def test_agrees_with_numpy(self):
        x = some('f4', 50001, 3)
        x[::100] = np.nan
        run('sort', self.save('x.npy', x), '-o', self.path('o.npy'))
        self.assertTrue(np.array_equal(np.load(self.path('o.npy')), np.sort(x), equal_nan=True))

    def test_two_neighbours_exchanged_in_a_sorted_array(self):
        x, out = np.sort(some('f8', 1_000_000, 6)), self.path('o.npy')
        for k in [1, *range(32768, len(x), 5 * 32768), len(x) - 1]:
            y = x.copy()
            y[[k - 1, k]] = y[[k, k - 1]]
            self.assertEqual(run('sort', self.save('x.npy', y), '-o', out).returncode, 0)
            self.assertEqual(np.load(out).tobytes(), x.tobytes(), k)

    def test_by_way_of_the_disk(self):
        before = None
        for code, n, split in [('u8', 2_500_000, []), ('f4', 4_000_000, SPLITS[1]), ('f8', 2_000_003, []), ('i4', 4_000_001, [])]:
            done, where = self.check(hostile(code, n, 5), *SMALL, *split)
            self.assertGreater(done['ranges'], 1, code)
            self.assertGreater(where['ranges'], 1, code)
            before = before or set(os.listdir(self.dir))
            self.assertEqual(set(os.listdir(self.dir)), before)
        self.check(hostile('i2', 9_000_000, 6), *SMALL)

    def test_shapes_of_data_that_are_hard_to_divide(self):
        n = 2_500_000
        r = np.random.default_rng(1)
        heavy = r.integers(0, 2**64, n, dtype='u8')
        heavy[r.integers(0, 10, n) > 0] = 7
        clustered = np.where(r.integers(0, 100, n) > 0, r.integers(0, 10**4, n), r.integers(0, 2**62, n)).astype('i8')
        # one key and a little more than fits: a range that keeps all of it must not be dealt out for ever
        almost_one = r.permutation(np.concatenate([np.arange(100_000), np.full(900_000, 10**6), np.arange(2 * 10**6, 21 * 10**5)]))
        for x in (almost_one, np.full(n, 5, 'u8'), np.full(n, np.nan), heavy, clustered, np.arange(n, dtype='i8'), np.arange(n, 0, -1).astype('f8')):
            self.check(x, *SMALL)

    def test_memory_stays_within_the_budget(self):
        path, out = self.path('x.npy'), self.path('o.npy')
        run('generate', '--dtype', 'u8', '--count', 30_000_000, '-o', path)  # 229 MiB
        x = np.load(path)
        for split in ([], ['--devices', 'cpu*3']):
            self.assertLess(self.peak_memory('sort', path, '-o', out, '--memory', '64M', *split), 64 + 64, split)
            self.assertTrue(np.array_equal(np.load(out), np.sort(x)))

    def test_formats(self):
        x = some('f4', 6000, 1)
        expected = x[order_of(x)]
        with open(self.path('x.bin'), 'wb') as f:
            f.write(b'head' + x.astype('>f4').tobytes())
        run('sort', self.path('x.bin'), '--dtype', '>f4', '--offset', 4, '-o', self.path('o.bin'), '--raw')
        self.assertEqual(np.fromfile(self.path('o.bin'), 'f4').tobytes(), expected.tobytes())
        many = self.save('m.npy', x.reshape(60, 100))
        run('sort', many, '-o', self.path('o.npy'))
        self.same(self.path('o.npy'), expected)
        run('argsort', many, '-o', self.path('o.npy'))
        self.same(self.path('o.npy'), order_of(x).astype('i8'))
        fortran = self.save('f.npy', np.asfortranarray(x.reshape(60, 100)))
        run('sort', fortran, '-o', self.path('o.npy'))
        self.same(self.path('o.npy'), expected)
        run('argsort', fortran, '-o', self.path('o.npy'))
        self.same(self.path('o.npy'), order_of(x).astype('i8'))
        run('argsort', self.save('b.npy', x.astype('>f4')), '-o', self.path('o.npy'))
        self.same(self.path('o.npy'), order_of(x).astype('i8'))
        with open(self.path('b1.npy'), 'wb') as f:
            np.save(f, np.array([2, 0, 255, 0, 1], 'u1').view('?'))
        run('sort', self.path('b1.npy'), '-o', self.path('o.npy'))
        self.same(self.path('o.npy'), np.array([0, 0, 1, 1, 1], 'u1').view('?'))

    def test_refusals_leave_nothing(self):
        x = self.save('x.npy', some('f8', 5000, 1))
        before = set(os.listdir(self.dir))
        out = self.path('o.npy')
        self.refused(2, '-o', 'sort', x)
        self.refused(2, 'takes 1 file', 'sort', x, x, '-o', out)
        self.refused(2, 'takes 1 file', 'argsort', '-o', out)
        self.refused(2, 'also an input', 'sort', x, '-o', x)
        self.refused(2, '--memory', 'sort', x, '-o', out, '--memory', '1M')
        self.refused(2, '--nonsense', 'sort', x, '-o', out, '--nonsense')
        self.refused(2, 'not a device', 'sort', x, '-o', out, '--devices', 'tpu')
        self.refused(3, 'gone.npy', 'sort', self.path('gone.npy'), '-o', out)
        self.assertEqual(set(os.listdir(self.dir)), before)

    def test_a_folder_for_spilling_that_is_not_there(self):
        x = self.save('x.npy', some('f8', 2_500_000, 1))
        before = set(os.listdir(self.dir))
        self.refused(2, 'nowhere', 'sort', x, '-o', self.path('o.npy'), *SMALL, '--temp', self.path('nowhere'))
        self.assertEqual(set(os.listdir(self.dir)), before)

    def test_a_full_disk_is_code_5(self):
        x = self.save('x.npy', some('f8', 2_500_000, 1))
        for command, limit in (('sort', 8 << 20), ('argsort', 20_000_200)):  # not even the output; the output, but not the spilled data
            self.out_of_room(limit, command, x, '-o', self.path('o.npy'), *SMALL)

    def test_killed_half_way_leaves_nothing(self):
        x = self.save('x.npy', some('f8', 8_000_000, 1))  # 16 bytes each to the disk first
        self.leaves_nothing_when_killed('argsort', x, '-o', self.path('o.npy'), *SMALL, writes=8_000_000 * 24)


if __name__ == '__main__':
    main()
