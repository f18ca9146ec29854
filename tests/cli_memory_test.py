#!/usr/bin/env python3
"""What every command holds in memory: no more than --memory and 64 MiB, or it says the least that it needs.

usage: cli_memory_test.py PRORATA [unittest arguments]
"""
import numpy as np

from command_line import Case, answer, main, run

SLACK = 64  # MiB beside --memory: the program, its libraries and its threads


class Files(Case):
    def large(self, dtype, mebibytes, name='x.npy'):
        path = self.path(name)
        count = (mebibytes << 20) // np.dtype(dtype).itemsize
        self.assertEqual(run('generate', '--dtype', dtype, '--count', count, '-o', path).returncode, 0)
        return path


class Memory(Files):
    def within(self, mebibytes, *args):
        self.assertLess(self.peak_memory(*args, '--memory', f'{mebibytes}M'), mebibytes + SLACK, args)

    def test_every_command_that_reads(self):
        x, out = self.large('f8', 384), self.path('o.npy')
        keys = self.large('i2', 96, 'k.npy')
        for command in (['stats', x], ['reduce', 'sum', x, '--exact'], ['histogram', x, '--bins', 1000], ['quantile', '0.1,0.5', x],
                        ['topk', 1000, x], ['map', 'x*2', x, '-o', out], ['scan', 'sum', x, '-o', out], ['select', 'x > 0', x, '-o', out],
                        ['select', 'x > 0', x, '--indices', '-o', out], ['unique', keys, '-o', out],
                        ['histogram', x, '--by', x]):
            self.within(16, *command)

    def test_every_command_that_spills(self):
        x, out = self.large('f8', 192), self.path('o.npy')
        for command in (['sort', x, '-o', out], ['argsort', x, '-o', out], ['unique', x, '-o', out], ['groupby', x, '-o', self.path('g')]):
            self.within(16, *command)
            self.within(32, *command, '--devices', 'cpu*3')
        halves = self.large('f8', 96, 'y.npy'), self.large('i8', 96, 'k.npy')
        for command in (['lookup', '--keys', halves[1], '--values', halves[0], '--queries', halves[1], '-o', out],
                        ['join', halves[1], halves[1], '--right-value', halves[0], '--rows', '-o', self.path('j')]):
            self.within(16, *command)

    def test_shards_beyond_what_memory_bears(self):
        x, out = self.large('f8', 32), self.path('o.npy')
        expected = np.sort(np.load(x))
        for shards in (256, 1024):
            self.within(16, 'sort', x, '-o', out, '--devices', f'cpu*{shards}')
            self.assertTrue(np.array_equal(np.load(out), expected))
        done = run('sort', x, '-o', out, '--devices', 'cpu*256', '--memory', '16M')
        self.assertIn('256 shards of the CPU are sorted as', done.stderr)
        self.refused(6, '256 devices sort in --memory 1024M', 'sort', x, '-o', out, '--devices', 'cpu*256', '--cap', 1 << 24, '--memory', '16M')

    def test_threads_beyond_what_the_machine_bears(self):
        keys = self.large('i8', 32)
        done = run('groupby', keys, '-o', self.path('g'), '--threads', 1024, '--memory', '16M')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('--threads 1024: ', done.stderr)
        self.assertEqual(done.stderr.count('\n'), 1)
        self.refused(6, '7 devices sort in --memory 28M', 'sort', keys, '-o', self.path('o.npy'), '--threads', 1024, '--memory', '16M',
                     '--devices', 'cpu*5,sim:1,3')
        self.within(16, 'groupby', keys, '-o', self.path('g'), '--threads', 1024)
        self.within(16, 'groupby', keys, '-o', self.path('g'), '--devices', 'cpu*300')

    def test_many_small_chunks(self):
        x = self.large('f4', 256)
        for split in (['--chunk', '1'], ['--chunk', '64K', '--devices', 'cpu*2', '--verify', 100], ['--chunk', '4K', '--devices', 'cpu*8', '--verify', 100]):
            self.within(16, 'stats', x, *split)

    def test_bins_beyond_the_budget(self):
        x = self.large('f4', 4)
        self.refused(5, 'need --memory 184M', 'histogram', x, '--bins', 4_000_000, '--memory', '16M')
        for more in ([], ['--json'], ['--svg', self.path('h.svg')]):
            self.within(184, 'histogram', x, '--bins', 4_000_000, *more)
        found = answer('histogram', x, '--bins', 100_000)
        counts, edges = np.histogram(np.load(x), 100_000)
        self.assertEqual(found['counts'], counts.tolist())
        self.assertEqual(found['edges'], [float(e) for e in edges])

    def test_many_of_the_greatest(self):
        x = self.large('f4', 64)
        self.within(16, 'topk', 250_000, x)
        self.within(16, 'topk', 250_000, x, '--json')
        found = answer('topk', 1000, x)
        self.assertEqual([f['value'] for f in found['result']], [float(str(v)) for v in np.sort(np.load(x))[::-1][:1000]])

    def test_more_elements_than_memory_has_places_for(self):
        x = self.sparse('b1', 2**34)
        self.refused(5, 'needs --memory 69M', 'select', 'x', x, '-o', self.path('o.npy'), '--memory', '16M')

    def test_costs(self):
        for dtype in ('f8', 'f4'):
            costs = self.sparse(dtype, 2**28 * 4 // np.dtype(dtype).itemsize)
            self.assertLess(self.peak_memory('plan', '--costs', costs, '--weights', '1,2'), SLACK)
        x = self.sparse('f4', 2**26, 'x.npy')
        costs = self.sparse('f8', 2**26)
        self.within(16, 'stats', x, '--costs', costs, '--devices', 'cpu*2')


if __name__ == '__main__':
    main()
