#!/usr/bin/env python3
"""prorata scan, --costs and plan --partition against NumPy and brute force.

usage: cli_scan_test.py PRORATA [unittest arguments]
"""
import os
import random

import numpy as np

from command_line import CODES, SPLITS, Case, answer, main, run, some


def groups_of_32(x):
    """x in groups of 32, the last one filled up, and running sums along each."""
    rows = np.concatenate([x, np.zeros(-len(x) % 32, x.dtype)]).reshape(-1, 32).copy()
    for c in range(1, 32):
        rows[:, c] = rows[:, c - 1] + rows[:, c]
    return rows


def base32_sums(x):
    """The running sums in the order base32-v1, by its definition: level by level, what lies before is put before."""
    if len(x) == 0:
        return x.copy()
    rows = groups_of_32(x)
    out, totals, width = rows.reshape(-1), rows[:, 31], 32
    while len(totals) > 1:
        above = groups_of_32(totals)
        node = np.arange(len(totals))
        inner = node[node % 32 != 0]
        nodes = out.reshape(len(totals), width)
        nodes[inner] = above.reshape(-1)[inner - 1][:, None] + nodes[inner]
        totals, width = above[:, 31], width * 32
        out = np.concatenate([out, np.zeros(len(totals) * width - len(out), x.dtype)])
    return out[:len(x)]


def greatest(code):
    return True if code == 'b1' else np.inf if code[0] == 'f' else np.iinfo(code).max


def least(code):
    return False if code == 'b1' else -np.inf if code[0] == 'f' else np.iinfo(code).min


class Scan(Case):
    def scan(self, op, path, *more):
        done = run('scan', op, path, '-o', self.path('o.npy'), *more)
        self.assertEqual(done.returncode, 0, (op, more, done.stderr))
        return np.load(self.path('o.npy'))

    def same_bits(self, a, b, why):
        self.assertEqual((a.dtype, a.shape), (b.dtype, b.shape), why)
        self.assertTrue(np.array_equal(a.reshape(-1).view('u1'), b.reshape(-1).view('u1')), why)

    def test_sums_of_floats_follow_the_order_over_every_split(self):
        for code in ('f8', 'f4'):
            x = some(code, 400003, 21)
            path = self.save('x.npy', x)
            expected = base32_sums(x.astype('f8'))
            for split in SPLITS:
                self.same_bits(self.scan('sum', path, *split), expected.astype(code), (code, split))
                exclusive = self.scan('sum', path, '--exclusive', '--to', 'f8', *split)
                self.same_bits(exclusive, np.concatenate([[0.0], 0.0 + expected[:-1]]), (code, split))

    def test_random_splits_out_of_core(self):
        x = some('f8', 70001, 22)
        path, expected = self.save('x.npy', x), base32_sums(x)
        for seed in range(40):
            r = random.Random(seed)
            ranks = r.randint(1, 8)
            weights = [r.choice([0, 1, 1, 7, 1000]) for _ in range(ranks)]
            weights[r.randrange(ranks)] = 3
            split = ['--devices', f'cpu*{ranks}', '--weights', ','.join(map(str, weights)), '--threads', r.randint(1, 7),
                     '--chunk', r.choice(['8K', '16K', '74000', '1M'])]
            self.same_bits(self.scan('sum', path, *split), expected, (seed, split))

    def test_appending_changes_nothing(self):
        x = some('f4', 200000, 23)
        whole = self.scan('sum', self.save('x.npy', x))
        for n in (1, 31, 32, 33, 1023, 1024, 1025, 32768, 32769, 123457):
            self.same_bits(self.scan('sum', self.save('y.npy', x[:n]), '--devices', 'cpu*3'), whole[:n], n)

    def test_every_type_and_byte_order_as_numpy(self):
        for code in CODES:
            for order in '<>':
                x = some(code, 10007, 24)
                path = self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order)))
                if code[0] != 'f':
                    kind = 'i8' if code[0] == 'i' else 'u8'
                    self.same_bits(self.scan('sum', path, '--devices', 'cpu*3'), np.cumsum(x, dtype=kind), code)
                    odd = x.astype(kind) | (1 if kind == 'i8' else np.uint64(1))
                    self.same_bits(self.scan('product', self.save('p.npy', odd)), np.cumprod(odd, dtype=kind), code)
                    first = np.concatenate([np.zeros(1, kind), np.cumsum(x, dtype=kind)[:-1]])
                    self.same_bits(self.scan('sum', path, '--exclusive'), first, code)
                self.same_bits(self.scan('min', path, '--devices', 'cpu*2'), np.minimum.accumulate(x), code)
                self.same_bits(self.scan('max', path, '--devices', 'cpu*2'), np.maximum.accumulate(x), code)
                for op, running, first in [('min', np.minimum, greatest(code)), ('max', np.maximum, least(code))]:
                    expected = np.concatenate([np.array([first], code), running.accumulate(x)[:-1]])
                    for split in ([], ['--devices', 'cpu*3', '--weights', '0,5,1', '--chunk', '4K']):
                        self.same_bits(self.scan(op, path, '--exclusive', *split), expected, (code, op))
        x = some('i4', 5000, 25)
        path = self.save('x.npy', x)
        self.same_bits(self.scan('sum', path, '--to', 'i4'), np.cumsum(x, dtype='i4'), 'i4')
        self.same_bits(self.scan('sum', path, '--to', 'f8'), np.cumsum(x, dtype='i8').astype('f8'), 'f8')
        for to in ('i1', 'u1', 'i8', 'f2', 'f8', 'b1'):  # what nothing comes to is of the output's type
            self.assertEqual(self.scan('min', path, '--to', to, '--exclusive')[0], greatest(to), to)
            self.assertEqual(self.scan('max', path, '--to', to, '--exclusive')[0], least(to), to)

    def test_nan_stays_to_the_end(self):
        x = some('f8', 5000, 26)
        x[3000] = np.nan
        for op in ('sum', 'min', 'max'):
            found = self.scan(op, self.save('x.npy', x), '--devices', 'cpu*3')
            self.assertTrue(np.isnan(found[3000:]).all() and not np.isnan(found[:3000]).any(), op)

    def test_empty_shapes_raw_and_orders(self):
        self.same_bits(self.scan('sum', self.save('e.npy', np.zeros(0))), np.zeros(0), 'empty')
        self.same_bits(self.scan('sum', self.save('s.npy', np.float64(2.5)), '--devices', 'cpu*4'), np.array(2.5), 'scalar')
        x = some('i4', 600, 27).reshape(20, 30)
        self.same_bits(self.scan('sum', self.save('x.npy', x)), np.cumsum(x, dtype='i8').reshape(20, 30), 'C order')
        f = np.asfortranarray(x)
        self.same_bits(self.scan('sum', self.save('f.npy', f)), np.cumsum(x, dtype='i8').reshape(20, 30), 'Fortran order')
        run('scan', 'max', self.path('x.npy'), '-o', self.path('o.bin'), '--raw')
        self.assertTrue(np.array_equal(np.fromfile(self.path('o.bin'), 'i4'), np.maximum.accumulate(x.ravel())))

    def test_json_says_what_was_done(self):
        found = answer('scan', 'sum', self.save('x.npy', some('f4', 9000, 28)), '-o', self.path('o.npy'), '--devices', 'cpu*2')
        self.assertEqual((found['op'], found['n'], found['dtype'], found['order']), ('scan sum', 9000, 'f4', 'base32-v1'))
        self.assertEqual(sum(p['count'] for p in found['plan']), 9000)

    def test_refuses_and_leaves_nothing(self):
        x = self.save('x.npy', some('f8', 5000, 1))
        before = set(os.listdir(self.dir))
        self.refused(2, 'unknown operation', 'scan', 'median', x, '-o', self.path('o.npy'))
        self.refused(2, 'name an operation', 'scan')
        self.refused(2, '-o', 'scan', 'sum', x)
        self.refused(2, 'one file', 'scan', 'sum', x, x, '-o', self.path('o.npy'))
        self.refused(2, '--to', 'scan', 'sum', x, '-o', self.path('o.npy'), '--to', 'i8')
        self.refused(2, '', 'scan', 'sum', x, '-o', x)
        self.refused(3, 'missing', 'scan', 'sum', self.path('missing.npy'), '-o', self.path('o.npy'))
        self.assertEqual(set(os.listdir(self.dir)), before)


class Costs(Case):
    def test_every_data_command_cuts_by_costs_and_keeps_its_bits(self):
        n = 300001
        x, w = some('f8', n, 31), np.abs(some('f4', n, 32)) ** 2
        px, pw = self.save('x.npy', x), self.save('w.npy', w)
        split = ['--devices', 'cpu*3', '--weights', '3,2,1', '--costs', pw]
        plan = answer('plan', '--costs', pw, '--weights', '3,2,1')
        for job in (['reduce', 'sum', px], ['stats', px], ['map', 'x*2', px, '-o', self.path('o.npy')],
                    ['scan', 'sum', px, '-o', self.path('o.npy')]):
            found = answer(*job, *split)
            self.assertEqual([p['begin'] for p in found['plan']] + [n], plan['cuts'], job)
            for p in found['plan']:
                load = float(w[p['begin']:p['begin'] + p['count']].astype('f8').sum())
                self.assertAlmostEqual(p['load'], load, delta=1e-9 * w.sum(), msg=str(job))
            if 'result' in found:
                self.assertEqual(found['result'], answer(*job)['result'], job)
        self.assertTrue(np.array_equal(np.load(self.path('o.npy')), base32_sums(x)))

    def test_caps_are_costs_or_percentages_of_them(self):
        n = 40 * 1024
        px, pw = self.save('x.npy', some('f4', n, 33)), self.save('w.npy', np.ones(n))
        split = ['--devices', 'cpu*2', '--costs', pw]
        for cap, counts in (['30000', None], ['50%', [n // 2, n // 2]], ['25%,75%', [n // 4, n - n // 4]]):
            found = answer('reduce', 'sum', px, *split, '--cap', cap)
            if counts:
                self.assertEqual([p['count'] for p in found['plan']], counts)
        done = self.refused(6, 'smallest cap that would do is', 'reduce', 'sum', px, *split, '--cap', '20000')
        self.assertIn('20480', done.stderr)
        done = self.refused(6, 'of the total', 'map', 'x', px, '-o', self.path('o.npy'), *split, '--cap', '40%')
        self.assertIn('0.5 of the total', done.stderr)
        self.assertFalse(os.path.exists(self.path('o.npy')))

    def test_what_is_refused(self):
        px = self.save('x.npy', some('f4', 5000, 34))
        pw = self.save('w.npy', np.ones(4999))
        self.refused(3, '4999 costs for 5000 elements', 'reduce', 'sum', px, '--costs', pw)
        self.refused(3, '5001 costs for 5000 elements', 'reduce', 'sum', px, '--costs', self.save('w.npy', np.ones(5001)))
        bad = np.ones(5000)
        bad[7] = -1
        self.refused(3, 'cost 7 is -1', 'stats', px, '--costs', self.save('b.npy', bad))
        pw = self.save('w.npy', np.ones(5000))
        self.refused(2, '%', 'stats', px, '--costs', pw, '--devices', 'cpu*2', '--cap', '30%,5')
        self.refused(2, '3 numbers for 2', 'stats', px, '--costs', pw, '--devices', 'cpu*2', '--cap', '1,2,3')
        # without costs a cap counts elements, as ever
        self.refused(6, '', 'stats', px, '--devices', 'cpu*2', '--cap', '2000')


class Partitions(Case):
    def test_turns_cover_every_element(self):
        for n in (0, 1, 10, 1000, 123457):
            for kind, block in (('cyclic', 1), ('block-cyclic', 1024), ('block-cyclic', 7)):
                more = ['--block', block] if kind == 'block-cyclic' else []
                found = answer('plan', '--n', n, '--weights', '1,1,1', '--partition', kind, *more)
                ranks = np.arange(n) // block % 3
                self.assertEqual(found['counts'], [int((ranks == r).sum()) for r in range(3)], (n, kind, block))
                found = answer('plan', '--n', n, '--weights', '2,1,0', '--partition', kind, *more)
                self.assertEqual(sum(found['counts']), n)
                self.assertEqual(found['counts'][2], 0)
                self.assertEqual(found['bottleneck'], max(found['counts'][0] / 2, found['counts'][1]))

    def test_slots_of_the_key_space(self):
        found = answer('plan', '--n', 10**9, '--weights', '4,2,1,1', '--partition', 'hash')
        self.assertEqual([p['slots'] for p in found['plan']], [32768, 16384, 8192, 8192])
        self.assertEqual(found['counts'], [500000000, 250000000, 125000000, 125000000])

    def test_tasks_by_lpt(self):
        path = self.save('c.npy', np.array([7.0, 6, 5, 4, 3]))
        found = answer('plan', '--costs', path, '--weights', '1,1', '--partition', 'lpt')
        self.assertEqual(found['loads'], [14.0, 11.0])  # 7 4 3 and 6 5
        self.assertEqual((found['counts'], found['bottleneck']), ([3, 2], 14.0))
        self.refused(2, '--costs', 'plan', '--n', 5, '--weights', '1,1', '--partition', 'lpt')
        done = self.refused(6, '', 'plan', '--costs', path, '--weights', '1,1', '--partition', 'lpt', '--cap', 13)
        self.assertIn('smallest cap that would do is 14', done.stderr)

    def test_contiguous_says_loads_and_bottleneck(self):
        found = answer('plan', '--n', 10240, '--weights', '3,2')
        self.assertEqual((found['cuts'], found['loads'], found['bottleneck']), ([0, 6144, 10240], [6144, 4096], 2048.0))
        self.assertEqual(found['partition'], 'contiguous')

    def test_room_clips_shares_and_spreads_the_excess(self):
        found = answer('plan', '--n', 10240, '--weights', '8,1,1', '--room', '32K,1G,1G')
        self.assertEqual([p['count'] for p in found['plan']], [4096, 3072, 3072])
        found = answer('plan', self.save('x.npy', np.zeros(10240, 'f4')), '--weights', '8,1,1', '--room', '32K,1G,1G')
        self.assertEqual(found['plan'][0]['count'], 8192)
        self.refused(6, '', 'plan', '--n', 10240, '--weights', '1,1', '--room', '32K')
        self.refused(6, '--room holds', 'plan', '--n', 10240, '--weights', '1,1', '--room', '32K', '--partition', 'cyclic')
        self.refused(2, '3 sizes for 2', 'plan', '--n', 10240, '--weights', '1,1', '--room', '1K,1K,1K')

    def test_what_is_refused(self):
        self.refused(2, 'block-cyclic', 'plan', '--n', 5, '--weights', '1,1', '--partition', 'spiral')
        self.refused(2, '--costs decides', 'plan', '--costs', self.save('c.npy', np.ones(5)), '--weights', '1,1', '--partition',
                     'hash')
        self.refused(2, 'block', 'plan', '--n', 5, '--weights', '1,1', '--partition', 'block-cyclic', '--block', 0)
        for kind in ('cyclic', 'block-cyclic', 'hash'):
            done = run('plan', '--n', 5, '--weights', '1,2', '--partition', kind)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('rank', done.stdout)


if __name__ == '__main__':
    main()
