#!/usr/bin/env python3
"""prorata histogram and prorata groupby against NumPy and math.fsum.

usage: cli_group_test.py PRORATA [unittest arguments]
"""
import fractions
import json
import math
import os
import xml.etree.ElementTree

import numpy as np

from command_line import CODES, SPLITS, Case, answer, main, run, some


def bins_of_rule(x, rule, within=None):
    """How many bins NumPy 2.4 takes: histogram_bin_edges, from its source. (Older ones split integers finer than 1.)"""
    x = x.astype('u1') if x.dtype.kind == 'b' else x
    low, high = within or ((x.min(), x.max()) if len(x) else (0, 1))
    if low == high:
        low, high = low - 0.5, high + 0.5
    if within:
        x = x[(x >= low) & (x <= high)]
    if len(x) == 0:
        return 1
    apart = lambda a, b: int(a) - int(b) if x.dtype.kind in 'iu' and float(a).is_integer() and float(b).is_integer() else a - b
    width = apart(x.max(), x.min()) / {'sqrt': np.sqrt(len(x)), 'sturges': np.log2(len(x)) + 1.0, 'rice': 2.0 * len(x)**(1.0 / 3)}[rule]
    if width == 0:
        return 1
    if x.dtype.kind in 'iu' and width < 1:
        width = 1
    return int(np.ceil(apart(high, low) / width))


class Histogram(Case):
    def test_numbers_of_bins_are_those_of_numpy_2_4(self):
        r = np.random.default_rng(12)
        arrays = [some(code, n, 9) for code in CODES if code not in ('f2', 'i8', 'u8') for n in (1, 2, 100, 10007)]
        arrays += [r.integers(0, most, n) for most in (1, 2, 10, 100, 5000) for n in (1, 10, 400, 10000)]
        arrays += [np.full(1000, 7.5), np.full(1000, -3), np.zeros(0), np.arange(10000) / 10000, np.arange(16.0)]
        for k, x in enumerate(arrays):
            path = self.save('x.npy', x)
            for rule in ('sqrt', 'sturges', 'rice'):
                self.assertEqual(answer('histogram', path, '--bins', rule)['bins'], bins_of_rule(x, rule), (k, x.dtype, len(x), rule))
                for within in ((0, 50), (-1, 0.5), (3, 3)):
                    found = answer('histogram', path, '--bins', rule, '--range=%g,%g' % within)
                    self.assertEqual(found['bins'], bins_of_rule(x, rule, within), (k, x.dtype, len(x), rule, within))
        x = some('f8', 10007, 3)
        x[::5], x[1::50] = np.nan, np.inf
        self.assertEqual(answer('histogram', self.save('x.npy', x), '--bins', 'sqrt')['bins'], bins_of_rule(x[np.isfinite(x)], 'sqrt'))

    def check(self, x, *args, **numpy_args):
        found = answer('histogram', self.save('x.npy', x), *args)
        counts, edges = np.histogram(x, **numpy_args)
        self.assertEqual(found['counts'], counts.tolist(), (x.dtype, args))
        self.assertEqual(found['edges'], [float(e) for e in edges], (x.dtype, args))
        self.assertEqual(sum(found['counts']) + found['below'] + found['above'] + found['nan'], x.size)
        return found

    def test_every_type_has_the_bins_of_numpy(self):
        for code in CODES:
            if code == 'f2':
                continue  # below: NumPy rounds the edges to halves
            x = some(code, 5003, 3)
            as_numpy_takes_it = x.astype('u1') if code == 'b1' else x
            for bins in (1, 10, 257):
                found = answer('histogram', self.save('x.npy', x), '--bins', bins)
                counts, edges = np.histogram(as_numpy_takes_it, bins=bins)
                self.assertEqual(found['counts'], counts.tolist(), (code, bins))
                self.assertEqual(found['edges'], [float(e) for e in edges], (code, bins))
        x = some('f2', 5003, 3)
        found = answer('histogram', self.save('x.npy', x), '--bins', 100)
        self.assertEqual(found['counts'], np.histogram(x.astype('f4'), bins=100)[0].tolist())

    def test_numbers_on_the_edges(self):
        r = np.random.default_rng(8)
        for seed in range(60):
            code = ['f4', 'f8'][seed % 2]
            low = float(np.dtype(code).type(r.choice([0, -1, 0.1, 1e6, -3e-5, 255, -1000.1])))
            high = float(np.dtype(code).type(low + r.choice([1, 0.7, 2**-4, 1000, 255])))
            bins = int(r.choice([1, 3, 10, 100, 1000]))
            edges = np.histogram_bin_edges(np.array([low, high], code), bins=bins)
            near = [edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf), r.uniform(low, high, 3000).astype(code)]
            x = r.permutation(np.concatenate(near).astype(code))
            x = x[(x >= low) & (x <= high)]
            x[:2] = low, high
            if (edges[:-1] >= edges[1:]).any():  # NumPy 2 refuses that, too
                self.refused(2, 'too many', 'histogram', self.save('x.npy', x), '--bins', bins)
                continue
            self.check(x, '--bins', bins, bins=bins)
        self.check(np.arange(-5, 300), '--bins', 256, '--range', '0,256', bins=256, range=(0, 256))
        self.check(np.full(100, 7.5), '--bins', 4, bins=4)
        self.check(np.zeros(0), '--bins', 4, bins=4)

    def test_range_edges_and_rules(self):
        x = some('f8', 20011, 5)
        found = self.check(x, '--bins', 33, '--range=-1.5,2', bins=33, range=(-1.5, 2))
        self.assertEqual((found['below'], found['above']), (int((x < -1.5).sum()), int((x > 2).sum())))
        edges = np.sort(np.concatenate([some('f8', 100, 6), x[:50], [0.0, 0.0]]))
        self.check(x, '--edges', self.save('e.npy', edges), bins=edges)
        for rule in ('sqrt', 'sturges', 'rice'):
            bins = answer('histogram', self.save('x.npy', x), '--bins', rule)['bins']
            self.assertEqual(bins, {'sqrt': 142, 'sturges': 16, 'rice': 55}[rule])
        x[::7] = np.nan
        x[3::7] = np.inf
        found = answer('histogram', self.save('x.npy', x))
        finite = x[np.isfinite(x)]
        self.assertEqual(found['counts'], np.histogram(finite)[0].tolist())
        self.assertEqual((found['nan'], found['above']), (int(np.isnan(x).sum()), int(np.isposinf(x).sum())))

    def test_weights_are_added_exactly(self):
        x = some('f4', 30011, 1)
        for code in ('f4', 'f8', 'i4', 'u8', 'f2', 'b1'):
            w = some(code, 30011, 2)
            found = answer('histogram', self.save('x.npy', x), '--bins', 20, '--by', self.save('w.npy', w))
            counts, edges = np.histogram(x, bins=20)
            self.assertEqual(found['counts'], counts.tolist())
            slot = np.minimum(np.searchsorted(edges, x, 'right') - 1, 19)
            for k in range(20):
                mine = w[slot == k]
                expected = math.fsum(mine.tolist()) if code[0] == 'f' else int(mine.astype('u8' if code[0] in 'ub' else 'i8').sum())
                self.assertEqual(found['weights'][k], expected, (code, k))

    def test_the_same_over_every_split(self):
        x, w = self.save('x.npy', some('f4', 300001, 1)), self.save('w.npy', some('f8', 300001, 2))
        for extra in ([], ['--by', w]):
            seen = set()
            for split in SPLITS:
                found = answer('histogram', x, '--bins', 50, *extra, *split)
                seen.add(json.dumps([found[k] for k in ('counts', 'edges', *(['weights'] if extra else []))]))
            self.assertEqual(len(seen), 1)

    def test_outputs(self):
        x = some('f8', 5000, 2)
        path = self.save('a&b<c>.npy', x)
        svg, out = self.path('p.svg'), self.path('counts.npy')
        done = run('histogram', path, '--bins', 12, '--svg', svg, '-o', out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(np.load(out).tolist(), np.histogram(x, 12)[0].tolist())
        root = xml.etree.ElementTree.parse(svg).getroot()
        self.assertTrue(root.tag.endswith('svg'))
        rectangles = [e for e in root.iter() if e.tag.endswith('rect')]
        self.assertEqual(len(rectangles), 1 + int((np.histogram(x, 12)[0] > 0).sum()))
        self.assertIn('a&b<c>.npy', ''.join(root.itertext()))
        lines = done.stdout.splitlines()
        self.assertEqual(sum('[' in line for line in lines), 12)
        self.assertTrue(all(len(line) <= 80 and line.isascii() for line in lines), done.stdout)
        self.assertIn('#' * 20, done.stdout)
        run('histogram', path, '--edges', self.save('e.npy', np.array([-np.inf, -1, 0, 5, np.inf])), '--svg', svg)
        xml.etree.ElementTree.parse(svg)
        self.assertLess(run('histogram', path, '--bins', 65536).stdout.count('\n'), 60)

    def test_refusals(self):
        x = self.save('x.npy', np.ones(100))
        for code, fragment, args in [
                (2, 'one file', ['histogram']), (2, 'one file', ['histogram', x, x]), (2, '--bins', ['histogram', x, '--bins', 'many']),
                (2, 'at least 1', ['histogram', x, '--bins', '0']), (2, '--range', ['histogram', x, '--range', '1']),
                (2, 'backwards', ['histogram', x, '--range', '2,1']), (2, 'leave out', ['histogram', x, '--bins', '3', '--edges', x]),
                (2, 'too many', ['histogram', x, '--range', '1,1.0000000000000002', '--bins', '10']),
                (3, 'd.npy', ['histogram', x, '--edges', self.save('d.npy', np.array([2.0, 1.0]))]),
                (3, 'nan.npy', ['histogram', x, '--edges', self.save('nan.npy', np.array([1.0, np.nan]))]),
                (3, 'two edges', ['histogram', x, '--edges', self.save('one.npy', np.array([1.0]))]),
                (3, 'shape', ['histogram', x, '--by', self.save('w.npy', np.ones(99))]),
                (3, 'gone.npy', ['histogram', self.path('gone.npy')])]:
            self.refused(code, fragment, *args)


def group(keys):
    """NumPy's groups: keys in order, and for each its rows."""
    unique, inverse = np.unique(keys, return_inverse=True)
    order = np.argsort(inverse, kind='stable')
    return unique, np.split(order, np.cumsum(np.bincount(inverse, minlength=len(unique)))[:-1]) if len(unique) else []


class GroupBy(Case):
    AGG = ['count', 'sum', 'mean', 'var', 'min', 'max']

    def grouped(self, keys, values, *args):
        out = self.path('out')
        os.makedirs(out, exist_ok=True)
        found = answer('groupby', self.save('k.npy', keys), self.save('v.npy', values), '--agg', ','.join(self.AGG), '-o', out, *args)
        return found, {name: np.load(os.path.join(out, name + '.npy')) for name in ['key', *self.AGG]}

    def test_every_type_of_values(self):
        keys = some('i4', 3001, 4) % 37
        unique, rows = group(keys)
        for code in CODES:
            values = some(code, 3001, 5)
            found, got = self.grouped(keys, values)
            self.assertEqual(found['groups'], len(unique))
            self.assertEqual(got['key'].tolist(), unique.tolist())
            self.assertEqual(got['key'].dtype, keys.dtype)
            self.assertEqual(got['min'].dtype, values.dtype)
            for k, of in enumerate(rows):
                mine = [fractions.Fraction(float(v)) if code[0] == 'f' else fractions.Fraction(int(v)) for v in values[of]]
                total, n = sum(mine), len(mine)
                self.assertEqual(got['count'][k], n)
                if code[0] == 'f':
                    self.assertEqual(float(got['sum'][k]), float(total), code)
                else:
                    self.assertEqual(int(got['sum'][k]) % 2**64, int(total) % 2**64, code)
                self.assertEqual(float(got['mean'][k]), float(total / n), code)
                self.assertEqual(float(got['var'][k]), float(sum((v - total / n)**2 for v in mine) / n), code)
                self.assertEqual((got['min'][k], got['max'][k]), (values[of].min(), values[of].max()), code)

    def test_every_type_of_keys(self):
        values = some('f8', 5003, 7)
        for code in CODES:
            keys = some(code, 5003, 6)
            if code[0] == 'f':
                keys[::50], keys[1::50], keys[2::50], keys[3::90] = np.nan, -0.0, 0.0, -np.inf
            unique, rows = group(keys)
            _, got = self.grouped(keys, values)
            np.testing.assert_array_equal(got['key'], unique, code)
            self.assertEqual(got['key'].dtype, keys.dtype)
            self.assertEqual(got['sum'].tolist(), [math.fsum(values[of]) for of in rows], code)
        swapped = some('i4', 999, 1).astype('>i4') % 7
        self.assertEqual(self.grouped(swapped, values[:999])[1]['key'].tolist(), np.unique(swapped).tolist())

    def test_a_frequent_key_at_either_end_of_the_order_is_one_group(self):
        r = np.random.default_rng(5)
        n = 300_000
        often = r.random(n) < .3
        for name, keys, key in [('nan', r.standard_normal(n), np.nan), ('inf', r.standard_normal(n), np.inf), ('-inf', r.standard_normal(n), -np.inf),
                                ('u8', r.integers(0, 2**62, n, dtype='u8'), 2**64 - 2), ('u8 low', r.integers(2**63, 2**64, n, dtype='u8'), 0),
                                ('i8', r.integers(-2**61, 2**61, n), 2**63 - 2), ('i8 low', r.integers(-2**61, 2**61, n), -2**63)]:
            keys[often] = key
            unique, count = np.unique(keys, return_counts=True)
            path = self.save('k.npy', keys)
            for more in ([], ['--threads', 1], ['--threads', 5, '--chunk', '64K'], ['--memory', '16M'], ['--memory', '16M', '--threads', 7],
                         ['--devices', 'cpu*3', '--weights', '5,0,2']):
                answer('groupby', path, '-o', self.path('out'), *more)
                self.assertTrue(np.array_equal(np.load(self.path('out.key.npy')), unique, equal_nan=True), (name, more))
                self.assertTrue(np.array_equal(np.load(self.path('out.count.npy')), count), (name, more))

    def test_the_same_bits_over_every_split(self):
        keys, values = some('i8', 200001, 1) % 5000, some('f8', 200001, 2) * np.exp2((some('i2', 200001, 3) % 300).astype('f8'))
        seen = set()
        for split in SPLITS:
            _, got = self.grouped(keys, values, *split)
            seen.add(b''.join(got[name].tobytes() for name in got))
        self.assertEqual(len(seen), 1)
        unique, rows = group(keys)
        self.assertEqual(got['sum'].tolist(), [math.fsum(values[of]) for of in rows])

    def test_by_way_of_the_disk(self):
        r = np.random.default_rng(5)
        n = 1_500_000
        distinct = np.arange(n, dtype='u8') * np.uint64(0x9e3779b97f4a7c15)
        crowded = np.where(r.random(n) < 0.02, r.integers(0, 2**62, n), r.integers(0, 2**30, n))  # all but 2 % in one of 65536 cells
        frequent_too = np.where(r.random(n) < 0.1, r.integers(0, 20, n), crowded)
        for name, keys in [('distinct', distinct), ('few rows a key', r.integers(0, 300_000, n)), ('crowded', crowded), ('crowded, some frequent', frequent_too),
                           ('many rows a key', r.integers(0, 12_000, n)), ('equal', np.full(n, -7)), ('in order', np.arange(n)),
                           ('one key has 90 %', np.where(r.random(n) < 0.9, 5, r.integers(0, 2**50, n))),
                           ('halves', r.standard_normal(n).astype('f2'))]:
            values = r.integers(-2**63, 2**63, n)
            before = None
            for more in (['--threads', 2], ['--devices', 'cpu*3', '--weights', '5,0,2', '--chunk', '64K', '--threads', 3]):
                found, got = self.grouped(keys, values, '--memory', '8M', *more)
                before = before or set(os.listdir(self.dir))
                self.assertEqual(set(os.listdir(self.dir)), before)  # nothing is left there
                self.check_disk(name, found, n, more)
                unique, inverse, count = np.unique(keys, return_inverse=True, return_counts=True)
                np.testing.assert_array_equal(got['key'], unique)
                sums, least, greatest = (np.full(len(unique), x) for x in (0, 2**63 - 1, -2**63))
                np.add.at(sums, inverse, values)  # modulo 2^64
                np.minimum.at(least, inverse, values)
                np.maximum.at(greatest, inverse, values)
                for column, expected in [('sum', sums), ('count', count), ('min', least), ('max', greatest)]:
                    self.assertTrue(np.array_equal(got[column], expected), (name, column))
                for k in range(0, len(unique), max(1, len(unique) // 50)):
                    mine = [int(v) for v in values[inverse == k][:1000]]
                    if len(mine) == count[k]:
                        self.check_moments(mine, got, k)

    def check_disk(self, name, found, n, more):
        rows = 16 * n
        if name == 'equal':
            self.assertEqual((found['spilled'], found['parts']), (0, 1), name)
        elif name == 'one key has 90 %':  # the others just fit, or just not
            self.assertLess(found['spilled'], 0.5 * rows)
        elif name == 'halves':  # and so do their tables
            self.assertLess(found['spilled'], rows)
        elif name == 'many rows a key':  # their sums are spilled
            self.assertTrue(0 < found['spilled'] < 0.5 * rows or more[1] == 'cpu*3', found['spilled'])
        else:
            self.assertGreaterEqual(found['spilled'], 0.9 * rows, name)
            self.assertGreater(found['parts'], 1, name)
            if 'crowded' in name:  # one range again
                self.assertGreater(found['spilled'], 1.7 * rows)
            else:
                self.assertLess(found['spilled'], 1.1 * rows)

    def check_moments(self, values, got, k):
        """The mean and the variance of values, whose group k is."""
        mine = [fractions.Fraction(v) for v in values]
        mean = sum(mine) / len(mine)
        self.assertEqual(float(got['mean'][k]), float(mean))
        self.assertEqual(float(got['var'][k]), float(sum((v - mean)**2 for v in mine) / len(mine)))

    def test_reals_of_many_exponents_have_the_same_bits_by_way_of_the_disk(self):
        r = np.random.default_rng(6)
        n = 1_300_000
        keys = r.integers(0, 400_000, n) * 1_000_003
        values = r.standard_normal(n) * np.exp2(r.integers(-450, 450, n))
        values[:30] = np.nan, -0.0, np.inf, *[5e-324] * 27
        results = []
        for more in (['--memory', '1G'], ['--memory', '16M', '--threads', 1], ['--memory', '20M', '--threads', 5],
                     ['--memory', '8M', '--devices', 'cpu*4', '--weights', '1,0,7,1', '--chunk', '12K', '--threads', 2]):
            found, got = self.grouped(keys, values, *more)
            self.assertEqual(found['spilled'] > 0, more[1] != '1G', more)
            results.append(b''.join(got[name].tobytes() for name in got))
        self.assertEqual([x == results[0] for x in results], [True] * len(results))
        unique, rows = group(keys)
        self.assertTrue(np.array_equal(got['key'], unique))
        self.assertTrue(np.array_equal(got['sum'], [math.fsum(values[of]) for of in rows], equal_nan=True))
        for k in range(0, len(unique), 997):
            if np.isfinite(values[rows[k]]).all():
                self.check_moments([float(v) for v in values[rows[k]]], got, k)

    def test_counts_alone_take_half_the_disk(self):
        n = 2_000_003
        path = self.save('k.npy', np.arange(n, 0, -1) * 3)
        found = answer('groupby', path, '-o', self.path('out'), '--memory', '8M', '--threads', 2)
        self.assertGreater(found['parts'], 1)
        self.assertTrue(7.5 * n < found['spilled'] <= 8 * n, found['spilled'])
        self.assertTrue(np.array_equal(np.load(self.path('out.key.npy')), np.arange(1, n + 1) * 3))
        self.assertTrue((np.load(self.path('out.count.npy')) == 1).all())
        self.assertEqual(found['head']['key'], [3 * k for k in range(1, 11)])

    def many_groups(self):
        n = 5_000_000
        values = np.arange(n, dtype='f8')
        return self.save('k.npy', np.arange(n, dtype='u8') * np.uint64(0x9e3779b97f4a7c15)), self.save('v.npy', values)

    def test_memory_stays_within_the_budget(self):
        files = self.many_groups()
        for agg in ('count,sum', 'count,var,min'):
            peak = self.peak_memory('groupby', *files, '--agg', agg, '-o', self.path('out'), '--memory', '48M', '--threads', 2)
            self.assertLess(peak, 48 + 64)  # 160 where nothing is spilled

    def test_a_disk_that_is_full_or_not_there(self):
        files = self.many_groups()
        small = ['--memory', '16M', '--threads', 2]
        self.out_of_room(8 << 20, 'groupby', *files, *small)  # the spilled rows
        self.out_of_room(30 << 20, 'groupby', *files, '-o', self.path('out'), '--memory', '1G')  # the outputs
        before = set(os.listdir(self.dir))
        self.refused(2, 'nowhere', 'groupby', *files, *small, '--temp', self.path('nowhere'))
        self.refused(2, 'nowhere', 'groupby', *files, '--temp', self.path('nowhere'))  # also where it would not be needed
        self.assertEqual(set(os.listdir(self.dir)), before)

    def test_killed_half_way_leaves_nothing(self):
        self.leaves_nothing_when_killed('groupby', *self.many_groups(), '-o', self.path('out'), '--memory', '16M', writes=32 << 20)

    def test_what_is_printed_and_where_files_go(self):
        keys, values = self.save('k.npy', np.array([3, 1, 3, 2])), self.save('v.npy', np.array([1.0, 2.0, 4.0, np.nan]))
        done = run('groupby', keys, values, '--agg', 'sum,std,max', '-o', self.path('pre'), '--head', 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[1].split(), ['key', 'sum', 'std', 'max'])
        self.assertEqual(done.stdout.splitlines()[3].split(), ['2', 'nan', 'nan', 'nan'])
        self.assertIn('1 more', done.stdout)
        self.assertEqual(np.load(self.path('pre.std.npy'))[[0, 2]].tolist(), [0.0, 1.5])
        self.assertEqual(answer('groupby', keys)['head'], {'key': [1, 2, 3], 'count': [1, 1, 2]})
        empty = self.save('e.npy', np.zeros(0, 'i4'))
        self.assertEqual(answer('groupby', empty, empty, '-o', self.path('none'))['groups'], 0)
        self.assertEqual(np.load(self.path('none.sum.npy')).shape, (0,))
        self.assertEqual(answer('groupby', empty, empty, '--memory', '8M', '--devices', 'cpu*3')['groups'], 0)

    def test_refusals(self):
        k, v = self.save('k.npy', np.ones(100, 'i4')), self.save('v.npy', np.ones(99))
        for code, fragment, args in [
                (2, 'a file of keys', ['groupby']), (2, 'a file of keys', ['groupby', k, k, k]), (2, 'unknown aggregate', ['groupby', k, k, '--agg', 'summ']),
                (2, 'needs a file of values', ['groupby', k, '--agg', 'sum']), (3, 'shape', ['groupby', k, v]),
                (2, '--ddof', ['groupby', k, k, '--ddof', '-1']), (2, '', ['groupby', k, k, '-o', '/nowhere/at/all'])]:
            self.refused(code, fragment, *args)


if __name__ == '__main__':
    main()
