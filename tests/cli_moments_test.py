#!/usr/bin/env python3
"""prorata reduce var|std|wvar|wmean and stats against the definition of their order, and against rational arithmetic.

usage: cli_moments_test.py PRORATA [unittest arguments]
"""
import fractions
import glob
import math
import os
import random

import numpy as np

import order_model as model
from command_line import CODES, SPLITS, Case, answer, bits, main, run, some

NIST = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data', 'nist', '*.dat')))
MOST_ULPS = 8


def hostile(n, r):
    """Arrays whose mean is large beside their spread, or whose first elements mislead; with their names."""
    near = [5.4e6 + r.uniform(-.01, .01) for _ in range(n)]
    two = [r.choice([.1, .3]) for _ in range(n)]
    yield '5.4e6 ± 0.01', near
    yield '1e15 + small integers', [1e15 + r.randrange(100) for _ in range(n)]
    yield 'constant', [0.1] * n
    yield 'two values', two
    for outlier in (1e15, 1e8, -1e150, 0.0, 6e6):
        yield f'{outlier:g} first', [outlier] + near
        yield f'{outlier:g} in the first row', [outlier] * 32 + near
        yield f'{outlier:g} first in every tile', [outlier if i % 1024 == 0 else v for i, v in enumerate(near)]
        yield f'{outlier:g} in every first row of a tile', [outlier if i % 1024 < 32 else v for i, v in enumerate(near)]
        yield f'{outlier:g} in lane 0', [outlier if i % 32 == 0 else v for i, v in enumerate(near)]
        yield f'{outlier:g} last', near + [outlier]
        yield f'{outlier:g}, then two values', [outlier] + two
    yield 'a step', [1.0] * (n // 2) + [1e6 + .1] * (n // 2)
    yield 'an outlier and a step', [1e8] + [.1] * (n // 2) + [1e3 + .1] * (n // 2)
    yield 'sorted', sorted(r.gauss(1e9, 1) for _ in range(n))
    yield 'drift', [1e9 + i * 1e-3 + r.gauss(0, 1e-3) for i in range(n)]
    yield 'all sizes', [math.exp(r.gauss(0, 20)) for _ in range(n)]
    yield 'alternating', [1e9 + .1 * (i % 2) for i in range(n)]


class Moments(Case):
    def check(self, name, x, ddof, splits):
        path = self.save('x.npy', np.array(x))
        exact = model.exact_variance(x, ddof)
        expected = model.variance(x, ddof)
        self.assertLessEqual(model.ulps(expected, float(exact)), MOST_ULPS, name)
        self.assertLessEqual(model.ulps(math.sqrt(expected), model.rounded_root(exact)), MOST_ULPS, name)
        for split in splits:
            ask = lambda op, *more: answer(*op, path, '--ddof', ddof, *split, *more)['result']
            self.assertEqual(ask(['reduce', 'var'])['bits'], bits(expected), (name, split))
            self.assertEqual(ask(['reduce', 'std'])['bits'], bits(math.sqrt(expected)), (name, split))
            self.assertEqual(ask(['stats'])['std']['bits'], bits(math.sqrt(expected)), (name, split))
        self.assertEqual(ask(['reduce', 'var'], '--exact')['bits'], bits(float(exact)), name)
        self.assertEqual(ask(['reduce', 'std'], '--exact')['bits'], bits(math.sqrt(float(exact))), name)

    def test_the_sets_of_nist(self):
        self.assertEqual(len(NIST), 9)
        for path in NIST:
            x, certified = model.nist(path)
            self.check(os.path.basename(path), x, 1, SPLITS)
            self.assertAlmostEqual(math.sqrt(model.variance(x, 1)) / certified, 1, delta=1e-8)  # the doubles are not the data

    def test_hostile_arrays(self):
        for k, (name, x) in enumerate(hostile(5000, random.Random(1))):
            self.check(name, x, k % 2, [SPLITS[k % len(SPLITS)]])

    def test_every_length_and_split(self):
        r = random.Random(2)
        for n in (1, 2, 3, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 33333):
            self.check(n, [1e9 + r.gauss(0, 1e-3) for _ in range(n)], 0, SPLITS if n in (33, 33333) else SPLITS[2:4])

    def test_every_type(self):
        for code in CODES:
            small = code[0] != 'f' and code[1] <= '2'
            r = np.random.default_rng(9)
            arrays = [some(code, 3001, 6)]
            if small and code != 'b1':
                info = np.iinfo(code)
                arrays += [np.array([info.max], code), np.full(70_000, info.max, code), r.choice(np.array([info.min, info.max], code), 70_001),
                           r.integers(info.min, info.max, 70_000, code, True), r.integers(info.max - 2, info.max, 999, code, True)]
            for x in arrays:
                path, ddof = self.save('x.npy', x), len(x) % 2 if len(x) > 1 else 0
                expected = (model.variance_of_small_integers if small else model.variance)([float(v) for v in x], ddof)
                for split in SPLITS[:4] if small else SPLITS[2:3]:
                    ask = lambda op: answer(*op, path, '--ddof', ddof, *split)['result']
                    self.assertEqual(ask(['reduce', 'var'])['bits'], bits(expected), (code, split))
                    self.assertEqual(ask(['reduce', 'std'])['bits'], bits(math.sqrt(expected)), (code, split))
                    self.assertEqual(ask(['stats'])['std']['bits'], bits(math.sqrt(expected)), (code, split))

    def test_what_is_not_finite_has_no_variance_as_in_numpy(self):
        for n in (1, 2, 33, 5000):
            for place in {0, n // 2, n - 1}:
                for bad in (np.inf, -np.inf, np.nan):
                    x = some('f8', n, 7)
                    x[place] = bad
                    path = self.save('x.npy', x)
                    for split in ([], ['--devices', 'cpu*3', '--chunk', '4K']):
                        found = [answer('stats', path, *split)['result']['std']]
                        found += [answer('reduce', op, path, *split, *more)['result'] for op in ('var', 'std') for more in ([], ['--exact'])]
                        self.assertEqual([f['bits'] for f in found], ['0x7ff8000000000000'] * 5, (n, place, bad))
        large = self.save('x.npy', np.array([1e200, -1e200, 3e200] * 100))  # finite, but their squares are not
        self.assertEqual(answer('reduce', 'var', large)['result']['value'], 'inf')


def weights(n, r):
    """Weights of every kind, for n elements; with their names."""
    yield 'equal', [1.0] * n
    yield 'between 0 and 1', [r.random() for _ in range(n)]
    yield 'of many sizes', [math.exp(r.gauss(0, 20)) for _ in range(n)]
    yield 'counts, many of them zero', [float(max(0, r.randrange(-2, 4))) for _ in range(n - 1)] + [1.0]
    yield 'next to nothing for the first', [1e-30] + [1 + r.random() for _ in range(n - 1)]
    yield 'nearly all for the first', [1e30] + [1 + r.random() for _ in range(n - 1)]
    yield 'nothing for the first rows', [0.0] * min(n - 1, 100) + [r.random() for _ in range(n - min(n - 1, 100))]


class WeightedMoments(Case):
    def check(self, name, x, w, splits):
        px, pw = self.save('x.npy', np.array(x)), self.save('w.npy', np.array(w))
        mean, spread = model.weighted(x, w)
        exact = model.exact_weighted_variance(x, w)
        if exact * fractions.Fraction(math.fsum(w)) < 1e308:  # weight · deviation² is added up
            self.assertLessEqual(model.ulps(spread, float(exact)), MOST_ULPS, name)
        for split in splits:
            self.assertEqual(answer('reduce', 'wvar', px, pw, *split)['result']['bits'], bits(spread), (name, split))
            self.assertEqual(answer('reduce', 'wmean', px, pw, *split)['result']['bits'], bits(mean), (name, split))

    def test_hostile_arrays(self):
        r = random.Random(4)
        for k, (name, x) in enumerate(hostile(1500, r)):
            for j, (kind, w) in enumerate(weights(len(x), r)):
                if (k + j) % 3 == 0:
                    self.check((name, kind), x, w, [SPLITS[(k + j) % len(SPLITS)]])

    def test_every_length_and_split(self):
        r = random.Random(5)
        for n in (1, 2, 3, 31, 32, 33, 65, 1023, 1024, 1025, 2049, 33333):
            x = [1e9 + r.gauss(0, 1e-3) for _ in range(n)]
            for kind, w in list(weights(n, r))[1:6:2 if n < 33333 else 9]:
                self.check((n, kind), x, w, SPLITS if n in (33, 33333) else SPLITS[2:4])

    def test_every_type_as_doubles(self):
        for code in CODES:
            x, w = some(code, 3001, 6), np.abs(some('f4', 3001, 7))
            expected = model.weighted([float(v) for v in x], [float(v) for v in w])[1]
            self.assertEqual(answer('reduce', 'wvar', self.save('x.npy', x), self.save('w.npy', w), '--devices', 'cpu*3')['result']['bits'], bits(expected), code)

    def test_what_is_not_finite_has_no_variance_as_in_numpy(self):
        for n in (1, 2, 33, 5000):
            for place in {0, n // 2, n - 1}:
                for bad, weight in ((np.inf, 1), (-np.inf, 1), (np.nan, 1), (np.inf, 0), (np.nan, 0)):
                    x, w = some('f8', n, 7), np.ones(n)
                    x[place], w[place] = bad, weight
                    px, pw = self.save('x.npy', x), self.save('w.npy', w)
                    for split in ([], ['--devices', 'cpu*3', '--chunk', '4K']):
                        self.assertEqual(answer('reduce', 'wvar', px, pw, *split)['result']['bits'], '0x7ff8000000000000', (n, place, bad, weight))


def wide(code):
    return np.iinfo('i8' if code[0] == 'i' else 'u8')


class IntegerSums(Case):
    def test_are_exact_where_64_bits_hold_them(self):
        for code in CODES:
            if code[0] == 'f':
                continue
            small = some(code, 3001, 8) if code[1] < '8' else some(code, 3001, 8) // 4096
            extremes = np.array([True] if code == 'b1' else [np.iinfo(code).min, np.iinfo(code).max], code)
            for x in (small, extremes, extremes[-1:], np.concatenate([extremes[:1], np.zeros(1, code), small[:7]])):
                total = sum(map(int, x))
                path = self.save('x.npy', x)
                for split in SPLITS[:4]:
                    found = answer('reduce', 'sum', path, *split)['result']
                    self.assertEqual((found['value'], found['dtype']), (total, 'i8' if code[0] == 'i' else 'u8'), code)
                    stats = answer('stats', path, *split)['result']
                    self.assertIs(type(stats['sum']['value']), int)
                    self.assertEqual((stats['sum']['value'], stats['sum']['dtype']), (total, found['dtype']), code)
                    mean = bits(total / len(x))  # Python rounds the quotient of integers once
                    self.assertEqual(stats['mean']['bits'], mean, code)
                    self.assertEqual(answer('reduce', 'mean', path, *split)['result']['bits'], mean, code)

    def test_what_does_not_fit_is_said_and_not_wrapped(self):
        top, bottom = 2**63 - 1, -2**63
        for x, code in [([top, 1], 'i8'), ([bottom, -1], 'i8'), ([top] * 5000, 'i8'), ([bottom] * 4099, 'i8'), ([2**64 - 1, 1], 'u8'),
                        ([2**64 - 1] * 40000, 'u8')]:
            path, total = self.save('x.npy', np.array(x, code)), sum(x)
            modulo = total % 2**64
            modulo -= 2**64 if code == 'i8' and modulo >= 2**63 else 0
            for split in SPLITS[:4]:
                self.refused(3, f'the sum is {total}, which the 64 bits of {"int64" if code == "i8" else "uint64"} do not hold; --exact', 'reduce', 'sum', path, *split)
                self.assertEqual(answer('reduce', 'sum', path, '--wrap', *split)['result']['value'], modulo)
                self.assertEqual(answer('reduce', 'sum', path, '--exact', *split)['result']['value'], float(total))
                found = answer('stats', path, *split)['result']
                self.assertEqual(found['sum']['value'], float(total))
                self.assertIn(f'do not hold {total}', found['sum']['note'])
                self.assertEqual(found['mean']['bits'], bits(total / len(x)))
                self.assertEqual(answer('stats', path, '--wrap', *split)['result']['sum']['value'], modulo)
            self.assertIn(f'do not hold {total})', run('stats', path).stdout)
        for fits in ([top, 1, -1], [bottom, -1, 1], [top, bottom] * 3000):
            self.assertEqual(answer('reduce', 'sum', self.save('x.npy', np.array(fits)), '--devices', 'cpu*3')['result']['value'], sum(fits))

    def test_wrap_is_refused_where_nothing_wraps(self):
        x, i = self.save('x.npy', np.ones(5)), self.save('i.npy', np.arange(5))
        for command in (['reduce', 'sum', x], ['reduce', 'max', i], ['reduce', 'sum', i, '--exact'], ['stats', x]):
            self.refused(2, '--wrap is for sums of integers', *command, '--wrap')


if __name__ == '__main__':
    main()
