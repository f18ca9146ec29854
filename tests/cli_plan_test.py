#!/usr/bin/env python3
"""prorata plan where weights are 0, costs that are none, and devices that are slowed beyond reason.

usage: cli_plan_test.py PRORATA [unittest arguments]
"""
import fractions
import json
import math
import os
import re

import numpy as np

from command_line import CODES, Case, answer, main, run, some


class WeightsOfZero(Case):
    def test_ranges_of_keys_give_nothing_to_a_rank_without_weight(self):
        for code in CODES:
            for n in (0, 1, 3000, 70_001):  # more than 65536: not every key is in the sample
                keys = some(code, n, 3)
                if n > 10:  # the type's first and last keys are there, and not in the sample
                    info = np.iinfo(code) if code[0] in 'iu' else None
                    keys[1:3] = [info.min, info.max] if info else [-np.inf, np.nan] if code[0] == 'f' else [False, True]
                path = self.save('keys.npy', keys)
                for weights in ('1,0', '0,1', '0,0,1,0,0', '1,0,0,2', '0,3,0,1,2,0', '1,1'):
                    plan = answer('plan', path, '--partition', 'range', '--weights', weights)
                    w = [float(x) for x in weights.split(',')]
                    self.assertEqual(sum(plan['counts']), n)
                    self.assertEqual([c for c, weight in zip(plan['counts'], w) if weight == 0 and c], [], (code, n, weights))
                    self.assertTrue(math.isfinite(plan['bottleneck']), (code, n, weights))
                    splitters = [s['value'] if s else None for s in plan['splitters']]
                    last = max(r for r, weight in enumerate(w) if weight)
                    self.assertEqual([s is None for s in splitters], [r > last for r in range(1, len(w))])
                    if n > 10 and code[0] != 'f' and code != 'b1':  # who follows the splitters gets these counts
                        kept = np.array([s for s in splitters if s is not None], dtype=code)
                        ranks = np.searchsorted(kept, keys, side='right')
                        self.assertEqual(np.bincount(ranks, minlength=len(w)).tolist(), plan['counts'], (code, weights))
                text = run('plan', path, '--partition', 'range', '--weights', '1,0').stdout
                self.assertRegex(text, r'rank 1 +0 +0 +0  none')

    def test_no_kind_of_partition_gives_them_anything(self):
        costs = self.save('c.npy', np.arange(1., 5000.))
        for kind, args in [('contiguous', ['--n', 4999]), ('cyclic', ['--n', 4999]), ('block-cyclic', ['--n', 4999, '--block', 7]),
                           ('hash', ['--n', 4999]), ('lpt', ['--costs', costs]), ('contiguous', ['--costs', costs, '--granularity', 1])]:
            for weights in ('1,0', '0,1', '0,2,0,1'):
                plan = answer('plan', *args, '--partition', kind, '--weights', weights)
                self.assertEqual([p['count'] for p in plan['plan'] if p['weight'] == 0 and p['count']], [], (kind, weights))
                self.assertTrue(math.isfinite(plan['bottleneck']), (kind, weights))


class BadCosts(Case):
    """What a file holds is data: bad data is exit code 3, whoever reads it, and the first of it is named."""

    def test_values_that_are_no_costs(self):
        x = self.save('x.npy', np.arange(5000.))
        for code, value in [('f8', -1), ('f8', np.nan), ('f8', np.inf), ('f8', -np.inf), ('f8', -5e-324), ('f4', np.nan),
                            ('f2', np.inf), ('i8', -1), ('i1', -128)]:
            for place in (0, 1023, 1024, 4999):
                costs = np.ones(5000, code)
                costs[[place, 4999]] = value  # the last one is not the first
                path = self.save('c.npy', costs)
                said = f'c.npy: cost {place} is {value}; costs are finite and not negative'
                for args in [('plan', '--costs', path, '--weights', '2,1'), ('stats', x, '--costs', path, '--devices', 'cpu*2'),
                             ('plan', '--costs', path, '--weights', '2,1', '--partition', 'lpt'),
                             ('map', 'x', x, '--costs', path, '-o', self.path('o.npy'))]:
                    self.refused(3, said, *args)
                    self.assertFalse(os.path.exists(self.path('o.npy')))

    def test_what_is_no_data_keeps_its_code(self):
        path = self.save('c.npy', np.array([1., -0., 3.]))
        answer('plan', '--costs', path, '--weights', '1,1')
        self.refused(2, '--cap', 'plan', '--costs', path, '--weights', '1,1', '--cap', '1,2,3')
        self.refused(2, 'cap 0 is -1', 'plan', '--costs', path, '--weights', '1,1', '--cap', '-1')
        self.refused(6, 'smallest cap', 'plan', '--costs', path, '--weights', '1,1', '--cap', '1')

    def test_edges_are_data_too(self):
        x = self.save('x.npy', np.arange(5000.))
        for edges in ([], [1.], [2., 1.], [0., np.nan], [np.nan, 1.], [np.inf, -np.inf]):
            path = self.save('e.npy', np.array(edges))
            for more in ([], ['--devices', 'cpu*2'], ['--by', x], ['-o', self.path('o.npy')]):
                self.refused(3, 'e.npy: ', 'histogram', x, '--edges', path, *more)
            self.assertFalse(os.path.exists(self.path('o.npy')))


class Methods(Case):
    def test_each_is_its_own(self):
        """Against giving out one unit after the other: to the largest quotient, or the largest remainders last."""
        differ = set()
        for seed in range(40):
            r = np.random.default_rng(seed)
            weights, n = [int(w) for w in r.integers(1, 60, r.integers(2, 6))], int(r.integers(1, 40))
            shares, tie = {}, False
            for method, divisor in (('webster', lambda s: 2 * s + 1), ('dhondt', lambda s: s + 1)):
                given = [0] * len(weights)
                for _ in range(n):
                    quotients = [fractions.Fraction(w, divisor(s)) for w, s in zip(weights, given)]
                    tie = tie or quotients.count(max(quotients)) > 1
                    given[quotients.index(max(quotients))] += 1
                shares[method] = given
            quota = [fractions.Fraction(w * n, sum(weights)) for w in weights]
            rest = [q - q.__floor__() for q in quota]
            tie = tie or len(set(rest)) < len(rest)
            most = sorted(range(len(weights)), key=lambda k: -rest[k])[:n - sum(q.__floor__() for q in quota)]
            shares['hamilton'] = [q.__floor__() + (k in most) for k, q in enumerate(quota)]
            if tie:
                continue
            for method, expected in shares.items():
                plan = answer('plan', '--n', n, '--granularity', 1, '--weights', ','.join(map(str, weights)), '--method', method)
                self.assertEqual([p['count'] for p in plan['plan']], expected, (method, n, weights))
            differ |= {(a, b) for a in shares for b in shares if shares[a] != shares[b]}
        self.assertEqual(len(differ), 6)

    def test_numbers_end_where_they_end(self):
        for weights in ('1x,2', '1,2x', '1 ,2', '1,0x2', '1,2;3', '1..5,1', '1e,1', '1,', ',1', '1,,1'):
            self.refused(2, '--weights', 'plan', '--n', 5, '--weights', weights)


class SlowedDevices(Case):
    def test_speeds_have_bounds(self):
        x = self.save('x.npy', np.arange(5000.))
        for speeds in ('sim:1e-300,1', 'sim:9e-7,1', 'sim:9e-7,cpu', 'sim:1,1.1e6', 'sim:1e-3,1001', 'sim:0', 'sim:inf', 'sim:nan,1', 'sim:5e-324,1'):
            self.refused(2, 'sim', 'reduce', 'sum', x, '--devices', speeds)
        for speeds in ('sim:1e-300', 'sim:1e-300,2e-300'):
            answer('reduce', 'sum', x, '--devices', speeds)
        said = answer('reduce', 'sum', x, '--devices', 'sim:1e-3,1')
        self.assertEqual([p['count'] for p in said['plan']], [0, 5000])


class Schedules(Case):
    """Who takes which chunk: no result depends on it, and what each device did is told."""

    def test_results_are_the_same_and_devices_say_what_they_did(self):
        n = 300_007
        x = np.random.default_rng(5).standard_normal(n)
        path, keys = self.save('x.npy', x), self.save('k.npy', np.arange(n) % 13)
        out = self.path('o.npy')
        commands = [(['reduce', 'sum', path], 1), (['stats', path], 1), (['reduce', 'var', '--exact', path], 2),
                    (['histogram', path, '--bins', 7], None), (['map', 'x*x-1', path, '-o', out], 1), (['quantile', '0.1,0.5', path], None),
                    (['topk', 5, path], None), (['select', 'x > 1', path, '-o', out], None)]
        for words, passes in commands:
            told = []
            for options in (['--schedule', 'static'], ['--schedule', 'guided'], []):
                said = answer(*words, '--devices', 'sim:1,2,1e-3,4', '--weights', '1,1,0,3', '--chunk', '64K', *options)
                result = {k: said[k] for k in ('result', 'counts', 'n', 'selected') if k in said}
                told.append((result, np.load(out).tobytes() if out in words else b''))
                if passes is None:
                    continue
                self.assertEqual([d['name'] for d in said['devices']], ['sim:1', 'sim:2', 'sim:1e-3', 'sim:4'])
                self.assertEqual(sum(d['elements'] for d in said['devices']), passes * n, words)
                self.assertEqual(said['devices'][2]['elements'], 0)
                if options == ['--schedule', 'static']:
                    self.assertEqual([d['elements'] for d in said['devices']], [passes * p['count'] for p in said['plan']])
                for d in said['devices']:
                    self.assertEqual(d['chunks'] > 0, d['elements'] > 0)
                    self.assertTrue(0 <= d['busy_seconds'] <= said['seconds'] + 0.1, d)
            self.assertEqual(told[0], told[1], words)
            self.assertEqual(told[0], told[2], words)

    def test_where_weights_are_wrong_the_fast_device_does_more(self):
        x = self.save('x.npy', np.zeros(4_000_000))
        said = answer('reduce', 'sum', x, '--devices', 'sim:1,50', '--weights', '1,1')
        self.assertLess(said['devices'][0]['elements'], said['devices'][1]['elements'])
        said = answer('reduce', 'sum', x, '--devices', 'sim:1,2', '--weights', '1,1', '--schedule', 'static')
        self.assertEqual([d['elements'] for d in said['devices']], [p['count'] for p in said['plan']])

    def test_a_device_that_fails_leaves_its_chunks_to_the_others(self):
        x = self.save('x.npy', np.random.default_rng(7).standard_normal(3_000_000))
        out = self.path('o.npy')
        devices = ['--chunk', '64K', '--devices']
        sum_of = answer('reduce', 'sum', x)['result']
        run('map', 'x/3', x, '-o', out)
        mapped = np.load(out).tobytes()
        for which in ('sim:1,2,4@0s=fail', 'sim:1@3ms=fail,2,4@5ms=fail', 'sim:1@1ms=fail,50', 'sim:2~50%,1@2ms=0@40ms=1,1@4ms=8'):
            done = run('reduce', 'sum', x, *devices, which, '--json')
            said = json.loads(done.stdout)
            self.assertEqual(said['result'], sum_of, which)
            self.assertEqual(sum(d['elements'] for d in said['devices']), 3_000_000)
            failed = [d['name'] for d in said['devices'] if 'failed' in d]
            self.assertTrue(set(failed) <= {w for w in re.split('[:,]', which) for w in ['sim:' + w] if 'fail' in w}, failed)
            self.assertEqual(sorted(line.split()[2] for line in done.stderr.splitlines()), sorted(failed))
            os.remove(out)
            self.assertEqual(run('map', 'x/3', x, '-o', out, *devices, which).returncode, 0)
            self.assertEqual(np.load(out).tobytes(), mapped, which)
        self.assertEqual(json.loads(run('stats', x, '--json', *devices, 'sim:1,4@0s=fail').stdout)['devices'][1]['failed'], True)
        # where the others cannot do its work, there is no answer
        os.remove(out)
        for words in (['reduce', 'sum', x, '--schedule', 'static', *devices, 'sim:1,2@0s=fail'], ['quantile', '0.5', x, *devices, 'sim:1,2@0s=fail'],
                      ['reduce', 'sum', x, *devices, 'sim:1@0s=fail'], ['map', 'x/3', x, '-o', out, *devices, 'sim:1@0s=fail,1@0s=fail'],
                      ['scan', 'sum', x, '-o', out, *devices, 'sim:1,2@0s=fail'], ['sort', x, '-o', out, '--devices', 'sim:1,2@0s=fail']):
            self.refused(4, 'as it was told to', *words)
        self.assertFalse(os.path.exists(out))

    def test_what_becomes_of_a_device_is_written_plainly(self):
        x = self.save('x.npy', np.arange(5000.))
        for word in ('sim:1@', 'sim:1@2s', 'sim:1@2=3', 'sim:1@-1s=3', 'sim:1@1s=-2', 'sim:1@2s=3@1s=4', 'sim:1~', 'sim:1~100', 'sim:1~-1', 'sim:1@1s=stop',
                     'sim:@1s=2', 'sim:1~5@1s=2x', 'sim:1@1s=0', 'sim:1@1s=2@2s=0'):
            self.refused(2, '--devices', 'reduce', 'sum', x, '--devices', word)
        for word in ('sim:1~5%@1s=2@1500ms=fail*2,3~0.5', 'sim:4@1ms=0@2ms=4'):
            self.assertEqual(answer('reduce', 'sum', x, '--devices', word)['result']['value'], 12497500)

    def test_weights_are_learned_from_earlier_jobs(self):
        n = 2_000_000
        x, times = self.save('x.npy', np.random.default_rng(3).standard_normal(n)), self.path('t.json')
        asked = ['reduce', 'sum', x, '--devices', 'sim:1,40', '--schedule', 'static', '--weights', 'auto', '--times', times]
        first, second = answer(*asked), answer(*asked)
        self.assertEqual(first['result'], second['result'])
        shares = [d['elements'] for d in second['devices']]
        self.assertEqual(sum(shares), n)
        self.assertLess(shares[0], n // 4)  # measured before, learned now; noise is far smaller
        kept = json.loads(open(times).read())
        self.assertEqual(kept['kind'], 'prorata times')
        self.assertEqual(len(kept['models']), 2)
        self.assertTrue(all('sum float64' in m['of'] for m in kept['models']))
        # what is in the file decides: it says that the first device takes next to no time
        for m in kept['models']:
            m['samples'] = [[1000, 1e-6 if 'sim:1,' in m['of'] else 1e-3, 1]]
        with open(times, 'w') as file:
            json.dump(kept, file)
        turned = answer(*asked)
        self.assertGreater(turned['devices'][0]['elements'], n * 3 // 4)
        self.assertEqual(turned['result'], first['result'])
        self.assertNotEqual(json.loads(open(times).read()), kept)
        # another kind of work, and the default place
        answer('stats', x, '--devices', 'cpu*2', '--weights', 'auto', '--times', times)
        self.assertEqual(len(json.loads(open(times).read())['models']), 4)
        self.assertEqual(run('stats', x, '--weights', 'auto').returncode, 0)
        self.assertTrue(os.path.exists(os.path.join(os.environ['XDG_CACHE_HOME'], 'prorata', 'times.json')))
        for nowhere in ({'XDG_CACHE_HOME': '/proc/nowhere'}, {'XDG_CACHE_HOME': '', 'HOME': ''}):
            done = run('stats', x, '--weights', 'auto', env=os.environ | nowhere)
            self.assertEqual((done.returncode, done.stderr), (0, ''), nowhere)

    def test_refusals_of_times(self):
        x, out = self.save('x.npy', np.zeros(10)), self.path('o.npy')
        for words, code in [(['stats', x, '--times', self.path('t')], 2), (['sort', x, '-o', out, '--times', self.path('t')], 2),
                            (['plan', x, '--weights', 'auto', '--times', self.path('t')], 2), (['stats', x, '--weights', 'auto', '--times', x], 3),
                            (['map', 'x', x, '-o', out, '--weights', 'auto', '--times', out], 2), (['stats', x, '--weights', 'auto', '--times', '/proc/no/t'], 2)]:
            done = run(*words)
            self.assertEqual((done.returncode, len(done.stderr.splitlines()), done.stdout), (code, 1, ''), (words, done.stderr))
        self.assertEqual(sorted(os.listdir(self.dir)), ['x.npy'])
        self.assertEqual(np.load(x).size, 10)

    def test_refusals(self):
        x = self.save('x.npy', np.arange(5000.))
        out = self.path('o.npy')
        guided = ['--schedule', 'guided', '--devices', 'cpu*2']
        for words in (['reduce', 'sum', x, '--cap', 4000, *guided], ['reduce', 'sum', x, '--costs', x, *guided],
                      ['reduce', 'sum', x, '--verify', 10, *guided], ['scan', 'sum', x, '-o', out, *guided],
                      ['unique', x, '-o', out, *guided], ['reduce', 'sum', x, '--schedule', 'best'],
                      ['sort', x, '-o', out, *guided]):
            self.refused(2, 'schedule', *words)
        self.assertFalse(os.path.exists(out))


if __name__ == '__main__':
    main()
