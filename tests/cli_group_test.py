#!/usr/bin/env python3
"""prorata histogram and prorata groupby against NumPy and math.fsum.

usage: cli_group_test.py PRORATA WRITE_BAD_INPUTS [unittest arguments]
"""
import fractions
import json
import math
import os
import sys
import unittest
import xml.etree.ElementTree

import numpy as np

from cli_test import CODES, SPLITS, Case, answer, run, some


class Histogram(Case):
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
                (2, 'decrease', ['histogram', x, '--edges', self.save('d.npy', np.array([2.0, 1.0]))]),
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

    def test_the_same_bits_over_every_split(self):
        keys, values = some('i8', 200001, 1) % 5000, some('f8', 200001, 2) * np.exp2((some('i2', 200001, 3) % 300).astype('f8'))
        seen = set()
        for split in SPLITS:
            _, got = self.grouped(keys, values, *split)
            seen.add(b''.join(got[name].tobytes() for name in got))
        self.assertEqual(len(seen), 1)
        unique, rows = group(keys)
        self.assertEqual(got['sum'].tolist(), [math.fsum(values[of]) for of in rows])

    def test_in_parts_that_fit_memory(self):
        r = np.random.default_rng(5)
        n = 1_500_000
        for keys in (r.integers(0, 2**62, n), r.integers(0, 300_000, n), np.where(r.random(n) < 0.9, 5, r.integers(0, 10**6, n))):
            values = r.integers(-2**40, 2**40, n)
            found, got = self.grouped(keys, values, '--memory', '8M')
            self.assertTrue(found['parts'] > 1 or (keys == 5).mean() > 0.8)  # a heavy key takes no room
            unique, inverse = np.unique(keys, return_inverse=True)
            self.assertTrue(np.array_equal(got['key'], unique))
            sums = np.zeros(len(unique), 'i8')
            np.add.at(sums, inverse, values)
            self.assertTrue(np.array_equal(got['sum'], sums))
            self.assertTrue(np.array_equal(got['count'], np.bincount(inverse)))

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

    def test_refusals(self):
        k, v = self.save('k.npy', np.ones(100, 'i4')), self.save('v.npy', np.ones(99))
        for code, fragment, args in [
                (2, 'a file of keys', ['groupby']), (2, 'a file of keys', ['groupby', k, k, k]), (2, 'unknown aggregate', ['groupby', k, k, '--agg', 'summ']),
                (2, 'needs a file of values', ['groupby', k, '--agg', 'sum']), (3, 'shape', ['groupby', k, v]),
                (2, '--ddof', ['groupby', k, k, '--ddof', '-1']), (2, '', ['groupby', k, k, '-o', '/nowhere/at/all'])]:
            self.refused(code, fragment, *args)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
