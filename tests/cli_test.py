#!/usr/bin/env python3
"""The command line against NumPy, math.fsum and a list of everything that can go wrong.

usage: cli_test.py PRORATA WRITE_BAD_INPUTS [unittest arguments]
"""
import json
import math
import os
import random
import resource
import subprocess
import sys

import numpy as np

from command_line import ADDRESS_SANITIZER, CODES, PRORATA, SPLITS, VERIFYING, Case, answer, bits, main, run, some
from order_model import canonical_sum, variance, variance_of_small_integers, weighted


class Numbers(Case):
    def test_exact_sum_is_fsum_and_plain_sum_is_canonical_whatever_the_split(self):
        x = some('f8', 400003, 11)
        path = self.save('x.npy', x)
        for split in SPLITS + VERIFYING:
            self.assertEqual(answer('reduce', 'sum', path, '--exact', *split)['result']['bits'], bits(math.fsum(x)), split)
            self.assertEqual(answer('reduce', 'sum', path, *split)['result']['bits'], bits(canonical_sum(x)), split)

    def test_bits_of_small_numbers_have_all_their_digits(self):
        for code, least, expected in (('f4', 1e-40, '0x000116c2'), ('f8', 5e-324, '0x0000000000000001')):
            self.assertEqual(answer('reduce', 'max', self.save('x.npy', np.array([least], code)))['result']['bits'], expected)

    def test_every_operation_gives_the_same_bits_over_every_split(self):
        x, y = self.save('x.npy', some('f4', 300001, 1)), self.save('y.npy', np.abs(some('f4', 300001, 2)))
        for op in ['sum', 'product', 'mean', 'var', 'std', 'norm', 'min', 'max', 'minmax', 'argmin', 'argmax', 'any',
                   'all', 'count', 'dot', 'wmean', 'wvar']:
            files = [x, y] if op in ('dot', 'wmean', 'wvar') else [x]
            seen = {json.dumps(answer('reduce', op, *files, *split)['result'], sort_keys=True) for split in SPLITS + VERIFYING}
            self.assertEqual(len(seen), 1, (op, seen))
        seen = {json.dumps(answer('stats', x, *split)['result'], sort_keys=True) for split in SPLITS + VERIFYING}
        self.assertEqual(len(seen), 1, seen)

    def test_random_splits_out_of_core(self):
        for code in ('f4', 'f8', 'i4', 'i8'):
            x, y = self.save('x.npy', some(code, 70001, 1)), self.save('y.npy', np.abs(some(code, 70001, 2) // 2))
            jobs = [['stats', x], ['reduce', 'sum', x, *(['--wrap'] if code[0] == 'i' else [])], ['reduce', 'dot', x, y], ['reduce', 'wmean', x, y]]
            seen = [set() for _ in jobs]
            for seed in range(60):
                r = random.Random(seed)
                ranks = r.randint(1, 8)
                weights = [r.choice([0, 1, 1, 7, 1000]) for _ in range(ranks)]
                weights[r.randrange(ranks)] = 3
                split = ['--devices', f'cpu*{ranks}', '--weights', ','.join(map(str, weights)), '--threads', r.randint(1, 7),
                         '--chunk', r.choice(['4K', '8K', '37000', '1M'])]
                for job, results in zip(jobs, seen):
                    results.add(json.dumps(answer(*job, *split)['result'], sort_keys=True))
            self.assertEqual([len(results) for results in seen], [1] * len(jobs), (code, seen))

    def test_every_type_both_byte_orders_and_fortran_order_agree_with_numpy(self):
        for code in CODES:
            for order in '<>':
                x = some(code, 10007, 3)
                path = self.save('x.npy', x.astype(np.dtype(code).newbyteorder(order)))
                wide = x.astype('f8')
                stats = {k: v['value'] for k, v in answer('stats', path)['result'].items()}
                self.assertEqual(stats['count'], x.size)
                mean = canonical_sum(wide) / x.size if code[0] == 'f' else sum(map(int, x)) / x.size
                self.assertEqual(bits(stats['mean']), bits(mean), code)
                second = variance_of_small_integers if code[0] != 'f' and code[1] <= '2' else variance
                self.assertEqual(bits(stats['std']), bits(math.sqrt(second(wide.tolist()))), code)
                self.assertEqual(x.dtype.type(stats['min']), x.min())
                self.assertEqual(x.dtype.type(stats['max']), x.max())
                self.assertEqual(stats['argmin'], int(x.argmin()))
                self.assertEqual(stats['argmax'], int(x.argmax()))
                self.assertEqual(answer('reduce', 'count', path)['result']['value'], int(np.count_nonzero(x)))
                exact = answer('reduce', 'sum', path, '--exact')['result']['value']
                self.assertEqual(exact, math.fsum(wide) if code[0] == 'f' else float(sum(map(int, x))))
                if code[0] != 'f':
                    kind = 'i8' if code[0] == 'i' else 'u8'
                    self.assertEqual(answer('reduce', 'sum', path, '--wrap')['result']['value'], int(x.sum(dtype=kind)))
        x = some('f8', 5040, 4).reshape(7, 72, 10)
        path = self.save('f.npy', np.asfortranarray(x))
        found = answer('stats', path)['result']
        self.assertEqual(found['argmax']['value'], int(x.argmax()))
        self.assertEqual(found['argmax']['where'], str(tuple(map(int, np.unravel_index(x.argmax(), x.shape)))))

    def test_two_files_of_any_types(self):
        for a, b in [('f8', 'f8'), ('f4', 'f4'), ('i4', 'i4'), ('i2', 'i8'), ('u1', 'u4'), ('f4', 'i4'), ('f2', '>f8')]:
            x, y = some(a.lstrip('>'), 5003, 5), some(b.lstrip('>'), 5003, 6)
            px, py = self.save('x.npy', x.astype(a)), self.save('y.npy', y.astype(b))
            got = answer('reduce', 'dot', px, py)['result']['value']
            if 'f' in a + b:
                self.assertEqual(bits(got), bits(canonical_sum(x.astype('f8') * y.astype('f8'))), (a, b))
            else:
                kind = 'i8' if a[0] == 'i' else 'u8'
                self.assertEqual(got, int(np.dot(x.astype(kind), y.astype(kind))))
        x, w = some('f8', 999, 7), np.abs(some('f8', 999, 8))
        px, pw = self.save('x.npy', x), self.save('w.npy', w)
        mean, spread = weighted(x.tolist(), w.tolist())
        self.assertEqual(answer('reduce', 'wmean', px, pw)['result']['bits'], bits(mean))
        self.assertEqual(answer('reduce', 'wvar', px, pw)['result']['bits'], bits(spread))
        self.assertAlmostEqual(mean, np.average(x, weights=w))
        self.assertAlmostEqual(spread, np.average((x - np.average(x, weights=w))**2, weights=w))

    def test_empty_and_tiny_arrays(self):
        empty = self.save('e.npy', np.zeros(0))
        self.assertEqual(answer('reduce', 'sum', empty)['result']['value'], 0)
        self.assertEqual(answer('reduce', 'all', empty)['result']['value'], True)
        self.refused(3, 'the array is empty', 'reduce', 'min', empty)
        self.refused(3, 'the array is empty', 'stats', empty)
        scalar = self.save('s.npy', np.float64(2.5))
        self.assertEqual(answer('reduce', 'sum', scalar, '--devices', 'cpu*4')['result']['value'], 2.5)
        for n in (1, 31, 32, 33, 1023, 1024, 1025):
            x = some('f8', n, n)
            self.assertEqual(answer('reduce', 'sum', self.save('x.npy', x), '--devices', 'cpu*3')['result']['bits'],
                             bits(canonical_sum(x)))

    def test_nan_infinity_and_zeros(self):
        x = some('f8', 5000, 9)
        x[3000] = np.nan
        found = answer('stats', self.save('x.npy', x))['result']
        self.assertEqual(found['min'], {'value': 'nan', 'dtype': 'f8', 'bits': '0x7ff8000000000000'})
        self.assertEqual(found['argmin']['value'], 3000)
        zeros = self.save('z.npy', np.full(5000, -0.0))
        for more in ([], ['--exact']):
            self.assertEqual(answer('reduce', 'sum', zeros, *more)['result']['bits'], '0x8000000000000000')

    def test_raw_files(self):
        x = some('f4', 6000, 10)
        with open(self.path('x.bin'), 'wb') as f:
            f.write(b'head' + x.tobytes())
        found = answer('reduce', 'max', self.path('x.bin'), '--dtype', 'f4', '--offset', 4, '--shape', '60,100')
        self.assertEqual(np.float32(found['result']['value']), x.max())
        self.refused(3, 'x.bin', 'stats', self.path('x.bin'), '--dtype', 'f8')
        self.refused(2, '--dtype', 'stats', self.path('x.bin'), '--shape', '3')


class Map(Case):
    def test_matches_numpy_over_every_split(self):
        x, y = some('f8', 200003, 1), some('f8', 200003, 2)
        px, py = self.save('x.npy', x), self.save('y.npy', y)
        out = self.path('o.npy')
        for split in SPLITS + VERIFYING:
            if '--cap' in split:
                continue
            done = run('map', 'sqrt(x*x + y*y) / 2', px, py, '-o', out, *split)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(np.array_equal(np.load(out), np.sqrt(x * x + y * y) / 2), split)
        run('map', 'x > y', px, py, '-o', out)
        self.assertTrue(np.array_equal(np.load(out), x > y))
        run('map', 'x', px, '-o', out, '--to', 'f2', '--raw')
        self.assertTrue(np.array_equal(np.fromfile(out, 'f2'), x.astype('f2')))

    def test_keeps_shape_and_order(self):
        x = np.asfortranarray(some('f4', 600, 3).reshape(20, 30))
        out = self.path('o.npy')
        run('map', 'x+1', self.save('x.npy', x), '-o', out)
        self.assertTrue(np.load(out).flags.f_contiguous)
        self.assertTrue(np.array_equal(np.load(out), x + np.float32(1)))

    def test_refuses_and_leaves_nothing(self):
        x = self.save('x.npy', some('f8', 5000, 1))
        other = self.save('other.npy', some('f8', 5001, 1))
        before = set(os.listdir(self.dir))
        out = self.path('o.npy')
        self.refused(2, "did you mean 'sqrt'", 'map', 'sqr(x)', x, '-o', out)
        self.refused(2, 'expression: column', 'map', 'x +', x, '-o', out)
        self.refused(2, 'expression', 'map', '__import__("os")', x, '-o', out)
        self.refused(3, 'shape', 'map', 'x+y', x, other, '-o', out)
        for shape in ((50, 100), (100, 50), (5000, 1), (1, 5000)):  # as many elements, of another shape
            np.save(other, some('f8', 5000, 1).reshape(shape))
            self.refused(3, 'shape', 'map', 'x+y', x, other, '-o', out)
            self.refused(3, 'shape', 'reduce', 'dot', other, x)
        self.refused(2, '', 'map', 'x', x, '-o', x)
        os.link(x, self.path('link.npy'))
        self.refused(2, '', 'map', 'x', x, '-o', self.path('link.npy'))
        os.unlink(self.path('link.npy'))
        self.refused(2, '', 'map', 'x', x, '-o', self.path('missing/o.npy'))
        self.refused(2, '', 'map', 'x', x, '-o', self.dir)
        self.refused(2, '-o', 'map', 'x', x)
        self.assertEqual(set(os.listdir(self.dir)), before)

    def test_output_too_large_for_the_file_size_limit(self):
        x = self.save('x.npy', some('f8', 500000, 1))
        self.out_of_room(1 << 20, 'map', 'x', x, '-o', self.path('o.npy'))

    def test_killed_half_way_leaves_nothing(self):
        x = self.save('x.npy', some('f4', 20_000_000, 1))
        self.leaves_nothing_when_killed('map', 'sin(x)+exp(x)*cos(x)', x, '-o', self.path('o.npy'), writes=4 * 20_000_000)


class Plan(Case):
    def plan(self, *args):
        return [p['count'] for p in answer('plan', *args)['plan']]

    def test_shares(self):
        self.assertEqual(self.plan('--n', 2**63 - 1, '--weights', '1,1e-18', '--granularity', 1), [2**63 - 10, 9])
        self.assertEqual(self.plan('--n', 10, '--weights', '4,2,1,1', '--granularity', 1), [5, 3, 1, 1])
        for method in ('hamilton', 'webster', 'dhondt'):
            for seed in range(20):
                r = random.Random(seed)
                n, weights = r.randrange(10**12), [r.random() for _ in range(r.randrange(1, 9))]
                shares = self.plan('--n', n, '--weights', ','.join(map(repr, weights)), '--method', method)
                self.assertEqual(sum(shares), n, seed)
        self.assertEqual(self.plan('--n', 10, '--weights', '5,1', '--granularity', 1, '--cap', '6,9'), [6, 4])
        self.assertEqual(self.plan('--n', 0, '--weights', '1,2'), [0, 0])
        cuts = answer('plan', '--n', 10000, '--weights', '1,1,1')['cuts']
        self.assertTrue(all(c % 1024 == 0 for c in cuts[:-1]))

    def test_costs(self):
        path = self.save('c.npy', np.array([1.0, 9.0, 1.0, 1.0]))
        for weights, bottleneck in [('9,1,1,1', 10 / 9), ('1,9,1,1', 1.0), ('1,1,1,9', 11 / 9)]:
            plan = answer('plan', '--costs', path, '--weights', weights, '--granularity', 1)
            self.assertEqual(plan['bottleneck'], bottleneck)
            self.assertEqual(plan['cuts'][-1], 4)
        done = self.refused(6, '', 'plan', '--costs', path, '--weights', '1,1', '--cap', 5, '--granularity', 1)
        self.assertIn('smallest cap that would do is 10', done.stderr)
        self.refused(3, 'cost 1 is nan', 'plan', '--costs', self.save('n.npy', np.array([1.0, np.nan])), '--weights', '1,1')
        self.refused(2, '--costs', 'plan', '--costs', path, '--n', 4, '--weights', '1')

    def test_ranges_of_keys(self):
        for dtype, n in [('f8', 50000), ('f4', 200001), ('i2', 140000), ('>u8', 3000), ('b1', 1000), ('f2', 70000), ('i4', 0)]:
            keys = some(dtype.strip('>'), n, 5).astype(dtype)
            path = self.save('keys.npy', keys)
            plan = answer('plan', path, '--partition', 'range', '--weights', '3,0,1,2')
            sample = np.sort(keys[::max(1, -(-n // 65536))])
            places = np.cumsum(self.plan('--n', len(sample), '--weights', '3,0,1,2', '--granularity', 1))[:3]
            splitters = sample[np.minimum(places, len(sample) - 1)] if n else np.zeros(3, dtype)
            self.assertEqual([s['value'] for s in plan['splitters']], [float(str(np.float32(x))) if dtype in ('f4', 'f2') else
                                                                        x.item() for x in splitters], dtype)
            ranks = np.searchsorted(splitters, keys, side='right')
            self.assertEqual([p['count'] for p in plan['plan']], np.bincount(ranks, minlength=4).tolist(), dtype)
            self.assertEqual(plan['n'], n)
        path = self.save('odd.npy', np.array([np.nan, -0.0, 0.0, 1.0, np.inf, -1.0]))
        plan = answer('plan', path, '--partition', 'range', '--weights', '2,3,1')
        self.assertEqual([s['value'] for s in plan['splitters']], [0.0, 'nan'])
        self.assertEqual([p['count'] for p in plan['plan']], [2, 3, 1])
        text = run('plan', path, '--partition', 'range', '--weights', '2,3,1').stdout
        self.assertIn('from key', text)
        self.refused(6, 'rank 1 would get 3', 'plan', path, '--partition', 'range', '--weights', '2,3,1', '--cap', 2)
        self.refused(2, 'keys', 'plan', '--n', 5, '--partition', 'range', '--weights', '1,1')

    def test_refusals(self):
        for weights, index in [('1,nan', 1), ('inf,1', 0), ('1,1,-2', 2)]:
            self.refused(2, f'weight {index}', 'plan', '--n', 5, '--weights', weights)
        self.refused(2, 'zero', 'plan', '--n', 5, '--weights', '0,0')
        self.refused(2, 'number 1', 'plan', '--n', 5, '--weights', '1,x')
        self.refused(6, '', 'plan', '--n', 50, '--weights', '1,1', '--cap', '10', '--granularity', 1)
        self.refused(2, '--n', 'plan', '--n', -5, '--weights', '1')
        self.refused(2, '--n', 'plan', '--n', 2**63, '--weights', '1')
        self.refused(2, 'plan', 'plan')


class Usage(Case):
    def test_every_mistake_is_one_line_and_code_2(self):
        x = self.save('x.npy', np.ones(3000))
        for fragment, args in [
                ('unknown command', ['frobnicate']), ('name a command', []), ('unknown operation', ['reduce', 'summ', x]),
                ('name an operation', ['reduce']), ('takes 1 file', ['reduce', 'sum']), ('takes 2 files', ['reduce', 'dot', x]),
                ('takes 1 file', ['stats', x, x]), ('--devices', ['stats', x, '--devices', 'tpu']),
                ('--devices', ['stats', x, '--devices', 'cpu*0']), ('--devices', ['stats', x, '--devices', 'cpu,,cpu']),
                ('--devices', ['stats', x, '--devices', 'sim:0']), ('--weights', ['stats', x, '--weights', '1,2']),
                ('--memory', ['stats', x, '--memory', 'lots']), ('--memory', ['stats', x, '--memory', '-1G']),
                ('--chunk', ['stats', x, '--chunk', '0']), ('--threads', ['stats', x, '--threads', '-1']),
                ('--progress', ['stats', x, '--progress', 'maybe']), ('--method', ['stats', x, '--method', 'guess']),
                ('--exact', ['reduce', 'max', x, '--exact']), ('--verify', ['stats', x, '--verify', '101']),
                ('--ddof', ['reduce', 'var', x, '--ddof', '-1']), ('help', ['help', 'nothing']),
                ('--nonsense', ['stats', x, '--nonsense']), ('--chunk', ['stats', x, '--chunk', '2G', '--memory', '1M'])]:
            self.refused(2, fragment, *args)
        self.refused(3, 'ddof', 'reduce', 'var', x, '--ddof', '3000')
        for op in ('sum', 'mean', 'min', 'any'):
            self.refused(2, '--ddof is for variances', 'reduce', op, x, '--ddof', '1')

    def test_names_that_are_not_nice(self):
        for name in ('a\nb.npy', '%s%n.npy', '--flag', 'x' * 300, 'gone.npy', '\udcff.npy'):
            done = run('stats', '--', self.path(name))
            self.assertEqual(done.returncode, 3, (name, done.stderr))
            self.assertEqual(done.stderr.count('\n'), 1, done.stderr)

    def test_help_is_the_manual(self):
        self.assertIn('## reduce', run('help').stdout)
        self.assertTrue(run('help', 'plan').stdout.startswith('## plan'))
        self.assertEqual(run('plan', '--help').stdout, run('help', 'plan').stdout)
        self.assertIn('prorata', run('version').stdout)
        self.assertIn('cpu', run('devices').stdout)

    def test_closed_and_full_standard_output(self):
        x = self.save('x.npy', np.ones(3000))
        with open('/dev/full', 'w') as full:
            done = subprocess.run([PRORATA, 'stats', x], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 5)
        self.assertEqual(done.stderr.count('\n'), 1)


class Streams(Case):
    def test_verify_is_done_or_refused(self):
        x, out = self.save('x.npy', some('f4', 50_000, 1)), self.path('o.npy')
        two = ['--devices', 'cpu*2', '--chunk', '16K', '--verify', '100']
        before = set(os.listdir(self.dir))
        for command in (['histogram', x], ['groupby', x], ['quantile', '0.5', x], ['topk', 3, x], ['unique', x, '-o', out],
                        ['select', 'x > 0', x, '-o', out], ['scan', 'sum', x, '-o', out]):
            self.refused(2, f'{command[0]}: --verify is for stats, reduce and map', *command, *two)
        for command in (['sort', x, '-o', out], ['argsort', x, '-o', out]):
            self.refused(2, '--verify', *command, '--devices', 'cpu*2', '--verify', '100')
        for command in (['stats', x], ['reduce', 'sum', x], ['map', 'x', x, '-o', out]):
            self.refused(2, '--verify compares two devices', *command, '--verify', '1')
        self.assertEqual(set(os.listdir(self.dir)), before)
        for command in (['stats', x], ['reduce', 'sum', x, '--exact'], ['map', 'x*2', x, '-o', out]):
            self.assertEqual(answer(*command, *two)['n'], 50_000)

    def test_trace_progress_and_verify(self):
        x = self.save('x.npy', some('f4', 3_000_000, 1))
        done = run('stats', x, '--devices', 'sim:1,3', '--chunk', '256K', '--trace', self.path('t.json'), '--progress', 'always',
                   '--verify', '100')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('100 %', done.stderr)
        with open(self.path('t.json')) as trace:
            events = json.load(trace)['traceEvents']
        self.assertEqual({e['args']['name'] for e in events if e['ph'] == 'M'}, {'sim:1', 'sim:3', 'stages'})
        work = [e for e in events if e['ph'] == 'X' and 'begin' in e['args']]
        self.assertEqual(sum(e['args']['end'] - e['args']['begin'] for e in work), 3_000_000)
        self.assertEqual(run('stats', x).stderr, '')

    def test_memory_stays_within_the_budget(self):
        path = self.path('big.npy')
        self.assertEqual(run('generate', '--dtype', 'f4', '--count', 100_000_000, '--seed', 3, '-o', path).returncode, 0)
        for op in (['stats', path], ['reduce', 'sum', path, '--exact'], ['map', 'x*2+1', path, '-o', self.path('o.npy')]):
            self.assertLess(self.peak_memory(*op, '--memory', '32M', '--devices', 'cpu*2'), 32 + 64, op)

    def test_small_jobs_are_quick(self):
        x = self.save('x.npy', some('f8', 1000, 1))
        least = {}
        for _ in range(20):
            for args in (['version'], ['reduce', 'sum', x]):
                used = self.used_by(*args)
                least[args[0]] = np.minimum(used, least.get(args[0], used))
        (version, *_), (reduce, faults, waits) = least['version'], least['reduce']
        print(f'reduce of 1000 elements: {reduce * 1e3:.1f} ms of processor time, {reduce / version:.1f} times that of saying the '
              f'version; {faults:.0f} page faults, {waits:.0f} waits')
        self.assertLess(reduce / version, 3)
        self.assertLess(faults, 1000)
        self.assertLess(waits, 100)

    def test_a_file_cut_short_while_it_is_read(self):
        for percent in (1, 30, 60):
            path = self.path('cut.npy')
            run('generate', '--dtype', 'f4', '--count', 60_000_000, '-o', path)
            child = subprocess.Popen([PRORATA, 'stats', path, '--devices', 'sim:1,20', '--threads', '1', '--chunk', '64K',
                                      '--weights', '1,1', '--schedule', 'static', '--progress', 'always'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.progress_to(child, percent)
            os.truncate(path, 4096)
            _, err = child.communicate(timeout=60)
            self.assertEqual(child.returncode, 3, err)
            said = [line for line in err.decode().splitlines() if 'prorata: ' in line]
            self.assertEqual(len(said), 1, err)
            self.assertIn('cut.npy', said[0])

    def test_generated_arrays_depend_on_seed_and_index_alone(self):
        a, b = self.path('a.npy'), self.path('b.npy')
        run('generate', '--shape', '100,30', '--seed', 5, '-o', a)
        run('generate', '--count', 5000, '--seed', 5, '-o', b)
        self.assertTrue(np.array_equal(np.load(a).ravel(), np.load(b)[:3000]))
        self.assertEqual(np.load(a).shape, (100, 30))


class BadInputs(Case):
    def test_every_bad_file_is_one_line_and_code_3_in_bounded_memory(self):
        subprocess.run([WRITE_BAD_INPUTS, self.dir], check=True)
        limit = None if ADDRESS_SANITIZER else lambda: resource.setrlimit(resource.RLIMIT_DATA, (512 << 20, 512 << 20))
        with open(self.path('cases.tsv'), errors='surrogateescape') as listed:
            cases = [line.rstrip('\n').split('\t') for line in listed]
        self.assertGreater(len(cases), 90)
        for name, reason in cases:
            if name == '19_sparse_8_tib.npy':
                child = subprocess.Popen([PRORATA, 'stats', self.path(name), '--progress', 'always'], stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE, preexec_fn=limit)
                for _ in range(10):  # it streams: still at work, in little memory
                    self.progress_to(child, 0)
                child.terminate()
                child.communicate()
                continue
            done = run('reduce', 'count', self.path(name), preexec_fn=limit)
            if reason == '':
                self.assertEqual(done.returncode, 0, (name, done.stderr))
            else:
                self.assertEqual(done.returncode, 3, (name, done.stderr, done.stdout))
                self.assertEqual(done.stderr.count('\n'), 1, (name, done.stderr))
                self.assertIn(reason, done.stderr, name)


if __name__ == '__main__':
    WRITE_BAD_INPUTS = os.path.abspath(sys.argv.pop(2))
    main()
